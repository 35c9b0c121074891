//! The web server's own direction: no circle among its files, and rooms that know only those below.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The rooms of `src/http` from the bottom up. A room knows those below it, and none of its own layer.
const HTTP_LAYERS: &[&[&str]] = &[
    &["cookies", "error", "paths"],
    &["connections", "html", "limits"],
    &["ws"],
    &["state"],
    &["middleware"],
    &["desk_socket", "ops", "pages", "wall"],
    &["router"],
    &["server"],
    &["mod"],
];

/// The files of `src/http`, as their modules' paths, and for each the files that it imports by `super::`, `crate::http::` or a child's name.
fn http_files() -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/http");
    let mut texts = BTreeMap::new();
    let mut files = vec![root.clone()];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(&path).expect("directory").map(|entry| entry.expect("entry").path()));
        } else if !path.to_string_lossy().ends_with("tests.rs") {
            let inside = path.strip_prefix(&root).expect("inside").with_extension("");
            let mut module: Vec<String> = inside.iter().map(|part| part.to_string_lossy().into_owned()).collect();
            module.pop_if(|last| last == "mod");
            let text = std::fs::read_to_string(&path).expect("source");
            texts.insert(module, text.split("#[cfg(test)]\nmod tests").next().unwrap_or_default().to_owned());
        }
    }
    let imports = |module: &Vec<String>, text: &str| -> BTreeSet<Vec<String>> {
        let paths = paths_in(text).into_iter().filter_map(|path| inside_http(module, &path, &texts));
        paths.filter(|file| file != module).collect()
    };
    texts.iter().map(|(module, text)| (module.clone(), imports(module, text))).collect()
}

/// All paths in a source text: those of `use` with their groups resolved, and those that stand in the code.
fn paths_in(text: &str) -> Vec<Vec<String>> {
    let code: Vec<&str> = text.lines().map(|line| line.split("//").next().unwrap_or_default()).collect();
    let code = code.join(" ");
    let mut paths = Vec::new();
    for (n, part) in code.split("use ").enumerate() {
        let (tree, rest) = if n == 0 { ("", part) } else { part.split_once(';').unwrap_or(("", part)) };
        resolve_groups(tree, &[], &mut paths);
        let words = rest.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':')).filter(|word| word.contains("::"));
        paths.extend(words.map(|word| word.split("::").map(str::to_owned).collect()));
    }
    paths
}

fn resolve_groups(tree: &str, before: &[String], paths: &mut Vec<Vec<String>>) {
    let mut depth = 0;
    let parts = tree.split(|c: char| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        c == ',' && depth == 0
    });
    for part in parts.map(str::trim).filter(|part| !part.is_empty()) {
        let (path, group) = part.split_once('{').unwrap_or((part, ""));
        let steps = path.split("::").map(|step| step.split_whitespace().next().unwrap_or_default().to_owned());
        let whole: Vec<String> = before.iter().cloned().chain(steps.filter(|step| !step.is_empty() && step != "self")).collect();
        match group.trim().strip_suffix('}') {
            Some(group) => resolve_groups(group, &whole, paths),
            None => paths.push(whole),
        }
    }
}

/// The file of `src/http` that a path leads to from a module, if it leads there.
fn inside_http(module: &[String], path: &[String], files: &BTreeMap<Vec<String>, String>) -> Option<Vec<String>> {
    let ups = path.iter().take_while(|step| *step == "super").count();
    let whole = match path {
        [krate, http, rest @ ..] if krate == "crate" && http == "http" => rest.to_vec(),
        [first, ..] if ups > 0 && first == "super" => [&module[..module.len().checked_sub(ups)?], &path[ups..]].concat(),
        [first, ..] if files.contains_key(&[module, std::slice::from_ref(first)].concat()) => [module, path].concat(),
        _ => return None,
    };
    // `crate::http` alone is how far an item is visible.
    if whole.is_empty() {
        return None;
    }
    (0..=whole.len()).rev().map(|length| whole[..length].to_vec()).find(|file| files.contains_key(file))
}

#[test]
fn no_files_of_http_import_each_other_in_a_circle() {
    let mut left = http_files();
    let imports = left.values().map(BTreeSet::len).sum::<usize>();
    assert!(left.len() > 40 && imports > 100, "{} files and {imports} imports of src/http were read", left.len());
    while let Some(leaf) = left.iter().find(|(_, used)| !used.iter().any(|file| left.contains_key(file))).map(|(file, _)| file.clone()) {
        left.remove(&leaf);
    }
    assert!(left.is_empty(), "these import each other: {left:?}");
}

#[test]
fn the_rooms_of_http_know_only_those_below() {
    let layer = |file: &Vec<String>| {
        let room = file.first().map_or("mod", String::as_str);
        let layer = HTTP_LAYERS.iter().position(|rooms| rooms.contains(&room));
        (layer.unwrap_or_else(|| panic!("`{room}` has no layer")), room.to_owned())
    };
    for (file, imports) in http_files() {
        let (own, room) = layer(&file);
        let above: Vec<_> = imports.iter().filter(|used| layer(used).0 >= own && layer(used).1 != room).collect();
        assert!(above.is_empty(), "`{}` must not know {above:?}", file.join("::"));
    }
}
