//! Saves a few facts of a bridge over restarts, as the actor sees it. Stores nothing itself.

use crate::config::BridgeConfig;
use crate::model::{BridgeName, Paused};

pub trait SavedBridgeState: Send + Sync {
    /// Whether this password was refused. It is not tried again then, since accounts lock.
    fn is_refused(&self, bridge: &BridgeConfig) -> bool;
    fn set_refused(&self, bridge: &BridgeConfig, refused: bool);
    /// Whether an administrator paused the bridge.
    fn paused(&self, bridge: &BridgeName) -> Option<Paused>;
    fn set_paused(&self, bridge: &BridgeName, paused: Option<&Paused>);
    /// A mark of the CDR receiver that Usher made on the bridge last.
    fn receiver(&self, bridge: &BridgeName) -> Option<String>;
    fn set_receiver(&self, bridge: &BridgeName, mark: String);
}
