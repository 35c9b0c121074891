//! Reads call legs (rest.md 3.5 to 3.7): local ones only. A single leg is the only resource with the lobby state.

use crate::simulator::id::Id;

use super::calls::seconds;
use super::reply::Reply;
use super::request::Request;
use super::{Context, page, participants};
use crate::simulator::switches::{ActiveLeg, LinkName, RemoteLegs, SubType, Switches, WaitingState};
use crate::simulator::world::World;
use crate::simulator::world::model::{EndpointKind, LegOwner, LegState, Meeting, Participant};
use crate::simulator::xml::Xml;

pub(crate) fn list(context: &Context, world: &World, request: &Request) -> Reply {
    let bridge = &world.bridges[context.bridge];
    if let Some(person) = request.filter("participantFilter").map(super::id) {
        let legs = local_legs(context, world, person).unwrap_or_default();
        return render_filtered(context, world, request, &legs);
    }
    if request.filter("filter").is_none() && request.filter("tenantFilter").is_none() {
        let cap = context.switches.cap_legs;
        let (total, found) = page::slice(bridge.legs.len(), |at| bridge.legs.get(at), context.rotation, request, cap);
        return render_page(context, world, total, &found);
    }
    let all: Vec<Id> = bridge.legs.iter().collect();
    render_filtered(context, world, request, &all)
}

pub(crate) fn of_call(context: &Context, world: &World, request: &Request, call: Id) -> Reply {
    let found = world.meeting_of_call(context.bridge, call).and_then(|m| Some((m, m.instance(context.bridge)?)));
    let Some((meeting, instance)) = found else {
        return Reply::missing("callDoesNotExist", true, &context.switches);
    };
    let wanted = request.filter("participantFilter").map(super::id);
    let mut legs: Vec<(u64, Id)> = Vec::new();
    for person in meeting.people.iter().filter_map(|id| world.participants.get(&id)) {
        if person.home == context.bridge && wanted.is_none_or(|w| w == person.id) {
            legs.push((person.leg_seq, person.leg));
            legs.extend(person.sharing_leg);
        }
    }
    if wanted.is_none() {
        legs.extend(instance.links.iter().map(|l| (l.seq, l.leg)));
    }
    legs.sort_unstable();
    let legs: Vec<Id> = legs.into_iter().map(|(_, leg)| leg).collect();
    render_filtered(context, world, request, &legs)
}

/// The exact XML for a participant hosted elsewhere is unknown (rest.md 3.5): a switch.
pub(crate) fn of_participant(context: &Context, world: &World, request: &Request, id: Id) -> Reply {
    let Some(person) = world.participant_at(context.bridge, id) else {
        return participants::missing(true, &context.switches);
    };
    if person.home == context.bridge {
        return render_filtered(context, world, request, &local_legs(context, world, id).unwrap_or_default());
    }
    match context.switches.remote_legs {
        RemoteLegs::EmptyList => render_filtered(context, world, request, &[]),
        RemoteLegs::CallBridge => {
            let mut xml = Xml::default();
            xml.field("callBridge", world.bridges[person.home].id);
            Reply::list("callLegs", 0, &xml.finish(), &context.switches)
        }
        RemoteLegs::Missing => participants::missing(true, &context.switches),
        RemoteLegs::Links => {
            let instance = world.meetings.get(&person.meeting).and_then(|meeting| meeting.instance(context.bridge));
            let links: Vec<Id> = instance.map(|instance| instance.links.iter().map(|link| link.leg).collect()).unwrap_or_default();
            render_filtered(context, world, request, &links)
        }
    }
}

fn local_legs(context: &Context, world: &World, id: Id) -> Option<Vec<Id>> {
    let person = world.participant_at(context.bridge, id)?;
    if person.home != context.bridge {
        return None;
    }
    Some(std::iter::once(person.leg).chain(person.sharing_leg.map(|(_, leg)| leg)).collect())
}

fn render_filtered(context: &Context, world: &World, request: &Request, legs: &[Id]) -> Reply {
    let tenant = request.filter("tenantFilter").map(super::id);
    let text = request.filter("filter").map(str::to_lowercase);
    // No simulated leg ever has a quality alarm.
    let alarmed = request.filter("alarms").is_some();
    let matching = legs.iter().copied().filter(|leg| {
        let Some(summary) = LegSummary::of(context, world, *leg) else {
            return false;
        };
        let named =
            text.as_ref().is_none_or(|t| summary.name.to_lowercase().contains(t) || summary.remote_party.to_lowercase().contains(t));
        !alarmed && named && tenant.is_none_or(|t| summary.meeting.tenant == Some(t))
    });
    let (total, found) = page::of(matching, context.rotation, request, context.switches.cap_legs);
    render_page(context, world, total, &found)
}

