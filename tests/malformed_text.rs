//! A malformed text from a bridge costs at most itself: a participant with such a name waits, is shown and can be admitted, and no other
//! row is affected.

mod common;

use common::desk::{Desk, quiet};
use common::page::check;
use rstest::rstest;
use serde_json::json;
use usher::model::Lobby;
use usher::simulator::Cut;

/// The simulator says what follows as it is.
const AS_IT_IS: char = '\u{f8ff}';

#[rstest]
#[case::surrogate_pair_as_references("Bo &#55357;&#56832;")]
#[case::half_a_pair_as_a_reference("Bo &#xD83D;")]
#[case::beyond_unicode("Bo &#1114112;")]
#[case::entity_of_html("Bo &nbsp;&eacute;")]
#[case::bare_ampersand("Bo & Co")]
#[case::bare_bracket("Bo < Co")]
#[case::start_of_an_element("Bo <b>")]
#[case::end_of_an_element("Bo </b>")]
#[case::end_of_its_object("Bo </callLeg></participant></call>")]
#[case::start_of_a_comment("Bo <!--")]
#[case::control_characters("Bo \u{1}\u{0}")]
#[case::half_a_pair_in_json(r"Bo \ud83d")]
#[case::swapped_pair_in_json(r"Bo \ude00\ud83d")]
#[case::no_escape(r"Bo \x")]
#[case::bare_quote("Bo \"the\" Berg")]
#[tokio::test]
async fn a_broken_text_costs_at_most_itself(#[case] name: &str) {
    let desk = Desk::start(quiet(1)).await;
    // Every acknowledgement counts: without one nothing more comes.
    desk.control().set_switches(None, json!({ "ack_window": 1 })).expect("switch");
    let mut page = desk.page("mo").await;
    let raw = format!("{AS_IT_IS}{name}");
    let (meeting, people) = desk.meeting(&raw, "eu-1", &["Ana Silva", &raw, "Li Wei"]);
    page.until_waiting(people.iter().collect::<Vec<_>>()).await;
    let late = desk.join(meeting.id, "eu-1", &raw);
    let last = desk.join(meeting.id, "eu-1", "Max Frisch");
    page.until_waiting([&late, &last]).await;
    let results = page.admit("a", &[people[1].id, late.id, last.id]).await;
    assert!(results.values().all(|result| result["result"] == "done"), "{results:?}");
    page.until("everybody to be in, and the others to wait on", |page| {
        let state = |n: usize| page.person(people[n].id).map(|row| row.lobby);
        check(state(0)? == Lobby::Waiting && state(1)? == Lobby::In && state(2)? == Lobby::Waiting, page.people())
    })
    .await;
}

#[rstest]
#[case("18446744073709551615")]
#[tokio::test]
async fn a_pause_without_end_ends_no_press(#[case] seconds: &str) {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    let mut page = desk.page("mo").await;
    page.until_waiting(people.iter().collect::<Vec<_>>()).await;
    let seconds: u64 = seconds.parse().expect("a number");
    desk.control()
        .set_switches(None, json!({ "rest_status": 503, "rest_status_under": "/participants", "retry_after_s": seconds }))
        .expect("switch");
    let results = page.admit("a", &[people[0].id, people[1].id]).await;
    assert!(results.values().all(|result| result["result"] == "unreachable"), "{results:?}");
    page.until("nobody to be left pending", |page| check(page.people().iter().all(|row| row.pending.is_none()), page.people())).await;
}

/// Text of an object that Usher can't read is reported on that object's row, and nowhere else.
#[tokio::test]
async fn what_cannot_be_read_of_a_person_is_said_on_their_row_until_it_can_be() {
    let desk = Desk::start(quiet(1)).await;
    let spoil = |with: &str| {
        let switches = json!({ "rest_replace": "<deactivated>true<", "rest_replace_with": with, "rest_replace_beside": "Bo Berg" });
        desk.control().set_switches(None, switches).expect("switch");
    };
    let mut page = desk.page("mo").await;
    let (meeting, others) = desk.meeting("Board call", "eu-1", &["Ana Silva"]);
    page.until_waiting(&others).await;
    for damage in ["<deactivated>tr\u{1}ue<", "<deactivated>tr&nbsp;ue<", "<deactivated>&#xD83D;<", "<deactivated><b>true</b><"] {
        spoil(damage);
        let bo = desk.join(meeting.id, "eu-1", "Bo Berg");
        page.until("the row to say that it can't be read", |page| {
            let row = page.person(bo.id)?;
            check(row.unreadable && row.lobby == Lobby::Unknown && !page.person(others[0].id)?.unreadable, page.people())
        })
        .await;
        spoil("<deactivated>true<");
        page.until("the row to be as any other", |page| {
            let row = page.person(bo.id)?;
            check(!row.unreadable && row.lobby == Lobby::Waiting, page.people())
        })
        .await;
        desk.control().leave(bo.id).expect("left");
    }
}

#[tokio::test]
async fn an_entry_of_a_list_that_cannot_be_read_costs_itself_and_is_said_on_its_meeting_or_bridge() {
    let desk = Desk::start(quiet(1)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Ana Silva", "Bo Berg"]);
    let mut page = desk.page("mo").await;
    page.until_waiting(&people).await;
    let spoilt = format!("<participant id=\"{}\">", people[1].id);
    let switch = |with: &str, what: &str| {
        desk.control().set_switches(None, json!({ "rest_replace": what, "rest_replace_with": with })).expect("switch");
    };
    switch("<participant id=\"&#0;\">", &spoilt);
    desk.control().cut_events(None, Cut::Hard).expect("cut");
    page.until("the meeting to say so", |page| {
        let everybody = people.iter().all(|person| page.person(person.id).is_ok_and(|row| row.lobby == Lobby::Waiting));
        check(page.meeting(meeting.id)?.unreadable == 1 && everybody, (page.meetings(), page.people()))
    })
    .await;
    switch("", "");
    desk.control().cut_events(None, Cut::Hard).expect("cut");
    page.until("the meeting to be as any other", |page| check(page.meeting(meeting.id)?.unreadable == 0, page.meetings())).await;
    switch("<call id=\"no id\">", "<call id=\"");
    desk.control().cut_events(None, Cut::Hard).expect("cut");
    page.until("the bridge to say so", |page| check(page.bridge("eu-1")?.unreadable_calls == 1, page.bridges())).await;
}
