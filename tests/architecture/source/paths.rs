//! The paths that a module names, from the root of the crate.

use std::collections::{BTreeMap, BTreeSet};

use super::tokens::{closing, is_word};
use super::{inline_modules, scope};

/// A path as it is written, and the module in which it stands.
type Written = (Vec<String>, Vec<String>);

/// The names that modules know by their own declarations.
#[derive(Default)]
struct Names {
    /// Modules that are declared, by their paths.
    modules: BTreeSet<Vec<String>>,
    /// What a `use` gave a name, by the paths of these names.
    imports: BTreeMap<Vec<String>, Written>,
}

impl Names {
    /// The path from the root of the crate. A path into another crate, or to something of the module itself, has none.
    fn resolve(&self, (scope, path): &Written, depth: usize) -> Option<Vec<String>> {
        let (first, rest) = path.split_first()?;
        let name = [scope.as_slice(), std::slice::from_ref(first)].concat();
        match first.as_str() {
            "crate" => Some(rest.to_vec()),
            "self" | "super" => {
                let steps = path.iter().take_while(|step| *step == "self" || *step == "super").count();
                let ups = path[..steps].iter().filter(|step| *step == "super").count();
                Some([&scope[..scope.len().checked_sub(ups)?], &path[steps..]].concat())
            }
            _ if self.modules.contains(&name) => Some([&name, rest].concat()),
            // A name may be imported from a crate of the same name: that ends nowhere.
            _ if depth > 0 => Some([&self.resolve(self.imports.get(&name)?, depth - 1)?, rest].concat()),
            _ => None,
        }
    }
}

/// The paths into this crate that a module's tokens name: those of `use`, each branch for itself, and those in the code.
pub(crate) fn paths_in(module: &[String], tokens: &[String]) -> BTreeSet<Vec<String>> {
    let inline = inline_modules(tokens);
    let mut names = Names::default();
    let mut written: Vec<Written> = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let scope = || [module, &scope(&inline, at)].concat();
        let before = at.checked_sub(1).map_or("", |before| tokens[before].as_str());
        let next = tokens.get(at + 1).map_or("", String::as_str);
        match tokens[at].as_str() {
            // `use<'a>` is a bound.
            "use" if next != "<" => {
                let end = at + tokens[at..].iter().position(|token| token == ";").expect("the end of a use");
                for (path, name) in use_tree(&tokens[at + 1..end], &[]) {
                    let path: Written = (scope(), path);
                    if let Some(name) = name {
                        names.imports.insert([scope(), vec![name]].concat(), path.clone());
                    }
                    written.push(path);
                }
                at = end;
            }
            // A visibility may be a path.
            "pub" if next == "(" => at = closing(tokens, at + 1),
            "mod" if is_word(next) => {
                names.modules.insert([scope(), vec![next.to_owned()]].concat());
                at += 1;
            }
            // Serde takes paths as texts.
            "serde" if before == "[" => {
                let texts = tokens[at..closing(tokens, at - 1)].iter().filter_map(|token| token.strip_prefix('"'));
                let paths = texts.filter(|text| text.contains("::")).map(super::tokens::tokens);
                written.extend(paths.map(|path| (scope(), path.into_iter().filter(|step| is_word(step)).collect())));
            }
            word if is_word(word) && before != "::" && before != "." => {
                let start = at;
                while tokens.get(at + 1).is_some_and(|sign| sign == "::") && tokens.get(at + 2).is_some_and(|word| is_word(word)) {
                    at += 2;
                }
                if at > start {
                    let inside = self::scope(&inline, start);
                    written.push(([module, &inside].concat(), tokens[start..=at].iter().step_by(2).cloned().collect()));
                }
            }
            _ => {}
        }
        at += 1;
    }
    written.iter().filter_map(|path| names.resolve(path, 8)).filter(|path| !path.is_empty()).collect()
}

/// The paths of a `use`, each with the name that it gives. Paths that begin with `::` lead to other crates and are left out.
fn use_tree(tree: &[String], before: &[String]) -> Vec<(Vec<String>, Option<String>)> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tree.len() {
        let mut path = before.to_vec();
        let mut name = None;
        let is_foreign = before.is_empty() && tree[at] == "::";
        while at < tree.len() && tree[at] != "," {
            match tree[at].as_str() {
                "::" | "$" => {}
                "{" => {
                    let end = closing(tree, at);
                    if !is_foreign {
                        found.extend(use_tree(&tree[at + 1..end], &path));
                    }
                    path.clear();
                    at = end;
                }
                "as" => {
                    at += 1;
                    name = tree.get(at).cloned();
                }
                // `a::{self}` is `a`.
                "self" if !path.is_empty() => {}
                step => path.push(step.to_owned()),
            }
            at += 1;
        }
        if !path.is_empty() && !is_foreign {
            let name = name.or_else(|| path.last().cloned()).filter(|name| name != "*" && name != "_");
            found.push((path, name));
        }
        at += 1;
    }
    found
}