/// Lists have no status and no subType, so clients need one GET per leg (LM, UCR).
fn render_page(context: &Context, world: &World, total: usize, found: &[Id]) -> Reply {
    let mut xml = Xml::default();
    for leg in found {
        if let Some(summary) = LegSummary::of(context, world, *leg) {
            xml.open_with("callLeg", &[("id", leg)])
                .field("name", summary.name)
                .field("remoteParty", &summary.remote_party)
                .field("originalRemoteParty", &summary.remote_party)
                .optional_field("call", summary.call)
                .optional_field("tenant", summary.meeting.tenant)
                .close("callLeg");
        }
    }
    Reply::list("callLegs", total, &xml.finish(), &context.switches)
}

/// The values that lists and details of a leg share.
struct LegSummary<'a> {
    name: &'a str,
    remote_party: String,
    meeting: &'a Meeting,
    call: Option<Id>,
    owner: LegOwner,
}

impl<'a> LegSummary<'a> {
    fn of(context: &Context, world: &'a World, leg: Id) -> Option<Self> {
        let owner = world.leg_owner(context.bridge, leg)?;
        let (name, remote_party, meeting) = match owner {
            LegOwner::Participant(id) | LegOwner::Sharing(id) => {
                let person = world.participants.get(&id)?;
                (person.shown_name(), person.uri.clone(), world.meetings.get(&person.meeting)?)
            }
            LegOwner::Link { meeting, peer } => {
                let meeting = world.meetings.get(&meeting)?;
                let peer = world.bridges[peer].name.as_str();
                let name = match context.switches.link_name {
                    LinkName::Peer => peer,
                    LinkName::Call => meeting.name.as_str(),
                    LinkName::Empty => "",
                };
                (name, format!("{peer}.cms.example.org"), meeting)
            }
        };
        let call = meeting.instance(context.bridge).map(|i| i.call);
        Some(Self { name, remote_party, meeting, call, owner })
    }
}

pub(crate) fn one(context: &Context, world: &World, leg: Id) -> Reply {
    let switches = &context.switches;
    let Some(summary) = LegSummary::of(context, world, leg) else {
        return Reply::missing("callLegDoesNotExist", true, switches);
    };
    let mut xml = Xml::default();
    xml.open_with("callLeg", &[("id", &leg)])
        .field("name", summary.name)
        .field("remoteParty", &summary.remote_party)
        .field("originalRemoteParty", &summary.remote_party)
        .optional_field("call", summary.call)
        .optional_field("tenant", summary.meeting.tenant);
    match summary.owner {
        LegOwner::Link { .. } => link(context, &mut xml, &summary),
        LegOwner::Participant(id) | LegOwner::Sharing(id) => {
            if let Some(person) = world.participants.get(&id) {
                let sharing = matches!(summary.owner, LegOwner::Sharing(_));
                of_person(context, world, &mut xml, person, sharing);
            }
        }
    }
    xml.close("callLeg");
    Reply::xml(xml, switches)
}

fn sub_type(xml: &mut Xml, value: &str, switches: &Switches) {
    let tag = match switches.sub_type_spelling {
        SubType::Camel => "subType",
        SubType::Lower => "subtype",
    };
    xml.field(tag, value);
}

fn link(context: &Context, xml: &mut Xml, summary: &LegSummary<'_>) {
    let since = summary.meeting.instance(context.bridge).map_or(context.now_ms, |i| i.started_ms);
    xml.field("type", "sip");
    sub_type(xml, "distributionLink", &context.switches);
    xml.field("direction", "outgoing")
        .field("canMove", false)
        .raw("<configuration/>")
        .open("status")
        .field("state", "connected")
        .field("durationSeconds", seconds(context.clock_ms() - since))
        .field("direction", "outgoing")
        .field("encryptedMedia", true)
        .field("unencryptedMedia", false)
        .close("status");
}

