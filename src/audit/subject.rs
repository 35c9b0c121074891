//! The participant, meeting or bridge that an audit entry is about, described from the store. Changes nothing.

use std::sync::Arc;

use crate::model::{Call, CallKey, Home, Lobby, ParticipantId, Target, meeting_id};
use crate::store::{Store, meetings};
use crate::view;

/// The subject as it was shown when the action began: afterwards it may be gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuditSubject {
    /// Participant id; empty if the subject is a meeting or bridge.
    pub person: Arc<str>,
    pub name: Arc<str>,
    pub address: Arc<str>,
    /// The id of the meeting's row.
    pub meeting: Arc<str>,
    pub meeting_name: Arc<str>,
    /// The configured name of the bridge; several are separated by commas.
    pub bridge: Arc<str>,
    /// CMS's ids of the meeting's space and tenant; empty if there is none, or none is known.
    pub space: Arc<str>,
    pub tenant: Arc<str>,
    /// CMS's id of the bridge; several are separated by commas, and unknown ones left out.
    pub bridge_id: Arc<str>,
    /// Since when the participant waits; Unix milliseconds. None if they don't.
    pub waiting_since: Option<i64>,
}

impl AuditSubject {
    /// A target with nothing but its id.
    pub fn target_only(target: &Target) -> Self {
        match target {
            Target::Person(id) => Self { person: id.clone(), ..Self::default() },
            Target::Meeting(id) => Self { meeting: id.clone(), ..Self::default() },
        }
    }

    /// A participant or meeting as shown now.
    pub fn target(store: &Store, target: &Target) -> Self {
        match target {
            Target::Person(id) => Self::person(store, id),
            Target::Meeting(id) => Self::meeting(store, id),
        }
    }

    /// A participant as shown now; nothing but the id if they are gone.
    pub fn person(store: &Store, id: &ParticipantId) -> Self {
        let seen = store.with_person(id, |person| {
            person.primary_listing().map(|listing| {
                let (bridge, bridge_id) = match &person.home {
                    Some(Home::Bridge(name)) => (name.clone(), None),
                    Some(Home::Elsewhere { id, name }) => (name.clone().unwrap_or_else(|| id.clone()), Some(id.clone())),
                    None => (listing.key.bridge.clone(), None),
                };
                let waiting_since = person.lobby.since.filter(|_| person.lobby.state == Lobby::Waiting);
                let (name, address) = (listing.name.clone(), listing.address.clone());
                let subject = Self { person: id.clone(), name, address, bridge, waiting_since, ..Self::default() };
                (listing.key.clone(), bridge_id, subject)
            })
        });
        match seen.flatten() {
            Some((call, bridge_id, subject)) => {
                let bridge_id = bridge_id.unwrap_or_else(|| id_of(store, &subject.bridge));
                Self { bridge_id, ..subject.in_call(store, &call) }
            }
            None => Self { person: id.clone(), ..Self::default() },
        }
    }

    /// A meeting as shown now, with all bridges that have an instance of it.
    pub fn meeting(store: &Store, id: &Arc<str>) -> Self {
        let calls: Vec<CallKey> = meetings::calls_of(store, id).into_iter().map(|(key, _)| key).collect();
        let mut bridges: Vec<&str> = calls.iter().map(|key| &*key.bridge).collect();
        bridges.dedup();
        let ids: Vec<Arc<str>> = bridges.iter().map(|name| id_of(store, name)).filter(|id| !id.is_empty()).collect();
        let mut subject =
            Self { meeting: id.clone(), bridge: bridges.join(", ").into(), bridge_id: ids.join(", ").into(), ..Self::default() };
        // One bridge may know the name or ids that another does not.
        for known in calls.iter().map(|key| Self::default().in_call(store, key)) {
            for (text, known) in
                [(&mut subject.meeting_name, known.meeting_name), (&mut subject.space, known.space), (&mut subject.tenant, known.tenant)]
            {
                if text.is_empty() {
                    *text = known;
                }
            }
        }
        subject
    }

