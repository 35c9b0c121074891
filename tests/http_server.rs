//! The HTTP server: headers, files, health, metrics, a sub-path, a proxy in front, TLS and its renewal.

mod common;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use common::browser::Browser;
use common::server::{PASSWORD, ServerSetup, TestServer};
use common::{DEADLINE, wait_for};
use futures_util::StreamExt;
use rstest::rstest;
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_tungstenite::client_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use usher::config::TlsFiles;

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; font-src 'self'; \
     manifest-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

#[rstest]
#[case("/login", 200)]
#[case("/", 303)]
#[case("/nowhere", 404)]
#[case("/static/net/protocol.js", 200)]
#[case("/healthz", 200)]
#[tokio::test]
async fn every_answer_is_strict(#[case] path: &str, #[case] status: u16) {
    let site = TestServer::start().await;
    let answer = site.browser().get(path).await;
    assert_eq!(answer.status, status);
    assert_eq!(answer.header("content-security-policy"), POLICY);
    assert_eq!(answer.header("x-content-type-options"), "nosniff");
    assert_eq!(answer.header("referrer-policy"), "same-origin");
    assert_eq!(answer.header("strict-transport-security"), "", "only with https");
    let cache = if path.starts_with("/static") { "no-cache" } else { "no-store" };
    assert_eq!(answer.header("cache-control"), cache);
}

/// A page of a wall has one script in it, and no policy but by its hash.
#[tokio::test]
async fn a_screens_page_may_run_its_own_script_too() {
    let site = TestServer::start().await;
    let mut browser = site.browser();
    browser.get("/wall").await;
    let answer = browser.get("/wall").await;
    let script = answer.body.split("<script>").nth(1).and_then(|rest| rest.split("</script>").next()).expect("a script");
    let hash = base64::engine::general_purpose::STANDARD.encode(<sha2::Sha256 as sha2::Digest>::digest(script));
    let own = format!("script-src 'self' 'sha256-{hash}'");
    assert_eq!(answer.header("content-security-policy"), POLICY.replace("script-src 'self'", &own));
    assert_eq!(answer.header("referrer-policy"), "no-referrer");
}

#[tokio::test]
async fn what_is_not_there_is_a_page_for_people() {
    let site = TestServer::start().await;
    let answer = site.browser().get("/nowhere").await;
    assert!(answer.body.contains("Page not found."), "{}", answer.body);
    assert!(answer.header("content-type").starts_with("text/html"));
}

#[tokio::test]
async fn files_are_compressed_typed_and_known_again() {
    let site = TestServer::start().await;
    let mut browser = site.browser().with_header("accept-encoding", "gzip");
    let answer = browser.get("/static/i18n/en.json").await;
    assert_eq!((answer.status, answer.header("content-encoding")), (200, "gzip"));
    assert_eq!(answer.header("content-type"), "application/json; charset=utf-8");
    let tag = answer.header("etag").to_owned();
    assert_eq!(browser.clone().with_header("if-none-match", &tag).get("/static/i18n/en.json").await.status, 304);
    let script = browser.get("/static/net/protocol.js").await;
    assert!(script.header("content-type").starts_with("text/javascript"), "{}", script.header("content-type"));
    for path in ["/static/", "/static/package.json", "/static/../Cargo.toml", "/static/%2e%2e/Cargo.toml", "/static/vendor/lit.d.ts"] {
        assert_eq!(browser.get(path).await.status, 404, "{path}");
    }
}

/// Browsers resolve the addresses in a manifest against its own, so that one file is right below every path.
#[rstest]
#[case("", "")]
#[case("public_url = \"http://desk.example/usher\"", "/usher")]
#[tokio::test]
async fn a_phone_can_install_it_below_every_path(#[case] config: &str, #[case] base: &str) {
    let site = ServerSetup::config(config).start().await;
    let mut browser = Browser::new(site.address, base);
    let page = browser.get("/login").await;
    let link = format!("<link rel=\"manifest\" href=\"{base}/static/manifest.webmanifest\">");
    assert!(page.body.contains(&link), "{}", page.body);
    assert!(page.header("content-security-policy").contains("manifest-src 'self'"));
    let answer = browser.get("/static/manifest.webmanifest").await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/manifest+json; charset=utf-8"));
    let manifest: serde_json::Value = serde_json::from_str(&answer.body).expect("JSON");
    let address = reqwest::Url::parse(&format!("http://desk.example{base}/static/manifest.webmanifest")).expect("address");
    let resolve = |field: &serde_json::Value| address.join(field.as_str().expect("a text")).expect("an address").path().to_owned();
    assert_eq!((resolve(&manifest["start_url"]), resolve(&manifest["scope"])), (format!("{base}/"), format!("{base}/")));
    let icons = manifest["icons"].as_array().expect("icons");
    assert!(icons.iter().any(|icon| icon["purpose"] == "maskable"), "{icons:?}");
    for icon in icons {
        let path = resolve(&icon["src"]);
        let answer = browser.get(path.strip_prefix(base).expect("below the path")).await;
        assert_eq!((answer.status, answer.header("content-type")), (200, icon["type"].as_str().expect("a type")), "{path}");
    }
}

