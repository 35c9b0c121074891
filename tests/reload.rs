//! Usher takes over another configuration while it runs: bridges are added, changed and removed, and the others are not affected.

mod common;

use std::time::Duration;

use common::desk::{Desk, quiet};
use common::page::{Page, check};
use common::{DEADLINE, wait_for};
use serde_json::{Value, json};
use usher::config::{Config, Rules, Secret, Trust};
use usher::model::{BridgeState, Lobby};
use usher::simulator::Id;

async fn live(page: &mut Page, bridge: &str) {
    page.until("the bridge to be live", |page| check(page.bridge(bridge)?.state == BridgeState::Live, page.bridges())).await;
}

async fn waits(page: &mut Page, person: Id) {
    page.until("the person to wait", |page| check(page.person(person)?.lobby == Lobby::Waiting, page.people())).await;
}

async fn take(desk: &Desk, change: impl FnOnce(&mut Config)) {
    let mut config = desk.config.clone();
    change(&mut config);
    desk.app.reload.apply(config).await.expect("taken over");
}

fn requests(desk: &Desk, bridge: &str) -> Value {
    let requests = serde_json::to_value(desk.control().requests()).expect("JSON");
    requests.as_array().expect("bridges").iter().find(|each| each["bridge"] == bridge).expect("bridge").clone()
}

/// State that must not flicker: the bridge's row and its participants, in every state of the page.
struct Unmoved {
    bridge: &'static str,
    since: i64,
    people: Vec<Id>,
}

impl Unmoved {
    fn new(page: &Page, bridge: &'static str, people: &[Id]) -> Self {
        Self { bridge, since: page.bridge(bridge).expect("row").since, people: people.to_vec() }
    }

    fn hold(&self, page: &Page) {
        let row = page.bridge(self.bridge).expect("its row stays");
        assert_eq!((row.state, row.since), (BridgeState::Live, self.since));
        for person in &self.people {
            assert_eq!(page.person(*person).expect("stays").lobby, Lobby::Waiting);
        }
    }
}

#[tokio::test]
async fn a_removed_bridge_leaves_every_page_and_is_asked_nothing_more() {
    let desk = Desk::start(quiet(2)).await;
    let (shared, here) = desk.meeting("Board call", "eu-1", &["Stays Here"]);
    let guest = desk.join(shared.id, "eu-2", "Seen From Elsewhere");
    let (_, gone) = desk.meeting("Ward round", "eu-2", &["Goes With Its Bridge"]);
    let (mut mo, mut max) = (desk.page("mo").await, desk.page("max").await);
    for page in [&mut mo, &mut max] {
        live(page, "eu-1").await;
        live(page, "eu-2").await;
        for person in [here[0].id, guest.id, gone[0].id] {
            waits(page, person).await;
        }
    }
    let unmoved = Unmoved::new(&mo, "eu-1", &[here[0].id]);
    take(&desk, |config| config.bridges.retain(|bridge| &*bridge.name != "eu-2")).await;
    for page in [&mut mo, &mut max] {
        page.until("the bridge to be gone", |page| {
            unmoved.hold(page);
            check(page.bridge("eu-2").is_err() && page.person(gone[0].id).is_err(), (page.bridges(), page.people()))?;
            check(page.meetings().iter().all(|meeting| !meeting.bridges.iter().any(|name| &**name == "eu-2")), page.meetings())?;
            let row = page.person(guest.id)?;
            check(row.bridge.is_none() && row.lobby == Lobby::Unknown, row)
        })
        .await;
    }
    let results = mo.admit("a", &[gone[0].id, guest.id, here[0].id]).await;
    let result = |id: Id| results[&id.to_string()]["result"].as_str().expect("word").to_owned();
    assert_eq!([gone[0].id, guest.id, here[0].id].map(result), ["left", "refused", "done"], "{results:?}");
    wait_for(DEADLINE, "its sockets to be closed", async || {
        let seen = requests(&desk, "eu-2");
        check(seen["events_open"] == 0 && seen["in_flight"] == 0, seen)
    })
    .await;
    desk.control().reset_requests();
    mo.follow_for(Duration::from_secs(2)).await;
    assert_eq!(requests(&desk, "eu-2")["total"], 0, "every interval is a tenth as long: somebody would have asked by now");
    assert!(requests(&desk, "eu-1")["total"].as_u64().is_some_and(|total| total > 0));
    let row = mo.person(guest.id).expect("still seen in the shared meeting");
    assert!(row.bridge.is_none() && row.lobby == Lobby::Unknown, "as of any bridge that is not configured: {row:?}");
}

