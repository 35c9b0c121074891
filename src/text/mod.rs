//! Texts from outside: whether they show anything, and cutting them to a length between the characters that people see, never within an
//! emoji, an accent or a syllable. Pure.

pub mod normalize;

use icu_properties::CodePointSetData;
use icu_properties::props::DefaultIgnorableCodePoint;
use unicode_segmentation::UnicodeSegmentation;

/// As many whole characters from the start as `most` Unicode scalar values hold.
pub fn cut(text: &str, most: usize) -> &str {
    cut_by(text, most, |cluster| cluster.chars().count())
}

/// The same for a limit in bytes.
pub fn cut_bytes(text: &str, most: usize) -> &str {
    cut_by(text, most, str::len)
}

fn cut_by(text: &str, most: usize, size: impl Fn(&str) -> usize) -> &str {
    // Stops soon after the cut: a text may be megabytes long.
    let mut kept = 0;
    let mut length = 0;
    for (at, cluster) in text.grapheme_indices(true) {
        length += size(cluster);
        if length > most {
            // A first character that is too long is cut itself, so that the result shows something.
            return if at == 0 { cut_cluster(cluster, most, size) } else { &text[..at] };
        }
        kept = at + cluster.len();
    }
    &text[..kept]
}

fn cut_cluster(cluster: &str, most: usize, size: impl Fn(&str) -> usize) -> &str {
    let ends = cluster.char_indices().map(|(at, char)| at + char.len_utf8());
    let end = ends.take_while(|end| size(&cluster[..*end]) <= most).last().unwrap_or(0);
    &cluster[..end]
}

/// Whether a text shows nothing: it is empty, or made of blanks, controls and characters that Unicode calls default-ignorable.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(shows_nothing)
}

/// Whether a character is a blank, a control, default-ignorable by Unicode, or a sign with a blank picture.
pub fn shows_nothing(c: char) -> bool {
    let blank_picture = matches!(c, '\u{2800}' | '\u{fff9}'..='\u{fffb}' | '\u{1d159}');
    c.is_whitespace() || c.is_control() || blank_picture || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

#[cfg(test)]
mod tests {
    use proptest::proptest;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::short("Board", 10, "Board")]
    #[case::exact("Board", 5, "Board")]
    #[case::plain("Board call", 5, "Board")]
    #[case::an_accent_of_its_own("Zoe\u{308} M", 3, "Zo")]
    #[case::a_flag("A \u{1f1e9}\u{1f1ea}", 3, "A ")]
    #[case::a_family("A \u{1f468}\u{200d}\u{1f469}\u{200d}\u{1f467}", 4, "A ")]
    #[case::a_skin_tone("\u{1f44d}\u{1f3fd}!", 2, "\u{1f44d}\u{1f3fd}")]
    #[case::a_character_longer_than_all("e\u{301}\u{301}\u{301}\u{301}", 3, "e\u{301}\u{301}")]
    #[case::nothing("Board", 0, "")]
    fn a_text_is_cut_between_characters(#[case] text: &str, #[case] most: usize, #[case] expected: &str) {
        assert_eq!(cut(text, most), expected);
    }

    #[test]
    fn bytes_are_counted_where_bytes_are_the_limit() {
        assert_eq!((cut_bytes("ééé", 5), cut_bytes("a\u{1f600}b", 4), cut_bytes("\u{1f600}", 3)), ("éé", "a", ""));
    }

    proptest! {
        #[test]
        fn a_cut_text_is_a_beginning_within_the_limit(text in ".*", most in 0_usize..50) {
            let (by_chars, by_bytes) = (cut(&text, most), cut_bytes(&text, most));
            assert!(text.starts_with(by_chars) && by_chars.chars().count() <= most);
            assert!(text.starts_with(by_bytes) && by_bytes.len() <= most);
        }
    }

    #[test]
    fn a_text_is_blank_if_it_shows_nothing() {
        for blank in [
            "",
            " ",
            "\t\n",
            "\u{200b}",
            "\u{2800}",
            "\u{ad}",
            "\u{e0041}",
            "\u{3164}\u{a0}\u{feff}",
            "\u{2028}\u{fe0f}\u{200d}",
            "\0\u{7f}",
        ] {
            assert!(is_blank(blank), "{blank:?}");
        }
        for shown in ["a", "\u{200b}Bo", "0", "👩\u{200d}⚖\u{fe0f}", "محمد", ".", "\u{fffd}", "\u{600}", "\u{6dd}"] {
            assert!(!is_blank(shown), "{shown:?}");
        }
    }
}
