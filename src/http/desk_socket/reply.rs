//! What one browser is told of what it asked for, and no other one.

use super::protocol::{Outbound, Progress};
use crate::displays::DisplayError;
use crate::http::ws::session::SequencedText;
use crate::model::{ActionError, TargetResult};

/// What a browser is told of an action that it asked for.
pub(in crate::http) enum Reply {
    Results {
        r#ref: String,
        state: Progress,
        people: usize,
        results: Vec<TargetResult>,
    },
    Failed {
        r#ref: String,
        error: ActionError,
    },
    /// Of a display.
    Answer {
        r#ref: String,
        answer: Result<Option<String>, DisplayError>,
    },
}

impl Reply {
    /// To what was decided at once.
    pub(in crate::http) fn at_once(r#ref: String, results: Vec<TargetResult>) -> Self {
        Self::Results { r#ref, state: Progress::Finished, people: results.len(), results }
    }
}

impl SequencedText for Reply {
    fn to_text(&self, at_seq: u64) -> String {
        match self {
            Self::Results { r#ref, state, people, results } => {
                Outbound::Reply { r#ref, at_seq, state: *state, people: *people, results }.to_text()
            }
            Self::Failed { r#ref, error } => {
                let code = match error {
                    ActionError::Busy => "busy",
                    ActionError::UnknownBridge(_) => "unknown_bridge",
                    ActionError::LogFull => "log_full",
                };
                Outbound::Error { r#ref: Some(r#ref), code, message: error.to_string() }.to_text()
            }
            Self::Answer { r#ref, answer: Ok(link) } => Outbound::Answer { r#ref, link: link.as_deref() }.to_text(),
            Self::Answer { r#ref, answer: Err(error) } => {
                Outbound::Error { r#ref: Some(r#ref), code: error.code(), message: error.to_string() }.to_text()
            }
        }
    }
}