#[tokio::test]
async fn it_is_ready_once_a_bridge_was_read() {
    let site = TestServer::start().await;
    let mut browser = site.browser();
    assert_eq!(browser.get("/healthz").await.status, 200);
    let answer = browser.get("/readyz").await;
    assert!(answer.status == 503 && answer.body.contains("no bridge"), "{}", answer.body);
    site.ready.send(true).expect("served");
    assert_eq!(browser.get("/readyz").await.status, 200);
}

#[tokio::test]
async fn metrics_are_for_this_machine_or_for_a_token() {
    let site = ServerSetup::config("metrics.token = \"letmein\"").start().await;
    let mut local = site.browser();
    site.hub.publish(vec![common::sample_rows::server()], vec![]);
    let answer = local.get("/metrics").await;
    assert!(answer.status == 200 && answer.body.contains("usher_deltas_total"), "{}", answer.body);
    let forwarded = site.browser().with_header("x-forwarded-for", "192.0.2.1");
    assert_eq!(forwarded.clone().get("/metrics").await.status, 403, "a proxy on this machine speaks for somebody else");
    assert_eq!(forwarded.clone().with_header("authorization", "Bearer wrong").get("/metrics").await.status, 403);
    assert_eq!(forwarded.clone().with_header("authorization", "Bearer letmein").get("/metrics").await.status, 200);
}

#[tokio::test]
async fn everything_lives_under_the_sub_path() {
    let site = ServerSetup::config("public_url = \"http://desk.example/usher\"").start().await;
    let mut browser = Browser::new(site.address, "/usher");
    let answer = browser.get("/").await;
    assert_eq!((answer.status, answer.location()), (303, "/usher/login"));
    assert!(answer.header("set-cookie").contains("Path=/usher/"), "{}", answer.header("set-cookie"));
    let answer = browser.get("/account").await;
    assert_eq!(answer.location(), "/usher/login?next=/account");
    let page = browser.get("/login").await;
    assert!(page.body.contains("\"/usher/static/") && page.body.contains("action=\"/usher/login\""), "{}", page.body);
    browser.login("mo", PASSWORD).await;
    assert_eq!(browser.get("/").await.status, 200);
    assert_eq!(browser.get("/static/net/protocol.js").await.status, 200);
    browser.try_socket(Some("http://desk.example")).await.expect("our origin").frame_of_type("snapshot_end").await;
    assert_eq!(browser.try_socket(Some(&format!("http://{}", site.address))).await.err(), Some(403));
    let mut outside = site.browser();
    assert_eq!(outside.get("/login").await.status, 404);
    assert_eq!(outside.get("/healthz").await.status, 200, "who watches over it need not know the sub-path");
    assert_eq!(outside.get("/usher").await.location(), "/usher/login", "with or without the slash");
}

#[tokio::test]
async fn behind_a_trusted_proxy_https_is_believed() {
    let site = ServerSetup::config("trusted_proxies = [\"127.0.0.1\"]").start().await;
    let mut browser = site.browser().with_header("x-forwarded-proto", "https").with_header("x-forwarded-for", "192.0.2.1");
    browser = browser.with_header("origin", &format!("https://{}", site.address));
    let page = browser.get("/login").await;
    assert!(page.header("set-cookie").contains("; Secure"), "{}", page.header("set-cookie"));
    assert_eq!(page.header("strict-transport-security"), "max-age=31536000");
    browser.login("mo", PASSWORD).await;
}

#[tokio::test]
async fn an_untrusted_peer_is_not_believed() {
    let site = TestServer::start().await;
    let page = site.browser().with_header("x-forwarded-proto", "https").get("/login").await;
    assert!(!page.header("set-cookie").contains("Secure"), "{}", page.header("set-cookie"));
}

/// Writes a new self-signed pair; returns the certificate in PEM form.
fn write_pair(dir: &Path) -> String {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("certificate");
    std::fs::write(dir.join("key.pem"), pair.signing_key.serialize_pem()).expect("key");
    std::fs::write(dir.join("cert.pem"), pair.cert.pem()).expect("certificate");
    pair.cert.pem()
}

/// A browser that believes this certificate only.
fn tls_browser(site: &TestServer, certificate: &str) -> Browser {
    let mut browser = site.browser();
    let root = reqwest::Certificate::from_pem(certificate.as_bytes()).expect("certificate");
    let builder = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
    browser.http = builder.tls_certs_only([root]).resolve("localhost", site.address).build().expect("client");
    browser.scheme = "https";
    browser
}

async fn get_status(browser: &Browser, port: u16) -> Result<u16, String> {
    let url = format!("https://localhost:{port}/healthz");
    browser.http.get(url).send().await.map(|answer| answer.status().as_u16()).map_err(|error| error.to_string())
}

