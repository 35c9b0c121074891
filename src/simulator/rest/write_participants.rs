//! Changes participants (rest.md 5): admit, back to the lobby, bulk, dial-out, move, disconnect.

use std::collections::HashSet;

use crate::simulator::id::Id;

use super::reply::Reply;
use super::request::{BadParameter, Request};
use super::{Context, edits, participants};
use crate::simulator::switches::{Accept, Allow, BackToLobby, RemotePut};
use crate::simulator::world::World;
use crate::simulator::world::edit::Edit;
use crate::simulator::world::membership::{Dialing, NewParticipant};
use crate::simulator::world::model::EndpointKind;

/// Maximum number of ids in `filterIds` (rest.md 5, 2.4).
const MAX_FILTER_IDS: usize = 20;

/// A participant is changed at its home bridge; a switch decides whether others refuse or forward (rest.md 7).
fn refused_here(context: &Context, world: &World, id: Id, reason: &str) -> Option<Reply> {
    let switches = &context.switches;
    let Some(person) = world.participant_at(context.bridge, id) else {
        return Some(participants::missing(false, switches));
    };
    let refuses = person.home != context.bridge && switches.remote_put == RemotePut::Reject;
    refuses.then(|| Reply::failure(400, reason, switches))
}

pub(crate) fn modify(context: &Context, world: &mut World, request: &Request, id: Id) -> Reply {
    let switches = &context.switches;
    if let Some(refusal) = refused_here(context, world, id, "participantCannotBeModified") {
        return refusal;
    }
    let (changes, deactivated) = match parse_form(context, request) {
        Ok(changes) => changes,
        Err(bad) => return Reply::bad(&bad, switches),
    };
    if deactivated == Some(false) && lacks_activator(context, world, id) {
        return Reply::failure(400, "participantCannotBeModified", switches);
    }
    // The participant exists: it was found above, under the same lock.
    for change in changes {
        let _ = world.edit(id, change);
    }
    let mut reply = Reply::empty();
    match deactivated {
        Some(waiting) if switches.effect_delay_ms > 0 => {
            let later = move |world: &mut World, now_ms: i64| {
                let _ = world.set_waiting(id, waiting, now_ms);
            };
            reply.later = Some((switches.effect_delay_ms, Box::new(later)));
        }
        Some(waiting) => {
            let _ = world.set_waiting(id, waiting, context.now_ms);
        }
        None => {}
    }
    reply
}

/// HUB 2.8 requires an activator, the text of 2.9 does not (rest.md 4): a switch.
fn lacks_activator(context: &Context, world: &World, id: Id) -> bool {
    let meeting = world.participants.get(&id).and_then(|p| world.meetings.get(&p.meeting));
    context.switches.admit_without_activator == Allow::Refuse && meeting.is_some_and(|m| m.activators == 0)
}

type Changes = (Vec<Edit>, Option<bool>);

fn parse_form(context: &Context, request: &Request) -> Result<Changes, BadParameter> {
    let mut changes = Vec::new();
    changes.extend(edits::importance(request)?);
    changes.extend(edits::label(request)?);
    let deactivated = request.boolean("deactivated")?;
    let switches = &context.switches;
    let back = match switches.back_to_lobby {
        BackToLobby::ByVersion => switches.at_least(3, 4),
        BackToLobby::Accept => true,
        BackToLobby::Reject => false,
    };
    // The parameter came with 2.9; its value `true` works since 3.4 (rest.md 9).
    if deactivated.is_some() && !switches.at_least(2, 9) || deactivated == Some(true) && !back {
        return Err(BadParameter("deactivated"));
    }
    Ok((changes, deactivated))
}

/// PUT `/calls/<id>/participants/*`. Without `mode=selected` it changes all participants except the listed ones (rest.md 5).
pub(crate) fn bulk(context: &Context, world: &mut World, request: &Request, call: Id) -> Reply {
    let switches = &context.switches;
    let Some(meeting) = world.meeting_of_call(context.bridge, call) else {
        return Reply::missing("callDoesNotExist", false, switches);
    };
    let listed: HashSet<Id> = match filter_ids(request) {
        Ok(listed) => listed,
        Err(bad) => return Reply::bad(&bad, switches),
    };
    let selected = match request.value("mode") {
        Some("selected") => true,
        None | Some("exclude") => false,
        Some(_) => return Reply::parameter_error("mode", switches),
    };
    let chosen: Vec<Id> = meeting.people.iter().filter(|id| listed.contains(id) == selected).collect();
    let changes = edits::mutes_and_layout(request, "layout").and_then(|mut all| {
        all.extend(edits::importance(request)?);
        Ok((all, request.boolean("deactivated")?))
    });
    let (changes, deactivated) = match changes {
        Ok((_, Some(_))) if switches.bulk_deactivated == Accept::Reject => {
            return Reply::parameter_error("deactivated", switches);
        }
        Ok(changes) => changes,
        Err(bad) => return Reply::bad(&bad, switches),
    };
    for id in chosen {
        // Each id comes from the meeting's own list; admitting one may admit others, but removes nobody.
        for change in &changes {
            let _ = world.edit(id, change.clone());
        }
        if let Some(waiting) = deactivated {
            let _ = world.set_waiting(id, waiting, context.now_ms);
        }
    }
    Reply::empty()
}

