//! Elements of updates as JSON text in the order of events.md 5. The caller chooses which ones to send.

use crate::simulator::xml::RAW_PREFIX;
use std::fmt::Write;

use crate::simulator::id::Id;

use crate::simulator::switches::{Count, Form, OnHold, Switches};
use crate::simulator::world::World;
use crate::simulator::world::change::{call_element as call, roster_element as roster};
use crate::simulator::world::model::{LegState, Meeting, Participant};

/// A JSON string literal; a text with the raw marker is copied unchanged.
pub(crate) fn quoted(text: &str) -> String {
    match text.strip_prefix(RAW_PREFIX) {
        Some(raw) => format!("\"{raw}\""),
        None => serde_json::Value::from(text).to_string(),
    }
}

fn text_field(out: &mut String, name: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = write!(out, ",\"{name}\":{}", quoted(value));
}

fn raw_field(out: &mut String, name: &str, value: impl std::fmt::Display) {
    let _ = write!(out, ",\"{name}\":{value}");
}

fn active(on: bool) -> &'static str {
    if on { "active" } else { "inactive" }
}

/// The chosen elements of a call as one bridge sees it, each with a leading comma.
pub(crate) fn call_elements(meeting: &Meeting, bridge: usize, elements: u32, switches: &Switches) -> String {
    let mut out = String::new();
    let has = |bit: u32| elements & bit != 0;
    if has(call::NAME) {
        text_field(&mut out, "name", &meeting.name);
    }
    if has(call::PARTICIPANTS) {
        let local = meeting.instance(bridge).map_or(0, |i| i.local);
        let count = match switches.participants_count {
            Count::Total => meeting.people.len(),
            Count::Local => local,
        };
        raw_field(&mut out, "participants", count);
    }
    if has(call::DISTRIBUTED) {
        raw_field(&mut out, "distributedInstances", other_instances(meeting, bridge));
    }
    if has(call::RECORDING) {
        text_field(&mut out, "recording", active(meeting.recording));
    }
    if has(call::ENDPOINT_RECORDING) {
        text_field(&mut out, "endpointRecording", active(meeting.endpoint_recording));
    }
    if has(call::STREAMING) {
        text_field(&mut out, "streaming", active(meeting.streaming));
    }
    if has(call::LOCK_STATE) {
        text_field(&mut out, "lockState", if meeting.is_locked_at(bridge) { "locked" } else { "unlocked" });
    }
    if has(call::CALL_TYPE) {
        text_field(&mut out, "callType", meeting.call_type.wire());
    }
    if has(call::CORRELATOR) {
        // An element without a value is absent.
        if let Some(correlator) = meeting.correlator(bridge, switches.correlator_first) {
            text_field(&mut out, "callCorrelator", &correlator.to_string());
        }
    }
    if has(call::JOIN_AUDIO_MUTE)
        && let Some(muted) = meeting.join_audio_mute
    {
        raw_field(&mut out, "joinAudioMuteOverride", muted);
    }
    out
}

/// *Other* bridges that host participants (rest.md 3.2, events.md 6.5).
pub(crate) fn other_instances(meeting: &Meeting, bridge: usize) -> usize {
    meeting.instances.iter().filter(|i| i.bridge != bridge && i.local > 0).count()
}

/// The chosen elements of a roster entry; those without a value are absent (events.md 5.3).
/// There is no lobby mark unless the switch adds one (events.md 5.4).
pub(crate) fn roster_elements(world: &World, meeting: &Meeting, person: &Participant, elements: u32, switches: &Switches) -> String {
    let mut out = String::new();
    let has = |bit: u32| elements & bit != 0;
    if has(roster::NAME) {
        text_field(&mut out, "name", person.shown_name());
    }
    if has(roster::URI) {
        text_field(&mut out, "uri", &person.uri);
    }
    if has(roster::STATE)
        && let Some(state) = state(person, switches)
    {
        text_field(&mut out, "state", state);
    }
    if has(roster::DIRECTION) {
        text_field(&mut out, "direction", if person.outgoing { "outgoing" } else { "incoming" });
    }
    if has(roster::AUDIO_MUTED) {
        raw_field(&mut out, "audioMuted", person.rx_audio_mute);
    }
    if has(roster::VIDEO_MUTED) {
        raw_field(&mut out, "videoMuted", person.rx_video_mute);
    }
    if has(roster::IMPORTANCE)
        && let Some(importance) = person.importance
    {
        raw_field(&mut out, "importance", importance);
    }
    if has(roster::LAYOUT) {
        text_field(&mut out, "layout", &person.layout);
    }
    if has(roster::ACTIVE_SPEAKER) {
        raw_field(&mut out, "activeSpeaker", meeting.speaker == Some(person.id));
    }
    if has(roster::PRESENTER) {
        raw_field(&mut out, "presenter", meeting.presenter == Some(person.id));
    }
    if has(roster::ENDPOINT_RECORDING) {
        match switches.endpoint_recording_form {
            Form::String => text_field(&mut out, "endpointRecording", active(meeting.endpoint_recording)),
            Form::Boolean => raw_field(&mut out, "endpointRecording", meeting.endpoint_recording),
        }
    }
    if has(roster::CAN_MOVE) {
        raw_field(&mut out, "canMove", person.can_move);
    }
    moved(&mut out, world, person.moved_from, elements);
    if has(roster::LOBBY) && switches.lobby_hint {
        raw_field(&mut out, "deactivated", person.waiting);
    }
    out
}

fn moved(out: &mut String, world: &World, from: Option<(Id, usize)>, elements: u32) {
    let Some((participant, bridge)) = from else {
        return;
    };
    if elements & roster::MOVED_PARTICIPANT != 0 {
        text_field(out, "movedParticipant", &participant.to_string());
    }
    if elements & roster::MOVED_BRIDGE != 0
        && let Some(bridge) = world.bridges.get(bridge)
    {
        text_field(out, "movedParticipantCallBridge", &bridge.id.to_string());
    }
}

fn state(person: &Participant, switches: &Switches) -> Option<&'static str> {
    match person.shown_state(switches.waiting_participant)? {
        LegState::OnHold if switches.on_hold_spelling == OnHold::Lower => Some("onhold"),
        state => Some(state.wire()),
    }
}
