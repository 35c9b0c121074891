//! Views: rows, how they follow from facts, and the difference between two views. Pure; takes no clock, socket or lock.
//!
//! Each kind of row has a file with its fields and the function that fills them.

mod bridge;
mod diff;
mod meeting;
mod person;
mod rows;

pub use bridge::{BridgeRow, bridge_row};
pub use diff::{ViewDelta, apply, diff};
pub use meeting::{MeetingRow, filter_facts, meeting_row, threshold_key};
pub use person::{PersonRow, person_row};
pub use rows::{Kind, Row, RowKey, ServerRow, UserRow, View};
