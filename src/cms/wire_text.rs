//! Cleans texts of a bridge so that they can be shown, whatever happened to them on the way: a character that can't be read costs a U+FFFD,
//! never the text around it.

use std::borrow::Cow;

use quick_xml::escape::resolve_html5_entity;

use crate::text::cut;

/// Longer than any name or address that people read; longer texts are cut. In characters (Unicode scalar values).
pub(super) const LONGEST: usize = 500;
/// Longer than any id; a longer text is no id.
pub(super) const LONGEST_ID: usize = 200;

/// A text without blanks around it, cut to [`LONGEST`]. Events and REST share this rule: otherwise each would seem to change the other's texts.
pub(super) fn bounded(text: &str) -> &str {
    let text = text.trim();
    if text.len() <= LONGEST { text } else { cut(text, LONGEST) }
}

pub(super) fn is_id(text: &str) -> bool {
    !text.is_empty() && text.len() <= LONGEST_ID && text.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>&\"".contains(&byte))
}

/// The longest name of an HTML entity; an ampersand without a `;` within this length is just an ampersand.
const LONGEST_NAME: usize = 32;

/// Replaces control characters other than tabs and ends of lines.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    if text.bytes().any(|byte| is_control(char::from(byte))) {
        text.chars().map(|c| if is_control(c) { char::REPLACEMENT_CHARACTER } else { c }).collect::<String>().into()
    } else {
        text.into()
    }
}

fn is_control(c: char) -> bool {
    matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{7f}')
}

/// Appends the characters of UTF-16 units; a half of a pair that stands alone is replaced.
pub(super) fn push_units(out: &mut String, units: &[u16]) {
    out.extend(char::decode_utf16(units.iter().copied()).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)));
}

/// XML text with its references resolved: those of XML and HTML, numbers, and two numbers that are the halves of a surrogate pair.
/// Numbers that name no character become U+FFFD; an ampersand that begins no reference stays.
pub(super) fn resolve(raw: &str) -> Cow<'_, str> {
    if !raw.contains('&') {
        return clean(raw);
    }
    let mut out = String::with_capacity(raw.len());
    let mut units: Vec<u16> = Vec::new();
    let mut rest = raw;
    while let Some(at) = rest.find('&') {
        if at > 0 {
            push_units(&mut out, &std::mem::take(&mut units));
            out.push_str(&rest[..at]);
        }
        let (found, length) = reference(&rest[at..]);
        match found {
            Reference::Unit(unit) => units.push(unit),
            found => {
                push_units(&mut out, &std::mem::take(&mut units));
                match found {
                    Reference::Text(text) => out.push_str(text),
                    Reference::Char(c) => out.push(c),
                    Reference::Unit(_) => {}
                }
            }
        }
        rest = &rest[at + length..];
    }
    push_units(&mut out, &units);
    out.push_str(rest);
    match clean(&out) {
        Cow::Owned(cleaned) => cleaned.into(),
        Cow::Borrowed(_) => out.into(),
    }
}

enum Reference {
    /// A half of a surrogate pair.
    Unit(u16),
    Char(char),
    Text(&'static str),
}

/// The reference at an ampersand, and how many bytes it takes.
fn reference(text: &str) -> (Reference, usize) {
    let name = text.bytes().take(LONGEST_NAME + 2).position(|byte| byte == b';').map(|end| &text[1..end]);
    let Some(name) = name else { return (Reference::Text("&"), 1) };
    let Some(number) = name.strip_prefix('#') else {
        let found = match name {
            "amp" => Some("&"),
            "lt" => Some("<"),
            "gt" => Some(">"),
            "quot" => Some("\""),
            "apos" => Some("'"),
            name => resolve_html5_entity(name),
        };
        return found.map_or((Reference::Text("&"), 1), |text| (Reference::Text(text), name.len() + 2));
    };
    let code = match number.strip_prefix(['x', 'X']) {
        Some(hex) => digits(hex, 16),
        None => digits(number, 10),
    };
    let Some(code) = code else { return (Reference::Text("&"), 1) };
    let found = match u16::try_from(code) {
        Ok(unit) if (0xd800..0xe000).contains(&unit) => Reference::Unit(unit),
        _ => Reference::Char(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER)),
    };
    (found, name.len() + 2)
}

/// None where these are not digits. A number that is too large for any character stays too large.
fn digits(text: &str, radix: u32) -> Option<u32> {
    if text.is_empty() || !text.chars().all(|c| c.is_digit(radix)) {
        return None;
    }
    Some(u32::from_str_radix(text, radix).unwrap_or(u32::MAX))
}

/// A finite number in any spelling: with a fraction, an exponent or a sign.
pub(super) fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok().filter(|number: &f64| number.is_finite())
}

/// A count or index; None for any other text.
pub(super) fn count(text: &str) -> Option<u64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    text.trim()
        .parse()
        .ok()
        .or_else(|| number(text).filter(|number| (0.0..EXACT).contains(number) && number.fract() == 0.0).map(|n| n as u64))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("A &amp; B &#x3c;b&#62;", "A & B <b>")]
    #[case("Bo &#55357;&#56832;", "Bo 😀")]
    #[case("Bo &#xD83D;&#xde00;", "Bo 😀")]
    #[case("&#56832;&#55357;", "\u{fffd}\u{fffd}")]
    #[case("&#55357;x&#56832;", "\u{fffd}x\u{fffd}")]
    #[case("&#55357;", "\u{fffd}")]
    #[case("&#55357;&#55357;&#56832;", "\u{fffd}😀")]
    #[case("&#1114112;&#xFFFFFFFFFF;&#4294967296;", "\u{fffd}\u{fffd}\u{fffd}")]
    #[case("&#0;&#1;\u{1}\0", "\u{fffd}\u{fffd}\u{fffd}\u{fffd}")]
    #[case("a&nbsp;b &eacute; &Eacute;", "a\u{a0}b é É")]
    #[case("AT&T & Co; &; &#; &#x; &#-1; &nothing; &", "AT&T & Co; &; &#; &#x; &#-1; &nothing; &")]
    #[case("tab\tline\n", "tab\tline\n")]
    #[case("&amp;#55357;", "&#55357;")]
    fn damage_costs_only_the_characters_it_hits(#[case] raw: &str, #[case] expected: &str) {
        assert_eq!(resolve(raw), expected);
    }

    #[rstest]
    #[case("7", Some(7))]
    #[case(" 7 ", Some(7))]
    #[case("7.0", Some(7))]
    #[case("7e2", Some(700))]
    #[case("18446744073709551615", Some(u64::MAX))]
    #[case("18446744073709551616", None)]
    #[case("-1", None)]
    #[case("1e999", None)]
    #[case("NaN", None)]
    #[case("7.5", None)]
    #[case("", None)]
    fn a_count_is_a_count_in_any_spelling(#[case] text: &str, #[case] expected: Option<u64>) {
        assert_eq!(count(text), expected);
    }

    proptest! {
        #[test]
        fn the_text_around_a_broken_reference_stays(before in "[a-z ]{0,9}", broken in "&#?x?[0-9a-fA-F]{0,12};?", after in "[G-Z ]{0,9}") {
            let read = resolve(&format!("{before}{broken}{after}")).into_owned();
            prop_assert!(read.starts_with(&before) && read.ends_with(&after), "{read:?}");
        }
    }
}
