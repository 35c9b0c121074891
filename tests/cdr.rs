//! Call Detail Records: a record from a bridge makes Usher read at once, and never changes a row by itself.

mod common;

use std::time::Duration;

use common::desk::{Desk, quiet};
use common::in_time;
use common::page::{Page, check};
use common::usher_command::run_cdr_command;
use rstest::rstest;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use usher::cdr_endpoints;
use usher::config::{CdrMode, Config};
use usher::db::open_connection;
use usher::model::{CdrState, Lobby};
use usher::simulator::{Id, ParticipantTruth};
use usher::view::BridgeRow;

const NEVER: Duration = Duration::from_secs(3600);

/// Nothing is read again by itself: what a page learns of a change made elsewhere comes by a record, or by what a record led to.
fn only_records(config: &mut Config) {
    let timing = &mut config.timing;
    (timing.rotate_waiting, timing.rotate_in_call, timing.rotate_waiting_with_records, timing.rotate_in_call_with_records) =
        (NEVER, NEVER, NEVER, NEVER);
    (timing.sweep_roster, timing.sweep_calls, timing.recheck, timing.quiet) = (NEVER, NEVER, [NEVER; 4], NEVER);
    register(config);
}

fn register(config: &mut Config) {
    config.bridges.iter_mut().for_each(|bridge| bridge.cdr = CdrMode::Register);
}

/// One bridge whose records Usher receives, a meeting where two wait, and a page that shows it.
async fn start(change: impl FnOnce(&mut Config)) -> (Desk, Page, Vec<ParticipantTruth>) {
    start_on(json!({}), change).await
}

async fn start_on(switches: Value, change: impl FnOnce(&mut Config)) -> (Desk, Page, Vec<ParticipantTruth>) {
    let mut options = quiet(1);
    options.switches = Some(switches.to_string());
    let desk = Desk::start_with(options, "", change).await;
    let mut page = desk.page("mo").await;
    if desk.config.bridges.iter().all(|bridge| bridge.cdr == CdrMode::Register) {
        until_registered(&desk, &mut page).await;
    }
    let (_, people) = desk.meeting("Board", "eu-1", &["Bo Berg", "Cy Chan"]);
    for person in &people {
        page.until("both to wait", |page| has_lobby(page, person.id, Lobby::Waiting)).await;
    }
    (desk, page, people)
}

/// No record tells of the time before.
async fn until_registered(desk: &Desk, page: &mut Page) {
    let bridges = desk.config.bridges.len() as u64;
    until_true(page, "the registration", || check(desk.request_count("POST /system/cdrReceivers") == bridges, desk.control().requests()))
        .await;
}

fn has_lobby(page: &Page, person: Id, lobby: Lobby) -> Result<(), String> {
    let row = page.person(person)?;
    check(row.lobby == lobby, (row, page.bridges()))
}

fn has_records(page: &Page, state: CdrState) -> Result<(), String> {
    let row = page.bridge("eu-1")?;
    check(row.cdr == state, row)
}

/// Follows the page until the simulator says something, which is looked at again with each frame and twenty times a second.
async fn until_true(page: &mut Page, what: &str, mut state: impl FnMut() -> Result<(), String>) {
    let patience = page.deadline;
    let follow = async {
        while state().is_err() {
            page.follow_for(Duration::from_millis(50)).await;
        }
    };
    if tokio::time::timeout(patience, follow).await.is_err() {
        panic!("waited for {what}: {:?}", state());
    }
}

fn asked_for_all(desk: &Desk) -> u64 {
    desk.request_count("GET /calls/<id>/participants")
}

/// The address that the bridge posts its records to.
fn address(desk: &Desk) -> String {
    let conn = open_connection(desk.dir.path()).expect("database");
    let secret = cdr_endpoints::secret(&conn, "eu-1").expect("read").expect("a secret");
    cdr_endpoints::url(&format!("http://{}", desk.app.address), &secret).expose().to_owned()
}

async fn post(url: &str, body: impl Into<reqwest::Body>) -> u16 {
    let client = reqwest::Client::builder().no_proxy().build().expect("client");
    in_time("an answer", client.post(url).body(body).send()).await.expect("answered").status().as_u16()
}

