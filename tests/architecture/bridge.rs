//! The components of a bridge's actor stand alone: none names another one's module, types or methods. Only the routing knows them.

use std::collections::{BTreeMap, BTreeSet};

use super::source::items::{declared_types, visible_methods};
use super::source::product_files;

/// The parts that hand everything to the components and route what these cause.
const ROUTING: [&str; 4] = ["dispatch", "handover", "mod", "routing"];

/// What every component may use. It knows no component.
const SHARED: [&str; 9] =
    ["backoff", "context", "effects", "event_coverage", "fault_codes", "metrics", "outgoing", "saved_bridge_state", "timers"];

/// A module of the actor, with the modules inside it.
#[derive(Default)]
struct Part {
    tokens: Vec<String>,
    /// The paths that it names, from the root of the crate.
    uses: BTreeSet<Vec<String>>,
}

fn parts() -> BTreeMap<String, Part> {
    let mut parts = BTreeMap::<String, Part>::new();
    for file in product_files() {
        if let [cms, bridge, inside @ ..] = file.module.as_slice()
            && [cms, bridge] == ["cms", "bridge"]
        {
            let part = parts.entry(inside.first().map_or("mod", String::as_str).to_owned()).or_default();
            part.tokens.extend(file.tokens.iter().cloned());
            part.uses.extend(file.uses.iter().cloned());
        }
    }
    parts
}

/// The parts of the actor that a path from the root of the crate leads to: `mod` for what stands in `cms/bridge/mod.rs` itself.
fn part_of<'a>(path: &'a [String], parts: &BTreeMap<String, Part>) -> Option<&'a str> {
    let inside = path.strip_prefix(["cms".to_owned(), "bridge".to_owned()].as_slice())?;
    Some(inside.first().map(String::as_str).filter(|name| parts.contains_key(*name)).unwrap_or("mod"))
}

fn calls(tokens: &[String], method: &str) -> bool {
    tokens.windows(3).any(|three| three[0] == "." && three[1] == method && (three[2] == "(" || three[2] == "::"))
}

#[test]
fn a_bridges_components_know_neither_each_other_nor_the_routing() {
    let parts = parts();
    let listed: Vec<_> = ROUTING.iter().chain(&SHARED).filter(|part| !parts.contains_key(**part)).collect();
    assert!(listed.is_empty(), "these are listed and don't exist: {listed:?}");
    let is_component = |part: &str| !ROUTING.contains(&part) && !SHARED.contains(&part);
    let components: Vec<_> = parts.iter().filter(|(part, _)| is_component(part)).collect();
    assert!(components.len() >= 12, "the components: {:?}", parts.keys());
    assert!(components.iter().all(|(_, part)| part.uses.len() > 5), "what components use was read");
    let mut known = Vec::new();
    for (name, part) in parts.iter().filter(|(part, _)| !ROUTING.contains(&part.as_str())) {
        for path in &part.uses {
            let used = part_of(path, &parts).filter(|used| used != name && !SHARED.contains(used));
            known.extend(used.map(|used| format!("{name} uses {}, which is of {used}", path.join("::"))));
        }
        for (owner, owned) in components.iter().filter(|(owner, _)| *owner != name) {
            let types = declared_types(&owned.tokens).into_iter().filter(|declared| declared.is_visible).map(|declared| declared.name);
            let named = types.filter(|name| part.tokens.iter().any(|token| token == name));
            known.extend(named.map(|named| format!("{name} names {named}, which is of {owner}")));
            let called = visible_methods(&owned.tokens).into_iter().filter(|method| calls(&part.tokens, method));
            known.extend(called.map(|method| format!("{name} calls {method}, which is of {owner}")));
        }
    }
    assert!(known.is_empty(), "{known:#?}");
}
