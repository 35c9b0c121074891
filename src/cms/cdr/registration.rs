//! Decides what to ask of a bridge so that it sends its records to Usher: which field the address goes into, and whether to add a receiver or
//! to change the one that Usher added. Pure; sends nothing.
//!
//! The form field is `url` by the guide's prose and `uri` by its attributes (cdr.md section 1). `url` is tried first. A bridge that knows only
//! the other one refuses it, ignores it, or adds a receiver without an address: Usher then sets that one and adds no second one.

use std::sync::Arc;

/// The form field that holds a receiver's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum AddressField {
    Url,
    Uri,
}

impl AddressField {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Uri => "uri",
        }
    }
}

/// Usher's own receiver, as the bridge's whole list shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum OwnReceiver {
    /// It is listed with its address.
    Listed,
    /// It is listed without an address, as are all others: this list hides addresses.
    AddressHidden(Arc<str>),
    /// It is listed without an address, while others have one.
    WithoutAddress(Arc<str>),
    Missing,
}

/// The next thing to do for the registration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RegistrationStep {
    /// The bridge sends its records to Usher.
    Done,
    Add(AddressField),
    /// Gives a receiver that Usher added its address.
    Set(Arc<str>, AddressField),
    /// Others take all slots.
    NoSlot,
    /// The registration can't succeed, for this reason.
    GiveUp(&'static str),
}

/// The attempts since the list was last in order.
#[derive(Debug, Default)]
pub(crate) struct Registration {
    added: Vec<AddressField>,
    set: Vec<AddressField>,
    /// A request was not answered: the bridge may have added a receiver that looks like others' on the list.
    unanswered: bool,
}

impl Registration {
    /// Decides the next step. `full`: no slot is free. `nameless`: the list has receivers without an address.
    pub(crate) fn next_step(&mut self, own: OwnReceiver, full: bool, nameless: bool) -> RegistrationStep {
        match own {
            OwnReceiver::Listed => self.finish(),
            // From an earlier start, or given its address by a field that was accepted.
            OwnReceiver::AddressHidden(_) if self.added.last() != Some(&AddressField::Url) || self.set.contains(&AddressField::Uri) => {
                self.finish()
            }
            OwnReceiver::AddressHidden(id) => self.set(id, AddressField::Uri),
            OwnReceiver::WithoutAddress(id) => {
                match [AddressField::Url, AddressField::Uri].into_iter().find(|field| !self.has_tried(*field)) {
                    Some(field) => self.set(id, field),
                    None => RegistrationStep::GiveUp("the bridge added Usher's CDR receiver and takes no address for it"),
                }
            }
            OwnReceiver::Missing if self.unanswered && nameless => {
                RegistrationStep::GiveUp("it is not known whether the bridge added Usher's CDR receiver: it does not say the addresses")
            }
            OwnReceiver::Missing => match [AddressField::Url, AddressField::Uri].into_iter().find(|field| !self.added.contains(field)) {
                Some(_) if full => {
                    *self = Self::default();
                    RegistrationStep::NoSlot
                }
                Some(field) => {
                    self.added.push(field);
                    RegistrationStep::Add(field)
                }
                None => RegistrationStep::GiveUp("the bridge accepted Usher's CDR receiver and does not list it"),
            },
        }
    }

    /// The bridge did not answer the last request; it may still carry it out.
    pub(crate) fn on_no_response(&mut self) {
        self.unanswered = true;
        if self.set.pop().is_none() {
            self.added.pop();
        }
    }

    /// The bridge refused the last request. True where another field may do.
    pub(crate) fn on_refusal(&mut self) -> bool {
        let may = self.set.last().or(self.added.last()) == Some(&AddressField::Url) || !self.set.is_empty();
        if !may {
            *self = Self::default();
        }
        may
    }

    fn has_tried(&self, field: AddressField) -> bool {
        self.set.contains(&field) || self.added.last() == Some(&field)
    }

    fn finish(&mut self) -> RegistrationStep {
        *self = Self::default();
        RegistrationStep::Done
    }

