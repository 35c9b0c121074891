//! A client's `subscribeRequest` (events.md 3) as data: targets and elements. It keeps no state.

use crate::simulator::id::Id;
use serde_json::Value;

use crate::simulator::world::change::{call_element as call, roster_element as roster};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Target {
    Calls,
    Info(Id),
    Roster(Id),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(crate) index: i64,
    pub(crate) target: Target,
    /// Requested elements as bits of `world::change`.
    pub(crate) elements: u32,
}

const CALL_ELEMENTS: [(&str, u32); 9] = [
    ("name", call::NAME),
    ("participants", call::PARTICIPANTS),
    ("distributedInstances", call::DISTRIBUTED),
    ("recording", call::RECORDING),
    ("endpointRecording", call::ENDPOINT_RECORDING),
    ("streaming", call::STREAMING),
    ("lockState", call::LOCK_STATE),
    ("callType", call::CALL_TYPE),
    ("callCorrelator", call::CORRELATOR),
];

const ROSTER_ELEMENTS: [(&str, u32); 14] = [
    ("name", roster::NAME),
    ("uri", roster::URI),
    ("state", roster::STATE),
    ("direction", roster::DIRECTION),
    ("audioMuted", roster::AUDIO_MUTED),
    ("videoMuted", roster::VIDEO_MUTED),
    ("importance", roster::IMPORTANCE),
    ("layout", roster::LAYOUT),
    ("activeSpeaker", roster::ACTIVE_SPEAKER),
    ("presenter", roster::PRESENTER),
    ("endpointRecording", roster::ENDPOINT_RECORDING),
    ("canMove", roster::CAN_MOVE),
    ("movedParticipant", roster::MOVED_PARTICIPANT),
    ("movedParticipantCallBridge", roster::MOVED_BRIDGE),
];

/// The whole set of a request, or `None` when an item is not understood. The reaction of a bridge to
/// that is unknown (events.md 2); here it is an ack without success. Unknown elements are ignored.
pub(crate) fn parse(message: &Value) -> Option<Vec<Subscription>> {
    message.get("subscriptions")?.as_array()?.iter().map(parse_one).collect()
}

fn parse_one(item: &Value) -> Option<Subscription> {
    let index = item.get("index")?.as_i64()?;
    let elements = item.get("elements").and_then(Value::as_array);
    let names: Vec<&str> = elements.into_iter().flatten().filter_map(Value::as_str).collect();
    let call = item.get("call").and_then(Value::as_str).and_then(Id::parse);
    let (target, elements) = match item.get("type")?.as_str()? {
        "calls" => (Target::Calls, bits(&names, &CALL_ELEMENTS)),
        "callInfo" => {
            let own = if names.contains(&"joinAudioMuteOverride") { call::JOIN_AUDIO_MUTE } else { 0 };
            (Target::Info(call?), bits(&names, &CALL_ELEMENTS) | own)
        }
        "callRoster" => (Target::Roster(call?), bits(&names, &ROSTER_ELEMENTS)),
        _ => return None,
    };
    Some(Subscription { index, target, elements })
}

fn bits(names: &[&str], table: &[(&str, u32)]) -> u32 {
    table.iter().filter(|(name, _)| names.contains(name)).fold(0, |all, (_, bit)| all | bit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_elements_are_ignored_and_unknown_types_are_not() {
        let known = serde_json::json!({"subscriptions": [
            {"index": 7, "type": "calls", "elements": ["name", "shoeSize"]}]});
        let expected = Subscription { index: 7, target: Target::Calls, elements: call::NAME };
        assert_eq!(parse(&known), Some(vec![expected]));
        let unknown = serde_json::json!({"subscriptions": [{"index": 1, "type": "weather"}]});
        assert_eq!(parse(&unknown), None);
    }
}