#[tokio::test]
async fn a_renewed_certificate_is_used_without_restart_and_a_broken_one_is_not() {
    let dir = tempfile::tempdir().expect("directory");
    let first = write_pair(dir.path());
    let files = format!("[tls]\ncert_file = \"{0}/cert.pem\"\nkey_file = \"{0}/key.pem\"", dir.path().display());
    let mut setup = ServerSetup::timing(|timing| timing.reread_certificate = Duration::from_millis(50));
    setup.config = files;
    let site = setup.start().await;
    let port = site.address.port();
    let browser = tls_browser(&site, &first);
    assert_eq!(get_status(&browser, port).await, Ok(200));

    std::fs::write(dir.path().join("key.pem"), "no key at all").expect("key");
    wait_for(DEADLINE, "the broken pair to be refused", async || {
        let url = format!("https://localhost:{port}/metrics");
        let text = browser.http.get(url).send().await.expect("answered").text().await.expect("text");
        if text.contains("usher_certificates_total{result=\"refused\"}") { Ok(()) } else { Err(text) }
    })
    .await;
    assert_eq!(get_status(&tls_browser(&site, &first), port).await, Ok(200), "the old one stays in use");

    let second = write_pair(dir.path());
    wait_for(DEADLINE, "the new certificate", async || get_status(&tls_browser(&site, &second), port).await).await;
    assert!(get_status(&tls_browser(&site, &first), port).await.is_err(), "the old one is no longer shown");
}

#[tokio::test]
async fn over_tls_cookies_are_secure_and_the_socket_works() {
    let dir = tempfile::tempdir().expect("directory");
    let certificate = write_pair(dir.path());
    let files = format!("[tls]\ncert_file = \"{0}/cert.pem\"\nkey_file = \"{0}/key.pem\"", dir.path().display());
    let site = ServerSetup::config(&files).start().await;
    let mut browser = tls_browser(&site, &certificate);
    browser.host = format!("localhost:{}", site.address.port());
    let answer = browser.try_login("mo", PASSWORD).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(answer.header("set-cookie").contains("; Secure"), "{}", answer.header("set-cookie"));
    assert_eq!(answer.header("strict-transport-security"), "max-age=31536000");

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).expect("certificate")).expect("root");
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let stream = TcpStream::connect(site.address).await.expect("connected");
    let name = ServerName::try_from("localhost").expect("name");
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("handshake");
    let mut request = format!("wss://{}/ws", browser.host).into_client_request().expect("request");
    request.headers_mut().insert("cookie", browser.cookie_header().parse().expect("header"));
    request.headers_mut().insert("origin", format!("https://{}", browser.host).parse().expect("header"));
    let (mut socket, _) = client_async(request, stream).await.expect("upgraded");
    let first = common::in_time("a frame", socket.next()).await.expect("open").expect("a frame");
    assert!(first.to_text().is_ok_and(|text| text.contains("welcome")), "{first:?}");
}

#[tokio::test]
async fn a_certificate_that_is_no_good_is_refused_at_the_start() {
    let dir = tempfile::tempdir().expect("directory");
    write_pair(dir.path());
    std::fs::write(dir.path().join("cert.pem"), "nothing").expect("certificate");
    let files = format!("[tls]\ncert_file = \"{0}/cert.pem\"\nkey_file = \"{0}/key.pem\"", dir.path().display());
    let pair = TlsFiles { cert_file: dir.path().join("cert.pem"), key_file: dir.path().join("key.pem") };
    assert!(usher::http::check_certificate(&pair).is_err(), "known before a port is bound");
    let site = ServerSetup::config(&files).start().await;
    let error = common::in_time("the start to fail", site.served).await.expect("no panic").expect_err("no certificate");
    assert!(error.to_string().contains("holds no certificate in PEM form"), "{error}");
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_any_more_is_closed() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let site = ServerSetup::timing(|timing| timing.connection_idle = Duration::from_millis(300)).start().await;
    let mut tcp = tokio::net::TcpStream::connect(site.address).await.expect("connected");
    tcp.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.expect("asked");
    let mut answer = Vec::new();
    let end = tokio::time::timeout(Duration::from_secs(20), tcp.read_to_end(&mut answer)).await;
    assert!(end.is_ok(), "still open after 20 s; it said {:?}", String::from_utf8_lossy(&answer));
    assert!(answer.starts_with(b"HTTP/1.1 200"), "{:?}", String::from_utf8_lossy(&answer));
}

#[tokio::test]
async fn metrics_are_not_for_a_proxy_on_this_machine_that_says_nothing_of_itself() {
    let site = ServerSetup::config("metrics.token = \"letmein\"").start().await;
    let answer = site.browser().with_header("host", "usher.example.org").get("/metrics").await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    let site = ServerSetup::config("trusted_proxies = [\"127.0.0.1\"]\nmetrics.token = \"letmein\"").start().await;
    assert_eq!(site.browser().get("/metrics").await.status, 403, "a proxy may have left its headers out");
}
