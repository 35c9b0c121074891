//! What reading by REST showed and an events socket should have told. Pure; closes nothing itself.
//!
//! REST is often a moment ahead of the events, so something shown is kept until the socket tells of the same call or person. What nothing told
//! for long although the socket speaks of other things concerns one subscription alone.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::events::subscriptions::Topic;

/// What was otherwise than the events say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Fact {
    /// That it is there, or gone.
    Listed,
    Name,
    OnHold,
    Muted,
    Locked,
    Recording,
    Streaming,
}

const FACTS: [Fact; 7] = [Fact::Listed, Fact::Name, Fact::OnHold, Fact::Muted, Fact::Locked, Fact::Recording, Fact::Streaming];

/// One fact of one call or person, and the subscription that should have told it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Shown {
    pub(super) topic: Topic,
    /// The id of the call or person.
    pub(super) subject: Arc<str>,
    pub(super) fact: Fact,
}

/// What to do about a subscription that did not tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Remedy {
    /// Subscribe anew: its list is told again, or shows that nothing comes.
    Renew(Topic),
    /// That did not help.
    Distrust(Topic),
    /// The bridge words this differently in events and by REST: it is no evidence there.
    Ignore(Fact),
}

/// More than this is far more than enough to act on.
const MOST: usize = 10_000;
/// A subscription that was renewed within this time was not helped by it.
const RENEWED: Duration = Duration::from_secs(600);

#[derive(Debug, Default)]
pub(super) struct Evidence {
    found: HashMap<Shown, Instant>,
    /// How long after a reading the events told the same, at worst of late.
    lag: Duration,
    renewed: HashMap<Topic, Instant>,
    ignored: HashSet<Fact>,
}

impl Evidence {
    /// A reading showed this.
    pub(super) fn shown(&mut self, shown: Shown, now: Instant) {
        // What has two values and changed twice is again what was told.
        if (shown.fact != Fact::Name && self.found.remove(&shown).is_some()) || self.ignored.contains(&shown.fact) {
            return;
        }
        if self.found.len() < MOST {
            self.found.entry(shown).or_insert(now);
        }
    }

    /// The socket tells of this call or person.
    pub(super) fn told(&mut self, topic: &Topic, subject: &Arc<str>, now: Instant) {
        if self.found.is_empty() {
            return;
        }
        for fact in FACTS {
            if let Some(at) = self.found.remove(&Shown { topic: topic.clone(), subject: subject.clone(), fact }) {
                self.lag = now.duration_since(at).max(self.lag.mul_f64(0.875));
            }
        }
    }

    /// Since when something is untold by these subscriptions of which nothing was heard since.
    pub(super) fn since(&self, is_of: impl Fn(&Topic) -> bool, heard: Instant) -> Option<Instant> {
        self.found.iter().filter(|(shown, at)| **at > heard && is_of(&shown.topic)).map(|(_, at)| *at).min()
    }

    /// These subscriptions begin anew, or end.
    pub(super) fn forget(&mut self, is_of: impl Fn(&Topic) -> bool) {
        self.found.retain(|shown, _| !is_of(&shown.topic));
    }

