//! Passwords that are tried first (NIST SP 800-63B, 5.1.1.2): common ones, runs on the keyboard, repetitions, and the name of the user or of
//! this program with a few characters more. Pure.
//!
//! `common_passwords.txt` has those of at least ten characters in the lists of Django (common-passwords, BSD-3-Clause) and zxcvbn (MIT),
//! `common_words.txt` the most frequent shorter words of the latter.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::text::normalize::caseless;

static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());
static WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| include_str!("common_words.txt").lines().collect());

/// Words that anyone in front of the sign-in page knows.
const OURS: [&str; 8] = ["usher", "lobby", "cisco", "meeting", "server", "admin", "moderator", "viewer"];

/// Rows of keyboards (QWERTY, QWERTZ, AZERTY), their columns, the alphabet and the digits; each also backwards.
const RUNS: [&str; 14] = [
    "12345678901234567890",
    "abcdefghijklmnopqrstuvwxyz",
    "qwertyuiop[]",
    "qwertzuiopü+",
    "azertyuiop^$",
    "asdfghjkl;'",
    "asdfghjklöä#",
    "qsdfghjklmù",
    "zxcvbnm,./",
    "yxcvbnm,.-",
    "wxcvbn,;:!",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.0p;/",
    "1qay2wsx3edc4rfv5tgb6zhn7ujm8ik,9ol.0pö-",
    "!@#$%^&*()_+",
];
/// A stretch of a run counts as one step from here on.
const SHORTEST_RUN: usize = 3;
/// Steps that a password must have at least, where a run or a repetition is one and any other character is one.
const FEWEST_STEPS: usize = 5;
/// Characters that must be left without names and common words.
const FEWEST_OWN: usize = 6;

/// Is this among the first that somebody would try for this user?
pub(super) fn is_guessable(name: &str, password: &str) -> bool {
    let folded = caseless(password);
    let is_common = |text: &str| COMMON.contains(text) || WORDS.contains(text);
    let word = folded.trim_matches(|c: char| !c.is_alphabetic());
    let around = folded.chars().count() - word.chars().count();
    is_common(&folded) || around <= FEWEST_OWN && is_common(word) || steps(&folded) < FEWEST_STEPS || own(name, &folded) < FEWEST_OWN
}

/// Characters that are left when the names are taken out.
fn own(name: &str, folded: &str) -> usize {
    let name = caseless(name);
    // The part of an address before the @, and the parts between its dots.
    let parts = name.split(|c: char| !c.is_alphanumeric()).chain([name.as_str()]);
    let mut words: Vec<&str> = parts.filter(|part| part.chars().count() >= 3).chain(OURS).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = folded.to_owned();
    for word in words {
        rest = rest.replace(word, "\0");
    }
    rest.chars().filter(|c| c.is_alphanumeric()).count()
}

/// How many runs, repetitions and single characters it takes to say the text.
fn steps(folded: &str) -> usize {
    let text: Vec<char> = folded.chars().collect();
    // A text that is one part over and over is that part.
    if let Some(part) =
        (1..=text.len() / 2).find(|n| text.iter().zip(text.iter().cycle().skip(*n)).take(text.len() - n).all(|(a, b)| a == b))
    {
        return steps_of(&text[..part]);
    }
    steps_of(&text)
}

fn steps_of(text: &[char]) -> usize {
    let (mut at, mut steps) = (0, 0);
    while at < text.len() {
        let longest = run_at(&text[at..]);
        at += if longest >= SHORTEST_RUN { longest } else { 1 };
        steps += 1;
    }
    steps
}

/// The length of the run or repetition at the start.
fn run_at(text: &[char]) -> usize {
    let same = text.iter().take_while(|c| **c == text[0]).count();
    let along = |run: Vec<char>| {
        let starts = (0..run.len()).filter(|n| run[*n] == text[0]);
        starts.map(|n| run[n..].iter().zip(text).take_while(|(a, b)| a == b).count()).max().unwrap_or(0)
    };
    let runs = RUNS.iter().flat_map(|run| [run.chars().collect::<Vec<_>>(), run.chars().rev().collect()]);
    runs.map(along).max().unwrap_or(0).max(same)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::digits("1234567890")]
    #[case::digits_back("0987654321")]
    #[case::long_digits("12345678901234567890")]
    #[case::alphabet("abcdefghijklmn")]
    #[case::keyboard("qwertyuiop")]
    #[case::german_keyboard("QWERTZuiop")]
    #[case::french_keyboard("azertyuiop")]
    #[case::two_rows("qwertyasdfgh")]
    #[case::columns("1qaz2wsx3edc")]
    #[case::run_and_digits("asdfgh123456")]
    #[case::shifted("!@#$%^&*()")]
    #[case::one_letter("aaaaaaaaaaaa")]
    #[case::one_part("abcabcabcabc")]
    #[case::one_word_twice("xyxyxyxyxyxy")]
    #[case::common("password123")]
    #[case::common_in_capitals("PASSWORD1234")]
    #[case::common_with_signs("Password!!2024")]
    #[case::common_word_and_year("welcome2026!")]
    #[case::user_name_and_digits("long.enough1")]
    #[case::user_name_twice("enoughenough1!")]
    #[case::user_name("Long.Enough.Name")]
    #[case::product("usher12345")]
    #[case::products("CiscoMeetingServer1")]
    #[case::wide_digits("１２３４５６７８９０")]
    fn what_is_tried_first_is_guessable(#[case] password: &str) {
        assert!(is_guessable("long.enough.name", password));
    }

    #[rstest]
    #[case("correct horse")]
    #[case("battery staple")]
    #[case("another horse")]
    #[case("third horse!")]
    #[case("ten chars!")]
    #[case("Tr0ub4dor&3x")]
    #[case("xkq7 vbn2 mpl9")]
    #[case("eine lange Wanderung")]
    #[case("πολλά λόγια μαζί")]
    #[case("短い八文字以上の合言葉です")]
    fn other_passwords_are_not(#[case] password: &str) {
        assert!(!is_guessable("long.enough.name", password));
    }
}
