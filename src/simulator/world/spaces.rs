//! The content of the shared database: spaces, their access methods, profiles and tenants. It has no calls.

use std::collections::HashMap;

use crate::simulator::id::Id;

use super::World;
use super::model::{DeactivationMode, LockMode};
use super::ordered::OrderedIds;

/// Spaces differ in strictness; each kind has one guest profile.
pub(crate) const GUEST_PROFILES: [(DeactivationMode, i64); 3] =
    [(DeactivationMode::Deactivate, 10), (DeactivationMode::Disconnect, 30), (DeactivationMode::RemainActivated, 0)];

#[derive(Debug, Clone)]
pub(crate) struct CallProfile {
    pub(crate) id: Id,
    pub(crate) lock_mode: LockMode,
}

#[derive(Debug, Clone)]
pub(crate) struct LegProfile {
    pub(crate) id: Id,
    pub(crate) name: &'static str,
    pub(crate) needs_activation: bool,
    pub(crate) deactivation: DeactivationMode,
    pub(crate) deactivation_s: i64,
    pub(crate) call_lock_allowed: bool,
}

#[derive(Debug, Clone)]
pub(crate) struct Tenant {
    pub(crate) id: Id,
    pub(crate) name: &'static str,
}

#[derive(Debug, Clone)]
pub(crate) struct AccessMethod {
    pub(crate) id: Id,
    pub(crate) name: &'static str,
    pub(crate) uri: String,
    pub(crate) call_id: String,
    pub(crate) leg_profile: Id,
}

#[derive(Debug, Clone)]
pub(crate) struct Space {
    pub(crate) id: Id,
    pub(crate) name: String,
    pub(crate) uri: String,
    pub(crate) call_id: String,
    pub(crate) owner_jid: String,
    pub(crate) tenant: Option<Id>,
    pub(crate) call_profile: usize,
    /// Index into `GUEST_PROFILES`.
    pub(crate) guest_profile: usize,
    pub(crate) access: Vec<AccessMethod>,
}

#[derive(Debug, Default)]
pub(crate) struct Directory {
    pub(crate) call_profiles: Vec<CallProfile>,
    /// Host, member, then one guest profile per entry of `GUEST_PROFILES`.
    pub(crate) leg_profiles: Vec<LegProfile>,
    pub(crate) tenants: Vec<Tenant>,
    pub(crate) spaces: HashMap<Id, Space>,
    pub(crate) space_order: OrderedIds,
}

impl Directory {
    pub(crate) fn new(world: &mut World) -> Self {
        let call_profiles =
            [LockMode::All, LockMode::NeedsActivation].map(|lock_mode| CallProfile { id: world.new_id(), lock_mode }).to_vec();
        let mut leg_profiles = vec![
            LegProfile {
                id: world.new_id(),
                name: "Host",
                needs_activation: false,
                deactivation: DeactivationMode::Deactivate,
                deactivation_s: 0,
                call_lock_allowed: true,
            },
            LegProfile {
                id: world.new_id(),
                name: "Member",
                needs_activation: false,
                deactivation: DeactivationMode::RemainActivated,
                deactivation_s: 0,
                call_lock_allowed: false,
            },
        ];
        for (deactivation, deactivation_s) in GUEST_PROFILES {
            leg_profiles.push(LegProfile {
                id: world.new_id(),
                name: "Guest",
                needs_activation: true,
                deactivation,
                deactivation_s,
                call_lock_allowed: false,
            });
        }
        let tenants = ["North", "Harbour", "Clinic"].map(|name| Tenant { id: world.new_id(), name }).to_vec();
        Self { call_profiles, leg_profiles, tenants, ..Self::default() }
    }
}

impl World {
    /// Adds a space with two access methods, told apart by profile (rest.md 4, host and guest).
    pub(crate) fn add_space(
        &mut self,
        name: String,
        number: u64,
        owner_jid: String,
        tenant: Option<Id>,
        call_profile: usize,
        guest_profile: usize,
    ) -> Id {
        let id = self.new_id();
        let seq = self.next_seq();
        let call_id = format!("{}", 800_000 + number);
        let profiles =
            [("Host", 'h', self.directory.leg_profiles[0].id), ("Guest", 'g', self.directory.leg_profiles[2 + guest_profile].id)];
        let mut access = Vec::new();
        for (label, suffix, leg_profile) in profiles {
            access.push(AccessMethod {
                id: self.new_id(),
                name: label,
                uri: format!("{call_id}{suffix}"),
                call_id: format!("{call_id}{}", if suffix == 'h' { 1 } else { 2 }),
                leg_profile,
            });
        }
        let space = Space { id, name, uri: format!("space.{number}"), call_id, owner_jid, tenant, call_profile, guest_profile, access };
        self.directory.spaces.insert(id, space);
        self.directory.space_order.insert(seq, id);
        id
    }
}
