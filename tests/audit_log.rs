//! The audit log: its entries, who may read it, search, export, and that it never blocks an action.

mod common;

use std::path::Path;
use std::time::Duration;

use common::desk::{Desk, quiet};
use common::page::{Page, check};
use common::server::TestServer;
use common::{DEADLINE, wait_for};
use rstest::rstest;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use usher::audit::{AuditEvent, AuditLog, AuditSubject, Entry, MAX_UNWRITTEN};
use usher::clock::now_ms;
use usher::config::Timing;
use usher::db::{Db, open_connection};
use usher::model::{ActionKind, ActionResult, Lobby};
use usher::simulator::Id;
use usher::system_status::Problems;

/// Actions on Usher itself, such as the sign-in of a test's page; `audit.rs` is about these.
const OF_USHER: [&str; 5] = ["sign_in", "sign_out", "export", "configure", "backup"];

/// The people and meetings in the export, oldest first.
fn entries(dir: &Path) -> Vec<Value> {
    let conn = open_connection(dir).expect("database");
    let filter = usher::audit::LogFilter::default();
    let slice = usher::audit::find_entries(&conn, &filter, None, usize::MAX, usize::MAX).expect("a look");
    let all = slice.lines.iter().rev().filter(|line| !OF_USHER.contains(&&*line.action));
    all.map(|line| serde_json::to_value(line).expect("JSON")).collect()
}

async fn until_entries(dir: &Path, what: &str, so: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    wait_for(DEADLINE, what, async || {
        let found = entries(dir);
        if so(&found) { Ok(found) } else { Err(found) }
    })
    .await
}

/// The id that a bridge has in its cluster, once Usher knows it; one that stands alone has none.
async fn bridge_id(desk: &Desk, name: &str) -> String {
    wait_for(DEADLINE, "the bridge's own id", async || {
        let id = desk.app.store.with_bridge(name, |facts| facts.id.clone()).flatten();
        id.map(|id| id.to_string()).ok_or("not known")
    })
    .await
}

fn of(entries: &[Value], person: Id) -> Vec<&Value> {
    entries.iter().filter(|entry| entry["person"] == person.to_string()).collect()
}

#[tokio::test]
async fn an_admit_is_an_entry_for_each_person_with_all_that_is_known() {
    let desk = Desk::start(quiet(2)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0], &people[1]]).await;
    let bridge_id = bridge_id(&desk, "eu-1").await;
    let row = page.person(people[0].id).expect("row").clone();
    page.admit("a", &[people[0].id]).await;
    page.admit("b", &[people[0].id, people[1].id]).await;
    let found = until_entries(desk.dir.path(), "an entry for each result", |found| found.len() == 3).await;
    let first = &found[0];
    let expected = json!({
        "id": first["id"], "at": first["at"], "user": "mo", "address": "127.0.0.1", "action": "admit", "scope": "selection",
        "person": people[0].id.to_string(), "name": "Bo Berg", "person_address": *row.address, "meeting": *row.meeting,
        "meeting_name": "Board call", "bridge": "eu-1", "result": "done", "reason": "", "waited_ms": first["waited_ms"], "detail": "",
        "space": meeting.space.expect("a space").to_string(), "tenant": "", "bridge_id": bridge_id, "action_id": first["action_id"], "corrects": "",
    });
    assert_eq!(first, &expected);
    let mut ids: Vec<&str> = found.iter().map(|entry| entry["action_id"].as_str().expect("text")).collect();
    ids.sort_unstable();
    ids.dedup();
    assert!(ids.len() == 3 && !ids[0].is_empty(), "each has its own: {ids:?}");
    let at = usher::audit::parse(first["at"].as_str().expect("text")).expect("an instant");
    assert!((now_ms() - at).abs() < 60_000, "{first}");
    let waited = first["waited_ms"].as_i64().expect("they waited");
    assert!((at - row.waiting_since.expect("waits") - waited).abs() < 100, "{first} {row:?}");
    let again = of(&found, people[0].id)[1];
    assert_eq!((&again["result"], &again["waited_ms"], &again["detail"]), (&json!("already"), &Value::Null, &json!("by mo")));
    assert_eq!(of(&found, people[1].id)[0]["result"], "done");
}

