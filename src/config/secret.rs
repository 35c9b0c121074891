//! Text that must never be printed or logged.

use crate::text::shows_nothing;

/// A password or token. `Debug` and `Display` hide it; [`Secret::expose`] returns the text, for sending it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct Secret(String);

impl Secret {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Reads a secret from a file, a variable or a setting, without a byte order mark and the end of the line. Returns the reason, without any
    /// of the text, if it can't be a secret.
    pub fn read(bytes: &[u8]) -> Result<Self, &'static str> {
        if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
            return Err("a text in UTF-16");
        }
        let text = std::str::from_utf8(bytes).map_err(|_| "a text that is not UTF-8")?;
        let line = text.strip_prefix('\u{feff}').unwrap_or(text).trim_end_matches(['\r', '\n']);
        match line {
            "" => Err("nothing"),
            _ if line.contains('\n') => Err("several lines"),
            _ if line.chars().any(char::is_control) => Err("a text with a control character"),
            _ if line.starts_with(shows_nothing) || line.ends_with(shows_nothing) => Err("a text with blanks around it"),
            _ => Ok(Self::new(line)),
        }
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("[secret]")
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::plain(b"hunter2", Ok("hunter2"))]
    #[case::end_of_line(b"hunter2\n", Ok("hunter2"))]
    #[case::of_windows(b"hunter2\r\n", Ok("hunter2"))]
    #[case::several_ends(b"hunter2\n\n", Ok("hunter2"))]
    #[case::byte_order_mark(b"\xef\xbb\xbfhunter2\r\n", Ok("hunter2"))]
    #[case::blank_inside(b"hunter 2", Ok("hunter 2"))]
    #[case::empty(b"", Err("nothing"))]
    #[case::only_an_end(b"\r\n", Err("nothing"))]
    #[case::only_a_mark(b"\xef\xbb\xbf", Err("nothing"))]
    #[case::utf16(b"\xff\xfeh\0", Err("a text in UTF-16"))]
    #[case::utf16_big(b"\xfe\xff\0h", Err("a text in UTF-16"))]
    #[case::latin1(b"h\xfcnter", Err("a text that is not UTF-8"))]
    #[case::lines(b"hunter2\nold", Err("several lines"))]
    #[case::nul(b"hunter2\0", Err("a text with a control character"))]
    #[case::tab(b"hunter\t2", Err("a text with a control character"))]
    #[case::blank_before(b" hunter2", Err("a text with blanks around it"))]
    #[case::no_break_space(b"hunter2\xc2\xa0", Err("a text with blanks around it"))]
    #[case::blank_of_a_web_page(b"\xe2\x80\x8bhunter2", Err("a text with blanks around it"))]
    #[case::blank_behind(b"hunter2 \n", Err("a text with blanks around it"))]
    fn what_surrounds_a_secret_is_no_part_of_it(#[case] bytes: &[u8], #[case] expected: Result<&str, &str>) {
        assert_eq!(Secret::read(bytes).as_ref().map(Secret::expose).map_err(|reason| *reason), expected);
    }
}
