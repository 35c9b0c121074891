//! The lobby on a page: waiting participants, start of the wait, meeting, bridge.

mod common;

use std::time::Duration;

use common::desk::{Desk, quiet};
use common::page::check;
use serde_json::json;
use usher::model::{HasLobby, LegState, Lobby, NamedBy};
use usher::simulator::{Dial, StartCall};

#[tokio::test]
async fn a_guest_without_an_activator_waits_since_they_came() {
    let desk = Desk::start(quiet(1)).await;
    let (meeting, _) = desk.meeting("Board call", "eu-1", &[]);
    let mut page = desk.page("vi").await;
    page.until("the meeting", |page| check(page.meetings().len() == 1, page.meetings())).await;
    let guest = desk.join(meeting.id, "eu-1", "Bo Berg");
    let row = page
        .until("the guest to wait", |page| {
            check(page.person(guest.id)?.lobby == Lobby::Waiting, page.people()).and_then(|()| page.person(guest.id).cloned())
        })
        .await;
    let off = row.waiting_since.expect("since") - guest.since_ms;
    assert!((0..3000).contains(&off) && !row.waiting_up_to, "seen arriving, {off} ms after they came: {row:?}");
    assert_eq!((&*row.name, &*row.address, row.bridge.as_deref()), ("Bo Berg", guest.uri.as_str(), Some("eu-1")));
    page.until("the counts", |page| {
        let meeting = page.meetings()[0];
        check((meeting.waiting, meeting.in_call, meeting.unknown) == (1, 0, 0) && meeting.longest_since == row.waiting_since, meeting)
    })
    .await;
}

#[tokio::test]
async fn who_waited_before_usher_started_is_found_with_an_upper_bound_of_the_wait() {
    let mut options = quiet(2);
    (options.calls, options.people) = (6, 60);
    let desk = Desk::start(options).await;
    let mut page = desk.page("vi").await;
    let truth = desk.control().truth();
    let waiting: Vec<_> = truth.participants().filter(|person| format!("{:?}", person.lobby) == "Waiting").cloned().collect();
    assert!(!waiting.is_empty());
    for person in waiting {
        page.until("the person to wait", |page| {
            let row = page.person(person.id)?;
            check(
                row.lobby == Lobby::Waiting && row.waiting_up_to && row.waiting_since.is_some_and(|since| since <= person.since_ms + 2000),
                row,
            )
        })
        .await;
    }
}

#[tokio::test]
async fn an_activator_who_arrives_lets_everybody_in() {
    let desk = Desk::start(quiet(1)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva", "Li Wei"]);
    let mut page = desk.page("vi").await;
    page.until("all to wait", |page| check(page.meetings().iter().map(|m| m.waiting).sum::<usize>() == 3, page.meetings())).await;
    desk.host(meeting.id, "eu-1");
    page.until("all to be in", |page| {
        people.iter().try_for_each(|person| check(page.person(person.id)?.lobby == Lobby::In, page.people()))
    })
    .await;
}

#[tokio::test]
async fn the_first_connected_state_may_not_carry_the_mark_yet() {
    let mut options = quiet(1);
    options.switches = Some(json!({ "late_deactivated_ms": 60 }).to_string());
    let desk = Desk::start(options).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("vi").await;
    page.until("the guest to wait", |page| {
        let row = page.person(people[0].id)?;
        assert_ne!(row.lobby, Lobby::In, "nobody is shown as in who is not");
        check(row.lobby == Lobby::Waiting, row)
    })
    .await;
}

#[tokio::test]
async fn an_admission_elsewhere_is_found_by_rotation() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("vi").await;
    page.until("the guest to wait", |page| check(page.person(people[0].id)?.lobby == Lobby::Waiting, page.people())).await;
    desk.control().admit(people[0].id).expect("admitted");
    page.until("the guest to be in", |page| check(page.person(people[0].id)?.lobby == Lobby::In, page.people())).await;
}

