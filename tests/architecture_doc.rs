//! The documents and `src/lib.rs` name files that exist.

use std::path::Path;

/// The folders of the repository. A path that begins with one is a whole path.
const FOLDERS: [&str; 8] = ["src", "web", "tests", "docs", "templates", "benches", ".ci", ".github"];

/// The endings by which a word is the name of a file.
const ENDINGS: [&str; 14] = ["rs", "js", "ts", "md", "toml", "json", "yaml", "yml", "css", "html", "xml", "txt", "svg", "png"];

/// Documents that must name files: the maps of the code.
const MAPS: [&str; 3] = ["docs/architecture.md", "docs/tests.md", "src/lib.rs"];

/// Files that administrators write themselves.
const FILES_OF_ADMINISTRATORS: [&str; 1] = ["docker-compose.override.yml"];

/// The paths of all files and folders below a folder, from the root. Those of folders end with `/`.
fn paths_below(root: &Path, folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).expect("directory") {
        let path = entry.expect("entry").path();
        let name = path.strip_prefix(root).expect("inside").to_str().expect("a name in UTF-8").to_owned();
        if !path.is_dir() {
            found.push(name);
        } else if !path.ends_with("node_modules") {
            found.push(name + "/");
            paths_below(root, &path, found);
        }
    }
}

fn existing_paths(root: &Path) -> Vec<String> {
    let files = std::fs::read_dir(root).expect("the root").map(|entry| entry.expect("entry").path()).filter(|path| path.is_file());
    let mut found: Vec<String> = files.map(|path| path.file_name().expect("a name").to_string_lossy().into_owned()).collect();
    for folder in FOLDERS {
        found.push(format!("{folder}/"));
        paths_below(root, &root.join(folder), &mut found);
    }
    found
}

/// The code-formatted paths of files and folders in a text.
fn named_paths(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).filter_map(named_path).collect()
}

/// The path that a piece of code is. Of a command it is the program, of `file.rs::test` the file.
fn named_path(code: &str) -> Option<&str> {
    let word = code.split_whitespace().next()?;
    let path = word.split("::").next().unwrap_or_default();
    let has_ending = path.rsplit_once('.').is_some_and(|(name, ending)| !name.is_empty() && ENDINGS.contains(&ending));
    let is_name = word == code && (has_ending || path.ends_with('/'));
    // What begins with a slash is an address on a server, or a path on an administrator's machine.
    let is_foreign = path.starts_with('/') || path.contains("://") || FILES_OF_ADMINISTRATORS.contains(&path);
    ((is_whole(path) || is_name) && !is_foreign).then_some(path)
}

/// Whether a path begins at the root of the repository. Others may leave out where they begin.
fn is_whole(path: &str) -> bool {
    path.split_once('/').is_some_and(|(first, _)| FOLDERS.contains(&first))
}

/// Whether a path leads to a file or a folder. `*` and `<word>` stand for any characters, once.
fn exists(path: &str, existing: &[String]) -> bool {
    let pattern = path.split_once(['*', '<']).map(|(start, rest)| (start, rest.split_once('>').map_or(rest, |(_, end)| end)));
    existing.iter().any(|known| {
        let known = if path.ends_with('/') { known } else { known.trim_end_matches('/') };
        match pattern {
            Some((start, end)) => known.strip_prefix(start).is_some_and(|rest| rest.ends_with(end)),
            None => known == path || (!is_whole(path) && known.ends_with(&format!("/{path}"))),
        }
    })
}

/// The documents, and the module documentation that is the map of the code.
fn documents(existing: &[String]) -> Vec<&str> {
    let documents: Vec<&str> = existing.iter().map(String::as_str).filter(|path| path.ends_with(".md") || *path == "src/lib.rs").collect();
    for known in MAPS.iter().chain(&["README.md", "CONTRIBUTING.md", "docs/cms/README.md"]) {
        assert!(documents.contains(known), "{known} is a document: {documents:?}");
    }
    documents
}

#[test]
fn every_file_that_a_document_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let existing = existing_paths(root);
    let mut missing = Vec::new();
    for document in documents(&existing) {
        let text = std::fs::read_to_string(root.join(document)).expect("the document");
        let named = named_paths(&text);
        assert!(named.len() > 5 || !MAPS.contains(&document), "{document} names files: {named:?}");
        missing.extend(named.into_iter().filter(|path| !exists(path, &existing)).map(|path| format!("{document}: {path}")));
    }
    assert!(missing.is_empty(), "documents name files that don't exist: {missing:#?}");
}

#[test]
fn paths_are_told_from_other_code() {
    let text = "`a.rs` `src/x` `x/` `tests/run rust <file>` `src/a.rs::name` `web/i18n/*.json` `style.css` `page.html` `ci.yml`
        `usher --config usher.toml` `/wall/t/` `/etc/usher/usher.toml` `https://` `.rs` `name` `a.name` `and/or` `docker-compose.override.yml`
        ```\ntests/run\n``` a.js `b.js`";
    let named =
        ["a.rs", "src/x", "x/", "tests/run", "src/a.rs", "web/i18n/*.json", "style.css", "page.html", "ci.yml", "tests/run", "b.js"];
    assert_eq!(named_paths(text), named);
}

#[test]
fn a_path_exists_from_the_root_or_by_its_end() {
    let existing = ["src/", "src/http/", "src/http/a.rs", "web/i18n/", "web/i18n/en.json", "LICENSE"].map(str::to_owned);
    for path in
        ["src/http", "src/http/", "src/http/a.rs", "http/a.rs", "http/", "a.rs", "LICENSE", "web/i18n/*.json", "web/i18n/<code>.json"]
    {
        assert!(exists(path, &existing), "{path}");
    }
    for path in ["src/a.rs", "src/b", "src/http/a", "b.rs", "ttp/a.rs", "p/", "web/i18n/*.js", "web/<x>.json.json", "src/http/a.rs/"] {
        assert!(!exists(path, &existing), "{path}");
    }
}
