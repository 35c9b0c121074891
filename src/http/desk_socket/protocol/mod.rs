//! The frames of `docs/protocol.md` as types; `inbound` is what browsers may send, `reading` how it is read. Rows and deltas are
//! the hub's.

mod client_message;
mod refusal;
mod validate;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::displays::DisplaySummary;
use crate::model::{BridgeStats, Role, TargetResult};

pub use client_message::{ClaimKind, Inbound, May, OnPeople};
pub use refusal::addressee;
pub use validate::{MAX_PEOPLE, parse};

pub const VERSION: u32 = 1;

/// The longest message in bytes: [`MAX_PEOPLE`] ids of 36 characters fit.
pub const MAX_MESSAGE: usize = 256 * 1024;
/// Results in one reply.
pub const MAX_RESULTS: usize = 200;

/// What one browser alone is told.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Outbound<'a> {
    Welcome {
        protocol: u32,
        epoch: &'a str,
        version: &'a str,
        time: i64,
        user: Person<'a>,
        beat_s: u64,
        prefs: Option<&'a RawValue>,
    },
    Reply {
        r#ref: &'a str,
        at_seq: u64,
        state: Progress,
        people: usize,
        results: &'a [TargetResult],
    },
    Error {
        r#ref: Option<&'a str>,
        code: &'a str,
        message: String,
    },
    Prefs {
        value: &'a RawValue,
    },
    /// The session ends at this moment, however much it is used.
    SessionEnds {
        at: i64,
    },
    /// A request was taken: it is carried out whatever becomes of the connection.
    Receipt {
        r#ref: &'a str,
    },
    Figures {
        time: i64,
        bridges: &'a [BridgeStats],
    },
    Displays {
        time: i64,
        waiting: usize,
        displays: &'a [DisplaySummary],
    },
    /// Something about a display was done; `link`: the path that makes a screen one, shown once.
    Answer {
        r#ref: &'a str,
        link: Option<&'a str>,
    },
}

#[derive(Debug, Serialize)]
pub struct Person<'a> {
    pub name: &'a str,
    pub role: Role,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Progress {
    Started,
    Progress,
    Finished,
}

impl Outbound<'_> {
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("frames are plain data with text keys")
    }
}
