//! Faults that happen once and are no switches: sockets cut, bridges stopped, started and restarted.

use super::{Control, ControlError, Cut};
use crate::simulator::core::now_ms;
use crate::simulator::events::hub::{SocketCommand, SubscriptionKind};
use crate::simulator::ports;

impl Control {
    /// Ends the events sockets of one bridge, or of all.
    pub fn cut_events(&self, bridge: Option<&str>, how: Cut) -> Result<(), ControlError> {
        let bridge = bridge.map(|name| self.bridge(name)).transpose()?;
        self.core.state(|state| {
            state.hub.broadcast(bridge, || match how {
                Cut::Hard => SocketCommand::Cut,
                Cut::Close => SocketCommand::Close(None),
                Cut::Code(code) => SocketCommand::Close(Some(code)),
            });
        });
        Ok(())
    }

    /// Makes a bridge stop pushing its list of calls: that subscription turns `deactivated`.
    pub fn deactivate_calls(&self, bridge: &str) -> Result<(), ControlError> {
        self.deactivate(bridge, SubscriptionKind::Calls)
    }

    /// Makes a bridge stop pushing rosters while the calls go on: its subscriptions to rosters turn `deactivated`.
    pub fn deactivate_rosters(&self, bridge: &str) -> Result<(), ControlError> {
        self.deactivate(bridge, SubscriptionKind::Rosters)
    }

    fn deactivate(&self, bridge: &str, kind: SubscriptionKind) -> Result<(), ControlError> {
        let bridge = self.bridge(bridge)?;
        let switches = self.core.switches.of(bridge);
        self.core.state(|state| state.hub.stop_pushing(bridge, kind, &switches));
        Ok(())
    }

    /// Refuses new connections and cuts open ones; the calls go on unobserved.
    pub fn stop_bridge(&self, name: &str) -> Result<(), ControlError> {
        ports::close(&self.core, self.bridge(name)?);
        Ok(())
    }

    /// Accepts connections again, at the same port.
    pub async fn start_bridge(&self, name: &str) -> Result<(), ControlError> {
        let bridge = self.bridge(name)?;
        Ok(self.ports.reopen(&self.core, bridge).await?)
    }

    /// Takes the bridge down and up again: its participants call in again, and all its call, leg and participant ids are new.
    pub async fn restart_bridge(&self, name: &str) -> Result<(), ControlError> {
        let bridge = self.bridge(name)?;
        ports::close(&self.core, bridge);
        self.core.change(|world, now| world.restart(bridge, now));
        self.core.bridges[bridge].tokens.clear();
        Ok(self.ports.reopen(&self.core, bridge).await?)
    }

    /// The real clock of the simulator, for comparing with times of the truth.
    pub fn now_ms(&self) -> i64 {
        now_ms()
    }
}
