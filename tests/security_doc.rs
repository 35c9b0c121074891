//! docs/security.md names tests that exist.

use std::path::Path;

const DOC: &str = include_str!("../docs/security.md");

/// Every `file::test` in backquotes; a file without a directory is one of tests/.
#[test]
fn every_test_that_is_named_exists() {
    let named: Vec<(&str, &str)> = DOC.split('`').skip(1).step_by(2).filter_map(|word| word.split_once("::")).collect();
    assert!(named.len() > 15, "{named:?}");
    for (file, test) in named {
        let path = if file.starts_with("src/") { file.to_owned() } else { format!("tests/{file}") };
        let source = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(&path));
        let source = source.unwrap_or_else(|error| panic!("{path}: {error}"));
        assert!(source.contains(&format!("fn {test}(")), "{path} has no test {test}");
    }
}