/// Where another bridge said that they are hosted elsewhere, and the new bridge's own list of them is damaged.
#[tokio::test]
async fn an_added_bridge_whose_roster_is_damaged_has_its_people_all_the_same() {
    // Nothing is read again merely because time passed.
    let never = Duration::from_secs(3600);
    let desk = Desk::start_with(quiet(2), "", |config| (config.timing.sweep_roster, config.timing.sweep_calls) = (never, never)).await;
    let (shared, here) = desk.meeting("Board call", "eu-1", &["Stays Here"]);
    let guests: Vec<_> = ["Ana Silva", "Bo Berg", "Cy Chan"].map(|name| desk.join(shared.id, "eu-2", name)).to_vec();
    let mut page = desk.page("mo").await;
    page.until_waiting(here.iter().chain(&guests)).await;
    take(&desk, |config| config.bridges.retain(|bridge| &*bridge.name != "eu-2")).await;
    page.until("the guests to be out of sight", |page| {
        guests.iter().try_for_each(|guest| check(page.person(guest.id)?.elsewhere.is_some(), page.people()))
    })
    .await;
    let damage = json!({ "rest_replace": "</participant><participant ", "rest_replace_with": "</articipant><participant " });
    desk.control().set_switches(Some("eu-2"), damage).expect("switch");
    take(&desk, |_| {}).await;
    page.until_waiting(&guests).await;
    let ids: Vec<Id> = guests.iter().map(|guest| guest.id).collect();
    let results = page.admit("a", &ids).await;
    assert!(results.values().all(|result| result["result"] == "done"), "{results:?}");
}

#[tokio::test]
async fn an_added_bridge_is_read_and_its_people_can_be_admitted() {
    let desk = Desk::start_with(quiet(2), "", |config| config.bridges.truncate(1)).await;
    let (shared, here) = desk.meeting("Board call", "eu-1", &["Stays Here"]);
    let guest = desk.join(shared.id, "eu-2", "Hosted By The New One");
    let mut page = desk.page("mo").await;
    live(&mut page, "eu-1").await;
    waits(&mut page, here[0].id).await;
    page.until("the guest, of whom no more is known", |page| check(page.person(guest.id)?.lobby == Lobby::Unknown, page.people())).await;
    let unmoved = Unmoved::new(&page, "eu-1", &[here[0].id]);
    let mut config = desk.config.clone();
    let second = &desk.sim.bridges()[1];
    let mut bridge = config.bridges[0].clone();
    (bridge.name, bridge.url, bridge.password) = (second.name.as_str().into(), second.url.clone(), Secret::new(&second.password));
    config.bridges.push(bridge);
    desk.app.reload.apply(config).await.expect("taken over");
    page.until("the new bridge and its guest", |page| {
        unmoved.hold(page);
        check(page.bridge("eu-2")?.state == BridgeState::Live && page.person(guest.id)?.lobby == Lobby::Waiting, page.people())
    })
    .await;
    assert_eq!(page.admit("a", &[guest.id]).await[&guest.id.to_string()]["result"], "done");
}

