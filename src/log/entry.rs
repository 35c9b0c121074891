//! What one line of the log says, and how it is put together where somebody acts. Writes nothing.

use std::sync::Arc;

use serde::Serialize;

use crate::actions::{Actor, Target, TargetResult};
use crate::clock::Now;
use crate::meetings;
use crate::model::{Call, CallKey, Home, ParticipantId};
use crate::store::Store;
use crate::view::{self, ActionResult, Lobby, Verb};
use crate::word::word;

/// One action on one person, meeting or bridge, once it has ended.
///
/// ```ignore
/// log.add(Entry::by(&actor, Action::Hold).scope(&scope).about(Whom::person(&store, &id)).ended(ActionResult::Done).detail("a reason"));
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// When it ended; Unix milliseconds.
    pub at: i64,
    /// Who caused it; empty where nobody at Usher did.
    pub user: Arc<str>,
    /// From which address; empty where nobody at Usher did it, or it is not known (any more).
    pub address: Arc<str>,
    pub action: Action,
    /// Which button it was (`person`, `selection`, `meeting` ...), or `elsewhere`.
    pub scope: Arc<str>,
    pub whom: Whom,
    /// How it ended, a word of `ActionResult`; empty where there is nothing to say.
    pub result: Arc<str>,
    /// CMS's word, or what went wrong.
    pub reason: Arc<str>,
    /// What belongs to the action: the label, the reason of a hold, the text of a message, who was first.
    pub detail: Arc<str>,
    /// Unique: this action on this one target. An entry that corrects this one names it.
    pub action_id: Arc<str>,
    /// The `action_id` of an earlier entry whose result this one puts right; empty for none.
    pub corrects: Arc<str>,
}

/// What was done. The words in the file are the names in snake case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    Hold,
    EndHold,
    Acknowledge,
    Thresholds,
    Pause,
    Resume,
    Retry,
    /// Somebody who waited is in, and nobody at Usher let them in.
    LetIn,
    /// Somebody who was in waits again, and nobody at Usher sent them back.
    PutBack,
    DisplayPair,
    DisplayLink,
    DisplaySet,
    DisplayRevoke,
    DisplayForget,
    /// Entries are missing here; how many is in the detail.
    Lost,
    /// Requests were refused because the log had no room for them; how many is in the detail.
    NoRoom,
    SignIn,
    SignOut,
    /// Wrong passwords; the user name as it was typed, and how many if several, are in the detail.
    SignInFailed,
    UserAdd,
    UserRemove,
    UserRole,
    UserPassword,
    /// The configuration was read again.
    Configure,
    /// The log was taken away as a file.
    Export,
    Backup,
    /// Usher's receiver of records was entered into a bridge, or removed there; or its address was made anew.
    CdrRegister,
    CdrRemove,
    CdrRenew,
    /// By way of CMS.
    #[serde(untagged)]
    Did(Verb),
}

impl Action {
    /// All there are, in the order in which people look for them.
    pub const ALL: &[Self] = &[
        Self::Did(Verb::Admit),
        Self::Did(Verb::SendBack),
        Self::Did(Verb::Remove),
        Self::Did(Verb::Mute),
        Self::Did(Verb::Unmute),
        Self::Did(Verb::Rename),
        Self::Did(Verb::Lock),
        Self::Did(Verb::Unlock),
        Self::Did(Verb::Message),
        Self::LetIn,
        Self::PutBack,
        Self::Hold,
        Self::EndHold,
        Self::Acknowledge,
        Self::Thresholds,
        Self::Pause,
        Self::Resume,
        Self::Retry,
        Self::SignIn,
        Self::SignInFailed,
        Self::SignOut,
        Self::UserAdd,
        Self::UserRemove,
        Self::UserRole,
        Self::UserPassword,
        Self::DisplayPair,
        Self::DisplayLink,
        Self::DisplaySet,
        Self::DisplayRevoke,
        Self::DisplayForget,
        Self::Configure,
        Self::CdrRegister,
        Self::CdrRemove,
        Self::CdrRenew,
        Self::Export,
        Self::Backup,
        Self::NoRoom,
        Self::Lost,
    ];

    /// As it stands in the file.
    pub fn word(self) -> Arc<str> {
        word(&self)
    }
}

/// Whom or what an action is about, as it was shown when it began: afterwards they may be gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Whom {
    /// Participant id; empty where it is about a meeting or bridge.
    pub person: Arc<str>,
    pub name: Arc<str>,
    pub address: Arc<str>,
    /// Id of the meeting's row.
    pub meeting: Arc<str>,
    pub meeting_name: Arc<str>,
    /// Configured name; several with commas.
    pub bridge: Arc<str>,
    /// CMS's ids of the meeting's space and tenant; empty where it has none, or none is known.
    pub space: Arc<str>,
    pub tenant: Arc<str>,
    /// CMS's id of the bridge, several with commas; empty where it is not known.
    pub bridge_id: Arc<str>,
    /// Since when the person waits; Unix milliseconds, None for who does not.
    pub waiting_since: Option<i64>,
}

