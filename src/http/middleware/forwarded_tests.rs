use rstest::rstest;

use super::*;

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    pairs.iter().map(|(name, value)| (name.parse().expect("name"), value.parse().expect("value"))).collect()
}

#[rstest]
#[case::plain("192.0.2.1", Some("192.0.2.1"))]
#[case::port("192.0.2.1:4711", Some("192.0.2.1"))]
#[case::quoted("\"192.0.2.1:4711\"", Some("192.0.2.1"))]
#[case::blanks("  192.0.2.1 ", Some("192.0.2.1"))]
#[case::six("2001:db8::1", Some("2001:db8::1"))]
#[case::six_in_capitals("2001:DB8:0:0::1", Some("2001:db8::1"))]
#[case::brackets("[2001:db8::1]", Some("2001:db8::1"))]
#[case::brackets_and_port("[2001:db8::1]:4711", Some("2001:db8::1"))]
#[case::quoted_brackets("\"[2001:db8::1]:4711\"", Some("2001:db8::1"))]
#[case::escaped("\"[2001:db8:\\:1]\"", Some("2001:db8::1"))]
#[case::hidden_port("192.0.2.1:_gateway", Some("192.0.2.1"))]
#[case::mapped("::ffff:192.0.2.1", Some("192.0.2.1"))]
#[case::mapped_in_brackets("[::ffff:192.0.2.1]:80", Some("192.0.2.1"))]
#[case::zone("fe80::1%eth0", Some("fe80::1"))]
#[case::zone_and_port("[fe80::1%25eth0]:80", Some("fe80::1"))]
#[case::unknown("unknown", None)]
#[case::made_up("_SEVKISEK", None)]
#[case::name("proxy.example.org", None)]
#[case::empty("", None)]
#[case::empty_quotes("\"\"", None)]
#[case::half_quoted("\"192.0.2.1", None)]
#[case::half_a_bracket("[2001:db8::1", None)]
#[case::no_port("192.0.2.1:", None)]
#[case::port_too_large("192.0.2.1:70000", None)]
#[case::port_in_words("192.0.2.1:http", None)]
#[case::behind_brackets("[2001:db8::1]x", None)]
#[case::too_large("192.0.2.256", None)]
#[case::leading_zeros("192.000.002.001", None)]
#[case::range("192.0.2.0/24", None)]
#[case::markup("<script>", None)]
fn an_address_is_read_however_it_is_written(#[case] text: &str, #[case] expected: Option<&str>) {
    assert_eq!(address(text), expected.map(|text| text.parse().expect("address")));
}

#[rstest]
#[case::one_list(&[("x-forwarded-for", "192.0.2.1, 10.0.0.2")], &[Some("192.0.2.1"), Some("10.0.0.2")])]
#[case::two_headers(&[("x-forwarded-for", "192.0.2.1"), ("x-forwarded-for", "10.0.0.2,10.0.0.3")], &[Some("192.0.2.1"), Some("10.0.0.2"), Some("10.0.0.3")])]
#[case::no_blanks(&[("x-forwarded-for", "192.0.2.1,unknown,,10.0.0.2")], &[Some("192.0.2.1"), None, None, Some("10.0.0.2")])]
#[case::forwarded(&[("forwarded", "for=192.0.2.1;proto=https, For=\"[2001:db8::1]:80\"; by=10.0.0.1")], &[Some("192.0.2.1"), Some("2001:db8::1")])]
#[case::forwarded_with_blanks(&[("forwarded", "by=_a ; FOR = \"192.0.2.1\" ;host=x")], &[Some("192.0.2.1")])]
#[case::forwarded_in_two_headers(&[("forwarded", "for=192.0.2.1"), ("forwarded", "for=unknown, for=_x")], &[Some("192.0.2.1"), None, None])]
#[case::forwarded_without_for(&[("forwarded", "proto=https")], &[None])]
#[case::an_open_quote_swallows_nothing(&[("forwarded", "for=\"1.1.1.1"), ("forwarded", "for=\"[2001:db8::1]\"")], &[None, Some("2001:db8::1")])]
#[case::an_open_quote_in_one_header(&[("forwarded", "for=\", for=\"[2001:db8::1]\"")], &[None, Some("2001:db8::1")])]
#[case::the_list_that_proxies_write(&[("forwarded", "for=1.1.1.1"), ("x-forwarded-for", "192.0.2.1")], &[Some("192.0.2.1")])]
#[case::nothing(&[], &[])]
fn hops_are_read_outermost_first(#[case] pairs: &[(&'static str, &str)], #[case] expected: &[Option<&str>]) {
    let expected: Vec<Option<IpAddr>> = expected.iter().map(|text| text.map(|text| text.parse().expect("address"))).collect();
    assert_eq!(hops(&headers(pairs)), expected);
}

