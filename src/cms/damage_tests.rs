//! Damages each byte of real responses, frames and records in turn. One bad text costs at most itself; one bad object costs at most itself and
//! is counted; a frame is acknowledged whatever is in it; a participant who waits is never read as one who is in.

use super::cdr::{Document, RecordSubject};
use super::events::protocol;
use super::events::protocol::{Body, MessageId};
use super::rest::request::Request;
use super::rest::response::{ListPage, Response};
use super::rest::xml::Element;

/// Each of these replaces one byte, or is inserted before it.
const DAMAGES: [&[u8]; 16] =
    [b"", b"<", b">", b"</", b"/>", b"&", b"&#55357;", b"&nbsp;", b"\"", b"'", b"\\", b"\\ud83d", b"{", b"\0", b"\xff", b"\xed\xa0\xbd"];

/// Every damaged form of a text, with the place of the damage. The last ones end there.
fn damaged(text: &str) -> impl Iterator<Item = (usize, String)> + '_ {
    let bytes = text.as_bytes();
    let forms = (0..bytes.len()).flat_map(move |at| {
        DAMAGES.iter().flat_map(move |damage| {
            [[&bytes[..at], damage, &bytes[at + 1..]].concat(), [&bytes[..at], damage, &bytes[at..]].concat()].map(|form| (at, form))
        })
    });
    let ends = (1..bytes.len()).map(move |at| (at, bytes[..at].to_vec()));
    forms.chain(ends).map(|(at, form)| (at, String::from_utf8_lossy(&form).into_owned()))
}

/// A text of tests/fixtures with its blanks filled in.
fn fixture(text: &str) -> String {
    let mut n = 0;
    let mut filled = String::new();
    for (at, part) in text.trim().split("{guid}").enumerate() {
        if at > 0 {
            n += 1;
            filled.push_str(&format!("6f4e2f0c-3c1b-4d5e-9a7b-0000000000{n:02}"));
        }
        filled.push_str(part);
    }
    filled.replace("{n}", "12").replace("{time}", "2026-01-15T09:00:07Z")
}

macro_rules! fixture {
    ($name:literal) => {
        fixture(include_str!(concat!("../../tests/fixtures/cms/", $name)))
    };
}

fn read(request: &Request, text: &str) -> Option<Response> {
    Response::read(request, &Element::parse(text).ok()?)
}

/// Where a piece of a text stands.
fn span(text: &str, piece: &str) -> std::ops::Range<usize> {
    let at = text.find(piece).expect("the piece");
    at..at + piece.len()
}

#[test]
fn nobody_who_waits_is_read_as_somebody_who_is_in() {
    let text = fixture!("callLeg_waiting.xml");
    let request = Request::Leg("l".into());
    let name = span(&text, "Bo Berg");
    for (at, form) in damaged(&text) {
        match read(&request, &form) {
            Some(Response::Leg(leg)) => {
                assert!(leg.deactivated || !leg.connected, "byte {at} of {form}");
                let in_name = name.contains(&at) && form.len() >= text.len() - 1;
                assert!(!in_name || (leg.connected && leg.deactivated), "a name costs itself: {form}");
            }
            _ => assert!(!name.contains(&at) || form.len() < text.len() - 1, "a name costs itself: {form}"),
        }
    }
}

/// Three objects in a list: damage in one leaves the others as they are, and it is read or counted itself.
fn check_each_object<T: std::fmt::Debug>(request: &Request, item: &str, list: &str, page: impl Fn(Response) -> ListPage<T>) {
    let at = list.find(&format!("<{item} ")).expect("an item");
    let end = list.find(&format!("</{item}>")).expect("its end") + item.len() + 3;
    let objects: Vec<String> = (0..3).map(|n| fixture(&list[at..end]).replace("-00000000", &format!("-{n}0000000"))).collect();
    let head = "<?xml version=\"1.0\"?>";
    let text = format!("{head}<{item}s total=\"3\">{}</{item}s>", objects.concat());
    let all = |page: &ListPage<T>| page.items.iter().map(|item| format!("{item:?}")).collect::<Vec<_>>();
    let whole = all(&page(read(request, &text).expect("the list")));
    assert_eq!(whole.len(), 3);
    for (n, object) in objects.iter().enumerate() {
        let span = span(&text, object);
        for (at, form) in damaged(&text[span.clone()]) {
            // The list goes on after an object that is cut off.
            let form = format!("{}{form}{}", &text[..span.start], &text[span.end..]);
            let read = page(read(request, &form).unwrap_or_else(|| panic!("byte {at} of object {n} costs the list: {form}")));
            let items = all(&read);
            for (other, expected) in whole.iter().enumerate().filter(|(other, _)| *other != n) {
                assert!(items.contains(expected), "byte {at} of object {n} costs object {other}: {form}\n{items:#?}");
            }
            assert!(items.len() >= 3 || read.lost() > 0, "object {n} is lost uncounted: {form}\n{items:#?}");
        }
    }
}

