//! Headers from browsers and proxies: forwarding headers, cookies of several servers, and the origin of a form.

mod common;

use common::browser::{Answer, Browser, csrf};
use common::server::{PASSWORD, ServerSetup, TestServer};
use rstest::rstest;

const PROXY: &str = "trusted_proxies = [\"127.0.0.1\"]";

/// A browser at the address of a proxy, with the headers that the proxy adds.
fn proxied(site: &TestServer, origin: &str, headers: &[(&str, &str)]) -> Browser {
    headers.iter().fold(site.browser().with_header("origin", origin), |browser, (name, value)| browser.with_header(name, value))
}

#[rstest]
#[case::list("https://a.example", &[("host", "a.example"), ("x-forwarded-proto", "https,http")])]
#[case::two_headers("https://a.example", &[("host", "a.example"), ("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")])]
#[case::capitals("https://a.example", &[("host", "A.Example"), ("x-forwarded-proto", " HTTPS ")])]
#[case::socket("https://a.example", &[("host", "a.example"), ("x-forwarded-proto", "wss")])]
#[case::forwarded("https://a.example", &[("host", "a.example"), ("forwarded", "For=\"[2001:db8::1]:4711\";Proto=HTTPS;by=_x")])]
#[case::switch("https://a.example", &[("host", "a.example"), ("front-end-https", "on")])]
#[case::port_of_https("https://a.example", &[("host", "a.example:443"), ("x-forwarded-proto", "https")])]
#[case::port_of_http("http://a.example", &[("host", "a.example:80")])]
#[case::dot("https://a.example", &[("host", "a.example."), ("x-forwarded-proto", "https")])]
#[case::punycode("https://xn--tre-hoa.example", &[("host", "XN--TRE-HOA.example"), ("x-forwarded-proto", "https")])]
#[case::other_host("https://a.example", &[("host", "inner:8080"), ("x-forwarded-host", "a.example"), ("x-forwarded-proto", "https")])]
#[case::other_port("https://a.example:8443", &[("host", "a.example"), ("x-forwarded-port", "8443"), ("x-forwarded-proto", "https")])]
#[case::nonsense("http://a.example", &[("host", "a.example"), ("x-forwarded-proto", "\"gopher"), ("x-forwarded-for", "[::1, _x;, \"")])]
#[tokio::test]
async fn a_person_logs_in_whatever_the_proxy_writes(#[case] origin: &str, #[case] headers: &[(&str, &str)]) {
    let site = ServerSetup::config(PROXY).start().await;
    let mut browser = proxied(&site, origin, headers);
    let answer = browser.try_login("mo", PASSWORD).await;
    assert_eq!((answer.status, answer.location()), (303, "/"), "{}", answer.body);
    assert_eq!(answer.header("set-cookie").contains("; Secure"), origin.starts_with("https"), "{}", answer.header("set-cookie"));
    assert_eq!(browser.get("/").await.status, 200);
}

#[rstest]
#[case::scheme("https://a.example", &[("host", "a.example"), ("x-forwarded-proto", "https")])]
#[case::host("http://b.example", &[("host", "a.example"), ("x-forwarded-host", "b.example")])]
#[tokio::test]
async fn what_an_untrusted_peer_writes_is_not_believed(#[case] origin: &str, #[case] headers: &[(&str, &str)]) {
    let site = TestServer::start().await;
    assert_eq!(proxied(&site, origin, headers).try_login("mo", PASSWORD).await.status, 403);
}

/// Posts the log-in with these headers and without any token.
async fn log_in_from(site: &TestServer, headers: &[(&str, &str)]) -> Answer {
    let browser = headers.iter().fold(site.browser(), |browser, (name, value)| browser.with_header(name, value));
    browser.clone().post_raw("/login", &[("username", "mo"), ("password", PASSWORD)]).await
}

#[tokio::test]
async fn a_form_of_another_page_is_refused_and_one_of_ours_needs_no_token() {
    let site = TestServer::start().await;
    let ours = format!("http://{}", site.address);
    let page = format!("{ours}/login");
    for headers in [
        &[("sec-fetch-site", "same-origin"), ("origin", &*ours)][..],
        &[("sec-fetch-site", "same-origin"), ("origin", "https://behind-a-proxy.example")],
        &[("origin", &*ours)],
        &[("referer", &*page)],
    ] {
        assert_eq!(log_in_from(&site, headers).await.status, 303, "{headers:?}");
    }
    for headers in [
        &[("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")][..],
        &[("sec-fetch-site", "cross-site"), ("origin", "null")],
        &[("sec-fetch-site", "same-site"), ("origin", "http://sub.127.0.0.1")],
        &[("sec-fetch-site", "same-site")],
        &[("origin", "https://evil.example")],
        &[("origin", "null")],
        &[("origin", "null"), ("referer", &*page)],
        &[("referer", "https://evil.example/")],
        &[("origin", &*ours), ("origin", "https://evil.example")],
        &[],
    ] {
        assert_eq!(log_in_from(&site, headers).await.status, 403, "{headers:?}");
    }
    let https = ours.replace("http:", "https:");
    assert_eq!(log_in_from(&site, &[("origin", &https)]).await.status, 403, "another scheme is another site");
}

