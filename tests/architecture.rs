//! The direction of dependencies: no circle among the modules, nothing that must not be known, and a simulator that knows none of the product.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Uses between modules that are forbidden, whatever else changes.
const NEVER: &[(&str, &[&str])] = &[
    ("http", &["cms", "store"]),
    ("cms", &["actions", "audit", "displays", "http", "hub", "moderation", "publisher", "view"]),
    ("model", &["accounts", "cms", "db", "http", "moderation", "store", "view"]),
    ("view", &["cms", "db", "http", "hub", "moderation", "store"]),
    ("hub", &["accounts", "cms", "http", "store"]),
];

/// The top modules of the product; the simulator is an independent witness and has a rule of its own.
fn modules() -> Vec<String> {
    let lib = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("lib.rs");
    let name = |line: &str| Some(line.split_once("mod ")?.1.strip_suffix(';')?.to_owned());
    lib.lines().filter(|line| !line.starts_with("//")).filter_map(name).collect()
}

fn uses(module: &str) -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source.join(format!("{module}.rs")), source.join(module)];
    let mut found = BTreeSet::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).expect("directory").map(|entry| entry.expect("entry").path()));
        // Modules may use anything in their tests.
        } else if path.extension().is_some_and(|ending| ending == "rs") && path.is_file() && !path.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).expect("source");
            let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            for rest in product.split("crate::").skip(1) {
                let group = rest.strip_prefix('{').and_then(|rest| rest.split_once('}')).map(|(group, _)| group);
                for path in group.unwrap_or(rest).split(',').take(if group.is_some() { usize::MAX } else { 1 }) {
                    let name: String = path.trim().chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                    if name != module {
                        found.insert(name);
                    }
                }
            }
        }
    }
    found
}

#[test]
fn no_modules_use_each_other_in_a_circle() {
    let mut left: BTreeMap<String, BTreeSet<String>> = modules().into_iter().map(|name| (name.clone(), uses(&name))).collect();
    assert!(left.len() > 20, "the modules of src/lib.rs: {left:?}");
    while let Some(leaf) = left.iter().find(|(_, used)| !used.iter().any(|name| left.contains_key(name))).map(|(name, _)| name.clone()) {
        left.remove(&leaf);
    }
    assert!(left.is_empty(), "these use each other: {left:?}");
}

#[test]
fn the_simulator_and_the_product_share_nothing() {
    assert_eq!(uses("simulator"), BTreeSet::new());
    let users: Vec<String> = modules().into_iter().filter(|name| uses(name).contains("simulator")).collect();
    assert_eq!(users, ["cli"], "only the command line starts it");
}

#[test]
fn what_must_not_be_known_is_not() {
    for (module, never) in NEVER {
        let used = uses(module);
        assert!(!used.is_empty() || *module == "model", "`{module}` was read");
        let known: Vec<_> = never.iter().filter(|name| used.contains(**name)).collect();
        assert!(known.is_empty(), "`{module}` must not know {known:?}");
    }
}

#[test]
fn only_the_store_names_the_map_it_is_made_of() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).expect("directory").map(|entry| entry.expect("entry").path()));
        } else if !path.ends_with("store/mod.rs") {
            assert!(!std::fs::read_to_string(&path).expect("source").contains("use dashmap"), "{}", path.display());
        }
    }
}

#[test]
fn only_the_clock_reads_the_machines_clock() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            let inner = std::fs::read_dir(&path).expect("directory").map(|entry| entry.expect("entry").path());
            files.extend(inner.filter(|path| !path.ends_with("simulator")));
        } else if path.file_name().is_some_and(|name| name != "clock.rs") {
            let text = std::fs::read_to_string(&path).expect("source");
            for word in ["SystemTime", "now_utc", "now_local"] {
                assert!(!text.contains(word), "{} reads the machine's clock by {word}", path.display());
            }
        }
    }
}

#[path = "architecture/bridge.rs"]
mod bridge;
#[path = "architecture/http.rs"]
mod http;
