//! Passwords, tokens and cookies never reach the log, however much is logged.

mod common;

use std::io::Write;
use std::sync::{Arc, Mutex};

use common::server::{PASSWORD, ServerSetup};
use serde_json::json;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use usher::model::Role;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("lock").write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn nothing_secret_is_logged_at_any_level() {
    let log = Log::default();
    let writer = log.clone();
    let levels = "info,usher=trace,axum=trace,axum_login=trace,tower_http=trace,tower_sessions=trace,tower_sessions_core=trace";
    let levels: Targets = levels.parse().expect("levels");
    let lines = tracing_subscriber::fmt::layer().with_ansi(false).with_writer(move || writer.clone());
    tracing_subscriber::registry().with(levels).with(lines).init();
    let site = ServerSetup::config("metrics.token = \"metrics-token-1\"").start().await;
    let mut browser = site.browser();
    browser.try_login("ana", "a wrong password").await;
    browser.login("ana", PASSWORD).await;
    browser.socket().await.frame_of_type("snapshot_end").await;
    let fields = [("current", PASSWORD), ("password", "another horse"), ("again", "another horse")];
    assert_eq!(browser.post("/account", "/account/password", &fields).await.status, 200);
    browser.post("/users", "/users", &[("name", "eve"), ("role", "viewer"), ("password", "third horse!")]).await;
    browser.clone().with_header("authorization", "Bearer metrics-token-1").get("/metrics").await;
    assert!(site.accounts.list().await.expect("list").iter().any(|user| user.role == Role::Viewer));
    let records = format!("http://{}/cdr/cdr-secret-1", site.address);
    assert_eq!(browser.http.post(records).body("x").send().await.expect("answered").status(), 404);
    let mut socket = browser.socket().await;
    let display = json!({
        "name": "North wall", "place": "", "views": [{ "what": "all", "seconds": 30 }], "names": "short", "titles": true, "distance_m": 5.0,
        "diagonal_in": 55.0, "themes": [{ "from": "00:00", "theme": "dark" }], "dim": null, "sound": false, "lang": "en"
    });
    socket.send(&json!({ "type": "display_link", "ref": "l", "display": display })).await;
    let link = socket.frame_of_type("answer").await["link"].as_str().expect("a link").to_owned();
    assert_eq!(browser.get(&link).await.status, 200);
    let _ = browser.try_socket_at(&format!("{link}/ws"), None).await;
    let mut screen = site.browser();
    screen.get("/wall").await;
    assert_eq!(screen.get("/wall").await.status, 200);
    let token = link.rsplit('/').next().expect("a token");
    let cookies: Vec<String> = browser.cookies.values().chain(screen.cookies.values()).cloned().chain([token.to_owned()]).collect();
    site.stop().await;
    let text = String::from_utf8_lossy(&log.0.lock().expect("lock")).into_owned();
    assert!(text.contains("user signed in"), "something is logged:\n{text}");
    let secrets = ["a wrong password", PASSWORD, "another horse", "third horse!", "metrics-token-1", "cdr-secret-1", "argon2id"];
    for secret in secrets.into_iter().chain(cookies.iter().map(String::as_str)) {
        let line = text.lines().find(|line| line.contains(secret));
        assert!(line.is_none(), "{line:?}");
    }
}
