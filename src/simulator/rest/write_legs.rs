//! Changes call legs (rest.md 3.7): mutes, layout, label, needsActivation, hanging up, but not `deactivated`.

use crate::simulator::id::Id;

use super::reply::Reply;
use super::request::{BadParameter, Request};
use super::{Context, edits, write_participants};
use crate::simulator::world::World;
use crate::simulator::world::edit::Edit;
use crate::simulator::world::model::LegOwner;

pub(crate) fn modify(context: &Context, world: &mut World, request: &Request, leg: Id) -> Reply {
    let switches = &context.switches;
    let (person, sharing) = match world.leg_owner(context.bridge, leg) {
        Some(LegOwner::Participant(id)) => (id, false),
        Some(LegOwner::Sharing(id)) => (id, true),
        Some(LegOwner::Link { .. }) => return Reply::failure(400, "invalidOperation", switches),
        None => return Reply::missing("callLegDoesNotExist", false, switches),
    };
    match parse_form(request) {
        Ok(changes) => {
            for change in changes {
                let change = match change {
                    Edit::RxAudioMute(on) if sharing => Edit::SharingRxAudioMute(on),
                    change => change,
                };
                // The leg exists, so its participant does.
                let _ = world.edit(person, change);
            }
            Reply::empty()
        }
        Err(bad) => Reply::bad(&bad, switches),
    }
}

fn parse_form(request: &Request) -> Result<Vec<Edit>, BadParameter> {
    if request.value("deactivated").is_some() {
        return Err(BadParameter("deactivated"));
    }
    let mut changes = edits::mutes_and_layout(request, "chosenLayout")?;
    changes.extend(edits::label(request)?);
    changes.extend(request.boolean("needsActivation")?.map(Edit::NeedsActivation));
    Ok(changes)
}

/// POST `/calls/<id>/calllegs`: a dial-out that answers with the leg (TR).
pub(crate) fn create(context: &Context, world: &mut World, request: &Request, call: Id) -> Reply {
    let switches = &context.switches;
    let Some(meeting) = world.meeting_of_call(context.bridge, call).map(|m| m.id) else {
        return Reply::missing("callDoesNotExist", false, switches);
    };
    match write_participants::dial(context, world, request, meeting) {
        Ok(id) => Reply::created("callLegs", world.participant(id).map(|p| p.leg).unwrap_or_default()),
        Err(bad) => Reply::bad(&bad, switches),
    }
}

pub(crate) fn hang_up(context: &Context, world: &mut World, leg: Id) -> Reply {
    let switches = &context.switches;
    match world.leg_owner(context.bridge, leg) {
        Some(LegOwner::Participant(id)) => {
            // The leg exists, so its participant does.
            let _ = world.leave(id, "apiInitiatedTeardown", context.now_ms);
            Reply::empty()
        }
        Some(LegOwner::Sharing(_) | LegOwner::Link { .. }) => Reply::failure(400, "callLegCannotBeDeleted", switches),
        None => Reply::missing("callLegDoesNotExist", false, switches),
    }
}
