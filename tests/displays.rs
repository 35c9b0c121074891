//! Displays: how a screen is paired, what it is shown and what not, and that it can't act.

mod common;

use std::time::Duration;

use common::browser::{Browser, Socket};
use common::desk::{Desk, quiet};
use common::page::{Page, action_on, check, with_fields};
use common::{DEADLINE, in_time, wait_for};
use rstest::rstest;
use serde_json::{Value, json};

fn display(name: &str, fields: Value) -> Value {
    let usual = json!({
        "name": name, "place": "Room 2", "views": [{ "what": "all", "seconds": 30 }], "names": "short", "titles": true, "distance_m": 5.0,
        "diagonal_in": 55.0, "themes": [{ "from": "00:00", "theme": "dark" }], "dim": null, "sound": false, "lang": "en"
    });
    with_fields(usual, fields)
}

/// A screen: a browser that nobody logged in.
struct Wall {
    browser: Browser,
    path: String,
}

impl Wall {
    async fn open(desk: &Desk) -> Self {
        let mut browser = Browser::new(desk.app.address, "");
        let first = browser.get("/wall").await;
        assert_eq!((first.status, first.location()), (303, "/wall?cookie=set"));
        Self { browser, path: "/wall".into() }
    }

    async fn page(&mut self) -> (u16, String) {
        let answer = self.browser.get(&self.path.clone()).await;
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
        (answer.status, answer.body)
    }

    async fn socket(&self) -> Socket {
        self.browser.socket_at(&format!("{}/ws", self.path)).await
    }

    /// The code that it shows.
    async fn code(&self, socket: &mut Socket) -> String {
        socket.frame_of_type("code").await["code"].as_str().expect("text").to_owned()
    }
}

/// The state of a display's socket, with frames applied as docs/protocol.md says.
struct Shown {
    socket: Socket,
    display: Value,
    rows: Vec<Value>,
    parts: Vec<Value>,
    /// Every frame as it came.
    told: String,
    orders: Vec<String>,
}

impl Shown {
    fn new(socket: Socket) -> Self {
        Self { socket, display: Value::Null, rows: Vec::new(), parts: Vec::new(), told: String::new(), orders: Vec::new() }
    }

    async fn step(&mut self) {
        let frame = self.socket.any_frame().await;
        self.told.push_str(&frame.to_string());
        let rows = |value: &Value| value.as_array().expect("rows").clone();
        match frame["type"].as_str().expect("type") {
            "hello" | "display" => self.display = frame["display"].clone(),
            "snapshot" => self.parts.extend(rows(&frame["rows"])),
            "snapshot_end" => self.rows = std::mem::take(&mut self.parts),
            "delta" => {
                let is = |a: &Value, b: &Value| a["kind"] == b["kind"] && a["id"] == b["id"];
                let (put, drop) = (rows(&frame["put"]), rows(&frame["drop"]));
                self.rows.retain(|row| !drop.iter().chain(&put).any(|other| is(row, other)));
                self.rows.extend(put);
            }
            "beat" => self.socket.send(&json!({ "type": "beat" })).await,
            other => self.orders.push(other.to_owned()),
        }
    }

    async fn until<T>(&mut self, what: &str, mut state: impl FnMut(&Self) -> Option<T>) -> T {
        let mut last = String::new();
        let follow = async {
            loop {
                if let Some(value) = state(self) {
                    return value;
                }
                last = format!("{:?} {:?}", self.rows, self.orders);
                self.step().await;
            }
        };
        match tokio::time::timeout(DEADLINE, follow).await {
            Ok(value) => value,
            Err(_) => panic!("waited for {what}; the last state: {last}"),
        }
    }

    fn meeting(&self, title: &str) -> Option<&Value> {
        self.rows.iter().find(|row| row["kind"] == "meeting" && row["title"] == title)
    }
}

/// An administrator's page that looks at the list of displays.
async fn admin(desk: &Desk) -> Page {
    let mut admin = desk.page("ana").await;
    admin.send(json!({ "type": "displays", "ref": "watch", "on": true })).await;
    admin.until("the list", |page| check(page.displays.is_object(), &page.displays)).await;
    admin
}

async fn asked(admin: &mut Page, word: &str, message: Value) -> Value {
    admin.send(with_fields(message, json!({ "ref": word }))).await;
    admin
        .until(word, |page| {
            let answers = page.answers.iter().chain(&page.errors);
            answers.into_iter().find(|answer| answer["ref"] == word).cloned().ok_or_else(|| format!("{:?} {:?}", page.answers, page.errors))
        })
        .await
}

