//! What a space says of its calls: a name for nameless ones, whether anybody has to wait there at all, and whom a lock holds. Read last of
//! all, and seldom: it is changed by administrators, between meetings.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::Bridge;
use crate::cms::rest::client::AskError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::cms::rest::response::{Answer, Page, Profiles, SpaceDetail};
use crate::model::{CallId, LockMode};

/// Spaces and profiles by id, as far as they are read.
#[derive(Debug)]
pub(super) struct Labels {
    /// When it began to be read.
    since: Instant,
    spaces: HashMap<Arc<str>, Space>,
    tenants: HashMap<Arc<str>, Named>,
    system: Named,
    /// Does a call leg profile need activation? None: it can't be read.
    profiles: HashMap<Arc<str>, Option<bool>>,
    /// Whom does a call profile's lock hold? None: it can't be read; a profile that does not say leaves it to the next one of the chain.
    call_profiles: HashMap<Arc<str>, Option<Option<LockMode>>>,
}

#[derive(Debug, Default)]
struct Space {
    detail: Option<SpaceDetail>,
    methods: Vec<(Arc<str>, Profile)>,
    methods_listed: bool,
    /// Something of it can't be read: nothing is claimed about its lobby.
    closed: bool,
}

/// A profile that an object names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Profile {
    #[default]
    Unread,
    Nothing,
    Is(Arc<str>),
}

impl From<Option<Arc<str>>> for Profile {
    fn from(id: Option<Arc<str>>) -> Self {
        id.map_or(Self::Nothing, Self::Is)
    }
}

/// The profiles that an object names for legs and for calls.
#[derive(Debug, Clone, Default)]
struct Named {
    leg: Profile,
    call: Profile,
}

impl From<Profiles> for Named {
    fn from(profiles: Profiles) -> Self {
        Self { leg: profiles.leg.into(), call: profiles.call.into() }
    }
}

/// What is still to be read, or the answer.
#[derive(Debug, PartialEq, Eq)]
enum Next<T> {
    Ask(Ask),
    Answer(Option<T>),
}

impl Labels {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            spaces: HashMap::new(),
            tenants: HashMap::new(),
            system: Named::default(),
            profiles: HashMap::new(),
            call_profiles: HashMap::new(),
        }
    }

    /// A leg's profile comes from its access method, space, tenant or the system, in this order (rest.md section 4). `needsActivation`
    /// is false where nobody sets it. Profiles of single members are not looked at: a leg that waits says more than any profile.
    fn next(&self, id: &Arc<str>) -> Next<bool> {
        let Some(space) = self.spaces.get(id).filter(|space| !space.closed) else { return Next::Answer(None) };
        let Some(detail) = &space.detail else { return Next::Ask(Ask::Space(id.clone())) };
        if !space.methods_listed && detail.access_methods != Some(0) {
            return Next::Ask(Ask::AccessMethods(id.clone(), space.methods.len()));
        }
        let fallback = self.chain(detail).map(|(profiles, ask)| (profiles.leg, ask));
        let mut chains: Vec<Option<(&Arc<str>, &Profile)>> = space.methods.iter().map(|(id, profile)| Some((id, profile))).collect();
        chains.push(None);
        for method in chains {
            if let Some((method, Profile::Unread)) = method {
                return Next::Ask(Ask::AccessMethod(id.clone(), method.clone()));
            }
            let own = method.map(|(_, profile)| profile.clone()).unwrap_or(Profile::Nothing);
            let mut effective = Some(own).filter(|profile| *profile != Profile::Nothing);
            for (profile, ask) in &fallback {
                match (&effective, profile) {
                    (Some(_), _) | (None, Profile::Nothing) => {}
                    (None, Profile::Unread) => return Next::Ask(ask.clone()),
                    (None, profile) => effective = Some(profile.clone()),
                }
            }
            if let Some(Profile::Is(profile)) = effective {
                match self.profiles.get(&profile) {
                    None => return Next::Ask(Ask::LegProfile(profile)),
                    Some(None) => return Next::Answer(None),
                    Some(Some(true)) => return Next::Answer(Some(true)),
                    Some(Some(false)) => {}
                }
            }
        }
        Next::Answer(Some(false))
    }

    /// The lock mode comes from the call profile of the space, its tenant or the system: the first one that says it (rest.md section 8).
    /// `all` where none does.
    fn lock_mode(&self, id: &Arc<str>) -> Next<LockMode> {
        let Some(detail) = self.spaces.get(id).and_then(|space| space.detail.as_ref()) else { return Next::Answer(None) };
        for (profiles, ask) in self.chain(detail) {
            match profiles.call {
                Profile::Nothing => {}
                Profile::Unread => return Next::Ask(ask),
                Profile::Is(profile) => match self.call_profiles.get(&profile) {
                    None => return Next::Ask(Ask::CallProfile(profile)),
                    Some(None) => return Next::Answer(None),
                    Some(Some(None)) => {}
                    Some(Some(mode)) => return Next::Answer(*mode),
                },
            }
        }
        Next::Answer(Some(LockMode::All))
    }

    /// Whose profiles count, the space's own first, and how to read what is not known yet.
    fn chain(&self, detail: &SpaceDetail) -> [(Named, Ask); 3] {
        let tenant = match &detail.tenant {
            Some(tenant) => self.tenants.get(tenant).cloned().unwrap_or_default(),
            None => Profiles::default().into(),
        };
        let ask_tenant = Ask::Tenant(detail.tenant.clone().unwrap_or_default());
        // A space that is known has been read.
        [(detail.profiles.clone().into(), Ask::SystemProfiles), (tenant, ask_tenant), (self.system.clone(), Ask::SystemProfiles)]
    }
}