impl Entry {
    /// An action of somebody at Usher that ends now.
    pub fn by(actor: &Actor, action: Action) -> Self {
        Self { user: actor.user.clone(), address: actor.address.to_string().into(), ..Self::of(action) }
    }

    /// What nobody at Usher did.
    pub fn elsewhere(action: Action) -> Self {
        Self { scope: "elsewhere".into(), ..Self::of(action) }
    }

    /// Only what, and that it ends now.
    pub fn of(action: Action) -> Self {
        let empty: Arc<str> = Arc::default();
        Self {
            at: Now::read().unix_ms,
            user: empty.clone(),
            address: empty.clone(),
            action,
            scope: empty.clone(),
            whom: Whom::default(),
            result: empty.clone(),
            reason: empty.clone(),
            detail: empty.clone(),
            action_id: new_action_id(),
            corrects: empty,
        }
    }

    /// The id of the action, where somebody had to know it before the action ended: see [`new_action_id`].
    #[must_use]
    pub fn action_id(self, id: impl Into<Arc<str>>) -> Self {
        Self { action_id: id.into(), ..self }
    }

    /// States that this entry puts the result of an earlier one right.
    #[must_use]
    pub fn corrects(self, action_id: impl Into<Arc<str>>) -> Self {
        Self { corrects: action_id.into(), ..self }
    }

    /// Adds the ids that rows don't carry, as the store knows them now.
    #[must_use]
    pub fn located(mut self, store: &Store) -> Self {
        let Whom { space, tenant, bridge_id, .. } = Whom::person(store, &self.whom.person);
        (self.whom.space, self.whom.tenant, self.whom.bridge_id) = (space, tenant, bridge_id);
        self
    }

    /// Which button it was: a word, or anything that serialises to one.
    #[must_use]
    pub fn scope(self, scope: &impl Serialize) -> Self {
        Self { scope: word(scope), ..self }
    }

    #[must_use]
    pub fn about(self, whom: Whom) -> Self {
        Self { whom, ..self }
    }

    /// How it ended: an `ActionResult`.
    #[must_use]
    pub fn ended(self, result: impl Serialize) -> Self {
        Self { result: word(&result), ..self }
    }

    #[must_use]
    pub fn reason(self, reason: impl Into<Arc<str>>) -> Self {
        Self { reason: reason.into(), ..self }
    }

    #[must_use]
    pub fn detail(self, detail: impl Into<Arc<str>>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// About people or meetings that Usher does not know, all in one entry: made up, or gone for long.
    #[must_use]
    pub fn unknown(self, ids: usize) -> Self {
        self.ended(ActionResult::Left).detail(format!("{ids} unknown ids"))
    }

    /// How it ended for a target of a press, with who was first, or is handling it, where somebody was.
    #[must_use]
    pub fn with(self, result: &TargetResult) -> Self {
        let detail = match &result.by {
            None => self.detail.clone(),
            Some(by) if self.detail.is_empty() => format!("by {by}").into(),
            Some(by) => format!("{}; by {by}", self.detail).into(),
        };
        self.ended(result.result).reason(result.reason.clone().unwrap_or_default()).detail(detail)
    }

    /// How long the person had waited when it ended; None for who did not wait when it began.
    pub fn waited_ms(&self) -> Option<i64> {
        self.whom.waiting_since.map(|since| (self.at - since).max(0))
    }
}

/// An id that no action has yet.
pub fn new_action_id() -> Arc<str> {
    uuid::Uuid::new_v4().to_string().into()
}

impl Whom {
    /// Of somebody of whom nothing but the id is known.
    pub fn target_only(target: &Target) -> Self {
        match target {
            Target::Person(id) => Self { person: id.clone(), ..Self::default() },
            Target::Meeting(id) => Self { meeting: id.clone(), ..Self::default() },
        }
    }

    /// A person or a meeting as shown now.
    pub fn target(store: &Store, target: &Target) -> Self {
        match target {
            Target::Person(id) => Self::person(store, id),
            Target::Meeting(id) => Self::meeting(store, id),
        }
    }

