//! Text in narrow columns: a long word may break at its punctuation, so that no name breaks inside a word and no page is wider than its window.

use std::fmt::Write;

use minijinja::HtmlEscape;
use minijinja::value::Value;

/// Characters of a word that is never broken. Columns have room for it at every width of a page.
const LONGEST_WHOLE: usize = 20;

/// The text as HTML. Only a part without punctuation that is longer than a column may break anywhere (class `unbroken`).
pub(super) fn breakable(text: &str) -> Value {
    let mut html = String::with_capacity(text.len() + 16);
    for word in text.split_inclusive(char::is_whitespace) {
        if is_short(word.trim_end()) {
            push(&mut html, word);
            continue;
        }
        for (n, part) in parts(word).enumerate() {
            if n > 0 {
                html.push_str("<wbr>");
            }
            if is_short(part.trim_end()) {
                push(&mut html, part);
            } else {
                html.push_str("<span class=\"unbroken\">");
                push(&mut html, part);
                html.push_str("</span>");
            }
        }
    }
    Value::from_safe_string(html)
}

fn is_short(word: &str) -> bool {
    word.chars().nth(LONGEST_WHOLE).is_none()
}

fn push(html: &mut String, text: &str) {
    // Writing to a string can't fail.
    let _ = write!(html, "{}", HtmlEscape(text));
}

/// The parts of a long word: it may break before `@` and `.`, and after other punctuation.
fn parts(word: &str) -> impl Iterator<Item = &str> {
    let mut rest = word;
    std::iter::from_fn(move || {
        let end = rest.char_indices().find_map(|(at, c)| match c {
            '@' | '.' if at > 0 => Some(at),
            '-' | '_' | '/' | ',' | ':' | ';' | '&' | '=' | '}' => Some(at + c.len_utf8()),
            _ => None,
        });
        let (part, tail) = rest.split_at(end.unwrap_or(rest.len()));
        rest = tail;
        (!part.is_empty()).then_some(part)
    })
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::nothing("", "")]
    #[case::short("moderator <b>", "moderator &lt;b&gt;")]
    #[case::several_words("a name of several words that is long", "a name of several words that is long")]
    #[case::address("guest3254405@meet.example.org", "guest3254405<wbr>@meet<wbr>.example<wbr>.org")]
    #[case::hyphens("one-very-long-name-with-hyphens x", "one-<wbr>very-<wbr>long-<wbr>name-<wbr>with-<wbr>hyphens x")]
    #[case::no_punctuation("abcdefghijklmnopqrstuvwxyz", "<span class=\"unbroken\">abcdefghijklmnopqrstuvwxyz</span>")]
    fn a_long_word_breaks_at_its_punctuation_only(#[case] text: &str, #[case] html: &str) {
        assert_eq!(breakable(text).as_str(), Some(html));
    }
}
