//! Login, logout, accounts and their protection, over real HTTP.

mod common;

use std::time::Duration;

use common::browser::{Browser, csrf};
use common::server::{PASSWORD, ServerSetup, TestServer};
use common::{DEADLINE, wait_for};
use rstest::rstest;
use tokio_util::sync::CancellationToken;
use usher::accounts::OfflineAccounts;
use usher::db::open_connection;
use usher::model::Role;

#[tokio::test]
async fn who_is_not_logged_in_is_led_to_the_log_in_and_back() {
    let site = TestServer::start().await;
    let mut browser = site.browser();
    let answer = browser.get("/").await;
    assert_eq!((answer.status, answer.location()), (303, "/login"));
    let answer = browser.get("/account").await;
    assert_eq!((answer.status, answer.location()), (303, "/login?next=/account"));
    let answer = browser.get("/?bridge=eu-1&by=me").await;
    assert_eq!(answer.location(), "/login?next=/%3Fbridge%3Deu-1%26by%3Dme", "a view that was sent is shown after the log-in");
    let page = browser.get("/login?next=/account").await;
    assert!(page.body.contains("name=\"next\" value=\"&#x2f;account\"") || page.body.contains("value=\"/account\""), "{}", page.body);
    let answer = browser.post("/login", "/login", &[("username", "mo"), ("password", PASSWORD), ("next", "/account")]).await;
    assert_eq!((answer.status, answer.location()), (303, "/account"));
    let page = browser.get("/account").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("Signed in as mo"), "{}", page.body);
    assert_eq!(browser.get("/login").await.location(), "/", "already logged in");
}

#[tokio::test]
async fn next_never_leads_elsewhere() {
    let site = TestServer::start().await;
    let mut browser = site.browser();
    let fields = [("username", "mo"), ("password", PASSWORD), ("next", "//evil.example/x")];
    assert_eq!(browser.post("/login", "/login", &fields).await.location(), "/");
}

#[rstest]
#[case::wrong_password("mo", "wrong horse")]
#[case::unknown_user("nobody", PASSWORD)]
#[tokio::test]
async fn a_refused_log_in_says_the_same_for_all_reasons(#[case] name: &str, #[case] password: &str) {
    let site = TestServer::start().await;
    let answer = site.browser().try_login(name, password).await;
    assert_eq!(answer.status, 401);
    assert!(answer.body.contains("Wrong user name or password."), "{}", answer.body);
    assert!(answer.body.contains(&format!("value=\"{name}\"")), "the name stays in the form");
}

#[tokio::test]
async fn logging_out_takes_a_form_and_ends_the_session() {
    let site = TestServer::start().await;
    let mut browser = site.logged_in("mo").await;
    let old = browser.clone();
    assert_eq!(browser.get("/logout").await.status, 405);
    assert_eq!(browser.post("/account", "/logout", &[]).await.location(), "/login");
    assert_eq!(browser.get("/").await.status, 303);
    assert_eq!(old.clone().get("/").await.status, 303, "the old cookie is worth nothing");
}

#[tokio::test]
async fn cookies_are_out_of_reach_of_scripts_and_other_sites() {
    let site = TestServer::start().await;
    let mut browser = site.browser();
    let page = browser.get("/login").await;
    let token = csrf(&page.body).expect("token").to_owned();
    let cookie = page.header("set-cookie").to_owned();
    assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict") && !cookie.contains("Secure"), "{cookie}");
    let answer = browser.post_raw("/login", &[("username", "mo"), ("password", PASSWORD), ("csrf", &token)]).await;
    let cookies: Vec<&str> = answer.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok()).collect();
    assert!(cookies.iter().any(|cookie| cookie.starts_with("usher=")), "{cookies:?}");
    for cookie in cookies {
        assert!(cookie.contains("HttpOnly") && (cookie.contains("SameSite=Lax") || cookie.contains("SameSite=Strict")), "{cookie}");
    }
}

