//! The pages' words: one flat file of keys, the same that the browser loads. Chooses plural forms; escapes nothing.

use std::collections::HashMap;

use minijinja::value::{Kwargs, Value};

use super::assets::Static;

#[derive(Debug, Clone, Default)]
pub(super) struct Catalogue {
    words: HashMap<String, String>,
}

impl Catalogue {
    pub(super) fn load() -> Self {
        let file = Static::get("i18n/en.json");
        let words = file.and_then(|file| serde_json::from_slice(&file.data).ok()).unwrap_or_else(|| {
            tracing::error!("the catalogue of words is missing or broken");
            HashMap::new()
        });
        Self { words }
    }

    /// A key without anything to fill in.
    pub(super) fn plain(&self, key: &str) -> String {
        self.words.get(key).cloned().unwrap_or_else(|| key.to_owned())
    }

    /// `t("key", name=value)`: the text with its `{name}` filled in; with `n`, the plural form for it.
    pub(super) fn translate(&self, key: &str, args: &Kwargs) -> Result<String, minijinja::Error> {
        let form = args.peek::<Option<i64>>("n").ok().flatten().map(|n| if n == 1 { "one" } else { "other" });
        let plural = form.and_then(|form| self.words.get(&format!("{key}.{form}")));
        let Some(text) = plural.or_else(|| self.words.get(key)) else { return Ok(key.to_owned()) };
        let mut filled = String::with_capacity(text.len());
        let mut rest = text.as_str();
        // In one pass: what is filled in is not looked at again.
        while let Some((before, after)) = rest.split_once('{') {
            filled.push_str(before);
            match after.split_once('}') {
                Some((name, tail)) if args.has(name) => {
                    filled.push_str(&args.peek::<Value>(name)?.to_string());
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

#[cfg(test)]
mod tests {
    use super::*;

    fn say(key: &str, args: &[(&'static str, Value)]) -> String {
        let words = [("hi", "Hi {name}, {x}!"), ("n.one", "{n} person"), ("n.other", "{n} people")];
        let words = words.into_iter().map(|(key, text)| (key.to_owned(), text.to_owned())).collect();
        Catalogue { words }.translate(key, &Kwargs::from_iter(args.iter().cloned())).expect("text")
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
    }
}