/// So many pieces of 700,000 bytes.
async fn post_in_pieces(desk: &Desk, url: &str, pieces: usize) -> u16 {
    let path = url.split_once("//").and_then(|(_, rest)| rest.split_once('/')).expect("a path").1;
    let mut socket = TcpStream::connect(desk.app.address).await.expect("connected");
    let mut request = format!("POST /{path} HTTP/1.1\r\nHost: usher\r\nTransfer-Encoding: chunked\r\n\r\n").into_bytes();
    for _ in 0..pieces {
        request.extend_from_slice(format!("{:x}\r\n{}\r\n", 700_000, " ".repeat(700_000)).as_bytes());
    }
    request.extend_from_slice(b"0\r\n\r\n");
    // An early answer may come with the end of the connection.
    let (mut reader, mut writer) = socket.split();
    let write = async { writer.write_all(&request).await.ok() };
    let mut status = [0; 12];
    let (_, read) = in_time("an answer", async { tokio::join!(write, reader.read_exact(&mut status)) }).await;
    read.expect("a status line");
    String::from_utf8_lossy(&status[9..]).parse().expect("a status")
}

fn record(session: &str, index: u64, person: &ParticipantTruth, waiting: bool) -> String {
    let leg = person.leg;
    format!(
        "<records session=\"{session}\"><record type=\"callLegUpdate\" correlatorIndex=\"{index}\"><callLeg id=\"{leg}\">\
         <state>connected</state><deactivated>{waiting}</deactivated></callLeg></record></records>"
    )
}

#[tokio::test]
async fn a_change_made_elsewhere_is_shown_because_of_its_record() {
    let (desk, mut page, people) = start(only_records).await;
    page.until("records", |page| has_records(page, CdrState::Arriving)).await;
    desk.control().admit(people[0].id).expect("admitted");
    page.until("the one who was let in", |page| has_lobby(page, people[0].id, Lobby::In)).await;
    desk.control().lobby(people[0].id).expect("sent back");
    page.until("the one who was sent back", |page| has_lobby(page, people[0].id, Lobby::Waiting)).await;
    // The last one lets everybody in, and takes them along when leaving.
    let (meeting, host) = (people[0].meeting, desk.host(people[0].meeting, "eu-1"));
    page.until("all in", |page| people.iter().try_for_each(|person| has_lobby(page, person.id, Lobby::In))).await;
    desk.control().leave(host.id).expect("left");
    page.until("all back", |page| people.iter().try_for_each(|person| has_lobby(page, person.id, Lobby::Waiting))).await;
    desk.control().lock(meeting).expect("locked");
    let late = desk.host(meeting, "eu-1");
    page.until("a host behind the lock", |page| has_lobby(page, late.id, Lobby::Waiting)).await;
    desk.control().unlock(meeting).expect("unlocked");
    page.until("everybody in again", |page| has_lobby(page, late.id, Lobby::In)).await;
}

#[tokio::test]
async fn records_in_every_dress_lead_to_the_same() {
    let dresses = [
        json!({ "cdr_batch": 20, "cdr_whitespace": true, "cdr_declaration": false, "cdr_unknown": true }),
        json!({ "cdr_first_update": "two_records", "cdr_active_leg": "absent", "cdr_group_id": "absent", "cdr_call_bridge": "always" }),
        json!({ "cdr_duplicate_rate": 0.5, "cdr_retry_ms": 20, "cdr_links": true, "late_deactivated_ms": 60 }),
        json!({ "cdr_form_field": "also_uri", "cdr_group_id": "leg", "cdr_accepts": "any2xx", "active_leg": "false" }),
    ];
    for dress in dresses {
        let mut options = quiet(1);
        options.switches = Some(dress.to_string());
        let desk = Desk::start_with(options, "", only_records).await;
        let (_, people) = desk.meeting("Board", "eu-1", &["Bo Berg"]);
        let mut page = desk.page("mo").await;
        page.until("one who waits", |page| has_lobby(page, people[0].id, Lobby::Waiting).map_err(|state| format!("{dress}: {state}")))
            .await;
        desk.control().admit(people[0].id).expect("admitted");
        page.until("in", |page| has_lobby(page, people[0].id, Lobby::In).map_err(|state| format!("{dress}: {state}"))).await;
    }
}