#[tokio::test]
async fn a_refusal_is_an_entry_with_its_reason() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    desk.control().set_switches(None, json!({ "admit_without_activator": "refuse" })).expect("switch");
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0]]).await;
    page.admit("a", &[people[0].id]).await;
    let found = until_entries(desk.dir.path(), "the entry", |found| found.len() == 1).await;
    assert!(found[0]["result"] == "refused" && !found[0]["reason"].as_str().expect("text").is_empty(), "{found:?}");
}

#[tokio::test]
async fn who_is_let_in_or_put_back_elsewhere_is_an_entry_by_nobody() {
    let desk = Desk::start(quiet(2)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0], &people[1]]).await;
    page.admit("a", &[people[0].id]).await;
    desk.control().admit(people[1].id).expect("admitted elsewhere");
    let found = until_entries(desk.dir.path(), "both entries", |found| found.len() == 2).await;
    assert_eq!((&of(&found, people[0].id)[0]["action"], &of(&found, people[0].id)[0]["user"]), (&json!("admit"), &json!("mo")));
    let elsewhere = of(&found, people[1].id)[0];
    let said = ["user", "address", "action", "scope", "name", "meeting_name", "bridge", "result"].map(|key| elsewhere[key].as_str());
    assert_eq!(said.map(|word| word.expect("text")), ["", "", "let_in", "elsewhere", "Ana Silva", "Board call", "eu-1", "done"]);
    let ids = ["space", "bridge_id"].map(|key| elsewhere[key].as_str().expect("text").to_owned());
    assert_eq!(ids, [meeting.space.expect("a space").to_string(), bridge_id(&desk, "eu-1").await]);
    assert!(elsewhere["waited_ms"].as_i64().is_some_and(|ms| ms > 0), "{elsewhere}");
    // A host comes and goes: whoever was let in without one is sent back.
    let host = desk.host(meeting.id, "eu-1");
    page.until("the host to be in", |page| check(page.person(host.id)?.lobby == Lobby::In, page.people())).await;
    desk.control().leave(host.id).expect("left");
    let found = until_entries(desk.dir.path(), "both to be put back", |found| found.len() == 4).await;
    for person in &people {
        let last = of(&found, person.id)[1];
        assert_eq!((&last["action"], &last["user"], &last["waited_ms"]), (&json!("put_back"), &json!(""), &Value::Null));
    }
}

#[tokio::test]
async fn what_an_administrator_does_to_a_bridge_is_an_entry() {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page("ana").await;
    for (word, bridge) in [("pause", "eu-1"), ("resume", "eu-1"), ("retry", "eu-1"), ("retry", "eu-9")] {
        page.send(json!({ "type": word, "ref": "1", "bridge": bridge })).await;
    }
    let found = until_entries(desk.dir.path(), "all four", |found| found.len() == 4).await;
    let said: Vec<[&str; 3]> =
        found.iter().map(|entry| ["action", "bridge", "result"].map(|key| entry[key].as_str().expect("text"))).collect();
    assert_eq!(said, [["pause", "eu-1", "done"], ["resume", "eu-1", "done"], ["retry", "eu-1", "done"], ["retry", "eu-9", "refused"]]);
    assert!(found.iter().all(|entry| entry["user"] == "ana" && entry["address"] == "127.0.0.1"), "{found:?}");
    assert!(found[3]["reason"].as_str().expect("text").contains("eu-9"), "{found:?}");
}

#[tokio::test]
async fn what_a_crash_interrupted_is_an_entry_of_the_next_start() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Went Away"]);
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0], &people[1]]).await;
    desk.control().leave(people[1].id).expect("left");
    let desk = desk
        .restart_after(|directory| {
            let conn = open_connection(directory).expect("database");
            conn.execute("INSERT INTO presses (id, at, user, address, scope) VALUES (7, 1, 'mo', '192.0.2.7', 'shown')", [])
                .expect("press");
            for person in &people {
                let row = "INSERT INTO press_people (press, person, name, address, call) VALUES (7, ?1, ?2, 'x@y', '')";
                conn.execute(row, [person.id.to_string(), person.name.clone()]).expect("person");
            }
        })
        .await;
    let found = until_entries(desk.dir.path(), "both", |found| found.len() == 2).await;
    for (person, result) in [(&people[0], "interrupted"), (&people[1], "left")] {
        let entry = of(&found, person.id)[0];
        let said = ["user", "address", "scope", "name", "result"].map(|key| entry[key].as_str().expect("text"));
        assert_eq!(said, ["mo", "192.0.2.7", "shown", person.name.as_str(), result]);
    }
}

