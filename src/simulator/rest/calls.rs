//! Reads calls (rest.md 3.1 and 3.2): only those with an instance on this bridge, and never their lobby.

use crate::simulator::id::Id;

use super::reply::Reply;
use super::request::Request;
use super::{Context, page};
use crate::simulator::events::render::other_instances;
use crate::simulator::world::World;
use crate::simulator::world::model::{Instance, Meeting};
use crate::simulator::xml::Xml;

pub(crate) fn list(context: &Context, world: &World, request: &Request) -> Reply {
    let bridge = context.bridge;
    let calls = &world.bridges[bridge].calls;
    let cap = context.switches.cap_calls;
    let space = request.filter("coSpaceFilter").map(super::id);
    let tenant = request.filter("tenantFilter").map(super::id);
    let (total, found) = if space.is_none() && tenant.is_none() {
        page::slice(calls.len(), |at| calls.get(at), context.rotation, request, cap)
    } else {
        let matching = calls.iter().filter(|call| {
            world
                .meeting_of_call(bridge, *call)
                .is_some_and(|m| space.is_none_or(|s| m.space == Some(s)) && tenant.is_none_or(|t| m.tenant == Some(t)))
        });
        page::of(matching, context.rotation, request, cap)
    };
    let mut xml = Xml::default();
    for call in found {
        if let Some(meeting) = world.meeting_of_call(bridge, call) {
            xml.open_with("call", &[("id", &call)])
                .field("name", &meeting.name)
                .optional_field("coSpace", meeting.space)
                .optional_field("callCorrelator", meeting.correlator(bridge, context.switches.correlator_first))
                .optional_field("tenant", meeting.tenant)
                .close("call");
        }
    }
    Reply::list("calls", total, &xml.finish(), &context.switches)
}

/// Elements in the order of the vendor's example (AP).
pub(crate) fn one(context: &Context, world: &World, call: Id) -> Reply {
    let found = world.meeting_of_call(context.bridge, call).and_then(|m| Some((m, m.instance(context.bridge)?)));
    let Some((meeting, instance)) = found else {
        return Reply::missing("callDoesNotExist", true, &context.switches);
    };
    let mut xml = Xml::default();
    xml.open_with("call", &[("id", &call)])
        .field("name", &meeting.name)
        .field("callType", meeting.call_type.wire())
        .optional_field("coSpace", meeting.space)
        .optional_field("tenant", meeting.tenant)
        .optional_field("ownerName", Some(&meeting.owner).filter(|o| !o.is_empty()))
        .optional_field("callCorrelator", meeting.correlator(context.bridge, context.switches.correlator_first))
        .field("durationSeconds", seconds(context.clock_ms() - instance.started_ms));
    counters(context, world, &mut xml, meeting, instance);
    xml.optional_field("presenterCallLeg", presenter_leg(context, world, meeting))
        .field("locked", instance.locked)
        .field("recording", meeting.recording)
        .field("recordingStatus", meeting.recording)
        .field("streaming", meeting.streaming)
        .field("streamingStatus", meeting.streaming)
        .field("allowAllMuteSelf", meeting.all_mute_self)
        .field("allowAllPresentationContribution", meeting.all_presentation)
        .optional_field("joinAudioMuteOverride", meeting.join_audio_mute);
    banner(context, &mut xml, instance);
    xml.field("activeWhenEmpty", meeting.active_when_empty).field("endpointRecording", meeting.endpoint_recording).close("call");
    Reply::xml(xml, &context.switches)
}

pub(crate) fn seconds(ms: i64) -> i64 {
    (ms / 1000).max(0)
}

fn counters(context: &Context, world: &World, xml: &mut Xml, meeting: &Meeting, instance: &Instance) {
    let hidden = |home_here: bool| {
        if context.switches.count_lobby {
            return 0;
        }
        let waits = |id: &Id| world.participants.get(id).is_some_and(|p| p.waiting && (p.home == context.bridge) == home_here);
        meeting.people.iter().filter(waits).count()
    };
    let links = if context.switches.count_links { instance.links.len() } else { 0 };
    let remote = meeting.people.len() - instance.local;
    xml.field("numCallLegs", instance.local + links)
        .field("maxCallLegs", instance.max_legs + links)
        .field("numParticipantsLocal", instance.local - hidden(true))
        .field("numParticipantsRemote", remote - hidden(false))
        .field("numDistributedInstances", other_instances(meeting, context.bridge));
}

/// Known only while a participant of this bridge presents; a bridge does not know the legs of others.
fn presenter_leg(context: &Context, world: &World, meeting: &Meeting) -> Option<Id> {
    let presenter = world.participants.get(&meeting.presenter?)?;
    (presenter.home == context.bridge).then_some(presenter.leg)
}

fn banner(context: &Context, xml: &mut Xml, instance: &Instance) {
    let banner = &instance.banner;
    let text = Some(&banner.text).filter(|t| !t.is_empty());
    xml.optional_field("messageText", text).field("messagePosition", &banner.position).field("messageDuration", &banner.duration);
    if text.is_some()
        && let Ok(duration) = banner.duration.parse::<i64>()
    {
        let left = duration - seconds(context.clock_ms() - banner.set_ms);
        xml.field("messageTimeRemaining", left.max(0));
    }
}
