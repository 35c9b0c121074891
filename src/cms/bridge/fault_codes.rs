//! The faults that moderators see for failed requests and failed actors.

use crate::clock::Now;
use crate::cms::rest::client::RequestError;
use crate::model::{BridgeName, BridgeState, Fault};
use crate::store::Store;

pub(super) fn fault_of(error: &RequestError) -> Fault {
    let code = match error {
        RequestError::Unauthorized => "credentials_refused",
        RequestError::Forbidden => "forbidden",
        RequestError::TimedOut(_) => "timed_out",
        RequestError::Unreachable(_) | RequestError::Closed { .. } => "unreachable",
        RequestError::Untrusted(_) => "certificate",
        RequestError::Busy { .. } => "busy",
        RequestError::Gone(_)
        | RequestError::Refused { .. }
        | RequestError::Garbled(_)
        | RequestError::Withheld(_)
        | RequestError::Withdrawn => "unexpected_answer",
    };
    Fault { code: code.into(), what: error.to_string().into() }
}

/// Why nothing is sent to a bridge that an administrator paused.
pub(super) fn paused_by(user: &str) -> RequestError {
    RequestError::Withheld(format!("the bridge is paused by {user}"))
}

/// Shows that the actor of a bridge failed, until another one has taken over.
pub(in crate::cms) fn report_failed_actor(store: &Store, name: &BridgeName) {
    store.put_bridge(name, |bridge| {
        (bridge.state, bridge.since) = (BridgeState::Unreachable, Now::read().unix_ms);
        bridge.fault = Some(Fault { code: "failed".into(), what: "Usher failed while following this bridge and starts again".into() });
    });
}
