//! Reduces participants' names to the part that a display may show. Participants type their names, so anything may stand in them; a name
//! that the rules don't understand is shown in a shorter form.

mod addresses;
mod numbers;
mod persons;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use addresses::without_addresses;
use numbers::{last_two, without_numbers};
use persons::{abbreviated, picture};

/// How much of a participant's name a display shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NameDetail {
    Full,
    Short,
    Initials,
    Number,
    None,
}

/// The most characters of a name that are read, so that a long name costs little.
const READ: usize = 4096;
/// The most grapheme clusters of a name that are shown.
const LONGEST: usize = 60;
/// The most characters of one cluster: the longest emoji has ten, and a letter may carry any number of marks.
const LONGEST_CLUSTER: usize = 16;
/// This many digits without a word between them may be a telephone number in a title.
const DIGITS_OF_A_TELEPHONE: usize = 7;

const OPENING: &[char] = &['(', '[', '{', '<', '（', '［', '｛', '＜', '【', '〔', '「', '『', '《', '〈'];
const CLOSING: &[char] = &[')', ']', '}', '>', '）', '］', '｝', '＞', '】', '〕', '」', '』', '》', '〉'];

/// The part of a name that is shown; None where only the number in line is.
pub fn masked(name: &str, names: NameDetail) -> Option<String> {
    if matches!(names, NameDetail::Number | NameDetail::None) {
        return None;
    }
    let numbered = without_numbers(&without_addresses(&cleaned(name)));
    if !numbered.words.chars().any(|c| is_letter(c) || is_picture(c)) {
        // A name of digits alone is a telephone number, however few they are.
        return last_two(numbered.shown.chars().filter(|c| c.is_numeric()));
    }
    match names {
        NameDetail::Full => Some(short_enough(numbered.shown.trim())),
        _ => abbreviated(&numbered.words, names == NameDetail::Short).or(numbered.last).or_else(|| picture(&numbered.words)),
    }
}

/// The part of a meeting's title that is shown: without addresses, and with the last two digits of a telephone number. Other numbers belong
/// to the title ("Room 101").
pub(super) fn title(text: &str) -> Option<String> {
    let digits = |part: &str| part.chars().filter(|c| c.is_numeric()).count();
    if text.split(|c| is_letter(c) || c == ',').any(|part| digits(part) >= DIGITS_OF_A_TELEPHONE) {
        return masked(text, NameDetail::Full);
    }
    Some(short_enough(&without_addresses(&cleaned(text)))).filter(|title| title.chars().any(|c| c.is_alphanumeric() || is_picture(c)))
}

/// Removes characters that are invisible or move their neighbours, and makes spaces single.
fn cleaned(name: &str) -> String {
    let mut text = String::new();
    let mut chars = name.chars().filter(|&c| !is_unseen(c)).take(READ).peekable();
    while let Some(c) = chars.next() {
        let solid = |c: char| !c.is_ascii() && !c.is_whitespace() && !is_joiner(c);
        match c {
            _ if c.is_whitespace() || c == '\u{2800}' => text.push(' '),
            // Joiners shape emoji and letters of many scripts; between other characters they only hide text.
            _ if is_joiner(c) && !(text.chars().next_back().is_some_and(solid) && chars.peek().copied().is_some_and(solid)) => {}
            '\u{fe00}'..='\u{fe0f}' if text.is_empty() || text.ends_with(' ') => {}
            _ => text.push(c),
        }
    }
    let text: String = text.graphemes(true).flat_map(|cluster| tagged(cluster).take(LONGEST_CLUSTER)).collect();
    single_spaced(&text)
}

/// Removes tags unless they follow a black flag, where they say which flag it is; elsewhere they hide text.
fn tagged(cluster: &str) -> impl Iterator<Item = char> {
    let flag = cluster.starts_with('\u{1f3f4}');
    cluster.chars().filter(move |c| flag || !matches!(c, '\u{e0000}'..='\u{e007f}'))
}

fn single_spaced(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}')
}

/// Controls, marks of direction (they also turn their neighbours), and characters without width; not the joiners, nor the ends of lines.
fn is_unseen(c: char) -> bool {
    let bidi = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{206f}');
    let nothing = matches!(c, '\u{ad}' | '\u{34f}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' | '\u{180e}' | '\u{200b}');
    let filler = matches!(c, '\u{2060}'..='\u{2064}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff9}'..='\u{fffb}');
    bidi || nothing || filler || (c.is_control() && !c.is_whitespace())
}

/// At most `LONGEST` clusters, then an ellipsis.
fn short_enough(text: &str) -> String {
    match text.grapheme_indices(true).nth(LONGEST) {
        Some((end, _)) => format!("{}…", text[..end].trim_end()),
        None => text.to_owned(),
    }
}

fn is_letter(c: char) -> bool {
    // Some apostrophes count as letters, but no name begins with one ("ʻ").
    c.is_alphabetic() && !c.is_numeric() && !matches!(c, '\u{2b0}'..='\u{2ff}')
}

/// Approximately: the blocks that contain emoji and other small pictures.
fn is_picture(c: char) -> bool {
    matches!(c, '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1fbff}')
}

#[cfg(test)]
mod tests;