async fn id_of(admin: &mut Page, name: &str) -> String {
    admin
        .until("the display in the list", |page| {
            let list = page.displays["displays"].as_array().expect("list");
            let found = list.iter().find(|each| each["display"]["name"] == name);
            found.map(|each| each["id"].as_str().expect("id").to_owned()).ok_or_else(|| page.displays.to_string())
        })
        .await
}

/// A screen that was paired, and the administrator who did it.
async fn paired(desk: &Desk, fields: Value) -> (Wall, Page) {
    let (wall, mut admin) = (Wall::open(desk).await, admin(desk).await);
    let mut socket = wall.socket().await;
    let code = wall.code(&mut socket).await;
    let answer = asked(&mut admin, "pair", json!({ "type": "display_pair", "code": code, "display": display("North wall", fields) })).await;
    assert_eq!(answer, json!({ "type": "answer", "ref": "pair", "link": null }));
    socket.frame_of_type("paired").await;
    (wall, admin)
}

async fn link(admin: &mut Page, name: &str, fields: Value) -> String {
    let answer = asked(admin, name, json!({ "type": "display_link", "display": display(name, fields) })).await;
    answer["link"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[tokio::test]
async fn a_screen_shows_a_code_is_paired_by_it_and_shows_who_waits() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    desk.page("mo").await.until_waiting(&people).await;
    let mut wall = Wall::open(&desk).await;
    let (status, body) = wall.page().await;
    let mut socket = wall.socket().await;
    let code = wall.code(&mut socket).await;
    assert!(status == 200 && body.contains(&code), "{body}");
    let mut admin = admin(&desk).await;
    admin.until("that a screen shows a code", |page| check(page.displays["waiting"] == 1, &page.displays)).await;
    let typed = code.to_lowercase().replace('-', " ");
    let answer =
        asked(&mut admin, "pair", json!({ "type": "display_pair", "code": typed, "display": display("North wall", json!({})) })).await;
    assert_eq!(answer["type"], "answer", "{answer}");
    socket.frame_of_type("paired").await;
    let (status, body) = wall.page().await;
    // The order of these two is a matter of milliseconds.
    let first = body.contains("Bo B.") || body.contains("Ana S.");
    assert!(status == 200 && body.contains("Board call") && first, "before any script: {body}");
    let mut shown = Shown::new(wall.socket().await);
    let row = shown.until("the meeting", |shown| shown.meeting("Board call").cloned()).await;
    let mut names: Vec<_> = row["in_line"].as_array().expect("a line").iter().map(|each| each["name"].as_str()).collect();
    names.sort();
    assert_eq!((&row["waiting"], names), (&json!(2), vec![Some("Ana S."), Some("Bo B.")]), "{row}");
    shown.socket.send(&json!({ "type": "screen", "width": 1920, "height": 1080, "ratio": 1, "version": env!("CARGO_PKG_VERSION") })).await;
    admin
        .until("that the screen is there", |page| {
            let each = &page.displays["displays"][0];
            check(each["connected"] == 1 && each["width"] == 1920 && page.displays["waiting"] == 0, &page.displays)
        })
        .await;
    let (_, body) = Wall::open(&desk).await.page().await;
    assert!(!body.contains("Board call"), "another screen is a stranger: {body}");
}

#[rstest]
#[case::full("full", json!("Bo Berg"))]
#[case::short("short", json!("Bo B."))]
#[case::initials("initials", json!("B. B."))]
#[case::number("number", Value::Null)]
#[tokio::test]
async fn what_a_display_may_not_show_is_not_sent_to_it(#[case] names: &str, #[case] expected: Value) {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut moderator = desk.page("mo").await;
    moderator.until_waiting(&people).await;
    let address = moderator.person(people[0].id).expect("row").address.clone();
    let views =
        json!([{ "what": "all", "seconds": 9 }, { "what": "meetings", "meetings": [{ "id": "x", "name": "Board call" }], "seconds": 9 }]);
    let (mut wall, _admin) = paired(&desk, json!({ "names": names, "titles": false, "views": views })).await;
    let mut shown = Shown::new(wall.socket().await);
    let row = shown.until("the meeting", |shown| shown.rows.iter().find(|row| row["waiting"] == 1).cloned()).await;
    assert_eq!((&row["title"], &row["in_line"][0]["name"]), (&Value::Null, &expected));
    moderator
        .run_action("h", json!({ "type": "hold", "people": [people[0].id], "on": true, "reason": "a secret reason", "remind_s": null }))
        .await;
    shown
        .until("that nobody is alarmed", |shown| {
            shown.rows.iter().any(|row| row["alarm_since"].is_null() && row["waiting"] == 1).then_some(())
        })
        .await;
    for secret in [&*address, &people[0].id.to_string(), "Board call", "a secret reason"] {
        assert!(!shown.told.contains(secret), "{secret} in {}", shown.told);
        let (_, body) = wall.page().await;
        assert!(!body.contains(secret), "{secret} in {body}");
    }
    assert!(names == "full" || !shown.told.contains("Berg"), "{}", shown.told);
}

/// "No name leaves the server" is said of both.
#[rstest]
#[case::by_number("number", json!([{ "n": 1, "name": null }]))]
#[case::not_at_all("none", json!([]))]
#[tokio::test]
async fn names_can_be_left_out_altogether_and_then_moderators_are_as_well(#[case] names: &str, #[case] in_line: Value) {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let mut moderator = desk.page("max").await;
    moderator.until_waiting(&people).await;
    moderator.run_action("c", json!({ "type": "claim", "kind": "person", "ids": [people[0].id] })).await;
    let (mut wall, _admin) = paired(&desk, json!({ "names": names })).await;
    let mut shown = Shown::new(wall.socket().await);
    let row = shown.until("the claim", |shown| shown.meeting("Board call").filter(|row| row["handled"] == true).cloned()).await;
    assert_eq!((&row["in_line"], &row["handled_by"]), (&in_line, &Value::Null));
    assert!(!wall.page().await.1.contains("max"));
}

#[tokio::test]
async fn a_meeting_is_quiet_where_somebody_is_at_each_who_waits() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    let (wall, _admin) = paired(&desk, json!({})).await;
    let mut shown = Shown::new(wall.socket().await);
    let mut moderators = [desk.page("mo").await, desk.page("max").await];
    for ((moderator, person), handled) in moderators.iter_mut().zip(&people).zip([false, true]) {
        moderator.until_waiting(&people).await;
        moderator.run_action("claim", json!({ "type": "claim", "kind": "person", "ids": [person.id] })).await;
        let is = |row: &&Value| row["handled_by"].is_string() && row["handled"] == handled;
        shown.until("who is handled", |shown| shown.meeting("Board call").filter(is).map(drop)).await;
    }
}