#[tokio::test]
async fn a_record_alone_changes_nothing() {
    let (desk, mut page, people) = start(only_records).await;
    let before = desk.request_count("GET /callLegs/<id>");
    // As somebody who knows the address could: the next number of the session that the bridge is in.
    assert_eq!(post(&address(&desk), record("another", 0, &people[0], false)).await, 200);
    until_true(&mut page, "the leg to be read", || {
        check(desk.request_count("GET /callLegs/<id>") > before, desk.request_count("GET /callLegs/<id>"))
    })
    .await;
    page.follow_for(Duration::from_millis(500)).await;
    has_lobby(&page, people[0].id, Lobby::Waiting).expect("the bridge still says waiting");
}

#[tokio::test]
async fn the_address_is_for_those_who_know_it_and_takes_anything_up_to_a_mebibyte() {
    let (desk, _page, _) = start(register).await;
    let right = address(&desk);
    let wrong = format!("{}0", &right[..right.len() - 1]);
    let wrong = if wrong == right { format!("{}1", &right[..right.len() - 1]) } else { wrong };
    assert_eq!(post(&wrong, "<records/>").await, 404);
    assert_eq!(post(&format!("http://{}/cdr/", desk.app.address), "x").await, 404);
    for body in ["", "no XML", "<html/>", "<records session=\"s\">", "<!DOCTYPE x><records session=\"s\"/>"] {
        assert_eq!(post(&right, body).await, 200, "{body}");
    }
    assert_eq!(post(&right, vec![b' '; 1 << 20]).await, 200);
    assert_eq!(post(&right, vec![b' '; (1 << 20) + 1]).await, 413);
    assert_eq!(post_in_pieces(&desk, &right, 1).await, 200, "of a length that is not said before");
    assert_eq!(post_in_pieces(&desk, &right, 2).await, 413);
    let many: String = (0..3000).map(|n| format!("<record type=\"callEnd\" correlatorIndex=\"{n}\"><call id=\"{n}\"/></record>")).collect();
    assert_eq!(post(&right, format!("<records session=\"many\">{many}</records>")).await, 200);
    desk.app.stop();
    desk.app.join().await.expect("stopped");
}

#[tokio::test]
async fn a_port_of_its_own_takes_records_and_nothing_else() {
    let (desk, _page, _) = start(|config| {
        register(config);
        config.web.cdr_listen = Some("127.0.0.1:0".parse().expect("address"));
    })
    .await;
    let own = desk.app.cdr_address.expect("a port for records");
    let here = address(&desk).replace(&desk.app.address.to_string(), &own.to_string());
    assert_eq!(post(&here, "<records session=\"s\"/>").await, 200);
    let client = reqwest::Client::builder().no_proxy().build().expect("client");
    for path in ["/", "/login", "/healthz", "/metrics", "/static/desk.js"] {
        let status = client.get(format!("http://{own}{path}")).send().await.expect("answered").status();
        assert_eq!(status, 404, "{path}");
    }
}

#[tokio::test]
async fn missing_records_lead_to_reading_everything() {
    let (desk, mut page, people) = start(only_records).await;
    page.until("records", |page| has_records(page, CdrState::Arriving)).await;
    desk.control().set_switches(None, json!({ "cdr_gap_rate": 1.0 })).expect("switch");
    desk.control().admit(people[0].id).expect("admitted");
    desk.control().set_switches(None, json!({ "cdr_gap_rate": 0.0 })).expect("switch");
    let before = asked_for_all(&desk);
    // The next record is about somebody else, and its number tells of the lost one.
    desk.control().admit(people[1].id).expect("admitted");
    page.until("both", |page| people.iter().try_for_each(|person| has_lobby(page, person.id, Lobby::In))).await;
    until_true(&mut page, "everything to be read", || check(asked_for_all(&desk) > before, before)).await;
}

