//! The random events of a run: one small function each, in one table with weights. An event that the lobby rules refuse does not happen.

use std::time::Duration;

use rand::Rng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};
use usher::simulator::{Cut, Dial, Lobby, Move, ParticipantTruth};

use crate::scene::{CALLS, PEOPLE, Scene};
use crate::tab::Order;

/// Events that take time.
#[derive(Debug)]
pub enum Deed {
    RestartBridge(&'static str),
    RestartUsher,
    CloseTab(usize),
    PauseBridge(&'static str),
    /// The bridge is removed from the configuration and added again.
    Reread(&'static str),
}

/// The conditions for an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    Always,
    /// A fault, which does not happen in a calm stretch.
    Fault,
    /// A fault that only Usher's rotation repairs.
    FaultRotating,
}

struct Happening {
    weight: u32,
    when: When,
    act: fn(&mut Scene) -> Option<String>,
}

const fn does(weight: u32, when: When, act: fn(&mut Scene) -> Option<String>) -> Happening {
    Happening { weight, when, act }
}

const TABLE: &[Happening] = &[
    does(100, When::Always, come_or_go),
    does(12, When::Always, move_somebody),
    does(12, When::Always, dial),
    does(10, When::Always, rename),
    does(8, When::Always, mute_or_hold),
    does(10, When::Always, lock_or_unlock),
    does(8, When::Always, start_or_end_call),
    does(3, When::Always, end_one_instance),
    does(12, When::Always, admit_elsewhere),
    does(8, When::Always, back_to_the_lobby_elsewhere),
    does(24, When::Always, press),
    does(4, When::Always, press_many),
    does(2, When::Always, viewer_presses),
    does(4, When::Always, reopen_page),
    does(4, When::Always, close_page_or_open_another),
    does(1, When::Always, open_many_pages),
    does(2, When::Always, page_asks_again),
    does(2, When::Always, page_stops_reading),
    does(6, When::Fault, cut_events),
    does(2, When::Fault, stop_bridge),
    does(1, When::Fault, restart_bridge),
    does(1, When::Fault, restart_usher),
    does(1, When::Fault, pause_bridge),
    does(1, When::Fault, reread),
    does(24, When::Fault, suffer),
    does(4, When::FaultRotating, suffer_what_only_the_rotation_repairs),
    does(2, When::FaultRotating, fall_silent),
];

/// Runs one random event; returns its description.
pub fn pick(scene: &mut Scene, faults: bool) -> Option<String> {
    let rotation = scene.draft.rotation;
    let may = |happening: &&Happening| match happening.when {
        When::Always => true,
        When::Fault => faults,
        When::FaultRotating => faults && rotation,
    };
    let table: Vec<_> = TABLE.iter().filter(may).collect();
    let happening = table.choose_weighted(&mut scene.rng, |happening| happening.weight).ok()?;
    scene.faults |= happening.when != When::Always;
    (happening.act)(scene)
}

// Participants and calls.

pub fn join(scene: &mut Scene) -> Option<String> {
    let meeting = scene.meeting()?;
    // Mostly a bridge where the meeting is already.
    let known = meeting.calls.choose(&mut scene.rng).map(|call| call.bridge.clone()).filter(|_| scene.rng.random_bool(0.9));
    let bridge = known.unwrap_or_else(|| scene.bridge().to_owned());
    let person = scene.join(meeting.id, &bridge)?;
    Some(format!("{} joins {} at {bridge}: {} {:?}", person.name, meeting.name, person.id, person.lobby))
}

fn leave(scene: &mut Scene) -> Option<String> {
    let person = scene.person(|_| true)?;
    scene.control().leave(person.id).ok()?;
    Some(format!("{} leaves {}: {}", person.name, scene.name_of(person.meeting), person.id))
}

/// Keeps the number of participants about the same.
fn come_or_go(scene: &mut Scene) -> Option<String> {
    let there = scene.control().truth().participants().count();
    let odds = if there < PEOPLE { 0.65 } else { 0.35 };
    if scene.rng.random_bool(odds) { join(scene) } else { leave(scene) }
}

fn move_somebody(scene: &mut Scene) -> Option<String> {
    let (person, meeting) = (scene.person(|_| true)?, scene.meeting()?);
    let bridge = scene.rng.random_bool(0.3).then(|| scene.bridge().to_owned());
    let order = Move { participant: person.id, meeting: meeting.id, bridge };
    let from = scene.name_of(person.meeting);
    let moved = scene.control().move_to(order).ok()?;
    Some(format!("{} moves from {from} to {}: {} becomes {} at {}", person.name, meeting.name, person.id, moved.id, moved.bridge))
}

fn dial(scene: &mut Scene) -> Option<String> {
    let meeting = scene.meeting()?;
    scene.n += 1;
    let fails = [None, None, Some("remoteBusy"), Some("timeout")].choose(&mut scene.rng).copied().flatten();
    let dial = Dial {
        meeting: meeting.id,
        bridge: None,
        name: format!("Called {}", scene.n),
        uri: format!("called{}@example.org", scene.n),
        fails: fails.map(Into::into),
        ring_after_ms: scene.rng.random_range(0..200),
        end_after_ms: scene.rng.random_range(200..900),
    };
    let person = scene.control().dial(dial).ok()?;
    Some(format!("{} is called from {}: {} {fails:?}", person.name, meeting.name, person.id))
}

fn rename(scene: &mut Scene) -> Option<String> {
    let person = scene.person(|_| true)?;
    scene.n += 1;
    let name = if scene.rng.random_bool(0.2) { String::new() } else { format!("Renamed {} <&\u{e9}>", scene.n) };
    scene.control().rename(person.id, &name).ok()?;
    Some(format!("{} is now {name:?}: {}", person.name, person.id))
}

fn mute_or_hold(scene: &mut Scene) -> Option<String> {
    let person = scene.person(|person| person.lobby != Lobby::Ringing)?;
    let (control, on) = (scene.control(), scene.rng.random_bool(0.5));
    if scene.rng.random_bool(0.5) { control.mute(person.id, on) } else { control.hold(person.id, on) }.ok()?;
    None
}

fn lock_or_unlock(scene: &mut Scene) -> Option<String> {
    let meeting = scene.meeting()?;
    let control = scene.control();
    if meeting.locked { control.unlock(meeting.id) } else { control.lock(meeting.id) }.ok()?;
    Some(format!("{} is {}", meeting.name, if meeting.locked { "unlocked" } else { "locked" }))
}

pub fn start_call(scene: &mut Scene) -> Option<String> {
    let bridge = scene.bridge();
    let meeting = scene.start(bridge)?;
    let people: Vec<_> = (0..scene.rng.random_range(1..4)).filter_map(|_| scene.join(meeting.id, bridge)).collect();
    Some(format!("{} starts at {bridge}: {} with {}", meeting.name, meeting.id, people.len()))
}

fn start_or_end_call(scene: &mut Scene) -> Option<String> {
    if scene.control().truth().meetings.len() < CALLS {
        return start_call(scene);
    }
    let meeting = scene.meeting()?;
    scene.control().end(meeting.id, None).ok()?;
    Some(format!("{} ends: {}", meeting.name, meeting.id))
}

fn end_one_instance(scene: &mut Scene) -> Option<String> {
    let meeting = scene.meeting()?;
    let bridge = meeting.calls.choose(&mut scene.rng)?.bridge.clone();
    scene.control().end(meeting.id, Some(&bridge)).ok()?;
    Some(format!("{} ends at {bridge}: {}", meeting.name, meeting.id))
}

// Changes that no event carries. Without rotation and records, a lock change makes Usher read the call.

fn admit_elsewhere(scene: &mut Scene) -> Option<String> {
    let person = scene.person(|person| person.lobby == Lobby::Waiting)?;
    scene.control().admit(person.id).ok()?;
    scene.causes.elsewhere += 1;
    let also = follow_up(scene, &person);
    Some(format!("{} in {} is admitted elsewhere: {}{also}", person.name, scene.name_of(person.meeting), person.id))
}

fn back_to_the_lobby_elsewhere(scene: &mut Scene) -> Option<String> {
    let person = scene.person(|person| person.lobby == Lobby::In)?;
    scene.control().lobby(person.id).ok()?;
    scene.causes.elsewhere += 1;
    let also = follow_up(scene, &person);
    Some(format!("{} in {} is sent back to the lobby elsewhere: {}{also}", person.name, scene.name_of(person.meeting), person.id))
}

/// Changes the lock, so that Usher reads everybody of the call again.
fn follow_up(scene: &mut Scene, person: &ParticipantTruth) -> &'static str {
    if scene.draft.rotation || scene.draft.records {
        return "";
    }
    let control = scene.control();
    let locked = control.truth().meeting(person.meeting).is_some_and(|meeting| meeting.locked);
    let _ = if locked { control.unlock(person.meeting) } else { control.lock(person.meeting) };
    ", and the lock changes"
}

// Browsers.

fn actor(scene: &mut Scene) -> Option<usize> {
    let may: Vec<usize> = (0..scene.tabs.len()).filter(|at| scene.tabs[*at].may_act).collect();
    may.choose(&mut scene.rng).copied()
}

/// Admits participants that the page shows as waiting, as a moderator would; sometimes also one who is in or gone.
fn press_for(scene: &mut Scene, tab: usize, most: usize) -> Option<String> {
    let shown: Vec<String> = {
        let held = scene.tabs[tab].held();
        let waits = |row: &&Value| row["kind"] == "person" && row["lobby"] == "waiting";
        held.rows.values().filter(waits).filter_map(|row| row["id"].as_str().map(Into::into)).collect()
    };
    let mut people: Vec<String> = shown.choose_multiple(&mut scene.rng, most).cloned().collect();
    if scene.rng.random_bool(0.2) {
        people.extend(scene.person(|person| person.lobby == Lobby::In).map(|person| person.id.to_string()));
    }
    if people.is_empty() {
        return None;
    }
    scene.n += 1;
    let word = format!("press-{}", scene.n);
    let said = format!("{} presses {word} for {people:?}", scene.tabs[tab].name);
    scene.tabs[tab].order(Order::Press { word, people });
    Some(said)
}

fn press(scene: &mut Scene) -> Option<String> {
    let tab = actor(scene)?;
    let most = scene.rng.random_range(1..4);
    press_for(scene, tab, most)
}

fn press_many(scene: &mut Scene) -> Option<String> {
    let tab = actor(scene)?;
    let most = scene.rng.random_range(8..40);
    press_for(scene, tab, most)
}

fn viewer_presses(scene: &mut Scene) -> Option<String> {
    let tab = (0..scene.tabs.len()).find(|at| !scene.tabs[*at].may_act)?;
    press_for(scene, tab, 2)
}

fn reopen_page(scene: &mut Scene) -> Option<String> {
    let politely = scene.rng.random_bool(0.5);
    let tab = scene.tabs.choose(&mut scene.rng)?;
    tab.order(Order::Reopen { politely });
    Some(format!("{} is reloaded ({politely})", tab.name))
}

fn close_page_or_open_another(scene: &mut Scene) -> Option<String> {
    if scene.tabs.len() > 4 {
        let at = scene.rng.random_range(4..scene.tabs.len());
        scene.deeds.push(Deed::CloseTab(at));
        return Some(format!("{} is closed", scene.tabs[at].name));
    }
    scene.open_tab("max");
    Some("max opens another page".into())
}

fn open_many_pages(scene: &mut Scene) -> Option<String> {
    if scene.tabs.len() > 8 {
        return None;
    }
    for _ in 0..6 {
        let user = if scene.rng.random_bool(0.5) { "mo" } else { "vi" };
        scene.open_tab(user);
    }
    Some("six more pages are opened".into())
}

fn page_asks_again(scene: &mut Scene) -> Option<String> {
    scene.tabs.choose(&mut scene.rng)?.order(Order::Resync);
    None
}

fn page_stops_reading(scene: &mut Scene) -> Option<String> {
    let time = Duration::from_millis(scene.rng.random_range(300..1500));
    let tab = scene.tabs.choose(&mut scene.rng)?;
    tab.order(Order::Sleep(time));
    Some(format!("{} reads nothing for {time:?}", tab.name))
}

// Bridges.

fn cut_events(scene: &mut Scene) -> Option<String> {
    let how = *[Cut::Hard, Cut::Close, Cut::Code(1001), Cut::Code(1011), Cut::Code(4000)].choose(&mut scene.rng)?;
    let bridge = if scene.rng.random_bool(0.9) { Some(scene.bridge()) } else { None };
    scene.control().cut_events(bridge, how).ok()?;
    Some(format!("events of {} are cut: {how:?}", bridge.unwrap_or("all")))
}

fn stop_bridge(scene: &mut Scene) -> Option<String> {
    let (bridge, time) = (scene.bridge(), Duration::from_millis(scene.rng.random_range(100..1500)));
    scene.stop_bridge(bridge, time);
    Some(format!("{bridge} takes no connections for {time:?}"))
}

fn restart_bridge(scene: &mut Scene) -> Option<String> {
    let bridge = scene.bridge();
    scene.deeds.push(Deed::RestartBridge(bridge));
    Some(format!("{bridge} restarts: all its ids are new"))
}

fn pause_bridge(scene: &mut Scene) -> Option<String> {
    let bridge = scene.bridge();
    scene.deeds.push(Deed::PauseBridge(bridge));
    Some(format!("{bridge} is paused by an administrator"))
}

fn reread(scene: &mut Scene) -> Option<String> {
    let bridge = scene.bridge();
    scene.deeds.push(Deed::Reread(bridge));
    Some(format!("{bridge} leaves the configuration"))
}

fn restart_usher(scene: &mut Scene) -> Option<String> {
    scene.deeds.push(Deed::RestartUsher);
    Some("Usher is stopped and started again".into())
}

/// Sets one fault switch on one bridge for a while. New fault switches go here.
fn suffer(scene: &mut Scene) -> Option<String> {
    let rng = &mut scene.rng;
    let mut one = |options: &[i64]| json!(options.choose(rng));
    let faults = [
        json!({ "token_status": one(&[500, 503, 403, 401]) }),
        json!({ "events_status": one(&[500, 503, 403, 401, 404]) }),
        json!({ "invalid_json_events": true }),
        json!({ "invalid_utf8_events": true }),
        json!({ "duplicate_updates": true, "unknown_updates": true }),
        json!({ "rate_503": 0.3, "retry_after_s": one(&[0, 0, 1]) }),
        json!({ "rest_status": one(&[500, 503]), "retry_after_s": one(&[0, 1]) }),
        json!({ "rest_status": 401 }),
        json!({ "rest_status": 403 }),
        json!({ "latency_ms": one(&[30, 100, 300]), "latency_jitter_ms": one(&[0, 100]) }),
        json!({ "rest_hang": true }),
        json!({ "truncated_body": true }),
        json!({ "garbage_xml": true }),
        json!({ "put_without_effect": true }),
        json!({ "put_late_ms": one(&[100, 800, 2500]) }),
        json!({ "effect_delay_ms": one(&[50, 400]) }),
        json!({ "events_padding": one(&[1000, 100_000]) }),
        json!({ "cap_legs": 1, "cap_participants": 1 }),
        json!({ "early_updates": true, "late_updates": true }),
        json!({ "lost_adds": true }),
        json!({ "get_late_ms": one(&[50, 300]) }),
        json!({ "waiting_participant": "ringing" }),
        json!({ "cdr_gap_rate": 0.5, "cdr_duplicate_rate": 0.3, "cdr_reorder_rate": 0.3 }),
        json!({ "cdr_timeout_ms": 1 }),
        json!({ "close_after_ms": one(&[1, 20]) }),
        json!({ "rest_replace": "<deactivated>true<", "rest_replace_with": "<deactivated>tr&#55357;e<" }),
        json!({ "rest_replace": "</participant><participant ", "rest_replace_with": "</articipant><participant " }),
        json!({ "events_replace": ",\"updateType\"", "events_replace_with": "\"updateType\"" }),
        json!({ "events_replace": "\"state\":\"connected\"", "events_replace_with": "\"state\":\"conn\"ected\"" }),
    ];
    let switches = faults.choose(&mut scene.rng).cloned()?;
    suffer_this(scene, switches)
}

/// Lying events, silent sockets, refused rosters: only another reading finds what was missed.
fn suffer_what_only_the_rotation_repairs(scene: &mut Scene) -> Option<String> {
    let limit = [1, 2, 3, 5, 12, 20].choose(&mut scene.rng).copied();
    let faults = [
        json!({ "reorder_updates": true }),
        json!({ "events_stall": true }),
        json!({ "ignore_acks": true }),
        json!({ "pages_shift": 2 }),
        json!({ "subscribe_refused": true }),
        json!({ "subscription_limit": limit }),
        json!({ "events_late_ms": scene.rng.random_range(2..20) }),
        json!({ "active_limit": scene.rng.random_range(1..6) }),
        json!({ "never_active": true }),
        json!({ "unknown_call": "refused" }),
        // A damaged name is lost until it is read again.
        json!({ "rest_replace": "<name>", "rest_replace_with": "<name>&nbsp;&#55357;<b>" }),
        json!({ "events_replace": "\"name\":\"", "events_replace_with": "\"name\":\"\\ud83d" }),
    ];
    let switches = faults.choose(&mut scene.rng).cloned()?;
    suffer_this(scene, switches)
}

/// Keeps the events sockets of a bridge dead until they are given up, because of what REST shows or because they answer nothing, as when
/// the bridge's machine is gone.
fn fall_silent(scene: &mut Scene) -> Option<String> {
    let (bridge, time) = (scene.bridge(), Duration::from_millis(scene.rng.random_range(2000..4000)));
    let switches = json!({ "events_stall": true });
    scene.causes.suffered(bridge, &switches);
    scene.suffer(bridge, switches, time);
    Some(format!("the events sockets of {bridge} are dead for {time:?}"))
}

fn suffer_this(scene: &mut Scene, switches: Value) -> Option<String> {
    let (bridge, time) = (scene.bridge(), Duration::from_millis(scene.rng.random_range(100..1500)));
    let said = format!("{bridge} for {time:?}: {switches}");
    scene.causes.suffered(bridge, &switches);
    scene.suffer(bridge, switches, time);
    Some(said)
}
