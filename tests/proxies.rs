//! Usher behind real proxies, configured as in docs/proxies.md: HTTPS in front, below a sub-path, two in a row, with short idle times.

mod common;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::browser::Browser;
use common::server::{PASSWORD, ServerSetup, TestServer};
use common::{DEADLINE, free_address, in_time, wait_for};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use rstest::rstest;
use rustls_pki_types::ServerName;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};
use usher::config::Timing;

/// Between two beats. The proxies below end a connection that is silent for a second.
const BEAT: Duration = Duration::from_millis(200);
/// Beats that outlast that time well.
const BEATS: usize = 15;

const HOST: &str = "usher.example.org";
/// Where people are; the proxies are at 127.0.0.1.
const PERSON: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));
const ANOTHER_PERSON: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 3));

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nginx,
    HaProxy,
    Caddy,
}
use Kind::{Caddy, HaProxy, Nginx};

/// The part of a path that reaches Usher.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Served {
    AtRoot,
    Below,
    /// Below, but the proxy removes the sub-path.
    Stripped,
}

/// A certificate for [`HOST`], and the client that believes it.
struct Tls {
    dir: tempfile::TempDir,
    roots: Arc<rustls::ClientConfig>,
    der: Vec<u8>,
}

impl Tls {
    fn new() -> Self {
        let _ = rustls::crypto::ring::default_provider().install_default();
        let pair = rcgen::generate_simple_self_signed([HOST.to_owned()]).expect("certificate");
        let dir = tempfile::tempdir().expect("directory");
        let (cert, key) = (pair.cert.pem(), pair.signing_key.serialize_pem());
        std::fs::write(dir.path().join("cert.pem"), &cert).expect("written");
        std::fs::write(dir.path().join("key.pem"), &key).expect("written");
        std::fs::write(dir.path().join("both.pem"), format!("{cert}{key}")).expect("written");
        let mut roots = rustls::RootCertStore::empty();
        roots.add(pair.cert.der().clone()).expect("root");
        let roots = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
        Self { dir, roots: Arc::new(roots), der: pair.cert.der().to_vec() }
    }

    fn file(&self, name: &str) -> String {
        self.dir.path().join(name).to_str().expect("path").to_owned()
    }

    fn browser(&self, proxy: SocketAddr, base: &str) -> Browser {
        self.browser_at(PERSON, proxy, base)
    }

    /// A browser at an address of its own, for which [`HOST`] is the proxy.
    fn browser_at(&self, person: IpAddr, proxy: SocketAddr, base: &str) -> Browser {
        let root = reqwest::Certificate::from_der(&self.der).expect("certificate");
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none());
        let http = http.resolve(HOST, proxy).local_address(person);
        let http = http.tls_certs_only([root]).build().expect("client");
        let host = format!("{HOST}:{}", proxy.port());
        let origin = format!("https://{host}");
        Browser { http, scheme: "https", host, ..Browser::new(proxy, base) }.with_header("origin", &origin)
    }

    /// The desk's socket; the status where it is refused.
    async fn socket(&self, browser: &Browser, origin: &str) -> Result<WebSocketStream<TlsStream<TcpStream>>, u16> {
        let mut request = format!("wss://{}{}/ws", browser.host, browser.base).into_client_request().expect("request");
        request.headers_mut().insert("cookie", browser.cookie_header().parse().expect("header"));
        request.headers_mut().insert("origin", origin.parse().expect("header"));
        let stream = TcpStream::connect(browser.address).await.expect("connected");
        let name = ServerName::try_from(HOST).expect("name");
        let stream = TlsConnector::from(self.roots.clone()).connect(name, stream).await.expect("handshake");
        match in_time("the upgrade", client_async(request, stream)).await {
            Ok((socket, _)) => Ok(socket),
            Err(Error::Http(response)) => Err(response.status().as_u16()),
            Err(error) => panic!("no upgrade: {error}"),
        }
    }
}

