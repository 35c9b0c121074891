//! The language of a page: the one that the person chose (in a cookie), else the one that the browser prefers. Knows no words.

use std::sync::LazyLock;

use axum::http::{HeaderMap, header};
use tower_sessions::cookie::SameSite;

use super::web_files::WebFiles;
use crate::http::cookies;

/// The language if Usher has none that the browser accepts.
pub(in crate::http) const ENGLISH: &str = "en";

const COOKIE: &str = "usher_language";
const A_YEAR_S: u32 = 365 * 24 * 60 * 60;

/// The code of each catalog in `web/i18n`.
static CODES: LazyLock<Vec<String>> = LazyLock::new(|| {
    let names = WebFiles::iter().filter_map(|path| Some(path.strip_prefix("i18n/")?.strip_suffix(".json")?.to_owned()));
    let mut codes: Vec<String> = names.collect();
    codes.sort();
    codes
});

/// The codes of all languages that pages can be in, e.g. `de`.
pub(in crate::http) fn all() -> impl Iterator<Item = &'static str> {
    CODES.iter().map(String::as_str)
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::http) struct Language {
    pub(in crate::http) code: &'static str,
    /// The person chose it; otherwise the browser prefers it.
    pub(in crate::http) chosen: bool,
}

impl Language {
    pub(in crate::http) fn of(headers: &HeaderMap) -> Self {
        match cookies::find(headers, COOKIE, |value| known(value).is_some()).and_then(known) {
            Some(code) => Self { code, chosen: true },
            None => Self { code: preferred(headers).unwrap_or(ENGLISH), chosen: false },
        }
    }

    /// The language that was set for a display; English where Usher does not have it.
    pub(in crate::http) fn fixed(code: &str) -> Self {
        Self { code: known(code).unwrap_or(ENGLISH), chosen: true }
    }

    /// The choice on a form: a code, or empty for the language that the browser prefers. None where the form has no such choice.
    pub(in crate::http) fn choose(choice: &str, headers: &HeaderMap) -> Option<Self> {
        match choice {
            "" => Some(Self { code: preferred(headers).unwrap_or(ENGLISH), chosen: false }),
            code => Some(Self { code: known(code)?, chosen: true }),
        }
    }

    /// Sets the cookie that keeps the choice, or ends it, for the pages below `base`.
    pub(in crate::http) fn keep(self, base: &str, headers: &mut HeaderMap) {
        let (value, age_s) = if self.chosen { (self.code, A_YEAR_S) } else { ("", 0) };
        cookies::set(headers, (COOKIE, value), &format!("{base}/"), SameSite::Lax, Some(age_s));
    }
}

/// The language that the browser prefers of those that Usher has.
fn preferred(headers: &HeaderMap) -> Option<&'static str> {
    let texts = headers.get_all(header::ACCEPT_LANGUAGE).iter().filter_map(|value| value.to_str().ok());
    let mut preferences: Vec<(&str, f32)> = texts.flat_map(|text| text.split(',')).filter_map(preference).collect();
    // A stable order: of two with equal weight the first one counts.
    preferences.sort_by(|a, b| b.1.total_cmp(&a.1));
    preferences.into_iter().find_map(|(tag, _)| known(tag))
}

/// `de-CH;q=0.8`: a language and its weight.
fn preference(text: &str) -> Option<(&str, f32)> {
    let mut parts = text.split(';').map(str::trim);
    let tag = parts.next()?;
    let weight = match parts.find_map(|part| part.strip_prefix("q=")) {
        Some(weight) => weight.parse().ok()?,
        None => 1.0,
    };
    (weight > 0.0).then_some((tag, weight))
}

/// `de-CH` is read as `de`.
fn known(tag: &str) -> Option<&'static str> {
    let language = tag.split('-').next()?;
    all().find(|code| code.eq_ignore_ascii_case(language))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn headers(cookie: &str, accept: &str) -> HeaderMap {
        let pairs = [(header::COOKIE, cookie), (header::ACCEPT_LANGUAGE, accept)];
        pairs.into_iter().map(|(name, value)| (name, value.parse().expect("a header"))).collect()
    }

    #[rstest]
    #[case::nothing("", "en")]
    #[case::region("de-CH", "de")]
    #[case::case_does_not_matter("FR-ca", "fr")]
    #[case::weights("en;q=0.5, es;q=0.9, sv", "es")]
    #[case::the_first_of_equals("fr, de", "fr")]
    #[case::unwanted("de;q=0, fr;q=0.1", "fr")]
    #[case::none_that_there_is("sv, ja;q=0.4, *;q=0.1", "en")]
    #[case::nonsense("de;q=x, ;;, -, es", "es")]
    fn the_browser_is_asked(#[case] accept: &str, #[case] expected: &str) {
        assert_eq!(
            Language::of(&headers("", accept)),
            Language { code: all().find(|code| *code == expected).expect("a language"), chosen: false }
        );
    }

    #[rstest]
    #[case::chosen("a=b; usher_language=fr", "fr", true)]
    #[case::no_longer_there("usher_language=xx", "de", false)]
    #[case::another_cookie("xusher_language=fr", "de", false)]
    fn a_choice_wins_over_the_browser(#[case] cookie: &str, #[case] code: &str, #[case] chosen: bool) {
        let language = Language::of(&headers(cookie, "de"));
        assert_eq!((language.code, language.chosen), (code, chosen));
    }

    #[test]
    fn a_choice_is_kept_and_ended_by_a_cookie() {
        let text = |choice: &str| {
            let language = Language::choose(choice, &headers("usher_language=fr", "de")).expect("a choice");
            let mut headers = HeaderMap::new();
            language.keep("/lobby", &mut headers);
            (language.code, headers[header::SET_COOKIE].to_str().expect("text").to_owned())
        };
        assert_eq!(text("es"), ("es", "usher_language=es; HttpOnly; SameSite=Lax; Path=/lobby/; Max-Age=31536000".into()));
        assert_eq!(text(""), ("de", "usher_language=; HttpOnly; SameSite=Lax; Path=/lobby/; Max-Age=0".into()));
        assert_eq!(Language::choose("xx", &HeaderMap::new()), None);
    }
}
