//! The components of a bridge's actor stand alone: none names another one's module, types or methods. Only the routing knows them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The parts that hand everything to the components and route what these cause.
const ROUTING: [&str; 4] = ["dispatch", "handover", "mod", "routing"];

/// What every component may use. It knows no component.
const SHARED: [&str; 9] = ["backoff", "context", "effects", "event_coverage", "fault_codes", "memory", "metrics", "outgoing", "timers"];

/// The product's text of each part, a file or a directory, without comments and tests.
fn parts() -> BTreeMap<String, String> {
    let bridge = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/cms/bridge");
    let (mut parts, mut files) = (BTreeMap::<String, String>::new(), vec![bridge.clone()]);
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).expect("directory").map(|entry| entry.expect("entry").path()));
            continue;
        }
        let inside = path.strip_prefix(&bridge).expect("a file of the bridge");
        let part = inside.iter().next().and_then(|first| first.to_str()).expect("a name").trim_end_matches(".rs").to_owned();
        let source = std::fs::read_to_string(&path).expect("source");
        let product = source.split("#[cfg(test)]\nmod tests").next().unwrap_or_default();
        let code = product.lines().filter(|line| !line.trim_start().starts_with("//"));
        parts.entry(part).or_default().extend(code.flat_map(|line| [line, "\n"]));
    }
    parts
}

fn identifier(text: &str) -> &str {
    text.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or_default()
}

/// The types that other parts can see.
fn types(text: &str) -> BTreeSet<&str> {
    let visible = text.lines().map(str::trim_start).filter(|line| line.starts_with("pub"));
    let name = |line| ["struct ", "enum ", "trait ", "type "].iter().find_map(|kind| str::split_once(line, kind)).map(|(_, rest)| rest);
    visible.filter_map(name).map(identifier).collect()
}

/// The methods that other parts can see.
fn methods(text: &str) -> BTreeSet<&str> {
    let mut found = BTreeSet::new();
    for (at, _) in text.match_indices("fn ") {
        let before = text[..at].rsplit('\n').next().unwrap_or_default().trim_start();
        let (name, rest) = (identifier(&text[at + 3..]), &text[at + 3..]);
        let parameters = rest.split_once('(').map_or("", |(_, parameters)| parameters).trim_start();
        let first = parameters.split([',', ')']).next().unwrap_or_default();
        if before.starts_with("pub") && first.trim_start_matches(['&', ' ']).trim_start_matches("mut ") == "self" {
            found.insert(name);
        }
    }
    found
}

fn names(text: &str, word: &str) -> bool {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_alphanumeric() || c == '_');
    text.match_indices(word).any(|(at, _)| !is_part(text[..at].chars().next_back()) && !is_part(text[at + word.len()..].chars().next()))
}

#[test]
fn a_bridges_components_know_neither_each_other_nor_the_routing() {
    let parts = parts();
    let is_component = |part: &&String| !ROUTING.contains(&part.as_str()) && !SHARED.contains(&part.as_str());
    assert!(parts.keys().filter(is_component).count() >= 12, "the components: {:?}", parts.keys());
    let mut known = Vec::new();
    for (owner, text) in parts.iter().filter(|(part, _)| !SHARED.contains(&part.as_str())) {
        let owned = if is_component(&owner) { types(text) } else { BTreeSet::from(["super::Bridge", "impl Bridge"]) };
        let methods = methods(text);
        for (part, text) in parts.iter().filter(|(part, _)| *part != owner && !ROUTING.contains(&part.as_str())) {
            let modules = [format!("super::{owner}"), format!("bridge::{owner}")];
            known.extend(modules.iter().filter(|module| names(text, module)).map(|module| format!("{part} uses {module}")));
            known.extend(owned.iter().filter(|name| names(text, name)).map(|name| format!("{part} names {name}, which is of {owner}")));
            let called = methods.iter().filter(|name| is_component(&owner) && text.contains(&format!(".{name}(")));
            known.extend(called.map(|name| format!("{part} calls {name}, which is of {owner}")));
        }
    }
    assert!(known.is_empty(), "{known:#?}");
}
