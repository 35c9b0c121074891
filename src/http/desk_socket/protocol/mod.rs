//! The frames of `docs/protocol.md` as types: `client_message` has the messages of browsers, `action_message` those that ask for an action,
//! `validate` parses them. The hub makes the frames with rows.

mod action_message;
mod client_message;
mod field_checks;
mod refusal;
mod validate;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::displays::DisplaySummary;
use crate::model::{BridgeStats, Role, TargetResult};

pub use action_message::ActionMessage;
pub use client_message::{ClaimKind, ClientMessage, RequiredRole};
pub use field_checks::MAX_PEOPLE;
pub use refusal::addressee;
pub use validate::parse;

pub const VERSION: u32 = 1;

/// The longest message in bytes: [`MAX_PEOPLE`] ids of 36 characters fit.
pub const MAX_MESSAGE: usize = 256 * 1024;
/// Results in one reply.
pub const MAX_RESULTS: usize = 200;

/// A message to one browser alone.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage<'a> {
    Welcome {
        protocol: u32,
        epoch: &'a str,
        version: &'a str,
        time: i64,
        user: WelcomeUser<'a>,
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
    /// The session ends at this moment, even if it is in use.
    SessionEnds {
        at: i64,
    },
    /// A request was received: it is carried out even if the connection ends.
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
    /// A request about a display was carried out; `link`: the address that makes a screen a display, shown once.
    Answer {
        r#ref: &'a str,
        link: Option<&'a str>,
    },
}

#[derive(Debug, Serialize)]
pub struct WelcomeUser<'a> {
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

impl ServerMessage<'_> {
    pub fn to_text(&self) -> String {
        serde_json::to_string(self).expect("frames are plain data with text keys")
    }
}
