//! Who handles whom: soft claims that end by themselves. Pure; the caller brings the clock.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::Now;
use crate::model::Claim;
use crate::model::Target;

#[derive(Debug, Default)]
pub(super) struct Claims {
    held: HashMap<Target, Held>,
    /// The claims that began, for their ids.
    begun: u64,
}

#[derive(Debug)]
struct Held {
    claim: Claim,
    renewed: Instant,
}

/// What became of the wish to claim one of several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claimed {
    /// The one that is handled: by whoever wished, or else the first of all, by somebody else.
    pub target: Target,
    pub claim: Claim,
}

impl Claims {
    pub(super) fn get(&self, target: &Target) -> Option<&Claim> {
        self.held.get(target).map(|held| &held.claim)
    }

    /// Claims the first of `wanted` that nobody else handles; each comes with the meeting that a person is in. The own claim is renewed; a
    /// new one releases the own old one of the same kind. `touched` gets whose claim changed. None where nothing is wanted.
    pub(super) fn claim(
        &mut self,
        wanted: &[(Target, Option<Target>)],
        user: &Arc<str>,
        now: Now,
        touched: &mut Vec<Target>,
    ) -> Option<Claimed> {
        let Some((target, _)) = wanted.iter().find(|(target, meeting)| self.against(target, meeting.as_ref(), user, &[]).is_none()) else {
            let (target, meeting) = wanted.first()?;
            let claim = self.against(target, meeting.as_ref(), user, &[])?.clone();
            return Some(Claimed { target: target.clone(), claim });
        };
        if let Some(own) = self.held.get_mut(target) {
            own.renewed = now.instant;
            return Some(Claimed { target: target.clone(), claim: own.claim.clone() });
        }
        let same_kind = |other: &Target| std::mem::discriminant(other) == std::mem::discriminant(target);
        self.end(touched, |other, held| held.claim.by == *user && same_kind(other));
        self.begun += 1;
        let claim = Claim { id: format!("c{}", self.begun).into(), by: user.clone(), since: now.unix_ms };
        self.held.insert(target.clone(), Held { claim: claim.clone(), renewed: now.instant });
        touched.push(target.clone());
        Some(Claimed { target: target.clone(), claim })
    }

    /// The claim that is in the way of `user`: another's on the target itself; on its meeting, where the target carries none. `over` names
    /// claims that are not.
    pub(super) fn against(&self, target: &Target, meeting: Option<&Target>, user: &str, over: &[Arc<str>]) -> Option<&Claim> {
        let claim = self.get(target).or_else(|| self.get(meeting?))?;
        (*claim.by != *user && !over.contains(&claim.id)).then_some(claim)
    }

    pub(super) fn release(&mut self, user: &str, ids: &[Arc<str>], touched: &mut Vec<Target>) {
        self.end(touched, |target, held| {
            let (Target::Person(id) | Target::Meeting(id)) = target;
            *held.claim.by == *user && ids.contains(id)
        });
    }

    /// Nobody handles what is done, or gone.
    pub(super) fn settle(&mut self, target: &Target) {
        self.held.remove(target);
    }

    /// Ends what was not renewed for `lasting`.
    pub(super) fn expire(&mut self, now: Instant, lasting: Duration, touched: &mut Vec<Target>) {
        self.end(touched, |_, held| now.saturating_duration_since(held.renewed) >= lasting);
    }

    fn end(&mut self, touched: &mut Vec<Target>, ends: impl Fn(&Target, &Held) -> bool) {
        self.held.retain(|target, held| {
            let ends = ends(target, held);
            if ends {
                touched.push(target.clone());
            }
            !ends
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTING: Duration = Duration::from_secs(20);

    struct Room {
        claims: Claims,
        begun: Instant,
        touched: Vec<Target>,
    }

    impl Room {
        fn new() -> Self {
            Self { claims: Claims::default(), begun: Instant::now(), touched: Vec::new() }
        }

        /// People are those of the meeting `m`.
        fn claim(&mut self, user: &str, people: &[&str], second: u64) -> Claimed {
            let wanted: Vec<_> = people.iter().map(|id| (person(id), Some(meeting()))).collect();
            let now = Now { instant: self.begun + Duration::from_secs(second), unix_ms: second as i64 * 1000 };
            self.claims.claim(&wanted, &user.into(), now, &mut self.touched).expect("somebody is wanted")
        }

        fn by(&self, id: &str) -> Option<&str> {
            self.claims.get(&person(id)).map(|claim| &*claim.by)
        }
    }

    fn person(id: &str) -> Target {
        Target::Person(id.into())
    }

    fn meeting() -> Target {
        Target::Meeting("m".into())
    }

    #[test]
    fn two_who_take_next_get_two_people() {
        let mut room = Room::new();
        assert_eq!(room.claim("max", &["a", "b"], 0).target, person("a"));
        assert_eq!(room.claim("mo", &["a", "b"], 0).target, person("b"));
        let none_left = room.claim("ana", &["a", "b"], 0);
        assert_eq!((none_left.target, &*none_left.claim.by), (person("a"), "max"));
    }

    #[test]
    fn a_new_claim_releases_the_own_old_one_and_another_id_is_another_claim() {
        let mut room = Room::new();
        let first = room.claim("max", &["a"], 0).claim;
        let second = room.claim("max", &["b"], 1).claim;
        assert_eq!((room.by("a"), room.by("b")), (None, Some("max")));
        assert_ne!(first.id, second.id);
        assert_eq!(room.touched, [person("a"), person("a"), person("b")]);
    }

    #[test]
    fn a_claim_ends_so_long_after_it_was_last_renewed() {
        let mut room = Room::new();
        let first = room.claim("max", &["a"], 0).claim;
        assert_eq!(room.claim("max", &["a"], 15).claim, first);
        room.claims.expire(room.begun + Duration::from_secs(34), LASTING, &mut room.touched);
        assert_eq!(room.by("a"), Some("max"));
        room.claims.expire(room.begun + Duration::from_secs(35), LASTING, &mut room.touched);
        assert_eq!(room.by("a"), None);
    }

    #[test]
    fn a_meetings_claim_stands_for_its_people_who_carry_none() {
        let mut room = Room::new();
        room.claim("mo", &["a"], 0);
        let now = Now { instant: room.begun, unix_ms: 0 };
        let of_meeting = room.claims.claim(&[(meeting(), None)], &"max".into(), now, &mut room.touched).expect("wanted").claim;
        let against = |target: &str, user: &str, over: &[Arc<str>]| {
            room.claims.against(&person(target), Some(&meeting()), user, over).map(|claim| claim.by.to_string())
        };
        assert_eq!(against("a", "mo", &[]), None);
        assert_eq!(against("a", "max", &[]).as_deref(), Some("mo"));
        assert_eq!(against("b", "mo", &[]).as_deref(), Some("max"));
        assert_eq!(against("b", "mo", &[of_meeting.id]), None);
        assert_eq!(against("b", "max", &[]), None);
    }

    #[test]
    fn only_ones_own_claim_is_released() {
        let mut room = Room::new();
        room.claim("max", &["a"], 0);
        room.claims.release("mo", &["a".into()], &mut room.touched);
        assert_eq!(room.by("a"), Some("max"));
        room.claims.release("max", &["a".into()], &mut room.touched);
        assert_eq!(room.by("a"), None);
    }
}