#[tokio::test]
async fn a_journal_that_is_only_late_has_every_result_in_the_end() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0]]).await;
    let blocker = open_connection(desk.dir.path()).expect("database");
    blocker.execute_batch("BEGIN IMMEDIATE").expect("locked");
    let results = page.admit("a", &[people[0].id]).await;
    assert_eq!(results[&people[0].id.to_string()]["result"], "done", "{results:?}");
    page.until("the trouble to be said", |page| check(page.problem_code().as_deref() == Some("journal"), page.problem_code())).await;
    blocker.execute_batch("ROLLBACK").expect("unlocked");
    wait_for(DEADLINE, "the press and its result", async || {
        let row = "SELECT p.user, coalesce(q.result, 'open') FROM presses p JOIN press_people q ON q.press = p.id";
        let found: (String, String) =
            blocker.query_row(row, [], |row| Ok((row.get(0)?, row.get(1)?))).map_err(|error| error.to_string())?;
        check(found == ("mo".into(), "done".into()), found)
    })
    .await;
}

/// The database may not grow any more, as on a full disk; 0 ends that.
async fn fill_disk(db: &Db, full: bool) {
    let result = db.write(move |conn| {
        let pages: i64 = conn.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        conn.query_row(&format!("PRAGMA max_page_count = {}", if full { pages } else { 1 << 30 }), [], |row| row.get::<_, i64>(0))
    });
    result.await.expect("set");
}

/// Adds until SQLite has used up what was left in its last pages.
async fn until_full(log: &AuditLog) {
    wait_for(DEADLINE, "the disk to be full", async || {
        for n in 0..50 {
            log.add(Entry::elsewhere(AuditEvent::LetIn).detail(format!("filler {n} {}", "x".repeat(500))));
        }
        if log.unwritten() > 0 { Ok(()) } else { Err("still room") }
    })
    .await;
}

#[tokio::test]
async fn a_full_disk_stops_neither_the_view_nor_an_admit_and_is_said_loudly() {
    let desk = Desk::start(quiet(1)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0]]).await;
    fill_disk(&desk.app.db, true).await;
    until_full(&desk.app.audit_log).await;
    page.until("the trouble to be said", |page| check(page.problem_code().is_some(), page.problem_code())).await;

    let results = page.admit("a", &[people[0].id]).await;
    assert_eq!(results[&people[0].id.to_string()]["result"], "done", "{results:?}");
    let late = desk.join(meeting.id, "eu-1", "Late Comer");
    page.until_waiting([&late]).await;
    let mut other = desk.page("max").await;
    other.until_waiting([&late]).await;
    let what = |page: &Page| page.problem().map(|trouble| trouble.what.to_string()).unwrap_or_default();
    page.until("the words", |page| {
        let said = what(page);
        check(said.contains("the log of actions can't be written") && said.contains("full") && !said.contains("lost"), said)
    })
    .await;

    let room = MAX_UNWRITTEN - desk.app.audit_log.unwritten();
    (0..room + 7).for_each(|_| desk.app.audit_log.add(Entry::elsewhere(AuditEvent::LetIn)));
    page.until("the loss to be said", |page| check(what(page).contains("7 are lost"), what(page))).await;

    fill_disk(&desk.app.db, false).await;
    page.until("the log's trouble to be over", |page| check(!what(page).contains("log of actions"), what(page))).await;
    // Counted where they are: to read 20,000 entries again and again would take longer than to write them.
    let conn = open_connection(desk.dir.path()).expect("database");
    wait_for(DEADLINE, "everything that was kept, and the gap", async || {
        let count = "SELECT count(*), count(*) FILTER (WHERE action = 'lost') FROM log";
        let (all, gaps): (i64, i64) = conn.query_row(count, [], |row| Ok((row.get(0)?, row.get(1)?))).expect("counted");
        if gaps == 1 { Ok(()) } else { Err((all, gaps)) }
    })
    .await;
    let found = entries(desk.dir.path());
    assert_eq!(of(&found, people[0].id)[0]["result"], "done", "what was done meanwhile is there");
    let lost: Vec<&Value> = found.iter().filter(|entry| entry["action"] == "lost").collect();
    assert_eq!((lost.len(), lost[0]["detail"].as_str()), (1, Some("7")));
    page.admit("b", &[late.id]).await;
    page.until("no trouble", |page| check(page.problem_code().is_none(), page.problem_code())).await;
}