#[rstest]
#[case::login("/login", &[("username", "mo"), ("password", PASSWORD)])]
#[case::logout("/logout", &[])]
#[case::password("/account/password", &[("current", PASSWORD), ("password", "another horse"), ("again", "another horse")])]
#[case::language("/account/language", &[("language", "de")])]
#[case::add("/users", &[("name", "eve"), ("role", "admin"), ("password", "another horse")])]
#[case::remove("/users/vi/remove", &[])]
#[tokio::test]
async fn a_form_without_the_token_of_this_browser_changes_nothing(#[case] path: &str, #[case] fields: &[(&str, &str)]) {
    let site = TestServer::start().await;
    let mut browser = site.logged_in("ana").await;
    assert_eq!(browser.post_raw(path, fields).await.status, 403, "no token");
    let wrong = "0".repeat(32);
    let with_wrong: Vec<_> = fields.iter().copied().chain([("csrf", wrong.as_str())]).collect();
    assert_eq!(browser.post_raw(path, &with_wrong).await.status, 403, "wrong token");
    let mut stranger = site.browser();
    let page = stranger.get("/login").await;
    let theirs = csrf(&page.body).expect("token");
    let with_theirs: Vec<_> = fields.iter().copied().chain([("csrf", theirs)]).collect();
    assert_eq!(browser.post_raw(path, &with_theirs).await.status, 403, "somebody else's token");
    assert_eq!(browser.get("/").await.status, 200, "still logged in");
    assert_eq!(site.accounts.list().await.expect("list").len(), 3);
}

#[tokio::test]
async fn a_form_of_another_origin_is_refused() {
    let site = TestServer::start().await;
    let mut browser = site.browser().with_header("origin", "https://evil.example");
    let answer = browser.try_login("mo", PASSWORD).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("public_url"), "it says what to do: {}", answer.body);
    let mut browser = site.browser().with_header("origin", &format!("http://{}", site.address));
    browser.login("mo", PASSWORD).await;
}

#[rstest]
#[case("vi")]
#[case("mo")]
#[tokio::test]
async fn only_admins_manage_users(#[case] name: &str) {
    let site = TestServer::start().await;
    let mut browser = site.logged_in(name).await;
    assert_eq!(browser.get("/users").await.status, 403);
    let answer = browser.post("/account", "/users/vi/remove", &[]).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.contains("You don’t have access to this page."), "{}", answer.body);
}

#[tokio::test]
async fn an_admin_adds_changes_and_removes_users() {
    let site = TestServer::start().await;
    let mut ana = site.logged_in("ana").await;
    let page = ana.post("/users", "/users", &[("name", "Zoë.K"), ("role", "moderator"), ("password", "another horse")]).await;
    assert!(page.status == 200 && page.body.contains("Zoë.K was added."), "{}", page.body);
    let mut zoe = site.browser();
    zoe.login("zoë.k", "another horse").await;
    let page = ana.post("/users", "/users/Zo%C3%AB.K/role", &[("role", "viewer")]).await;
    assert!(page.body.contains("now has the role Viewer"), "{}", page.body);
    assert_eq!(zoe.get("/").await.status, 303, "a new role is a new log-in");
    let page = ana.post("/users", "/users/Zo%C3%AB.K/password", &[("password", "third horse!")]).await;
    assert!(page.body.contains("has a new password"), "{}", page.body);
    zoe.login("Zoë.K", "third horse!").await;
    let page = ana.post("/users", "/users/Zo%C3%AB.K/remove", &[]).await;
    assert!(page.body.contains("was removed."), "{}", page.body);
    assert_eq!(zoe.get("/").await.status, 303);
    let page = ana.post("/users", "/users/ana/remove", &[]).await;
    assert!(page.status == 400 && page.body.contains("last administrator"), "{}", page.body);
}