#[tokio::test]
async fn records_that_stay_away_are_noticed_and_quiet_is_not() {
    let (desk, mut page, people) = start(only_records).await;
    page.until("records", |page| has_records(page, CdrState::Arriving)).await;
    let before = asked_for_all(&desk);
    // Quiet for much longer than the patience (a second here), and the bridge is asked all the while.
    page.follow_for(Duration::from_secs(4)).await;
    assert_eq!(asked_for_all(&desk), before, "nothing is read again because nothing happens");
    has_records(&page, CdrState::Arriving).expect("and nothing is said");

    desk.control().set_switches(None, json!({ "cdr_gap_rate": 1.0 })).expect("switch");
    desk.control().admit(people[0].id).expect("admitted");
    page.until("the stall", |page| has_records(page, CdrState::Stalled)).await;
    page.until("what no record told", |page| has_lobby(page, people[0].id, Lobby::In)).await;
    let stalled = asked_for_all(&desk);
    page.follow_for(Duration::from_secs(3)).await;
    assert_eq!(asked_for_all(&desk), stalled, "read again once");

    desk.control().set_switches(None, json!({ "cdr_gap_rate": 0.0 })).expect("switch");
    desk.control().admit(people[1].id).expect("admitted");
    page.until("records again", |page| has_records(page, CdrState::Arriving)).await;
}

#[tokio::test]
async fn a_new_session_leads_to_reading_everything() {
    let (desk, mut page, people) = start(only_records).await;
    page.until("records", |page| has_records(page, CdrState::Arriving)).await;
    let before = asked_for_all(&desk);
    assert_eq!(post(&address(&desk), record("a-new-one", 0, &people[0], true)).await, 200);
    until_true(&mut page, "everything to be read", || check(asked_for_all(&desk) > before, asked_for_all(&desk))).await;
}

#[tokio::test]
async fn a_record_that_comes_twice_is_read_once() {
    const REPEATS: u64 = 200;
    // The bridge has no address to send records of its own to.
    let (desk, mut page, people) = start(|config| {
        only_records(config);
        config.bridges.iter_mut().for_each(|bridge| bridge.cdr = CdrMode::Receive);
    })
    .await;
    let url = address(&desk);
    let reads = || desk.request_count("GET /callLegs/<id>");
    desk.control().admit(people[0].id).expect("admitted");
    assert_eq!(post(&url, record("s", 7, &people[0], false)).await, 200);
    page.until("what the first record led to", |page| has_lobby(page, people[0].id, Lobby::In)).await;
    let before = reads();
    for _ in 0..REPEATS {
        assert_eq!(post(&url, record("s", 7, &people[0], false)).await, 200);
    }
    // Readings keep the order of their records.
    desk.control().admit(people[1].id).expect("admitted");
    assert_eq!(post(&url, record("s", 8, &people[1], false)).await, 200);
    page.until("what the next record led to", |page| has_lobby(page, people[1].id, Lobby::In)).await;
    // A few readings follow the first of a session; each of these records would have led to another one.
    assert!(reads() - before < REPEATS / 10, "{} readings for {REPEATS} records", reads() - before);
}

#[tokio::test]
async fn reading_in_turn_slows_down_when_records_have_proved_good_and_not_before() {
    let (desk, mut page, people) = start(|config| {
        register(config);
        // Everything else that reads legs stays out of the count.
        (config.timing.sweep_roster, config.timing.recheck) = (NEVER, [NEVER; 4]);
        (config.timing.rotate_waiting, config.timing.rotate_waiting_with_records) = (Duration::from_millis(50), NEVER);
    })
    .await;
    page.until("records", |page| has_records(page, CdrState::Arriving)).await;
    let reads = || desk.request_count("GET /callLegs/<id>");
    let first = reads();
    until_true(&mut page, "reading in turn before any proof", || check(reads() >= first + 20, reads())).await;
    desk.control().admit(people[0].id).expect("admitted");
    // The proof is judged half a second later, and each of the two is planned once more before.
    let mut last = (reads(), tokio::time::Instant::now());
    until_true(&mut page, "a second without a reading", || {
        if reads() != last.0 {
            last = (reads(), tokio::time::Instant::now());
        }
        check(last.1.elapsed() > Duration::from_secs(1), last)
    })
    .await;
    // The feed stops while the bridge goes on: back to reading in turn.
    desk.control().set_switches(None, json!({ "cdr_gap_rate": 1.0 })).expect("switch");
    desk.control().lobby(people[0].id).expect("sent back");
    page.until("the stall", |page| has_records(page, CdrState::Stalled)).await;
    let stalled = reads();
    until_true(&mut page, "reading in turn again", || check(reads() >= stalled + 20, reads())).await;
}