#[tokio::test]
async fn somebody_sent_back_waits_from_that_moment() {
    let desk = Desk::start(quiet(1)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    desk.host(meeting.id, "eu-1");
    let mut page = desk.page("vi").await;
    page.until("the guest to be in", |page| check(page.person(people[0].id)?.lobby == Lobby::In, page.people())).await;
    desk.control().lock(meeting.id).expect("locked");
    let before = desk.control().now_ms();
    desk.control().lobby(people[0].id).expect("sent back");
    page.until("the guest to wait", |page| {
        let row = page.person(people[0].id)?;
        check(row.lobby == Lobby::Waiting && row.waiting_since.is_some_and(|since| since >= before) && !row.waiting_up_to, row)
    })
    .await;
}

#[tokio::test]
async fn who_is_being_rung_is_neither_waiting_nor_unchecked() {
    let desk = Desk::start(quiet(1)).await;
    let (meeting, _) = desk.meeting("Board call", "eu-1", &[]);
    let dial = Dial {
        meeting: meeting.id,
        name: "Called".into(),
        uri: "called@example.org".into(),
        ring_after_ms: 10,
        end_after_ms: 60_000,
        fails: None,
        bridge: None,
    };
    let called = desk.control().dial(dial).expect("dialled");
    let mut page = desk.page("vi").await;
    page.until("it to ring", |page| {
        let row = page.person(called.id)?;
        check(row.state == LegState::Ringing && row.lobby == Lobby::Unknown && page.meetings()[0].unknown == 0, row)
    })
    .await;
}

#[tokio::test]
async fn calls_with_one_correlator_are_one_meeting_and_people_are_listed_once() {
    let desk = Desk::start(quiet(3)).await;
    let (meeting, mut people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    people.push(desk.join(meeting.id, "eu-2", "Ana Silva"));
    people.push(desk.join(meeting.id, "us-1", "Li Wei"));
    let mut page = desk.page("vi").await;
    page.until("one meeting with all three", |page| {
        let meetings = page.meetings();
        check(meetings.len() == 1 && meetings[0].waiting == 3 && meetings[0].bridges.len() == 3 && page.people().len() == 3, meetings)
    })
    .await;
    for person in &people {
        assert_eq!(page.person(person.id).expect("row").bridge.as_deref(), Some(person.bridge.as_str()));
    }
}

#[tokio::test]
async fn an_arrival_costs_three_requests_however_many_bridges_list_it() {
    let desk = Desk::start(quiet(3)).await;
    let (meeting, _) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    desk.join(meeting.id, "eu-2", "Ana Silva");
    desk.join(meeting.id, "us-1", "Li Wei");
    let mut page = desk.page("vi").await;
    page.until("all three", |page| check(page.meetings().iter().map(|m| m.waiting).sum::<usize>() == 3, page.meetings())).await;
    page.until("all bridges", |page| check(page.bridges().iter().all(|b| format!("{:?}", b.state) == "Live"), page.bridges())).await;
    let shapes = ["GET /participants/<id>", "GET /participants/<id>/callLegs"];
    let before: Vec<u64> = shapes.iter().map(|shape| desk.request_count(shape)).collect();
    let late = desk.join(meeting.id, "us-1", "Late");
    page.until("the arrival", |page| check(page.person(late.id)?.lobby == Lobby::Waiting, page.people())).await;
    let after: Vec<u64> = shapes.iter().map(|shape| desk.request_count(shape)).collect();
    assert_eq!((after[0] - before[0], after[1] - before[1]), (1, 1), "where hosted, which legs; then the leg itself");
}

#[tokio::test]
async fn hidden_meetings_are_counted_and_nothing_of_them_is_sent() {
    let toml = "[exclude]\nnames = [\"secret*\"]\n";
    let desk = Desk::start_with(quiet(1), toml, |_| {}).await;
    desk.meeting("Secret council", "eu-1", &["Bo Berg"]);
    let (_, people) = desk.meeting("Board call", "eu-1", &["Ana Silva"]);
    let mut page = desk.page("vi").await;
    page.until("one hidden", |page| check(page.hidden_meetings() == 1 && page.person(people[0].id).is_ok(), page.meetings())).await;
    assert_eq!((page.meetings().len(), page.people().len()), (1, 1));
}

#[tokio::test]
async fn a_nameless_call_is_labelled_by_space_address_or_owner() {
    let desk = Desk::start(quiet(1)).await;
    let call = StartCall { name: String::new(), owner: "Ana Silva".into(), space: false, ..StartCall::default() };
    desk.control().start_call(call).expect("started");
    let mut page = desk.page("vi").await;
    page.until("the label", |page| {
        let meetings = page.meetings();
        check(meetings.len() == 1 && &*meetings[0].name == "Ana Silva" && meetings[0].named_by == NamedBy::Owner, meetings)
    })
    .await;
}

#[tokio::test]
async fn no_lobby_here_is_told_from_nobody_waiting() {
    let desk = Desk::start(quiet(1)).await;
    let call = StartCall { name: "Open house".into(), space: false, ..StartCall::default() };
    desk.control().start_call(call).expect("started");
    let (meeting, _) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    desk.host(meeting.id, "eu-1");
    let mut page = desk.page("vi").await;
    page.until("a lobby that is empty", |page| {
        let board = page.meetings().into_iter().find(|m| &*m.name == "Board call").ok_or("no meeting")?;
        check(board.lobby == HasLobby::Yes && board.waiting == 0 && board.in_call == 2, board)
    })
    .await;
    let open = page.meetings().into_iter().find(|m| &*m.name == "Open house").expect("meeting");
    assert_ne!(open.lobby, HasLobby::Yes, "{open:?}");
}

#[tokio::test]
async fn a_wait_goes_on_over_a_restart() {
    let desk = Desk::start(quiet(1)).await;
    let (meeting, _) = desk.meeting("Board call", "eu-1", &[]);
    let mut page = desk.page("vi").await;
    page.until("the meeting", |page| check(page.meetings().len() == 1, page.meetings())).await;
    let guest = desk.join(meeting.id, "eu-1", "Bo Berg");
    let waiting = |page: &common::page::Page| {
        check(page.person(guest.id)?.lobby == Lobby::Waiting, page.people()).and_then(|()| page.person(guest.id).cloned())
    };
    let before = page.until("the guest to wait", waiting).await;
    let desk = desk.restart().await;
    let mut page = desk.page("vi").await;
    let after = page.until("the guest to wait again", waiting).await;
    assert_eq!((before.waiting_since, before.waiting_up_to), (after.waiting_since, after.waiting_up_to));
}

#[tokio::test]
async fn a_name_that_changes_and_a_mute_come_by_event() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("vi").await;
    page.until("the guest", |page| check(page.person(people[0].id)?.lobby == Lobby::Waiting, page.people())).await;
    desk.control().rename(people[0].id, "<b>Bo</b> \u{2028} \u{202e}greB").expect("renamed");
    desk.control().mute(people[0].id, true).expect("muted");
    page.until("name and mute", |page| {
        let row = page.person(people[0].id)?;
        check(row.muted && &*row.name == "<b>Bo</b> \u{2028} \u{202e}greB" && row.lobby == Lobby::Waiting, row)
    })
    .await;
}

#[tokio::test]
async fn a_call_that_ends_takes_its_people_along() {
    let desk = Desk::start(quiet(2)).await;
    let (meeting, _) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    let (_, others) = desk.meeting("Ward round", "eu-2", &["Li Wei"]);
    let mut page = desk.page("vi").await;
    page.until("three people", |page| check(page.people().len() == 3, page.people())).await;
    desk.control().end(meeting.id, None).expect("ended");
    page.until("one person", |page| check(page.people().len() == 1 && page.meetings().len() == 1, page.meetings())).await;
    page.follow_for(Duration::from_millis(500)).await;
    assert_eq!(page.people().len(), 1, "no ghost comes back");
    assert_eq!(page.person(others[0].id).expect("row").lobby, Lobby::Waiting);
}
