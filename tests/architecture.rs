//! Who may know whom: the modules point inwards, and the simulator knows none of them.

use std::collections::BTreeSet;
use std::path::Path;

/// What each module may use besides itself. `simulator` is an independent witness: nothing of ours.
const ALLOWED: &[(&str, &[&str])] = &[
    ("clock", &[]),
    ("system", &[]),
    ("word", &[]),
    ("log_limit", &[]),
    ("text", &[]),
    ("normal", &["text"]),
    ("config", &["normal", "system", "text"]),
    ("db", &["clock", "log_limit", "system"]),
    ("simulator", &[]),
    ("view", &["accounts", "config", "desk", "model", "text"]),
    ("model", &["view"]),
    ("desk", &["accounts", "actions", "clock", "config", "db", "log", "meetings", "model", "store", "view", "word"]),
    ("store", &["clock", "model"]),
    ("meetings", &["model", "store", "view"]),
    ("hub", &["text", "view"]),
    ("wall", &["hub", "normal", "view"]),
    ("displays", &["actions", "db", "log", "normal", "wall"]),
    ("actions", &["view"]),
    ("trouble", &["view"]),
    ("log", &["actions", "clock", "config", "db", "meetings", "model", "normal", "store", "trouble", "view", "word"]),
    ("accounts", &["config", "db", "normal", "text"]),
    ("receivers", &["cms", "config", "db", "model"]),
    ("memory", &["clock", "cms", "config", "db", "model", "receivers", "store", "view"]),
    ("publisher", &["clock", "config", "desk", "hub", "log", "meetings", "memory", "model", "store", "view", "wall"]),
    ("pem", &[]),
    ("supervisor", &["text"]),
    ("cms", &["clock", "config", "model", "pem", "store", "text"]),
    ("check", &["clock", "cms", "config", "db", "receivers"]),
    ("deeds", &["actions", "clock", "cms", "config", "db", "desk", "log", "meetings", "model", "store", "trouble", "view", "word"]),
    (
        "http",
        &[
            "accounts",
            "actions",
            "config",
            "db",
            "desk",
            "displays",
            "hub",
            "log",
            "log_limit",
            "pem",
            "receivers",
            "text",
            "view",
            "wall",
            "word",
        ],
    ),
    ("reload", &["cms", "config", "db", "desk", "http", "log", "receivers"]),
    (
        "app",
        &[
            "actions",
            "cms",
            "config",
            "db",
            "deeds",
            "desk",
            "displays",
            "http",
            "hub",
            "log",
            "memory",
            "publisher",
            "receivers",
            "reload",
            "store",
            "supervisor",
            "trouble",
            "wall",
        ],
    ),
    (
        "cli",
        &[
            "accounts",
            "app",
            "check",
            "clock",
            "cms",
            "config",
            "db",
            "http",
            "log",
            "normal",
            "receivers",
            "reload",
            "simulator",
            "system",
        ],
    ),
];

fn uses(module: &str) -> BTreeSet<String> {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source.join(format!("{module}.rs")), source.join(module)];
    let mut found = BTreeSet::new();
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).expect("directory").map(|entry| entry.expect("entry").path()));
        // What tests use for themselves is their own affair.
        } else if path.extension().is_some_and(|ending| ending == "rs") && path.is_file() && !path.ends_with("tests.rs") {
            let text = std::fs::read_to_string(&path).expect("source");
            let product = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            for rest in product.split("crate::").skip(1) {
                let name: String = rest.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect();
                if name != module {
                    found.insert(name);
                }
            }
        }
    }
    found
}

#[test]
fn modules_know_only_whom_they_may() {
    for (module, allowed) in ALLOWED {
        let unexpected: Vec<String> = uses(module).into_iter().filter(|used| !allowed.contains(&used.as_str())).collect();
        assert!(unexpected.is_empty(), "`{module}` uses {unexpected:?}; allowed: {allowed:?}");
    }
}

#[test]
fn every_module_has_a_rule() {
    let lib = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/lib.rs")).expect("lib.rs");
    for line in lib.lines().filter_map(|line| line.strip_prefix("pub mod ")) {
        let name = line.trim_end_matches(';');
        assert!(ALLOWED.iter().any(|(module, _)| *module == name), "say whom `{name}` may use");
    }
}

#[test]
fn only_the_store_names_the_map_it_is_made_of() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = vec![source];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).expect("directory").map(|entry| entry.expect("entry").path()));
        } else if path.file_name().is_some_and(|name| name != "store.rs") {
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