    /// A person as shown now; of one who is not there only the id.
    pub fn person(store: &Store, id: &ParticipantId) -> Self {
        let seen = store.with_person(id, |person| {
            view::face(person).map(|listing| {
                let (bridge, bridge_id) = match &person.home {
                    Some(Home::Bridge(name)) => (name.clone(), None),
                    Some(Home::Elsewhere { id, name }) => (name.clone().unwrap_or_else(|| id.clone()), Some(id.clone())),
                    None => (listing.key.bridge.clone(), None),
                };
                let waiting_since = person.lobby.since.filter(|_| person.lobby.state == Lobby::Waiting);
                let (name, address) = (listing.name.clone(), listing.address.clone());
                let whom = Self { person: id.clone(), name, address, bridge, waiting_since, ..Self::default() };
                (listing.key.clone(), bridge_id, whom)
            })
        });
        match seen.flatten() {
            Some((call, bridge_id, whom)) => {
                let bridge_id = bridge_id.unwrap_or_else(|| id_of(store, &whom.bridge));
                Self { bridge_id, ..whom.in_call(store, &call) }
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
        let mut whom = Self { meeting: id.clone(), bridge: bridges.join(", ").into(), bridge_id: ids.join(", ").into(), ..Self::default() };
        // What one bridge does not know another one may.
        for known in calls.iter().map(|key| Self::default().in_call(store, key)) {
            for (text, known) in
                [(&mut whom.meeting_name, known.meeting_name), (&mut whom.space, known.space), (&mut whom.tenant, known.tenant)]
            {
                if text.is_empty() {
                    *text = known;
                }
            }
        }
        whom
    }

    /// A bridge by its configured name.
    pub fn bridge(store: &Store, name: &str) -> Self {
        Self { bridge: name.into(), bridge_id: id_of(store, name), ..Self::default() }
    }

    fn in_call(self, store: &Store, key: &CallKey) -> Self {
        let call = store.with_call(key, |Call { facts, .. }| Self {
            meeting: view::meeting_id(key, facts),
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
    store.with_bridge(bridge, |facts| facts.id.clone()).flatten().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
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
    fn a_person_is_described_as_shown_and_one_who_is_gone_by_the_id() {
        let store = store();
        let whom = Whom::person(&store, &"p".into());
        let said = [&whom.person, &whom.name, &whom.address, &whom.meeting, &whom.meeting_name, &whom.bridge].map(|text| &**text);
        assert_eq!(said, ["p", "Bo", "bo@x", "m", "Board", "eu-1"]);
        assert_eq!([&whom.space, &whom.tenant, &whom.bridge_id].map(|text| &**text), ["s", "t", "id of eu-1"]);
        let waited = Entry::elsewhere(Action::LetIn).about(whom).waited_ms().expect("waits");
        assert!((90_000..95_000).contains(&waited), "{waited}");
        assert_eq!(Whom::person(&store, &"q".into()), Whom { person: "q".into(), ..Whom::default() });
    }

    #[test]
    fn a_meeting_has_the_name_and_ids_that_any_bridge_knows_and_all_its_bridges() {
        let whom = Whom::meeting(&store(), &"m".into());
        assert_eq!((&*whom.meeting_name, &*whom.bridge, whom.waiting_since), ("Board", "eu-1, eu-2", None));
        assert_eq!([&whom.space, &whom.tenant, &whom.bridge_id].map(|text| &**text), ["s", "t", "id of eu-1, id of eu-2"]);
    }

    #[test]
    fn somebody_hosted_elsewhere_has_the_id_of_that_bridge() {
        let store = store();
        store.update_person("p", |person| person.home = Some(Home::Elsewhere { id: "b-7".into(), name: Some("far".into()) }));
        let whom = Whom::person(&store, &"p".into());
        assert_eq!((&*whom.bridge, &*whom.bridge_id), ("far", "b-7"));
        assert_eq!(&*Whom::bridge(&store, "eu-1").bridge_id, "id of eu-1");
        assert_eq!(&*Whom::bridge(&store, "eu-9").bridge_id, "");
    }

    #[test]
    fn each_entry_has_an_id_of_its_own_which_a_correction_names() {
        let (first, second) = (Entry::elsewhere(Action::LetIn), Entry::elsewhere(Action::LetIn));
        assert!(!first.action_id.is_empty() && first.action_id != second.action_id && first.corrects.is_empty());
        let late = second.corrects(first.action_id.clone()).action_id("known before");
        assert_eq!((late.corrects, &*late.action_id), (first.action_id, "known before"));
    }

    #[test]
    fn words_are_those_of_the_protocol() {
        let entry = Entry::elsewhere(Action::Did(Verb::SendBack)).ended(ActionResult::Unconfirmed);
        assert_eq!((&*entry.scope, &*entry.result, &*word(&entry.action)), ("elsewhere", "unconfirmed", "send_back"));
    }
}