#[test]
fn of_a_list_one_object_costs_itself() {
    check_each_object(&Request::Calls(0), "call", include_str!("../../tests/fixtures/cms/calls.xml"), |response| match response {
        Response::Calls(page) => page,
        other => panic!("{other:?}"),
    });
    check_each_object(
        &Request::Roster("c".into(), 0),
        "participant",
        include_str!("../../tests/fixtures/cms/participants.xml"),
        |response| match response {
            Response::Roster(page) => page,
            other => panic!("{other:?}"),
        },
    );
    check_each_object(&Request::CallLegs("c".into(), 0), "callLeg", include_str!("../../tests/fixtures/cms/callLegs.xml"), |response| {
        match response {
            Response::CallLegs(page) => page,
            other => panic!("{other:?}"),
        }
    });
}

#[test]
fn a_frame_is_acknowledged_whatever_is_in_it_and_one_update_costs_itself() {
    let update = |n: usize| {
        format!(r#"{{"participant":"6f4e2f0c-{n}","updateType":"add","name":"Bo Berg","uri":"bo@example.org","state":"connected"}}"#)
    };
    let (updates, head) = (
        [update(1), update(2), update(3)],
        r#"{"type":"message","message":{"messageId":7,"type":"rosterUpdate","subscriptionIndex":3,"updates":["#,
    );
    let text = format!("{head}{}]}}}}", updates.join(","));
    let Body::Roster { updates: whole, .. } = protocol::read(&text).body else { panic!("a roster") };
    for (n, update) in updates.iter().enumerate() {
        let span = span(&text, update);
        for (at, form) in damaged(update) {
            let cut_off = form.len() + 12 < update.len();
            let form = format!("{}{form}{}", &text[..span.start], &text[span.end..]);
            let frame = protocol::read(&form);
            assert_eq!(frame.message_id, Some(MessageId::Number(7)), "byte {at} of update {n}: {form}");
            let Body::Roster { updates, index: Some(3) } = &frame.body else { panic!("byte {at} of update {n}: {form}\n{frame:?}") };
            for (other, expected) in whole.iter().enumerate().filter(|(other, _)| *other != n) {
                assert!(cut_off || updates.contains(expected), "byte {at} of update {n} costs update {other}: {form}\n{updates:#?}");
            }
            assert!(updates.len() >= 3 || frame.skipped > 0 || frame.damaged, "update {n} is lost uncounted: {form}\n{frame:?}");
        }
    }
}

#[test]
fn of_several_records_one_costs_itself_and_claims_nothing_else() {
    let text = fixture!("cdr_leg_waiting.xml");
    let record = text[text.find("<record type").expect("a record")..text.find("</records>").expect("the end")].to_owned();
    let records: Vec<String> = (0..3).map(|n| record.replace("correlatorIndex=\"2\"", &format!("correlatorIndex=\"{n}\""))).collect();
    let text = text.replace(&record, &records.concat());
    let claim = |subject: &Option<RecordSubject>| match subject {
        Some(RecordSubject::Leg { waiting, .. }) => *waiting,
        _ => None,
    };
    for (n, record) in records.iter().enumerate() {
        let span = span(&text, record);
        for (at, form) in damaged(record) {
            let form = format!("{}{form}{}", &text[..span.start], &text[span.end..]);
            let documents = Document::read(form.as_bytes()).unwrap_or_else(|error| panic!("byte {at} of record {n}: {error}: {form}"));
            let read: Vec<_> = documents.iter().flat_map(|document| &document.records).collect();
            for other in (0..3).filter(|other| *other != n) {
                let found = read.iter().find(|record| record.index == other as u64);
                let found = found.unwrap_or_else(|| panic!("byte {at} of record {n} costs record {other}: {form}\n{read:#?}"));
                assert_eq!(claim(&found.subject), Some(true), "byte {at} of record {n}: {form}");
            }
            assert!(read.iter().all(|record| claim(&record.subject) != Some(false)), "byte {at} of record {n}: {form}\n{read:#?}");
        }
    }
}
