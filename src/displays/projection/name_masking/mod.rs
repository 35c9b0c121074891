//! What a display shows of somebody's name. Names come from the people who wait, so anything may stand in them; where a name is not
//! understood, less of it is shown.

mod addresses;
mod numbers;
mod persons;

use serde::{Deserialize, Serialize};
use unicode_segmentation::UnicodeSegmentation;

use addresses::without_addresses;
use numbers::{last_two, without_numbers};
use persons::{abbreviated, picture};

/// How much of somebody's name a display shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Names {
    Full,
    Short,
    Initials,
    Number,
    None,
}

/// Characters of a name that are looked at: what takes a moment for each must not stop the server.
const READ: usize = 4096;
/// In grapheme clusters.
const LONGEST: usize = 60;
/// Characters of one cluster: the longest emoji has ten, and a letter may carry any number of marks.
const LONGEST_CLUSTER: usize = 16;
/// So many digits without a word between them may be a telephone number in a title.
const DIGITS_OF_A_TELEPHONE: usize = 7;

const OPENING: &[char] = &['(', '[', '{', '<', '（', '［', '｛', '＜', '【', '〔', '「', '『', '《', '〈'];
const CLOSING: &[char] = &[')', ']', '}', '>', '）', '］', '｝', '＞', '】', '〕', '」', '』', '》', '〉'];

/// What is shown of a name; None: the number in line alone is shown.
pub fn masked(name: &str, names: Names) -> Option<String> {
    if matches!(names, Names::Number | Names::None) {
        return None;
    }
    let numbered = without_numbers(&without_addresses(&cleaned(name)));
    if !numbered.words.chars().any(|c| is_letter(c) || is_picture(c)) {
        // Digits alone are a telephone number however few they are.
        return last_two(numbered.shown.chars().filter(|c| c.is_numeric()));
    }
    match names {
        Names::Full => Some(short_enough(numbered.shown.trim())),
        _ => abbreviated(&numbered.words, names == Names::Short).or(numbered.last).or_else(|| picture(&numbered.words)),
    }
}

/// What is shown of a meeting's title: no address, and of a telephone number its last two digits. Other numbers belong to it ("Room 101").
pub(super) fn title(text: &str) -> Option<String> {
    let digits = |part: &str| part.chars().filter(|c| c.is_numeric()).count();
    if text.split(|c| is_letter(c) || c == ',').any(|part| digits(part) >= DIGITS_OF_A_TELEPHONE) {
        return masked(text, Names::Full);
    }
    Some(short_enough(&without_addresses(&cleaned(text)))).filter(|title| title.chars().any(|c| c.is_alphanumeric() || is_picture(c)))
}

/// Without what is not seen or moves what is around it, and with single spaces.
fn cleaned(name: &str) -> String {
    let mut text = String::new();
    let mut chars = name.chars().filter(|&c| !is_unseen(c)).take(READ).peekable();
    while let Some(c) = chars.next() {
        let solid = |c: char| !c.is_ascii() && !c.is_whitespace() && !is_joiner(c);
        match c {
            _ if c.is_whitespace() || c == '\u{2800}' => text.push(' '),
            // They shape emoji and letters of many scripts; between others they would only hide what is there.
            _ if is_joiner(c) && !(text.chars().next_back().is_some_and(solid) && chars.peek().copied().is_some_and(solid)) => {}
            '\u{fe00}'..='\u{fe0f}' if text.is_empty() || text.ends_with(' ') => {}
            _ => text.push(c),
        }
    }
    let text: String = text.graphemes(true).flat_map(|cluster| tagged(cluster).take(LONGEST_CLUSTER)).collect();
    single_spaced(&text)
}

/// Tags say which flag a black flag is; elsewhere they hide text.
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

/// Controls, marks of direction (they turn what stands beside them too), and what takes no room; not the joiners, nor what a line ends with.
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
    // Apostrophes that count as letters are not what a name begins with ("ʻ").
    c.is_alphabetic() && !c.is_numeric() && !matches!(c, '\u{2b0}'..='\u{2ff}')
}

/// Near enough: the blocks that emoji and other small pictures come from.
fn is_picture(c: char) -> bool {
    matches!(c, '\u{2300}'..='\u{23ff}' | '\u{2600}'..='\u{27bf}' | '\u{2b00}'..='\u{2bff}' | '\u{1f000}'..='\u{1fbff}')
}

#[cfg(test)]
mod tests;
