//! `docs/architecture.md` and `src/lib.rs` name files that exist.

use std::path::{Path, PathBuf};

fn files_below(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("directory") {
        let path = entry.expect("entry").path();
        if path.is_dir() {
            if !path.ends_with("node_modules") {
                files_below(&path, found);
            }
            found.push(path.join(""));
        } else {
            found.push(path);
        }
    }
}

/// The code-formatted words of a text that are paths of files or folders.
fn named_paths(text: &str) -> Vec<&str> {
    let is_path = |word: &&str| {
        let file = [".rs", ".js", ".md", ".toml", ".json", ".yaml"].iter().any(|ending| word.ends_with(ending));
        (file || word.ends_with('/')) && !word.starts_with('/') && !word.contains([' ', '*', '<', '{', '('])
    };
    text.split('`').skip(1).step_by(2).filter(is_path).collect()
}

#[test]
fn every_file_that_the_map_names_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut files = Vec::new();
    for folder in ["src", "web", "tests", "docs", "templates"] {
        files_below(&root.join(folder), &mut files);
        files.push(root.join(folder).join(""));
    }
    files.push(root.join("usher.example.toml"));
    let exists = |name: &str| files.iter().any(|file| file.to_string_lossy().ends_with(&format!("/{name}")));
    for document in ["docs/architecture.md", "docs/tests.md", "src/lib.rs"] {
        let text = std::fs::read_to_string(root.join(document)).expect("the document");
        let named = named_paths(&text);
        assert!(named.len() > 5, "{document} names files: {named:?}");
        let missing: Vec<&str> = named.into_iter().filter(|name| !exists(name)).collect();
        assert!(missing.is_empty(), "{document} names files that don't exist: {missing:?}");
    }
}
