//! Changes that no event reported, or that came at a bad moment, are found without the rotation, which could hide a defect.

mod common;

use std::time::Duration;

use common::desk::{Desk, quiet};
use common::page::{Page, check};
use common::{DEADLINE, wait_for};
use serde_json::json;
use usher::config::Config;
use usher::model::{BridgeState, Lobby};
use usher::simulator::{Id, StartCall};

/// A day passes between two rounds.
fn no_rotation(config: &mut Config) {
    config.timing = config.timing.clone().without_rotation();
    config.timing.retry_forbidden = Duration::from_secs(60);
}

async fn alone(bridges: usize) -> Desk {
    Desk::start_with(quiet(bridges), "", no_rotation).await
}

async fn shown(page: &mut Page, person: Id, lobby: Lobby) {
    page.until("the person's lobby", |page| check(page.person(person)?.lobby == lobby, page.person(person))).await;
}

async fn gone(page: &mut Page, person: Id) {
    page.until("the person to be gone", |page| check(page.person(person).is_err(), page.people())).await;
}

/// Events are not permitted any more; everything is polled, and the next attempt is a minute away.
async fn polled(desk: &Desk, page: &mut Page) {
    desk.control().set_switches(None, json!({ "token_status": 403 })).expect("set");
    desk.control().cut_events(None, usher::simulator::Cut::Hard).expect("cut");
    page.until("polling", |page| check(page.bridge("eu-1")?.state == BridgeState::Polling, page.bridges())).await;
}

#[tokio::test]
async fn who_is_sent_back_late_is_seen_although_more_happened_shortly_before() {
    let desk = Desk::start_with(quiet(1), "", |config| {
        no_rotation(config);
        // The guests are sent back a second after the host left: seen by the last of these only.
        config.timing.recheck = [0, 100, 200, 1500].map(Duration::from_millis);
    })
    .await;
    let call = StartCall { name: "Board call".into(), deactivation_s: 1, ..StartCall::default() };
    let meeting = desk.control().start_call(call).expect("started").id;
    let (host, guest) = (desk.host(meeting, "eu-1"), desk.join(meeting, "eu-1", "Bo Berg"));
    let mut page = desk.page("vi").await;
    shown(&mut page, guest.id, Lobby::In).await;
    let passer_by = desk.join(meeting, "eu-1", "Li Wei");
    shown(&mut page, passer_by.id, Lobby::In).await;
    desk.control().leave(passer_by.id).expect("left");
    page.follow_for(Duration::from_millis(900)).await;
    desk.control().leave(host.id).expect("left");
    shown(&mut page, guest.id, Lobby::Waiting).await;
}

#[tokio::test]
async fn guests_of_a_host_who_left_while_events_were_lost_are_seen_waiting_again() {
    let desk = alone(1).await;
    let (meeting, _) = desk.meeting("Board call", "eu-1", &[]);
    let (host, guest) = (desk.host(meeting.id, "eu-1"), desk.join(meeting.id, "eu-1", "Bo Berg"));
    let mut page = desk.page("vi").await;
    shown(&mut page, guest.id, Lobby::In).await;
    polled(&desk, &mut page).await;
    desk.control().leave(host.id).expect("left");
    shown(&mut page, guest.id, Lobby::Waiting).await;
}

#[tokio::test]
async fn whom_a_host_let_in_who_was_told_by_an_update_alone_is_seen() {
    let desk = alone(1).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("vi").await;
    shown(&mut page, people[0].id, Lobby::Waiting).await;
    desk.control().set_switches(None, json!({ "lost_adds": true })).expect("set");
    let host = desk.host(meeting.id, "eu-1");
    shown(&mut page, host.id, Lobby::In).await;
    shown(&mut page, people[0].id, Lobby::In).await;
}

/// That people in the lobby are listed as connected is an inference.
#[tokio::test]
async fn who_is_listed_as_ringing_and_waits_is_seen() {
    let desk = alone(1).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("vi").await;
    shown(&mut page, people[0].id, Lobby::Waiting).await;
    desk.control().set_switches(None, json!({ "waiting_participant": "ringing" })).expect("set");
    let late = desk.join(meeting.id, "eu-1", "Li Wei");
    shown(&mut page, late.id, Lobby::Waiting).await;
    desk.control().admit(late.id).expect("admitted");
    shown(&mut page, late.id, Lobby::In).await;
}

