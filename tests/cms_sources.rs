//! The facts about CMS are in docs/cms. Code, tests and other documents cite its sections, and every cited section exists.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

const NOTES: [&str; 3] = ["rest.md", "events.md", "cdr.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

/// The numbers of the headings of one of the notes, such as `3.7`.
fn sections(note: &str) -> BTreeSet<String> {
    let text = std::fs::read_to_string(root().join("docs/cms").join(note)).unwrap();
    let headings = text.lines().filter(|line| line.starts_with('#')).map(|line| line.trim_start_matches('#').trim_start());
    headings.map(number).filter(|number| !number.is_empty()).collect()
}

/// The number that a text begins with, without the full stop of a sentence.
fn number(text: &str) -> String {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    text[..end].trim_end_matches('.').to_owned()
}

/// Each citation of a text: `rest.md section 3.7` and `rest.md 3.7`.
fn citations(text: &str) -> Vec<(&'static str, String)> {
    let of = |note: &'static str| {
        text.match_indices(note).filter_map(move |(at, _)| {
            let after = text[at + note.len()..].trim_start_matches([')', '`', ',']);
            let cited = after.trim_start();
            let cited = cited.strip_prefix("section").map_or(cited, str::trim_start);
            let number = number(cited);
            (after.starts_with(char::is_whitespace) && !number.is_empty()).then_some((note, number))
        })
    };
    NOTES.into_iter().flat_map(of).collect()
}

fn files(below: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(below).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !matches!(&*name, "node_modules" | "report" | "test-results" | "cms") {
            files(&path, found);
        } else if [".rs", ".md", ".js", ".toml", ".yaml"].iter().any(|ending| name.ends_with(ending)) {
            found.push(path);
        }
    }
}

#[test]
fn every_section_of_the_notes_that_is_cited_exists() {
    let known: BTreeMap<&str, BTreeSet<String>> = NOTES.into_iter().map(|note| (note, sections(note))).collect();
    let mut sources = Vec::new();
    ["src", "tests", "web", "docs", "benches"].iter().for_each(|below| files(&root().join(below), &mut sources));
    let (mut cited, mut missing) = (0, Vec::new());
    for path in sources {
        for (note, number) in citations(&std::fs::read_to_string(&path).unwrap_or_default()) {
            cited += 1;
            if !known[note].contains(&number) {
                missing.push(format!("{} cites {note} {number}", path.strip_prefix(root()).unwrap().display()));
            }
        }
    }
    assert!(cited > 100, "only {cited} citations were found");
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn citations_are_found_in_each_form() {
    let text = "(rest.md section 3.7), events.md 5.3. See cdr.md\u{20}2, rest.md, and events.md";
    let found = [("rest.md", "3.7".to_owned()), ("events.md", "5.3".to_owned()), ("cdr.md", "2".to_owned())];
    assert_eq!(citations(text), found);
}