#[test]
fn a_very_long_list_keeps_its_nearest_hops() {
    let list = vec!["192.0.2.1"; 10_000].join(",") + ",10.0.0.1";
    let hops = hops(&headers(&[("x-forwarded-for", &list)]));
    assert_eq!((hops.len(), hops.last()), (MAX_ELEMENTS, Some(&Some(IpAddr::from([10, 0, 0, 1])))));
}

#[rstest]
#[case::https(&[("x-forwarded-proto", "https")], Some(true))]
#[case::http(&[("x-forwarded-proto", "http")], Some(false))]
#[case::capitals(&[("x-forwarded-proto", "HTTPS")], Some(true))]
#[case::blanks(&[("x-forwarded-proto", "  https ")], Some(true))]
#[case::quotes(&[("x-forwarded-proto", "\"https\"")], Some(true))]
#[case::socket(&[("x-forwarded-proto", "wss")], Some(true))]
#[case::plain_socket(&[("x-forwarded-proto", "ws")], Some(false))]
#[case::list(&[("x-forwarded-proto", "https,http")], Some(true))]
#[case::list_with_blanks(&[("x-forwarded-proto", "https , http")], Some(true))]
#[case::list_the_other_way(&[("x-forwarded-proto", "http,https")], Some(false))]
#[case::two_headers(&[("x-forwarded-proto", "https"), ("x-forwarded-proto", "http")], Some(true))]
#[case::empty_first(&[("x-forwarded-proto", ", https")], Some(true))]
#[case::nonsense(&[("x-forwarded-proto", "gopher")], None)]
#[case::nonsense_first(&[("x-forwarded-proto", "x y, https")], Some(true))]
#[case::with_slashes(&[("x-forwarded-proto", "https://")], Some(true))]
#[case::forwarded(&[("forwarded", "for=192.0.2.1;PROTO=HTTPS;by=x")], Some(true))]
#[case::forwarded_quoted(&[("forwarded", "proto=\"https\"")], Some(true))]
#[case::forwarded_list(&[("forwarded", "proto=https, proto=http")], Some(true))]
#[case::x_forwarded_counts_before_forwarded(&[("forwarded", "proto=http"), ("x-forwarded-proto", "https")], Some(true))]
#[case::scheme(&[("x-forwarded-scheme", "https")], Some(true))]
#[case::url_scheme(&[("x-url-scheme", "https")], Some(true))]
#[case::ssl(&[("x-forwarded-ssl", "on")], Some(true))]
#[case::no_ssl(&[("x-forwarded-ssl", "off")], Some(false))]
#[case::front_end(&[("front-end-https", "On")], Some(true))]
#[case::port(&[("x-forwarded-port", "443")], Some(true))]
#[case::own_port(&[("x-forwarded-port", "8443")], None)]
#[case::nothing(&[], None)]
fn the_scheme_is_the_browsers(#[case] pairs: &[(&'static str, &str)], #[case] expected: Option<bool>) {
    assert_eq!(https(&headers(pairs)), expected);
}

