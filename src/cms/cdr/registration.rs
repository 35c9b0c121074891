//! What to ask of a bridge so that it sends its records to Usher: which field the address goes into, and whether a receiver is added or one that
//! Usher added is set. Pure; asks nothing.
//!
//! The form field is `url` by the guide's prose and `uri` by its attributes (cdr.md section 1). `url` is tried first. A bridge that knows only
//! the other one refuses it, ignores it, or adds a receiver without an address: that one is then set, and no second one added.

use std::sync::Arc;

/// The form field that holds a receiver's address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Field {
    Url,
    Uri,
}

impl Field {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Url => "url",
            Self::Uri => "uri",
        }
    }
}

/// What the whole list says of Usher's own receiver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Own {
    /// With its address.
    Listed,
    /// Without an address, as are all others.
    Unsaid(Arc<str>),
    /// Without an address, while others have one.
    Empty(Arc<str>),
    Missing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// All is well.
    Rest,
    Add(Field),
    /// Gives a receiver that Usher added its address.
    Set(Arc<str>, Field),
    NoSlot,
    /// The bridge can't be brought to it.
    GiveUp(&'static str),
}

/// What has been tried since the list was last in order.
#[derive(Debug, Default)]
pub(crate) struct Registration {
    added: Vec<Field>,
    set: Vec<Field>,
    /// A request was not answered: the bridge may have added a receiver that the list does not tell from others'.
    unanswered: bool,
}

impl Registration {
    /// `full`: no slot is free. `nameless`: the list has receivers without an address.
    pub(crate) fn next(&mut self, own: Own, full: bool, nameless: bool) -> Step {
        match own {
            Own::Listed => self.rest(),
            // From an earlier start, or given its address by a field that was accepted.
            Own::Unsaid(_) if self.added.last() != Some(&Field::Url) || self.set.contains(&Field::Uri) => self.rest(),
            Own::Unsaid(id) => self.set(id, Field::Uri),
            Own::Empty(id) => match [Field::Url, Field::Uri].into_iter().find(|field| !self.has_tried(*field)) {
                Some(field) => self.set(id, field),
                None => Step::GiveUp("the bridge added Usher's CDR receiver and takes no address for it"),
            },
            Own::Missing if self.unanswered && nameless => {
                Step::GiveUp("it is not known whether the bridge added Usher's CDR receiver: it does not say the addresses")
            }
            Own::Missing => match [Field::Url, Field::Uri].into_iter().find(|field| !self.added.contains(field)) {
                Some(_) if full => {
                    *self = Self::default();
                    Step::NoSlot
                }
                Some(field) => {
                    self.added.push(field);
                    Step::Add(field)
                }
                None => Step::GiveUp("the bridge accepted Usher's CDR receiver and does not list it"),
            },
        }
    }

    /// What was asked for last was not answered, and may be carried out.
    pub(crate) fn not_answered(&mut self) {
        self.unanswered = true;
        if self.set.pop().is_none() {
            self.added.pop();
        }
    }

    /// The bridge refused what was asked for last. True where another field may do.
    pub(crate) fn refused(&mut self) -> bool {
        let may = self.set.last().or(self.added.last()) == Some(&Field::Url) || !self.set.is_empty();
        if !may {
            *self = Self::default();
        }
        may
    }

    fn has_tried(&self, field: Field) -> bool {
        self.set.contains(&field) || self.added.last() == Some(&field)
    }

    fn rest(&mut self) -> Step {
        *self = Self::default();
        Step::Rest
    }

    fn set(&mut self, id: Arc<str>, field: Field) -> Step {
        self.set.push(field);
        Step::Set(id, field)
    }
}

#[cfg(test)]
mod tests {
    use super::Field::{Uri, Url};
    use super::*;

    fn id() -> Arc<str> {
        "r".into()
    }

    /// What a bridge is asked for until nothing more is; `lists` is what its list says each time.
    fn steps(lists: &[Own]) -> Vec<Step> {
        let mut registration = Registration::default();
        lists.iter().map(|own| registration.next(own.clone(), false, false)).collect()
    }

    #[test]
    fn a_bridge_that_takes_url_is_asked_once() {
        assert_eq!(steps(&[Own::Missing, Own::Listed, Own::Listed]), [Step::Add(Url), Step::Rest, Step::Rest]);
    }

    #[test]
    fn a_bridge_that_ignores_url_is_asked_by_uri() {
        assert_eq!(steps(&[Own::Missing, Own::Missing, Own::Listed]), [Step::Add(Url), Step::Add(Uri), Step::Rest]);
    }

    #[test]
    fn a_receiver_that_was_added_without_its_address_is_set_and_no_second_one_added() {
        assert_eq!(steps(&[Own::Missing, Own::Empty(id()), Own::Listed]), [Step::Add(Url), Step::Set(id(), Uri), Step::Rest]);
        assert_eq!(steps(&[Own::Missing, Own::Unsaid(id()), Own::Unsaid(id())]), [Step::Add(Url), Step::Set(id(), Uri), Step::Rest]);
    }

    #[test]
    fn a_receiver_of_an_earlier_start_is_believed_unless_others_have_an_address() {
        assert_eq!(steps(&[Own::Unsaid(id())]), [Step::Rest]);
        let steps = steps(&[Own::Empty(id()), Own::Empty(id()), Own::Empty(id())]);
        assert_eq!(steps[..2], [Step::Set(id(), Url), Step::Set(id(), Uri)]);
        assert!(matches!(steps[2], Step::GiveUp(_)));
    }

    #[test]
    fn nothing_is_tried_for_ever() {
        let steps = steps(&[Own::Missing, Own::Missing, Own::Missing, Own::Missing]);
        assert_eq!(steps[..2], [Step::Add(Url), Step::Add(Uri)]);
        assert!(steps[2..].iter().all(|step| matches!(step, Step::GiveUp(_))), "{steps:?}");
    }

    #[test]
    fn a_refusal_leads_to_the_other_field_and_then_to_an_end() {
        let mut registration = Registration::default();
        registration.next(Own::Missing, false, false);
        assert!(registration.refused());
        assert_eq!(registration.next(Own::Missing, false, false), Step::Add(Uri));
        assert!(!registration.refused());
        assert_eq!(registration.next(Own::Missing, true, false), Step::NoSlot);
    }

    #[test]
    fn a_request_that_was_not_answered_makes_no_second_receiver() {
        let mut registration = Registration::default();
        registration.next(Own::Missing, false, false);
        registration.not_answered();
        assert!(matches!(registration.next(Own::Missing, false, true), Step::GiveUp(_)), "it may be one of those without an address");
        assert_eq!(registration.next(Own::Missing, false, false), Step::Add(Url), "the list shows that it was not");
    }
}
