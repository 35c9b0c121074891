//! Finds the resource that a path names (rest.md 2: collection names without case, a trailing slash is ignored).

use super::reply::Reply;
use super::request::{Method, Request};
use super::{Context, calls, cdr_receivers, id, legs, participants, spaces, system, write_calls, write_legs, write_participants};
use crate::simulator::core::SharedState;
use crate::simulator::switches::{ParticipantLegs, UnknownParameters, UnknownPath};

/// Query parameters of rest.md 3; a switch decides whether others are ignored or refused.
const QUERY: [&str; 17] = [
    "offset",
    "limit",
    "filter",
    "coSpaceFilter",
    "tenantFilter",
    "callBridgeFilter",
    "callBridgeGroupFilter",
    "participantFilter",
    "activeLayoutFilter",
    "availableVideoStreamsLowerBound",
    "availableVideoStreamsUpperBound",
    "ownerIdSet",
    "alarms",
    "callLegProfileFilter",
    "callProfileFilter",
    "usageFilter",
    "type",
];

pub(crate) fn dispatch(context: &Context, state: &mut SharedState, request: &Request) -> Reply {
    let switches = &context.switches;
    if request.method == Method::Get
        && switches.unknown_parameters == UnknownParameters::Reject
        && let Some((name, _)) = request.query.iter().find(|(name, _)| !QUERY.contains(&name.as_str()))
    {
        let reason = format!("parameterError parameter=\"{}\" error=\"unknownParameter\"", plain(name));
        return Reply::failure(400, &reason, switches);
    }
    let shape = request.shape();
    let path: Vec<&str> = shape.iter().map(String::as_str).collect();
    let answered = match request.method {
        Method::Get => read(context, state, request, &path),
        Method::Put => put(context, state, request, &path),
        Method::Post => post(context, state, request, &path),
        Method::Delete => delete(context, state, &path),
    };
    answered.unwrap_or_else(|| {
        let status = if switches.unknown_path == UnknownPath::Status400 { 400 } else { 404 };
        Reply::failure(status, "unrecognizedObject", switches)
    })
}

fn plain(name: &str) -> String {
    name.chars().filter(|c| c.is_ascii_alphanumeric()).collect()
}

fn read(context: &Context, state: &mut SharedState, request: &Request, path: &[&str]) -> Option<Reply> {
    let world = &state.world;
    Some(match path {
        ["calls"] => calls::list(context, world, request),
        ["calls", call] => calls::one(context, world, id(call)),
        ["calls", call, "participants"] => participants::of_call(context, world, request, id(call)),
        ["calls", call, "calllegs"] => legs::of_call(context, world, request, id(call)),
        ["participants"] => participants::list(context, world, request),
        ["participants", person] => participants::one(context, world, id(person)),
        // The text prints the singular; real bridges accept the plural (rest.md 3.5).
        ["participants", _, "calllegs"] if context.switches.participant_legs == ParticipantLegs::Singular => return None,
        ["participants" | "participant", person, "calllegs"] => legs::of_participant(context, world, request, id(person)),
        ["calllegs"] => legs::list(context, world, request),
        ["calllegs", leg] => legs::one(context, world, id(leg)),
        ["calllegs", leg, "calllegprofiletrace"] => legs::trace(context, world, id(leg)),
        ["cospaces"] => spaces::list(context, world, request),
        ["cospaces", space] => spaces::one(context, world, id(space)),
        ["cospaces", space, "accessmethods"] => spaces::access_methods(context, world, request, id(space)),
        ["cospaces", space, "accessmethods", method] => spaces::access_method(context, world, id(space), id(method)),
        ["callprofiles", profile] => spaces::call_profile(context, world, id(profile)),
        ["calllegprofiles", profile] => spaces::leg_profile(context, world, id(profile)),
        ["tenants", tenant] => spaces::tenant(context, world, id(tenant)),
        ["callbridges"] => system::call_bridges(context, world, request),
        ["callbridges", bridge] => system::call_bridge(context, world, id(bridge)),
        ["system", "status"] => system::status(context, world, &state.cdr),
        ["system", "cdrreceivers"] => cdr_receivers::list(context, &mut state.cdr, request),
        ["system", "cdrreceivers", receiver] => cdr_receivers::one(context, &mut state.cdr, id(receiver)),
        ["system", "load"] => system::load(context, world),
        ["system", "alarms"] => system::alarms(context, world),
        ["system", "profiles"] => system::profiles(context, world),
        ["system", "configuration", "cluster"] => system::cluster(context, world),
        _ => return None,
    })
}

fn put(context: &Context, state: &mut SharedState, request: &Request, path: &[&str]) -> Option<Reply> {
    let world = &mut state.world;
    Some(match path {
        ["calls", call] => write_calls::modify(context, world, request, id(call)),
        ["calls", call, "participants", "*"] => write_participants::bulk(context, world, request, id(call)),
        ["participants", person] => write_participants::modify(context, world, request, id(person)),
        ["calllegs", leg] => write_legs::modify(context, world, request, id(leg)),
        ["system", "cdrreceivers"] => cdr_receivers::create_empty(context, &mut state.cdr),
        ["system", "cdrreceivers", receiver] => cdr_receivers::modify(context, &mut state.cdr, request, id(receiver)),
        _ => return None,
    })
}

fn post(context: &Context, state: &mut SharedState, request: &Request, path: &[&str]) -> Option<Reply> {
    let world = &mut state.world;
    Some(match path {
        ["calls"] => write_calls::create(context, world, request),
        ["calls", call, "participants"] => write_participants::create(context, world, request, id(call)),
        ["calls", call, "calllegs"] => write_legs::create(context, world, request, id(call)),
        ["system", "cdrreceivers"] => cdr_receivers::create(context, &mut state.cdr, request),
        _ => return None,
    })
}

fn delete(context: &Context, state: &mut SharedState, path: &[&str]) -> Option<Reply> {
    let world = &mut state.world;
    Some(match path {
        ["calls", call] => write_calls::end(context, world, id(call)),
        ["participants", person] => write_participants::disconnect(context, world, id(person)),
        ["calllegs", leg] => write_legs::hang_up(context, world, id(leg)),
        ["system", "cdrreceivers", receiver] => cdr_receivers::delete(context, &mut state.cdr, id(receiver)),
        _ => return None,
    })
}