#[test]
fn bytes_that_are_no_text_are_ignored() {
    let mut headers = HeaderMap::new();
    for name in ["x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "forwarded"] {
        headers.append(name, axum::http::HeaderValue::from_bytes(b"\xff\xfe, \x80").expect("bytes"));
    }
    assert_eq!((hops(&headers), https(&headers)), (vec![None, None], None));
}

#[rstest]
#[case(&[("x-forwarded-host", "a.example, b.example:81")], &["a.example", "b.example:81"])]
#[case(&[("x-forwarded-host", "\"a.example\"")], &["a.example"])]
#[case(&[("forwarded", "host=\"a.example:8443\";for=x")], &["a.example:8443"])]
#[case(&[("x-forwarded-host", "")], &[])]
fn hosts_are_read_outermost_first(#[case] pairs: &[(&'static str, &str)], #[case] expected: &[&str]) {
    assert_eq!(hosts(&headers(pairs)), expected);
}

#[rstest]
#[case::as_it_is(true, "usher.example.org", Some("https://usher.example.org"))]
#[case::own_port_of_https(true, "usher.example.org:443", Some("https://usher.example.org"))]
#[case::own_port_of_http(false, "usher.example.org:80", Some("http://usher.example.org"))]
#[case::port_of_the_other(false, "usher.example.org:443", Some("http://usher.example.org:443"))]
#[case::leading_zeros(true, "usher.example.org:0443", Some("https://usher.example.org"))]
#[case::empty_port(true, "usher.example.org:", Some("https://usher.example.org"))]
#[case::dot(true, "usher.example.org.", Some("https://usher.example.org"))]
#[case::dot_and_port(true, "usher.example.org.:443", Some("https://usher.example.org"))]
#[case::capitals(true, "USHER.Example.ORG", Some("https://usher.example.org"))]
#[case::unicode(true, "türe.example", Some("https://xn--tre-hoa.example"))]
#[case::punycode(true, "XN--tre-hoa.example", Some("https://xn--tre-hoa.example"))]
#[case::six(true, "[2001:DB8:0::1]:443", Some("https://[2001:db8::1]"))]
#[case::four(false, "127.0.0.1:8080", Some("http://127.0.0.1:8080"))]
#[case::path(true, "a.example/b", None)]
#[case::user(true, "a@b.example", None)]
#[case::blank(true, "a b", None)]
#[case::port_in_words(true, "a.example:http", None)]
#[case::two(true, "a.example,b.example", None)]
#[case::empty(true, "", None)]
#[case::a_dot_alone(true, ".", None)]
fn an_origin_has_one_spelling(#[case] https: bool, #[case] authority: &str, #[case] expected: Option<&str>) {
    assert_eq!(origin(https, authority).as_deref(), expected);
}

#[rstest]
#[case("null")]
#[case("")]
#[case("https://")]
#[case("https://a.example/x")]
#[case("ftp://a.example")]
#[case("https://user@a.example")]
#[case("https://a.example https://b.example")]
fn anything_else_is_no_origin(#[case] text: &str) {
    assert_eq!(normal(text), None);
}

#[rstest]
#[case("localhost", true)]
#[case("LOCALHOST:8080", true)]
#[case("127.0.0.1:8080", true)]
#[case("127.1.2.3", true)]
#[case("[::1]:8080", true)]
#[case("[::1]", true)]
#[case("usher.example.org", false)]
#[case("localhost.example.org", false)]
#[case("10.0.0.1", false)]
#[case("", false)]
fn a_host_is_this_machine(#[case] host: &str, #[case] expected: bool) {
    assert_eq!(is_local(host), expected);
}

#[rstest]
#[case("x-forwarded-for")]
#[case("x-forwarded-anything")]
#[case("forwarded")]
#[case("via")]
#[case("x-real-ip")]
#[case("front-end-https")]
fn a_proxy_leaves_traces(#[case] name: &'static str) {
    assert!(is_proxied(&headers(&[(name, "")])) && !is_proxied(&headers(&[("host", "x"), ("x-forward", "y")])));
}
