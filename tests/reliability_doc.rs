//! docs/reliability.md names tests that exist.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

use std::path::Path;

const DOC: &str = include_str!("../docs/reliability.md");

/// Everything in backquotes that is a file of tests, with the test where one is named.
fn named() -> Vec<(&'static str, Option<&'static str>)> {
    let quoted = DOC.split('`').skip(1).step_by(2);
    let tests = quoted.filter_map(|word| match word.split_once("::") {
        Some((file, test)) => Some((file, Some(test))),
        None => word.ends_with(".spec.js").then_some((word, None)),
    });
    tests.collect()
}

#[test]
fn every_test_that_is_named_exists() {
    let named = named();
    assert!(named.len() > 25, "{named:?}");
    for (file, test) in named {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let source = std::fs::read_to_string(if file.starts_with("src/") { root.join(file) } else { root.join("tests").join(file) });
        let source = source.unwrap_or_else(|error| panic!("{file}: {error}"));
        if let Some(test) = test {
            assert!(source.contains(&format!("fn {test}(")), "{file} has no test {test}");
        }
    }
}

#[test]
fn every_test_of_a_fault_is_named() {
    for file in ["faults_events.rs", "faults_rest.rs", "faults_tls.rs", "faults_time.rs"] {
        let source = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(file)).unwrap();
        let mut tests = 0;
        for chunk in source.split("#[tokio::test]\nasync fn ").skip(1) {
            let name = chunk.split('(').next().unwrap();
            assert!(DOC.contains(&format!("`{file}::{name}`")), "docs/reliability.md lacks {file}::{name}");
            tests += 1;
        }
        assert!(tests > 0, "{file}");
    }
}
