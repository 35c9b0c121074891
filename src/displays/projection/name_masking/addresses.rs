//! Finds the words of a name that are an address, and removes them.

use unicode_segmentation::UnicodeSegmentation;

use super::persons::is_not_name;
use super::{CLOSING, OPENING, is_letter, single_spaced};

/// The schemes of addresses. The ones in the first list may also stand before a telephone number.
const NUMBER_SCHEMES: &[&str] = &["tel", "sip", "sips", "callto", "skype"];
const SCHEMES: &[&str] = &["h323", "mailto", "xmpp", "im", "http", "https", "ws", "wss", "ftp", "rtsp", "rtmp", "msteams", "zoommtg"];
/// After one capital letter and a dot these are not a last name ("X.COM"), whatever their case.
const DOMAINS: &[&str] = &["com", "org", "net", "edu", "gov", "int", "io", "local", "lan", "corp", "internal", "example", "test"];

/// A word as the search for addresses sees it.
enum Word<'a> {
    Plain(&'a str),
    /// A telephone number that had a scheme before it.
    Number(&'a str),
    /// `before`, `after`: the word that side belongs to it as well ("ana @ example.org"). `digits`: it begins with a number, which may
    /// have begun in the words before.
    Address {
        before: bool,
        after: bool,
        digits: bool,
    },
    /// A scheme alone: the next word is an address, unless it is a number.
    Scheme,
}

/// An address in one word.
const ADDRESS: Word<'static> = Word::Address { before: false, after: false, digits: false };

/// The words that are no part of an address.
pub(super) fn without_addresses(text: &str) -> String {
    let text = ["(at)", "[at]", "{at}"].iter().fold(text.to_owned(), |text, at| replaced(&text, at));
    let words = words(&text);
    let kinds: Vec<Word<'_>> = words.iter().map(|(_, word)| kind(word)).collect();
    let is_number = |at: usize| match kinds.get(at) {
        Some(Word::Plain(word) | Word::Number(word)) => has_only_numbers(word),
        _ => false,
    };
    let mut dropped = vec![false; words.len()];
    for at in 0..words.len() {
        let (mut before, mut after) = (false, false);
        match kinds[at] {
            Word::Plain(word) => {
                let spelt = word.eq_ignore_ascii_case("at") && matches!(kinds.get(at + 1), Some(Word::Address { .. }));
                if !spelt {
                    continue;
                }
                before = true;
            }
            Word::Number(_) => continue,
            Word::Scheme => after = !is_number(at + 1),
            Word::Address { before: left, after: right, digits } => {
                (before, after) = (left, right);
                let numbers = (0..at).rev().take_while(|&at| digits && is_number(at)).count();
                dropped[at - numbers..at].fill(true);
            }
        }
        dropped[at] = true;
        // Words that are joined to the address are part of it: "ana(x)@example.org".
        let joined = |at: usize| words.get(at).is_some_and(|(spaced, _)| !spaced);
        let mut first = at;
        while first > 0 && (before && (first == at || joined(first))) {
            first -= 1;
            dropped[first] = true;
        }
        if at + 1 < words.len() && (after || joined(at + 1) && !words[at].1.ends_with([',', ')', '}'])) {
            dropped[at + 1] = true;
        }
    }
    let mut left = String::new();
    for (at, (spaced, word)) in words.iter().enumerate() {
        match kinds[at] {
            Word::Plain(word) | Word::Number(word) if !dropped[at] => {
                left.push_str(if *spaced || at > 0 && dropped[at - 1] { " " } else { "" });
                left.push_str(word);
            }
            _ => {
                // A bracket may belong to what stays.
                left.push_str(if word.starts_with(OPENING) { " " } else { "" });
                left.extend(word.chars().filter(|c| OPENING.contains(c) || CLOSING.contains(c)));
            }
        }
    }
    let whole = !dropped.contains(&true) && !kinds.iter().any(|kind| matches!(kind, Word::Number(_)));
    if whole { text } else { tidied(&left) }
}

/// Replaces an "at" in brackets by `@`.
fn replaced(text: &str, at: &str) -> String {
    let lower = text.to_ascii_lowercase();
    let mut last = 0;
    let mut result = String::new();
    for (start, _) in lower.match_indices(at) {
        result.push_str(&text[last..start]);
        result.push('@');
        last = start + at.len();
    }
    result + &text[last..]
}

/// The words, and whether a space stands before each. A bracket opens a word, and it or a comma ends one, so that a name written without
/// a space beside an address stays.
fn words(text: &str) -> Vec<(bool, &str)> {
    let mut words = Vec::new();
    let (mut start, mut spaced) = (0, false);
    for (at, c) in text.char_indices() {
        let end = match c {
            ' ' => at,
            '(' | '[' | '{' | '<' => at,
            ',' | ')' | '}' => at + 1,
            _ => continue,
        };
        if end > start {
            words.push((spaced, &text[start..end]));
            spaced = false;
        }
        start = if c == ' ' { at + 1 } else { end };
        spaced |= c == ' ';
    }
    if start < text.len() {
        words.push((spaced, &text[start..]));
    }
    words
}

fn kind(word: &str) -> Word<'_> {
    let bare: String = word.chars().map(ascii).collect();
    let lower = bare.to_lowercase().replace("%40", "@");
    if let Some((user, _)) = lower.split_once('@') {
        let open = lower.trim_matches(|c: char| !c.is_alphanumeric() && c != '@');
        let digits = has_only_numbers(user.rsplit(':').next().unwrap_or(user));
        return Word::Address { before: open.starts_with('@'), after: open.ends_with('@'), digits };
    }
    if let Some(scheme) = scheme(&lower) {
        // The ASCII form may have another length, so the colon is searched in the word itself.
        let rest = word.split_once([':', '：']).map_or("", |(_, rest)| rest);
        let rest = rest.split([';', '?', '>']).next().unwrap_or(rest);
        return if scheme == "tel" && rest.is_empty() {
            Word::Number("")
        } else if rest.is_empty() {
            Word::Scheme
        } else if NUMBER_SCHEMES.contains(&scheme) && has_only_numbers(rest) && !is_host(rest) {
            Word::Number(rest)
        } else {
            ADDRESS
        };
    }
    let in_word = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    let domain_and_user =
        bare.split_once('\\').is_some_and(|(a, b)| a.ends_with(char::is_alphanumeric) && b.starts_with(char::is_alphanumeric));
    let mut around_colons = bare.split(|c: char| !in_word(c) && c != ':');
    let is_address =
        domain_and_user || lower.contains("://") || around_colons.any(is_hex_groups) || bare.split(|c| !in_word(c)).any(is_host);
    if is_address { ADDRESS } else { Word::Plain(word) }
}