#[tokio::test]
async fn a_corrected_password_is_taken_at_once() {
    let desk = Desk::start_with(quiet(2), "", |config| config.bridges[1].password = Secret::new("mistyped")).await;
    let (_, here) = desk.meeting("Board call", "eu-1", &["Stays Here"]);
    let (_, there) = desk.meeting("Ward round", "eu-2", &["Found Later"]);
    let mut page = desk.page("mo").await;
    live(&mut page, "eu-1").await;
    waits(&mut page, here[0].id).await;
    page.until("the refusal", |page| check(page.bridge("eu-2")?.state == BridgeState::Refused, page.bridges())).await;
    let unmoved = Unmoved::new(&page, "eu-1", &[here[0].id]);
    let right = Secret::new(&desk.sim.bridges()[1].password);
    take(&desk, |config| config.bridges[1].password = right).await;
    page.until("the other bridge's people", |page| {
        unmoved.hold(page);
        check(page.bridge("eu-2")?.state == BridgeState::Live && page.person(there[0].id)?.lobby == Lobby::Waiting, page.bridges())
    })
    .await;
}

#[tokio::test]
async fn a_changed_address_leaves_nothing_of_the_old_one() {
    let desk = Desk::start_with(quiet(2), "", |config| config.bridges.truncate(1)).await;
    let (_, old) = desk.meeting("Board call", "eu-1", &["Old", "Older"]);
    let (_, new) = desk.meeting("Ward round", "eu-2", &["New"]);
    let mut page = desk.page("mo").await;
    live(&mut page, "eu-1").await;
    waits(&mut page, old[0].id).await;
    let second = desk.sim.bridges()[1].clone();
    take(&desk, |config| (config.bridges[0].url, config.bridges[0].password) = (second.url, Secret::new(&second.password))).await;
    page.until("the people of the new address alone", |page| {
        let row = page.person(new[0].id)?;
        check(row.lobby == Lobby::Waiting && page.people().len() == 1 && page.meetings().len() == 1, page.people())
    })
    .await;
    live(&mut page, "eu-1").await;
    assert_eq!(requests(&desk, "eu-1")["events_open"], 0);
}

#[tokio::test]
async fn a_press_goes_on_over_a_change_of_its_bridge_and_nobody_is_sent_twice() {
    let mut options = quiet(1);
    options.latency_ms = 30;
    let desk = Desk::start(options).await;
    let names: Vec<String> = (0..60).map(|n| format!("Guest {n}")).collect();
    let (_, people) = desk.meeting("Assembly", "eu-1", &names.iter().map(String::as_str).collect::<Vec<_>>());
    let ids: Vec<Id> = people.iter().map(|person| person.id).collect();
    let mut page = desk.page("mo").await;
    for id in &ids {
        waits(&mut page, *id).await;
    }
    page.request_admit("a", &ids).await;
    wait_for(DEADLINE, "the first few to be sent", async || check(desk.request_count("PUT /participants/<id>") >= 8, ())).await;
    take(&desk, |config| config.bridges[0].trust = Trust::Insecure).await;
    let results = page.results("a").await;
    let failed: Vec<_> = results.values().filter(|result| result["result"] != "done").collect();
    assert!(failed.is_empty(), "{failed:?}");
    assert_eq!(desk.request_count("PUT /participants/<id>"), 60);
}

#[tokio::test]
async fn a_press_on_a_bridge_that_is_removed_has_a_result_for_everybody() {
    let mut options = quiet(1);
    options.latency_ms = 30;
    let desk = Desk::start(options).await;
    let (_, _) = desk.meeting("Other", "eu-1", &[]);
    let names: Vec<String> = (0..60).map(|n| format!("Guest {n}")).collect();
    let (_, people) = desk.meeting("Assembly", "eu-1", &names.iter().map(String::as_str).collect::<Vec<_>>());
    let ids: Vec<Id> = people.iter().map(|person| person.id).collect();
    let mut page = desk.page("mo").await;
    for id in &ids {
        waits(&mut page, *id).await;
    }
    page.request_admit("a", &ids).await;
    wait_for(DEADLINE, "the first few to be sent", async || check(desk.request_count("PUT /participants/<id>") >= 8, ())).await;
    let elsewhere = usher::simulator::start(quiet(1)).await.expect("simulator");
    let other = elsewhere.bridges()[0].clone();
    take(&desk, |config| {
        let bridge = &mut config.bridges[0];
        (bridge.name, bridge.url, bridge.password) = ("another".into(), other.url, Secret::new(&other.password));
    })
    .await;
    let results = page.results("a").await;
    assert_eq!(results.len(), 60);
    let truth = desk.control().truth();
    for (person, result) in &results {
        let word = result["result"].as_str().expect("word");
        let let_in = truth.participants().any(|each| each.id.to_string() == *person && each.lobby == usher::simulator::Lobby::In);
        match word {
            // CMS's answer came; whether it worked could no longer be seen.
            "unconfirmed" | "done" | "left" if let_in => {}
            "refused" | "left" if !let_in => {}
            _ => panic!("{result}, but let in: {let_in}"),
        }
        assert!(
            !result["reason"].as_str().unwrap_or_default().contains("not known whether"),
            "each PUT that was sent was answered: {result}"
        );
    }
    page.until("the page without them", |page| check(page.people().is_empty() && page.bridge("another").is_ok(), page.people())).await;
}