    /// A bridge by its configured name.
    pub fn bridge(store: &Store, name: &str) -> Self {
        Self { bridge: name.into(), bridge_id: id_of(store, name), ..Self::default() }
    }

    fn in_call(self, store: &Store, key: &CallKey) -> Self {
        let call = store.with_call(key, |Call { facts, .. }| Self {
            meeting: meeting_id(key, facts),
            meeting_name: view::filter_facts(facts).name.into(),
            space: facts.space.clone().unwrap_or_default(),
            tenant: facts.tenant.clone().unwrap_or_default(),
            ..self.clone()
        });
        call.unwrap_or(self)
    }
}

/// CMS's id of a configured bridge; empty until it is known.
fn id_of(store: &Store, bridge: &str) -> Arc<str> {
    store.find_in_bridge(bridge, |facts| facts.id.clone()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{AuditEvent, Entry};
    use crate::clock::Now;
    use crate::model::{LobbyFact, RosterPatch};

    fn key(bridge: &str, call: &str) -> CallKey {
        CallKey { bridge: bridge.into(), call: call.into() }
    }

    fn store() -> Store {
        let (store, now) = (Store::default(), Now::read());
        for bridge in ["eu-2", "eu-1"] {
            store.put_call(&key(bridge, "c"), |facts| {
                facts.correlator = Some("m".into());
                facts.space_name = (bridge == "eu-2").then(|| "Board".into());
                facts.space = (bridge == "eu-2").then(|| "s".into());
                facts.tenant = (bridge == "eu-2").then(|| "t".into());
            });
            store.put_bridge(&bridge.into(), |facts| facts.id = Some(format!("id of {bridge}").into()));
        }
        let patch = RosterPatch { name: Some("Bo".into()), address: Some("bo@x".into()), ..RosterPatch::default() };
        store.list_person(&key("eu-2", "c"), &"p".into(), patch, now.instant, now);
        store.update_person("p", |person| {
            person.home = Some(Home::Bridge("eu-1".into()));
            person.lobby = LobbyFact { state: Lobby::Waiting, since: Some(now.unix_ms - 90_000), ..LobbyFact::default() };
        });
        store
    }

    #[test]
    fn a_participant_is_described_as_shown_or_by_the_id_alone() {
        let store = store();
        let subject = AuditSubject::person(&store, &"p".into());
        let said = [&subject.person, &subject.name, &subject.address, &subject.meeting, &subject.meeting_name, &subject.bridge]
            .map(|text| &**text);
        assert_eq!(said, ["p", "Bo", "bo@x", "m", "Board", "eu-1"]);
        assert_eq!([&subject.space, &subject.tenant, &subject.bridge_id].map(|text| &**text), ["s", "t", "id of eu-1"]);
        let waited = Entry::elsewhere(AuditEvent::LetIn).about(subject).waited_ms().expect("waits");
        assert!((90_000..95_000).contains(&waited), "{waited}");
        assert_eq!(AuditSubject::person(&store, &"q".into()), AuditSubject { person: "q".into(), ..AuditSubject::default() });
    }

    #[test]
    fn a_meeting_is_described_by_all_of_its_bridges() {
        let subject = AuditSubject::meeting(&store(), &"m".into());
        assert_eq!((&*subject.meeting_name, &*subject.bridge, subject.waiting_since), ("Board", "eu-1, eu-2", None));
        assert_eq!([&subject.space, &subject.tenant, &subject.bridge_id].map(|text| &**text), ["s", "t", "id of eu-1, id of eu-2"]);
    }

    #[test]
    fn a_participant_hosted_elsewhere_has_the_id_of_that_bridge() {
        let store = store();
        store.update_person("p", |person| person.home = Some(Home::Elsewhere { id: "b-7".into(), name: Some("far".into()) }));
        let subject = AuditSubject::person(&store, &"p".into());
        assert_eq!((&*subject.bridge, &*subject.bridge_id), ("far", "b-7"));
        assert_eq!(&*AuditSubject::bridge(&store, "eu-1").bridge_id, "id of eu-1");
        assert_eq!(&*AuditSubject::bridge(&store, "eu-9").bridge_id, "");
    }
}
