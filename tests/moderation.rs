//! The moderators' shared state: claims, presence, holds, acknowledgements, thresholds, preferences.

mod common;

use std::time::Duration;

use common::actions::claim;
use common::desk::{Desk, quiet};
use common::page::{Page, action_on, check, with_fields};
use serde_json::{Value, json};
use usher::model::Lobby;
use usher::simulator::StartCall;

/// The one result.
fn only(results: std::collections::BTreeMap<String, Value>) -> (String, Value) {
    assert_eq!(results.len(), 1, "{results:?}");
    results.into_iter().next().expect("one")
}

#[tokio::test]
async fn a_claim_is_seen_by_all_and_ends_by_itself_unless_it_is_renewed() {
    let desk = Desk::start_with(quiet(1), "", |config| config.timing.claim = Duration::from_secs(2)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let (mut mo, mut vi) = (desk.page("mo").await, desk.page("vi").await);
    mo.until_waiting(&people).await;
    let (_, result) = only(mo.run_action("a", claim("person", &[people[0].id])).await);
    assert_eq!((&result["result"], &result["by"]), (&json!("done"), &json!("mo")));
    let begun = vi
        .until("the claim", |page| {
            let row = page.person(people[0].id)?;
            row.claim.clone().filter(|claim| *claim.by == *"mo").ok_or(format!("{row:?}"))
        })
        .await;
    assert_eq!(result["claim"], json!(begun.id));
    // Renewed three times over more than its time: the same claim all along.
    for word in ["b", "c", "d"] {
        vi.follow_for(Duration::from_millis(900)).await;
        let (_, result) = only(mo.run_action(word, claim("person", &[people[0].id])).await);
        assert_eq!(result["claim"], json!(begun.id));
    }
    assert_eq!(vi.person(people[0].id).expect("row").claim.as_ref(), Some(&begun));
    vi.until("the end of the claim", |page| check(page.person(people[0].id)?.claim.is_none(), page.people())).await;
}

#[tokio::test]
async fn whoever_takes_next_gets_somebody_nobody_handles() {
    let desk = Desk::start(quiet(2)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg", "Ana Silva"]);
    let (_, others) = desk.meeting("Ward round", "eu-2", &["Li Wei"]);
    let (mut mo, mut max) = (desk.page("mo").await, desk.page("max").await);
    for page in [&mut mo, &mut max] {
        page.until_waiting(&people).await;
        page.until_waiting(&others).await;
    }
    let all = [people[0].id, people[1].id, others[0].id];
    let ((first, _), (second, _)) = {
        let (a, b) = tokio::join!(mo.run_action("a", claim("person", &all)), max.run_action("a", claim("person", &all)));
        (only(a), only(b))
    };
    assert_ne!(first, second);
    // A meeting that somebody handles is passed over with its people.
    let of_meeting = claim("meeting", &[meeting.id]);
    assert_eq!(only(max.run_action("b", of_meeting).await).1["result"], "done");
    mo.send(json!({ "type": "release", "ref": "r", "ids": [first] })).await;
    let (third, result) = only(mo.run_action("b", claim("person", &all)).await);
    assert_eq!((third, &result["result"]), (others[0].id.to_string(), &json!("done")));
    let (_, result) = only(mo.run_action("c", claim("person", &all[..2])).await);
    assert_eq!((&result["result"], &result["by"]), (&json!("claimed"), &json!("max")));
    mo.until("who handles what", |page| {
        let handles = (page.meeting(meeting.id)?.claim.as_ref().map(|claim| &*claim.by), page.person(others[0].id)?.claim.is_some());
        check(handles == (Some("max"), true), page.meetings())
    })
    .await;
}

#[tokio::test]
async fn it_is_seen_who_has_a_page_open_and_what_it_shows() {
    let desk = Desk::start(quiet(1)).await;
    let (meeting, _) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let (mut mo, mut max, second) = (desk.page("mo").await, desk.page("max").await, desk.page("max").await);
    let shown = meeting.id.to_string();
    max.send(json!({ "type": "look", "meeting": shown, "idle": false })).await;
    mo.until("what max looks at", |page| check(page.user("max")?.looks_at == [shown.as_str().into()], page.users())).await;
    max.send(json!({ "type": "look", "meeting": null, "idle": true })).await;
    mo.until("that the other page is not idle", |page| {
        check(page.user("max")?.looks_at.is_empty() && page.user("max")?.idle_since.is_none(), page.users())
    })
    .await;
    drop(second);
    mo.until("that max is away", |page| check(page.user("max")?.idle_since.is_some(), page.users())).await;
    drop(max);
    mo.until("that max is gone", |page| check(page.user("max").is_err() && page.user("mo").is_ok(), page.users())).await;
}

#[tokio::test]
async fn holds_acknowledgements_and_thresholds_survive_a_restart() {
    let desk = Desk::start(quiet(1)).await;
    let call = StartCall { name: "Board".into(), bridge: Some("eu-1".into()), space: true, ..StartCall::default() };
    let meeting = desk.control().start_call(call).expect("started");
    let people = [desk.join(meeting.id, "eu-1", "Bo Berg"), desk.join(meeting.id, "eu-1", "Ana Silva")];
    let mut mo = desk.page("mo").await;
    mo.until_waiting(&people).await;
    let bo = people[0].id.to_string();
    let hold = json!({ "type": "hold", "people": [bo], "on": true, "reason": "no papers", "remind_s": 600 });
    assert_eq!(only(mo.run_action("a", hold).await).1["result"], "done");
    assert_eq!(only(mo.run_action("b", json!({ "type": "acknowledge", "people": [bo] })).await).1["result"], "done");
    let again = only(desk.page("max").await.run_action("b", json!({ "type": "acknowledge", "people": [bo] })).await).1;
    assert_eq!((&again["result"], &again["by"]), (&json!("already"), &json!("mo")));
    let gone = json!({ "type": "acknowledge", "people": ["nobody"] });
    assert_eq!(only(mo.run_action("c", gone).await).1["result"], "left");
    let thresholds = |first: Value, second: Value| json!({ "type": "thresholds", "meeting": meeting.id.to_string(), "first_s": first, "second_s": second });
    assert_eq!(only(mo.run_action("d", thresholds(json!(30), json!(60))).await).1["result"], "done");
    mo.send(json!({ "type": "prefs", "ref": "e", "value": { "density": "compact" } })).await;
    // Later messages on the same socket are answered later.
    mo.run_action("f", claim("person", &[people[1].id])).await;

    let is_kept = |page: &Page| {
        let (row, meeting) = (page.person(people[0].id)?, page.meeting(meeting.id)?);
        let hold = row.hold.as_ref().ok_or(format!("{row:?}"))?;
        let seen = row.acknowledged.as_ref().ok_or(format!("{row:?}"))?;
        let told = (&*hold.by, &*hold.reason, hold.remind_at, &*seen.by);
        check(told == ("mo", "no papers", Some(hold.at + 600_000), "mo"), row)?;
        check((meeting.thresholds.first_s, meeting.thresholds.second_s, meeting.thresholds.own) == (30, 60, true), meeting)
    };
    mo.until("what was set", is_kept).await;
    let desk = desk.restart().await;
    let mut mo = desk.page("mo").await;
    mo.until("what was set before the restart", is_kept).await;
    assert_eq!(mo.prefs, json!({ "density": "compact" }));
    assert!(mo.person(people[1].id).expect("row").claim.is_none(), "claims end with the process");

    // In the call, a wait is over with all that was said about it.
    mo.run_action("g", with_fields(action_on("admit", &[people[0].id]), json!({ "scope": "person", "held": true }))).await;
    mo.until("the end of the hold", |page| {
        let row = page.person(people[0].id)?;
        check(row.lobby == Lobby::In && row.hold.is_none() && row.acknowledged.is_none(), row)
    })
    .await;
    mo.run_action("h", thresholds(Value::Null, Value::Null)).await;
    mo.until("the configured thresholds", |page| {
        let row = page.meeting(meeting.id)?;
        check((row.thresholds.first_s, row.thresholds.own) == (120, false), row)
    })
    .await;
}

#[tokio::test]
async fn a_hold_ends_when_it_is_taken_off_and_not_over_anothers_claim() {
    let desk = Desk::start(quiet(1)).await;
    let (_, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let (mut mo, mut max) = (desk.page("mo").await, desk.page("max").await);
    mo.until_waiting(&people).await;
    max.until_waiting(&people).await;
    let hold = |on: bool, over: &[&Value]| json!({ "type": "hold", "people": [people[0].id.to_string()], "on": on, "reason": "", "remind_s": null, "over": over });
    only(mo.run_action("a", hold(true, &[])).await);
    only(mo.run_action("b", claim("person", &[people[0].id])).await);
    let (_, refused) = only(max.run_action("a", hold(false, &[])).await);
    assert_eq!((&refused["result"], &refused["by"]), (&json!("claimed"), &json!("mo")));
    let (_, done) = only(max.run_action("b", hold(false, &[&refused["claim"]])).await);
    assert_eq!(done["result"], "done");
    max.until("no hold", |page| check(page.person(people[0].id)?.hold.is_none(), page.people())).await;
    // A participant who is in can't be held.
    mo.admit("c", &[people[0].id]).await;
    assert_eq!(only(mo.run_action("d", hold(true, &[])).await).1["result"], "refused");
    desk.control().lobby(people[0].id).expect("sent back elsewhere");
    mo.until("another wait, without a hold", |page| {
        let row = page.person(people[0].id)?;
        check(row.lobby == Lobby::Waiting && row.hold.is_none(), row)
    })
    .await;
}

#[tokio::test]
async fn a_viewer_may_look_and_keep_preferences_and_nothing_else() {
    let desk = Desk::start(quiet(1)).await;
    let (meeting, people) = desk.meeting("Board call", "eu-1", &["Bo Berg"]);
    let (person, meeting) = (people[0].id.to_string(), meeting.id.to_string());
    let mut vi = desk.page("vi").await;
    vi.until_waiting(&people).await;
    let forbidden = [
        json!({ "type": "admit", "people": [person], "scope": "person" }),
        json!({ "type": "send_back", "people": [person], "scope": "person" }),
        json!({ "type": "remove", "people": [person], "scope": "person" }),
        json!({ "type": "mute", "people": [person], "on": true, "scope": "person" }),
        json!({ "type": "rename", "person": person, "label": "x" }),
        json!({ "type": "lock", "meeting": meeting, "on": true }),
        json!({ "type": "message", "meeting": meeting, "text": "x", "seconds": null }),
        json!({ "type": "hold", "people": [person], "on": true, "reason": "", "remind_s": null }),
        json!({ "type": "acknowledge", "people": [person] }),
        json!({ "type": "thresholds", "meeting": meeting, "first_s": null, "second_s": null }),
        json!({ "type": "claim", "kind": "person", "ids": [person] }),
        json!({ "type": "release", "ids": [person] }),
        json!({ "type": "stop", "press": "1" }),
        json!({ "type": "retry", "bridge": "eu-1" }),
    ];
    for (n, mut message) in forbidden.clone().into_iter().enumerate() {
        message["ref"] = json!(n.to_string());
        vi.send(message).await;
    }
    vi.until("every refusal", |page| {
        let codes: Vec<_> = page.errors.iter().map(|error| error["code"].as_str().unwrap_or_default()).collect();
        check(codes == vec!["forbidden"; forbidden.len()], &page.errors)
    })
    .await;
    vi.send(json!({ "type": "look", "meeting": meeting, "idle": false })).await;
    vi.send(json!({ "type": "prefs", "ref": "p", "value": {} })).await;
    vi.until("what vi looks at", |page| check(!page.user("vi")?.looks_at.is_empty(), page.users())).await;
    assert_eq!(vi.errors.len(), forbidden.len());
}
