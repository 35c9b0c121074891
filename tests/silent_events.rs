//! Events sockets that fall silent, and bridges that push less than requested: pages show the truth all the same. No reading is only due to
//! time, so that the rotation can't hide a defect.

mod common;

use std::time::Duration;

use common::desk::{Desk, quiet};
use common::page::{Page, check};
use rstest::rstest;
use serde_json::{Value, json};
use usher::config::{CdrMode, Config};
use usher::model::{BridgeState, LegState, Lobby};
use usher::simulator::{Id, ParticipantTruth};

/// No rotation; quiet sockets are asked to speak as at other times.
fn no_rotation(config: &mut Config) {
    let quiet = config.timing.quiet;
    config.timing = config.timing.clone().without_rotation();
    config.timing.quiet = quiet;
}

fn with_records(config: &mut Config) {
    no_rotation(config);
    config.bridges.iter_mut().for_each(|bridge| bridge.cdr = CdrMode::Register);
}

async fn until(page: &mut Page, what: &str, state: impl Fn(&Page) -> Result<bool, String>) {
    page.until(what, |page| check(state(page)?, (page.people(), page.meetings(), page.bridges()))).await;
}

async fn live(page: &mut Page) {
    until(page, "all bridges to be live", |page| Ok(page.bridges().iter().all(|bridge| bridge.state == BridgeState::Live))).await;
}

/// Changes while a socket is dead.
#[derive(Debug, Clone, Copy)]
enum Change {
    Join,
    Leave,
    Rename,
    Mute,
    Hold,
    Lock,
    Record,
    NewCall,
    CallEnds,
}

struct Scene {
    desk: Desk,
    page: Page,
    meeting: Id,
    other: Id,
    /// In the call, at the first bridge.
    host: ParticipantTruth,
}

impl Scene {
    /// One meeting on two bridges, another one on the first alone, everybody known.
    async fn start(configure: fn(&mut Config)) -> Self {
        let desk = Desk::start_with(quiet(2), "", configure).await;
        let meeting = desk.meeting("Board call", "eu-1", &[]).0.id;
        let other = desk.meeting("Ward round", "eu-1", &["Ana Silva"]).0.id;
        let (host, there) = (desk.host(meeting, "eu-1"), desk.join(meeting, "eu-2", "Li Wei"));
        let mut page = desk.page("vi").await;
        live(&mut page).await;
        page.until_lobby([&host, &there], Lobby::In).await;
        Self { desk, page, meeting, other, host }
    }

    fn make(&self, change: Change) {
        let control = self.desk.control();
        match change {
            Change::Join => drop(self.desk.join(self.meeting, "eu-1", "Late Comer")),
            Change::Leave => control.leave(self.host.id).expect("left"),
            Change::Rename => control.rename(self.host.id, "Bo Berg").expect("renamed"),
            Change::Mute => control.mute(self.host.id, true).expect("muted"),
            Change::Hold => control.hold(self.host.id, true).expect("held"),
            Change::Lock => control.lock(self.meeting).expect("locked"),
            Change::Record => control.record(self.meeting, true).expect("recorded"),
            Change::NewCall => drop(self.desk.meeting("Town hall", "eu-1", &["Cy Day"])),
            Change::CallEnds => control.end(self.other, None).expect("ended"),
        }
    }

    fn shows(&self, change: Change) -> impl Fn(&Page) -> Result<bool, String> + use<> {
        let (host, meeting, other) = (self.host.id, self.meeting, self.other);
        move |page| {
            Ok(match change {
                Change::Join => page.people().iter().any(|row| *row.name == *"Late Comer" && row.lobby == Lobby::In),
                Change::Leave => page.person(host).is_err(),
                Change::Rename => *page.person(host)?.name == *"Bo Berg",
                Change::Mute => page.person(host)?.muted,
                Change::Hold => page.person(host)?.state == LegState::OnHold,
                Change::Lock => page.meeting(meeting)?.locked == Some(true),
                Change::Record => page.meeting(meeting)?.recording,
                Change::NewCall => page.people().iter().any(|row| *row.name == *"Cy Day" && row.lobby == Lobby::Waiting),
                Change::CallEnds => page.meeting(other).is_err(),
            })
        }
    }

    fn opened(&self) -> Vec<u64> {
        self.desk.control().requests().iter().map(|bridge| bridge.events_opened).collect()
    }
}

