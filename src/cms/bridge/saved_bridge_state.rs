//! The few facts of a bridge that survive a restart, as its actor needs them. Stores nothing itself.

use crate::config::BridgeConfig;
use crate::model::{BridgeName, Paused};

pub trait SavedBridgeState: Send + Sync {
    /// Whether the bridge refused these credentials. They are not tried again then, since accounts lock.
    fn is_refused(&self, bridge: &BridgeConfig) -> bool;
    fn set_refused(&self, bridge: &BridgeConfig, refused: bool);
    /// Whether an administrator paused the bridge.
    fn paused(&self, bridge: &BridgeName) -> Option<Paused>;
    fn set_paused(&self, bridge: &BridgeName, paused: Option<&Paused>);
    /// The mark of the CDR receiver that Usher last added on the bridge.
    fn receiver(&self, bridge: &BridgeName) -> Option<String>;
    fn set_receiver(&self, bridge: &BridgeName, mark: String);
}