#[tokio::test]
async fn a_hold_on_a_full_disk_is_answered_and_written_later() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut page = desk.page("mo").await;
    page.until_waiting([&people[0]]).await;
    fill_disk(&desk.app.db, true).await;
    until_full(&desk.app.audit_log).await;
    let hold = json!({ "type": "hold", "people": [people[0].id.to_string()], "on": true, "reason": "x".repeat(200) });
    let results = page.run_action("hold", hold).await;
    assert_eq!(results[&people[0].id.to_string()]["result"], "done", "{results:?}");
    page.until("the hold", |page| check(page.person(people[0].id)?.hold.is_some(), page.people())).await;
    fill_disk(&desk.app.db, false).await;
    let found = until_entries(desk.dir.path(), "its entry", |found| !of(found, people[0].id).is_empty()).await;
    assert_eq!(of(&found, people[0].id)[0]["action"], "hold");
    let conn = open_connection(desk.dir.path()).expect("database");
    wait_for(DEADLINE, "the hold to be kept", async || {
        let kept: i64 = conn.query_row("SELECT count(*) FROM desk WHERE what = 'hold'", [], |row| row.get(0)).expect("counted");
        check(kept == 1, kept)
    })
    .await;
}

#[tokio::test]
async fn a_stop_writes_what_is_in_memory() {
    let desk = Desk::start_with(quiet(1), "", |config| config.timing.log_tick = Duration::from_secs(3600)).await;
    wait_for(DEADLINE, "the first entry, which begins the tick", async || {
        desk.app.audit_log.add(Entry::elsewhere(AuditEvent::LetIn));
        if entries(desk.dir.path()).is_empty() { Err("none") } else { Ok(()) }
    })
    .await;
    (0..1000).for_each(|n| desk.app.audit_log.add(Entry::elsewhere(AuditEvent::LetIn).detail(n.to_string())));
    let dir = desk.stop().await;
    let found = entries(dir.path());
    let numbered: Vec<&str> = found.iter().filter_map(|entry| entry["detail"].as_str()).filter(|detail| !detail.is_empty()).collect();
    assert_eq!(numbered, (0..1000).map(|n| n.to_string()).collect::<Vec<_>>());
}

#[tokio::test]
async fn entries_are_kept_as_long_as_is_configured_also_by_a_running_server() {
    let toml = "[log]\nkeep_days = 30\n";
    let desk = Desk::start_with(quiet(1), toml, |config| config.timing.log_sweep = Duration::from_millis(50)).await;
    let day = 24 * 3600 * 1000;
    for (days, entries) in [(40, 700), (20, 1), (0, 1)] {
        let at = now_ms() - days * day;
        (0..entries).for_each(|_| desk.app.audit_log.add(Entry { at, ..Entry::elsewhere(AuditEvent::LetIn).detail(days.to_string()) }));
    }
    let kept = |found: &[Value]| found.iter().map(|entry| entry["detail"].as_str().expect("text").to_owned()).collect::<Vec<_>>();
    let found = until_entries(desk.dir.path(), "the old ones to be gone", |found| kept(found) == ["20", "0"]).await;
    assert_eq!(found.len(), 2);
    let config = usher::config::Config { log_keep_days: 10, ..desk.config().clone() };
    desk.app.reload.apply(config).await.expect("taken over");
    until_entries(desk.dir.path(), "what is kept no longer to be gone", |found| kept(found) == ["0"]).await;
}

#[tokio::test]
async fn nothing_is_deleted_where_it_is_kept_for_ever() {
    let dir = tempfile::tempdir().expect("directory");
    let db = Db::open(dir.path()).expect("database");
    let timing = Timing { log_sweep: Duration::from_millis(1), ..Timing::default().scaled(0.01) };
    let (log, writer) = AuditLog::new(db.clone(), 0, &timing, Problems::channel().0);
    let stop = CancellationToken::new();
    let written = tokio::spawn(writer.run(stop.clone()));
    log.add(Entry { at: 1, ..Entry::elsewhere(AuditEvent::LetIn) });
    until_entries(dir.path(), "the entry", |found| found.len() == 1).await;
    // Several sweeps later: a change of the setting is one more, and this entry is its witness.
    log.set_keep_days(0);
    log.add(Entry::elsewhere(AuditEvent::LetIn));
    until_entries(dir.path(), "the second entry", |found| found.len() == 2).await;
    stop.cancel();
    common::in_time("the writer to end", written).await.expect("no panic");
    assert_eq!(entries(dir.path()).len(), 2);
}

