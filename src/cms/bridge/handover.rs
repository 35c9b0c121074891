//! Ends an actor whose bridge left the configuration or got another actor. Writes only the facts of a change in flight.

use super::Bridge;
use super::outgoing::Completed;
use crate::clock::Now;
use crate::cms::cluster::BridgeCommand;
use crate::cms::rest::request::Request;
use crate::cms::supervisor::NOT_FOLLOWED;

impl Bridge {
    /// Hands over all requests that were not sent; those that nobody takes fail. A change in flight keeps its waiters: giving it up would
    /// leave open whether CMS carried it out.
    pub(in crate::cms) fn leave(mut self, hand_over: impl Fn(BridgeCommand) -> Result<(), BridgeCommand>) {
        self.awaited.hand_over(&mut self.ctx, |command| {
            if let Err(command) = hand_over(command) {
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
            && let Some(Completed { request, sent, result, .. }) = self.ctx.requests.next_completed().await
        {
            if let (Request::Mutate(change), Ok(_)) = (&request, &result) {
                self.participants.on_change_accepted(&self.ctx, change, Now::read());
            }
            for waiter in self.awaited.take_response_waiters(&request, sent.instant) {
                waiter.answer(result.clone());
            }
        }
    }
}
