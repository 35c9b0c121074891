//! The end of an actor whose bridge left the configuration, or is followed by another actor from now on. Writes no fact but that of a
//! change that was under way.

use super::Bridge;
use super::outgoing::Completed;
use crate::clock::Now;
use crate::cms::cluster::BridgeCommand;
use crate::cms::rest::request::Request;
use crate::cms::supervisor::NOT_FOLLOWED;

impl Bridge {
    /// Hands on everything that was asked of the bridge and not sent; what nobody takes is answered. A change that is under way keeps its
    /// waiters: giving it up would leave open whether CMS carried it out.
    pub(in crate::cms) fn leave(mut self, hand_on: impl Fn(BridgeCommand) -> Result<(), BridgeCommand>) {
        self.awaited.hand_on(&mut self.ctx, |command| {
            if let Err(command) = hand_on(command) {
                command.withhold(NOT_FOLLOWED);
            }
        });
        if self.awaited.has_changes_in_flight() {
            let tracker = self.tracker.clone();
            tracker.spawn(self.await_changes_in_flight());
        }
    }

    async fn await_changes_in_flight(mut self) {
        while self.awaited.has_changes_in_flight()
            && let Some(Completed { ask, sent, result, .. }) = self.ctx.requests.next_completed().await
        {
            if let (Request::Mutate(change), Ok(_)) = (&ask, &result) {
                self.participants.on_change_accepted(&self.ctx, change, Now::read());
            }
            for waiter in self.awaited.take_response_waiters(&ask, sent.instant) {
                waiter.answer(result.clone());
            }
        }
    }
}