impl Bridge {
    /// Forgets what was read long ago, and with it what could not be read then. Calls keep what they were told until it is read again.
    pub(super) fn renew_labels(&mut self, now: Instant) {
        if now.duration_since(self.labels.since) >= self.timing.labels {
            self.labels = Labels::new(now);
        }
    }

    /// A call may have a space whose label is not known yet.
    pub(super) fn want_label(&mut self, call: &CallId) {
        let Some(space) = self.store.with_call(&self.key(call), |call| call.facts.space.clone()).flatten() else { return };
        if self.labels.spaces.contains_key(&space) {
            return self.apply_label(&space, Some(call));
        }
        self.labels.spaces.insert(space.clone(), Space::default());
        self.ask(Lane::InCall, Ask::Space(space));
    }

    pub(super) fn take_label(&mut self, ask: Ask, answer: Answer) {
        match (&ask, answer) {
            (Ask::Space(id), Answer::Space(detail)) => {
                self.labels.spaces.entry(id.clone()).or_default().detail = Some(detail);
            }
            (Ask::AccessMethods(id, offset), Answer::AccessMethods(page)) => self.take_methods(id, *offset, page),
            (Ask::AccessMethod(id, method), Answer::ProfilesOf(profiles)) => {
                let space = self.labels.spaces.entry(id.clone()).or_default();
                if let Some((_, entry)) = space.methods.iter_mut().find(|(known, _)| known == method) {
                    *entry = profiles.leg.into();
                }
            }
            (Ask::Tenant(id), Answer::ProfilesOf(profiles)) => {
                self.labels.tenants.insert(id.clone(), profiles.into());
            }
            (Ask::SystemProfiles, Answer::ProfilesOf(profiles)) => self.labels.system = profiles.into(),
            (Ask::CallProfile(id), Answer::CallProfile { lock_mode }) => {
                self.labels.call_profiles.insert(id.clone(), Some(lock_mode));
            }
            (Ask::LegProfile(id), Answer::LegProfile { needs_activation }) => {
                self.labels.profiles.insert(id.clone(), Some(needs_activation.unwrap_or(false)));
            }
            _ => return,
        }
        self.advance_labels(&ask);
    }

    fn take_methods(&mut self, id: &Arc<str>, offset: usize, page: Page<Arc<str>>) {
        let space = self.labels.spaces.entry(id.clone()).or_default();
        if offset != space.methods.len() {
            // Of a reading that has been given up since.
            return;
        }
        space.methods_listed = page.next(offset).is_none();
        for method in page.items {
            if !space.methods.iter().any(|(known, _)| *known == method) {
                space.methods.push((method, Profile::Unread));
            }
        }
    }

    /// What can't be read leaves the question open; it never claims that there is no lobby. A refusal stands until all is read anew;
    /// anything else passes, and is asked again when the calls are listed next.
    pub(super) fn label_failed(&mut self, ask: &Ask, error: &AskError) {
        let stands = match error {
            AskError::Forbidden | AskError::Gone(_) => true,
            AskError::Refused { status, reason } => (400..500).contains(status) && !reason.contains("databaseNotReady"),
            _ => false,
        };
        if !stands {
            if let Ask::Space(id) = ask {
                self.labels.spaces.remove(id);
            }
            return;
        }
        match ask {
            Ask::Space(id) | Ask::AccessMethods(id, _) | Ask::AccessMethod(id, _) => {
                self.labels.spaces.entry(id.clone()).or_default().closed = true;
            }
            Ask::LegProfile(id) => {
                self.labels.profiles.insert(id.clone(), None);
            }
            Ask::CallProfile(id) => {
                self.labels.call_profiles.insert(id.clone(), None);
            }
            Ask::Tenant(_) | Ask::SystemProfiles => {
                for space in self.labels.spaces.values_mut() {
                    space.closed = true;
                }
            }
            _ => return,
        }
        self.advance_labels(ask);
    }

