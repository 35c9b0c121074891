//! Decides the public state of the bridge, and notes whether its responses are usable. Sends nothing.

use std::time::Instant;

use super::context::Context;
use super::timers::Timer;
use crate::clock::Now;
use crate::cms::rest::client::RequestError;
use crate::cms::rest::request::Request;
use crate::model::{BridgeState, Fault};

/// The bridge responds, but calls, participants or legs can't be read from its responses.
#[derive(Debug)]
struct UnusableSince {
    since: Instant,
    error: RequestError,
    /// The list of calls itself can't be read: no other response makes up for that.
    calls: bool,
}

/// How far the bridge has been read.
#[derive(Debug, Clone, Copy)]
pub(super) struct ReadProgress {
    /// All its calls were read since it was last reached.
    pub(super) read: bool,
    /// It could not be read, and is back only once its calls are.
    pub(super) unreadable: bool,
    pub(super) calls: usize,
}

#[derive(Debug, Default)]
pub(super) struct BridgeStatus {
    unusable: Option<UnusableSince>,
}

impl BridgeStatus {
    /// Notes whether the bridge is silent. Returns the error of a bridge whose responses have been unusable for as long as makes one
    /// silent: it is as good as unreachable.
    pub(super) fn check_silence(&self, ctx: &mut Context, now: Now) -> Option<RequestError> {
        let limit = ctx.timing.silent_after;
        ctx.store.put_bridge(&ctx.name, |bridge| {
            bridge.silent = bridge.answered.is_some_and(|(at, _)| now.instant.duration_since(at) >= limit);
        });
        ctx.timers.set(Timer::Silence, now.instant + limit / 5);
        let unusable = self.unusable.as_ref().filter(|unusable| now.instant.duration_since(unusable.since) >= limit);
        unusable.filter(|_| ctx.phase.is_up()).map(|unusable| unusable.error.clone())
    }

    /// Notes an unusable response; false where it is usable, or not essential.
    pub(super) fn record_unusable(&mut self, request: &Request, error: &RequestError, now: Now) -> bool {
        if !is_essential(request) || !is_useless(error) {
            return false;
        }
        let calls = matches!(request, Request::Calls(_));
        let unusable = self.unusable.get_or_insert_with(|| UnusableSince { since: now.instant, error: error.clone(), calls });
        unusable.calls |= calls;
        unusable.error = error.clone();
        true
    }

    /// Notes a usable response.
    pub(super) fn record_usable(&mut self, request: &Request) {
        if is_essential(request) {
            let calls = matches!(request, Request::Calls(_));
            self.unusable.take_if(|unusable| calls || !unusable.calls);
        }
    }

    pub(super) fn forget_unusable(&mut self) {
        self.unusable = None;
    }

    /// A socket was lost. Until the first sync completes the state stays Connecting, whatever the events do.
    pub(super) fn on_events_lost(&self, ctx: &Context, read: bool, fault: Fault) {
        let connecting = || ctx.store.bridge_is(&ctx.name, |bridge| bridge.state == BridgeState::Connecting);
        let state = if !read && connecting() { BridgeState::Connecting } else { BridgeState::Polling };
        ctx.enter_state(state, Some(fault));
    }

    /// Decides the state by what has been read and which sockets are open.
    pub(super) fn decide_state(&self, ctx: &mut Context, progress: ReadProgress) {
        if !ctx.phase.is_up() {
            return;
        }
        let ReadProgress { read, unreadable, calls } = progress;
        if read {
            ctx.requests.queue.end_initial_sync();
        }
        let (polled, short) = (ctx.coverage.plan.count_polled(calls), ctx.coverage.plan.is_short());
        ctx.store.put_bridge(&ctx.name, |bridge| (bridge.polled_calls, bridge.short_events) = (polled, short));
        if read && !ctx.coverage.is_blind() {
            return ctx.enter_state(BridgeState::Live, None);
        }
        let Some((state, fault)) = ctx.store.with_bridge(&ctx.name, |bridge| (bridge.state, bridge.fault.clone())) else { return };
        // The fault of lost events stays until they are back.
        let keeps_fault = matches!(state, BridgeState::Polling | BridgeState::Refused);
        if read && !unreadable && fault.is_some() && !keeps_fault {
            ctx.enter_state(BridgeState::Polling, fault);
        }
    }
}

/// The page can't be correct without these responses; names, the version and tokens are not among them.
fn is_essential(request: &Request) -> bool {
    matches!(
        request,
        Request::Calls(_)
            | Request::Call(_)
            | Request::Roster(..)
            | Request::CallLegs(..)
            | Request::Participant(_)
            | Request::Legs(_)
            | Request::LegsByFilter(_)
            | Request::Leg(_)
    )
}

fn is_useless(error: &RequestError) -> bool {
    match error {
        RequestError::Busy { .. } | RequestError::Garbled(_) | RequestError::Forbidden => true,
        RequestError::Refused { status, .. } => *status >= 500,
        RequestError::Unauthorized
        | RequestError::Gone(_)
        | RequestError::TimedOut(_)
        | RequestError::Unreachable(_)
        | RequestError::Closed { .. }
        | RequestError::Untrusted(_)
        | RequestError::Withheld(_)
        | RequestError::Withdrawn => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cms::bridge::fault_codes::fault_of;

    #[test]
    fn a_bridge_is_live_once_it_is_read_and_all_its_events_come() {
        let mut ctx = Context::for_tests();
        let status = BridgeStatus::default();
        let progress = |read| ReadProgress { read, unreadable: false, calls: 0 };
        status.on_events_lost(&ctx, false, fault_of(&RequestError::Forbidden));
        assert_eq!(ctx.state(), BridgeState::Connecting, "it is being read for the first time");
        status.decide_state(&mut ctx, progress(true));
        assert_eq!(ctx.state(), BridgeState::Polling, "read, while events were lost");
        let set: Vec<i64> = ctx.coverage.plan.subscription_set(0).iter().map(|subscription| subscription.index).collect();
        ctx.coverage.plan.on_ack(0, &set, true);
        ctx.coverage.socket(0).open = true;
        status.decide_state(&mut ctx, progress(false));
        assert_eq!(ctx.state(), BridgeState::Polling);
        status.decide_state(&mut ctx, progress(true));
        assert_eq!(ctx.state(), BridgeState::Live);
    }

    #[test]
    fn only_the_list_of_calls_makes_up_for_a_list_of_calls_that_could_not_be_read() {
        let mut status = BridgeStatus::default();
        let now = Now::read();
        assert!(!status.record_unusable(&Request::Status, &RequestError::Forbidden, now), "the page is true without the version");
        assert!(!status.record_unusable(&Request::Calls(0), &RequestError::Gone(String::new()), now), "gone is an answer");
        assert!(status.record_unusable(&Request::Calls(0), &RequestError::Forbidden, now));
        status.record_usable(&Request::Call("c".into()));
        assert!(status.unusable.is_some());
        status.record_usable(&Request::Calls(0));
        assert!(status.unusable.is_none());
    }
}