fn of_person(context: &Context, world: &World, xml: &mut Xml, person: &Participant, sharing: bool) {
    let direction = if person.outgoing { "outgoing" } else { "incoming" };
    let kind = if person.kind == EndpointKind::WebApp { "acano" } else { "sip" };
    xml.field("type", kind);
    if person.kind == EndpointKind::Lync {
        sub_type(xml, "lync", &context.switches);
        xml.field("lyncSubType", if sharing { "applicationSharing" } else { "audioVideo" });
    }
    xml.field("direction", direction).field("canMove", person.can_move);
    if let Some((from, bridge)) = person.moved_from {
        xml.field("movedCallLeg", from).field("movedCallLegCallBridge", world.bridges[bridge].id);
    }
    configuration(world, xml, person, sharing);
    xml.open("status");
    state(context, xml, person);
    if person.state != LegState::Initial {
        xml.field("durationSeconds", seconds(context.clock_ms() - person.leg_started_ms));
    }
    xml.field("direction", direction);
    // groupId is the id for operations on the participant (rest.md 3.7, CG; I).
    xml.field("groupId", person.id);
    deactivated(context, xml, person);
    xml.field("encryptedMedia", true).field("unencryptedMedia", false).field("layout", &person.layout).close("status");
}

/// It is not confirmed that a leg in the lobby is `connected` (rest.md 3.7).
fn state(context: &Context, xml: &mut Xml, person: &Participant) {
    let word = match context.switches.waiting_state {
        WaitingState::Absent if person.waiting && person.is_connected() => return,
        WaitingState::Other if person.waiting && person.is_connected() => "inLobby",
        _ => person.state.wire(),
    };
    xml.field("state", word);
}

/// `true` in the lobby; absent or `false` when active, late on a new leg: switches (rest.md 3.7).
fn deactivated(context: &Context, xml: &mut Xml, person: &Participant) {
    let known = context.now_ms - person.connected_ms >= context.switches.late_deactivated_ms as i64;
    let is_waiting = person.waiting && person.is_connected() && known;
    match (is_waiting, context.switches.active_leg) {
        (true, _) => {
            xml.field("deactivated", true);
        }
        (false, ActiveLeg::False) if person.is_connected() => {
            xml.field("deactivated", false);
        }
        _ => {}
    }
}

/// Shows only the values that this leg overrides (AP): an ad hoc guest's needsActivation comes from no profile.
fn configuration(world: &World, xml: &mut Xml, person: &Participant, sharing: bool) {
    let from_profile = world.meetings.get(&person.meeting).is_some_and(|m| m.space.is_some());
    let mutes = [
        ("rxAudioMute", if sharing { person.sharing_rx_audio_mute } else { person.rx_audio_mute }),
        ("txAudioMute", person.tx_audio_mute),
        ("rxVideoMute", person.rx_video_mute),
        ("txVideoMute", person.tx_video_mute),
    ];
    let overridden = person.needs_activation && !from_profile;
    if !overridden && person.label.is_none() && mutes.iter().all(|(_, on)| !on) {
        xml.raw("<configuration/>");
        return;
    }
    xml.open("configuration");
    if overridden {
        xml.field("needsActivation", true);
    }
    for (name, on) in mutes.into_iter().filter(|(_, on)| *on) {
        xml.field(name, on);
    }
    xml.optional_field("nameLabelOverride", person.label.as_ref()).close("configuration");
}

/// Effective values with their origin. No source shows the XML of a trace; this form is a guess (rest.md 3.7).
pub(crate) fn trace(context: &Context, world: &World, leg: Id) -> Reply {
    let owner = world.leg_owner(context.bridge, leg);
    let (Some(LegOwner::Participant(id) | LegOwner::Sharing(id)), switches) = (owner, &context.switches) else {
        return Reply::missing("callLegDoesNotExist", true, &context.switches);
    };
    let found = world.participants.get(&id).and_then(|p| Some((p, world.meetings.get(&p.meeting)?)));
    let Some((person, meeting)) = found else {
        return Reply::missing("callLegDoesNotExist", true, switches);
    };
    let origin: &str = if meeting.space.is_some() { "accessMethod" } else { "callLeg" };
    let mut xml = Xml::default();
    xml.open("callLegProfileTrace");
    let values: [(&str, String); 4] = [
        ("needsActivation", person.needs_activation.to_string()),
        ("deactivationMode", meeting.deactivation.wire().to_owned()),
        ("deactivationModeTime", meeting.deactivation_s.to_string()),
        ("callLockAllowed", person.activator.to_string()),
    ];
    for (name, value) in values {
        xml.open(name).field("value", value).field("origin", origin).close(name);
    }
    xml.close("callLegProfileTrace");
    Reply::xml(xml, switches)
}