#[tokio::test]
async fn what_it_shows_is_changed_under_it() {
    let desk = Desk::start(quiet(2)).await;
    let (_, first) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let (_, second) = desk.meeting("Ward round", "eu-2", &["Li Wei"]);
    desk.page("mo").await.until_waiting(first.iter().chain(&second)).await;
    let (wall, mut admin) = paired(&desk, json!({})).await;
    let mut shown = Shown::new(wall.socket().await);
    shown.until("both", |shown| shown.meeting("Board call").and(shown.meeting("Ward round")).map(drop)).await;
    let id = id_of(&mut admin, "North wall").await;
    let views = json!([{ "what": "bridges", "bridges": ["eu-2"], "seconds": 9 }, { "what": "meetings", "meetings": [{ "id": "x", "name": "ward ROUND" }], "seconds": 9 }]);
    let settings = display("South wall", json!({ "views": views, "names": "full" }));
    asked(&mut admin, "set", json!({ "type": "display_set", "id": id, "display": settings })).await;
    let row = shown.until("the other view", |shown| shown.meeting("Ward round").filter(|row| row["views"] == json!([0, 1])).cloned()).await;
    assert_eq!(row["in_line"][0]["name"], "Li Wei");
    assert!(shown.meeting("Board call").is_none(), "{:?}", shown.rows);
    assert_eq!(shown.display["name"], "South wall");
    assert!(!shown.display.to_string().contains("ROUND"), "what meetings are found by may be an address: {}", shown.display);
    for (word, order) in [("display_identify", "identify"), ("display_reload", "reload")] {
        asked(&mut admin, word, json!({ "type": word, "id": id })).await;
        shown.until(order, |shown| shown.orders.iter().any(|each| each == order).then_some(())).await;
    }
}

