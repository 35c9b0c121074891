use proptest::prelude::*;

use super::*;

#[test]
fn a_roster_update_holds_only_what_changed() {
    let text = r#"{"type":"message","message":{"messageId":7,"type":"rosterUpdate","subscriptionIndex":3,
        "updates":[{"participant":"p","updateType":"update","audioMuted":true}]}}"#;
    let frame = read(text);
    assert_eq!(frame.message_id, Some(7.into()));
    let Body::Roster { index, updates } = frame.body else { panic!("a roster") };
    assert_eq!((index, updates[0].audio_muted, updates[0].name.clone()), (Some(3), Some(true), None));
}

#[test]
fn one_odd_item_does_not_cost_the_others() {
    let text = r#"{"type":"message","message":{"messageId":1,"type":"rosterUpdate","subscriptionIndex":3,
        "updates":[17,{"participant":"p","name":{"odd":[1]},"state":"connected"}]}}"#;
    let frame = read(text);
    assert_eq!(frame.skipped, 1);
    let Body::Roster { updates, .. } = frame.body else { panic!("a roster") };
    assert_eq!((updates.len(), updates[0].state.as_deref(), updates[0].name.clone()), (1, Some("connected"), None));
}

#[test]
fn a_non_success_ack_is_a_refusal() {
    let frame = read(r#"{"type":"messageAck","messageAck":{"messageId":2,"status":"failure"}}"#);
    assert_eq!(frame.body, Body::Ack { message_id: Some(2), success: false, status: "failure".into() });
}

#[test]
fn an_unknown_message_is_still_acknowledged() {
    let frame = read(r#"{"type":"message","message":{"messageId":9,"type":"novelty"}}"#);
    assert_eq!(frame.body, Body::Unknown("novelty".into()));
    assert_eq!(ack(&frame.message_id.expect("id")), r#"{"type":"messageAck","messageAck":{"messageId":9,"status":"success"}}"#);
}

#[test]
fn a_frame_without_a_list_of_updates_is_still_acknowledged() {
    for (kind, updates, skipped) in [("layoutUpdate", r#"{"a":1}"#, 1), ("rosterUpdate", "null", 0), ("rosterUpdate", "7", 1)] {
        let text = format!(r#"{{"type":"message","message":{{"messageId":9,"type":"{kind}","subscriptionIndex":3,"updates":{updates}}}}}"#);
        let frame = read(&text);
        assert_eq!((frame.message_id, frame.skipped), (Some(9.into()), skipped), "{text}");
    }
}

#[test]
fn a_request_names_the_whole_set() {
    let set = [Subscription { index: 1, kind: "calls", call: None, elements: &["name", "participants"] }];
    assert_eq!(
        subscribe_request(1, &set),
        r#"{"type":"message","message":{"messageId":1,"type":"subscribeRequest","subscriptions":[{"index":1,"type":"calls","elements":["name","participants"]}]}}"#
    );
}

proptest! {
    #[test]
    fn arbitrary_text_never_panics(text in ".{0,300}") {
        let _ = read(&text);
    }

    #[test]
    fn arbitrary_json_in_known_places_never_panics(value in "[\\[\\]{}0-9a-z\",:]{0,60}") {
        let _ = read(&format!(r#"{{"type":"message","message":{{"messageId":1,"type":"rosterUpdate","updates":[{value}]}}}}"#));
    }
}
