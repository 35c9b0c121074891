//! Telephone numbers in a name: replaces each by its last two digits.

use unicode_segmentation::UnicodeSegmentation;

use super::is_letter;

/// Words between a telephone number and its extension.
#[rustfmt::skip]
const EXTENSIONS: &[&str] = &[
    "x", "ext", "extn", "extension", "dw", "durchwahl", "kl", "poste", "int", "interno", "ramal", "anexo", "доб", "вн", "内线", "转", "內線",
];
/// This many digits in a row are a telephone number or an extension; this many in all are one when spaces or dashes part them.
const DIGITS_IN_A_ROW: usize = 3;
const DIGITS_IN_ALL: usize = 5;
const MOST_SEPARATORS: usize = 4;
const BEFORE_NUMBERS: [char; 6] = ['+', '＋', '(', '[', '（', ' '];

pub(super) struct MaskedNumbers {
    /// Each number as its last two digits.
    pub(super) shown: String,
    /// Without the numbers.
    pub(super) words: String,
    /// The last number's last two digits.
    pub(super) last: Option<String>,
}

pub(super) fn without_numbers(text: &str) -> MaskedNumbers {
    let clusters: Vec<&str> = text.graphemes(true).collect();
    let mut result = MaskedNumbers { shown: String::new(), words: String::new(), last: None };
    let mut at = 0;
    while at < clusters.len() {
        let run = DigitRun::at(&clusters, at);
        if run.digits.is_empty() {
            result.shown.push_str(clusters[at]);
            result.words.push_str(clusters[at]);
            at += 1;
            continue;
        }
        // A plus and a bracket before the number are part of it. But "Ana +1" are two people.
        let prefix = result.shown[result.shown.trim_end_matches(BEFORE_NUMBERS).len()..].to_owned();
        let plus = run.digits.len() >= DIGITS_IN_A_ROW && prefix.trim_end_matches(['(', '[', '（']).ends_with(['+', '＋']);
        if !plus && !run.is_number() {
            for text in [&mut result.shown, &mut result.words] {
                text.extend(clusters[at..run.end].iter().copied());
            }
            at = run.end;
            continue;
        }
        let inside = prefix + &clusters[at..run.end].concat();
        let unclosed = inside.matches(['(', '[', '（']).count() > inside.matches([')', ']', '）']).count();
        at = run.end + usize::from(unclosed && clusters.get(run.end).is_some_and(|c| matches!(*c, ")" | "]" | "）")));
        result.last = last_two(run.digits.into_iter());
        for (text, put) in [(&mut result.shown, result.last.as_deref()), (&mut result.words, None)] {
            let kept = text.trim_end_matches(BEFORE_NUMBERS).len();
            let apart = kept > 0 && kept < text.len();
            text.truncate(kept);
            text.push_str(if apart || put.is_none() { " " } else { "" });
            text.push_str(put.unwrap_or_default());
        }
    }
    result
}

pub(super) fn last_two(digits: impl DoubleEndedIterator<Item = char>) -> Option<String> {
    let mut last: Vec<char> = digits.rev().take(2).collect();
    last.push('…');
    (last.len() > 1).then(|| last.into_iter().rev().collect())
}

/// Digits of any script, the separators between them, and an extension.
struct DigitRun {
    digits: Vec<char>,
    in_a_row: usize,
    end: usize,
}

impl DigitRun {
    fn at(clusters: &[&str], start: usize) -> DigitRun {
        // Works by cluster: a digit may be a keycap, or carry marks.
        let digit = |at: usize| clusters.get(at).and_then(|cluster| cluster.chars().find(|c| c.is_numeric()));
        let count = |at: usize, accepts: &dyn Fn(char) -> bool| {
            clusters.iter().skip(at).take_while(|cluster| cluster.starts_with(|c: char| !c.is_numeric() && accepts(c))).count()
        };
        let mut run = DigitRun { digits: Vec::new(), in_a_row: 0, end: start };
        loop {
            let first = run.end;
            while let Some(found) = digit(run.end) {
                run.digits.push(found);
                run.end += 1;
            }
            run.in_a_row = run.in_a_row.max(run.end - first);
            if run.digits.is_empty() {
                return run;
            }
            let gap = count(run.end, &is_separator);
            if (1..=MOST_SEPARATORS).contains(&gap) && digit(run.end + gap).is_some() {
                run.end += gap;
                continue;
            }
            let word = run.end + gap;
            let after = word + count(word, &is_letter);
            let next = after + count(after, &|c| is_separator(c) || matches!(c, ':' | '='));
            let extension = || EXTENSIONS.contains(&clusters[word..after].concat().to_lowercase().as_str());
            if !run.is_number() || digit(next).is_none() || !extension() {
                return run;
            }
            run.end = next;
        }
    }

    fn is_number(&self) -> bool {
        self.in_a_row >= DIGITS_IN_A_ROW || self.digits.len() >= DIGITS_IN_ALL
    }
}

fn is_separator(c: char) -> bool {
    let dash = matches!(c, '-' | '_' | '~' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '－' | '·' | '•');
    dash || c == ' '
        || matches!(c, '.' | '/' | '(' | ')' | '[' | ']' | '+' | '*' | '#' | ',' | ';' | '\'' | '．' | '／' | '（' | '）' | '＋')
}