#[tokio::test]
async fn a_form_of_another_page_changes_nothing_although_the_token_is_right() {
    let site = TestServer::start().await;
    let mut ana = site.logged_in("ana").await;
    let token = csrf(&ana.get("/users").await.body).expect("token").to_owned();
    let mut evil = ana.clone().with_header("origin", "https://evil.example").with_header("sec-fetch-site", "cross-site");
    assert_eq!(evil.post_raw("/users/vi/remove", &[("csrf", &token)]).await.status, 403);
    assert_eq!(site.accounts.list().await.expect("list").len(), 3);
    assert_eq!(ana.post_raw("/users/vi/remove", &[("csrf", &token)]).await.status, 200, "and with it alone it does");
}

/// A browser sends no `SameSite=Strict` cookie with a link from another site, but takes those of the answer.
async fn follow_a_link(browser: &mut Browser, headers: &[(&str, &str)]) -> Answer {
    let kept = browser.cookies.remove("usher_csrf");
    let mut led = headers.iter().fold(browser.clone(), |browser, (name, value)| browser.with_header(name, value));
    let answer = led.get("/").await;
    browser.cookies = led.cookies;
    if let Some(kept) = kept {
        browser.cookies.entry("usher_csrf".into()).or_insert(kept);
    }
    answer
}

#[rstest]
#[case::of_today(&[("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")], &[("sec-fetch-site", "same-origin")])]
#[case::with_an_origin_only(&[], &[("origin", "http://HOST")])]
#[case::with_a_referer_only(&[], &[("referer", "http://HOST/account")])]
#[tokio::test]
async fn a_link_from_elsewhere_spoils_no_open_form_and_logs_nobody_out(#[case] link: &[(&str, &str)], #[case] form: &[(&str, &str)]) {
    let site = TestServer::start().await;
    let mut browser = site.logged_in("mo").await;
    let token = csrf(&browser.get("/account").await.body).expect("token").to_owned();
    assert_eq!(follow_a_link(&mut browser, link).await.status, 200, "still logged in");
    let host = site.address.to_string();
    for (name, value) in form {
        browser = browser.with_header(name, &value.replace("HOST", &host));
    }
    let fields = [("current", PASSWORD), ("password", "another horse"), ("again", "another horse"), ("csrf", &token)];
    let page = browser.post_raw("/account/password", &fields).await;
    assert!(page.status == 200 && page.body.contains("Password changed."), "{}", page.body);
}

#[tokio::test]
async fn a_link_from_elsewhere_leaves_the_token_of_the_browser_as_it_is() {
    let site = TestServer::start().await;
    let mut browser = site.logged_in("mo").await;
    let answer = follow_a_link(&mut browser, &[("sec-fetch-site", "cross-site")]).await;
    assert_eq!(answer.header("set-cookie"), "");
    browser.post("/account", "/logout", &[]).await;
    assert_eq!(browser.get("/").await.status, 303);
}

/// The log-in with this whole Cookie header.
async fn status_with(site: &TestServer, cookies: &[u8]) -> u16 {
    let browser = site.browser();
    let value = reqwest::header::HeaderValue::from_bytes(cookies).expect("value");
    browser.http.get(browser.url("/")).header("cookie", value).send().await.expect("answered").status().as_u16()
}

#[tokio::test]
async fn of_several_session_cookies_the_one_that_is_known_counts() {
    let (site, other) = (TestServer::start().await, TestServer::start().await);
    let id = site.logged_in("mo").await.cookies["usher"].clone();
    let elsewhere = other.logged_in("mo").await.cookies["usher"].clone();
    let mut gone = site.logged_in("vi").await;
    let stale = gone.cookies["usher"].clone();
    gone.post("/account", "/logout", &[]).await;
    let huge = "x".repeat(4000);
    for cookies in [
        format!("usher={id}; usher={elsewhere}"),
        format!("usher={elsewhere}; usher={id}"),
        format!("usher={stale}; usher={elsewhere}; usher={id}; usher={stale}"),
        format!("usher=garbage; usher={id}; usher="),
        format!("usher=\"{id}\"; usher=\"{elsewhere}\""),
        format!("a={huge}; usher={elsewhere}; b={huge}; usher={id}; c={huge}"),
    ] {
        assert_eq!(status_with(&site, cookies.as_bytes()).await, 200, "{cookies}");
    }
    let mut with_bytes = format!("usher={id}; city=Z").into_bytes();
    with_bytes.extend(b"\xfcrich; usher=\xff");
    assert_eq!(status_with(&site, &with_bytes).await, 200, "what another program keeps is its own matter");
    for cookies in [format!("usher={stale}; usher={elsewhere}"), format!("xusher={id}"), String::new()] {
        assert_eq!(status_with(&site, cookies.as_bytes()).await, 303, "{cookies}");
    }
}

/// At `/` and at `/usher-test` of one host: the browser sends the cookies of both to the second, its own first.
#[tokio::test]
async fn two_ushers_on_one_host_know_their_own_users() {
    let root = ServerSetup::config("public_url = \"http://desk.example\"").start().await;
    let below = ServerSetup::config("public_url = \"http://desk.example/usher-test\"").start().await;
    let at_root = root.logged_in("mo").await;
    let mut browser = Browser::new(below.address, "/usher-test").with_header("cookie", &at_root.cookie_header());
    browser.login("ana", PASSWORD).await;
    let page = browser.get("/users").await;
    assert!(page.status == 200 && page.body.contains("ana"), "{}", page.body);
    let page = browser.post("/users", "/users/vi/role", &[("role", "moderator")]).await;
    assert_eq!(page.status, 200, "{}", page.body);
    browser.try_socket(Some("http://desk.example")).await.map(drop).expect("the socket, too");
}
