//! Which participant has which legs on this bridge, and what was last read of them. Pure.

use std::collections::{HashMap, HashSet};

use crate::cms::lobby_state::TrackedLeg;
use crate::model::{CallId, LegId, ParticipantId};

/// The most links to remember; each that is forgotten too early costs one request.
const MOST_LINKS: usize = 10_000;

/// A participant whose legs run on this bridge.
#[derive(Debug, Default)]
pub(super) struct Hosted {
    pub(super) call: Option<CallId>,
    pub(super) legs: Vec<TrackedLeg>,
    /// The next lobby change was announced: by a record, by a request of Usher, or by the cause of a reading that failed.
    pub(super) announced: bool,
    /// Whether the participant is muted, and on hold, as last read from the legs.
    pub(super) read_muted: Option<bool>,
    pub(super) read_on_hold: bool,
}

#[derive(Debug, Default)]
pub(super) struct KnownLegs {
    pub(super) hosted: HashMap<ParticipantId, Hosted>,
    owners: HashMap<LegId, ParticipantId>,
    /// Links between bridges: legs of no participant.
    links: HashSet<LegId>,
}

impl KnownLegs {
    pub(super) fn host(&mut self, person: &ParticipantId) -> &mut Hosted {
        self.hosted.entry(person.clone()).or_default()
    }

    pub(super) fn has_legs(&self, person: &str) -> bool {
        self.hosted.get(person).is_some_and(|hosted| !hosted.legs.is_empty())
    }

    pub(super) fn legs_of(&self, person: &str) -> &[TrackedLeg] {
        self.hosted.get(person).map(|hosted| hosted.legs.as_slice()).unwrap_or_default()
    }

    pub(super) fn owner_of(&self, leg: &str) -> Option<&ParticipantId> {
        self.owners.get(leg)
    }

    /// The owner's state together with this leg, where both are known.
    pub(super) fn find_leg(&mut self, leg: &str) -> Option<(&mut bool, &mut TrackedLeg)> {
        let hosted = self.hosted.get_mut(self.owners.get(leg)?)?;
        Some((&mut hosted.announced, hosted.legs.iter_mut().find(|known| *known.id == *leg)?))
    }

    pub(super) fn assign(&mut self, person: &ParticipantId, leg: &LegId) {
        let hosted = self.host(person);
        if !hosted.legs.iter().any(|known| known.id == *leg) {
            // Most participants have one leg; a vector that grows by itself reserves four.
            hosted.legs.reserve_exact(1);
            hosted.legs.push(TrackedLeg::new(leg.clone()));
        }
        self.owners.insert(leg.clone(), person.clone());
    }

    /// Takes a leg from its owner.
    pub(super) fn unassign(&mut self, leg: &str) -> Option<ParticipantId> {
        let owner = self.owners.remove(leg)?;
        if let Some(hosted) = self.hosted.get_mut(&owner) {
            hosted.legs.retain(|known| *known.id != *leg);
        }
        Some(owner)
    }

    pub(super) fn forget_owner(&mut self, person: &str) {
        for leg in self.hosted.remove(person).into_iter().flat_map(|hosted| hosted.legs) {
            self.owners.remove(&leg.id);
        }
    }

    pub(super) fn is_link(&self, leg: &str) -> bool {
        self.links.contains(leg)
    }

    pub(super) fn mark_link(&mut self, leg: &LegId) {
        self.links.insert(leg.clone());
    }

    pub(super) fn unmark_link(&mut self, leg: &str) {
        self.links.remove(leg);
    }

    /// Forgets all links once there are too many: some may have ended.
    pub(super) fn tidy_links(&mut self) {
        if self.links.len() > MOST_LINKS {
            self.links.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leg_has_one_owner_and_a_forgotten_participant_leaves_none_behind() {
        let (ana, bo, leg): (ParticipantId, ParticipantId, LegId) = ("ana".into(), "bo".into(), "leg".into());
        let mut legs = KnownLegs::default();
        legs.assign(&ana, &leg);
        legs.assign(&ana, &leg);
        assert_eq!((legs.legs_of(&ana).len(), legs.owner_of(&leg)), (1, Some(&ana)));
        assert_eq!(legs.unassign(&leg), Some(ana.clone()));
        assert!(!legs.has_legs(&ana));
        legs.assign(&bo, &leg);
        legs.forget_owner(&bo);
        assert!(legs.owner_of(&leg).is_none() && legs.find_leg(&leg).is_none());
    }
}
