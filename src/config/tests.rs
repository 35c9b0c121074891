use std::path::Path;

use rstest::rstest;

use super::*;

const BRIDGE: &str = "[[bridge]]\nname = \"eu-1\"\nurl = \"https://cms.example.org:444\"\nusername = \"api\"\npassword = \"hunter2\"\n";

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text, Path::new("."))
}

#[test]
fn the_smallest_configuration_is_one_bridge() {
    let config = parse(BRIDGE).expect("valid");
    assert_eq!(config.web.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.bridges[0].url, "https://cms.example.org:444");
    assert_eq!(config.bridges[0].trust, Trust::System);
}

#[rstest]
#[case("", (120, 300))]
#[case("[desk]\nlong_wait_s = 1\n", (1, 300))]
#[case("[desk]\nlong_wait_s = 600\n", (600, 1500))]
#[case("[desk]\ntoo_long_wait_s = 121\n", (120, 121))]
fn the_second_threshold_follows_the_first(#[case] desk: &str, #[case] expected: (u32, u32)) {
    let desk = parse(&format!("{BRIDGE}{desk}")).expect("valid").desk;
    assert_eq!((desk.first_s, desk.second_s), expected);
}

#[rstest]
#[case("", Some(10))]
#[case("ask_above = 1", Some(1))]
#[case("ask_above = 1000", Some(1000))]
#[case("ask_above = 0", None)]
#[case("ask_above = 1001", None)]
fn ask_above_has_bounds(#[case] line: &str, #[case] expected: Option<u32>) {
    let read = parse(&format!("{BRIDGE}[desk]\n{line}\n")).map(|config| config.desk.ask_above).ok();
    assert_eq!(read, expected);
}

#[test]
fn a_password_is_never_printed() {
    let config = parse(BRIDGE).expect("valid");
    assert!(!format!("{config:?}").contains("hunter2"));
}

#[rstest]
#[case("listen = \"here\"\n", "`listen`: got \"here\"; allowed: an address and port")]
#[case("public_url = \"https://x/:id\"\n", "a path of letters, digits")]
#[case("public_url = \"https://x/*\"\n", "a path of letters, digits")]
#[case("public_url = \"https://x/{rest}\"\n", "a path of letters, digits")]
#[case("public_url = \"https://x/a%2Fb\"\n", "a path of letters, digits")]
#[case("public_url = \"https://x/ü\"\n", "a path of letters, digits")]
#[case("public_url = \"https://x//a\"\n", "a path of letters, digits")]
#[case("public_url = \"https://x/a;b\"\n", "a path of letters, digits")]
#[case("public_url = \"https://x/metrics\"\n", "a path of letters, digits")]
#[case("public_url = \"ftp://x\"\n", "`public_url`: got \"ftp://x\"")]
#[case("trusted_proxies = [\"10.0.0.0/64\"]\n", "`trusted_proxies`: got \"10.0.0.0/64\"")]
#[case("sockets_per_user = 0\n", "`sockets_per_user`: got 0; allowed: 1 to 10000")]
#[case("lisen = \"127.0.0.1:1\"\n", "unknown field `lisen`")]
fn a_mistake_names_the_key_the_value_and_what_is_allowed(#[case] head: &str, #[case] expected: &str) {
    let error = parse(&format!("{head}{BRIDGE}")).expect_err("invalid").to_string();
    assert!(error.contains(expected), "{error}");
}

#[rstest]
#[case("https://cms.example.org/path", "bridge[0].url")]
#[case("http://cms.example.org", "bridge[0].url")]
#[case("cms.example.org", "bridge[0].url")]
fn a_bridge_address_is_https_without_path(#[case] url: &str, #[case] expected: &str) {
    let text = BRIDGE.replace("https://cms.example.org:444", url);
    let error = parse(&text).expect_err("invalid").to_string();
    assert!(error.contains(expected), "{error}");
}

#[rstest]
#[case("password = \"hunter2\"", "password = \"hunter2")]
#[case("password = \"hunter2\"", "password = hunter2")]
#[case("password = \"hunter2\"", "password = [\"hunter2\"]")]
#[case("username = \"api\"", "pasword = \"hunter2\"")]
fn an_unreadable_line_is_named_without_its_value(#[case] right: &str, #[case] wrong: &str) {
    let error = parse(&BRIDGE.replace(right, wrong)).expect_err("invalid").to_string();
    assert!(error.contains("line ") && !error.contains("hunter2"), "{error}");
}

