//! How the code reads: a type name means one thing in the product, and no comment begins a sentence with a noun clause.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use source::items::declared_types;
use source::source_files;

/// Names that may stand for several types, with the reason.
const SHARED_NAMES: &[(&str, &str)] = &[("Inner", "the shared state behind a cheap handle; private to its file")];

/// Words that begin a noun clause or a fragment where a sentence should begin.
const NOUN_CLAUSES: [&str; 10] = ["Who", "Whom", "Whoever", "Whose", "What", "Of", "Those", "Nobody", "Somebody", "Everybody"];

/// Every source file of the product; the simulator shares nothing with it and has names of its own.
fn sources() -> Vec<(PathBuf, String)> {
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("src")];
    let mut found = Vec::new();
    while let Some(path) = folders.pop() {
        if path.is_dir() && !path.ends_with("simulator") {
            folders.extend(std::fs::read_dir(&path).expect("directory").map(|entry| entry.expect("entry").path()));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = std::fs::read_to_string(&path).expect("source");
            found.push((path, text));
        }
    }
    found
}

/// The text of a comment, without its slashes.
fn comment(line: &str) -> Option<&str> {
    let at = line.find("//").filter(|at| *at == 0 || line[..*at].ends_with(char::is_whitespace))?;
    (!line.contains("://")).then(|| line[at..].trim_start_matches(['/', '!']).trim())
}

fn begins_with_a_noun_clause(sentence: &str) -> bool {
    let first = sentence.split(|c: char| !c.is_alphanumeric() && c != '\'').next().unwrap_or_default();
    NOUN_CLAUSES.contains(&first) && !sentence.ends_with('?')
}

#[test]
fn a_type_name_means_one_thing() {
    let mut places: BTreeMap<&str, Vec<&Path>> = BTreeMap::new();
    for file in source_files().iter().filter(|file| file.module.first().is_none_or(|module| module != "simulator")) {
        for declared in declared_types(&file.tokens) {
            let is_shared = SHARED_NAMES.iter().any(|(known, _)| *known == declared.name);
            assert!(!is_shared || !declared.is_visible, "`{}` must be private in {}", declared.name, file.path.display());
            places.entry(declared.name).or_default().push(&file.path);
        }
    }
    assert!(places.len() > 500, "the types of the product: {}", places.len());
    let shared = |name: &str| SHARED_NAMES.iter().any(|(known, _)| *known == name);
    let twice: Vec<_> = places.iter().filter(|(name, paths)| paths.len() > 1 && !shared(name)).collect();
    assert!(twice.is_empty(), "these names stand for several types: {twice:#?}");
    let unused: Vec<_> = SHARED_NAMES.iter().filter(|(name, _)| places.get(*name).is_none_or(|paths| paths.len() < 2)).collect();
    assert!(unused.is_empty(), "these are listed and not shared: {unused:?}");
}

#[test]
fn comments_begin_sentences_with_their_subject() {
    let mut found = Vec::new();
    let mut lines = 0;
    for (path, text) in sources() {
        for (number, line) in text.lines().enumerate() {
            let Some(comment) = comment(line) else { continue };
            lines += 1;
            let sentences = comment.split_inclusive([' ']).fold(vec![String::new()], |mut sentences, word| {
                sentences.last_mut().expect("one").push_str(word);
                if word.trim_end().ends_with(['.', ':', ';']) {
                    sentences.push(String::new());
                }
                sentences
            });
            if sentences.iter().any(|sentence| begins_with_a_noun_clause(sentence.trim())) {
                found.push(format!("{}:{}: {comment}", path.display(), number + 1));
            }
        }
    }
    assert!(lines > 2000, "comment lines: {lines}");
    assert!(found.is_empty(), "say it with a subject and a verb:\n{}", found.join("\n"));
}

#[allow(dead_code, reason = "tests/architecture.rs uses the rest")]
#[path = "architecture/source/mod.rs"]
mod source;
