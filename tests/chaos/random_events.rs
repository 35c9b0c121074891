//! The random events of a run: one small function each, in one table with weights. An event that the lobby rules refuse does not happen.

use std::time::Duration;

use rand::Rng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};
use usher::simulator::{Cut, Dial, Lobby, Move, ParticipantTruth};

use crate::run::{CALLS, PEOPLE, Run};
use crate::tab::TabCommand;

/// Events that take time.
#[derive(Debug)]
pub enum SlowEvent {
    RestartBridge(&'static str),
    RestartUsher,
    CloseTab(usize),
    PauseBridge(&'static str),
    /// The bridge is removed from the configuration and added again.
    RemoveFromConfig(&'static str),
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

struct RandomEvent {
    weight: u32,
    when: When,
    act: fn(&mut Run) -> Option<String>,
}

const fn event(weight: u32, when: When, act: fn(&mut Run) -> Option<String>) -> RandomEvent {
    RandomEvent { weight, when, act }
}

const TABLE: &[RandomEvent] = &[
    event(100, When::Always, join_or_leave),
    event(12, When::Always, move_participant),
    event(12, When::Always, dial),
    event(10, When::Always, rename),
    event(8, When::Always, mute_or_hold),
    event(10, When::Always, lock_or_unlock),
    event(8, When::Always, start_or_end_call),
    event(3, When::Always, end_one_instance),
    event(12, When::Always, admit_elsewhere),
    event(8, When::Always, send_back_elsewhere),
    event(24, When::Always, request_few_admissions),
    event(4, When::Always, request_many_admissions),
    event(2, When::Always, request_as_viewer),
    event(4, When::Always, reopen_page),
    event(4, When::Always, close_page_or_open_another),
    event(1, When::Always, open_many_pages),
    event(2, When::Always, page_asks_again),
    event(2, When::Always, page_stops_reading),
    event(6, When::Fault, cut_events),
    event(2, When::Fault, stop_bridge),
    event(1, When::Fault, restart_bridge),
    event(1, When::Fault, restart_usher),
    event(1, When::Fault, pause_bridge),
    event(1, When::Fault, remove_from_config),
    event(24, When::Fault, set_random_fault),
    event(4, When::FaultRotating, set_fault_that_only_rotation_repairs),
    event(2, When::FaultRotating, silence_events),
];

/// Runs one random event; returns its description.
pub fn pick(run: &mut Run, faults: bool) -> Option<String> {
    let rotation = run.plan.rotation;
    let may = |event: &&RandomEvent| match event.when {
        When::Always => true,
        When::Fault => faults,
        When::FaultRotating => faults && rotation,
    };
    let table: Vec<_> = TABLE.iter().filter(may).collect();
    let event = table.choose_weighted(&mut run.rng, |event| event.weight).ok()?;
    run.faults |= event.when != When::Always;
    (event.act)(run)
}

// Participants and calls.

pub fn join(run: &mut Run) -> Option<String> {
    let meeting = run.meeting()?;
    // Mostly a bridge where the meeting is already.
    let known = meeting.calls.choose(&mut run.rng).map(|call| call.bridge.clone()).filter(|_| run.rng.random_bool(0.9));
    let bridge = known.unwrap_or_else(|| run.bridge().to_owned());
    let person = run.join(meeting.id, &bridge)?;
    Some(format!("{} joins {} at {bridge}: {} {:?}", person.name, meeting.name, person.id, person.lobby))
}

fn leave(run: &mut Run) -> Option<String> {
    let person = run.person(|_| true)?;
    run.control().leave(person.id).ok()?;
    Some(format!("{} leaves {}: {}", person.name, run.name_of(person.meeting), person.id))
}

/// Keeps the number of participants about the same.
fn join_or_leave(run: &mut Run) -> Option<String> {
    let there = run.control().truth().participants().count();
    let odds = if there < PEOPLE { 0.65 } else { 0.35 };
    if run.rng.random_bool(odds) { join(run) } else { leave(run) }
}

fn move_participant(run: &mut Run) -> Option<String> {
    let (person, meeting) = (run.person(|_| true)?, run.meeting()?);
    let bridge = run.rng.random_bool(0.3).then(|| run.bridge().to_owned());
    let command = Move { participant: person.id, meeting: meeting.id, bridge };
    let from = run.name_of(person.meeting);
    let moved = run.control().move_to(command).ok()?;
    Some(format!("{} moves from {from} to {}: {} becomes {} at {}", person.name, meeting.name, person.id, moved.id, moved.bridge))
}

fn dial(run: &mut Run) -> Option<String> {
    let meeting = run.meeting()?;
    run.n += 1;
    let fails = [None, None, Some("remoteBusy"), Some("timeout")].choose(&mut run.rng).copied().flatten();
    let dial = Dial {
        meeting: meeting.id,
        bridge: None,
        name: format!("Called {}", run.n),
        uri: format!("called{}@example.org", run.n),
        fails: fails.map(Into::into),
        ring_after_ms: run.rng.random_range(0..200),
        end_after_ms: run.rng.random_range(200..900),
    };
    let person = run.control().dial(dial).ok()?;
    Some(format!("{} is called from {}: {} {fails:?}", person.name, meeting.name, person.id))
}

fn rename(run: &mut Run) -> Option<String> {
    let person = run.person(|_| true)?;
    run.n += 1;
    let name = if run.rng.random_bool(0.2) { String::new() } else { format!("Renamed {} <&\u{e9}>", run.n) };
    run.control().rename(person.id, &name).ok()?;
    Some(format!("{} is now {name:?}: {}", person.name, person.id))
}

fn mute_or_hold(run: &mut Run) -> Option<String> {
    let person = run.person(|person| person.lobby != Lobby::Ringing)?;
    let (control, on) = (run.control(), run.rng.random_bool(0.5));
    if run.rng.random_bool(0.5) { control.mute(person.id, on) } else { control.hold(person.id, on) }.ok()?;
    None
}

fn lock_or_unlock(run: &mut Run) -> Option<String> {
    let meeting = run.meeting()?;
    let control = run.control();
    if meeting.locked { control.unlock(meeting.id) } else { control.lock(meeting.id) }.ok()?;
    Some(format!("{} is {}", meeting.name, if meeting.locked { "unlocked" } else { "locked" }))
}

pub fn start_call(run: &mut Run) -> Option<String> {
    let bridge = run.bridge();
    let meeting = run.start(bridge)?;
    let people: Vec<_> = (0..run.rng.random_range(1..4)).filter_map(|_| run.join(meeting.id, bridge)).collect();
    Some(format!("{} starts at {bridge}: {} with {}", meeting.name, meeting.id, people.len()))
}

fn start_or_end_call(run: &mut Run) -> Option<String> {
    if run.control().truth().meetings.len() < CALLS {
        return start_call(run);
    }
    let meeting = run.meeting()?;
    run.control().end(meeting.id, None).ok()?;
    Some(format!("{} ends: {}", meeting.name, meeting.id))
}

fn end_one_instance(run: &mut Run) -> Option<String> {
    let meeting = run.meeting()?;
    let bridge = meeting.calls.choose(&mut run.rng)?.bridge.clone();
    run.control().end(meeting.id, Some(&bridge)).ok()?;
    Some(format!("{} ends at {bridge}: {}", meeting.name, meeting.id))
}

// Changes that no event carries. Without rotation and records, a lock change makes Usher read the call.

fn admit_elsewhere(run: &mut Run) -> Option<String> {
    let person = run.person(|person| person.lobby == Lobby::Waiting)?;
    run.control().admit(person.id).ok()?;
    run.causes.elsewhere += 1;
    let also = follow_up(run, &person);
    Some(format!("{} in {} is admitted elsewhere: {}{also}", person.name, run.name_of(person.meeting), person.id))
}

fn send_back_elsewhere(run: &mut Run) -> Option<String> {
    let person = run.person(|person| person.lobby == Lobby::In)?;
    run.control().lobby(person.id).ok()?;
    run.causes.elsewhere += 1;
    let also = follow_up(run, &person);
    Some(format!("{} in {} is sent back to the lobby elsewhere: {}{also}", person.name, run.name_of(person.meeting), person.id))
}

/// Changes the lock, so that Usher reads everybody of the call again.
fn follow_up(run: &mut Run, person: &ParticipantTruth) -> &'static str {
    if run.plan.rotation || run.plan.records {
        return "";
    }
    let control = run.control();
    let locked = control.truth().meeting(person.meeting).is_some_and(|meeting| meeting.locked);
    let _ = if locked { control.unlock(person.meeting) } else { control.lock(person.meeting) };
    ", and the lock changes"
}

// Browsers.

fn random_moderator_tab(run: &mut Run) -> Option<usize> {
    let may: Vec<usize> = (0..run.tabs.len()).filter(|at| run.tabs[*at].may_act).collect();
    may.choose(&mut run.rng).copied()
}

/// Admits participants that the page shows as waiting, as a moderator would; sometimes also one who is in or gone.
fn request_admissions_on(run: &mut Run, tab: usize, most: usize) -> Option<String> {
    let shown: Vec<String> = {
        let state = run.tabs[tab].state();
        let waits = |row: &&Value| row["kind"] == "person" && row["lobby"] == "waiting";
        state.rows.values().filter(waits).filter_map(|row| row["id"].as_str().map(Into::into)).collect()
    };
    let mut people: Vec<String> = shown.choose_multiple(&mut run.rng, most).cloned().collect();
    if run.rng.random_bool(0.2) {
        people.extend(run.person(|person| person.lobby == Lobby::In).map(|person| person.id.to_string()));
    }
    if people.is_empty() {
        return None;
    }
    run.n += 1;
    let reference = format!("request-{}", run.n);
    let said = format!("{} requests {reference} for {people:?}", run.tabs[tab].name);
    run.tabs[tab].send(TabCommand::Admit { reference, people });
    Some(said)
}

fn request_few_admissions(run: &mut Run) -> Option<String> {
    let tab = random_moderator_tab(run)?;
    let most = run.rng.random_range(1..4);
    request_admissions_on(run, tab, most)
}

fn request_many_admissions(run: &mut Run) -> Option<String> {
    let tab = random_moderator_tab(run)?;
    let most = run.rng.random_range(8..40);
    request_admissions_on(run, tab, most)
}

fn request_as_viewer(run: &mut Run) -> Option<String> {
    let tab = (0..run.tabs.len()).find(|at| !run.tabs[*at].may_act)?;
    request_admissions_on(run, tab, 2)
}

fn reopen_page(run: &mut Run) -> Option<String> {
    let politely = run.rng.random_bool(0.5);
    let tab = run.tabs.choose(&mut run.rng)?;
    tab.send(TabCommand::Reopen { politely });
    Some(format!("{} is reloaded ({politely})", tab.name))
}

fn close_page_or_open_another(run: &mut Run) -> Option<String> {
    if run.tabs.len() > 4 {
        let at = run.rng.random_range(4..run.tabs.len());
        run.slow_events.push(SlowEvent::CloseTab(at));
        return Some(format!("{} is closed", run.tabs[at].name));
    }
    run.open_tab("max");
    Some("max opens another page".into())
}

fn open_many_pages(run: &mut Run) -> Option<String> {
    if run.tabs.len() > 8 {
        return None;
    }
    for _ in 0..6 {
        let user = if run.rng.random_bool(0.5) { "mo" } else { "vi" };
        run.open_tab(user);
    }
    Some("six more pages are opened".into())
}

fn page_asks_again(run: &mut Run) -> Option<String> {
    run.tabs.choose(&mut run.rng)?.send(TabCommand::Resync);
    None
}

fn page_stops_reading(run: &mut Run) -> Option<String> {
    let time = Duration::from_millis(run.rng.random_range(300..1500));
    let tab = run.tabs.choose(&mut run.rng)?;
    tab.send(TabCommand::Sleep(time));
    Some(format!("{} reads nothing for {time:?}", tab.name))
}

// Bridges.

fn cut_events(run: &mut Run) -> Option<String> {
    let how = *[Cut::Hard, Cut::Close, Cut::Code(1001), Cut::Code(1011), Cut::Code(4000)].choose(&mut run.rng)?;
    let bridge = if run.rng.random_bool(0.9) { Some(run.bridge()) } else { None };
    run.control().cut_events(bridge, how).ok()?;
    Some(format!("events of {} are cut: {how:?}", bridge.unwrap_or("all")))
}

fn stop_bridge(run: &mut Run) -> Option<String> {
    let (bridge, time) = (run.bridge(), Duration::from_millis(run.rng.random_range(100..1500)));
    run.stop_bridge(bridge, time);
    Some(format!("{bridge} takes no connections for {time:?}"))
}

fn restart_bridge(run: &mut Run) -> Option<String> {
    let bridge = run.bridge();
    run.slow_events.push(SlowEvent::RestartBridge(bridge));
    Some(format!("{bridge} restarts: all its ids are new"))
}

fn pause_bridge(run: &mut Run) -> Option<String> {
    let bridge = run.bridge();
    run.slow_events.push(SlowEvent::PauseBridge(bridge));
    Some(format!("{bridge} is paused by an administrator"))
}

fn remove_from_config(run: &mut Run) -> Option<String> {
    let bridge = run.bridge();
    run.slow_events.push(SlowEvent::RemoveFromConfig(bridge));
    Some(format!("{bridge} leaves the configuration"))
}

fn restart_usher(run: &mut Run) -> Option<String> {
    run.slow_events.push(SlowEvent::RestartUsher);
    Some("Usher is stopped and started again".into())
}

/// Sets one fault switch on one bridge for a while. New fault switches go here.
fn set_random_fault(run: &mut Run) -> Option<String> {
    let rng = &mut run.rng;
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
    let switches = faults.choose(&mut run.rng).cloned()?;
    set_fault(run, switches)
}

/// Lying events, silent sockets, refused rosters: only another reading finds what was missed.
fn set_fault_that_only_rotation_repairs(run: &mut Run) -> Option<String> {
    let limit = [1, 2, 3, 5, 12, 20].choose(&mut run.rng).copied();
    let faults = [
        json!({ "reorder_updates": true }),
        json!({ "events_stall": true }),
        json!({ "ignore_acks": true }),
        json!({ "pages_shift": 2 }),
        json!({ "subscribe_refused": true }),
        json!({ "subscription_limit": limit }),
        json!({ "events_late_ms": run.rng.random_range(2..20) }),
        json!({ "active_limit": run.rng.random_range(1..6) }),
        json!({ "never_active": true }),
        json!({ "unknown_call": "refused" }),
        // A damaged name is lost until it is read again.
        json!({ "rest_replace": "<name>", "rest_replace_with": "<name>&nbsp;&#55357;<b>" }),
        json!({ "events_replace": "\"name\":\"", "events_replace_with": "\"name\":\"\\ud83d" }),
    ];
    let switches = faults.choose(&mut run.rng).cloned()?;
    set_fault(run, switches)
}

/// Keeps the events sockets of a bridge dead until they are given up, because of what REST shows or because they answer nothing, as when
/// the bridge's machine is gone.
fn silence_events(run: &mut Run) -> Option<String> {
    let (bridge, time) = (run.bridge(), Duration::from_millis(run.rng.random_range(2000..4000)));
    let switches = json!({ "events_stall": true });
    run.causes.record(bridge, &switches);
    run.set_fault(bridge, switches, time);
    Some(format!("the events sockets of {bridge} are dead for {time:?}"))
}

fn set_fault(run: &mut Run, switches: Value) -> Option<String> {
    let (bridge, time) = (run.bridge(), Duration::from_millis(run.rng.random_range(100..1500)));
    let said = format!("{bridge} for {time:?}: {switches}");
    run.causes.record(bridge, &switches);
    run.set_fault(bridge, switches, time);
    Some(said)
}