    fn set(&mut self, id: Arc<str>, field: AddressField) -> RegistrationStep {
        self.set.push(field);
        RegistrationStep::Set(id, field)
    }
}

#[cfg(test)]
mod tests {
    use super::AddressField::{Uri, Url};
    use super::*;

    fn id() -> Arc<str> {
        "r".into()
    }

    /// The steps that follow from what the bridge's list says each time.
    fn steps(lists: &[OwnReceiver]) -> Vec<RegistrationStep> {
        let mut registration = Registration::default();
        lists.iter().map(|own| registration.next_step(own.clone(), false, false)).collect()
    }

    #[test]
    fn a_bridge_that_takes_url_is_asked_once() {
        assert_eq!(
            steps(&[OwnReceiver::Missing, OwnReceiver::Listed, OwnReceiver::Listed]),
            [RegistrationStep::Add(Url), RegistrationStep::Done, RegistrationStep::Done]
        );
    }

    #[test]
    fn a_bridge_that_ignores_url_is_asked_by_uri() {
        assert_eq!(
            steps(&[OwnReceiver::Missing, OwnReceiver::Missing, OwnReceiver::Listed]),
            [RegistrationStep::Add(Url), RegistrationStep::Add(Uri), RegistrationStep::Done]
        );
    }

    #[test]
    fn a_receiver_that_was_added_without_its_address_is_set_and_no_second_one_added() {
        assert_eq!(
            steps(&[OwnReceiver::Missing, OwnReceiver::WithoutAddress(id()), OwnReceiver::Listed]),
            [RegistrationStep::Add(Url), RegistrationStep::Set(id(), Uri), RegistrationStep::Done]
        );
        assert_eq!(
            steps(&[OwnReceiver::Missing, OwnReceiver::AddressHidden(id()), OwnReceiver::AddressHidden(id())]),
            [RegistrationStep::Add(Url), RegistrationStep::Set(id(), Uri), RegistrationStep::Done]
        );
    }

    #[test]
    fn a_receiver_of_an_earlier_start_is_believed_unless_others_have_an_address() {
        assert_eq!(steps(&[OwnReceiver::AddressHidden(id())]), [RegistrationStep::Done]);
        let steps = steps(&[OwnReceiver::WithoutAddress(id()), OwnReceiver::WithoutAddress(id()), OwnReceiver::WithoutAddress(id())]);
        assert_eq!(steps[..2], [RegistrationStep::Set(id(), Url), RegistrationStep::Set(id(), Uri)]);
        assert!(matches!(steps[2], RegistrationStep::GiveUp(_)));
    }

    #[test]
    fn nothing_is_tried_for_ever() {
        let steps = steps(&[OwnReceiver::Missing, OwnReceiver::Missing, OwnReceiver::Missing, OwnReceiver::Missing]);
        assert_eq!(steps[..2], [RegistrationStep::Add(Url), RegistrationStep::Add(Uri)]);
        assert!(steps[2..].iter().all(|step| matches!(step, RegistrationStep::GiveUp(_))), "{steps:?}");
    }

    #[test]
    fn a_refusal_leads_to_the_other_field_and_then_to_an_end() {
        let mut registration = Registration::default();
        registration.next_step(OwnReceiver::Missing, false, false);
        assert!(registration.on_refusal());
        assert_eq!(registration.next_step(OwnReceiver::Missing, false, false), RegistrationStep::Add(Uri));
        assert!(!registration.on_refusal());
        assert_eq!(registration.next_step(OwnReceiver::Missing, true, false), RegistrationStep::NoSlot);
    }

    #[test]
    fn a_request_that_was_not_answered_makes_no_second_receiver() {
        let mut registration = Registration::default();
        registration.next_step(OwnReceiver::Missing, false, false);
        registration.on_no_response();
        assert!(
            matches!(registration.next_step(OwnReceiver::Missing, false, true), RegistrationStep::GiveUp(_)),
            "it may be one of those without an address"
        );
        assert_eq!(
            registration.next_step(OwnReceiver::Missing, false, false),
            RegistrationStep::Add(Url),
            "the list shows that it was not"
        );
    }
}
