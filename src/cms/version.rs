//! Decides by the version of CMS which actions a bridge supports. Pure.

/// The first version that can admit a single participant (rest.md section 9).
const ADMITS: (u32, u32) = (2, 9);

/// The first version that sends participants back to the lobby.
const SENDS_BACK: (u32, u32) = (3, 4);

pub(crate) fn admits(version: &str) -> bool {
    at_least(version, ADMITS)
}

pub(crate) fn sends_back(version: &str) -> bool {
    at_least(version, SENDS_BACK)
}

/// A version that can't be read counts as recent enough: Usher tries.
fn at_least(version: &str, since: (u32, u32)) -> bool {
    let mut numbers = version.split('.').map(|part| part.chars().take_while(char::is_ascii_digit).collect::<String>().parse::<u32>());
    match (numbers.next(), numbers.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) >= since,
        (Some(Ok(major)), _) => major > since.0,
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_before_2_9_cannot_admit() {
        assert_eq!(["2.8.1", "2.9", "2.10_beta", "3.9 (build 1)", "1.9", "odd"].map(admits), [false, true, true, true, false, true]);
        assert_eq!(["3.3.9", "3.4", "3", "4"].map(sends_back), [false, true, false, true]);
    }
}