/// A set that is refused for calls that have ended is asked for again without them, and with all its elements: nothing but an event tells
/// of a mute here.
#[tokio::test]
async fn mutes_are_told_on_after_calls_ended_while_events_were_away() {
    let slowly = |config: &mut Config| {
        no_rotation(config);
        // They are found to have ended when events are back, and not before.
        (config.timing.reconnect_min, config.timing.poll_roster) = (Duration::from_secs(2), Duration::from_secs(3600));
    };
    let desk = Desk::start_with(quiet(1), "", slowly).await;
    let host = desk.host(desk.meeting("Board call", "eu-1", &[]).0.id, "eu-1");
    let short: Vec<Id> = (0..12).map(|n| desk.meeting(&format!("Short call {n}"), "eu-1", &[]).0.id).collect();
    let mut page = desk.page("vi").await;
    shown(&mut page, host.id, Lobby::In).await;
    page.until("all to be there", |page| check(page.meetings().len() == 13, page.meetings())).await;
    desk.control().set_switches(None, json!({ "unknown_call": "refused", "latency_ms": 60 })).expect("set");
    desk.control().cut_events(None, usher::simulator::Cut::Hard).expect("cut");
    page.until("polling", |page| check(page.bridge("eu-1")?.state == BridgeState::Polling, page.bridges())).await;
    short.into_iter().for_each(|call| desk.control().end(call, None).map(drop).expect("ended"));
    page.until("live", |page| check(page.bridge("eu-1")?.state == BridgeState::Live, page.bridges())).await;
    page.until("the short ones to be gone", |page| check(page.meetings().len() == 1, page.meetings())).await;
    page.follow_for(usher::config::Timing::default().scaled(0.1).second_look * 3).await;
    desk.control().mute(host.id, true).expect("muted");
    page.until("the mute", |page| check(page.person(host.id)?.muted, page.person(host.id))).await;
    assert_eq!(page.bridge("eu-1").expect("row").polled_calls, 0);
}

/// A response to a request from before an event does not override the event, however late it is.
#[tokio::test]
async fn an_answer_that_was_on_its_way_when_somebody_left_brings_nobody_back() {
    let desk = alone(2).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let there = desk.join(meeting.id, "eu-2", "Li Wei");
    let mut page = desk.page("vi").await;
    shown(&mut page, people[0].id, Lobby::Waiting).await;
    shown(&mut page, there.id, Lobby::Waiting).await;
    desk.control().set_switches(None, json!({ "get_late_ms": 500 })).expect("set");
    desk.control().reset_requests();
    let late: Vec<Id> = (0..6).map(|n| desk.join(meeting.id, ["eu-1", "eu-2"][n % 2], &format!("Late {n}")).id).collect();
    page.until("all to be asked about", |_| check(desk.request_count("GET /participants/<id>") >= 6, desk.control().requests())).await;
    late.iter().for_each(|person| desk.control().leave(*person).expect("left"));
    for person in &late {
        gone(&mut page, *person).await;
    }
    page.follow_for(Duration::from_millis(1500)).await;
    assert_eq!(page.people().len(), 2, "{:?}", page.people());
}

#[tokio::test]
async fn an_answer_that_was_on_its_way_when_a_lock_changed_does_not_undo_it() {
    let desk = alone(1).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("vi").await;
    shown(&mut page, people[0].id, Lobby::Waiting).await;
    desk.control().set_switches(None, json!({ "get_late_ms": 500 })).expect("set");
    desk.control().reset_requests();
    // Makes Usher read the call.
    desk.control().deactivate_rosters("eu-1").expect("deactivated");
    page.until("the call to be asked for", |_| check(desk.request_count("GET /calls/<id>") > 0, desk.control().requests())).await;
    desk.control().lock(meeting.id).expect("locked");
    let locked = |page: &Page| check(page.meetings().iter().all(|row| row.locked == Some(true)), page.meetings());
    page.until("the lock", locked).await;
    page.follow_for(Duration::from_millis(1500)).await;
    locked(&page).expect("still locked");
}

#[tokio::test]
async fn whom_an_unlock_let_in_while_events_were_lost_is_seen() {
    let desk = alone(1).await;
    let (meeting, _) = desk.meeting("Board call", "eu-1", &[]);
    let host = desk.host(meeting.id, "eu-1");
    desk.control().lock(meeting.id).expect("locked");
    let guest = desk.join(meeting.id, "eu-1", "Bo Berg");
    let mut page = desk.page("vi").await;
    shown(&mut page, guest.id, Lobby::Waiting).await;
    shown(&mut page, host.id, Lobby::In).await;
    polled(&desk, &mut page).await;
    desk.control().unlock(meeting.id).expect("unlocked");
    shown(&mut page, guest.id, Lobby::In).await;
}