fn filter_ids(request: &Request) -> Result<HashSet<Id>, BadParameter> {
    let text = request.value("filterIds").unwrap_or("");
    let parts: Vec<&str> = text.split(',').filter(|part| !part.is_empty()).collect();
    if parts.len() > MAX_FILTER_IDS {
        return Err(BadParameter("filterIds"));
    }
    parts.iter().map(|part| Id::parse(part).ok_or(BadParameter("filterIds"))).collect()
}

/// POST `/calls/<id>/participants`: a dial-out, or a move when `movedParticipant` is given (rest.md 5).
pub(crate) fn create(context: &Context, world: &mut World, request: &Request, call: Id) -> Reply {
    let switches = &context.switches;
    let Some(meeting) = world.meeting_of_call(context.bridge, call).map(|m| m.id) else {
        return Reply::missing("callDoesNotExist", false, switches);
    };
    match request.id("movedParticipant") {
        Err(bad) => Reply::bad(&bad, switches),
        Ok(Some(moved)) => move_here(context, world, request, meeting, moved),
        Ok(None) => match dial(context, world, request, meeting) {
            Ok(id) => Reply::created("participants", id),
            Err(bad) => Reply::bad(&bad, switches),
        },
    }
}

fn move_here(context: &Context, world: &mut World, request: &Request, target: Id, moved: Id) -> Reply {
    let switches = &context.switches;
    let Ok(person) = world.participant(moved) else {
        return participants::missing(false, switches);
    };
    // Web app participants can be moved since 3.2 (TACM), Lync participants never, others since 2.6.
    let movable = match person.kind {
        EndpointKind::WebApp => switches.at_least(3, 2),
        EndpointKind::Lync => false,
        EndpointKind::Sip | EndpointKind::Phone => switches.at_least(2, 6),
    };
    if !movable {
        return Reply::failure(400, "participantCannotBeModified", switches);
    }
    let needs_activation = match request.boolean("needsActivation") {
        Ok(value) => value,
        Err(bad) => return Reply::bad(&bad, switches),
    };
    match world.move_to(moved, target, context.bridge, needs_activation, context.now_ms) {
        Ok(id) => Reply::created("participants", id),
        Err(_) => Reply::failure(400, "participantCannotBeModified", switches),
    }
}

/// The user part of a dialled address decides the result: `busy...`, `timeout...`, `rejected...` fail, others answer.
pub(crate) fn dial(context: &Context, world: &mut World, request: &Request, meeting: Id) -> Result<Id, BadParameter> {
    let switches = &context.switches;
    let uri = request.value("remoteParty").filter(|v| !v.is_empty()).ok_or(BadParameter("remoteParty"))?;
    let enters_waiting = request.boolean("deactivated")?;
    if enters_waiting.is_some() && !switches.at_least(2, 9) {
        return Err(BadParameter("deactivated"));
    }
    request.boolean("confirmation")?;
    let needs_activation = request.boolean("needsActivation")?.unwrap_or(false);
    let label = edits::label(request)?;
    let user = uri.trim_start_matches("sip:").split('@').next().unwrap_or(uri);
    let fails = [("busy", "remoteBusy"), ("timeout", "timeout"), ("rejected", "remoteRejected")]
        .into_iter()
        .find(|(start, _)| user.starts_with(start))
        .map(|(_, reason)| reason);
    let person = NewParticipant {
        name: user.to_owned(),
        uri: uri.to_owned(),
        jid: None,
        kind: if user.starts_with('+') { EndpointKind::Phone } else { EndpointKind::Sip },
        activator: false,
        needs_activation,
        enters_waiting,
        can_move: true,
    };
    let dialing = Dialing { ring_after_ms: switches.dial_ring_ms, end_after_ms: switches.dial_answer_ms, fails };
    let id = world.dial(meeting, context.bridge, person, dialing, context.now_ms).map_err(|_| BadParameter("remoteParty"))?;
    if let Some(label) = label {
        // The participant was created just now.
        let _ = world.edit(id, label);
    }
    Ok(id)
}

pub(crate) fn disconnect(context: &Context, world: &mut World, id: Id) -> Reply {
    if let Some(refusal) = refused_here(context, world, id, "participantCannotBeDeleted") {
        return refusal;
    }
    match world.leave(id, "apiInitiatedTeardown", context.now_ms) {
        Ok(()) => Reply::empty(),
        Err(_) => participants::missing(false, &context.switches),
    }
}
