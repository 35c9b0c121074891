//! Reads the Rust sources as far as the tests of their structure need it: tokens, modules, and the paths that a module names.

pub(crate) mod items;
pub(crate) mod paths;
pub(crate) mod tokens;

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use paths::paths_in;
use tokens::{closing, is_word, tokens};

/// One file of `src`, reached from `src/lib.rs` by `mod` declarations.
pub(crate) struct SourceFile {
    pub(crate) path: PathBuf,
    /// The module that the file is, from the root of the crate.
    pub(crate) module: Vec<String>,
    /// Only compiled for unit tests, which may use anything.
    pub(crate) is_test: bool,
    /// The tokens of the file without its test modules.
    pub(crate) tokens: Vec<String>,
    /// The paths into this crate that these tokens name, from the root of the crate.
    pub(crate) uses: BTreeSet<Vec<String>>,
}

/// A `mod` declaration whose content is another file.
pub(crate) struct ChildFile {
    /// The inline modules around the declaration, and the name itself.
    pub(crate) module: Vec<String>,
    /// The value of its `#[path]`.
    pub(crate) path: Option<String>,
    pub(crate) is_test: bool,
}

/// All files of the library, those of unit tests too.
pub(crate) fn source_files() -> &'static [SourceFile] {
    static FILES: LazyLock<Vec<SourceFile>> = LazyLock::new(read_files);
    &FILES
}

/// The files of the program itself, without those of unit tests.
pub(crate) fn product_files() -> impl Iterator<Item = &'static SourceFile> {
    source_files().iter().filter(|file| !file.is_test)
}

/// Follows the `mod` declarations from `src/lib.rs` on.
fn read_files() -> Vec<SourceFile> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut left = vec![(Vec::new(), src.join("lib.rs"), src, false)];
    while let Some((module, path, folder, is_test)) = left.pop() {
        let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (tokens, children) = without_test_modules(&tokens(&text));
        for child in children {
            let (name, outer) = child.module.split_last().expect("a name");
            let inside = outer.iter().fold(folder.clone(), |folder, name| folder.join(name));
            let (file, folder) = match child.path {
                Some(given) => {
                    let file = if outer.is_empty() { path.with_file_name(given) } else { inside.join(given) };
                    (file.clone(), file.parent().expect("a folder").to_owned())
                }
                None if inside.join(name).with_extension("rs").exists() => (inside.join(name).with_extension("rs"), inside.join(name)),
                None => (inside.join(name).join("mod.rs"), inside.join(name)),
            };
            left.push(([module.clone(), child.module].concat(), file, folder, is_test || child.is_test));
        }
        let uses = paths_in(&module, &tokens);
        found.push(SourceFile { path, module, is_test, tokens, uses });
    }
    found
}

/// Whether an attribute, without its brackets, leaves an item out of the program.
fn is_for_tests(attribute: &[String]) -> bool {
    let has = |word: &str| attribute.iter().any(|token| token == word);
    attribute.first().is_some_and(|name| name == "cfg") && has("test") && !has("not") && !has("any")
}

/// The tokens without test modules, and the modules in other files. Whatever follows a test module stays.
pub(crate) fn without_test_modules(tokens: &[String]) -> (Vec<String>, Vec<ChildFile>) {
    let mut kept = Vec::new();
    let mut children = Vec::new();
    let inline = inline_modules(tokens);
    let mut at = 0;
    while at < tokens.len() {
        let before = at;
        let (mut is_test, mut path) = (false, None);
        while at + 1 < tokens.len() && tokens[at] == "#" && tokens[at + 1] == "[" {
            let end = closing(tokens, at + 1);
            let attribute = &tokens[at + 2..end];
            is_test |= is_for_tests(attribute);
            if attribute.first().is_some_and(|name| name == "path") {
                path = attribute.last().map(|text| text[1..].to_owned());
            }
            at = end + 1;
        }
        match &tokens[at..] {
            [word, open, ..] if word == "pub" && open == "(" => at = closing(tokens, at + 1) + 1,
            [word, ..] if word == "pub" => at += 1,
            _ => {}
        }
        match &tokens[at..] {
            [word, name, end, ..] if word == "mod" && end == ";" => {
                let module = [scope(&inline, at), vec![name.clone()]].concat();
                children.push(ChildFile { module, path, is_test });
                at += 3;
            }
            [word, _, open, ..] if word == "mod" && open == "{" && is_test => {
                at = closing(tokens, at + 2) + 1;
                continue;
            }
            // Something else: its attributes and its `pub` stay.
            _ => at = at.max(before + 1),
        }
        kept.extend_from_slice(&tokens[before..at]);
    }
    (kept, children)
}

/// The modules whose content stands between braces, the outer ones first.
fn inline_modules(tokens: &[String]) -> Vec<(Range<usize>, String)> {
    let starts = tokens.windows(3).enumerate().filter(|(_, three)| three[0] == "mod" && is_word(&three[1]) && three[2] == "{");
    starts.map(|(at, three)| (at + 2..closing(tokens, at + 2), three[1].clone())).collect()
}

/// The names of the inline modules around a token.
fn scope(inline: &[(Range<usize>, String)], at: usize) -> Vec<String> {
    inline.iter().filter(|(range, _)| range.contains(&at)).map(|(_, name)| name.clone()).collect()
}