#[tokio::test]
async fn a_bridge_that_does_not_announce_lobby_changes_is_read_in_turn() {
    let (desk, mut page, people) = start_on(json!({ "cdr_lobby_changes": false }), |config| {
        register(config);
        (config.timing.sweep_roster, config.timing.recheck) = (NEVER, [NEVER; 4]);
    })
    .await;
    // A change while a record is on its way proves nothing, on a busy machine; one of several does.
    for lobby in [Lobby::In, Lobby::Waiting].into_iter().cycle().take(20) {
        let control = desk.control();
        if lobby == Lobby::In { control.admit(people[0].id) } else { control.lobby(people[0].id) }.expect("moved");
        page.until("what no record told", |page| has_lobby(page, people[0].id, lobby)).await;
        page.follow_for(desk.config.timing.cdr_check * 2).await;
        if has_records(&page, CdrState::Partial).is_ok() {
            break;
        }
    }
    page.until("what is said of it", |page| has_records(page, CdrState::Partial)).await;
    desk.control().admit(people[1].id).expect("admitted");
    page.until("the other one", |page| has_lobby(page, people[1].id, Lobby::In)).await;
}

fn trouble(row: &BridgeRow) -> Option<&str> {
    row.cdr_trouble.as_ref().map(|trouble| &*trouble.code)
}

#[tokio::test]
async fn usher_registers_once_and_takes_nobody_elses_slot() {
    let mut options = quiet(2);
    options.switches = Some(json!({ "cdr_foreign_receivers": 3 }).to_string());
    let desk = Desk::start_with(options, "", register).await;
    let mut page = desk.page("mo").await;
    if desk.config.bridges.iter().all(|bridge| bridge.cdr == CdrMode::Register) {
        until_registered(&desk, &mut page).await;
    }
    let (_, people) = desk.meeting("Board", "eu-1", &["Bo Berg"]);
    page.until("the last slot", |page| has_records(page, CdrState::Arriving)).await;
    let posted = desk.request_count("POST /system/cdrReceivers");
    assert_eq!(posted, 2, "one on each bridge");
    assert!(page.bridges().iter().all(|row| row.cdr_trouble.is_none()), "{:?}", page.bridges());
    let desk = desk.restart().await;
    let mut page = desk.page("mo").await;
    desk.control().admit(people[0].id).expect("admitted");
    page.until("records after the restart", |page| has_records(page, CdrState::Arriving)).await;
    assert_eq!(desk.request_count("POST /system/cdrReceivers"), posted, "it was registered already");
    for verb in ["PUT /system/cdrReceivers/<id>", "DELETE /system/cdrReceivers/<id>", "PUT /system/cdrReceivers"] {
        assert_eq!(desk.request_count(verb), 0, "{verb}");
    }
}

/// However a bridge lists the address: what is Usher's own is known again.
#[rstest]
#[case::respelled("respelled")]
#[case::without_uri("without_uri")]
#[tokio::test]
async fn usher_knows_its_own_receiver_again(#[case] listed: &str) {
    let mut options = quiet(1);
    options.switches = Some(json!({ "cdr_listed": listed }).to_string());
    let often = |config: &mut Config| {
        register(config);
        config.timing.cdr_register = Duration::from_millis(100);
    };
    let desk = Desk::start_with(options, "", often).await;
    let mut page = desk.page("mo").await;
    until_true(&mut page, "some looks", || check(desk.request_count("GET /system/cdrReceivers") >= 6, desk.control().requests())).await;
    assert_eq!(desk.request_count("POST /system/cdrReceivers"), 1, "{:?}", desk.control().requests());
    assert!(page.bridges().iter().all(|row| row.cdr_trouble.is_none()), "{:?}", page.bridges());
    let looks = desk.request_count("GET /system/cdrReceivers");
    let desk = desk.restart().await;
    let mut page = desk.page("mo").await;
    until_true(&mut page, "more looks", || check(desk.request_count("GET /system/cdrReceivers") >= looks + 3, desk.control().requests()))
        .await;
    assert_eq!(desk.request_count("POST /system/cdrReceivers"), 1, "known again after a restart: {:?}", desk.control().requests());
}

