//! Facts that REST showed and that an events socket should have reported. Pure; closes nothing itself.
//!
//! REST is often a moment ahead of the events, so each fact is kept until the socket reports something about the same call or participant.
//! If the socket reports other things but not this fact, only its subscription is at fault.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::subscriptions::Topic;

/// The property for which REST and the events differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::cms) enum Fact {
    /// The object is there, or gone.
    Listed,
    Name,
    OnHold,
    Muted,
    Locked,
    Recording,
    Streaming,
}

const FACTS: [Fact; 7] = [Fact::Listed, Fact::Name, Fact::OnHold, Fact::Muted, Fact::Locked, Fact::Recording, Fact::Streaming];

/// One fact of one call or participant, and the subscription that should have reported it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::cms) struct UnreportedFact {
    pub(in crate::cms) topic: Topic,
    /// The id of the call or participant.
    pub(in crate::cms) subject: Arc<str>,
    pub(in crate::cms) fact: Fact,
}

/// The remedy for a subscription that did not report a fact.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cms) enum Remedy {
    /// Subscribe again: the bridge then sends the whole list, or shows that nothing comes.
    Renew(Topic),
    /// Renewing did not help: don't rely on it.
    Distrust(Topic),
    /// The bridge words this fact differently in events and by REST: ignore it there.
    Ignore(Fact),
}

/// No decision needs more facts than this.
const MAX_FACTS: usize = 10_000;
/// If a fact goes unreported within this time after a renewal, renewing did not help.
const RENEWAL_TRIAL: Duration = Duration::from_secs(600);

#[derive(Debug, Default)]
pub(in crate::cms) struct UnreportedFacts {
    found: HashMap<UnreportedFact, Instant>,
    /// The longest recent delay from a reading to the event; decays.
    lag: Duration,
    renewed: HashMap<Topic, Instant>,
    ignored: HashSet<Fact>,
}

impl UnreportedFacts {
    /// Records what a reading showed.
    pub(in crate::cms) fn record(&mut self, unreported: UnreportedFact, now: Instant) {
        // A property with two values that changed twice is back to what the events reported.
        let is_back = unreported.fact != Fact::Name && self.found.remove(&unreported).is_some();
        if is_back || self.ignored.contains(&unreported.fact) {
            return;
        }
        if self.found.len() < MAX_FACTS {
            self.found.entry(unreported).or_insert(now);
        }
    }

    /// The socket reported something about this call or participant.
    pub(in crate::cms) fn on_event(&mut self, topic: &Topic, subject: &Arc<str>, now: Instant) {
        if self.found.is_empty() {
            return;
        }
        for fact in FACTS {
            if let Some(at) = self.found.remove(&UnreportedFact { topic: topic.clone(), subject: subject.clone(), fact }) {
                self.lag = now.duration_since(at).max(self.lag.mul_f64(0.875));
            }
        }
    }

    /// Since when a fact of these subscriptions is unreported, among those recorded after `heard`.
    pub(in crate::cms) fn oldest_since(&self, is_of: impl Fn(&Topic) -> bool, heard: Instant) -> Option<Instant> {
        self.found.iter().filter(|(fact, at)| **at > heard && is_of(&fact.topic)).map(|(_, at)| *at).min()
    }

    /// Forgets the facts of subscriptions that begin again, or end.
    pub(in crate::cms) fn forget(&mut self, is_of: impl Fn(&Topic) -> bool) {
        self.found.retain(|fact, _| !is_of(&fact.topic));
    }

