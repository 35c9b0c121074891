//! The content of each type of record (cdr.md 3.2 to 3.5) as XML; `record` decides when a record is written.

use crate::simulator::id::Id;
use crate::simulator::switches::{CdrActiveLeg, CdrGroupId, Switches};
use crate::simulator::world::World;
use crate::simulator::world::model::{EndpointKind, Meeting, Participant};
use crate::simulator::xml::Xml;

use super::reported::{LegSnapshot, ReportedCall, ReportedLeg, ReportedLink};

/// A participant's leg and the bridge that runs it.
#[derive(Clone, Copy)]
pub(crate) struct LegView<'a> {
    pub(crate) leg: Id,
    /// Marks the second leg of a Lync participant.
    pub(crate) sharing: bool,
    pub(crate) person: &'a Participant,
    /// The name of the bridge.
    pub(crate) bridge: &'a str,
}

pub(crate) fn call_start(meeting: &Meeting, call: Id, correlator: Option<Id>) -> String {
    let mut xml = Xml::default();
    xml.open_with("call", &[("id", &call)])
        .field("name", &meeting.name)
        .field("ownerName", &meeting.owner)
        .field("callType", meeting.call_type.wire())
        .optional_field("coSpace", meeting.space)
        .optional_field("tenant", meeting.tenant)
        .optional_field("callCorrelator", correlator)
        .close("call");
    xml.finish()
}

pub(crate) fn call_end(call: &ReportedCall, switches: &Switches, now_ms: i64) -> String {
    let mut xml = Xml::default();
    xml.open_with("call", &[("id", &call.id)])
        .field("callLegsCompleted", call.completed)
        .field("callLegsMaxActive", call.max_active)
        .field("durationSeconds", seconds(now_ms - call.started_ms))
        .optional_field("endpointRecorded", switches.at_least(2, 4).then_some(false))
        .close("call");
    xml.finish()
}

/// An incoming SIP call is in no call yet (CG); an app leg is (CD2), and so is one that the call dialled_address.
pub(crate) fn call_at_start(person: &Participant, call: Option<Id>) -> Option<Id> {
    call.filter(|_| person.outgoing || person.kind == EndpointKind::WebApp)
}

/// `moved_from`: the old leg and the bridge that ran it.
pub(crate) fn leg_start(view: LegView<'_>, world: &World, call: Option<Id>, moved_from: Option<(Id, Id)>, switches: &Switches) -> String {
    let LegView { leg, sharing, person, .. } = view;
    let (kind, sub_type, lync) = match person.kind {
        EndpointKind::WebApp => ("acano", switches.at_least(3, 0).then_some("webApp"), None),
        EndpointKind::Lync => ("sip", Some("lync"), Some(if sharing { "applicationSharing" } else { "audioVideo" })),
        EndpointKind::Sip | EndpointKind::Phone => ("sip", None, None),
    };
    let guest = person.kind == EndpointKind::WebApp && person.jid.is_none();
    let mut xml = Xml::default();
    xml.open_with("callLeg", &[("id", &leg)])
        .field("displayName", person.shown_name())
        .field("remoteParty", &person.uri)
        .field("remoteAddress", &person.uri)
        .optional_field("localAddress", dialled_address(world, person))
        .field("type", kind)
        .optional_field("subType", sub_type)
        .optional_field("lyncSubType", lync)
        .field("direction", if person.outgoing { "outgoing" } else { "incoming" })
        .optional_field("call", call)
        .optional_field("groupId", group_id(view, switches))
        .optional_field("guestConnection", guest.then_some(true))
        .optional_field("sipCallId", sip_call_id(view));
    if switches.at_least(2, 6) {
        xml.field("canMove", person.can_move)
            .optional_field("movedCallLeg", moved_from.map(|(old, _)| old))
            .optional_field("movedCallLegCallBridge", moved_from.map(|(_, bridge)| bridge));
    }
    xml.close("callLeg");
    xml.finish()
}

/// A snapshot in the order of the sample in cdr.md 3, with `deactivated` as this record reports it.
pub(crate) fn leg_update(
    view: LegView<'_>,
    snapshot: &LegSnapshot,
    renamed: bool,
    deactivated: Option<bool>,
    switches: &Switches,
) -> String {
    let mut xml = Xml::default();
    xml.open_with("callLeg", &[("id", &view.leg)]).optional_field("state", snapshot.connected.then_some("connected"));
    match snapshot.call {
        Some(call) => xml.field("call", call),
        None => xml.raw("<ivr/>"),
    };
    xml.optional_field("deactivated", deactivated)
        .optional_field("groupId", group_id(view, switches))
        .optional_field("sipCallId", sip_call_id(view))
        .field("remoteAddress", &view.person.uri)
        .optional_field("displayName", renamed.then_some(&snapshot.name))
        .optional_field("canMove", switches.at_least(2, 6).then_some(snapshot.can_move))
        .field("confirmationStatus", "notRequired")
        .close("callLeg");
    xml.finish()
}

