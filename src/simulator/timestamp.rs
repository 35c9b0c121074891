//! Formats times as CMS does: RFC 3339, UTC, whole seconds (rest.md 8, cdr.md 3). It reads no clock.

use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Empty when the year is out of range.
pub(crate) fn rfc3339(ms: i64) -> String {
    OffsetDateTime::from_unix_timestamp(ms.div_euclid(1000)).ok().and_then(|t| t.format(&Rfc3339).ok()).unwrap_or_default()
}
