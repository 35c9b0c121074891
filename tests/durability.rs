//! Changes that were answered `done` survive the next start, even when viewers and screens flood the server meanwhile.

mod common;

use common::browser::{Browser, Socket};
use common::desk::{PASSWORD, quiet};
use common::flood::Flood;
use common::page::{Page, check};
use common::usher_process::UsherProcess;
use common::{DEADLINE, wait_for};
use serde_json::{Value, json};
use usher::db::open_connection;
use usher::model::Lobby;
use usher::simulator::{self, Id, Join, Role, Simulator, StartCall};

const HOLDS: usize = 20;

/// A meeting for each hold, with one who waits.
fn scene(sim: &Simulator) -> Vec<(Id, Id)> {
    let meeting = |n: usize| {
        let call = StartCall { name: format!("Hearing {n}"), bridge: Some("eu-1".into()), space: true, ..StartCall::default() };
        let meeting = sim.control().start_call(call).expect("started").id;
        let join = Join { meeting, bridge: Some("eu-1".into()), name: format!("Guest {n}"), role: Role::Guest, ..Join::default() };
        (meeting, sim.control().join(join).expect("joined").id)
    };
    (0..HOLDS).map(meeting).collect()
}

fn prefs(n: u64) -> String {
    json!({ "type": "prefs", "ref": format!("p-{n}"), "value": { "n": n, "filters": "x".repeat(2000) } }).to_string()
}

fn screen(n: u64) -> String {
    json!({ "type": "screen", "width": 1920, "height": n % 1000, "ratio": 1.0, "version": "0" }).to_string()
}

async fn viewers(usher: &UsherProcess) -> Vec<Socket> {
    let mut browser = Browser::new(usher.address, "");
    browser.login("vi", PASSWORD).await;
    let mut sockets = Vec::new();
    for _ in 0..4 {
        sockets.push(browser.socket().await);
    }
    sockets
}

/// The screens of a display that an administrator has made.
async fn screens(usher: &UsherProcess) -> Vec<Socket> {
    let mut admin = usher.page("ana").await;
    let display = json!({
        "name": "Hall", "place": "", "views": [{ "what": "all", "seconds": 30 }], "names": "short", "titles": true, "distance_m": 5.0,
        "diagonal_in": 55.0, "themes": [{ "from": "00:00", "theme": "dark" }], "dim": null, "sound": false, "lang": "en"
    });
    admin.send(json!({ "type": "display_link", "ref": "link", "display": display })).await;
    let link = |page: &Page| page.answers.first().map(|answer| answer["link"].as_str().expect("a link").to_owned()).ok_or("none".into());
    let link = admin.until("the link", link).await;
    let browser = Browser::new(usher.address, "");
    vec![browser.socket_at(&format!("{link}/ws")).await, browser.socket_at(&format!("{link}/ws")).await]
}

async fn told_done(page: &mut Page, word: &str, action: Value) {
    let results = page.run_action(word, action).await;
    assert!(results.values().all(|result| result["result"] == "done"), "{word}: {results:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_answered_done_is_kept_while_viewers_and_screens_flood() {
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let mut usher = UsherProcess::start(&sim, "").await;
    let scene = scene(&sim);
    let mut page = usher.page("mo").await;
    page.deadline = DEADLINE * 3;
    page.until("everybody to wait", |page| {
        scene.iter().try_for_each(|(_, person)| check(page.person(*person)?.lobby == Lobby::Waiting, page.person(*person)?))
    })
    .await;

    let floods = [Flood::start(viewers(&usher).await, prefs), Flood::start(screens(&usher).await, screen)];
    for flood in &floods {
        flood.until_sent(1000).await;
    }
    for (n, (meeting, person)) in scene.iter().enumerate() {
        let hold = json!({ "type": "hold", "people": [person.to_string()], "on": true, "reason": format!("reason {n}") });
        told_done(&mut page, &format!("hold-{n}"), hold).await;
        let thresholds = json!({ "type": "thresholds", "meeting": meeting, "first_s": 60 + n, "second_s": 600 });
        told_done(&mut page, &format!("thresholds-{n}"), thresholds).await;
    }
    for flood in floods {
        flood.until_sent(100).await;
        flood.stop().await;
    }
    let quiet = usher.log().len();
    assert!(quiet < 50_000, "the server's log has {quiet} bytes: {}", &usher.log()[quiet - 2000..]);
    usher.signal("TERM");
    assert!(usher.until_exit(DEADLINE).await.success(), "{}", usher.log());
    usher.restart().await;
    let mut after = usher.page("max").await;
    let kept = |page: &Page| {
        scene.iter().enumerate().try_for_each(|(n, (meeting, person))| {
            let (hold, first_s) = (page.person(*person)?.hold.as_ref(), page.meeting(*meeting)?.thresholds.first_s);
            let reason = hold.map(|hold| hold.reason.to_string());
            check(reason.as_deref() == Some(&*format!("reason {n}")) && first_s as usize == 60 + n, (n, reason, first_s))
        })
    };
    after.until("all holds and thresholds", kept).await;
}

/// The answer comes when it is on disk: not even a kill loses it then.
#[tokio::test]
async fn what_was_answered_done_is_kept_when_the_server_is_killed() {
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let mut usher = UsherProcess::start(&sim, "").await;
    let scene = scene(&sim);
    for (n, (meeting, person)) in scene.iter().take(3).enumerate() {
        let mut page = usher.page("mo").await;
        page.until("them to wait", |page| check(page.person(*person)?.lobby == Lobby::Waiting, page.person(*person)?)).await;
        told_done(&mut page, "t", json!({ "type": "thresholds", "meeting": meeting, "first_s": 60 + n, "second_s": 600 })).await;
        told_done(&mut page, "h", json!({ "type": "hold", "people": [person.to_string()], "on": true, "reason": n.to_string() })).await;
        usher.signal("KILL");
        usher.until_exit(DEADLINE).await;
        usher.restart().await;
        let conn = open_connection(&usher.dir.path().join("data")).expect("database");
        let count = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, isize>(0)).expect("counted");
        assert_eq!(count("SELECT count(*) FROM log WHERE action IN ('hold', 'thresholds')"), 2 * (n as isize + 1));
        assert_eq!(count("SELECT count(*) FROM desk WHERE what IN ('hold', 'thresholds')"), 2 * (n as isize + 1));
    }
}

#[tokio::test]
async fn of_a_flood_of_preferences_the_last_ones_are_kept() {
    let sim = simulator::start(quiet(1)).await.expect("simulator");
    let mut usher = UsherProcess::start(&sim, "").await;
    let mut page = usher.page("vi").await;
    for n in 0..200 {
        page.send(json!({ "type": "prefs", "ref": n.to_string(), "value": { "n": n } })).await;
    }
    // Closed by the server only after it has read them all.
    page.send(json!({ "type": "admit", "ref": "last", "people": ["x"], "scope": "person" })).await;
    page.until("the last answer", |page| check(page.errors.iter().any(|error| error["ref"] == "last"), &page.errors)).await;
    usher.signal("TERM");
    usher.until_exit(DEADLINE).await;
    usher.restart().await;
    let conn = open_connection(&usher.dir.path().join("data")).expect("database");
    wait_for(DEADLINE, "the last value", async || {
        let kept: String = conn.query_row("SELECT value FROM prefs", [], |row| row.get(0)).map_err(|error| error.to_string())?;
        check(kept == r#"{"n":199}"#, kept)
    })
    .await;
}
