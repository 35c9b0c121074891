//! Instants as text: writes RFC 3339 in UTC, and parses what people type. Pure.

use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

/// `2026-11-22T17:44:05.123Z`; empty for an instant outside the calendar.
pub fn rfc3339(ms: i64) -> String {
    let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
    let at = OffsetDateTime::from_unix_timestamp_nanos(i128::from(ms) * 1_000_000).ok();
    at.and_then(|at| at.format(&format).ok()).unwrap_or_default()
}

/// Unix milliseconds of `2026-11-22T17:44`, with or without seconds: UTC, unless an offset such as `+01:00` follows.
pub fn parse(text: &str) -> Option<i64> {
    let minute = format_description!("[year]-[month]-[day]T[hour]:[minute]");
    let second = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]");
    let without_zone = text.strip_suffix('Z').unwrap_or(text);
    let at = OffsetDateTime::parse(text, &Rfc3339)
        .or_else(|_| PrimitiveDateTime::parse(without_zone, &minute).map(PrimitiveDateTime::assume_utc))
        .or_else(|_| PrimitiveDateTime::parse(without_zone, &second).map(PrimitiveDateTime::assume_utc))
        .ok()?;
    i64::try_from(at.unix_timestamp_nanos() / 1_000_000).ok()
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("2026-11-22T17:44", Some("2026-11-22T17:44:00.000Z"))]
    #[case("2026-11-22T17:44Z", Some("2026-11-22T17:44:00.000Z"))]
    #[case("2026-11-22T17:44:05", Some("2026-11-22T17:44:05.000Z"))]
    #[case("2026-11-22T17:44:05.123Z", Some("2026-11-22T17:44:05.123Z"))]
    #[case("2026-11-22T17:44:05+01:00", Some("2026-11-22T16:44:05.000Z"))]
    #[case("2026-02-30T17:44", None)]
    #[case("yesterday", None)]
    #[case("", None)]
    fn the_common_ways_to_write_an_instant_are_parsed(#[case] text: &str, #[case] expected: Option<&str>) {
        assert_eq!(parse(text).map(rfc3339).as_deref(), expected);
    }

    #[test]
    fn an_instant_outside_the_calendar_is_empty() {
        assert_eq!(rfc3339(i64::MAX), "");
    }
}
