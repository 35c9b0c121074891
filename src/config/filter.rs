//! The filter of meetings that Usher shows: by space, tenant or name pattern. Pure.

use crate::text::normalize::caseless;

/// The facts of a meeting that the filter matches.
#[derive(Debug, Clone, Copy, Default)]
pub struct MeetingFacts<'a> {
    pub name: &'a str,
    pub space: Option<&'a str>,
    pub tenant: Option<&'a str>,
}

/// Shows a meeting that matches `include`, or any if that is empty, and does not match `exclude`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MeetingFilter {
    pub include: Rules,
    pub exclude: Rules,
}

/// A meeting matches if one entry does. Ids are compared without case; names are patterns with `*` and `?`, regardless of case and normal form.
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Rules {
    pub spaces: Vec<String>,
    pub tenants: Vec<String>,
    pub names: Vec<String>,
}

impl MeetingFilter {
    pub fn shows(&self, meeting: MeetingFacts<'_>) -> bool {
        (self.include.is_empty() || self.include.matches(meeting)) && !self.exclude.matches(meeting)
    }
}

impl Rules {
    fn is_empty(&self) -> bool {
        self.spaces.is_empty() && self.tenants.is_empty() && self.names.is_empty()
    }

    fn matches(&self, meeting: MeetingFacts<'_>) -> bool {
        let has = |list: &[String], id: Option<&str>| id.is_some_and(|id| list.iter().any(|x| x.eq_ignore_ascii_case(id)));
        has(&self.spaces, meeting.space)
            || has(&self.tenants, meeting.tenant)
            || self.names.iter().any(|pattern| matches_pattern(&caseless(pattern), &caseless(meeting.name)))
    }
}

/// `*` stands for any run of characters, `?` for one.
fn matches_pattern(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) = (pattern.chars().collect(), text.chars().collect());
    let (mut p, mut t, mut retry) = (0, 0, None);
    while t < text.len() {
        match pattern.get(p) {
            Some('*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(&c) if c == '?' || c == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((after_star, from)) => {
                    retry = Some((after_star, from + 1));
                    p = after_star;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|c| *c == '*')
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::{MeetingFacts, Rules, matches_pattern};

    #[rstest]
    #[case("board*", "board call", true)]
    #[case("*call", "board call", true)]
    #[case("b?ard*", "board call", true)]
    #[case("board", "board call", false)]
    #[case("*a*a*", "banana", true)]
    #[case("*a*x*", "banana", false)]
    #[case("*", "", true)]
    #[case("?", "", false)]
    fn a_pattern_covers_the_whole_name(#[case] pattern: &str, #[case] text: &str, #[case] expected: bool) {
        assert_eq!(matches_pattern(pattern, text), expected);
    }

    #[rstest]
    #[case::case("BÜRO*", "büro 3", true)]
    #[case::decomposed("Bu\u{308}ro*", "Büro 3", true)]
    #[case::decomposed_name("B?ro*", "Bu\u{308}ro 3", true)]
    #[case::wide("board*", "Ｂｏａｒｄ\u{3000}call", true)]
    #[case::sharp_s("Straße", "STRASSE", true)]
    #[case::an_accent_counts("Buro*", "Büro 3", false)]
    fn names_are_compared_as_everywhere(#[case] pattern: &str, #[case] name: &str, #[case] expected: bool) {
        let rules = Rules { names: vec![pattern.into()], ..Rules::default() };
        assert_eq!(rules.matches(MeetingFacts { name, ..MeetingFacts::default() }), expected);
    }
}
