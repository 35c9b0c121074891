//! `usher.example.toml` and the configuration of docs/compose are valid and complete. Starts nothing.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::path::Path;

use usher::config::{CmsLimits, Config, Timing};

const EXAMPLE: &str = include_str!("../usher.example.toml");
const RAW: &str = include_str!("../src/config/raw.rs");
const RULES: &str = include_str!("../src/config/filter.rs");

#[test]
fn the_example_is_valid_as_it_is() {
    let config = Config::load(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/usher.example.toml"))).unwrap();
    assert_eq!(config.bridges.len(), 1);
}

/// The fields of every section as `raw.rs` reads them, `[section] key` by `[section] key`.
fn keys_of(source: &str, structs: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut keys = Vec::new();
    for (name, section) in structs {
        let body =
            source.split(&format!("struct {name} {{")).nth(1).unwrap_or_else(|| panic!("no struct {name}")).split('}').next().unwrap();
        let fields = body
            .lines()
            .filter_map(|line| line.trim().split_once(": "))
            .filter(|(key, _)| !key.contains(['#', '/']) && (!key.contains('(') || key.starts_with("pub(super)")));
        keys.extend(
            fields.map(|(key, _)| ((*section).to_owned(), key.trim_start_matches("pub ").trim_start_matches("pub(super) ").to_owned())),
        );
    }
    keys
}

/// Every line that is a setting or a section, also when it is commented out.
fn mentioned() -> Vec<(String, String)> {
    let mut section = String::new();
    let mut keys = Vec::new();
    for line in EXAMPLE.lines().map(|line| line.strip_prefix("# ").unwrap_or(line)) {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_start_matches('[').split(']').next().unwrap().to_owned();
            keys.push((String::new(), section.clone()));
        } else if let Some((key, _)) = line.split_once(" = ")
            && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
        {
            keys.push((section.clone(), key.to_owned()));
        }
    }
    keys
}

#[test]
fn the_example_mentions_every_setting_and_no_other() {
    let raw = [
        ("RawConfig", ""),
        ("RawTls", "tls"),
        ("RawSession", "session"),
        ("RawMetrics", "metrics"),
        ("RawCdr", "cdr"),
        ("RawBridge", "bridge"),
        ("RawCms", "cms"),
        ("RawDesk", "desk"),
        ("RawLog", "log"),
    ];
    let mut expected = keys_of(RAW, &raw);
    expected.extend(keys_of(RULES, &[("Rules", "include"), ("Rules", "exclude")]));
    assert!(expected.len() > 30, "{expected:?}");
    let found = mentioned();
    for key in &expected {
        assert!(found.contains(key), "usher.example.toml lacks {key:?}");
    }
    for key in &found {
        assert!(expected.contains(key), "usher.example.toml has {key:?}, which is no setting");
    }
}

/// The lines behind a `#` that hold a default: no prose, no example, no alternative.
#[test]
fn the_defaults_it_names_are_the_defaults() {
    let defaults = EXAMPLE.lines().filter_map(|line| line.strip_prefix("# ")).filter(|line| {
        let setting = line.split_once(" = ").is_some_and(|(key, _)| key.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        let plain = !line.contains('#') || line.contains("= []");
        plain && (setting || ["[cms]", "[desk]", "[include]", "[exclude]", "[log]"].contains(line))
    });
    let text: String = defaults.skip_while(|line| !line.starts_with("listen")).map(|line| format!("{line}\n")).collect();
    let before_bridges: String = text
        .lines()
        .filter(|line| ["listen", "data_dir", "sockets"].iter().any(|key| line.starts_with(key)))
        .map(|line| format!("{line}\n"))
        .collect();
    let cms = text.split("[include]").nth(1).unwrap();
    let bridge = "[[bridge]]\nname = \"a\"\nurl = \"https://a\"\nusername = \"u\"\npassword = \"p\"\n";
    let dir = Path::new(".");
    let named = Config::parse(&format!("{before_bridges}{bridge}[include]{cms}"), dir).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let bare = Config::parse(bridge, dir).unwrap();
    assert_eq!(format!("{named:?}"), format!("{bare:?}"));
    assert_eq!(format!("{:?}", named.cms), format!("{:?}", CmsLimits::default()));
    assert_eq!(named.log_keep_days, 400);
    assert_eq!(format!("{:?}", named.timing), format!("{:?}", Timing::default()));
}

/// In the container its password comes from the environment and its authority from a volume.
#[test]
fn the_configuration_for_containers_is_valid() {
    let text = include_str!("../docs/compose/usher.toml").replace("password_env = \"SIMULATOR_PASSWORD\"", "password = \"x\"");
    let text = text.replace("ca_file = \"/simulator/ca.pem\"", "");
    let config = Config::parse(&text, Path::new("/etc/usher")).unwrap();
    assert_eq!((config.bridges.len(), config.data_dir.as_path()), (2, Path::new("/data")));
}