/// `deactivated=false` of an active leg can be left out: a switch (cdr.md 3.4).
pub(crate) fn deactivated(snapshot: &LegSnapshot, switches: &Switches) -> Option<bool> {
    snapshot.deactivated.filter(|waits| *waits || switches.cdr_active_leg == CdrActiveLeg::False)
}

/// It has no call, no name and no groupId (CG, CD2, DM).
pub(crate) fn leg_end(leg: Id, reported: &ReportedLeg, reason: &str, now_ms: i64) -> String {
    let mut xml = Xml::default();
    xml.open_with("callLeg", &[("id", &leg)])
        .field("reason", reason_word(reason))
        .field("remoteTeardown", matches!(reason, "remoteTeardown" | "remoteBusy" | "remoteRejected"))
        .field("durationSeconds", seconds(reported.duration_ms(now_ms)))
        .field("activatedDuration", seconds(reported.active_ms(now_ms)));
    if reported.snapshot.deactivated.is_some() {
        media(&mut xml);
    }
    xml.close("callLeg");
    xml.finish()
}

/// Translates an end reason of events into the one of CDRs (cdr.md 3.5).
fn reason_word(reason: &str) -> &str {
    match reason {
        "participantInitiated" | "allLeft" => "callEnded",
        "timeout" => "ringingTimeout",
        reason => reason,
    }
}

/// The simulated media are always the same and always good.
fn media(xml: &mut Xml) {
    xml.field("encryptedMedia", true).field("unencryptedMedia", false).open("mediaUsagePercentages");
    for usage in ["mainVideoViewer", "mainVideoContributor"] {
        xml.field(usage, "100.0");
    }
    for usage in ["presentationViewer", "presentationContributor", "multiStreamVideo"] {
        xml.field(usage, "0.0");
    }
    xml.close("mediaUsagePercentages");
    for stream in ["rxAudio", "txAudio"] {
        xml.open(stream).field("codec", "opus").close(stream);
    }
    for stream in ["rxVideo", "txVideo"] {
        xml.open(stream).field("codec", "h264").field("maxSizeWidth", 1280).field("maxSizeHeight", 720);
        xml.open("packetStatistics");
        for statistic in ["packetLossBursts", "packetGap"] {
            xml.open(statistic).field("duration", "0.0").field("density", "0.0").close(statistic);
        }
        xml.close("packetStatistics").close(stream);
    }
}

pub(crate) fn link_start(leg: Id, call: Option<Id>, peer: &str) -> String {
    let mut xml = Xml::default();
    xml.open_with("callLeg", &[("id", &leg)])
        .field("displayName", peer)
        .field("remoteParty", address(peer))
        .field("remoteAddress", address(peer))
        .field("type", "sip")
        .field("subType", "distributionLink")
        .field("direction", "outgoing")
        .optional_field("call", call)
        .close("callLeg");
    xml.finish()
}

pub(crate) fn link_update(leg: Id, call: Option<Id>, peer: &str) -> String {
    let mut xml = Xml::default();
    xml.open_with("callLeg", &[("id", &leg)])
        .field("state", "connected")
        .optional_field("call", call)
        .field("remoteAddress", address(peer))
        .close("callLeg");
    xml.finish()
}

pub(crate) fn link_end(leg: Id, link: ReportedLink, now_ms: i64) -> String {
    let mut xml = Xml::default();
    xml.open_with("callLeg", &[("id", &leg)])
        .field("reason", "callEnded")
        .field("remoteTeardown", false)
        .field("durationSeconds", seconds(now_ms - link.started_ms))
        .close("callLeg");
    xml.finish()
}

fn group_id(view: LegView<'_>, switches: &Switches) -> Option<Id> {
    match switches.cdr_group_id {
        CdrGroupId::Participant => Some(view.person.id),
        CdrGroupId::Leg => Some(view.leg),
        CdrGroupId::Absent => None,
    }
}

fn sip_call_id(view: LegView<'_>) -> Option<String> {
    (view.person.kind != EndpointKind::WebApp).then(|| format!("{}@{}", view.leg, address(view.bridge)))
}

/// The address that an incoming caller dialled_address; a call without a space has none.
fn dialled_address(world: &World, person: &Participant) -> Option<String> {
    let space = world.directory.spaces.get(&world.meetings.get(&person.meeting)?.space?)?;
    (!person.outgoing).then(|| format!("{}@cms.example.org", space.uri))
}

fn address(bridge: &str) -> String {
    format!("{bridge}.cms.example.org")
}

fn seconds(ms: i64) -> i64 {
    (ms / 1000).max(0)
}
