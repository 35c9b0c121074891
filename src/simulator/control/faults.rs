//! What goes wrong at once, and is no switch: sockets cut, bridges stopped, started and restarted.

use super::{Control, ControlError, Cut};
use crate::simulator::core::now_ms;
use crate::simulator::events::hub::{Push, Pushed};
use crate::simulator::gate;

impl Control {
    /// Ends the events sockets of one bridge, or of all.
    pub fn cut_events(&self, bridge: Option<&str>, how: Cut) -> Result<(), ControlError> {
        let bridge = bridge.map(|name| self.bridge(name)).transpose()?;
        self.core.state(|state| {
            state.hub.tell(bridge, || match how {
                Cut::Hard => Push::Cut,
                Cut::Close => Push::Close(None),
                Cut::Code(code) => Push::Close(Some(code)),
            });
        });
        Ok(())
    }

    /// A bridge pushes its list of calls no longer: that subscription turns `deactivated`.
    pub fn deactivate_calls(&self, bridge: &str) -> Result<(), ControlError> {
        self.deactivate(bridge, Pushed::Calls)
    }

    /// A bridge pushes no roster any more, though the calls go on: its subscriptions to rosters turn `deactivated`.
    pub fn deactivate_rosters(&self, bridge: &str) -> Result<(), ControlError> {
        self.deactivate(bridge, Pushed::Rosters)
    }

    fn deactivate(&self, bridge: &str, what: Pushed) -> Result<(), ControlError> {
        let bridge = self.bridge(bridge)?;
        let switches = self.core.switches.of(bridge);
        self.core.state(|state| state.hub.push_no_longer(bridge, what, &switches));
        Ok(())
    }

    /// Connections are refused and cut; its calls go on, unseen.
    pub fn stop_bridge(&self, name: &str) -> Result<(), ControlError> {
        gate::close(&self.core, self.bridge(name)?);
        Ok(())
    }

    /// Takes connections again, at the same port.
    pub async fn start_bridge(&self, name: &str) -> Result<(), ControlError> {
        let bridge = self.bridge(name)?;
        Ok(self.gates.reopen(&self.core, bridge).await?)
    }

    /// The bridge goes down and comes back: its people call in again, and all its call, leg and participant ids are new.
    pub async fn restart_bridge(&self, name: &str) -> Result<(), ControlError> {
        let bridge = self.bridge(name)?;
        gate::close(&self.core, bridge);
        self.core.change(|world, now| world.restart(bridge, now));
        self.core.bridges[bridge].tokens.forget();
        Ok(self.gates.reopen(&self.core, bridge).await?)
    }

    /// The bridge's clock, for comparing with times of the truth.
    pub fn now_ms(&self) -> i64 {
        now_ms()
    }
}
