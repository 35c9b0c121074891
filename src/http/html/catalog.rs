//! The words of pages: one flat file of keys for each language, which the browser loads too. Chooses plural forms; escapes nothing.

use std::collections::{BTreeMap, HashMap};

use minijinja::value::{Kwargs, Value};

use super::language;
use super::language::ENGLISH;
use super::web_files::WebFiles;

/// One catalog for each language.
#[derive(Debug)]
pub(in crate::http) struct Catalogs {
    english: Catalog,
    others: HashMap<&'static str, Catalog>,
}

impl Catalogs {
    pub(in crate::http) fn load() -> Self {
        let english = Catalog { language: ENGLISH, words: read(ENGLISH) };
        // English fills the gaps of a language.
        let over_english = |language| {
            let words = english.words.clone().into_iter().chain(read(language)).collect();
            (language, Catalog { language, words })
        };
        let others = language::all().filter(|code| *code != ENGLISH).map(over_english).collect();
        Self { english, others }
    }

    pub(in crate::http) fn of(&self, language: &str) -> &Catalog {
        self.others.get(language).unwrap_or(&self.english)
    }
}

fn read(language: &str) -> HashMap<String, String> {
    let file = WebFiles::get(&format!("i18n/{language}.json"));
    file.and_then(|file| serde_json::from_slice(&file.data).ok()).unwrap_or_else(|| {
        tracing::error!(language, "catalog of words missing or broken");
        HashMap::new()
    })
}

/// The words of one language.
#[derive(Debug)]
pub(in crate::http) struct Catalog {
    language: &'static str,
    words: HashMap<String, String>,
}

impl Catalog {
    /// The text of a key, with nothing filled in.
    pub(in crate::http) fn plain(&self, key: &str) -> String {
        self.words.get(key).cloned().unwrap_or_else(|| key.to_owned())
    }

    /// All words whose keys begin with `prefix`.
    pub(in crate::http) fn beginning_with(&self, prefix: &str) -> BTreeMap<String, String> {
        self.words.iter().filter(|(key, _)| key.starts_with(prefix)).map(|(key, text)| (key.clone(), text.clone())).collect()
    }

    /// `t("key", name=value)`: the text with its `{name}` filled in; with `n`, the plural form for it.
    pub(in crate::http) fn translate(&self, key: &str, args: &Kwargs) -> Result<String, minijinja::Error> {
        let form = args.peek::<Option<i64>>("n").ok().flatten().map(|n| form(self.language, n));
        let plural = form.and_then(|form| self.words.get(&format!("{key}.{form}")));
        let Some(text) = plural.or_else(|| self.words.get(key)) else { return Ok(key.to_owned()) };
        let mut filled = String::with_capacity(text.len());
        let mut rest = text.as_str();
        // In one pass, so that a filled-in value is not filled in again.
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            match after.split_once('}') {
                Some((name, tail)) if args.has(name) => {
                    filled.push_str(&isolated(args.peek::<Value>(name)?.to_string()));
                    rest = tail;
                }
                _ => {
                    filled.push('{');
                    rest = after;
                }
            }
        }
        filled.push_str(rest);
        Ok(filled)
    }
}

/// The plural form of a count, as `Intl.PluralRules` names it.
fn form(language: &str, n: i64) -> &'static str {
    match (language, n) {
        (_, 1) | ("fr", 0) => "one",
        _ => "other",
    }
}

/// A name written from right to left must not reorder the sentence around it.
fn isolated(text: String) -> String {
    let right_to_left = |c: char| matches!(c, '\u{590}'..='\u{8ff}' | '\u{fb1d}'..='\u{fdff}' | '\u{fe70}'..='\u{fefc}' | '\u{10800}'..='\u{10fff}' | '\u{1e800}'..='\u{1efff}');
    if text.contains(right_to_left) { format!("\u{2068}{text}\u{2069}") } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn say_in(language: &'static str, key: &str, args: &[(&'static str, Value)]) -> String {
        let words = [("hi", "Hi {name}, {x}!"), ("n.one", "{n} person"), ("n.other", "{n} people")];
        let words = words.into_iter().map(|(key, text)| (key.to_owned(), text.to_owned())).collect();
        Catalog { language, words }.translate(key, &Kwargs::from_iter(args.iter().cloned())).expect("text")
    }

    fn say(key: &str, args: &[(&'static str, Value)]) -> String {
        say_in(ENGLISH, key, args)
    }

    #[test]
    fn words_are_filled_in_once() {
        assert_eq!(say("hi", &[("name", "{x}".into()), ("x", "<b>".into())]), "Hi {x}, <b>!");
        assert_eq!(say("hi", &[]), "Hi {name}, {x}!");
        assert_eq!(say("unknown", &[]), "unknown");
    }

    #[test]
    fn the_plural_follows_n() {
        assert_eq!(say("n", &[("n", 1.into())]), "1 person");
        assert_eq!(say("n", &[("n", 0.into())]), "0 people");
        assert_eq!(say_in("fr", "n", &[("n", 0.into())]), "0 person");
    }

    #[test]
    fn a_name_written_from_right_to_left_is_isolated() {
        assert_eq!(say("hi", &[("name", "שרה".into()), ("x", "Zoë".into())]), "Hi \u{2068}שרה\u{2069}, Zoë!");
    }

    #[test]
    fn each_language_has_its_words_and_english_fills_the_gaps() {
        let catalogs = Catalogs::load();
        assert_eq!(catalogs.of("de").plain("language_name"), "Deutsch");
        assert_eq!(catalogs.of("xx").plain("language_name"), "English");
        assert_eq!(catalogs.of("de").plain("no such key"), "no such key");
    }
}
