//! Recognises passwords that are guessed first (NIST SP 800-63B, 5.1.1.2): common ones, runs on the keyboard, repetitions, and the name of
//! the user or of this product with a few more characters. Pure.
//!
//! `common_passwords.txt` has the passwords of at least ten characters from the lists of Django (common-passwords, BSD-3-Clause) and zxcvbn
//! (MIT), `common_words.txt` the most frequent shorter words from zxcvbn.

use std::collections::HashSet;
use std::sync::LazyLock;

use crate::text::normalize::caseless;

static COMMON: LazyLock<HashSet<&'static str>> = LazyLock::new(|| include_str!("common_passwords.txt").lines().collect());
static WORDS: LazyLock<HashSet<&'static str>> = LazyLock::new(|| include_str!("common_words.txt").lines().collect());

/// Words that anyone who sees the sign-in page knows.
const PRODUCT_WORDS: [&str; 8] = ["usher", "lobby", "cisco", "meeting", "server", "admin", "moderator", "viewer"];

/// Rows and columns of keyboards (QWERTY, QWERTZ, AZERTY), the alphabet and the digits; each is also matched backwards.
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
/// The shortest part of a run that counts as one step.
const MIN_RUN: usize = 3;
/// The fewest steps of a password: a run or a repetition is one step, and so is any other character.
const MIN_STEPS: usize = 5;
/// The fewest characters that must be left when names and product words are removed.
const MIN_OWN: usize = 6;

/// Whether an attacker would try this password early for this user.
pub(super) fn is_guessable(name: &str, password: &str) -> bool {
    let folded = caseless(password);
    let is_common = |text: &str| COMMON.contains(text) || WORDS.contains(text);
    let word = folded.trim_matches(|c: char| !c.is_alphabetic());
    let around = folded.chars().count() - word.chars().count();
    is_common(&folded) || around <= MIN_OWN && is_common(word) || steps(&folded) < MIN_STEPS || own_characters(name, &folded) < MIN_OWN
}

/// The number of characters that are left when the parts of the name and the product words are removed.
fn own_characters(name: &str, folded: &str) -> usize {
    let name = caseless(name);
    // A name may be an email address: its parts count as names too.
    let parts = name.split(|c: char| !c.is_alphanumeric()).chain([name.as_str()]);
    let mut words: Vec<&str> = parts.filter(|part| part.chars().count() >= 3).chain(PRODUCT_WORDS).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    let mut rest = folded.to_owned();
    for word in words {
        rest = rest.replace(word, "\0");
    }
    rest.chars().filter(|c| c.is_alphanumeric()).count()
}

/// The number of runs, repetitions and single characters that make up the text.
fn steps(folded: &str) -> usize {
    let text: Vec<char> = folded.chars().collect();
    // A text that repeats one part counts as that part.
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
        at += if longest >= MIN_RUN { longest } else { 1 };
        steps += 1;
    }
    steps
}

/// The length of the run or repetition at the start of the text.
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
    fn a_password_that_is_tried_early_is_guessable(#[case] password: &str) {
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
    fn other_passwords_are_not_guessable(#[case] password: &str) {
        assert!(!is_guessable("long.enough.name", password));
    }
}