/// The socket of one of the two bridges is dead before it happens; the other one is well.
#[rstest]
#[tokio::test]
async fn any_change_that_a_silent_socket_does_not_tell_is_shown_and_the_socket_given_up(
    #[values(
        Change::Join,
        Change::Leave,
        Change::Rename,
        Change::Mute,
        Change::Hold,
        Change::Lock,
        Change::Record,
        Change::NewCall,
        Change::CallEnds
    )]
    change: Change,
    #[values(no_rotation, with_records)] configure: fn(&mut Config),
) {
    let mut scene = Scene::start(configure).await;
    scene.desk.control().set_switches(Some("eu-1"), json!({ "events_stall": true })).expect("set");
    scene.make(change);
    let shown = scene.shows(change);
    until(&mut scene.page, "the change", shown).await;
    let given_up = |page: &Page| {
        let row = page.bridge("eu-1")?;
        Ok(row.state == BridgeState::Polling && row.trouble.as_ref().is_some_and(|trouble| *trouble.code == *"events_lost"))
    };
    until(&mut scene.page, "the socket to be given up", given_up).await;
    assert_eq!(scene.page.bridge("eu-2").expect("row").state, BridgeState::Live);
    scene.desk.control().set_switches(Some("eu-1"), json!({ "events_stall": false })).expect("set");
    live(&mut scene.page).await;
    scene.shows(change)(&scene.page).expect("still shown");
}

/// As when the bridge's machine is gone and TCP says nothing of it.
#[tokio::test]
async fn a_silent_socket_is_given_up_though_nothing_changes() {
    let mut scene = Scene::start(no_rotation).await;
    scene.desk.control().set_switches(Some("eu-1"), json!({ "events_stall": true })).expect("set");
    let said = |page: &Page| Ok(page.bridge("eu-1")?.trouble.as_ref().is_some_and(|trouble| trouble.what.contains("answers nothing")));
    until(&mut scene.page, "the socket to be given up", said).await;
}

#[rstest]
#[case::quiet(json!({}))]
#[case::told_again_each_time(json!({ "readd_on_replacement": true, "pending_again": true, "subscription_updates_split": true }))]
#[case::one_message_at_a_time(json!({ "ack_window": 1, "ack_timeout_ms": 5000, "no_ack": "close" }))]
#[case::slow(json!({ "events_late_ms": 60 }))]
#[tokio::test]
async fn a_healthy_socket_is_never_given_up_and_costs_a_few_status_requests(#[case] switches: Value) {
    let mut scene = Scene::start(no_rotation).await;
    let (quiet, doubt) = (scene.desk.config.timing.quiet, scene.desk.config.timing.doubt);
    scene.desk.control().set_switches(None, switches).expect("set");
    // Past what the arrivals had read.
    scene.page.follow_for(scene.desk.config.timing.recheck[3] + doubt).await;
    let opened = scene.opened();
    scene.desk.control().reset_requests();
    // On a busy machine a bridge's subscriptions are repeated later.
    let repeated = |desk: &Desk| desk.control().requests().iter().all(|requests| requests.subscribe_repeats >= 3);
    for round in 0.. {
        scene.page.follow_for(quiet).await;
        if round >= 20 && repeated(&scene.desk) {
            break;
        }
        assert!(round < 100, "{:?}", scene.desk.control().requests());
    }
    for requests in scene.desk.control().requests() {
        let others = requests.total - requests.by_shape.get("GET /system/status").copied().unwrap_or(0);
        assert_eq!(others, 0, "{requests:?}");
    }
    for change in [Change::Mute, Change::Join, Change::Lock, Change::Rename] {
        scene.make(change);
        let shown = scene.shows(change);
        until(&mut scene.page, "the change", shown).await;
        scene.page.follow_for(quiet + doubt * 2).await;
    }
    assert_eq!(scene.opened().len(), opened.len());
    assert!(scene.desk.control().requests().iter().all(|bridge| bridge.events_opened == 0), "{:?}", scene.desk.control().requests());
    live(&mut scene.page).await;
}

