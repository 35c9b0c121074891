//! Reads the bridge itself: status, load, alarms, cluster, peers (rest.md 7 and 8).

use crate::simulator::id::Id;

use super::calls::seconds;
use super::reply::Reply;
use super::request::Request;
use super::{Context, page};
use crate::simulator::cdr::Cdr;
use crate::simulator::timestamp::rfc3339;
use crate::simulator::world::World;
use crate::simulator::xml::Xml;

/// Maximum number of peers in one list; clusters have at most 24.
const CAP_BRIDGES: usize = 20;

fn clustered(world: &World) -> bool {
    world.bridges.len() > 1
}

/// Elements in the order of the table in rest.md 8; each appears from the version that introduced it.
pub(crate) fn status(context: &Context, world: &World, cdr: &Cdr) -> Reply {
    let (switches, bridge) = (&context.switches, &world.bridges[context.bridge]);
    let legs = bridge.legs.len();
    let mut xml = Xml::default();
    xml.open("status")
        .field("hostId", bridge.id)
        .field("softwareVersion", &switches.version)
        .field("uptimeSeconds", seconds(context.clock_ms() - bridge.started_ms))
        .field("cdrTime", rfc3339(context.clock_ms()))
        .field("activated", true)
        .field("clusterEnabled", clustered(world));
    if switches.at_least(3, 0) && clustered(world) {
        xml.field("clusterId", world.bridges[0].id);
    }
    if switches.at_least(2, 2) {
        xml.field("cdrCorrelatorIndex", cdr.feeds[context.bridge].next_correlator());
    }
    xml.field("callLegsActive", legs)
        .field("callLegsMaxActive", legs)
        .field("callLegsCompleted", bridge.legs_completed)
        .field("audioBitRateOutgoing", legs * 64_000)
        .field("audioBitRateIncoming", legs * 64_000)
        .field("videoBitRateOutgoing", legs * 1_500_000)
        .field("videoBitRateIncoming", legs * 1_500_000)
        .close("status");
    Reply::xml(xml, switches)
}

pub(crate) fn load(context: &Context, world: &World) -> Reply {
    let legs = world.bridges[context.bridge].legs.len();
    let mut xml = Xml::default();
    xml.open("load").field("mediaProcessingLoad", legs * 400).close("load");
    Reply::xml(xml, &context.switches)
}

pub(crate) fn alarms(context: &Context, _world: &World) -> Reply {
    Reply::list("alarms", 0, "", &context.switches)
}

pub(crate) fn profiles(context: &Context, world: &World) -> Reply {
    let mut xml = Xml::default();
    xml.open("profiles")
        .field("callLegProfile", world.directory.leg_profiles[1].id)
        .field("callProfile", world.directory.call_profiles[0].id)
        .close("profiles");
    Reply::xml(xml, &context.switches)
}

/// `uniqueName` is the bridge's own name in the list of bridges (AP).
pub(crate) fn cluster(context: &Context, world: &World) -> Reply {
    let mut xml = Xml::default();
    xml.open("cluster");
    if clustered(world) {
        xml.field("uniqueName", &world.bridges[context.bridge].name);
    }
    xml.close("cluster");
    Reply::xml(xml, &context.switches)
}

/// The list of the shared database; an unclustered bridge has none (AP).
pub(crate) fn call_bridges(context: &Context, world: &World, request: &Request) -> Reply {
    let all = world.bridges.iter().filter(|_| clustered(world));
    let (total, found) = page::of(all, context.rotation, request, CAP_BRIDGES);
    let mut xml = Xml::default();
    for bridge in found {
        xml.open_with("callBridge", &[("id", &bridge.id)]).field("name", &bridge.name).close("callBridge");
    }
    Reply::list("callBridges", total, &xml.finish(), &context.switches)
}

pub(crate) fn call_bridge(context: &Context, world: &World, id: Id) -> Reply {
    let Some(bridge) = world.bridges.iter().find(|b| b.id == id && clustered(world)) else {
        return Reply::missing("callBridgeDoesNotExist", true, &context.switches);
    };
    let mut xml = Xml::default();
    xml.open_with("callBridge", &[("id", &id)])
        .field("name", &bridge.name)
        .field("address", format!("https://{}.cms.example.org:443", bridge.name))
        .field("sipDomain", "cms.example.org")
        .close("callBridge");
    Reply::xml(xml, &context.switches)
}
