//! The strict reading of what browsers say: what is no message, or is beyond a limit, is refused with its reason.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::sync::Arc;

use super::client_message::{Inbound, OnPeople};
use crate::config::{MAX_BRIDGE_NAME, MAX_WAIT_S};
use crate::model::Scope;
use crate::model::wire_name::to_wire;
use crate::text::cut;

/// The most ids that one action may hold.
pub const MAX_PEOPLE: usize = 5000;
const MAX_REF: usize = 64;
const MAX_ID: usize = 128;
/// Others' claims that one action may go over, and ids of one claim.
const MAX_OVER: usize = 200;
/// Bytes: the longest name label that CMS takes (rest.md section 5).
const MAX_LABEL: usize = 50;
/// Characters of a banner or of a reason.
const MAX_TEXT: usize = 200;
const MAX_PREFS: usize = 16 * 1024;
/// Characters of why a text is no message: it may quote what was sent.
const LONGEST_REASON: usize = 200;

/// Reads a message; the error is the reason that the browser is told when its socket is closed.
pub fn parse(text: &str) -> Result<Inbound, String> {
    let mut message: Inbound =
        serde_json::from_str(text).map_err(|error| cut(&format!("not a message: {error}"), LONGEST_REASON).to_owned())?;
    if let Some(r#ref) = message.reference() {
        check_ref("ref", r#ref)?;
    }
    match &mut message {
        Inbound::Admit(on) => {
            check_press(&mut on.people, &on.over)?;
            check_scope(on.scope, on.scope != Scope::Undo)?;
        }
        Inbound::SendBack(on) => {
            check_held(on.held)?;
            check_press(&mut on.people, &on.over)?;
            check_scope(on.scope, on.scope != Scope::Next)?;
        }
        Inbound::Remove(OnPeople { people, scope, over, held, .. }) => {
            check_held(*held)?;
            check_press(people, over)?;
            check_scope(*scope, !matches!(scope, Scope::Next | Scope::Undo))?;
        }
        Inbound::Mute { people, scope, over, .. } => {
            check_press(people, over)?;
            check_scope(*scope, !matches!(scope, Scope::Next | Scope::Undo))?;
        }
        Inbound::Rename { person, label, over, .. } => {
            check_ids("person", std::slice::from_ref(person), 1..=1)?;
            check_ids("over", over, 0..=MAX_OVER)?;
            check_text("label", label, label.len(), MAX_LABEL, "bytes")?;
        }
        Inbound::Lock { meeting, over, .. } => {
            check_ids("meeting", std::slice::from_ref(meeting), 1..=1)?;
            check_ids("over", over, 0..=MAX_OVER)?;
        }
        Inbound::Message { meeting, text, seconds, over, .. } => {
            check_ids("meeting", std::slice::from_ref(meeting), 1..=1)?;
            check_ids("over", over, 0..=MAX_OVER)?;
            check_text("text", text, text.chars().count(), MAX_TEXT, "characters")?;
            check_seconds("seconds", *seconds)?;
        }
        Inbound::Hold { people, reason, remind_s, over, .. } => {
            check_press(people, over)?;
            check_text("reason", reason, reason.chars().count(), MAX_TEXT, "characters")?;
            check_seconds("remind_s", *remind_s)?;
        }
        Inbound::Acknowledge { people, .. } => check_press(people, &[])?,
        Inbound::Thresholds { meeting, first_s, second_s, .. } => {
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
        Inbound::Claim { ids, .. } | Inbound::Release { ids, .. } => check_ids("ids", ids, 1..=MAX_OVER)?,
        Inbound::Stop { press, .. } => check_ref("press", press)?,
        Inbound::Look { meeting, .. } => check_ids("meeting", meeting.as_slice(), 0..=1)?,
        Inbound::Prefs { value, .. } => {
            let size = serde_json::to_string(&value.0).map_or(usize::MAX, |text| text.len());
            if size > MAX_PREFS {
                return Err(format!("value has {size} bytes; allowed: up to {MAX_PREFS}"));
            }
        }
        // What may be in settings is the displays' matter: the page keeps what was typed.
        Inbound::Retry { bridge, .. } | Inbound::Pause { bridge, .. } | Inbound::Resume { bridge, .. } => {
            check_text("bridge", bridge, bridge.chars().count(), MAX_BRIDGE_NAME, "characters")?;
        }
        Inbound::DisplayPair { code, .. } => check_text("code", code, code.chars().count(), MAX_REF, "characters")?,
        Inbound::DisplaySet { id, .. }
        | Inbound::DisplayIdentify { id, .. }
        | Inbound::DisplayReload { id, .. }
        | Inbound::DisplayRevoke { id, .. }
        | Inbound::DisplayForget { id, .. } => check_ids("id", std::slice::from_ref(id), 1..=1)?,
        Inbound::DisplayLink { .. } | Inbound::Displays { .. } | Inbound::Watch { .. } | Inbound::Resync {} | Inbound::Beat { .. } => {}
    }
    Ok(message)
}

fn check_ref(field: &str, text: &str) -> Result<(), String> {
    match text.chars().count() {
        1..=MAX_REF => Ok(()),
        n => Err(format!("{field} has {n} characters; allowed: 1 to {MAX_REF}")),
    }
}

/// Leaves each person once.
fn check_press(people: &mut Vec<Arc<str>>, over: &[Arc<str>]) -> Result<(), String> {
    check_ids("people", people, 1..=MAX_PEOPLE)?;
    check_ids("over", over, 0..=MAX_OVER)?;
    let mut seen = HashSet::with_capacity(people.len());
    people.retain(|id| seen.insert(id.clone()));
    Ok(())
}

fn check_ids(field: &str, ids: &[Arc<str>], count: RangeInclusive<usize>) -> Result<(), String> {
    if !count.contains(&ids.len()) {
        return Err(format!("{field} has {} ids; allowed: {} to {}", ids.len(), count.start(), count.end()));
    }
    match ids.iter().find(|id| id.is_empty() || id.len() > MAX_ID) {
        Some(id) => Err(format!("{field} has an id of {} bytes; allowed: 1 to {MAX_ID}", id.len())),
        None => Ok(()),
    }
}

/// Line breaks and the like would be another text in the meeting than in the log.
fn check_text(field: &str, text: &str, length: usize, most: usize, unit: &str) -> Result<(), String> {
    if length > most {
        return Err(format!("{field} has {length} {unit}; allowed: up to {most}"));
    }
    match text.chars().find(|char| char.is_control()) {
        Some(char) => Err(format!("{field} has the control character {char:?}; allowed: plain text in one line")),
        None => Ok(()),
    }
}

fn check_seconds(field: &str, seconds: Option<u32>) -> Result<(), String> {
    match seconds {
        Some(n) if !(1..=MAX_WAIT_S).contains(&n) => Err(format!("{field} is {n}; allowed: 1 to {MAX_WAIT_S}, or null")),
        _ => Ok(()),
    }
}

fn check_held(held: bool) -> Result<(), String> {
    if held { Err("held goes with admit only".into()) } else { Ok(()) }
}

fn check_scope(scope: Scope, fits: bool) -> Result<(), String> {
    if fits { Ok(()) } else { Err(format!("scope {} does not go with this action", to_wire(&scope))) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;

    use super::*;
    use crate::http::desk_socket::protocol::MAX_MESSAGE;

    #[test]
    fn a_press_holds_each_person_once() {
        let message = parse(r#"{"type":"admit","ref":"1","people":["a","b","a"],"scope":"shown"}"#).expect("valid");
        let on = OnPeople { r#ref: "1".into(), people: vec!["a".into(), "b".into()], scope: Scope::Shown, over: Vec::new(), held: false };
        assert_eq!(message, Inbound::Admit(on));
    }

    #[rstest]
    #[case("", "not a message")]
    #[case("[]", "not a message")]
    #[case(r#"{"type":"dance"}"#, "unknown variant `dance`")]
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
    fn what_is_no_message_is_refused_with_its_reason(#[case] text: &str, #[case] expected: &str) {
        let reason = parse(text).expect_err("refused");
        assert!(reason.contains(expected), "{reason}");
        assert!(reason.chars().count() <= LONGEST_REASON, "it quotes too much of what was sent: {} bytes", reason.len());
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
