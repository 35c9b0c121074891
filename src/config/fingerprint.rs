//! Parses the SHA-256 of a certificate as people and tools write it: in either case, with colons, spaces or dashes, or with a label.

use super::addresses::quoted;
use super::error::Mistake;

/// Labels before the digits, from `openssl x509 -fingerprint`, OpenSSH and browsers.
const NAMES: [&str; 4] = ["sha256 fingerprint", "sha-256", "sha256", "fingerprint"];

pub(super) fn fingerprint(key: &str, text: &str) -> Result<[u8; 32], Mistake> {
    let lower = text.trim_start_matches('\u{feff}').trim().to_ascii_lowercase();
    let mut rest = &*lower;
    while let Some(after) = NAMES.iter().find_map(|name| rest.strip_prefix(name)) {
        rest = after.trim_start_matches([' ', ':', '=']);
    }
    // Digits copied from a web page may contain zero-width spaces.
    let separates = |c: char| c.is_whitespace() || matches!(c, ':' | '-' | '.' | '\u{200b}' | '\u{200e}' | '\u{feff}');
    let digits: String = rest.chars().filter(|c| !separates(*c)).collect();
    let mut bytes = [0; 32];
    let allowed = "the SHA-256 of the certificate: 64 hexadecimal digits, colons allowed";
    hex::decode_to_slice(&digits, &mut bytes).map_err(|_| Mistake::new(key, quoted(text), allowed))?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    const DIGITS: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    fn pairs(separator: &str) -> String {
        let pairs: Vec<&str> = (0..32).map(|n| &DIGITS[2 * n..2 * n + 2]).collect();
        pairs.join(separator)
    }

    #[rstest]
    #[case::plain(DIGITS.into())]
    #[case::upper_case(DIGITS.to_uppercase())]
    #[case::colons(pairs(":"))]
    #[case::blanks(pairs(" "))]
    #[case::dashes(pairs("-"))]
    #[case::two_lines(format!("{}\r\n{}\r\n", &DIGITS[..32], &DIGITS[32..]))]
    #[case::around(format!(" \u{feff}{DIGITS}\n"))]
    #[case::mark(format!("\u{feff}{DIGITS}"))]
    #[case::from_a_page(format!("\u{200e}{}", pairs(" ")))]
    #[case::openssl(format!("sha256 Fingerprint={}", pairs(":").to_uppercase()))]
    #[case::older_openssl(format!("SHA256 Fingerprint={}", pairs(":").to_uppercase()))]
    #[case::named(format!("SHA-256: {}", pairs(":")))]
    #[case::prefix(format!("sha256:{DIGITS}"))]
    fn it_is_the_same_however_it_is_written(#[case] text: String) {
        assert_eq!(fingerprint("key", &text).map(hex::encode).as_deref(), Ok(DIGITS));
    }

    #[rstest]
    #[case::nothing("")]
    #[case::short(&DIGITS[..62])]
    #[case::sha1("SHA1 Fingerprint=0123456789abcdef0123456789abcdef01234567")]
    #[case::no_digits("g123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")]
    #[case::twice(
        "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
    )]
    fn a_text_that_is_no_fingerprint_is_refused(#[case] text: &str) {
        assert!(fingerprint("key", text).is_err());
    }
}