/// The ASCII form of full-width and other variants of the marks in addresses.
fn ascii(c: char) -> char {
    match c {
        '\u{ff01}'..='\u{ff5e}' => char::from_u32(u32::from(c) - 0xfee0).unwrap_or(c),
        '\u{fe6b}' => '@',
        '\u{3002}' | '\u{ff61}' | '\u{2024}' => '.',
        c => c,
    }
}

/// The scheme that a word has in it; "" where it is not the word's beginning.
fn scheme(lower: &str) -> Option<&'static str> {
    NUMBER_SCHEMES.iter().chain(SCHEMES).copied().find_map(|scheme| {
        let mut found = lower.match_indices(scheme).filter(|(at, _)| lower[at + scheme.len()..].starts_with(':'));
        let (at, _) = found.find(|(at, _)| !lower[..*at].ends_with(char::is_alphanumeric))?;
        Some(if lower[..at].chars().any(|c| c.is_alphanumeric() || c == ':') { "" } else { scheme })
    })
}

fn has_only_numbers(word: &str) -> bool {
    word.chars().any(char::is_numeric) && !word.chars().any(is_letter)
}

/// An IPv6 or hardware address.
fn is_hex_groups(piece: &str) -> bool {
    piece.matches(':').count() >= 2
        && piece.contains(|c: char| c.is_ascii_hexdigit())
        && piece.chars().all(|c| c.is_ascii_hexdigit() || matches!(c, ':' | '.'))
}

/// A host name or an IPv4 address, and not initials or a title joined to a name ("A.Silva", "Dr.Silva").
fn is_host(piece: &str) -> bool {
    let piece = piece.trim_matches(|c: char| !c.is_alphanumeric());
    let labels: Vec<&str> = piece.split('.').map(|label| label.trim_matches('-')).filter(|label| !label.is_empty()).collect();
    let Some(last) = labels.last().filter(|_| labels.len() > 1) else { return false };
    if labels.iter().all(|label| label.chars().all(char::is_numeric)) {
        return labels.len() == 4 && labels.iter().all(|label| label.chars().count() <= 3);
    }
    let is_single = |label: &str| label.graphemes(true).count() == 1;
    let is_title = |label: &str| is_not_name(label) || label.eq_ignore_ascii_case("st");
    if is_title(piece) || labels.iter().all(|label| is_single(label) || is_title(label)) {
        return false;
    }
    if DOMAINS.contains(&last.to_lowercase().as_str()) || last.starts_with(char::is_lowercase) {
        return true;
    }
    let stands_before = |label: &&&str| is_title(label) || is_single(label) && label.starts_with(char::is_uppercase);
    labels.iter().skip_while(stands_before).filter(|label| label.chars().any(is_letter)).count() > 1
}

/// Removes brackets that are empty now or have lost the other one of their pair, and marks that now stand at an end.
fn tidied(text: &str) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let mut open: Vec<usize> = Vec::new();
    for at in 0..chars.len() {
        if OPENING.contains(&chars[at]) {
            open.push(at);
        } else if let Some(closing) = CLOSING.iter().position(|closing| *closing == chars[at]) {
            match open.last() {
                Some(&start) if chars[start] == OPENING[closing] => {
                    open.pop();
                    if chars[start + 1..at].iter().all(|c| c.is_whitespace()) {
                        chars[start] = ' ';
                        chars[at] = ' ';
                    }
                }
                _ => chars[at] = ' ',
            }
        }
    }
    for at in open {
        chars[at] = ' ';
    }
    let text = single_spaced(&chars.into_iter().collect::<String>());
    text.trim_matches([' ', '-', '–', '—', '|', '/', ',', ';', ':', '=', '·', '•']).to_owned()
}
