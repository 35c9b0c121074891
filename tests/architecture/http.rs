//! The web server's own direction: no circle among its files, and rooms that know only those below.

use std::collections::{BTreeMap, BTreeSet};

use super::source::product_files;

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

/// The files of `src/http`, as their modules' paths below `http`, and for each the other files that it names.
fn http_files() -> BTreeMap<Vec<String>, BTreeSet<Vec<String>>> {
    let inside = |path: &[String]| Some(path.strip_prefix(["http".to_owned()].as_slice())?.to_vec());
    let files: BTreeMap<_, _> = product_files().filter_map(|file| Some((inside(&file.module)?, &file.uses))).collect();
    // The last steps of a path are items of the file. `http` itself is a file, so that there is always one.
    let file_of = |path: Vec<String>| (0..=path.len()).rev().map(|length| path[..length].to_vec()).find(|file| files.contains_key(file));
    let imports = |file: &Vec<String>, uses: &BTreeSet<Vec<String>>| -> BTreeSet<Vec<String>> {
        uses.iter().filter_map(|path| file_of(inside(path)?)).filter(|used| used != file).collect()
    };
    files.iter().map(|(file, uses)| (file.clone(), imports(file, uses))).collect()
}

/// The name of the room in which a file is.
fn room(file: &[String]) -> &str {
    file.first().map_or("mod", String::as_str)
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
    let files = http_files();
    let rooms: BTreeSet<&str> = files.keys().map(|file| room(file)).collect();
    let mut listed: Vec<&str> = HTTP_LAYERS.concat();
    listed.sort_unstable();
    assert_eq!(listed, Vec::from_iter(rooms), "each room has one layer");
    let layer = |file: &[String]| HTTP_LAYERS.iter().position(|rooms| rooms.contains(&room(file)));
    for (file, imports) in &files {
        let above: Vec<_> = imports.iter().filter(|used| layer(used) >= layer(file) && room(used) != room(file)).collect();
        assert!(above.is_empty(), "`{}` must not know {above:?}", file.join("::"));
    }
}