/// A site whose log has `n` entries, one a second, of people `Guest 0`, `Guest 1` ... in three meetings, by `mo` and `max` in turn.
async fn logged(n: usize) -> TestServer {
    let site = TestServer::start().await;
    let start = usher::audit::parse("2026-03-01T12:00Z").expect("an instant");
    for i in 0..n {
        let whom = AuditSubject {
            person: format!("p-{i}").into(),
            name: format!("Guest {i}").into(),
            address: format!("guest{i}@example.org").into(),
            meeting: format!("m-{}", i % 3).into(),
            meeting_name: format!("Meeting <{}>", i % 3).into(),
            bridge: "eu-1".into(),
            waiting_since: Some(start),
            ..AuditSubject::default()
        };
        let entry = Entry { at: start + 1000 * i as i64, user: ["mo", "max"][i % 2].into(), ..Entry::elsewhere(AuditEvent::LetIn) };
        site.log.add(entry.about(whom).ended(ActionResult::Done));
    }
    until_entries(site.dir.path(), "the entries", |found| found.len() == n).await;
    site
}

/// The names in the rows of a page, which are about guests but for the administrator's own sign-in and exports.
fn names(body: &str) -> Vec<String> {
    let rows = body.split("<tr data-entry=").skip(1).filter(|row| !(row.contains(">Sign-in") || row.contains(">Log exported")));
    rows.map(|row| row.split("<bdi>Guest ").nth(1).expect("a name").split('<').next().expect("its end").to_owned()).collect()
}

/// The lines of a file, without these.
fn about_guests(file: &str) -> String {
    file.split_inclusive('\n').filter(|line| !OF_USHER.iter().any(|action| line.contains(&format!("\"{action}\"")))).collect()
}

fn link<'a>(body: &'a str, text: &str) -> Option<String> {
    let before: &'a str = body.split(&format!(">{text}</a>")).next().filter(|before| before.len() < body.len())?;
    let address = before.rsplit("href=\"").next()?.split('"').next()?;
    Some(address.replace("&amp;", "&").replace("&#x2f;", "/"))
}

#[rstest]
#[case::viewer("vi")]
#[case::moderator("mo")]
#[tokio::test]
async fn the_log_is_for_administrators(#[case] name: &str) {
    let site = logged(1).await;
    let mut browser = site.logged_in(name).await;
    for path in ["/log", "/log?q=x", "/log.csv", "/log.jsonl"] {
        let answer = browser.get(path).await;
        assert!(answer.status == 403 && !answer.body.contains("Guest"), "{path}: {answer:?}");
        assert!(answer.body.contains("You don’t have access to this page."), "{}", answer.body);
    }
    let answer = site.browser().get("/log.csv").await;
    assert_eq!((answer.status, answer.location()), (303, "/login?next=/log.csv"), "who isn't logged in");
    let mut ana = site.browser();
    let answer = ana.get("/log?q=guest&person=p-0").await;
    assert_eq!(answer.location(), "/login?next=/log%3Fq%3Dguest%26person%3Dp-0");
    let fields = [("username", "ana"), ("password", common::server::PASSWORD), ("next", "/log?q=guest&person=p-0")];
    assert_eq!(ana.post("/login", "/login", &fields).await.location(), "/log?q=guest&person=p-0");
}

#[tokio::test]
async fn the_page_shows_the_newest_first_a_hundred_at_a_time() {
    let site = logged(250).await;
    let mut ana = site.logged_in("ana").await;
    let mut path = "/log?moderator=&q=guest".to_owned();
    let mut seen = Vec::new();
    loop {
        let page = ana.get(&path).await;
        assert_eq!(page.status, 200);
        assert!(names(&page.body).len() <= 100);
        seen.extend(names(&page.body));
        match link(&page.body, "Older") {
            Some(older) => path = older,
            None => break,
        }
        assert!(path.contains("q=guest"), "the filter stays: {path}");
    }
    assert_eq!(seen, (0..250).rev().map(|n| n.to_string()).collect::<Vec<_>>());
}

