//! The name of a screen's browser, from its `User-Agent`. Only the administrators' list shows it: nothing depends on it. Pure.

/// The marks of products in the text. The first one found counts, since most products also name their ancestors.
const PRODUCTS: [(&str, &str); 7] = [
    ("Edg/", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Firefox/", "Firefox"),
    ("Chromium/", "Chromium"),
    ("Chrome/", "Chromium"),
    ("Version/", "Safari"),
];
const LONGEST: usize = 40;

/// For example `Firefox 78`; for an unknown product the beginning of the text.
pub(super) fn name(user_agent: &str) -> String {
    for (mark, name) in PRODUCTS {
        if let Some((_, rest)) = user_agent.split_once(mark) {
            let version: String = rest.chars().take_while(char::is_ascii_digit).take(4).collect();
            return format!("{name} {version}").trim_end().to_owned();
        }
    }
    user_agent.chars().filter(|c| !c.is_control()).take(LONGEST).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use rstest::rstest;

    #[rstest]
    #[case("Mozilla/5.0 (Linux; Tizen 6.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/76.0.3809.146 TV Safari/537.36", "Chromium 76")]
    #[case("Mozilla/5.0 (X11; Linux x86_64; rv:78.0) Gecko/20100101 Firefox/78.0", "Firefox 78")]
    #[case("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0 Safari/537.36 Edg/120.0", "Edge 120")]
    #[case("Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/15.4 Safari/605.1.15", "Safari 15")]
    #[case("a\u{7}kiosk", "akiosk")]
    #[case("", "")]
    fn a_browser_has_a_name(#[case] user_agent: &str, #[case] expected: &str) {
        assert_eq!(name(user_agent), expected);
    }

    #[test]
    fn a_long_name_is_cut() {
        assert_eq!(name(&"x".repeat(1000)).len(), LONGEST);
    }
}