#[rstest]
#[case::short("eve", "moderator", "short", "at least 10 characters")]
#[case::name("eve evil", "moderator", "another horse", "Use 1 to 64 letters")]
#[case::same("long.enough", "moderator", "Long.Enough", "easy to guess")]
#[case::common("eve", "moderator", "1234567890", "easy to guess")]
#[case::control("eve", "moderator", "another\thorse", "control characters")]
#[case::taken("ANA", "moderator", "another horse", "with this name already exists")]
#[case::role("eve", "king", "another horse", "This role does not exist")]
#[tokio::test]
async fn a_new_user_that_breaks_a_rule_is_refused_in_words(
    #[case] name: &str,
    #[case] role: &str,
    #[case] password: &str,
    #[case] expected: &str,
) {
    let site = TestServer::start().await;
    let mut ana = site.logged_in("ana").await;
    let page = ana.post("/users", "/users", &[("name", name), ("role", role), ("password", password)]).await;
    assert!(page.status == 400 && page.body.contains(expected), "{}", page.body);
    assert_eq!(site.accounts.list().await.expect("list").len(), 3);
}

#[tokio::test]
async fn a_new_password_signs_the_other_sessions_out_and_gives_this_browser_a_new_one() {
    let site = TestServer::start().await;
    let (mut here, mut there) = (site.logged_in("mo").await, site.logged_in("mo").await);
    let (mut socket_here, mut socket_there) = (here.socket().await, there.socket().await);
    socket_here.frame_of_type("snapshot_end").await;
    let refused = |current, password, again| [("current", current), ("password", password), ("again", again)];
    let page = here.post("/account", "/account/password", &refused("wrong horse", "another horse", "another horse")).await;
    assert!(page.status == 400 && page.body.contains("current password is wrong"), "{}", page.body);
    let page = here.post("/account", "/account/password", &refused(PASSWORD, "another horse", "yet another horse")).await;
    assert!(page.status == 400 && page.body.contains("new passwords don’t match"), "{}", page.body);
    let mut copied = here.clone();
    let page = here.post("/account", "/account/password", &refused(PASSWORD, "another horse", "another horse")).await;
    assert!(page.status == 200 && page.body.contains("Password changed."), "{}", page.body);
    assert_ne!(here.cookies["usher"], copied.cookies["usher"]);
    assert_eq!(copied.get("/").await.status, 303, "whoever copied the old cookie is out");
    assert_eq!(socket_there.until_closed().await, (4401, "signed out".into()));
    assert_eq!(socket_here.until_closed().await, (4401, "the password was changed".into()), "also who holds a socket of the old one");
    assert_eq!(there.get("/").await.status, 303);
    assert_eq!(here.get("/").await.status, 200);
    here.socket().await.frame_of_type("snapshot_end").await;
    site.browser().login("mo", "another horse").await;
}

#[tokio::test]
async fn an_admin_who_sets_their_own_password_on_the_page_of_users_stays_in_under_a_new_session() {
    let site = TestServer::start().await;
    let mut ana = site.logged_in("ana").await;
    let mut copied = ana.clone();
    let page = ana.post("/users", "/users/ANA/password", &[("password", "another horse")]).await;
    assert!(page.status == 200 && page.body.contains("has a new password"), "{}", page.body);
    assert_eq!((ana.get("/users").await.status, copied.get("/users").await.status), (200, 303));
}

#[rstest]
#[case::another_user("ben")]
#[case::the_same_user("mo")]
#[tokio::test]
async fn a_log_in_over_a_session_ends_it(#[case] second: &str) {
    let site = TestServer::start().await;
    site.accounts.add("ben", Role::Moderator, PASSWORD).await.expect("added");
    let mut browser = site.logged_in("mo").await;
    let mut copied = browser.clone();
    let mut socket = browser.socket().await;
    socket.frame_of_type("snapshot_end").await;
    // The log-in page is not shown to who is logged in, but its form may be open in another tab.
    let page = browser.get("/account").await;
    let token = csrf(&page.body).expect("token").to_owned();
    let fields = [("username", second), ("password", PASSWORD), ("csrf", token.as_str())];
    assert_eq!(browser.post_raw("/login", &fields).await.status, 303);
    assert_ne!(browser.cookies["usher"], copied.cookies["usher"]);
    assert_eq!(copied.get("/").await.status, 303, "the old cookie is no session of anybody");
    assert_eq!(copied.try_socket(None).await.err(), Some(401));
    assert_eq!(socket.until_closed().await, (4401, "signed in again in this browser".into()));
    assert!(browser.get("/account").await.body.contains(&format!("Signed in as {second}")));
}

