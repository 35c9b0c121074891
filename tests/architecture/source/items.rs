//! The types and methods that a source declares.

use std::collections::BTreeSet;

use super::tokens::{closing, is_word};

/// A declared type: struct, enum, trait or alias.
#[derive(Debug, PartialEq)]
pub(crate) struct DeclaredType<'a> {
    pub(crate) name: &'a str,
    /// Declared with `pub`, however far.
    pub(crate) is_visible: bool,
}

/// The types that tokens declare. The name of an associated type belongs to its trait and is left out.
pub(crate) fn declared_types(tokens: &[String]) -> Vec<DeclaredType<'_>> {
    let mut found = Vec::new();
    // Whether each open brace is that of an `impl` or a trait.
    let mut braces = Vec::new();
    let mut has_associated_items = false;
    for (at, token) in tokens.iter().enumerate() {
        let before = at.checked_sub(1).map_or("", |before| tokens[before].as_str());
        let is_associated = token == "type" && braces.last() == Some(&true);
        match token.as_str() {
            "{" => braces.push(std::mem::take(&mut has_associated_items)),
            "}" => drop(braces.pop()),
            ";" => has_associated_items = false,
            // Elsewhere `impl` is a type.
            "impl" if matches!(before, "" | "{" | "}" | ";" | "]" | "unsafe") => has_associated_items = true,
            "struct" | "enum" | "trait" | "type" if !is_associated => {
                has_associated_items = token == "trait";
                let name = tokens.get(at + 1).filter(|name| is_word(name));
                found.extend(name.map(|name| DeclaredType { name, is_visible: is_visible(tokens, at) }));
            }
            _ => {}
        }
    }
    found
}

/// The methods that are declared with `pub`, however far.
pub(crate) fn visible_methods(tokens: &[String]) -> BTreeSet<&str> {
    let functions = tokens.windows(2).enumerate().filter(|(_, two)| two[0] == "fn" && is_word(&two[1]));
    let methods = functions.filter(|(at, _)| {
        let Some(open) = parameters(tokens, at + 2) else { return false };
        // `&'a mut self` and the like.
        let first = tokens[open + 1..closing(tokens, open)].split(|token| token == "," || token == ":").next().unwrap_or_default();
        is_visible(tokens, *at) && first.last().is_some_and(|name| name == "self")
    });
    methods.map(|(_, two)| two[1].as_str()).collect()
}

/// Where the parameters of a function begin, behind the generic ones.
fn parameters(tokens: &[String], mut at: usize) -> Option<usize> {
    let mut depth = 0_usize;
    loop {
        match tokens.get(at)?.as_str() {
            "(" if depth == 0 => return Some(at),
            "<" => depth += 1,
            ">" if tokens[at - 1] != "-" => depth = depth.checked_sub(1)?,
            _ => {}
        }
        at += 1;
    }
}

/// Whether the item whose keyword stands at an index is declared with `pub`.
fn is_visible(tokens: &[String], keyword: usize) -> bool {
    let is_modifier = |token: &&String| matches!(token.as_str(), "async" | "const" | "unsafe" | "extern") || token.starts_with('"');
    let mut before = tokens[..keyword].iter().rev().skip_while(is_modifier);
    match before.next().map(String::as_str) {
        Some("pub") => true,
        Some(")") => before.skip_while(|token| *token != "(").nth(1).is_some_and(|token| token == "pub"),
        _ => false,
    }
}