#[tokio::test]
async fn a_revoked_screen_is_told_at_once_and_can_come_back_only_by_being_paired_anew() {
    let desk = Desk::start(quiet(1)).await;
    let (mut wall, mut admin) = paired(&desk, json!({})).await;
    let mut shown = Shown::new(wall.socket().await);
    shown.until("the rows", |shown| shown.rows.iter().any(|row| row["kind"] == "server").then_some(())).await;
    let id = id_of(&mut admin, "North wall").await;
    asked(&mut admin, "revoke", json!({ "type": "display_revoke", "id": id })).await;
    // Nothing else happens meanwhile that could end it.
    assert_eq!(shown.socket.until_closed().await.0, 4403);
    let (status, body) = wall.page().await;
    assert!(status == 403 && body.contains("revoked") && !body.contains("password"), "{status} {body}");
    assert_eq!(wall.socket().await.until_closed().await.0, 4403);
    let refused = asked(&mut admin, "again", json!({ "type": "display_identify", "id": "nobody" })).await;
    assert_eq!(refused["code"], "no_such_display");
    // Also after a restart.
    let desk = desk.restart().await;
    assert_eq!(wall.page().await.0, 403);
    let mut admin = self::admin(&desk).await;
    asked(&mut admin, "forget", json!({ "type": "display_forget", "id": id })).await;
    let (status, body) = wall.page().await;
    let mut socket = wall.socket().await;
    assert!(status == 200 && body.contains(&wall.code(&mut socket).await), "a stranger again: {body}");
}

#[tokio::test]
async fn a_display_has_room_for_eight_screens_and_the_ninth_is_told() {
    let desk = Desk::start(quiet(1)).await;
    let (wall, mut admin) = paired(&desk, json!({})).await;
    let mut screens = Vec::new();
    for _ in 0..8 {
        let mut socket = wall.socket().await;
        socket.frame_of_type("hello").await;
        screens.push(socket);
    }
    let mut ninth = wall.socket().await;
    assert_eq!(ninth.frame().await, json!({ "type": "over", "why": "crowded" }));
    assert_eq!(ninth.until_closed().await.0, 4429);
    drop(screens.pop());
    admin.until("room for one", |page| check(page.displays["displays"][0]["connected"] == 7, &page.displays)).await;
    wall.socket().await.frame_of_type("hello").await;
}

#[tokio::test]
async fn a_screen_that_begins_where_others_were_led_to_has_a_code_the_next_time() {
    let desk = Desk::start(quiet(1)).await;
    let mut browser = Browser::new(desk.app.address, "");
    let first = browser.get("/wall?cookie=set").await;
    assert!(first.body.contains("keeps no cookies"), "{}", first.body);
    assert_eq!(first.header("refresh"), "10");
    let again = browser.get("/wall?cookie=set").await;
    assert!(again.body.contains("id=\"code\""), "{}", again.body);
}

#[tokio::test]
async fn a_link_needs_no_cookies_and_one_that_is_opened_twice_is_seen() {
    let desk = Desk::start(quiet(1)).await;
    let mut admin = admin(&desk).await;
    let path = link(&mut admin, "Lobby screen", json!({})).await;
    let mut wall = Wall { browser: Browser::new(desk.app.address, ""), path: path.clone() };
    let (status, body) = wall.page().await;
    assert!(status == 200 && body.replace("&#x2f;", "/").contains(&format!("{path}/ws")), "{status} {body}");
    assert!(wall.browser.cookies.is_empty(), "{:?}", wall.browser.cookies);
    let (first, second) = (wall.socket().await, wall.socket().await);
    let connected = |n: u64| move |page: &Page| check(page.displays["displays"][0]["connected"] == n, &page.displays);
    admin.until("two screens", connected(2)).await;
    drop(second);
    admin.until("one screen", connected(1)).await;
    drop(first);
    wall.path = path[..path.len() - 1].to_owned() + if path.ends_with('0') { "1" } else { "0" };
    let (status, body) = wall.page().await;
    assert!(status == 404 && body.contains("This link does not lead to a display"), "{status} {body}");
    assert_eq!(wall.browser.try_socket_at(&format!("{}/ws", wall.path), None).await.err(), Some(404));
}