    /// Takes what is untold for `patience`, and for twice as long as events were seen to be late, by sockets that spoke since.
    pub(super) fn take_untold(&mut self, speaks: impl Fn(&Topic, Instant) -> bool, patience: Duration, now: Instant) -> Vec<Remedy> {
        let patience = patience.max(2 * self.lag);
        let overdue = |shown: &Shown, at: Instant| now.duration_since(at) >= patience && speaks(&shown.topic, at);
        let untold: Vec<Shown> = self.found.extract_if(|shown, at| overdue(shown, *at)).map(|(shown, _)| shown).collect();
        self.renewed.retain(|_, at| now.duration_since(*at) < RENEWED);
        let before = self.renewed.clone();
        let mut remedies = Vec::new();
        for Shown { topic, fact, .. } in untold {
            let remedy = match before.contains_key(&topic) {
                false => Remedy::Renew(topic.clone()),
                true if fact == Fact::Listed => Remedy::Distrust(topic.clone()),
                true => Remedy::Ignore(fact),
            };
            match &remedy {
                Remedy::Ignore(fact) => drop(self.ignored.insert(*fact)),
                _ => drop(self.renewed.insert(topic, now)),
            }
            if !remedies.contains(&remedy) {
                remedies.push(remedy);
            }
        }
        remedies
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Duration = Duration::from_secs(5);

    fn shown(subject: &str, fact: Fact) -> Shown {
        Shown { topic: roster(), subject: subject.into(), fact }
    }

    fn roster() -> Topic {
        Topic::Roster("call".into())
    }

    fn untold(evidence: &mut Evidence, now: Instant) -> Vec<Remedy> {
        evidence.take_untold(|_, _| true, PATIENCE, now)
    }

    #[test]
    fn what_was_shown_is_kept_until_the_socket_tells_of_the_same() {
        let (now, mut evidence) = (Instant::now(), Evidence::default());
        let later = |s| now + Duration::from_secs(s);
        evidence.shown(shown("bo", Fact::Muted), later(1));
        evidence.told(&roster(), &"ana".into(), later(2));
        evidence.told(&Topic::Calls, &"bo".into(), later(2));
        assert_eq!(evidence.since(|_| true, now), Some(later(1)));
        assert_eq!(evidence.since(|topic| *topic == Topic::Calls, now), None);
        assert_eq!(evidence.since(|_| true, later(1)), None, "something came since");
        evidence.told(&roster(), &"bo".into(), later(2));
        assert_eq!(evidence.since(|_| true, now), None);
    }

    #[test]
    fn what_went_back_to_what_was_told_is_no_evidence() {
        let (now, mut evidence) = (Instant::now(), Evidence::default());
        for (fact, left) in [(Fact::Muted, None), (Fact::Listed, None), (Fact::Name, Some(now))] {
            evidence.shown(shown("bo", fact), now);
            evidence.shown(shown("bo", fact), now);
            assert_eq!(evidence.since(|_| true, now - PATIENCE), left, "{fact:?}");
        }
    }

    #[test]
    fn a_subscription_that_tells_nothing_is_renewed_and_then_distrusted() {
        let (now, mut evidence) = (Instant::now(), Evidence::default());
        evidence.shown(shown("bo", Fact::Listed), now);
        evidence.shown(shown("ana", Fact::Listed), now);
        assert_eq!(untold(&mut evidence, now + PATIENCE / 2), []);
        assert_eq!(untold(&mut evidence, now + PATIENCE), [Remedy::Renew(roster())]);
        evidence.shown(shown("bo", Fact::Listed), now + PATIENCE);
        assert_eq!(untold(&mut evidence, now + 2 * PATIENCE), [Remedy::Distrust(roster())]);
        evidence.shown(shown("bo", Fact::Listed), now + RENEWED * 2);
        assert_eq!(untold(&mut evidence, now + RENEWED * 3), [Remedy::Renew(roster())]);
    }

    #[test]
    fn what_a_bridge_words_differently_costs_one_renewal() {
        let (now, mut evidence) = (Instant::now(), Evidence::default());
        let mut remedies = Vec::new();
        for n in 0..5 {
            evidence.shown(shown("bo", Fact::Name), now + n * PATIENCE);
            remedies.extend(untold(&mut evidence, now + (n + 1) * PATIENCE));
        }
        assert_eq!(remedies, [Remedy::Renew(roster()), Remedy::Ignore(Fact::Name)]);
    }

    #[test]
    fn events_that_were_late_before_may_be_late_again() {
        let (now, mut evidence) = (Instant::now(), Evidence::default());
        evidence.shown(shown("bo", Fact::Listed), now);
        evidence.told(&roster(), &"bo".into(), now + PATIENCE);
        evidence.shown(shown("ana", Fact::Listed), now);
        assert_eq!(untold(&mut evidence, now + PATIENCE), []);
        assert_eq!(untold(&mut evidence, now + 2 * PATIENCE), [Remedy::Renew(roster())]);
    }
}