/// Where nothing is pushed, or less than asked for, all that a row says is read every few seconds.
#[rstest]
#[case::no_events(json!({ "token_status": 403 }))]
#[case::few_subscriptions(json!({ "subscription_limit": 1 }))]
#[tokio::test]
async fn what_is_not_pushed_is_read_every_few_seconds(#[case] switches: Value) {
    let mut scene = Scene::start(no_rotation).await;
    scene.desk.control().set_switches(Some("eu-1"), switches).expect("set");
    scene.desk.control().cut_events(Some("eu-1"), usher::simulator::Cut::Hard).expect("cut");
    let polled = |page: &Page| Ok(page.bridge("eu-1")?.state == BridgeState::Polling || page.bridge("eu-1")?.polled_calls == 2);
    until(&mut scene.page, "polling", polled).await;
    for change in [Change::Mute, Change::Join, Change::Hold, Change::Record, Change::Lock, Change::Rename, Change::Leave] {
        scene.make(change);
        let shown = scene.shows(change);
        until(&mut scene.page, &format!("{change:?}"), shown).await;
    }
}

/// A limit costs size alone: what is pushed is pushed whole, and further sockets take the rest.
#[rstest]
#[case::for_further_sockets(12, 0)]
#[case::for_polling(5, 26)]
#[tokio::test]
async fn a_bridge_that_takes_fewer_subscriptions_tells_of_those_all_there_is(#[case] limit: usize, #[case] polled: usize) {
    let mut options = quiet(1);
    options.switches = Some(json!({ "subscription_limit": limit }).to_string());
    let desk = Desk::start_with(options, "", |config| {
        no_rotation(config);
        // Only events are quick enough.
        config.timing.poll_roster = Duration::from_secs(3600);
        config.timing.retry_refused = Duration::from_secs(3600);
    })
    .await;
    let hosts: Vec<_> = (0..30).map(|n| desk.host(desk.meeting(&format!("Call {n}"), "eu-1", &[]).0.id, "eu-1")).collect();
    let mut page = desk.page("vi").await;
    live(&mut page).await;
    until(&mut page, "the limit to be found", |page| Ok(page.bridge("eu-1")?.polled_calls == polled && page.people().len() == 30)).await;
    hosts.iter().for_each(|host| desk.control().mute(host.id, true).expect("muted"));
    let told = |page: &Page| Ok(page.people().iter().filter(|row| row.muted).count() >= 30 - polled);
    until(&mut page, "the mutes", told).await;
}

/// Blanks around a name come and go between events and REST; those in it are part of it.
#[tokio::test]
async fn blanks_around_a_name_never_show_and_those_in_it_stay() {
    let mut scene = Scene::start(no_rotation).await;
    scene.desk.control().rename(scene.host.id, "  Bo  Berg\u{a0} ").expect("renamed");
    let host = scene.host.id;
    until(&mut scene.page, "the name", move |page| Ok(*page.person(host)?.name == *"Bo  Berg")).await;
    scene.desk.control().set_switches(Some("eu-1"), json!({ "token_status": 403 })).expect("set");
    scene.desk.control().cut_events(Some("eu-1"), usher::simulator::Cut::Hard).expect("cut");
    scene.make(Change::Mute);
    let shown = scene.shows(Change::Mute);
    until(&mut scene.page, "a reading", shown).await;
    assert_eq!(*scene.page.person(host).expect("row").name, *"Bo  Berg");
}

/// A waiting participant admits nobody, so a crowd that comes to wait has the others read again once, not for
/// each arrival. All waiting participants are read in turn.
#[tokio::test]
async fn who_comes_to_wait_does_not_have_the_others_read_each_time() {
    let slowly = |config: &mut Config| {
        no_rotation(config);
        // The answer about who came is there in time, also on a busy machine.
        config.timing.second_look = Duration::from_secs(1);
    };
    let desk = Desk::start_with(quiet(1), "", slowly).await;
    let names: Vec<String> = (0..20).map(|n| format!("Guest {n}")).collect();
    let (meeting, people) = desk.meeting("Assembly", "eu-1", &names.iter().map(String::as_str).collect::<Vec<_>>());
    let mut page = desk.page("vi").await;
    page.until_waiting(&people).await;
    page.follow_for(desk.config.timing.recheck[3] + desk.config.timing.second_look).await;
    desk.control().reset_requests();
    for n in 0..8 {
        let late = desk.join(meeting.id, "eu-1", &format!("Late {n}"));
        page.until_waiting([&late]).await;
    }
    page.follow_for(desk.config.timing.recheck[3] + desk.config.timing.second_look).await;
    // Two looks at each, and one at everybody at the end; not one at everybody for each.
    assert!(desk.request_count("GET /callLegs/<id>") <= 8 * 2 + 2 * 28, "{:?}", desk.control().requests());
    let host = desk.host(meeting.id, "eu-1");
    page.until_lobby(people.iter().chain([&host]), Lobby::In).await;
}
