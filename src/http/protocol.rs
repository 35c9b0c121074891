//! The frames of `docs/protocol.md` as types, and the strict reading of what browsers send. Rows and deltas are the hub's.

use std::collections::HashSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::accounts::Role;
use crate::actions::{PersonResult, Scope};
use crate::view::BridgeFigures;

pub const VERSION: u32 = 1;

/// The most ids one press may hold, and the longest message: 5,000 ids of 36 characters fit.
pub const MAX_PEOPLE: usize = 5000;
pub const MAX_MESSAGE: usize = 256 * 1024;
/// Results in one reply.
pub const MAX_RESULTS: usize = 200;

const MAX_REF: usize = 64;
const MAX_ID: usize = 128;

/// Close codes; what the browser does then is in the document.
pub mod close {
    /// Answers a browser's goodbye that has no code.
    pub const NORMAL: u16 = 1000;
    pub const RESTART: u16 = 1001;
    pub const BAD_MESSAGE: u16 = 4400;
    pub const SIGNED_OUT: u16 = 4401;
    pub const SLOW: u16 = 4008;
    pub const TOO_MANY: u16 = 4429;
}

/// What one browser alone is told.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Outbound<'a> {
    Welcome { protocol: u32, epoch: &'a str, version: &'a str, time: i64, user: Person<'a>, beat_s: u64 },
    Reply { r#ref: &'a str, at_seq: u64, state: Progress, people: usize, results: &'a [PersonResult] },
    Error { r#ref: Option<&'a str>, code: &'a str, message: String },
    Beat { time: i64 },
    Figures { time: i64, bridges: &'a [BridgeFigures] },
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

/// What browsers may say.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", deny_unknown_fields)]
pub enum Inbound {
    Admit {
        r#ref: String,
        people: Vec<Arc<str>>,
        scope: Scope,
    },
    Retry {
        r#ref: String,
        bridge: String,
    },
    Pause {
        r#ref: String,
        bridge: String,
    },
    Resume {
        r#ref: String,
        bridge: String,
    },
    /// Administrators' figures, or no longer.
    Watch {
        r#ref: String,
        on: bool,
    },
    Resync {},
    Beat {},
}

/// Reads a message; the error is the reason that the browser is told when its socket is closed.
pub fn parse(text: &str) -> Result<Inbound, String> {
    let mut message: Inbound = serde_json::from_str(text).map_err(|error| format!("not a message: {error}"))?;
    match &mut message {
        Inbound::Admit { r#ref, people, .. } => {
            check_ref(r#ref)?;
            check_people(people)?;
        }
        Inbound::Retry { r#ref, .. } | Inbound::Pause { r#ref, .. } | Inbound::Resume { r#ref, .. } | Inbound::Watch { r#ref, .. } => {
            check_ref(r#ref)?;
        }
        Inbound::Resync {} | Inbound::Beat {} => {}
    }
    Ok(message)
}

fn check_ref(text: &str) -> Result<(), String> {
    match text.chars().count() {
        1..=MAX_REF => Ok(()),
        n => Err(format!("ref has {n} characters; allowed: 1 to {MAX_REF}")),
    }
}

/// Leaves each id once.
fn check_people(people: &mut Vec<Arc<str>>) -> Result<(), String> {
    if people.is_empty() || people.len() > MAX_PEOPLE {
        return Err(format!("people has {} ids; allowed: 1 to {MAX_PEOPLE}", people.len()));
    }
    if let Some(id) = people.iter().find(|id| id.is_empty() || id.len() > MAX_ID) {
        return Err(format!("people has an id of {} bytes; allowed: 1 to {MAX_ID}", id.len()));
    }
    let mut seen = HashSet::with_capacity(people.len());
    people.retain(|id| seen.insert(id.clone()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;

    #[test]
    fn a_press_holds_each_person_once() {
        let message = parse(r#"{"type":"admit","ref":"1","people":["a","b","a"],"scope":"shown"}"#).expect("valid");
        assert_eq!(message, Inbound::Admit { r#ref: "1".into(), people: vec!["a".into(), "b".into()], scope: Scope::Shown });
    }

    #[rstest]
    #[case("", "not a message")]
    #[case("[]", "not a message")]
    #[case(r#"{"type":"dance"}"#, "unknown variant `dance`")]
    #[case(r#"{"type":"beat","time":1}"#, "unknown field `time`")]
    #[case(r#"{"type":"resync","x":1}"#, "unknown field `x`")]
    #[case(r#"{"type":"admit","ref":"1","people":["a"]}"#, "missing field `scope`")]
    #[case(r#"{"type":"admit","ref":"1","people":[],"scope":"shown"}"#, "people has 0 ids")]
    #[case(r#"{"type":"admit","ref":"1","people":[""],"scope":"shown"}"#, "an id of 0 bytes")]
    #[case(r#"{"type":"admit","ref":"","people":["a"],"scope":"shown"}"#, "ref has 0 characters")]
    #[case(r#"{"type":"admit","ref":7,"people":["a"],"scope":"shown"}"#, "invalid type: integer")]
    #[case(r#"{"type":"admit","ref":"1","ref":"2","people":["a"],"scope":"shown"}"#, "duplicate field `ref`")]
    #[case(r#"{"type":"admit","ref":"1","people":["a"],"scope":"all"}"#, "unknown variant `all`")]
    fn what_is_no_message_is_refused_with_its_reason(#[case] text: &str, #[case] expected: &str) {
        let reason = parse(text).expect_err("refused");
        assert!(reason.contains(expected), "{reason}");
    }

    #[test]
    fn five_thousand_ids_fit_and_one_more_does_not() {
        let press = |n: usize| {
            let people: Vec<_> = (0..n).map(|_| uuid::Uuid::new_v4().to_string()).collect();
            serde_json::json!({"type": "admit", "ref": "1", "people": people, "scope": "shown"}).to_string()
        };
        let text = press(MAX_PEOPLE);
        assert!(text.len() <= MAX_MESSAGE, "{}", text.len());
        assert!(parse(&text).is_ok());
        assert!(parse(&press(MAX_PEOPLE + 1)).is_err());
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = parse(&text);
        }
    }
}