#[tokio::test]
async fn a_display_stays_paired_over_a_restart_and_its_list_remembers_it() {
    let desk = Desk::start(quiet(1)).await;
    let (mut wall, mut admin) = paired(&desk, json!({ "lang": "de" })).await;
    let mut shown = Shown::new(wall.socket().await);
    shown.until("the rows", |shown| (!shown.rows.is_empty()).then_some(())).await;
    shown.socket.send(&json!({ "type": "screen", "width": 1080, "height": 1920, "ratio": 2, "version": env!("CARGO_PKG_VERSION") })).await;
    admin.until("its size", |page| check(page.displays["displays"][0]["height"] == 1920, &page.displays)).await;
    let desk = desk.restart().await;
    let (status, body) = wall.page().await;
    assert!(status == 200 && body.contains("lang=\"de\""), "{body}");
    let mut admin = self::admin(&desk).await;
    let line = admin.until("the list", |page| Ok(page.displays["displays"][0].clone())).await;
    assert_eq!((&line["height"], &line["connected"], &line["created_by"]), (&json!(1920), &json!(0), &json!("ana")));
    assert!(line["last_seen"].is_i64(), "{line}");
    Shown::new(wall.socket().await).until("the rows", |shown| (!shown.rows.is_empty()).then_some(())).await;
}

#[tokio::test]
async fn a_screen_can_do_nothing_and_read_nothing_of_the_desk() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    desk.page("mo").await.until_waiting(&people).await;
    let (mut wall, _admin) = paired(&desk, json!({})).await;
    assert_eq!(wall.browser.try_socket(None).await.err(), Some(401));
    for page in ["/", "/log", "/log.csv", "/users", "/account"] {
        let answer = wall.browser.get(page).await;
        assert!(answer.status == 303 && answer.location().starts_with("/login"), "{page}: {answer:?}");
    }
    let mut socket = wall.socket().await;
    socket.send(&action_on("admit", &[people[0].id])).await;
    let (code, reason) = socket.until_closed().await;
    assert!(code == 4400 && reason.contains("unknown variant `admit`"), "{code} {reason}");
    assert_eq!(wall.browser.try_socket_at("/wall/ws", Some("https://evil.example")).await.err(), Some(403));
}

#[rstest]
#[case::viewer("vi")]
#[case::moderator("mo")]
#[tokio::test]
async fn displays_are_for_administrators(#[case] user: &str) {
    let desk = Desk::start(quiet(1)).await;
    let mut page = desk.page(user).await;
    let settings = display("x", json!({}));
    for message in [
        json!({ "type": "displays", "ref": "1", "on": true }),
        json!({ "type": "display_pair", "ref": "2", "code": "x", "display": settings }),
        json!({ "type": "display_link", "ref": "3", "display": settings }),
        json!({ "type": "display_set", "ref": "4", "id": "x", "display": settings }),
        json!({ "type": "display_identify", "ref": "5", "id": "x" }),
        json!({ "type": "display_reload", "ref": "6", "id": "x" }),
        json!({ "type": "display_revoke", "ref": "7", "id": "x" }),
        json!({ "type": "display_forget", "ref": "8", "id": "x" }),
    ] {
        page.send(message).await;
    }
    page.until("eight refusals", |page| check(page.errors.len() == 8, &page.errors)).await;
    assert!(page.errors.iter().all(|error| error["code"] == "forbidden"), "{:?}", page.errors);
    assert!(page.displays.is_null());
}

#[tokio::test]
async fn what_can_not_be_is_refused_and_changes_nothing() {
    let desk = Desk::start(quiet(1)).await;
    let mut admin = admin(&desk).await;
    let refused = asked(&mut admin, "a", json!({ "type": "display_pair", "code": "ABC-DEF", "display": display("x", json!({})) })).await;
    assert_eq!(refused["code"], "no_such_code");
    let refused = asked(&mut admin, "b", json!({ "type": "display_link", "display": display("x", json!({ "distance_m": 99 })) })).await;
    assert_eq!((&refused["code"], &refused["message"]), (&json!("bad_display"), &json!("distance_m is 99; allowed: 1 to 30")));
    link(&mut admin, "c", json!({})).await;
    let id = id_of(&mut admin, "c").await;
    let refused = asked(&mut admin, "d", json!({ "type": "display_forget", "id": id })).await;
    assert_eq!(refused["message"], "only a revoked display can be forgotten; revoke it first");
    assert_eq!(admin.displays["displays"].as_array().expect("list").len(), 1);
}

