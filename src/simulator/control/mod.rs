//! The in-process handle of the control API, with which tests and users change the cluster from outside.
//! Nothing here goes through the CMS interfaces.

mod actions;
mod faults;
pub(crate) mod http;

use std::sync::Arc;

use crate::simulator::id::Id;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::core::{Core, now_ms};
use super::ports::Ports;
use super::requests::Requests;
use super::switchboard::SwitchError;
use super::world::Refusal;
use super::world::truth::Truth;

/// A cheap handle; all clones control the same cluster.
#[derive(Clone)]
pub struct Control {
    core: Arc<Core>,
    ports: Arc<Ports>,
}

#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    #[error(transparent)]
    Refused(#[from] Refusal),
    #[error("no bridge is called {0:?}")]
    NoBridge(String),
    #[error(transparent)]
    Switches(#[from] SwitchError),
    #[error("cannot open the port again: {0}")]
    Port(#[from] std::io::Error),
}

/// The part that a participant has in the lobby rules (rest.md 3.4 and 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Needs activation.
    #[default]
    Guest,
    /// Does not wait in an open call, and does not let others in.
    Member,
    /// An activator.
    Host,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Join {
    /// A correlator or any bridge's call id.
    pub meeting: Id,
    /// The home bridge; the meeting's first one when absent.
    #[serde(default)]
    pub bridge: Option<String>,
    #[serde(default)]
    pub name: String,
    /// Generated when absent.
    #[serde(default)]
    pub uri: Option<String>,
    #[serde(default)]
    pub role: Role,
    /// Joins by the web app: then the leg's id is the participant's.
    #[serde(default)]
    pub web_app: bool,
    /// A Lync client that shares content: two legs.
    #[serde(default)]
    pub sharing: bool,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct StartCall {
    pub name: String,
    pub owner: String,
    /// The first bridge when absent.
    pub bridge: Option<String>,
    /// `all` or `needsActivation`.
    pub lock_mode: String,
    /// `deactivate`, `disconnect` or `remainActivated`.
    pub deactivation_mode: String,
    pub deactivation_s: i64,
    /// Continues without participants until it is ended.
    pub active_when_empty: bool,
    /// Creates a space for it too.
    pub space: bool,
}

impl Default for StartCall {
    fn default() -> Self {
        Self {
            name: String::new(),
            owner: String::new(),
            bridge: None,
            lock_mode: "all".to_owned(),
            deactivation_mode: "deactivate".to_owned(),
            deactivation_s: 0,
            active_when_empty: true,
            space: false,
        }
    }
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Move {
    pub participant: Id,
    pub meeting: Id,
    #[serde(default)]
    pub bridge: Option<String>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dial {
    pub meeting: Id,
    #[serde(default)]
    pub bridge: Option<String>,
    pub name: String,
    pub uri: String,
    /// A failure reason such as `remoteBusy`; when absent, the call is answered.
    #[serde(default)]
    pub fails: Option<String>,
    #[serde(default)]
    pub ring_after_ms: i64,
    #[serde(default)]
    pub end_after_ms: i64,
}

/// How events sockets are closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Cut {
    /// The connection breaks.
    #[default]
    Hard,
    /// A close frame without a code.
    Close,
    /// A close frame with this code.
    Code(u16),
}

impl Control {
    pub(crate) fn new(core: Arc<Core>, ports: Arc<Ports>) -> Self {
        Self { core, ports }
    }

    /// The true state of the cluster at one instant.
    pub fn truth(&self) -> Truth {
        let up: Vec<bool> = self.core.bridges.iter().map(|b| b.is_up()).collect();
        self.core.read(|world| world.truth(&up, now_ms()))
    }

    /// The switches that were set and those in force.
    pub fn switches(&self) -> Value {
        self.core.switches.show()
    }

    /// Sets the given switches for all bridges or one; `null` resets one.
    pub fn set_switches(&self, bridge: Option<&str>, values: Value) -> Result<(), ControlError> {
        self.change_switches(bridge, values, false)
    }

    /// Replaces the switches that were set there before.
    pub fn replace_switches(&self, bridge: Option<&str>, values: Value) -> Result<(), ControlError> {
        self.change_switches(bridge, values, true)
    }

    fn change_switches(&self, bridge: Option<&str>, values: Value, replace: bool) -> Result<(), ControlError> {
        self.core.switches.set(bridge, values, replace)?;
        self.core.state(|state| state.hub.broadcast(None, || super::events::hub::SocketCommand::Wake));
        Ok(())
    }

    /// The requests that each bridge received since the last reset.
    pub fn requests(&self) -> Vec<Requests> {
        self.core.bridges.iter().map(|b| b.request_log.snapshot(&b.name)).collect()
    }

    pub fn reset_requests(&self) {
        for bridge in &self.core.bridges {
            bridge.request_log.reset();
        }
    }

    pub(super) fn bridge(&self, name: &str) -> Result<usize, ControlError> {
        self.core.bridge_named(name).ok_or_else(|| ControlError::NoBridge(name.to_owned()))
    }
}