#[rstest]
#[case::text("q=GUEST17%40example", &["17"])]
#[case::person("person=p-3", &["3"])]
#[case::meeting("meeting=m-1", &["19", "16", "13", "10", "7", "4", "1"])]
#[case::moderator("moderator=max&q=guest+1", &["19", "17", "15", "13", "11", "1"])]
#[case::nobody("moderator=(nobody)", &[])]
#[case::from("from=2026-03-01T12:00:17Z", &["19", "18", "17"])]
#[case::to("to=2026-03-01T12:00:02", &["1", "0"])]
#[case::both("from=2026-03-01T13:00:04%2B01:00&to=2026-03-01T12:00:06Z", &["5", "4"])]
#[case::hostile("q=%27%20OR%201%3D1%20--", &[])]
#[tokio::test]
async fn a_filter_holds_for_the_page_and_both_files(#[case] query: &str, #[case] expected: &[&str]) {
    let site = logged(20).await;
    let mut ana = site.logged_in("ana").await;
    let page = ana.get(&format!("/log?{query}")).await;
    assert_eq!((page.status, names(&page.body)), (200, expected.iter().map(|name| (*name).to_owned()).collect()));
    let lines = ana.get(&format!("/log.jsonl?{query}")).await;
    let people: Vec<String> =
        about_guests(&lines.body).lines().map(|line| serde_json::from_str::<Value>(line).expect("JSON")["name"].to_string()).collect();
    assert_eq!(people, expected.iter().map(|name| format!("\"Guest {name}\"")).collect::<Vec<_>>());
    let csv = ana.get(&format!("/log.csv?{query}")).await;
    assert_eq!(about_guests(&csv.body).matches("\r\n").count(), expected.len() + 1, "{}", csv.body);
}

#[tokio::test]
async fn names_lead_to_their_entries_and_strangers_stay_text() {
    let site = logged(6).await;
    let mut ana = site.logged_in("ana").await;
    let page = ana.get("/log").await;
    assert!(page.body.contains("Meeting &lt;2&gt;") && !page.body.contains("Meeting <"), "{}", page.body);
    for (text, expected) in
        [("<bdi>Guest 3</bdi>", &["3"][..]), ("<bdi>Meeting &lt;2&gt;</bdi>", &["5", "2"]), ("<bdi>mo</bdi>", &["4", "2", "0"])]
    {
        let address = link(&page.body, text).unwrap_or_else(|| panic!("no link {text}"));
        assert_eq!(names(&ana.get(&address).await.body), expected, "{address}");
    }
    let both = link(&ana.get("/log?moderator=mo").await.body, "<bdi>Meeting &lt;2&gt;</bdi>").expect("a link");
    assert_eq!(names(&ana.get(&both).await.body), ["2"], "{both}");
    let narrowed = ana.get("/log?person=p-3&moderator=max").await.body;
    assert_eq!(link(&narrowed, "×").as_deref(), Some("/log?moderator=max"));
}

#[tokio::test]
async fn an_entry_that_puts_an_earlier_one_right_says_so_and_leads_to_it() {
    let site = logged(3).await;
    let guest = |name: &str| AuditSubject { person: "p".into(), name: name.into(), ..AuditSubject::default() };
    let first = Entry::of(AuditEvent::Did(ActionKind::Admit)).about(guest("Guest first")).ended(ActionResult::Unconfirmed);
    let late = Entry::of(AuditEvent::Did(ActionKind::Admit))
        .about(guest("Guest late"))
        .ended(ActionResult::Done)
        .corrects(first.action_id.clone());
    let id = first.action_id.to_string();
    site.log.add(first);
    site.log.add(late);
    until_entries(site.dir.path(), "both", |found| found.len() == 5).await;
    let mut ana = site.logged_in("ana").await;
    let page = ana.get("/log").await;
    let address = link(&page.body, "corrects an earlier entry").expect("a link");
    assert_eq!(names(&ana.get(&address).await.body), ["late", "first"], "{address}");
    let lines = about_guests(&ana.get("/log.jsonl").await.body);
    let last: Value = serde_json::from_str(lines.lines().next().expect("a line")).expect("JSON");
    assert_eq!((&last["name"], last["corrects"].as_str()), (&json!("Guest late"), Some(&*id)));
    assert_eq!(page.body.matches("corrects an earlier entry").count(), 1);
}

