//! The lobbies of all meetings in a few numbers. Plain data.

use serde::Serialize;

/// How many people wait in all meetings and since when, for pages that show no rows. All instants are Unix milliseconds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct LobbySummary {
    /// Waiting participants who are not on hold.
    pub waiting: usize,
    /// Waiting participants who are on hold.
    pub held: usize,
    /// The earliest begin of a wait among those who are not on hold.
    pub longest_since: Option<i64>,
    /// When the first of these waits passes its meeting's first threshold; may be past.
    pub long_at: Option<i64>,
    /// When the first of these waits passes its meeting's second threshold; may be past.
    pub too_long_at: Option<i64>,
    /// Participants whose lobby state is not known yet.
    pub unknown: usize,
    /// Followed bridges.
    pub bridges: usize,
    /// Bridges whose data may be out of date, or that have not been read yet.
    pub bridges_out_of_date: usize,
}
