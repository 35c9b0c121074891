//! One normal form and one case folding wherever texts are compared, so that what looks the same is the same: NFKC, and Unicode's full case
//! folding. Pure.
//!
//! User names and passwords follow RFC 8265 (PRECIS) in this: user names are compared as [`caseless`], passwords as [`password`]. Searches
//! compare as [`search`]. The pages do the same (`web/lib/text.js`), and one table of pairs is tried on both.

use icu_casemap::CaseMapper;
use icu_normalizer::{ComposingNormalizer, DecomposingNormalizer};
use icu_properties::props::GeneralCategory;
use icu_properties::{CodePointMapData, CodePointMapDataBorrowed};

use super::shows_nothing;

const CATEGORIES: CodePointMapDataBorrowed<'static, GeneralCategory> = CodePointMapData::<GeneralCategory>::new();

/// One way to write each letter (NFKC): composed, and without wide, narrow and other compatible forms.
pub fn nfkc(text: &str) -> String {
    ComposingNormalizer::new_nfkc().normalize(text).into_owned()
}

/// Equal for texts that differ by nothing but case and the way their letters are written: `MÜLLER` and `mu` + diaeresis + `ller`, `Straße`
/// and `STRASSE`.
pub fn caseless(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    // Folding may take a normal form apart, and some letters fold only once they are in it.
    let once = nfkc(&CaseMapper::new().fold_string(&nfkc(text)));
    nfkc(&CaseMapper::new().fold_string(&once))
}

/// The form in which a search compares: [`caseless`], and without accents and characters that show nothing, since people type names without them.
pub fn search(text: &str) -> String {
    if text.is_ascii() && !text.bytes().any(|byte| byte.is_ascii_control()) {
        return text.trim().to_ascii_lowercase();
    }
    let lower = DecomposingNormalizer::new_nfkd().normalize(text).to_lowercase();
    let mut found = String::with_capacity(lower.len());
    let mut breaks = false;
    // Marks go first, so that none stands between two controls.
    for c in lower.chars().filter(|c| !is_mark(*c)) {
        let control = c.is_control() || matches!(c, '\u{2028}' | '\u{2029}');
        match c {
            // Letters without a decomposition that people type without their mark, and the second form of sigma.
            'ø' => found.push('o'),
            'ł' => found.push('l'),
            'đ' | 'ð' => found.push('d'),
            'ħ' => found.push('h'),
            'ı' => found.push('i'),
            'ς' => found.push('σ'),
            'ß' => found.push_str("ss"),
            'æ' => found.push_str("ae"),
            'œ' => found.push_str("oe"),
            'þ' => found.push_str("th"),
            _ if control && breaks => {}
            _ if control => found.push(' '),
            c if shows_nothing(c) && !c.is_whitespace() => {}
            c => found.push(c),
        }
        breaks = control;
    }
    found.trim().to_owned()
}

fn is_mark(c: char) -> bool {
    let category = CATEGORIES.get(c);
    matches!(category, GeneralCategory::NonspacingMark | GeneralCategory::SpacingMark | GeneralCategory::EnclosingMark)
}

/// A password as it is compared (RFC 8265, OpaqueString): composed, and every blank is the common one. Case and all else counts.
pub fn password(text: &str) -> String {
    let blanks = |c| if CATEGORIES.get(c) == GeneralCategory::SpaceSeparator { ' ' } else { c };
    ComposingNormalizer::new_nfc().normalize(&text.chars().map(blanks).collect::<String>()).into_owned()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::case("MÜLLER", "müller", true)]
    #[case::decomposed("Mu\u{308}ller", "Müller", true)]
    #[case::sharp_s("Straße", "STRASSE", true)]
    #[case::wide("Ｂｏａｒｄ", "board", true)]
    #[case::sigma("ΟΔΟΣ", "οδος", true)]
    #[case::an_accent_counts("Muller", "Müller", false)]
    #[case::ligature("ﬁn", "FIN", true)]
    fn texts_that_look_the_same_are_the_same(#[case] a: &str, #[case] b: &str, #[case] same: bool) {
        assert_eq!(caseless(a) == caseless(b), same);
    }

    #[rstest]
    #[case::composed("Zoe\u{308}'s horse", "Zoë's horse", true)]
    #[case::blanks("correct\u{a0}horse", "correct horse", true)]
    #[case::case_counts("Correct horse", "correct horse", false)]
    #[case::wide_counts("ａ", "a", false)]
    #[case::blanks_count("correct  horse", "correct horse", false)]
    fn a_password_is_compared_composed(#[case] a: &str, #[case] b: &str, #[case] same: bool) {
        assert_eq!(password(a) == password(b), same);
    }

    /// Two texts, and whether they are the same as names and when they are searched.
    #[derive(serde::Deserialize)]
    struct Pair {
        a: String,
        b: String,
        caseless: bool,
        search: bool,
    }

    /// The pages try the same table.
    #[test]
    fn names_and_searches_are_compared_as_in_the_pages() {
        let pairs: Vec<Pair> = serde_json::from_str(include_str!("../../tests/same-texts.json")).expect("pairs");
        assert!(pairs.len() > 25, "{}", pairs.len());
        for Pair { a, b, caseless: same, search: found } in pairs {
            assert_eq!((caseless(&a) == caseless(&b), search(&a) == search(&b)), (same, found), "{a:?} and {b:?}");
        }
    }

    proptest! {
        #[test]
        fn each_form_is_its_own_form(text in any::<String>()) {
            prop_assert_eq!(search(&search(&text)), search(&text));
            prop_assert_eq!(caseless(&caseless(&text)), caseless(&text));
            prop_assert_eq!(password(&password(&text)), password(&text));
        }
    }
}
