//! Reads the text of a configuration file: what can't be read of it is a mistake of its key and costs no other key. Judges no value.

use serde::Deserialize;
use toml::de::{DeTable, DeValue};

use super::ConfigError;
use super::error::{Mistake, Mistakes, is_secret, line_of};
use super::raw::RawConfig;

/// So many keys that can't be read are named; a file with more is no configuration of Usher.
const UNREADABLE: usize = 100;

/// The file with the keys that can be read, and what is wrong with the others.
pub(super) fn read(text: &str) -> Result<(RawConfig, Mistakes), ConfigError> {
    let (mut table, errors) = DeTable::parse_recoverable(text);
    if !errors.is_empty() {
        return Err(ConfigError::syntax(text, &errors));
    }
    let mut mistakes = Mistakes::default();
    for _ in 0..UNREADABLE {
        let error = match RawConfig::deserialize(toml::Deserializer::from(table.clone())) {
            Ok(file) => return Ok((file, mistakes)),
            Err(error) => error,
        };
        // Taken out, so that the next reading finds the next mistake.
        match error.span().and_then(|span| take_out(table.get_mut(), &span, "")) {
            Some(key) => mistakes.add(mistake(key, line_of(text, &error), error.message())),
            None => return Err(ConfigError::syntax(text, &[error])),
        }
    }
    Err(mistakes.error())
}

type Span = std::ops::Range<usize>;

/// Removes the innermost key that a span is about; answers its path, such as `bridge[0].url`.
fn take_out(table: &mut DeTable<'_>, span: &Span, path: &str) -> Option<String> {
    let mut found = None;
    for (key, value) in table.iter_mut() {
        let path = if path.is_empty() { key.get_ref().to_string() } else { format!("{path}.{}", key.get_ref()) };
        if key.span() == *span {
            found = Some((key.get_ref().to_string(), path));
            break;
        }
        if let Some(inner) = take_out_of(value.get_mut(), span, &path) {
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

fn take_out_of(value: &mut DeValue<'_>, span: &Span, path: &str) -> Option<String> {
    match value {
        DeValue::Table(table) => take_out(table, span, path),
        DeValue::Array(elements) => {
            let mut elements = elements.iter_mut().enumerate();
            elements.find_map(|(n, element)| take_out_of(element.get_mut(), span, &format!("{path}[{n}]")))
        }
        _ => None,
    }
}

/// In the words of every other mistake.
fn mistake(key: String, line: usize, message: &str) -> Mistake {
    let message = message.trim();
    let (got, allowed) = match message.split_once(", expected ").or_else(|| message.split_once(", there are ")) {
        Some((got, allowed)) => (got, in_words(allowed)),
        None => (message, "what usher.example.toml shows".to_owned()),
    };
    let got = got.strip_prefix("invalid type: ").or_else(|| got.strip_prefix("invalid value: ")).unwrap_or(got);
    // Only what is unknown is shown of a key whose value may be secret: its name.
    let got = if is_secret(&key) && !got.starts_with("unknown field") { "something else" } else { got };
    Mistake::new(key, format!("{got} (line {line})"), allowed)
}

/// The type that serde expects, in words of the file.
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