    /// Takes the facts that sockets did not report although they `speak`, for longer than `patience` and than twice the usual delay. Returns
    /// the remedies.
    pub(in crate::cms) fn take_overdue(
        &mut self,
        speaks: impl Fn(&Topic, Instant) -> bool,
        patience: Duration,
        now: Instant,
    ) -> Vec<Remedy> {
        let patience = patience.max(2 * self.lag);
        let is_overdue = |fact: &UnreportedFact, at: Instant| now.duration_since(at) >= patience && speaks(&fact.topic, at);
        let overdue: Vec<UnreportedFact> = self.found.extract_if(|fact, at| is_overdue(fact, *at)).map(|(fact, _)| fact).collect();
        self.renewed.retain(|_, at| now.duration_since(*at) < RENEWAL_TRIAL);
        let before = self.renewed.clone();
        let mut remedies = Vec::new();
        for UnreportedFact { topic, fact, .. } in overdue {
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

    fn shown(subject: &str, fact: Fact) -> UnreportedFact {
        UnreportedFact { topic: roster(), subject: subject.into(), fact }
    }

    fn roster() -> Topic {
        Topic::Roster("call".into())
    }

    fn overdue(facts: &mut UnreportedFacts, now: Instant) -> Vec<Remedy> {
        facts.take_overdue(|_, _| true, PATIENCE, now)
    }

    #[test]
    fn a_fact_is_kept_until_the_socket_reports_on_its_subject() {
        let (now, mut facts) = (Instant::now(), UnreportedFacts::default());
        let later = |s| now + Duration::from_secs(s);
        facts.record(shown("bo", Fact::Muted), later(1));
        facts.on_event(&roster(), &"ana".into(), later(2));
        facts.on_event(&Topic::Calls, &"bo".into(), later(2));
        assert_eq!(facts.oldest_since(|_| true, now), Some(later(1)));
        assert_eq!(facts.oldest_since(|topic| *topic == Topic::Calls, now), None);
        assert_eq!(facts.oldest_since(|_| true, later(1)), None, "something came since");
        facts.on_event(&roster(), &"bo".into(), later(2));
        assert_eq!(facts.oldest_since(|_| true, now), None);
    }

    #[test]
    fn a_property_that_changed_back_is_no_fact() {
        let (now, mut facts) = (Instant::now(), UnreportedFacts::default());
        for (fact, left) in [(Fact::Muted, None), (Fact::Listed, None), (Fact::Name, Some(now))] {
            facts.record(shown("bo", fact), now);
            facts.record(shown("bo", fact), now);
            assert_eq!(facts.oldest_since(|_| true, now - PATIENCE), left, "{fact:?}");
        }
    }

    #[test]
    fn a_subscription_that_reports_nothing_is_renewed_and_then_distrusted() {
        let (now, mut facts) = (Instant::now(), UnreportedFacts::default());
        facts.record(shown("bo", Fact::Listed), now);
        facts.record(shown("ana", Fact::Listed), now);
        assert_eq!(overdue(&mut facts, now + PATIENCE / 2), []);
        assert_eq!(overdue(&mut facts, now + PATIENCE), [Remedy::Renew(roster())]);
        facts.record(shown("bo", Fact::Listed), now + PATIENCE);
        assert_eq!(overdue(&mut facts, now + 2 * PATIENCE), [Remedy::Distrust(roster())]);
        facts.record(shown("bo", Fact::Listed), now + RENEWAL_TRIAL * 2);
        assert_eq!(overdue(&mut facts, now + RENEWAL_TRIAL * 3), [Remedy::Renew(roster())]);
    }

    #[test]
    fn a_fact_that_the_bridge_words_differently_costs_one_renewal() {
        let (now, mut facts) = (Instant::now(), UnreportedFacts::default());
        let mut remedies = Vec::new();
        for n in 0..5 {
            facts.record(shown("bo", Fact::Name), now + n * PATIENCE);
            remedies.extend(overdue(&mut facts, now + (n + 1) * PATIENCE));
        }
        assert_eq!(remedies, [Remedy::Renew(roster()), Remedy::Ignore(Fact::Name)]);
    }

    #[test]
    fn events_that_were_late_before_may_be_late_again() {
        let (now, mut facts) = (Instant::now(), UnreportedFacts::default());
        facts.record(shown("bo", Fact::Listed), now);
        facts.on_event(&roster(), &"bo".into(), now + PATIENCE);
        facts.record(shown("ana", Fact::Listed), now);
        assert_eq!(overdue(&mut facts, now + PATIENCE), []);
        assert_eq!(overdue(&mut facts, now + 2 * PATIENCE), [Remedy::Renew(roster())]);
    }
}