#[tokio::test]
async fn a_call_that_begins_while_events_are_lost_is_polled_from_the_start() {
    let desk = alone(1).await;
    desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("vi").await;
    page.until("the bridge to be live", |page| check(page.bridge("eu-1")?.state == BridgeState::Live, page.bridges())).await;
    polled(&desk, &mut page).await;
    let (meeting, people) = desk.meeting("Ward round", "eu-1", &["Ana Silva"]);
    shown(&mut page, people[0].id, Lobby::Waiting).await;
    let later = desk.join(meeting.id, "eu-1", "Li Wei");
    shown(&mut page, later.id, Lobby::Waiting).await;
    desk.control().leave(people[0].id).expect("left");
    gone(&mut page, people[0].id).await;
}

#[tokio::test]
async fn a_reading_that_failed_is_repeated() {
    let desk = alone(1).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("vi").await;
    shown(&mut page, people[0].id, Lobby::Waiting).await;
    desk.control().set_switches(None, json!({ "rest_status": 500 })).expect("set");
    desk.host(meeting.id, "eu-1");
    // All readings that the host's arrival asks for fail.
    page.follow_for(Duration::from_secs(4)).await;
    desk.control().set_switches(None, json!({ "rest_status": 0 })).expect("set");
    shown(&mut page, people[0].id, Lobby::In).await;
}

/// Each subscription begins so late that somebody can leave between it and the reading of the roster.
#[tokio::test]
async fn who_left_before_the_subscription_began_is_gone() {
    let desk = Desk::start_with(quiet(1), "", |config| {
        no_rotation(config);
        config.timing.subscribe_coalesce = Duration::from_secs(2);
    })
    .await;
    desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("vi").await;
    page.until("the bridge to be live", |page| check(page.bridge("eu-1")?.state == BridgeState::Live, page.bridges())).await;
    let (_, people) = desk.meeting("Ward round", "eu-1", &["Ana Silva", "Li Wei"]);
    shown(&mut page, people[0].id, Lobby::Waiting).await;
    desk.control().leave(people[0].id).expect("left");
    gone(&mut page, people[0].id).await;
    assert!(page.person(people[1].id).is_ok(), "{:?}", page.people());
}

/// Neither the path of their legs nor the filter tells anything: only asking for the person shows that they left.
#[tokio::test]
async fn who_has_no_legs_any_more_is_asked_for() {
    let mut options = quiet(1);
    options.switches = Some(json!({ "participant_legs": "singular" }).to_string());
    let desk = Desk::start_with(options, "", |config| {
        no_rotation(config);
        config.timing.recheck = [0, 100, 200, 2000].map(Duration::from_millis);
    })
    .await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("vi").await;
    shown(&mut page, people[0].id, Lobby::Waiting).await;
    // The arrival has everybody's leg read again two seconds later; by then nothing is pushed any more.
    let arrival = desk.join(meeting.id, "eu-1", "Li Wei");
    shown(&mut page, arrival.id, Lobby::Waiting).await;
    desk.control().set_switches(None, json!({ "events_stall": true })).expect("set");
    desk.control().leave(people[0].id).expect("left");
    gone(&mut page, people[0].id).await;
}

/// Repairs are counted: what a sweep of a pushed roster shows, and nothing told.
#[tokio::test]
async fn what_only_the_rotation_finds_is_counted() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    let mut page = desk.page("vi").await;
    shown(&mut page, people[0].id, Lobby::Waiting).await;
    shown(&mut page, people[1].id, Lobby::Waiting).await;
    // The effects of the arrivals are over.
    page.follow_for(Duration::from_secs(4)).await;
    let counted = async || {
        let mut browser = common::browser::Browser::new(desk.app.address, "");
        let text = browser.get("/metrics").await.body;
        let line = text.lines().find(|line| line.starts_with("usher_cms_repairs_total{bridge=\"eu-1\",what=\"lobby\"}"));
        line.and_then(|line| line.rsplit_once(' ')?.1.parse::<u64>().ok()).unwrap_or(0)
    };
    let before = counted().await;
    desk.control().admit(people[0].id).expect("admitted elsewhere");
    common::wait_for(common::DEADLINE, "the repair to be counted", async || {
        let now = counted().await;
        check(now == before + 1, (before, now))
    })
    .await;
    let mut mo = desk.page("mo").await;
    mo.until("the other to wait", |page| check(page.person(people[1].id)?.lobby == Lobby::Waiting, page.people())).await;
    mo.admit("one", &[people[1].id]).await;
    shown(&mut page, people[1].id, Lobby::In).await;
    page.follow_for(Duration::from_secs(2)).await;
    assert_eq!(counted().await, before + 1, "what Usher did itself is no repair");
}

