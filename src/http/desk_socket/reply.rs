//! The replies to the requests of one browser, which no other browser gets.

use super::protocol::{Progress, ServerMessage};
use crate::displays::DisplayError;
use crate::http::ws::session::SequencedText;
use crate::model::{ActionError, TargetResult};

/// The reply to a request, or a part of it.
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
    /// About a display; the link if one was made.
    Answer {
        r#ref: String,
        answer: Result<Option<String>, DisplayError>,
    },
}

impl Reply {
    /// The whole reply to a request that was decided at once.
    pub(in crate::http) fn finished(r#ref: String, results: Vec<TargetResult>) -> Self {
        Self::Results { r#ref, state: Progress::Finished, people: results.len(), results }
    }
}

impl SequencedText for Reply {
    fn to_text(&self, at_seq: u64) -> String {
        match self {
            Self::Results { r#ref, state, people, results } => {
                ServerMessage::Reply { r#ref, at_seq, state: *state, people: *people, results }.to_text()
            }
            Self::Failed { r#ref, error } => {
                let code = match error {
                    ActionError::Busy => "busy",
                    ActionError::UnknownBridge(_) => "unknown_bridge",
                    ActionError::LogFull => "log_full",
                };
                ServerMessage::Error { r#ref: Some(r#ref), code, message: error.to_string() }.to_text()
            }
            Self::Answer { r#ref, answer: Ok(link) } => ServerMessage::Answer { r#ref, link: link.as_deref() }.to_text(),
            Self::Answer { r#ref, answer: Err(error) } => {
                ServerMessage::Error { r#ref: Some(r#ref), code: error.code(), message: error.to_string() }.to_text()
            }
        }
    }
}
