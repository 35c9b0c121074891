//! Describes calls by their space: a name for calls without one, whether they have a lobby, and whom a lock keeps out.
//!
//! Spaces and profiles are read last, and seldom: administrators change them between meetings.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::context::Context;
use super::effects::Effect;
use crate::cms::rest::client::RequestError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::cms::rest::response::{ListPage, Profiles, Response, SpaceDetail};
use crate::model::{CallId, LockMode};

/// Spaces and profiles by id, as far as they have been read.
#[derive(Debug)]
pub(super) struct SpaceProfiles {
    /// When reading began.
    since: Instant,
    spaces: HashMap<Arc<str>, SpaceEntry>,
    tenants: HashMap<Arc<str>, ProfileIds>,
    system: ProfileIds,
    /// Whether a call leg profile needs activation. None: it can't be read.
    profiles: HashMap<Arc<str>, Option<bool>>,
    /// The lock mode of a call profile. None: it can't be read; a profile that names none leaves it to the next one of the chain.
    call_profiles: HashMap<Arc<str>, Option<Option<LockMode>>>,
}

#[derive(Debug, Default)]
struct SpaceEntry {
    detail: Option<SpaceDetail>,
    methods: Vec<(Arc<str>, Profile)>,
    methods_listed: bool,
    /// Part of it can't be read: nothing is claimed about its lobby.
    closed: bool,
}

/// The profile that an object names, if it was read.
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
struct ProfileIds {
    leg: Profile,
    call: Profile,
}

impl From<Profiles> for ProfileIds {
    fn from(profiles: Profiles) -> Self {
        Self { leg: profiles.leg.into(), call: profiles.call.into() }
    }
}

/// The value, or the request that must come first.
#[derive(Debug, PartialEq, Eq)]
enum ProfileLookup<T> {
    Request(Request),
    Known(Option<T>),
}