#[tokio::test]
async fn who_was_listed_by_another_bridge_alone_and_is_listed_anew_is_read_again() {
    let desk = Desk::start_with(quiet(2), "", |config| {
        no_rotation(config);
        config.timing.poll_roster = Duration::from_secs(1);
    })
    .await;
    // The home bridge pushes no roster: until it is polled, only the other one tells of who comes.
    desk.control().set_switches(Some("eu-2"), json!({ "subscription_limit": 1 })).expect("set");
    let (meeting, _) = desk.meeting("Board call", "eu-1", &[]);
    let stays = desk.join(meeting.id, "eu-2", "Li Wei");
    let mut page = desk.page("vi").await;
    shown(&mut page, stays.id, Lobby::Waiting).await;
    page.until("eu-2 to be polled", |page| check(page.bridge("eu-2")?.polled_calls == 1, page.bridges())).await;
    for n in 0..3 {
        let late = desk.join(meeting.id, "eu-2", &format!("Late {n}"));
        shown(&mut page, late.id, Lobby::Waiting).await;
        // For a moment no bridge lists them, unless the poll was faster.
        desk.control().end(meeting.id, Some("eu-1")).expect("ended");
        page.follow_for(Duration::from_millis(1500)).await;
        shown(&mut page, late.id, Lobby::Waiting).await;
        let host = desk.join(meeting.id, "eu-1", &format!("Back {n}"));
        shown(&mut page, host.id, Lobby::Waiting).await;
    }
}

/// No reading by REST takes the place of what events tell of mutes.
#[rstest::rstest]
#[case::the_value("\"audioMuted\":true", "\"audioMuted\":tr\"ue")]
#[case::a_comma("\",\"audioMuted\":true", "\"\"audioMuted\":true")]
#[case::the_end("\"audioMuted\":true", "\"audioMuted\":")]
#[tokio::test]
async fn a_mute_that_a_damaged_frame_lost_is_told_all_the_same(#[case] said: &str, #[case] instead: &str) {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("mo").await;
    let (meeting, _) = desk.meeting("Board call", "eu-1", &["Ana Silva"]);
    let host = desk.host(meeting.id, "eu-1");
    page.until_lobby([&host], Lobby::In).await;
    desk.control().set_switches(None, json!({ "events_replace": said, "events_replace_with": instead })).expect("switch");
    desk.control().mute(host.id, true).expect("muted");
    let renewals = || desk.control().requests()[0].subscribe_requests;
    let before = renewals();
    wait_for(DEADLINE, "the list to be asked for again", async || check(renewals() > before, renewals())).await;
    desk.control().set_switches(None, json!({ "events_replace": "" })).expect("switch");
    page.until("the mute", |page| check(page.person(host.id)?.muted, page.person(host.id))).await;
}

/// The list of calls by REST tells no lock, and what is lost after one renewal takes another.
#[tokio::test]
async fn locks_that_damaged_frames_lost_are_told_all_the_same() {
    // Nothing is read again merely because time passed.
    let desk = Desk::start_with(quiet(1), "", |config| {
        let (never, timing) = (Duration::from_secs(3600), &mut config.timing);
        (timing.sweep_roster, timing.sweep_calls) = (never, never);
        (timing.poll_roster, timing.reconnect_max) = (Duration::from_millis(200), Duration::from_millis(400));
    })
    .await;
    let mut page = desk.page("mo").await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Ana Silva"]);
    page.until_waiting(&people).await;
    page.until("the lock to be known", |page| check(page.meeting(meeting.id)?.locked == Some(false), page.meetings())).await;
    let renewals = || desk.control().requests()[0].subscribe_requests;
    let damage = json!({ "events_replace": "\"lockState\":", "events_replace_with": "\"lockState\"" });
    desk.control().set_switches(None, damage).expect("switch");
    for locked in [true, false, true] {
        let before = renewals();
        let change = if locked { desk.control().lock(meeting.id) } else { desk.control().unlock(meeting.id) };
        change.expect("changed");
        wait_for(DEADLINE, "the list to be asked for again", async || check(renewals() > before, renewals())).await;
    }
    desk.control().set_switches(None, json!({ "events_replace": "" })).expect("switch");
    page.until("the lock", |page| check(page.meeting(meeting.id)?.locked == Some(true), page.meetings())).await;
}
