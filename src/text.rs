//! What texts of strangers look like. Pure.

/// Whether a text shows nothing: it is empty, or made of blanks, controls and characters that Unicode calls default-ignorable.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(shows_nothing)
}

/// `Default_Ignorable_Code_Point` (Unicode, DerivedCoreProperties), white space, controls, and the signs whose picture is blank.
fn shows_nothing(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(
            c,
            '\u{ad}'
                | '\u{34f}'
                | '\u{61c}'
                | '\u{115f}'..='\u{1160}'
                | '\u{17b4}'..='\u{17b5}'
                | '\u{180b}'..='\u{180f}'
                | '\u{200b}'..='\u{200f}'
                | '\u{202a}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}'
                | '\u{2800}'
                | '\u{3164}'
                | '\u{fe00}'..='\u{fe0f}'
                | '\u{feff}'
                | '\u{ffa0}'
                | '\u{fff0}'..='\u{fffb}'
                | '\u{13430}'..='\u{1343f}'
                | '\u{1bca0}'..='\u{1bca3}'
                | '\u{1d159}'
                | '\u{1d173}'..='\u{1d17a}'
                | '\u{e0000}'..='\u{e0fff}'
        )
}

#[cfg(test)]
mod tests {
    use super::is_blank;

    #[test]
    fn what_shows_nothing_is_blank_and_what_shows_anything_is_not() {
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
        for shown in ["a", "\u{200b}Bo", "0", "👩\u{200d}⚖\u{fe0f}", "محمد", ".", "\u{fffd}"] {
            assert!(!is_blank(shown), "{shown:?}");
        }
    }
}
