//! What a space says of its calls: a name for nameless ones, and whether anybody has to wait there at all. Read once a space, last of all.

use std::collections::HashMap;
use std::sync::Arc;

use super::Bridge;
use crate::cms::answer::{Answer, Page, SpaceDetail};
use crate::cms::ask::Ask;
use crate::cms::queue::Lane;
use crate::model::CallId;

/// Spaces and profiles by id, as far as they are read.
#[derive(Debug, Default)]
pub(super) struct Labels {
    spaces: HashMap<Arc<str>, Space>,
    tenants: HashMap<Arc<str>, Profile>,
    system: Profile,
    /// Does a call leg profile need activation?
    profiles: HashMap<Arc<str>, Option<bool>>,
}

#[derive(Debug, Default)]
struct Space {
    detail: Option<SpaceDetail>,
    methods: Vec<(Arc<str>, Profile)>,
    methods_listed: bool,
    /// Something of it can't be read: nothing is claimed about its lobby.
    closed: bool,
}

/// The call leg profile that an object names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
enum Profile {
    #[default]
    Unread,
    Nothing,
    Is(Arc<str>),
}

/// What is still to be read, or the answer.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Ask(Ask),
    Answer(Option<bool>),
}

impl Labels {
    /// A leg's profile comes from its access method, space, tenant or the system, in this order (rest.md section 4). `needsActivation`
    /// is false where nobody sets it. Profiles of single members are not looked at: a leg that waits says more than any profile.
    fn next(&self, id: &Arc<str>) -> Next {
        let Some(space) = self.spaces.get(id).filter(|space| !space.closed) else { return Next::Answer(None) };
        let Some(detail) = &space.detail else { return Next::Ask(Ask::Space(id.clone())) };
        if !space.methods_listed && detail.access_methods != Some(0) {
            return Next::Ask(Ask::AccessMethods(id.clone(), space.methods.len()));
        }
        let fallback = [detail.leg_profile.clone().map_or(Profile::Nothing, Profile::Is), self.tenant(detail), self.system.clone()];
        let unread = |n| match n {
            1 => Ask::Tenant(detail.tenant.clone().unwrap_or_default()),
            _ => Ask::SystemProfiles,
        };
        let mut chains: Vec<Option<(&Arc<str>, &Profile)>> = space.methods.iter().map(|(id, profile)| Some((id, profile))).collect();
        chains.push(None);
        for method in chains {
            if let Some((method, Profile::Unread)) = method {
                return Next::Ask(Ask::AccessMethod(id.clone(), method.clone()));
            }
            let own = method.map(|(_, profile)| profile.clone()).unwrap_or(Profile::Nothing);
            let mut effective = Some(own).filter(|profile| *profile != Profile::Nothing);
            for (n, profile) in fallback.iter().enumerate() {
                match (&effective, profile) {
                    (Some(_), _) | (None, Profile::Nothing) => {}
                    (None, Profile::Unread) => return Next::Ask(unread(n)),
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

    fn tenant(&self, detail: &SpaceDetail) -> Profile {
        match &detail.tenant {
            Some(tenant) => self.tenants.get(tenant).cloned().unwrap_or_default(),
            None => Profile::Nothing,
        }
    }
}

impl Bridge {
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
            (Ask::AccessMethod(id, method), Answer::ProfileOf(profile)) => {
                let space = self.labels.spaces.entry(id.clone()).or_default();
                if let Some((_, entry)) = space.methods.iter_mut().find(|(known, _)| known == method) {
                    *entry = profile.map_or(Profile::Nothing, Profile::Is);
                }
            }
            (Ask::Tenant(id), Answer::ProfileOf(profile)) => {
                self.labels.tenants.insert(id.clone(), profile.map_or(Profile::Nothing, Profile::Is));
            }
            (Ask::SystemProfiles, Answer::ProfileOf(profile)) => self.labels.system = profile.map_or(Profile::Nothing, Profile::Is),
            (Ask::LegProfile(id), Answer::LegProfile { needs_activation }) => {
                self.labels.profiles.insert(id.clone(), Some(needs_activation.unwrap_or(false)));
            }
            _ => return,
        }
        self.advance_labels(&ask);
    }

    fn take_methods(&mut self, id: &Arc<str>, offset: usize, page: Page<Arc<str>>) {
        let space = self.labels.spaces.entry(id.clone()).or_default();
        space.methods_listed = page.next(offset).is_none();
        for method in page.items {
            if !space.methods.iter().any(|(known, _)| *known == method) {
                space.methods.push((method, Profile::Unread));
            }
        }
    }

    /// What can't be read leaves the question open; it never claims that there is no lobby.
    pub(super) fn label_failed(&mut self, ask: &Ask) {
        match ask {
            Ask::Space(id) | Ask::AccessMethods(id, _) | Ask::AccessMethod(id, _) => {
                self.labels.spaces.entry(id.clone()).or_default().closed = true;
            }
            Ask::LegProfile(id) => {
                self.labels.profiles.insert(id.clone(), None);
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
                });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(methods: Option<usize>, profile: Option<&str>) -> SpaceDetail {
        SpaceDetail { access_methods: methods, leg_profile: profile.map(Arc::from), ..SpaceDetail::default() }
    }

    fn labels(detail: SpaceDetail) -> Labels {
        let mut labels = Labels::default();
        labels.spaces.insert("s".into(), Space { detail: Some(detail), ..Space::default() });
        labels
    }

    #[test]
    fn a_space_without_any_profile_has_no_lobby() {
        let mut labels = labels(space(Some(0), None));
        assert_eq!(labels.next(&"s".into()), Next::Ask(Ask::SystemProfiles));
        labels.system = Profile::Nothing;
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
    fn what_cannot_be_read_is_not_claimed() {
        let mut labels = labels(space(Some(0), Some("secret")));
        labels.profiles.insert("secret".into(), None);
        assert_eq!(labels.next(&"s".into()), Next::Answer(None));
    }
}
