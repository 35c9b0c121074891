//! What is inside each type of record (cdr.md 3.2 to 3.5) as XML; when a record is written is `record`'s.

use crate::simulator::id::Id;
use crate::simulator::switches::{CdrActiveLeg, CdrGroupId, Switches};
use crate::simulator::world::World;
use crate::simulator::world::model::{Kind, Meeting, Participant};
use crate::simulator::xml::Xml;

use super::book::{Call, Leg, LinkLeg, Shown};

/// A participant's leg and where it runs.
#[derive(Clone, Copy)]
pub(crate) struct LegView<'a> {
    pub(crate) leg: Id,
    /// The second leg of a Lync participant.
    pub(crate) sharing: bool,
    pub(crate) person: &'a Participant,
    /// Name of the bridge.
    pub(crate) bridge: &'a str,
}

pub(crate) fn call_start(meeting: &Meeting, call: Id, correlator: Option<Id>) -> String {
    let mut xml = Xml::default();
    xml.open_with("call", &[("id", &call)])
        .field("name", &meeting.name)
        .field("ownerName", &meeting.owner)
        .field("callType", meeting.call_type.wire())
        .maybe("coSpace", meeting.space)
        .maybe("tenant", meeting.tenant)
        .maybe("callCorrelator", correlator)
        .close("call");
    xml.done()
}

pub(crate) fn call_end(call: &Call, switches: &Switches, now_ms: i64) -> String {
    let mut xml = Xml::default();
    xml.open_with("call", &[("id", &call.id)])
        .field("callLegsCompleted", call.completed)
        .field("callLegsMaxActive", call.most)
        .field("durationSeconds", seconds(now_ms - call.started_ms))
        .maybe("endpointRecorded", switches.at_least(2, 4).then_some(false))
        .close("call");
    xml.done()
}

/// A SIP call that comes in is in no call yet (CG); an app leg is (CD2), and so is one that the call made.
pub(crate) fn call_at_start(person: &Participant, call: Option<Id>) -> Option<Id> {
    call.filter(|_| person.outgoing || person.kind == Kind::WebApp)
}

/// `moved_from`: the old leg and the bridge that ran it.
pub(crate) fn leg_start(view: LegView<'_>, world: &World, call: Option<Id>, moved_from: Option<(Id, Id)>, switches: &Switches) -> String {
    let LegView { leg, sharing, person, .. } = view;
    let (kind, sub_type, lync) = match person.kind {
        Kind::WebApp => ("acano", switches.at_least(3, 0).then_some("webApp"), None),
        Kind::Lync => ("sip", Some("lync"), Some(if sharing { "applicationSharing" } else { "audioVideo" })),
        Kind::Sip | Kind::Phone => ("sip", None, None),
    };
    let guest = person.kind == Kind::WebApp && person.jid.is_none();
    let mut xml = Xml::default();
    xml.open_with("callLeg", &[("id", &leg)])
        .field("displayName", person.shown_name())
        .field("remoteParty", &person.uri)
        .field("remoteAddress", &person.uri)
        .maybe("localAddress", dialled(world, person))
        .field("type", kind)
        .maybe("subType", sub_type)
        .maybe("lyncSubType", lync)
        .field("direction", if person.outgoing { "outgoing" } else { "incoming" })
        .maybe("call", call)
        .maybe("groupId", group_id(view, switches))
        .maybe("guestConnection", guest.then_some(true))
        .maybe("sipCallId", sip_call_id(view));
    if switches.at_least(2, 6) {
        xml.field("canMove", person.can_move)
            .maybe("movedCallLeg", moved_from.map(|(old, _)| old))
            .maybe("movedCallLegCallBridge", moved_from.map(|(_, bridge)| bridge));
    }
    xml.close("callLeg");
    xml.done()
}

/// A snapshot in the order of the sample in cdr.md 3. `deactivated` as this record shall say it.
pub(crate) fn leg_update(view: LegView<'_>, shown: &Shown, renamed: bool, deactivated: Option<bool>, switches: &Switches) -> String {
    let mut xml = Xml::default();
    xml.open_with("callLeg", &[("id", &view.leg)]).maybe("state", shown.connected.then_some("connected"));
    match shown.call {
        Some(call) => xml.field("call", call),
        None => xml.raw("<ivr/>"),
    };
    xml.maybe("deactivated", deactivated)
        .maybe("groupId", group_id(view, switches))
        .maybe("sipCallId", sip_call_id(view))
        .field("remoteAddress", &view.person.uri)
        .maybe("displayName", renamed.then_some(&shown.name))
        .maybe("canMove", switches.at_least(2, 6).then_some(shown.can_move))
        .field("confirmationStatus", "notRequired")
        .close("callLeg");
    xml.done()
}

/// `false` of an active leg can be left out: a switch (cdr.md 3.4).
pub(crate) fn deactivated(shown: &Shown, switches: &Switches) -> Option<bool> {
    shown.deactivated.filter(|waits| *waits || switches.cdr_active_leg == CdrActiveLeg::False)
}

/// No call, no name and no groupId (CG, CD2, DM).
pub(crate) fn leg_end(leg: Id, told: &Leg, reason: &str, now_ms: i64) -> String {
    let mut xml = Xml::default();
    xml.open_with("callLeg", &[("id", &leg)])
        .field("reason", reason_word(reason))
        .field("remoteTeardown", matches!(reason, "remoteTeardown" | "remoteBusy" | "remoteRejected"))
        .field("durationSeconds", seconds(told.duration_ms(now_ms)))
        .field("activatedDuration", seconds(told.active_ms(now_ms)));
    if told.shown.deactivated.is_some() {
        media(&mut xml);
    }
    xml.close("callLeg");
    xml.done()
}

/// The world says how it ended for events; CDRs have words of their own (cdr.md 3.5).
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
        .maybe("call", call)
        .close("callLeg");
    xml.done()
}

pub(crate) fn link_update(leg: Id, call: Option<Id>, peer: &str) -> String {
    let mut xml = Xml::default();
    xml.open_with("callLeg", &[("id", &leg)])
        .field("state", "connected")
        .maybe("call", call)
        .field("remoteAddress", address(peer))
        .close("callLeg");
    xml.done()
}

pub(crate) fn link_end(leg: Id, link: LinkLeg, now_ms: i64) -> String {
    let mut xml = Xml::default();
    xml.open_with("callLeg", &[("id", &leg)])
        .field("reason", "callEnded")
        .field("remoteTeardown", false)
        .field("durationSeconds", seconds(now_ms - link.started_ms))
        .close("callLeg");
    xml.done()
}

fn group_id(view: LegView<'_>, switches: &Switches) -> Option<Id> {
    match switches.cdr_group_id {
        CdrGroupId::Participant => Some(view.person.id),
        CdrGroupId::Leg => Some(view.leg),
        CdrGroupId::Absent => None,
    }
}

fn sip_call_id(view: LegView<'_>) -> Option<String> {
    (view.person.kind != Kind::WebApp).then(|| format!("{}@{}", view.leg, address(view.bridge)))
}

/// What an incoming caller dialled; a call without a space has no address.
fn dialled(world: &World, person: &Participant) -> Option<String> {
    let space = world.directory.spaces.get(&world.meetings.get(&person.meeting)?.space?)?;
    (!person.outgoing).then(|| format!("{}@cms.example.org", space.uri))
}

fn address(bridge: &str) -> String {
    format!("{bridge}.cms.example.org")
}

fn seconds(ms: i64) -> i64 {
    (ms / 1000).max(0)
}
