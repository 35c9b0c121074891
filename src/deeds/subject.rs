//! Whom a press is about, as they were shown when the button was pressed: they may be gone when it has ended.

use std::sync::Arc;

use crate::actions::Target;
use crate::store::Store;
use crate::view;

#[derive(Debug, Clone)]
pub(super) struct Subject {
    pub(super) target: Target,
    pub(super) name: Arc<str>,
    /// Of a person.
    pub(super) address: Arc<str>,
    /// One of the calls that showed them.
    pub(super) call: String,
}

impl Subject {
    pub(super) fn of(store: &Store, target: &Target) -> Self {
        let face = match target {
            Target::Person(id) => store.with_person(id, |person| {
                view::face(person).map(|listing| (listing.name.clone(), listing.address.clone(), listing.key.to_string()))
            }),
            Target::Meeting(id) => {
                let first = view::calls_of_meeting(store, id).into_iter().next();
                Some(first.map(|(key, facts)| (facts.name, Arc::default(), key.to_string())))
            }
        };
        let (name, address, call) = face.flatten().unwrap_or_default();
        Self { target: target.clone(), name, address, call }
    }
}