#[rstest]
#[case::made_up("AAAAAAAAAAAAAAAAAAAAAQ")]
#[case::of_an_ended_session("")]
#[tokio::test]
async fn a_session_id_that_was_planted_is_not_the_one_of_the_log_in(#[case] planted: &str) {
    let site = TestServer::start().await;
    let planted = if planted.is_empty() {
        let mut ended = site.logged_in("vi").await;
        let id = ended.cookies["usher"].clone();
        ended.post("/account", "/logout", &[]).await;
        id
    } else {
        planted.to_owned()
    };
    let mut victim = site.browser();
    victim.cookies.insert("usher".into(), planted.clone());
    victim.login("mo", PASSWORD).await;
    assert_ne!(victim.cookies["usher"], planted);
    let mut attacker = site.browser();
    attacker.cookies.insert("usher".into(), planted);
    assert_eq!(attacker.get("/").await.status, 303);
}

/// Moves the log-in of every session back in time.
fn age_sessions(site: &TestServer, hours: f64) {
    let conn = open_connection(site.dir.path()).expect("database");
    let changed = conn.execute("UPDATE sessions SET begun = begun - ?1", [(hours * 3_600_000.0) as i64]).expect("changed");
    assert!(changed > 0);
}

#[tokio::test]
async fn a_session_ends_for_good_after_the_hours_of_the_setting_also_under_an_open_page_and_over_a_restart() {
    let setup = |hours| ServerSetup {
        config: format!("[session]\nmax_hours = {hours}\n"),
        ..ServerSetup::timing(|timing| timing.keep_login = Duration::from_millis(100))
    };
    let site = setup(8).start().await;
    let mut browser = site.logged_in("mo").await;
    let mut socket = browser.socket().await;
    socket.frame_of_type("snapshot_end").await;
    age_sessions(&site, 7.9);
    let told = socket.frame_of_type("session_ends").await;
    assert!(told["at"].as_i64().is_some(), "{told}");
    assert_eq!(browser.get("/").await.status, 200, "six minutes are left");
    age_sessions(&site, 0.1);
    let (code, words) = socket.until_closed().await;
    assert!(code == 4401 && words.contains("as long as it may"), "{code} {words}");
    assert_eq!(browser.get("/").await.status, 303);
    assert_eq!(browser.try_socket(None).await.err(), Some(401));
    // Another one that is young enough for a longer setting is not for the shorter one.
    let mut later = site.logged_in("vi").await;
    age_sessions(&site, 5.0);
    assert_eq!(later.get("/").await.status, 200);
    let site = setup(4).start_in(site.stop().await).await;
    (later.address, later.host) = (site.address, site.address.to_string());
    assert_eq!(later.get("/").await.status, 303);
}

#[tokio::test]
async fn a_language_is_chosen_for_this_browser_and_one_that_is_not_there_is_refused() {
    let site = TestServer::start().await;
    let mut browser = site.logged_in("mo").await.with_header("accept-language", "fr");
    let page = browser.post("/account", "/account/language", &[("language", "xx")]).await;
    assert!(page.status == 400 && page.header("set-cookie").is_empty(), "{}", page.body);
    let page = browser.post("/account", "/account/language", &[("language", "de")]).await;
    assert!(page.status == 200 && page.body.contains("<html lang=\"de\" dir=\"ltr\">"), "{}", page.body);
    assert!(browser.get("/").await.body.contains("/static/i18n/de.json"), "the desk loads the same language");
    let page = browser.post("/account", "/account/language", &[("language", "")]).await;
    assert!(page.body.contains("<html lang=\"fr\""), "{}", page.body);
    browser.cookies.retain(|name, value| name != "usher_language" || !value.is_empty());
    assert!(browser.get("/account").await.body.contains("<html lang=\"fr\""));
}