    /// Answers about one space concern that space; shared profiles concern them all.
    fn advance_labels(&mut self, ask: &Ask) {
        let spaces: Vec<Arc<str>> = match ask {
            Ask::Space(id) | Ask::AccessMethods(id, _) | Ask::AccessMethod(id, _) => vec![id.clone()],
            _ => self.labels.spaces.keys().cloned().collect(),
        };
        for space in spaces {
            self.apply_label(&space, None);
        }
    }

    /// Writes what is known of a space to its calls, and asks for what is not.
    fn apply_label(&mut self, space: &Arc<str>, only: Option<&CallId>) {
        let needs_activation = match self.labels.next(space) {
            Next::Ask(ask) => {
                self.ask(Lane::InCall, ask);
                None
            }
            Next::Answer(answer) => answer,
        };
        // Before 2.9 there was none (rest.md section 9).
        let lock_mode = match self.labels.lock_mode(space) {
            _ if self.labels.spaces.get(space).is_some_and(|space| space.closed) => None,
            Next::Ask(ask) => {
                self.ask(Lane::InCall, ask);
                None
            }
            Next::Answer(answer) => answer.filter(|_| self.store.with_bridge(&self.name, |bridge| bridge.can_admit).unwrap_or(false)),
        };
        let detail = self.labels.spaces.get(space).and_then(|space| space.detail.clone());
        let calls = only.map_or_else(|| self.calls.keys().cloned().collect(), |call| vec![call.clone()]);
        for call in calls {
            let key = self.key(&call);
            if self.store.with_call(&key, |call| call.facts.space.as_ref() == Some(space)).unwrap_or(false) {
                self.store.put_call(&key, |facts| {
                    if let Some(detail) = &detail {
                        facts.space_name.clone_from(&detail.name);
                        facts.space_uri.clone_from(&detail.uri);
                    }
                    facts.needs_activation = needs_activation.or(facts.needs_activation);
                    facts.lock_mode = lock_mode.or(facts.lock_mode);
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(methods: Option<usize>, profile: Option<&str>) -> SpaceDetail {
        SpaceDetail { access_methods: methods, profiles: Profiles { leg: profile.map(Arc::from), call: None }, ..SpaceDetail::default() }
    }

    fn labels(detail: SpaceDetail) -> Labels {
        let mut labels = Labels::new(Instant::now());
        labels.spaces.insert("s".into(), Space { detail: Some(detail), ..Space::default() });
        labels
    }

    #[test]
    fn a_space_without_any_profile_has_no_lobby() {
        let mut labels = labels(space(Some(0), None));
        assert_eq!(labels.next(&"s".into()), Next::Ask(Ask::SystemProfiles));
        labels.system = Profiles::default().into();
        assert_eq!(labels.next(&"s".into()), Next::Answer(Some(false)));
    }

    #[test]
    fn one_access_method_that_needs_activation_makes_a_lobby() {
        let mut labels = labels(space(Some(1), Some("open")));
        assert_eq!(labels.next(&"s".into()), Next::Ask(Ask::AccessMethods("s".into(), 0)));
        let entry = labels.spaces.get_mut("s").expect("space");
        entry.methods_listed = true;
        entry.methods.push(("guests".into(), Profile::Is("guest".into())));
        assert_eq!(labels.next(&"s".into()), Next::Ask(Ask::LegProfile("guest".into())));
        labels.profiles.insert("guest".into(), Some(true));
        assert_eq!(labels.next(&"s".into()), Next::Answer(Some(true)));
    }

    #[test]
    fn the_lock_mode_is_of_the_first_profile_that_says_one() {
        let mut detail = space(Some(0), None);
        (detail.profiles.call, detail.tenant) = (Some("silent".into()), Some("t".into()));
        let mut labels = labels(detail);
        let next = |labels: &Labels| labels.lock_mode(&"s".into());
        assert_eq!(next(&labels), Next::Ask(Ask::CallProfile("silent".into())));
        labels.call_profiles.insert("silent".into(), Some(None));
        assert_eq!(next(&labels), Next::Ask(Ask::Tenant("t".into())));
        labels.tenants.insert("t".into(), Profiles { leg: None, call: Some("of the tenant".into()) }.into());
        labels.call_profiles.insert("of the tenant".into(), Some(Some(LockMode::NeedsActivation)));
        assert_eq!(next(&labels), Next::Answer(Some(LockMode::NeedsActivation)));
        labels.call_profiles.insert("of the tenant".into(), Some(None));
        labels.system = Profiles::default().into();
        assert_eq!(next(&labels), Next::Answer(Some(LockMode::All)), "nobody says one");
        labels.call_profiles.insert("of the tenant".into(), None);
        assert_eq!(next(&labels), Next::Answer(None), "it can't be read");
    }

    #[test]
    fn what_cannot_be_read_is_not_claimed() {
        let mut labels = labels(space(Some(0), Some("secret")));
        labels.profiles.insert("secret".into(), None);
        assert_eq!(labels.next(&"s".into()), Next::Answer(None));
    }
}