/// A process of the real thing.
struct Proxy {
    address: SocketAddr,
    child: Child,
    dir: tempfile::TempDir,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Proxy {
    /// Starts it at `address` in front of `upstream`; speaks HTTPS where `tls` is given.
    async fn start(kind: Kind, address: SocketAddr, upstream: SocketAddr, tls: Option<&Tls>, served: Served) -> Self {
        let dir = tempfile::tempdir().expect("directory");
        let text = documented(kind).replace("127.0.0.1:8080", &upstream.to_string());
        let text = match kind {
            Nginx => nginx(&text, address, tls, served, dir.path()),
            HaProxy => haproxy(&text, address, tls, served),
            Caddy => caddy(&text, address, tls, served),
        };
        let file = dir.path().join("proxy.conf");
        std::fs::write(&file, &text).expect("written");
        let mut command = match kind {
            Nginx => Command::new("nginx"),
            HaProxy => Command::new("haproxy"),
            Caddy => Command::new("caddy"),
        };
        match kind {
            Nginx => command.arg("-p").arg(dir.path()).arg("-e").arg("stderr").arg("-c").arg(&file),
            HaProxy => command.arg("-db").arg("-f").arg(&file),
            Caddy => command.args(["run", "--adapter", "caddyfile", "--config"]).arg(&file),
        };
        command.env("PATH", format!("{}:/usr/sbin:/sbin", std::env::var("PATH").unwrap_or_default()));
        command.env("HOME", dir.path()).env("XDG_DATA_HOME", dir.path()).env("XDG_CONFIG_HOME", dir.path());
        let log = std::fs::File::create(dir.path().join("log")).expect("log");
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let child = command.spawn().unwrap_or_else(|error| panic!("{kind:?} does not start ({error}); tests/run installs it"));
        let proxy = Self { address, child, dir };
        wait_for(DEADLINE, "the proxy to listen", async || {
            let log = || std::fs::read_to_string(proxy.dir.path().join("log")).unwrap_or_default();
            TcpStream::connect(address).await.map(drop).map_err(|error| format!("{kind:?}: {error}; {}", log()))
        })
        .await;
        proxy
    }
}

/// The configuration that the documentation gives.
fn documented(kind: Kind) -> String {
    let docs = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/proxies.md")).expect("docs/proxies.md");
    let fence = match kind {
        Nginx => "```nginx\n",
        HaProxy => "```haproxy\n",
        Caddy => "```caddyfile\n",
    };
    docs.split_once(fence).and_then(|(_, rest)| rest.split_once("```")).expect("a configuration").0.to_owned()
}

/// Replaces what the documentation must say.
fn put(text: &str, documented: &str, instead: &str) -> String {
    assert!(text.contains(documented), "docs/proxies.md no longer says {documented:?}");
    text.replace(documented, instead)
}

fn nginx(text: &str, address: SocketAddr, tls: Option<&Tls>, served: Served, dir: &Path) -> String {
    let text = match tls {
        Some(tls) => {
            let text = put(text, "listen 443 ssl", &format!("listen {address} ssl"));
            let text = put(&text, "/etc/ssl/usher.example.org.pem", &tls.file("cert.pem"));
            put(&text, "/etc/ssl/private/usher.example.org.key", &tls.file("key.pem"))
        }
        None => {
            let text = put(text, "listen 443 ssl", &format!("listen {address}"));
            text.lines().filter(|line| !line.contains("ssl_")).map(|line| format!("{line}\n")).collect()
        }
    };
    let text = put(&text, "proxy_read_timeout 60s", "proxy_read_timeout 1s");
    let text = match served {
        Served::AtRoot => text,
        Served::Below => put(&text, "location / {", "location /usher/ {"),
        Served::Stripped => {
            let below = put(&text, "location / {", "location /usher/ {");
            let at = below.find("proxy_pass ").expect("proxy_pass");
            let end = at + below[at..].find(';').expect("its end");
            format!("{}/{}", &below[..end], &below[end..])
        }
    };
    let dir = dir.to_str().expect("path");
    let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(|name| format!("{name}_temp_path {dir};")).concat();
    format!("daemon off; master_process off; pid {dir}/pid; events {{}} http {{ access_log off; {temporary} {text} }}")
}

fn haproxy(text: &str, address: SocketAddr, tls: Option<&Tls>, served: Served) -> String {
    let bind = match tls {
        Some(tls) => format!("bind {address} ssl crt {} alpn http/1.1", tls.file("both.pem")),
        None => format!("bind {address}"),
    };
    let text = put(text, "bind :443 ssl crt /etc/ssl/private/usher.example.org.pem alpn http/1.1", &bind);
    let text = put(&text, "timeout tunnel 60s", "timeout tunnel 1s");
    let below = |text: &str| put(text, "default_backend usher", "use_backend usher if { path_beg /usher/ }");
    match served {
        Served::AtRoot => text,
        Served::Below => below(&text),
        Served::Stripped => put(&below(&text), "timeout connect 5s", "timeout connect 5s\n    http-request replace-path /usher/(.*) /\\1"),
    }
}

fn caddy(text: &str, address: SocketAddr, tls: Option<&Tls>, served: Served) -> String {
    let tls = tls.expect("Caddy is tried with HTTPS only");
    let text = put(text, "usher.example.org {", &format!("https://usher.example.org:{} {{\n    bind 127.0.0.1", address.port()));
    let text = put(&text, "/etc/ssl/usher.example.org.pem", &tls.file("cert.pem"));
    let text = put(&text, "/etc/ssl/private/usher.example.org.key", &tls.file("key.pem"));
    let text = match served {
        Served::AtRoot => text,
        Served::Below => put(&text, "handle {", "handle /usher/* {"),
        Served::Stripped => put(&text, "handle {", "handle_path /usher/* {"),
    };
    format!("{{\n    admin off\n    auto_https disable_redirects\n}}\n{text}")
}

/// With beats as often as the tests need them.
async fn usher(toml: &str) -> TestServer {
    let timing = Timing { beat: BEAT, ..Timing::default() };
    ServerSetup { config: toml.into(), timing, ..ServerSetup::default() }.start().await
}

/// Signs in through the proxy and holds a socket for longer than the proxy lets a silent one be.
async fn works(tls: &Tls, proxy: &Proxy, base: &str) {
    let mut browser = tls.browser(proxy.address, base);
    let signed_in = browser.try_login("mo", PASSWORD).await;
    assert_eq!((signed_in.status, signed_in.location()), (303, &*format!("{base}/")), "{}", signed_in.body);
    assert!(signed_in.header("set-cookie").contains("; Secure"), "{}", signed_in.header("set-cookie"));
    let desk = browser.get("/").await;
    assert_eq!(desk.status, 200, "{}", desk.body);
    let origin = format!("https://{}", browser.host);
    let mut socket = tls.socket(&browser, &origin).await.expect("the desk's socket");
    let mut beats = 0;
    while beats < BEATS {
        match in_time("a frame", socket.next()).await {
            Some(Ok(Message::Text(text))) => beats += usize::from(text.contains("\"type\":\"beat\"")),
            other => panic!("after {beats} beats: {other:?}"),
        }
    }
    assert_eq!(tls.socket(&browser, "https://evil.example").await.err(), Some(403), "pages of another origin");
}

fn public(address: SocketAddr, base: &str) -> String {
    format!("public_url = \"https://{HOST}:{}{base}\"\ntrusted_proxies = [\"127.0.0.1\"]\n", address.port())
}

#[rstest]
#[tokio::test]
async fn behind_https_it_works_without_a_public_url(#[values(Nginx, HaProxy, Caddy)] kind: Kind) {
    let (tls, address) = (Tls::new(), free_address());
    let site = usher("trusted_proxies = [\"127.0.0.1\"]\n").await;
    let proxy = Proxy::start(kind, address, site.address, Some(&tls), Served::AtRoot).await;
    works(&tls, &proxy, "").await;
}

#[rstest]
#[tokio::test]
async fn behind_https_it_works_below_a_sub_path(#[values(Nginx, HaProxy, Caddy)] kind: Kind) {
    let (tls, address) = (Tls::new(), free_address());
    let site = usher(&public(address, "/usher")).await;
    let proxy = Proxy::start(kind, address, site.address, Some(&tls), Served::Below).await;
    works(&tls, &proxy, "/usher").await;
}

#[rstest]
#[tokio::test]
async fn behind_two_in_a_row_it_works(
    #[values(HaProxy, Nginx, Caddy)] outer: Kind,
    #[values(Nginx, HaProxy)] inner: Kind,
    #[values("", "/usher")] base: &str,
) {
    let (tls, address) = (Tls::new(), free_address());
    let site = usher(&public(address, base)).await;
    let served = if base.is_empty() { Served::AtRoot } else { Served::Below };
    let inner = Proxy::start(inner, free_address(), site.address, None, served).await;
    let outer = Proxy::start(outer, address, inner.address, Some(&tls), served).await;
    works(&tls, &outer, base).await;
}

#[rstest]
#[tokio::test]
async fn a_proxy_that_removes_the_sub_path_is_named_as_the_reason(#[values(Nginx, HaProxy, Caddy)] kind: Kind) {
    let (tls, address) = (Tls::new(), free_address());
    let site = usher(&public(address, "/usher")).await;
    let proxy = Proxy::start(kind, address, site.address, Some(&tls), Served::Stripped).await;
    let page = tls.browser(proxy.address, "/usher").get("/login").await;
    assert_eq!(page.status, 404);
    assert!(page.body.replace("&#x2f;", "/").contains("the proxy in front of it removes /usher from addresses"), "{}", page.body);
}

#[rstest]
#[tokio::test]
async fn a_sub_path_that_public_url_lacks_is_named(#[values(Nginx, HaProxy, Caddy)] kind: Kind) {
    let (tls, address) = (Tls::new(), free_address());
    let site = usher(&public(address, "")).await;
    let proxy = Proxy::start(kind, address, site.address, Some(&tls), Served::Below).await;
    let page = tls.browser(proxy.address, "/usher").get("/login").await;
    assert_eq!(page.status, 404);
    assert!(page.body.replace("&#x2f;", "/").contains("public_url must end with /usher"), "{}", page.body);
}

/// Failed sign-ins slow down the person who made them: the address that the proxy tells counts, not what the person claims.
#[rstest]
#[tokio::test]
async fn the_proxy_tells_who_it_is_and_a_person_cannot(#[values(Nginx, HaProxy, Caddy)] kind: Kind) {
    let (tls, address) = (Tls::new(), free_address());
    let site = usher(&public(address, "")).await;
    let proxy = Proxy::start(kind, address, site.address, Some(&tls), Served::AtRoot).await;
    let mut guesses: FuturesUnordered<_> = (0..20)
        .map(|n| {
            let guesser = tls.browser(proxy.address, "").with_header("x-forwarded-for", &format!("203.0.113.{n}"));
            async move { guesser.clone().try_login("mo", "wrong").await.status }
        })
        .collect();
    let mut seen = Vec::new();
    while let Some(status) = in_time("a guess", guesses.next()).await {
        seen.push(status);
        if status == 429 {
            break;
        }
    }
    assert_eq!(seen.last(), Some(&429), "twenty guesses from one address: {seen:?}");
    let mut other = tls.browser_at(ANOTHER_PERSON, proxy.address, "");
    assert_eq!(other.try_login("mo", PASSWORD).await.status, 303, "somebody else is not slowed down");
}