#[tokio::test]
async fn a_log_in_survives_a_restart() {
    let site = TestServer::start().await;
    let mut browser = site.logged_in("mo").await;
    let dir = site.stop().await;
    let site = ServerSetup::default().start_in(dir).await;
    (browser.address, browser.host) = (site.address, site.address.to_string());
    assert_eq!(browser.get("/").await.status, 200);
    browser.socket().await.frame_of_type("snapshot_end").await;
}

#[tokio::test]
async fn an_unused_log_in_ends_and_an_open_page_keeps_it() {
    let setup = ServerSetup::timing(|timing| {
        timing.session_idle = Duration::from_secs(3);
        timing.keep_login = Duration::from_millis(100);
    });
    let site = setup.start().await;
    let (open, left) = (site.logged_in("mo").await, site.logged_in("vi").await);
    let mut socket = open.socket().await;
    socket.frame_of_type("snapshot_end").await;
    // Looked at from outside: asking with its cookie would use it.
    let conn = open_connection(site.dir.path()).expect("database");
    wait_for(DEADLINE, "the unused log-in to end", async || {
        let sql = "SELECT count(*) FROM sessions WHERE expires > 1000 * unixepoch('subsec')";
        let good: i64 = conn.query_row(sql, [], |row| row.get(0)).expect("count");
        if good == 1 { Ok(()) } else { Err(format!("{good} log-ins are good")) }
    })
    .await;
    assert_eq!(left.try_socket(None).await.err(), Some(401));
    site.hub.publish(vec![common::sample_rows::server()], vec![]);
    assert_eq!(socket.frame_of_type("delta").await["seq"], 1);
    assert!(open.try_socket(None).await.is_ok(), "kept by its open page");
}

#[tokio::test]
async fn attempts_are_slowed_and_the_rest_of_the_room_is_not() {
    let site = TestServer::start().await;
    let mut attempts = Vec::new();
    for _ in 0..12 {
        let mut browser = site.browser();
        attempts.push(tokio::spawn(async move { browser.try_login("mo", "wrong horse").await }));
    }
    let mut slowed = None;
    for attempt in attempts {
        let is_done = tokio::time::timeout(Duration::from_secs(2), attempt).await;
        if let Ok(answer) = is_done {
            let answer = answer.expect("no panic");
            slowed = slowed.or((answer.status == 429).then_some(answer));
        }
    }
    let slowed = slowed.expect("some attempt was told to wait");
    assert!(slowed.body.contains("Too many attempts. Try again in"), "{}", slowed.body);
    tokio::time::timeout(Duration::from_secs(10), site.browser().login("vi", PASSWORD)).await.expect("others log in at once");
}

/// A browser behind the proxy on this machine, at an address of its own.
fn browser_at(site: &TestServer, address: &str) -> Browser {
    site.browser().with_header("x-forwarded-for", address)
}

/// Guessers at `mo`, each attempt from another address, until told to stop.
fn guessers(site: &TestServer, stop: &CancellationToken) -> Vec<tokio::task::JoinHandle<()>> {
    let guess = |n: u32| {
        let (stop, browser) = (stop.clone(), site.browser());
        tokio::spawn(async move {
            for round in 0_u32.. {
                let address = std::net::Ipv4Addr::from(0x0b00_0000 + n * 0x1_0000 + round);
                let mut browser = browser.clone().with_header("x-forwarded-for", &address.to_string());
                tokio::select! {
                    () = stop.cancelled() => return,
                    answer = browser.try_login("mo", "wrong horse") => assert!([401, 429].contains(&answer.status)),
                }
            }
        })
    };
    (0..12).map(guess).collect()
}