impl SpaceProfiles {
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            spaces: HashMap::new(),
            tenants: HashMap::new(),
            system: ProfileIds::default(),
            profiles: HashMap::new(),
            call_profiles: HashMap::new(),
        }
    }

    /// A leg's profile comes from its access method, space, tenant or the system, in this order (rest.md section 4). `needsActivation` is
    /// false where none sets it. Profiles of single members are not read: a leg that waits says more than any profile.
    fn needs_activation(&self, id: &Arc<str>) -> ProfileLookup<bool> {
        let Some(space) = self.spaces.get(id).filter(|space| !space.closed) else { return ProfileLookup::Known(None) };
        let Some(detail) = &space.detail else { return ProfileLookup::Request(Request::Space(id.clone())) };
        if !space.methods_listed && detail.access_methods != Some(0) {
            return ProfileLookup::Request(Request::AccessMethods(id.clone(), space.methods.len()));
        }
        let fallback = self.chain(detail).map(|(profiles, request)| (profiles.leg, request));
        let mut chains: Vec<Option<(&Arc<str>, &Profile)>> = space.methods.iter().map(|(id, profile)| Some((id, profile))).collect();
        chains.push(None);
        for method in chains {
            if let Some((method, Profile::Unread)) = method {
                return ProfileLookup::Request(Request::AccessMethod(id.clone(), method.clone()));
            }
            let own = method.map(|(_, profile)| profile.clone()).unwrap_or(Profile::Nothing);
            let mut effective = Some(own).filter(|profile| *profile != Profile::Nothing);
            for (profile, request) in &fallback {
                match (&effective, profile) {
                    (Some(_), _) | (None, Profile::Nothing) => {}
                    (None, Profile::Unread) => return ProfileLookup::Request(request.clone()),
                    (None, profile) => effective = Some(profile.clone()),
                }
            }
            if let Some(Profile::Is(profile)) = effective {
                match self.profiles.get(&profile) {
                    None => return ProfileLookup::Request(Request::LegProfile(profile)),
                    Some(None) => return ProfileLookup::Known(None),
                    Some(Some(true)) => return ProfileLookup::Known(Some(true)),
                    Some(Some(false)) => {}
                }
            }
        }
        ProfileLookup::Known(Some(false))
    }

    /// The lock mode comes from the call profile of the space, its tenant or the system: the first one that says it (rest.md section 8).
    /// `all` where none does.
    fn lock_mode(&self, id: &Arc<str>) -> ProfileLookup<LockMode> {
        let Some(detail) = self.spaces.get(id).and_then(|space| space.detail.as_ref()) else { return ProfileLookup::Known(None) };
        for (profiles, request) in self.chain(detail) {
            match profiles.call {
                Profile::Nothing => {}
                Profile::Unread => return ProfileLookup::Request(request),
                Profile::Is(profile) => match self.call_profiles.get(&profile) {
                    None => return ProfileLookup::Request(Request::CallProfile(profile)),
                    Some(None) => return ProfileLookup::Known(None),
                    Some(Some(None)) => {}
                    Some(Some(mode)) => return ProfileLookup::Known(*mode),
                },
            }
        }
        ProfileLookup::Known(Some(LockMode::All))
    }

    /// The objects whose profiles count, the space itself first, each with the request that reads it.
    fn chain(&self, detail: &SpaceDetail) -> [(ProfileIds, Request); 3] {
        let tenant = match &detail.tenant {
            Some(tenant) => self.tenants.get(tenant).cloned().unwrap_or_default(),
            None => Profiles::default().into(),
        };
        let tenant_request = Request::Tenant(detail.tenant.clone().unwrap_or_default());
        // A space that is known has been read.
        [
            (detail.profiles.clone().into(), Request::SystemProfiles),
            (tenant, tenant_request),
            (self.system.clone(), Request::SystemProfiles),
        ]
    }

    /// Forgets everything when the bridge was reached again.
    pub(super) fn reset_profiles(&mut self, now: Instant) {
        *self = Self::new(now);
    }

    /// Forgets everything that was read long ago, and what could not be read then. Calls keep their values until they are read again.
    pub(super) fn renew_profiles(&mut self, ctx: &Context, now: Instant) {
        if now.duration_since(self.since) >= ctx.timing.labels {
            *self = Self::new(now);
        }
    }

    /// Describes a call by its space, which is read first where it is not known.
    pub(super) fn describe_call(&mut self, ctx: &mut Context, call: &CallId) {
        let Some(space) = ctx.store.find_in_call(&ctx.key(call), |call| call.facts.space.clone()) else { return };
        if self.spaces.contains_key(&space) {
            return self.describe_calls(ctx, &space, std::iter::once(call));
        }
        self.spaces.insert(space.clone(), SpaceEntry::default());
        ctx.request(Lane::InCall, Request::Space(space));
    }

    pub(super) fn on_profile(&mut self, ctx: &mut Context, request: &Request, response: Response) {
        match (request, response) {
            (Request::Space(id), Response::Space(detail)) => {
                self.spaces.entry(id.clone()).or_default().detail = Some(detail);
            }
            (Request::AccessMethods(id, offset), Response::AccessMethods(page)) => self.add_methods(id, *offset, page),
            (Request::AccessMethod(id, method), Response::ProfilesOf(profiles)) => {
                let space = self.spaces.entry(id.clone()).or_default();
                if let Some((_, entry)) = space.methods.iter_mut().find(|(known, _)| known == method) {
                    *entry = profiles.leg.into();
                }
            }
            (Request::Tenant(id), Response::ProfilesOf(profiles)) => {
                self.tenants.insert(id.clone(), profiles.into());
            }
            (Request::SystemProfiles, Response::ProfilesOf(profiles)) => self.system = profiles.into(),
            (Request::CallProfile(id), Response::CallProfile { lock_mode }) => {
                self.call_profiles.insert(id.clone(), Some(lock_mode));
            }
            (Request::LegProfile(id), Response::LegProfile { needs_activation }) => {
                self.profiles.insert(id.clone(), Some(needs_activation.unwrap_or(false)));
            }
            _ => return,
        }
        self.emit_spaces_read(ctx, request);
    }

    fn add_methods(&mut self, id: &Arc<str>, offset: usize, page: ListPage<Arc<str>>) {
        let space = self.spaces.entry(id.clone()).or_default();
        if offset != space.methods.len() {
            // The page belongs to a reading that has been given up since.
            return;
        }
        space.methods_listed = page.next(offset).is_none();
        for method in page.items {
            if !space.methods.iter().any(|(known, _)| *known == method) {
                space.methods.push((method, Profile::Unread));
            }
        }
    }

    /// A profile that can't be read leaves it unknown whether there is a lobby. A refusal counts until everything is read anew; after any
    /// other failure the space is read again with the next list of calls.
    pub(super) fn on_profile_failed(&mut self, ctx: &mut Context, request: &Request, error: &RequestError) {
        let is_permanent = match error {
            RequestError::Forbidden | RequestError::Gone(_) => true,
            RequestError::Refused { status, reason } => (400..500).contains(status) && !reason.contains("databaseNotReady"),
            _ => false,
        };
        if !is_permanent {
            if let Request::Space(id) = request {
                self.spaces.remove(id);
            }
            return;
        }
        match request {
            Request::Space(id) | Request::AccessMethods(id, _) | Request::AccessMethod(id, _) => {
                self.spaces.entry(id.clone()).or_default().closed = true;
            }
            Request::LegProfile(id) => {
                self.profiles.insert(id.clone(), None);
            }
            Request::CallProfile(id) => {
                self.call_profiles.insert(id.clone(), None);
            }
            Request::Tenant(_) | Request::SystemProfiles => {
                for space in self.spaces.values_mut() {
                    space.closed = true;
                }
            }
            _ => return,
        }
        self.emit_spaces_read(ctx, request);
    }

    /// A response about one space concerns that space; shared profiles concern all spaces.
    fn emit_spaces_read(&self, ctx: &mut Context, request: &Request) {
        match request {
            Request::Space(id) | Request::AccessMethods(id, _) | Request::AccessMethod(id, _) => ctx.emit(Effect::SpaceRead(id.clone())),
            _ => self.spaces.keys().for_each(|space| ctx.emit(Effect::SpaceRead(space.clone()))),
        }
    }

    /// Writes the known facts of a space to those of these calls that belong to it, and requests the missing ones.
    pub(super) fn describe_calls<'a>(&self, ctx: &mut Context, space: &Arc<str>, calls: impl Iterator<Item = &'a CallId>) {
        let needs_activation = self.needs_activation(space).known_or_request(ctx);
        let entry = self.spaces.get(space);
        let lock_mode = match entry {
            Some(entry) if entry.closed => None,
            _ => self.lock_mode(space).known_or_request(ctx),
        };
        // There was no lock mode before 2.9 (rest.md section 9).
        let lock_mode = lock_mode.filter(|_| ctx.store.bridge_is(&ctx.name, |bridge| bridge.can_admit));
        let detail = entry.and_then(|entry| entry.detail.as_ref());
        for call in calls {
            let key = ctx.key(call);
            if ctx.store.with_call(&key, |call| call.facts.space.as_ref() == Some(space)).unwrap_or(false) {
                ctx.store.put_call(&key, |facts| {
                    if let Some(detail) = detail {
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

impl<T> ProfileLookup<T> {
    fn known_or_request(self, ctx: &mut Context) -> Option<T> {
        match self {
            Self::Request(request) => {
                ctx.request(Lane::InCall, request);
                None
            }
            Self::Known(value) => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(methods: Option<usize>, profile: Option<&str>) -> SpaceDetail {
        SpaceDetail { access_methods: methods, profiles: Profiles { leg: profile.map(Arc::from), call: None }, ..SpaceDetail::default() }
    }

    fn profiles(detail: SpaceDetail) -> SpaceProfiles {
        let mut known = SpaceProfiles::new(Instant::now());
        known.spaces.insert("s".into(), SpaceEntry { detail: Some(detail), ..SpaceEntry::default() });
        known
    }

    #[test]
    fn a_space_without_any_profile_has_no_lobby() {
        let mut known = profiles(space(Some(0), None));
        assert_eq!(known.needs_activation(&"s".into()), ProfileLookup::Request(Request::SystemProfiles));
        known.system = Profiles::default().into();
        assert_eq!(known.needs_activation(&"s".into()), ProfileLookup::Known(Some(false)));
    }

    #[test]
    fn one_access_method_that_needs_activation_makes_a_lobby() {
        let mut known = profiles(space(Some(1), Some("open")));
        assert_eq!(known.needs_activation(&"s".into()), ProfileLookup::Request(Request::AccessMethods("s".into(), 0)));
        let entry = known.spaces.get_mut("s").expect("space");
        entry.methods_listed = true;
        entry.methods.push(("guests".into(), Profile::Is("guest".into())));
        assert_eq!(known.needs_activation(&"s".into()), ProfileLookup::Request(Request::LegProfile("guest".into())));
        known.profiles.insert("guest".into(), Some(true));
        assert_eq!(known.needs_activation(&"s".into()), ProfileLookup::Known(Some(true)));
    }

    #[test]
    fn the_first_profile_that_sets_a_lock_mode_decides() {
        let mut detail = space(Some(0), None);
        (detail.profiles.call, detail.tenant) = (Some("silent".into()), Some("t".into()));
        let mut known = profiles(detail);
        let next = |known: &SpaceProfiles| known.lock_mode(&"s".into());
        assert_eq!(next(&known), ProfileLookup::Request(Request::CallProfile("silent".into())));
        known.call_profiles.insert("silent".into(), Some(None));
        assert_eq!(next(&known), ProfileLookup::Request(Request::Tenant("t".into())));
        known.tenants.insert("t".into(), Profiles { leg: None, call: Some("of the tenant".into()) }.into());
        known.call_profiles.insert("of the tenant".into(), Some(Some(LockMode::NeedsActivation)));
        assert_eq!(next(&known), ProfileLookup::Known(Some(LockMode::NeedsActivation)));
        known.call_profiles.insert("of the tenant".into(), Some(None));
        known.system = Profiles::default().into();
        assert_eq!(next(&known), ProfileLookup::Known(Some(LockMode::All)), "no profile sets one");
        known.call_profiles.insert("of the tenant".into(), None);
        assert_eq!(next(&known), ProfileLookup::Known(None), "it can't be read");
    }

    #[test]
    fn an_unreadable_profile_claims_nothing() {
        let mut known = profiles(space(Some(0), Some("secret")));
        known.profiles.insert("secret".into(), None);
        assert_eq!(known.needs_activation(&"s".into()), ProfileLookup::Known(None));
    }
}
