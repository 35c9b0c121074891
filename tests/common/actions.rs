//! Actions as a page sends them, meetings for them, and the requests that CMS received.

use serde_json::{Value, json};
use usher::model::{BridgeState, Lobby};
use usher::simulator::{ChangeRequest, Id, MeetingTruth, ParticipantTruth};

use super::desk::Desk;
use super::page::{Page, action_on, check, with_fields};

/// One meeting with a host, and guests who have been admitted.
pub async fn meeting_with_admitted(desk: &Desk, page: &mut Page, guests: &[&str]) -> (MeetingTruth, Vec<ParticipantTruth>) {
    let (meeting, people) = desk.meeting("Board call", "eu-1", guests);
    desk.host(meeting.id, "eu-1");
    page.until_lobby(&people, Lobby::In).await;
    (meeting, people)
}

/// Waits until every bridge is read and pushes events.
pub async fn until_live(page: &mut Page) {
    page.until("the bridges to be live", |page| {
        check(page.bridges().iter().all(|bridge| bridge.state == BridgeState::Live), page.bridges())
    })
    .await;
}

pub fn participant_truth(desk: &Desk, id: Id) -> ParticipantTruth {
    desk.control().truth().participant(id).expect("there").clone()
}

pub fn participant_puts(desk: &Desk) -> u64 {
    desk.request_count("PUT /participants/<id>")
}

/// The changes that CMS was asked for, each with its bridge.
pub fn cms_changes(desk: &Desk) -> Vec<(String, ChangeRequest)> {
    let requests = desk.control().requests();
    let each = |bridge: usher::simulator::Requests| bridge.changes.into_iter().map(move |change| (bridge.bridge.clone(), change));
    requests.into_iter().flat_map(each).filter(|(_, change)| !change.path.ends_with("/authTokens")).collect()
}

pub fn mute(people: &[Id], on: bool) -> Value {
    with_fields(action_on("mute", people), json!({ "on": on }))
}

pub fn rename(person: Id, label: &str) -> Value {
    json!({ "type": "rename", "person": person, "label": label })
}

pub fn lock(meeting: Id, on: bool) -> Value {
    json!({ "type": "lock", "meeting": meeting, "on": on })
}

pub fn message(meeting: Id, text: &str, seconds: Option<u32>) -> Value {
    json!({ "type": "message", "meeting": meeting, "text": text, "seconds": seconds })
}

/// `kind`: `person` or `meeting`.
pub fn claim(kind: &str, ids: &[Id]) -> Value {
    json!({ "type": "claim", "kind": kind, "ids": ids.iter().map(ToString::to_string).collect::<Vec<_>>() })
}

/// One action of each kind, each of which changes something: on four admitted participants and on two meetings.
pub fn one_of_each(people: &[Id], meetings: &[Id]) -> Vec<(Id, Value)> {
    vec![
        (people[0], action_on("send_back", &people[..1])),
        (people[1], action_on("remove", &people[1..2])),
        (people[2], mute(&people[2..3], true)),
        (people[3], rename(people[3], "Court 3")),
        (meetings[0], lock(meetings[0], true)),
        (meetings[1], message(meetings[1], "A minute, please", None)),
    ]
}

/// Requests all actions at once; returns the result and the reason of each.
pub async fn request_all(page: &mut Page, actions: &[(Id, Value)]) -> Vec<(String, String)> {
    for (n, (_, action)) in actions.iter().enumerate() {
        page.request(&format!("all-{n}"), action.clone()).await;
    }
    let mut results = Vec::new();
    for (n, (target, _)) in actions.iter().enumerate() {
        let result = page.results(&format!("all-{n}")).await[&target.to_string()].clone();
        let text = |field: &str| result[field].as_str().unwrap_or_default().to_owned();
        results.push((text("result"), text("reason")));
    }
    page.replies.clear();
    results
}

/// Four admitted participants in one meeting, and another meeting.
pub async fn four_admitted(desk: &Desk, page: &mut Page) -> (Vec<Id>, Vec<Id>) {
    let (meeting, people) = meeting_with_admitted(desk, page, &["One", "Two", "Three", "Four"]).await;
    let (other, others) = desk.meeting("Ward round", "eu-1", &["Waits"]);
    page.until_lobby(&others, Lobby::Waiting).await;
    until_live(page).await;
    (people.iter().map(|person| person.id).collect(), vec![meeting.id, other.id])
}

/// Requests an action and asserts that it was done.
pub async fn assert_done(page: &mut Page, reference: &str, target: Id, action: Value) {
    assert_eq!(result_of(page, reference, target, action).await, "done");
}

/// Requests an action; returns its result for `target`.
pub async fn result_of(page: &mut Page, reference: &str, target: Id, action: Value) -> String {
    page.run_action(reference, action).await[&target.to_string()]["result"].as_str().expect("a reference").to_owned()
}
