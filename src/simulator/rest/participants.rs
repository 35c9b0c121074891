//! Reads participants (rest.md 3.3 and 3.4): known cluster-wide, with `callBridge` only on those hosted elsewhere.

use crate::simulator::id::Id;

use super::reply::Reply;
use super::request::Request;
use super::{Context, page};
use crate::simulator::switches::{MissingParticipant, Switches};
use crate::simulator::world::World;
use crate::simulator::world::model::{LegState, Participant};
use crate::simulator::world::ordered::OrderedIds;
use crate::simulator::xml::Xml;

pub(crate) fn list(context: &Context, world: &World, request: &Request) -> Reply {
    render(context, world, request, &world.bridges[context.bridge].known)
}

pub(crate) fn of_call(context: &Context, world: &World, request: &Request, call: Id) -> Reply {
    match world.meeting_of_call(context.bridge, call) {
        Some(meeting) => render(context, world, request, &meeting.people),
        None => Reply::missing("callDoesNotExist", true, &context.switches),
    }
}

fn render(context: &Context, world: &World, request: &Request, people: &OrderedIds) -> Reply {
    let cap = context.switches.cap_participants;
    let filtered = ["filter", "tenantFilter", "callBridgeFilter", "coSpaceFilter"].iter().any(|name| request.filter(name).is_some());
    let (total, found) = if filtered {
        let matching = people.iter().filter(|id| world.participants.get(id).is_some_and(|p| matches(world, p, request)));
        page::of(matching, context.rotation, request, cap)
    } else {
        page::slice(people.len(), |at| people.get(at), context.rotation, request, cap)
    };
    let mut xml = Xml::default();
    for person in found.iter().filter_map(|id| world.participants.get(id)) {
        xml.open_with("participant", &[("id", &person.id)])
            .field("name", person.shown_name())
            .optional_field("call", own_call(context, world, person))
            .optional_field("callBridge", remote_bridge(context, world, person))
            .close("participant");
    }
    Reply::list("participants", total, &xml.finish(), &context.switches)
}

/// `filter` is a substring of the name or the address (rest.md 3.3, I).
fn matches(world: &World, person: &Participant, request: &Request) -> bool {
    let meeting = world.meetings.get(&person.meeting);
    let in_text = request.filter("filter").is_none_or(|wanted| {
        let wanted = wanted.to_lowercase();
        person.shown_name().to_lowercase().contains(&wanted) || person.uri.to_lowercase().contains(&wanted)
    });
    let tenant = request.filter("tenantFilter").map(super::id);
    let space = request.filter("coSpaceFilter").map(super::id);
    let bridge = request.filter("callBridgeFilter").map(super::id);
    in_text
        && tenant.is_none_or(|t| meeting.is_some_and(|m| m.tenant == Some(t)))
        && space.is_none_or(|s| meeting.is_some_and(|m| m.space == Some(s)))
        && bridge.is_none_or(|b| world.bridges[person.home].id == b)
}

/// The meeting's call id on this bridge.
pub(crate) fn own_call(context: &Context, world: &World, person: &Participant) -> Option<Id> {
    Some(world.meetings.get(&person.meeting)?.instance(context.bridge)?.call)
}

/// The id of the participant's bridge, if it is not this one (rest.md 7, AP).
pub(crate) fn remote_bridge(context: &Context, world: &World, person: &Participant) -> Option<Id> {
    (person.home != context.bridge).then(|| world.bridges[person.home].id)
}

/// This reason is not in the vendor's list, so a bare 404 is a switch (rest.md 6).
pub(crate) fn missing(reading: bool, switches: &Switches) -> Reply {
    match switches.missing_participant {
        MissingParticipant::Bare404 => Reply::status(404),
        MissingParticipant::Reason => Reply::missing("participantDoesNotExist", reading, switches),
    }
}

pub(crate) fn one(context: &Context, world: &World, id: Id) -> Reply {
    let switches = &context.switches;
    let Some(person) = world.participant_at(context.bridge, id) else {
        return missing(true, switches);
    };
    let remote = remote_bridge(context, world, person);
    let legs = 1 + usize::from(person.sharing_leg.is_some());
    let tenant = world.meetings.get(&person.meeting).and_then(|m| m.tenant);
    let mut xml = Xml::default();
    xml.open_with("participant", &[("id", &person.id)])
        .optional_field("call", own_call(context, world, person))
        .optional_field("callBridge", remote)
        .optional_field("tenant", tenant)
        .optional_field("numCallLegs", remote.is_none().then_some(legs))
        .field("name", person.shown_name())
        .field("uri", &person.uri)
        .field("originalUri", &person.uri)
        .optional_field("userJid", person.jid.as_ref())
        .field("isActivator", person.activator)
        .field("canMove", person.can_move);
    if let Some((from, bridge)) = person.moved_from {
        xml.field("movedParticipant", from).field("movedParticipantCallBridge", world.bridges[bridge].id);
    }
    if switches.participant_deactivated {
        xml.field("deactivated", person.waiting);
    }
    configuration(&mut xml, person);
    let state = person.shown_state(context.switches.waiting_participant).map(LegState::wire);
    xml.open("status").optional_field("state", state).close("status").close("participant");
    Reply::xml(xml, switches)
}

fn configuration(xml: &mut Xml, person: &Participant) {
    if person.importance.is_none() && person.label.is_none() {
        xml.raw("<configuration/>");
        return;
    }
    xml.open("configuration")
        .optional_field("importance", person.importance)
        .optional_field("nameLabelOverride", person.label.as_ref())
        .close("configuration");
}
