//! Changes calls (rest.md 3.2 and 5): start, lock, record, banner, end.

use crate::simulator::id::Id;

use super::Context;
use super::reply::Reply;
use super::request::{BadParameter, Request};
use crate::simulator::switches::CallChanges;
use crate::simulator::world::World;
use crate::simulator::world::calls::NewMeeting;
use crate::simulator::world::edit::CallEdit;
use crate::simulator::world::model::CallType;

/// POST `/calls` by coSpace, name or callCorrelator (AP, PM).
pub(crate) fn create(context: &Context, world: &mut World, request: &Request) -> Reply {
    let switches = &context.switches;
    let (space, correlator) = match (request.id("coSpace"), request.id("callCorrelator")) {
        (Ok(space), Ok(correlator)) => (space, correlator),
        (Err(bad), _) | (_, Err(bad)) => return Reply::bad(&bad, switches),
    };
    if let Some(correlator) = correlator.filter(|id| world.meetings.contains_key(id)) {
        let call = world.add_instance(correlator, context.bridge, context.now_ms).unwrap_or_default();
        return Reply::created("calls", call);
    }
    let meeting = match (space, request.value("name")) {
        (Some(space), _) => match world.start_in_space(space, context.bridge, context.now_ms) {
            Some(meeting) => meeting,
            None => return Reply::missing("coSpaceDoesNotExist", false, switches),
        },
        (None, Some(name)) => {
            let new = NewMeeting { name: name.to_owned(), call_type: CallType::AdHoc, ..NewMeeting::default() };
            world.start_meeting(context.bridge, new, context.now_ms)
        }
        (None, None) => return Reply::parameter_error("name", switches),
    };
    let call = world.meetings.get(&meeting).and_then(|m| m.instance(context.bridge)).map(|i| i.call);
    Reply::created("calls", call.unwrap_or_default())
}

pub(crate) fn modify(context: &Context, world: &mut World, request: &Request, call: Id) -> Reply {
    let switches = &context.switches;
    let Some(meeting) = world.meeting_of_call(context.bridge, call).map(|m| m.id) else {
        return Reply::missing("callDoesNotExist", false, switches);
    };
    let (edits, locked) = match parse_form(request) {
        Ok(parsed) => parsed,
        Err(bad) => return Reply::bad(&bad, switches),
    };
    // Inferred from clients that change one instance only (rest.md 7).
    let at = (switches.call_changes == CallChanges::Local).then_some(context.bridge);
    // The meeting exists: it was found above, under the same lock.
    for edit in edits {
        let _ = world.edit_call(meeting, edit, at, context.now_ms);
    }
    if let Some(locked) = locked {
        let _ = world.set_locked(meeting, locked, at, context.now_ms);
    }
    Reply::empty()
}

/// A parameter and the edit that it makes.
type CallToggle = (&'static str, fn(bool) -> CallEdit);

fn parse_form(request: &Request) -> Result<(Vec<CallEdit>, Option<bool>), BadParameter> {
    let mut edits = Vec::new();
    let switches: [CallToggle; 5] = [
        ("recording", CallEdit::Recording),
        ("streaming", CallEdit::Streaming),
        ("allowAllMuteSelf", CallEdit::AllMuteSelf),
        ("allowAllPresentationContribution", CallEdit::AllPresentation),
        ("activeWhenEmpty", CallEdit::ActiveWhenEmpty),
    ];
    for (name, edit) in switches {
        edits.extend(request.boolean(name)?.map(edit));
    }
    match request.value("joinAudioMuteOverride") {
        Some("") => edits.push(CallEdit::JoinAudioMute(None)),
        _ => edits.extend(request.boolean("joinAudioMuteOverride")?.map(|v| CallEdit::JoinAudioMute(Some(v)))),
    }
    edits.extend(request.value("messageText").map(|v| CallEdit::BannerText(v.to_owned())));
    match request.value("messagePosition") {
        None => {}
        Some(v @ ("top" | "middle" | "bottom")) => edits.push(CallEdit::BannerPosition(v.to_owned())),
        Some(_) => return Err(BadParameter("messagePosition")),
    }
    match request.value("messageDuration") {
        None => {}
        Some(v) if v == "permanent" || v.parse::<u32>().is_ok() => {
            edits.push(CallEdit::BannerDuration(v.to_owned()));
        }
        Some(_) => return Err(BadParameter("messageDuration")),
    }
    Ok((edits, request.boolean("locked")?))
}

/// DELETE ends the meeting on that bridge; whether it ends elsewhere too is unknown (rest.md 3.2).
pub(crate) fn end(context: &Context, world: &mut World, call: Id) -> Reply {
    let Some(meeting) = world.meeting_of_call(context.bridge, call).map(|m| m.id) else {
        return Reply::missing("callDoesNotExist", false, &context.switches);
    };
    match world.end_instance(meeting, context.bridge, "apiInitiatedTeardown", context.now_ms) {
        Ok(()) => Reply::empty(),
        Err(_) => Reply::missing("callDoesNotExist", false, &context.switches),
    }
}