#[tokio::test]
async fn a_time_that_cannot_be_read_shows_nothing_and_says_what_is_expected() {
    let site = logged(3).await;
    let mut ana = site.logged_in("ana").await;
    let page = ana.get("/log?from=yesterday").await;
    assert!(page.status == 400 && page.body.contains("2026-11-22T17:44") && names(&page.body).is_empty(), "{}", page.body);
    assert_eq!(ana.get("/log.csv?to=yesterday").await.status, 400);
    assert_eq!(names(&ana.get("/log?before=nonsense&x=y").await.body).len(), 3, "what is no place is the beginning");
}

#[tokio::test]
async fn the_files_are_downloads_of_everything_with_times_in_utc() {
    let site = logged(1200).await;
    site.log.add(
        Entry::elsewhere(AuditEvent::LetIn).about(AuditSubject { name: "=cmd|'/C calc'!A0, \"x\"".into(), ..AuditSubject::default() }),
    );
    until_entries(site.dir.path(), "the last entry", |found| found.len() == 1201).await;
    let mut ana = site.logged_in("ana").await;
    let csv = ana.get("/log.csv").await;
    assert!(
        csv.header("content-type").starts_with("text/csv")
            && csv.header("content-disposition").contains("attachment; filename=\"usher-log-")
    );
    assert_eq!(csv.header("cache-control"), "no-store");
    let body = about_guests(&csv.body);
    let mut lines = body.split("\r\n");
    // With the byte order mark that spreadsheets need.
    assert!(lines.next().expect("a head").starts_with("\u{feff}id,at,user,"));
    assert!(lines.next().expect("the newest").contains("\"'=cmd|'/C calc'!A0, \"\"x\"\"\""), "{body}");
    assert!(lines.next().expect("the next").contains("\"2026-03-01T12:19:59.000Z\",\"max\""));
    assert_eq!(lines.filter(|line| !line.is_empty()).count(), 1199);
    let json = ana.get("/log.jsonl").await;
    assert_eq!(json.header("content-type"), "application/x-ndjson");
    let body = about_guests(&json.body);
    let first: Value = serde_json::from_str(body.lines().next().expect("a line")).expect("JSON");
    assert_eq!((first["name"].as_str(), body.lines().count()), (Some("=cmd|'/C calc'!A0, \"x\""), 1201));
}

#[cfg(unix)]
#[tokio::test]
async fn a_backup_of_a_running_server_is_whole_and_can_be_used() {
    let sim = usher::simulator::start(quiet(1)).await.expect("simulator");
    let usher = common::usher_process::UsherProcess::start(&sim, "").await;
    let data = usher.dir.path().join("data");
    let conn = open_connection(&data).expect("database");
    let add = |n: i64| {
        let row = "INSERT INTO log (at, user, address, action, scope, person, name, person_address, meeting, meeting_name, bridge, result, \
                   reason, detail) VALUES (?1, 'mo', '', 'admit', '', '', '', '', '', '', '', 'done', '', '')";
        conn.execute_batch("BEGIN").expect("begun");
        (0..n).for_each(|n| assert_eq!(conn.execute(row, [now_ms() + n]), Ok(1)));
        conn.execute_batch("COMMIT").expect("committed");
    };
    add(5000);
    let backups = tempfile::tempdir().expect("directory");
    let file = backups.path().join("usher.db");
    let backup = |file: &Path| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_usher"));
        let config = usher.dir.path().join("usher.toml");
        command
            .arg("backup")
            .arg(file)
            .arg("--config")
            .arg(config)
            .stdout(std::process::Stdio::piped())
            .stderr(std::process::Stdio::piped());
        command.spawn().expect("started")
    };
    let child = backup(&file);
    // Written while it is copied: whole transactions are in the copy, or not at all.
    (0..20).for_each(|_| add(10));
    let output = child.wait_with_output().expect("ended");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("entries in the log, checked"), "{said}");
    let copied = entries(backups.path()).len();
    assert!(copied >= 5000 && copied.is_multiple_of(10), "{copied}");
    let users: i64 =
        open_connection(backups.path()).expect("copy").query_row("SELECT count(*) FROM users", [], |row| row.get(0)).expect("users");
    assert_eq!(users, common::desk::ACCOUNTS.len() as i64);

    let again = backup(&file).wait_with_output().expect("ended");
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(again.status.code() == Some(1) && said.contains("is not overwritten"), "{said}");
}
