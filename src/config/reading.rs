//! Parses the text of a configuration file. A key that can't be read is reported, and the others are read all the same. Validates no values.

use serde::Deserialize;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::error::{Mistake, Mistakes, is_secret, line_of};
use super::raw::RawConfig;

/// The most unreadable keys that are reported; a file with more is no configuration of Usher.
const MAX_UNREADABLE: usize = 100;

/// The keys that can be read, and the mistakes of the others.
pub(super) fn read(text: &str) -> Result<(RawConfig, Mistakes), ConfigError> {
    let (mut table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(ConfigError::syntax(text, &errors));
    }
    let mut mistakes = Mistakes::default();
    for _ in 0..MAX_UNREADABLE {
        let error = match RawConfig::deserialize(toml::Deserializer::from(table.clone())) {
            Ok(file) => return Ok((file, mistakes)),
            Err(error) => error,
        };
        // The key is removed, so that the next attempt finds the next mistake.
        match error.span().and_then(|span| remove_key(table.get_mut(), &span, "")) {
            Some(key) => mistakes.add(mistake(key, line_of(text, &error), error.message())),
            None => return Err(ConfigError::syntax(text, &[error])),
        }
    }
    Err(mistakes.error())
}

type Span = std::ops::Range<usize>;

/// Removes the innermost key that contains a span; returns its path, such as `bridge[0].url`.
fn remove_key(table: &mut DeTable<'_>, span: &Span, path: &str) -> Option<String> {
    let mut found = None;
    for (key, value) in table.iter_mut() {
        let path = if path.is_empty() { key.get_ref().to_string() } else { format!("{path}.{}", key.get_ref()) };
        if key.span() == *span {
            found = Some((key.get_ref().to_string(), path));
            break;
        }
        if let Some(inner) = remove_inner_key(value.get_mut(), span, &path) {
            return Some(inner);
        }
        let whole = value.span();
        if whole.start <= span.start && span.end <= whole.end {
            found = Some((key.get_ref().to_string(), path));
            break;
        }
    }
    let (name, path) = found?;
    table.remove(&*name);
    Some(path)
}

fn remove_inner_key(value: &mut DeValue<'_>, span: &Span, path: &str) -> Option<String> {
    match value {
        DeValue::Table(table) => remove_key(table, span, path),
        DeValue::Array(elements) => {
            let mut elements = elements.iter_mut().enumerate();
            elements.find_map(|(n, element)| remove_inner_key(element.get_mut(), span, &format!("{path}[{n}]")))
        }
        _ => None,
    }
}

/// Puts an error of serde into the words of other mistakes.
fn mistake(key: String, line: usize, message: &str) -> Mistake {
    let message = message.trim();
    let (got, allowed) = match message.split_once(", expected ").or_else(|| message.split_once(", there are ")) {
        Some((got, allowed)) => (got, in_words(allowed)),
        None => (message, "what usher.example.toml shows".to_owned()),
    };
    let got = got.strip_prefix("invalid type: ").or_else(|| got.strip_prefix("invalid value: ")).unwrap_or(got);
    // If the value may be secret, only the name of an unknown key is shown.
    let got = if is_secret(&key) && !got.starts_with("unknown field") { "something else" } else { got };
    Mistake::new(key, format!("{got} (line {line})"), allowed)
}

/// The type that serde expects, in plain words.
fn in_words(expected: &str) -> String {
    match expected {
        "a string" | "path string" => "a text in quotes".into(),
        "usize" | "u64" | "u32" => "a whole number, 0 or more".into(),
        "a boolean" => "true or false".into(),
        "a sequence" => "a list in brackets, [\"...\"]".into(),
        other if other.starts_with("struct ") => "a section of settings".into(),
        other => other.to_owned(),
    }
}