#[tokio::test]
async fn a_bridge_without_a_free_slot_is_said_so_and_read_in_turn() {
    let mut options = quiet(1);
    options.switches = Some(json!({ "cdr_foreign_receivers": 4 }).to_string());
    let desk = Desk::start_with(options, "", register).await;
    let (_, people) = desk.meeting("Board", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    page.until("what is said", |page| page.bridge("eu-1").and_then(|row| check(trouble(row) == Some("cdr_no_slot"), row))).await;
    page.until("one who waits", |page| has_lobby(page, people[0].id, Lobby::Waiting)).await;
    desk.control().admit(people[0].id).expect("admitted");
    page.until("found in turn", |page| has_lobby(page, people[0].id, Lobby::In)).await;
    assert_eq!(desk.request_count("POST /system/cdrReceivers"), 0, "not even tried");
}

#[tokio::test]
async fn a_leg_that_only_records_know_is_looked_for() {
    // The events socket is open and silent: the roster's add never comes.
    let (desk, mut page, people) = start(only_records).await;
    page.until("records", |page| has_records(page, CdrState::Arriving)).await;
    desk.control().set_switches(None, json!({ "events_stall": true })).expect("switch");
    let late = desk.join(people[0].meeting, "eu-1", "Late");
    page.until("who came unseen", |page| has_lobby(page, late.id, Lobby::Waiting)).await;
}

#[tokio::test]
async fn the_command_line_shows_registers_and_removes_ushers_own_receiver_and_no_other() {
    let mut options = quiet(1);
    options.switches = Some(json!({ "cdr_foreign_receivers": 2 }).to_string());
    let receive = |config: &mut Config| config.bridges.iter_mut().for_each(|bridge| bridge.cdr = CdrMode::Receive);
    let desk = Desk::start_with(options, "", receive).await;
    let mut page = desk.page("mo").await;
    assert!(run_cdr_command(&desk, "check").await.contains("`usher cdr show` prints the address"), "not registered yet");
    let shown = run_cdr_command(&desk, "cdr show").await;
    assert!(shown.contains(&address(&desk)) && shown.contains("no record has come yet"), "{shown}");
    assert_eq!(desk.request_count("POST /system/cdrReceivers"), 0, "neither changes anything");
    assert!(run_cdr_command(&desk, "cdr register").await.contains("eu-1  registered"));
    assert!(run_cdr_command(&desk, "cdr register").await.contains("already"));
    assert!(run_cdr_command(&desk, "check").await.contains("registered"));
    desk.meeting("Board", "eu-1", &["Bo Berg"]);
    page.until("records", |page| has_records(page, CdrState::Arriving)).await;
    let patience = page.deadline;
    let arrives = async {
        while !run_cdr_command(&desk, "check").await.contains("records arrive") {
            page.follow_for(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(patience, arrives).await.expect("the check says that records arrive");
    assert!(run_cdr_command(&desk, "cdr remove").await.contains("eu-1  removed"));
    assert!(run_cdr_command(&desk, "cdr remove").await.contains("was not registered"));
    assert_eq!(desk.request_count("DELETE /system/cdrReceivers/<id>"), 1, "nobody else's");

    run_cdr_command(&desk, "cdr register").await;
    let renewed = run_cdr_command(&desk, "cdr renew eu-1").await;
    assert!(renewed.contains("eu-1  removed") && renewed.contains("new address"), "{renewed}");
    assert_ne!(run_cdr_command(&desk, "cdr show").await, shown);
    assert!(run_cdr_command(&desk, "cdr register").await.contains("eu-1  registered"));
    desk.control().stop_bridge("eu-1").expect("stopped");
    let alone = run_cdr_command(&desk, "cdr renew eu-1").await;
    assert!(alone.contains("can't be read") && alone.contains("in Web Admin") && alone.contains("new address"), "{alone}");
}
