//! Strict parsing of browsers' messages: a text that is no message, or is beyond a limit, is refused with its reason.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;

use super::action_message::ActionMessage;
use super::client_message::ClientMessage;
use super::field_checks::{MAX_CLAIMS, MAX_PEOPLE, check_ids, check_seconds, check_text};
use crate::config::{MAX_BRIDGE_NAME, MAX_WAIT_S};
use crate::model::ActionKind;
use crate::model::wire_name::from_wire;
use crate::text::cut;

const MAX_REF: usize = 64;
/// Characters of the reason of a hold.
const MAX_REASON: usize = 200;
const MAX_PREFS: usize = 16 * 1024;
/// Characters of the reason why a text is no message, which may quote the text.
const LONGEST_REASON: usize = 200;

/// Reads a message; the error is the reason for the browser.
pub fn parse(text: &str) -> Result<ClientMessage, String> {
    let mut message = read(text).map_err(|error| cut(&format!("not a message: {error}"), LONGEST_REASON).to_owned())?;
    if let Some(r#ref) = message.reference() {
        check_ref("ref", r#ref)?;
    }
    validate(&mut message)?;
    Ok(message)
}

fn read(text: &str) -> serde_json::Result<ClientMessage> {
    /// The rest of the message is read once its type is known.
    #[derive(Deserialize)]
    struct TypeOnly {
        r#type: Arc<str>,
    }
    let TypeOnly { r#type } = serde_json::from_str(text)?;
    match from_wire::<ActionKind>(&r#type) {
        Some(_) => ActionMessage::parse(text).map(ClientMessage::Action),
        None => serde_json::from_str(text),
    }
}

fn validate(message: &mut ClientMessage) -> Result<(), String> {
    match message {
        ClientMessage::Action(message) => message.validate()?,
        ClientMessage::Hold { people, reason, remind_s, over, .. } => {
            check_people(people)?;
            check_ids("over", &*over, 0..=MAX_CLAIMS)?;
            check_text("reason", reason, reason.chars().count(), MAX_REASON, "characters")?;
            check_seconds("remind_s", *remind_s)?;
        }
        ClientMessage::Acknowledge { people, .. } => check_people(people)?,
        ClientMessage::Thresholds { meeting, first_s, second_s, .. } => {
            check_ids("meeting", std::slice::from_ref(meeting), 1..=1)?;
            match (*first_s, *second_s) {
                (None, None) => {}
                (Some(first), Some(second)) if first >= 1 && first < second && second <= MAX_WAIT_S => {}
                (first, second) => {
                    return Err(format!(
                        "thresholds are {first:?} and {second:?}; allowed: 1 <= first < second <= {MAX_WAIT_S}, or both null"
                    ));
                }
            }
        }
        ClientMessage::Claim { ids, .. } | ClientMessage::Release { ids, .. } => check_ids("ids", &*ids, 1..=MAX_CLAIMS)?,
        ClientMessage::Stop { press, .. } => check_ref("press", press)?,
        ClientMessage::Look { meeting, .. } => check_ids("meeting", meeting.as_slice(), 0..=1)?,
        ClientMessage::Prefs { value, .. } => {
            let size = serde_json::to_string(&value.0).map_or(usize::MAX, |text| text.len());
            if size > MAX_PREFS {
                return Err(format!("value has {size} bytes; allowed: up to {MAX_PREFS}"));
            }
        }
        ClientMessage::Retry { bridge, .. } | ClientMessage::Pause { bridge, .. } | ClientMessage::Resume { bridge, .. } => {
            check_text("bridge", bridge, bridge.chars().count(), MAX_BRIDGE_NAME, "characters")?;
        }
        ClientMessage::DisplayPair { code, .. } => check_text("code", code, code.chars().count(), MAX_REF, "characters")?,
        ClientMessage::DisplaySet { id, .. }
        | ClientMessage::DisplayIdentify { id, .. }
        | ClientMessage::DisplayReload { id, .. }
        | ClientMessage::DisplayRevoke { id, .. }
        | ClientMessage::DisplayForget { id, .. } => check_ids("id", std::slice::from_ref(id), 1..=1)?,
        // `displays` checks settings itself, so that the page keeps the typed values.
        ClientMessage::DisplayLink { .. }
        | ClientMessage::Displays { .. }
        | ClientMessage::Watch { .. }
        | ClientMessage::Resync {}
        | ClientMessage::Beat { .. } => {}
    }
    Ok(())
}

fn check_ref(field: &str, text: &str) -> Result<(), String> {
    match text.chars().count() {
        1..=MAX_REF => Ok(()),
        n => Err(format!("{field} has {n} characters; allowed: 1 to {MAX_REF}")),
    }
}

/// Also removes duplicates.
fn check_people(people: &mut Vec<Arc<str>>) -> Result<(), String> {
    check_ids("people", &*people, 1..=MAX_PEOPLE)?;
    let mut seen = HashSet::with_capacity(people.len());
    people.retain(|id| seen.insert(id.clone()));
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::http::desk_socket::protocol::MAX_MESSAGE;
    use crate::model::{Action, Scope, Target};

    #[test]
    fn an_action_holds_each_person_once() {
        let message = parse(r#"{"type":"admit","ref":"1","people":["a","b","a"],"scope":"shown"}"#).expect("valid");
        let targets = ["a", "b"].map(|id| Target::Person(id.into())).to_vec();
        let (action, scope) = (Action::Admit, Scope::Shown);
        let expected = ActionMessage { r#ref: "1".into(), action, targets, scope, over: Vec::new(), held: false };
        assert_eq!(message, ClientMessage::Action(expected));
    }

    #[rstest]
    #[case("", "not a message")]
    #[case("[]", "not a message")]
    #[case(r#"{"type":"dance"}"#, "unknown variant `dance`")]
    #[case(r#"{"type":"unmute","ref":"1","people":["a"],"scope":"person"}"#, "unknown variant `unmute`")]
    #[case(r#"{"type":"action","ref":"1"}"#, "unknown variant `action`")]
    #[case(r#"{"type":"admit","ref":"1","people":["a"],"scope":"person","x":1}"#, "unknown field `x`")]
    #[case(r#"{"type":"rename","ref":"1","person":"","label":"a"}"#, "person has an id of 0 bytes")]
    #[case(r#"{"type":"lock","ref":"1","meeting":"","on":true}"#, "meeting has an id of 0 bytes")]
    #[case(r#"{"type":"mute","ref":"1","people":["a"],"on":true,"scope":"next"}"#, "scope next does not go with this action")]
    #[case(r#"{"type":"beat","time":1}"#, "unknown field `time`")]
    #[case(r#"{"type":"resync","x":1}"#, "unknown field `x`")]
    #[case(r#"{"type":"admit","ref":"1","people":["a"]}"#, "missing field `scope`")]
    #[case(r#"{"type":"remove","ref":"1","people":["a"],"scope":"person","held":true}"#, "held goes with admit only")]
    #[case(r#"{"type":"admit","ref":"1","people":[],"scope":"shown"}"#, "people has 0 ids")]
    #[case(r#"{"type":"admit","ref":"1","people":[""],"scope":"shown"}"#, "an id of 0 bytes")]
    #[case(r#"{"type":"admit","ref":"","people":["a"],"scope":"shown"}"#, "ref has 0 characters")]
    #[case(r#"{"type":"admit","ref":7,"people":["a"],"scope":"shown"}"#, "invalid type: integer")]
    #[case(r#"{"type":"admit","ref":"1","ref":"2","people":["a"],"scope":"shown"}"#, "duplicate field `ref`")]
    #[case(r#"{"type":"admit","ref":"1","people":["a"],"scope":"all"}"#, "unknown variant `all`")]
    #[case(r#"{"type":"admit","ref":"1","people":["a"],"scope":"undo"}"#, "scope undo does not go with this action")]
    #[case(r#"{"type":"remove","ref":"1","people":["a"],"scope":"undo"}"#, "scope undo does not go with this action")]
    #[case(
        r#"{"type":"rename","ref":"1","person":"a","label":"123456789012345678901234567890123456789012345678901"}"#,
        "label has 51 bytes"
    )]
    #[case(r#"{"type":"rename","ref":"1","person":"a","label":"a\nb"}"#, "control character")]
    #[case(r#"{"type":"hold","ref":"1","people":["a"],"on":true,"reason":"","remind_s":0}"#, "remind_s is 0")]
    #[case(r#"{"type":"message","ref":"1","meeting":"a","text":"hi","seconds":86401}"#, "seconds is 86401")]
    #[case(r#"{"type":"thresholds","ref":"1","meeting":"a","first_s":9,"second_s":9}"#, "1 <= first < second")]
    #[case(r#"{"type":"thresholds","ref":"1","meeting":"a","first_s":9,"second_s":null}"#, "1 <= first < second")]
    #[case(r#"{"type":"claim","ref":"1","kind":"person","ids":[]}"#, "ids has 0 ids")]
    #[case(r#"{"type":"claim","ref":"1","kind":"bridge","ids":["a"]}"#, "unknown variant `bridge`")]
    #[case(r#"{"type":"prefs","ref":"1","value":[]}"#, "invalid type")]
    #[case(r#"{"type":"look","meeting":"","idle":false}"#, "an id of 0 bytes")]
    #[case(&format!(r#"{{"type":"retry","ref":"1","bridge":"{}"}}"#, "x".repeat(41)), "bridge has 41 characters; allowed: up to 40")]
    #[case(&format!(r#"{{"type":"pause","ref":"1","bridge":"{}"}}"#, "x".repeat(200_000)), "bridge has 200000 characters")]
    #[case(&format!(r#"{{"type":"resume","ref":"1","bridge":"{}"}}"#, "x".repeat(200_000)), "bridge has 200000 characters")]
    #[case(r#"{"type":"retry","ref":"1","bridge":"a\nb"}"#, "control character")]
    #[case(&format!(r#"{{"type":"{}"}}"#, "x".repeat(200_000)), "unknown variant")]
    #[case(r#"{"type":"stop","ref":"1","press":""}"#, "press has 0 characters")]
    fn an_invalid_message_is_refused_with_the_reason(#[case] text: &str, #[case] expected: &str) {
        let reason = parse(text).expect_err("refused");
        assert!(reason.contains(expected), "{reason}");
        assert!(reason.chars().count() <= LONGEST_REASON, "it quotes too much of what was sent: {} bytes", reason.len());
    }

    #[test]
    fn five_thousand_ids_fit_and_one_more_does_not() {
        let text_of = |n: usize| {
            let people: Vec<_> = (0..n).map(|_| uuid::Uuid::new_v4().to_string()).collect();
            serde_json::json!({"type": "admit", "ref": "1", "people": people, "scope": "shown"}).to_string()
        };
        let text = text_of(MAX_PEOPLE);
        assert!(text.len() <= MAX_MESSAGE, "{}", text.len());
        assert!(parse(&text).is_ok());
        assert!(parse(&text_of(MAX_PEOPLE + 1)).is_err());
    }

    #[test]
    fn preferences_have_a_limit() {
        let prefs = |n: usize| serde_json::json!({ "type": "prefs", "ref": "1", "value": { "x": "y".repeat(n) } }).to_string();
        assert!(parse(&prefs(16_000)).is_ok());
        assert!(parse(&prefs(17_000)).expect_err("refused").contains("allowed: up to 16384"));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in ".*") {
            let _ = parse(&text);
        }
    }
}
