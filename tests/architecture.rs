//! The direction of dependencies: no circle among the modules, nothing that must not be known, and a simulator that knows none of the product.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use source::{product_files, source_files};

/// Uses between modules that are forbidden, whatever else changes.
const NEVER: &[(&str, &[&str])] = &[
    ("http", &["actions", "cms", "publisher", "saved_state", "store", "view"]),
    (
        "cms",
        &[
            "accounts",
            "actions",
            "audit",
            "cdr_endpoints",
            "db",
            "displays",
            "http",
            "hub",
            "moderation",
            "publisher",
            "saved_state",
            "view",
        ],
    ),
    ("store", &["accounts", "actions", "audit", "cms", "config", "db", "displays", "http", "hub", "moderation", "publisher", "view"]),
    ("view", &["accounts", "actions", "audit", "cms", "db", "http", "hub", "moderation", "store"]),
    ("hub", &["accounts", "actions", "audit", "cms", "db", "http", "moderation", "store"]),
];

/// The modules that each module of `src/lib.rs` uses. Modules may use anything in their tests.
fn uses() -> BTreeMap<String, BTreeSet<String>> {
    let mut uses = BTreeMap::<String, BTreeSet<String>>::new();
    for file in product_files() {
        if let Some(module) = file.module.first() {
            let used = file.uses.iter().map(|path| &path[0]).filter(|used| *used != module);
            uses.entry(module.clone()).or_default().extend(used.cloned());
        }
    }
    assert!(uses.len() > 20, "the modules of src/lib.rs: {:?}", uses.keys());
    uses
}

/// All files in a folder and below.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let (mut found, mut left) = (Vec::new(), vec![folder.to_owned()]);
    while let Some(path) = left.pop() {
        if path.is_dir() {
            left.extend(std::fs::read_dir(&path).expect("directory").map(|entry| entry.expect("entry").path()));
        } else {
            found.push(path);
        }
    }
    found
}

#[test]
fn every_file_of_src_is_read() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let read: BTreeSet<PathBuf> = source_files().iter().map(|file| file.path.clone()).collect();
    let sources = files_below(&src).into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    let unread: Vec<_> = sources.filter(|path| !read.contains(path) && *path != src.join("main.rs")).collect();
    assert!(unread.is_empty(), "no `mod` leads to {unread:?}");
}

#[test]
fn paths_lead_to_modules_and_show_what_they_use() {
    let uses = uses();
    for (module, used) in &uses {
        let unknown: Vec<_> = used.iter().filter(|name| !uses.contains_key(*name)).collect();
        assert!(unknown.is_empty(), "`{module}` uses what is no module of src/lib.rs: {unknown:?}");
    }
    // `use super::*` would hide which modules are used. A module may re-export what is inside it.
    for file in product_files() {
        let hidden: Vec<_> = file.uses.iter().filter(|path| path.ends_with(&["*".to_owned()])).collect();
        let hidden: Vec<_> =
            hidden.into_iter().filter(|path| path.len() < file.module.len() + 2 || !path.starts_with(&file.module)).collect();
        assert!(hidden.is_empty(), "{} imports everything of {hidden:?}", file.path.display());
    }
}

#[test]
fn no_modules_use_each_other_in_a_circle() {
    let mut left = uses();
    while let Some(leaf) = left.iter().find(|(_, used)| !used.iter().any(|name| left.contains_key(name))).map(|(name, _)| name.clone()) {
        left.remove(&leaf);
    }
    assert!(left.is_empty(), "these use each other: {left:?}");
}

#[test]
fn the_simulator_and_the_product_share_nothing() {
    let uses = uses();
    assert_eq!(uses["simulator"], BTreeSet::new());
    let users: Vec<&String> = uses.iter().filter(|(_, used)| used.contains("simulator")).map(|(name, _)| name).collect();
    assert_eq!(users, ["cli"], "only the command line starts it");
}

#[test]
fn the_model_uses_no_other_module() {
    assert_eq!(uses()["model"], BTreeSet::new());
}

#[test]
fn what_must_not_be_known_is_not() {
    let uses = uses();
    for (module, never) in NEVER {
        assert!(uses.get(*module).is_some_and(|used| !used.is_empty()), "`{module}` was read");
        let gone: Vec<_> = never.iter().filter(|name| !uses.contains_key(**name)).collect();
        assert!(gone.is_empty(), "`{module}` must not know {gone:?}, but there are no such modules");
        let known: Vec<_> = never.iter().filter(|name| uses[*module].contains(**name)).collect();
        assert!(known.is_empty(), "`{module}` must not know {known:?}");
    }
}

#[test]
fn only_the_store_names_the_map_it_is_made_of() {
    let users = source_files().iter().filter(|file| file.tokens.iter().any(|token| token == "dashmap"));
    let users: Vec<String> = users.map(|file| file.module.join("::")).collect();
    assert_eq!(users, ["store"]);
}

#[test]
fn only_the_clock_reads_the_machines_clock() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for path in files_below(&src).into_iter().filter(|path| !path.starts_with(src.join("simulator")) && *path != src.join("clock.rs")) {
        let text = std::fs::read_to_string(&path).expect("source");
        for word in ["SystemTime", "UtcDateTime", "now_utc", "now_local"] {
            assert!(!text.contains(word), "{} reads the machine's clock by {word}", path.display());
        }
    }
}

#[path = "architecture/bridge.rs"]
mod bridge;
#[path = "architecture/http.rs"]
mod http;
#[path = "architecture/source/mod.rs"]
mod source;
#[path = "architecture/source_tests.rs"]
mod source_tests;