/// The lines of the error.
fn mistakes(text: &str) -> Vec<String> {
    parse(text).expect_err("invalid").to_string().lines().map(|line| line.trim().to_owned()).collect()
}

#[test]
fn all_mistakes_are_said_at_once_each_with_its_key_its_value_and_what_is_allowed() {
    let text = r#"
listen = "here"
lisen = 1
public_url = "ftp://x"
trusted_proxies = ["10.0.0.0/8", "nobody", "10.0.0.0/64"]
sockets_per_user = "many"
[session]
max_hours = 0
[metrics]
token = 12345678
[tls]
cert_file = "missing.pem"
[cdr]
listen = 8090
[exclude]
names = "Board"
[cms]
in_flight = 9
rest_timeout_s = -1
[desk]
long_wait_s = 0
too_long_wait_s = 90000
[log]
keep_days = 1.5
[[bridge]]
name = "eu-1"
url = "http://cms.example.org"
username = "a:b"
password = ["hunter2"]
cdr = "push"
fingerprint = "ab"
[[bridge]]
name = "eu-1"
username = "api"
password_file = "missing"
pasword = "hunter2"
[[bridge]]
name = 3
url = "https://cms3.example.org"
username = "api"
password = "x"
insecure = true
ca_file = "ca.pem"
"#;
    let said = mistakes(text);
    let expected = [
        ("listen", "\"here\"", "127.0.0.1:8080"),
        ("lisen", "unknown field `lisen` (line 3)", "`listen`"),
        ("public_url", "\"ftp://x\"", "http(s)://"),
        ("trusted_proxies[1]", "\"nobody\"", "10.0.0.1"),
        ("trusted_proxies[2]", "\"10.0.0.0/64\"", "10.0.0.1"),
        ("sockets_per_user", "string \"many\" (line 6)", "a whole number"),
        ("session.max_hours", "0", "1 to 8760"),
        ("metrics.token", "something else (line 10)", "a text in quotes"),
        ("tls.cert_file", "missing.pem", "a readable file"),
        ("tls.key_file", "nothing", "PEM"),
        ("cdr.listen", "integer `8090` (line 14)", "a text in quotes"),
        ("exclude.names", "string \"Board\" (line 16)", "a list"),
        ("cms.in_flight", "9", "2 to 8"),
        ("cms.rest_timeout_s", "integer `-1` (line 19)", "a whole number"),
        ("desk.long_wait_s", "0", "1 to 86399"),
        ("desk.too_long_wait_s", "90000", "2 to 86400"),
        ("log.keep_days", "floating point `1.5` (line 24)", "a whole number"),
        ("bridge[0].url", "\"http://cms.example.org\"", "https://host"),
        ("bridge[0].username", "\"a:b\"", "without a colon"),
        ("bridge[0].password", "something else (line 29)", "a text in quotes"),
        ("bridge[0].cdr", "unknown variant `push` (line 30)", "`register`"),
        ("bridge[0].fingerprint", "\"ab\"", "64 hexadecimal digits"),
        ("bridge[1].url", "nothing", "https://"),
        ("bridge[1].name", "\"eu-1\"", "a name no other bridge has"),
        ("bridge[1].password_file", "missing", "a readable file"),
        ("bridge[1].pasword", "unknown field `pasword` (line 36)", "`password`"),
        ("bridge[2].name", "integer `3` (line 38)", "a text in quotes"),
        ("bridge[2]", "several of ca_file, fingerprint, insecure", "at most one"),
    ];
    for (key, got, allowed) in expected {
        let start = format!("configuration key `{key}`: got ");
        let line = said.iter().find(|line| line.starts_with(&start)).unwrap_or_else(|| panic!("{key} in {said:#?}"));
        let (what, range) = line[start.len()..].split_once("; allowed: ").expect("both");
        assert!(what.contains(got) && range.contains(allowed), "{line}");
    }
    assert_eq!(said[0], format!("the configuration has {} mistakes:", expected.len()));
    assert_eq!(said.len(), expected.len() + 1, "nothing that follows from another: {said:#?}");
    assert!(!said.join(" ").contains("hunter2") && !said.join(" ").contains("12345678"), "{said:?}");
}

#[test]
fn lines_that_are_no_toml_are_all_named() {
    let said = parse(&format!("listen = here\nsockets_per_user = 1 2\n{BRIDGE}")).expect_err("no TOML").to_string();
    assert!(said.contains("line 1 (listen)") && said.contains("line 2 (sockets_per_user)"), "{said}");
}