#[tokio::test]
async fn guessing_from_ever_new_addresses_keeps_nobody_out_also_after_a_restart() {
    let setup = || ServerSetup::config("trusted_proxies = [\"127.0.0.1\"]");
    let mut site = setup().start().await;
    for _ in 0..2 {
        let stop = CancellationToken::new();
        let guessers = guessers(&site, &stop);
        for n in 0..12 {
            browser_at(&site, &format!("10.0.0.{n}")).login("mo", PASSWORD).await;
        }
        stop.cancel();
        for guesser in guessers {
            guesser.await.expect("no panic");
        }
        site = setup().start_in(site.stop().await).await;
    }
}

#[tokio::test]
async fn a_browser_that_has_logged_in_is_let_in_beside_a_guesser_at_the_same_address_also_after_a_restart() {
    let site = TestServer::start().await;
    let mut known = site.logged_in("mo").await;
    known.post("/account", "/logout", &[]).await;
    let site = ServerSetup::default().start_in(site.stop().await).await;
    (known.address, known.host) = (site.address, site.address.to_string());
    // More than are free, side by side: those that wait are given up.
    let attempts = (0..12).map(|_| {
        let mut browser = site.browser();
        tokio::spawn(async move { browser.try_login("mo", "wrong horse").await.status })
    });
    let mut attempts: futures_util::stream::FuturesUnordered<_> = attempts.collect();
    while common::in_time("a refusal", futures_util::StreamExt::next(&mut attempts)).await.expect("one is refused").expect("no panic")
        != 429
    {}
    assert_eq!(site.browser().try_login("mo", PASSWORD).await.status, 429, "a browser that nobody knows");
    known.login("mo", PASSWORD).await;
}

#[tokio::test]
async fn a_device_cookie_is_nobodys_log_in_and_never_one_that_was_planted() {
    let site = TestServer::start().await;
    let mut browser = site.browser();
    let planted = "0123456789abcdef0123456789abcdef";
    browser.cookies.insert("usher_device".into(), planted.into());
    browser.login("mo", PASSWORD).await;
    let token = browser.cookies["usher_device"].clone();
    assert_ne!(token, planted);
    let mut other = site.browser();
    other.cookies.insert("usher_device".into(), token.clone());
    assert_eq!(other.get("/").await.status, 303, "it logs nobody in");
    // A browser that moderators share is known to each of them by one cookie.
    browser.post("/account", "/logout", &[]).await;
    browser.login("vi", PASSWORD).await;
    assert_eq!(browser.cookies["usher_device"], token);
    let conn = open_connection(site.dir.path()).expect("database");
    let known: i64 = conn.query_row("SELECT count(*) FROM devices", [], |row| row.get(0)).expect("count");
    assert_eq!(known, 2);
}

#[tokio::test]
async fn the_command_line_works_while_the_server_runs() {
    let site = ServerSetup::timing(|timing| timing.watch_database = Duration::from_millis(200)).start().await;
    let mut socket = site.logged_in("mo").await.socket().await;
    let mut conn = open_connection(site.dir.path()).expect("database");
    OfflineAccounts(&mut conn).add("new", Role::Viewer, "another horse").expect("added");
    site.browser().login("new", "another horse").await;
    OfflineAccounts(&mut conn).remove("mo").expect("removed");
    assert_eq!(socket.until_closed().await, (4401, "signed out".into()));
}

#[tokio::test]
async fn markup_in_names_is_text() {
    let site = TestServer::start().await;
    let mut browser: Browser = site.browser();
    let page = browser.try_login("\"><script>alert(1)</script>", "x").await;
    assert_eq!(page.status, 401);
    assert!(!page.body.contains("<script>alert"), "{}", page.body);
}
