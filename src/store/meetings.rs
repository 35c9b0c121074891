//! Which calls, meetings and people belong together, looked up in the store. For actions and the log: the publisher has indexes of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Store;
use crate::model::{CallFacts, CallKey, meeting_id};

/// The meeting that a person is in, as the rows say it.
pub fn meeting_of(store: &Store, person: &str) -> Option<Arc<str>> {
    let call = store.with_person(person, |person| person.primary_listing().map(|listing| listing.key.clone()))??;
    store.with_call(&call, |facts| meeting_id(&call, &facts.facts))
}

/// The instances of a meeting, by bridge.
pub fn calls_of(store: &Store, meeting: &str) -> Vec<(CallKey, CallFacts)> {
    let facts = |key: CallKey| {
        let facts = store.with_call(&key, |call| call.facts.clone())?;
        (*meeting_id(&key, &facts) == *meeting).then_some((key, facts))
    };
    let mut calls: Vec<_> = store.all_calls().into_iter().filter_map(facts).collect();
    calls.sort_by(|a, b| a.0.cmp(&b.0));
    calls
}

/// All meetings of a place.
pub fn of_place(store: &Store, place: &str) -> BTreeSet<Arc<str>> {
    let meeting = |key: CallKey| {
        store.with_call(&key, |call| {
            let meeting = meeting_id(&key, &call.facts);
            let here = call.facts.space.as_deref() == Some(place) || *meeting == *place;
            here.then_some(meeting)
        })?
    };
    store.all_calls().into_iter().filter_map(meeting).collect()
}