#[tokio::test]
async fn what_is_done_to_displays_is_in_the_log() {
    let desk = Desk::start(quiet(1)).await;
    let (_wall, mut admin) = paired(&desk, json!({})).await;
    link(&mut admin, "South wall", json!({})).await;
    let id = id_of(&mut admin, "South wall").await;
    asked(&mut admin, "set", json!({ "type": "display_set", "id": id, "display": display("East wall", json!({})) })).await;
    asked(&mut admin, "revoke", json!({ "type": "display_revoke", "id": id })).await;
    asked(&mut admin, "forget", json!({ "type": "display_forget", "id": id })).await;
    let mut browser = Browser::new(desk.app.address, "");
    browser.login("ana", common::desk::PASSWORD).await;
    let expected = [
        "display_pair North wall",
        "display_link South wall",
        "display_set East wall",
        "display_revoke East wall",
        "display_forget East wall",
    ];
    wait_for(DEADLINE, "five entries", async || {
        let lines = browser.get("/log.jsonl").await.body;
        let mut entries: Vec<Value> = lines.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
        entries.sort_by_key(|entry| entry["id"].as_i64());
        let said: Vec<String> = entries
            .iter()
            .filter(|entry| entry["user"] == "ana" && entry["action"].as_str().is_some_and(|action| action.starts_with("display")))
            .map(|entry| format!("{} {}", entry["action"].as_str().unwrap_or_default(), entry["detail"].as_str().unwrap_or_default()))
            .collect();
        if said == expected { Ok(()) } else { Err(lines) }
    })
    .await;
}

#[tokio::test]
async fn a_bridge_that_falls_silent_is_said_on_the_wall() {
    let desk = Desk::start(quiet(2)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    desk.page("mo").await.until_waiting(&people).await;
    let (mut wall, _admin) = paired(&desk, json!({})).await;
    let mut shown = Shown::new(wall.socket().await);
    let bridge = |shown: &Shown, id: &str| shown.rows.iter().find(|row| row["kind"] == "bridge" && row["id"] == id).cloned();
    shown.until("both bridges", |shown| bridge(shown, "eu-1").and(bridge(shown, "eu-2"))).await;
    desk.control().stop_bridge("eu-1").expect("stopped");
    shown
        .until("that eu-1 is silent", |shown| {
            bridge(shown, "eu-1").filter(|row| row["silent_since"].is_i64() || row["state"] == "unreachable")
        })
        .await;
    assert_eq!(bridge(&shown, "eu-2").map(|row| row["state"].clone()), Some(json!("live")));
    assert!(shown.meeting("Board call").is_some(), "its people stay, as old as they are");
    in_time("beats go on", shown.step()).await;
    let (_, page) = wall.page().await;
    assert!(page.contains(r#"role="status"><span id="strip-before">No news from eu-1 for</span>"#), "{page}");
    assert!(page.contains(r#"id="waiting" data-stale="yes">1<"#) && page.contains("1 is last-known"), "{page}");
}

#[tokio::test]
async fn a_screen_that_says_nothing_is_there_no_longer() {
    let silent = |config: &mut usher::config::Config| config.timing.wall_silent = Duration::from_millis(300);
    let desk = Desk::start_with(quiet(1), "", silent).await;
    let (wall, mut admin) = paired(&desk, json!({})).await;
    // No task reads from it, so its heartbeats get no answer, like those of an unplugged screen.
    let _unplugged = wall.socket().await;
    admin.until("it to be there", |page| check(page.displays["displays"][0]["connected"] == 1, &page.displays)).await;
    admin.until("it to be gone", |page| check(page.displays["displays"][0]["connected"] == 0, &page.displays)).await;
}

#[tokio::test]
async fn when_a_screen_was_last_there_is_known_after_a_crash_too() {
    let often = |config: &mut usher::config::Config| config.timing.wall_presence_saved = Duration::from_millis(50);
    let desk = Desk::start_with(quiet(1), "", often).await;
    let (wall, _admin) = paired(&desk, json!({})).await;
    let mut shown = Shown::new(wall.socket().await);
    let written = || -> Option<i64> {
        let conn = usher::db::open_connection(desk.dir.path()).expect("database");
        conn.query_row("SELECT last_seen FROM displays", [], |row| row.get(0)).expect("a display")
    };
    let first = shown.until("it to be written", |_| written()).await;
    shown.until("it to be written again", |_| written().filter(|at| *at > first)).await;
}