#[tokio::test]
async fn a_filter_and_limits_are_taken_over_without_reading_anything_again() {
    // No participant is read for any other reason than the interval.
    let desk = Desk::start_with(quiet(1), "", |config| config.timing.recheck = [Duration::ZERO; 4]).await;
    let (_, board) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let (_, ward) = desk.meeting("Ward round", "eu-1", &["Ana Silva"]);
    let mut page = desk.page("mo").await;
    live(&mut page, "eu-1").await;
    waits(&mut page, board[0].id).await;
    waits(&mut page, ward[0].id).await;
    let unmoved = Unmoved::new(&page, "eu-1", &[ward[0].id]);
    take(&desk, |config| {
        config.filter.exclude = Rules { names: vec!["Board*".into()], ..Rules::default() };
        (config.cms.in_flight, config.timing.rotate_waiting) = (2, Duration::from_secs(60));
    })
    .await;
    page.until("the meeting to be hidden", |page| {
        unmoved.hold(page);
        check(page.person(board[0].id).is_err() && page.hidden_meetings() == 1, (page.people(), page.hidden_meetings()))
    })
    .await;
    // Planned readings still happen; from then on no participant is read for a minute.
    page.follow_for(Duration::from_secs(1)).await;
    desk.control().reset_requests();
    page.follow_for(Duration::from_secs(2)).await;
    assert_eq!(desk.request_count("GET /callLegs/<id>"), 0, "who waits is read every minute now");
    take(&desk, |_| {}).await;
    page.until("the meeting to be back", |page| {
        unmoved.hold(page);
        check(page.person(board[0].id)?.lobby == Lobby::Waiting && page.hidden_meetings() == 0, page.hidden_meetings())
    })
    .await;
    wait_for(DEADLINE, "the reading to go on", async || check(desk.request_count("GET /callLegs/<id>") > 0, ())).await;
    let seen = requests(&desk, "eu-1");
    assert_eq!((&seen["events_open"], &seen["events_opened"]), (&json!(1), &json!(0)), "the same events socket all along");
}

#[tokio::test]
async fn what_cannot_be_trusted_changes_nothing_at_all() {
    let desk = Desk::start(quiet(2)).await;
    let (_, here) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    live(&mut page, "eu-1").await;
    live(&mut page, "eu-2").await;
    waits(&mut page, here[0].id).await;
    let unmoved = Unmoved::new(&page, "eu-1", &[here[0].id]);
    let empty = desk.dir.path().join("empty.pem");
    std::fs::write(&empty, "no certificate").expect("written");
    let mut config = desk.config.clone();
    config.bridges[1].trust = Trust::CaFile(empty);
    config.bridges.remove(0);
    config.filter.exclude = Rules { names: vec!["*".into()], ..Rules::default() };
    let error = desk.app.reload.apply(config).await.expect_err("refused").to_string();
    assert!(error.contains("empty.pem") && error.contains("no usable certificate"), "{error}");
    page.follow_for(Duration::from_secs(1)).await;
    unmoved.hold(&page);
    assert_eq!(page.bridges().len(), 2);
    assert_eq!(page.bridge("eu-2").expect("row").state, BridgeState::Live);
    let results = page.admit("a", &[here[0].id]).await;
    assert_eq!(results[&here[0].id.to_string()]["result"], json!("done"));
}
