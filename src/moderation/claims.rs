//! Claims: which moderator handles which participant or meeting. They end by themselves. Pure; the caller passes the time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::Now;
use crate::model::{Claim, Target};

#[derive(Debug, Default)]
pub(super) struct Claims {
    active: HashMap<Target, ActiveClaim>,
    /// How many claims have begun; the next id follows from it.
    begun: u64,
}

#[derive(Debug)]
struct ActiveClaim {
    claim: Claim,
    renewed: Instant,
}

/// The result of a request to claim one of several targets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClaimOutcome {
    /// The target that the user claimed; or the first of all, if others handle each of them.
    pub target: Target,
    pub claim: Claim,
}

impl Claims {
    pub(super) fn get(&self, target: &Target) -> Option<&Claim> {
        self.active.get(target).map(|active| &active.claim)
    }

    /// Claims the first of `wanted` that nobody else handles; each target comes with the meeting that a participant is in. A claim that
    /// the user has is renewed; a new one releases the user's old one of the same kind. Adds the targets whose claim changed to `changed`. None if `wanted` is
    /// empty.
    pub(super) fn claim(
        &mut self,
        wanted: &[(Target, Option<Target>)],
        user: &Arc<str>,
        now: Now,
        changed: &mut Vec<Target>,
    ) -> Option<ClaimOutcome> {
        let Some((target, _)) = wanted.iter().find(|(target, meeting)| self.conflicting(target, meeting.as_ref(), user, &[]).is_none())
        else {
            let (target, meeting) = wanted.first()?;
            let claim = self.conflicting(target, meeting.as_ref(), user, &[])?.clone();
            return Some(ClaimOutcome { target: target.clone(), claim });
        };
        if let Some(own) = self.active.get_mut(target) {
            own.renewed = now.instant;
            return Some(ClaimOutcome { target: target.clone(), claim: own.claim.clone() });
        }
        let same_kind = |other: &Target| std::mem::discriminant(other) == std::mem::discriminant(target);
        self.end(changed, |other, active| active.claim.by == *user && same_kind(other));
        self.begun += 1;
        let claim = Claim { id: format!("c{}", self.begun).into(), by: user.clone(), since: now.unix_ms };
        self.active.insert(target.clone(), ActiveClaim { claim: claim.clone(), renewed: now.instant });
        changed.push(target.clone());
        Some(ClaimOutcome { target: target.clone(), claim })
    }

    /// The claim that conflicts with an action of `user`: another user's on the target itself, or on its meeting if the target has none. `over`
    /// names claims that the user chose to override.
    pub(super) fn conflicting(&self, target: &Target, meeting: Option<&Target>, user: &str, over: &[Arc<str>]) -> Option<&Claim> {
        let claim = self.get(target).or_else(|| self.get(meeting?))?;
        (*claim.by != *user && !over.contains(&claim.id)).then_some(claim)
    }

    pub(super) fn release(&mut self, user: &str, ids: &[Arc<str>], changed: &mut Vec<Target>) {
        self.end(changed, |target, active| {
            let (Target::Person(id) | Target::Meeting(id)) = target;
            *active.claim.by == *user && ids.contains(id)
        });
    }

    /// Ends the claim on a target that was dealt with or is gone.
    pub(super) fn remove(&mut self, target: &Target) {
        self.active.remove(target);
    }

    /// Ends the claims that were not renewed for `lasting`.
    pub(super) fn expire(&mut self, now: Instant, lasting: Duration, changed: &mut Vec<Target>) {
        self.end(changed, |_, active| now.saturating_duration_since(active.renewed) >= lasting);
    }

    fn end(&mut self, changed: &mut Vec<Target>, ends: impl Fn(&Target, &ActiveClaim) -> bool) {
        self.active.retain(|target, active| {
            let ends = ends(target, active);
            if ends {
                changed.push(target.clone());
            }
            !ends
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LASTING: Duration = Duration::from_secs(20);

    struct Scene {
        claims: Claims,
        begun: Instant,
        changed: Vec<Target>,
    }

    impl Scene {
        fn new() -> Self {
            Self { claims: Claims::default(), begun: Instant::now(), changed: Vec::new() }
        }

        /// The participants are in the meeting `m`.
        fn claim(&mut self, user: &str, people: &[&str], second: u64) -> ClaimOutcome {
            let wanted: Vec<_> = people.iter().map(|id| (person(id), Some(meeting()))).collect();
            let now = Now { instant: self.begun + Duration::from_secs(second), unix_ms: second as i64 * 1000 };
            self.claims.claim(&wanted, &user.into(), now, &mut self.changed).expect("somebody is wanted")
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
    fn two_users_who_claim_the_same_targets_get_different_ones() {
        let mut scene = Scene::new();
        assert_eq!(scene.claim("max", &["a", "b"], 0).target, person("a"));
        assert_eq!(scene.claim("mo", &["a", "b"], 0).target, person("b"));
        let none_left = scene.claim("ana", &["a", "b"], 0);
        assert_eq!((none_left.target, &*none_left.claim.by), (person("a"), "max"));
    }

    #[test]
    fn a_new_claim_has_a_new_id_and_releases_the_users_old_one() {
        let mut scene = Scene::new();
        let first = scene.claim("max", &["a"], 0).claim;
        let second = scene.claim("max", &["b"], 1).claim;
        assert_eq!((scene.by("a"), scene.by("b")), (None, Some("max")));
        assert_ne!(first.id, second.id);
        assert_eq!(scene.changed, [person("a"), person("a"), person("b")]);
    }

    #[test]
    fn a_claim_expires_after_its_last_renewal() {
        let mut scene = Scene::new();
        let first = scene.claim("max", &["a"], 0).claim;
        assert_eq!(scene.claim("max", &["a"], 15).claim, first);
        scene.claims.expire(scene.begun + Duration::from_secs(34), LASTING, &mut scene.changed);
        assert_eq!(scene.by("a"), Some("max"));
        scene.claims.expire(scene.begun + Duration::from_secs(35), LASTING, &mut scene.changed);
        assert_eq!(scene.by("a"), None);
    }

    #[test]
    fn a_claim_on_a_meeting_covers_participants_without_their_own() {
        let mut scene = Scene::new();
        scene.claim("mo", &["a"], 0);
        let now = Now { instant: scene.begun, unix_ms: 0 };
        let of_meeting = scene.claims.claim(&[(meeting(), None)], &"max".into(), now, &mut scene.changed).expect("wanted").claim;
        let conflicting = |target: &str, user: &str, over: &[Arc<str>]| {
            scene.claims.conflicting(&person(target), Some(&meeting()), user, over).map(|claim| claim.by.to_string())
        };
        assert_eq!(conflicting("a", "mo", &[]), None);
        assert_eq!(conflicting("a", "max", &[]).as_deref(), Some("mo"));
        assert_eq!(conflicting("b", "mo", &[]).as_deref(), Some("max"));
        assert_eq!(conflicting("b", "mo", &[of_meeting.id]), None);
        assert_eq!(conflicting("b", "max", &[]), None);
    }

    #[test]
    fn users_release_only_their_own_claims() {
        let mut scene = Scene::new();
        scene.claim("max", &["a"], 0);
        scene.claims.release("mo", &["a".into()], &mut scene.changed);
        assert_eq!(scene.by("a"), Some("max"));
        scene.claims.release("max", &["a".into()], &mut scene.changed);
        assert_eq!(scene.by("a"), None);
    }
}