#[test]
fn a_section_instead_of_a_value_or_the_reverse_is_named() {
    for (text, key) in [("[listen]\nx = 1\n", "listen"), ("tls = \"x\"\n", "tls"), ("bridge = 1\n", "bridge"), ("cms = []\n", "cms")] {
        let said = mistakes(text);
        assert!(said.iter().any(|line| line.contains(&format!("configuration key `{key}`"))), "{key}: {said:?}");
    }
}

#[test]
fn a_file_with_endless_mistakes_gets_a_bounded_error() {
    let text: String = (0..500).map(|n| format!("key{n} = {n}\n")).collect();
    let said = mistakes(&format!("{text}{BRIDGE}"));
    assert!(said.len() < 60 && said.last().is_some_and(|line| line.starts_with("and ")), "{said:?}");
}

#[test]
fn a_byte_order_mark_and_windows_line_ends_are_accepted() {
    let text = format!("\u{feff}listen = \"127.0.0.1:9\"\r\n{}", BRIDGE.replace('\n', "\r\n"));
    assert_eq!(parse(&text).expect("valid").web.listen.port(), 9);
}

#[test]
fn exactly_one_source_of_the_password_is_needed() {
    let error = parse(&format!("{BRIDGE}password_env = \"X\"\n")).expect_err("two").to_string();
    assert!(error.contains("exactly one of them"), "{error}");
    assert!(!error.contains("hunter2"));
}

#[test]
fn two_bridges_cannot_share_a_name() {
    let second = BRIDGE.replace("cms.example.org", "other.example.org");
    let error = parse(&format!("{BRIDGE}{second}")).expect_err("same name").to_string();
    assert!(error.contains("bridge[1].name"), "{error}");
}

#[test]
fn a_fingerprint_may_have_colons() {
    let pin = vec!["AB"; 32].join(":");
    let config = parse(&format!("{BRIDGE}fingerprint = \"{pin}\"\n")).expect("valid");
    assert_eq!(config.bridges[0].trust, Trust::Fingerprint([0xab; 32]));
}

#[rstest]
#[case("10.0.0.0/8", "10.200.3.4", true)]
#[case("10.0.0.0/8", "11.0.0.1", false)]
#[case("127.0.0.1", "127.0.0.1", true)]
#[case("127.0.0.1", "::ffff:127.0.0.1", true)]
#[case("2001:db8::/33", "2001:db8:7fff::1", true)]
#[case("2001:db8::/33", "2001:db8:8000::1", false)]
fn a_proxy_is_trusted_by_its_range(#[case] range: &str, #[case] address: &str, #[case] expected: bool) {
    let config = parse(&format!("trusted_proxies = [\"{range}\"]\n{BRIDGE}")).expect("valid");
    assert_eq!(config.web.trusted_proxies[0].contains(address.parse().expect("address")), expected);
}

#[test]
fn settings_that_need_a_restart_are_kept_and_named_on_reload() {
    let running = parse(BRIDGE).expect("valid");
    let text = format!(
        "listen = \"127.0.0.1:9\"\ndata_dir = \"other\"\npublic_url = \"https://desk.example\"\nsockets_per_user = 3\n[cdr]\nlisten = \"127.0.0.1:8\"\n{BRIDGE}[cms]\nin_flight = 2\n"
    );
    let mut read = parse(&text).expect("valid");
    assert_eq!(read.keep_startup_settings(&running), ["listen", "cdr.listen", "data_dir", "public_url"]);
    assert_eq!((read.web.listen, &read.data_dir, &read.web.public_url), (running.web.listen, &running.data_dir, &None));
    assert_eq!((read.web.sockets_per_user, read.cms.in_flight), (3, 2), "the other settings are applied");
    assert!(parse(BRIDGE).expect("valid").keep_startup_settings(&running).is_empty());
}

#[rstest]
#[case::this_machine("listen = \"127.0.0.1:80\"\n", false)]
#[case::this_machine_by_ipv6("listen = \"[::1]:80\"\n", false)]
#[case::every_address("listen = \"0.0.0.0:80\"\n", true)]
#[case::every_ipv6_address("listen = \"[::]:80\"\n", true)]
#[case::one_address("listen = \"192.0.2.1:80\"\n", true)]
#[case::behind_a_proxy("listen = \"0.0.0.0:80\"\ntrusted_proxies = [\"192.0.2.1\"]\n", false)]
fn plain_http_to_other_machines_is_detected(#[case] text: &str, #[case] plain: bool) {
    assert_eq!(parse(&format!("{text}{BRIDGE}")).expect("valid").web.serves_plain_http_remotely(), plain);
}
