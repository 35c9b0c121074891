//! The simulator's REST side against the samples and rules of rest.md, read by a plain HTTP client.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod simulator_kit;

use serde_json::json;
use simulator_kit::{Cluster, Reply, fixture, normal};
use usher::simulator::{Id, Lobby, Role, StartCall};

const FAILURE: &str = "<?xml version=\"1.0\"?><failureDetails>";

fn failure(reply: &Reply) -> String {
    let inner = reply.body.strip_prefix(FAILURE).and_then(|b| b.strip_suffix(" /></failureDetails>"));
    inner.unwrap_or_else(|| panic!("no failureDetails: {reply:?}")).trim_start_matches('<').to_owned()
}

/// The vendor example's meeting: two participants and a link here, one elsewhere, one who has left, locked.
async fn weekly_sync(cluster: &Cluster) -> (Id, Id, Id) {
    let control = cluster.control();
    let call =
        StartCall { name: "Weekly sync".into(), owner: "Ana Silva".into(), space: true, active_when_empty: false, ..StartCall::default() };
    let meeting = control.start_call(call).unwrap();
    let bo = cluster.join(&meeting, "Bo Berg", Role::Member, 0);
    cluster.join(&meeting, "Cy Day", Role::Member, 1);
    cluster.join(&meeting, "Di Eck", Role::Member, 0);
    let gone = cluster.join(&meeting, "Ed Fox", Role::Member, 0);
    control.leave(gone.id).unwrap();
    control.lock(meeting.id).unwrap();
    (cluster.call(&meeting, 0), bo.id, bo.leg)
}

#[tokio::test]
async fn lists_and_details_look_like_the_vendor_samples() {
    let cluster = Cluster::with(json!({"count_links": true})).await;
    let (call, bo, _) = weekly_sync(&cluster).await;
    let reply = cluster.get(0, "/calls").await;
    assert_eq!(reply.header("content-type"), Some("text/xml"));
    assert_eq!(normal(&reply.body), fixture!("calls.xml"));
    assert_eq!(normal(&cluster.get(0, &format!("/calls/{call}")).await.body), fixture!("call.xml"));
    let di = cluster.get(0, &format!("/calls/{call}/participants?filter=Di")).await;
    assert!(di.body.contains("Di Eck") && di.body.contains("total=\"1\""), "{di:?}");
    let di = di.body.split("participant id=\"").nth(1).unwrap()[..36].to_owned();
    assert_eq!(cluster.delete(0, &format!("/participants/{di}")).await.status, 200);
    assert_eq!(normal(&cluster.get(0, &format!("/calls/{call}/participants")).await.body), fixture!("participants.xml"));
    assert_eq!(normal(&cluster.get(0, &format!("/participants/{bo}")).await.body), fixture!("participant.xml"));
    let legs = format!("/callLegs?participantFilter={bo}");
    assert_eq!(normal(&cluster.get(0, &legs).await.body), fixture!("callLegs.xml"));
    assert_eq!(normal(&cluster.get(0, &format!("/participants/{bo}/callLegs")).await.body), fixture!("callLegs.xml"));
    assert_eq!(normal(&cluster.get(0, "/callBridges").await.body), fixture!("callBridges.xml"));
}

#[tokio::test]
async fn only_the_single_leg_shows_the_lobby() {
    let cluster = Cluster::with(json!({})).await;
    let meeting = cluster.meeting("Weekly sync");
    let bo = cluster.join(&meeting, "Bo Berg", Role::Guest, 0);
    let leg = format!("/callLegs/{}", bo.leg);
    assert_eq!(normal(&cluster.get(0, &leg).await.body), fixture!("callLeg_waiting.xml"));
    let call = cluster.call(&meeting, 0);
    for path in ["/callLegs", "/participants", &format!("/participants/{}", bo.id), &format!("/calls/{call}/callLegs")] {
        assert!(!cluster.get(0, path).await.body.contains("eactivated"), "{path}");
    }
    cluster.control().admit(bo.id).unwrap();
    assert!(!cluster.get(0, &leg).await.body.contains("deactivated"));

    let switches = json!({"active_leg": "false", "participant_deactivated": true, "xml_declaration": false});
    cluster.control().set_switches(None, switches).unwrap();
    let active = cluster.get(0, &leg).await.body;
    assert!(active.contains("<deactivated>false</deactivated>") && active.starts_with("<callLeg id"), "{active}");
    let person = cluster.get(0, &format!("/participants/{}", bo.id)).await.body;
    assert!(person.contains("<deactivated>false</deactivated>"), "{person}");

    cluster.control().set_switches(None, json!({"late_deactivated_ms": 3_600_000, "active_leg": "omit"})).unwrap();
    let late = cluster.join(&meeting, "Cy Day", Role::Guest, 0);
    assert_eq!(late.lobby, Lobby::Waiting);
    assert!(!cluster.get(0, &format!("/callLegs/{}", late.leg)).await.body.contains("<deactivated>"));
}

#[tokio::test]
async fn empty_lists_come_in_both_spellings() {
    let cluster = Cluster::with(json!({})).await;
    let legs = cluster.get(0, "/callLegs").await.body;
    assert_eq!((legs.len(), legs.as_str()), (52, r#"<?xml version="1.0"?><callLegs total="0"></callLegs>"#));
    assert_eq!(cluster.get(0, "/participants").await.body.len(), 60);
    cluster.control().set_switches(None, json!({"empty_list": "self_closing"})).unwrap();
    assert_eq!(cluster.get(0, "/callLegs").await.body, r#"<?xml version="1.0"?><callLegs total="0"/>"#);
}

#[tokio::test]
async fn a_page_is_the_smaller_of_limit_and_cap_and_total_is_everything() {
    let cluster = Cluster::with(json!({})).await;
    let meeting = cluster.meeting("Crowd");
    for n in 0..25 {
        cluster.join(&meeting, &format!("Person {n}"), Role::Guest, 0);
    }
    let count = |body: &str| body.matches("<participant id").count();
    for (query, expected) in [("", 10), ("?limit=8", 8), ("?limit=50", 10), ("?offset=20", 5), ("?offset=25", 0), ("?offset=900", 0)] {
        let body = cluster.get(0, &format!("/participants{query}")).await.body;
        assert_eq!(count(&body), expected, "{query}");
        assert!(body.contains("total=\"25\""), "{body}");
    }
    let filtered = cluster.get(0, "/participants?filter=person%201&limit=3").await.body;
    assert_eq!(count(&filtered), 3);
    assert!(filtered.contains("total=\"11\""), "{filtered}");
    cluster.control().set_switches(Some("eu-1"), json!({"cap_participants": 3, "cap_legs": 4, "cap_calls": 1, "cap_spaces": 1})).unwrap();
    assert_eq!(count(&cluster.get(0, "/participants").await.body), 3);
    assert_eq!(cluster.get(0, "/callLegs").await.body.matches("<callLeg id").count(), 4);
    cluster.meeting("Second");
    let calls = cluster.get(0, "/calls?offset=1").await.body;
    assert!(calls.contains("Second") && !calls.contains("Crowd"), "{calls}");
    assert_eq!(cluster.get(0, "/calls").await.body.matches("<call id").count(), 1);
}

#[tokio::test]
async fn what_is_gone_is_told_in_every_known_way() {
    let cluster = Cluster::with(json!({})).await;
    let nothing = format!("/calls/{}", "11111111-2222-4333-8444-555555555555");
    let read = cluster.get(0, &nothing).await;
    assert_eq!((read.status, read.body.as_str()), (404, fixture!("failure_call.xml")));
    assert_eq!(cluster.put(0, &nothing, "locked=true").await.status, 400);
    let person = nothing.replace("calls", "participants");
    assert_eq!(failure(&cluster.get(0, &person).await), "participantDoesNotExist");
    for (switch, status, empty) in [("body404", 404, false), ("body400", 400, false), ("bare404", 404, true)] {
        cluster.control().set_switches(None, json!({"missing": switch})).unwrap();
        for reply in [cluster.get(0, &nothing).await, cluster.put(0, &nothing, "").await, cluster.delete(0, &nothing).await] {
            assert_eq!((reply.status, reply.body.is_empty()), (status, empty), "{switch}");
        }
    }
    cluster.control().replace_switches(None, json!({"missing_participant": "bare404"})).unwrap();
    assert_eq!(cluster.get(0, &person).await.body, "");
    for (switch, status) in [("status404", 404), ("status400", 400)] {
        cluster.control().set_switches(None, json!({"unknown_path": switch})).unwrap();
        let reply = cluster.get(0, "/weather").await;
        assert_eq!((&*failure(&reply), reply.status), ("unrecognizedObject", status));
    }
}

#[tokio::test]
async fn collections_are_found_in_any_case_and_with_a_slash() {
    let cluster = Cluster::with(json!({})).await;
    for path in ["/callLegs", "/calllegs", "/CALLLEGS/", "/cospaces", "/coSpaces/", "/Participants", "/system/Status"] {
        assert_eq!(cluster.get(0, path).await.status, 200, "{path}");
    }
    assert_eq!(cluster.get(0, "/calls?ofset=3").await.status, 200);
    cluster.control().set_switches(None, json!({"unknown_parameters": "reject"})).unwrap();
    let reply = cluster.get(0, "/calls?ofset=3").await;
    assert_eq!(failure(&reply), r#"parameterError parameter="ofset" error="unknownParameter""#);
}

#[tokio::test]
async fn a_refused_password_gets_an_empty_401_and_locks_the_account_by_switch() {
    let cluster = Cluster::with(json!({"lockout_after": 2})).await;
    let url = format!("{}/api/v1/calls", cluster.bridge(0).url);
    let wrong = async || cluster.http.get(&url).basic_auth("usher", Some("wrong")).send().await.unwrap();
    let reply = cluster.http.get(&url).send().await.unwrap();
    assert_eq!(reply.status(), 401);
    assert_eq!(reply.headers()["www-authenticate"], "Basic realm=\"acano\"");
    assert_eq!(reply.text().await.unwrap(), "");
    assert_eq!(wrong().await.status(), 401);
    assert_eq!(cluster.get(0, "/calls").await.status, 200);
    wrong().await;
    wrong().await;
    assert_eq!(cluster.get(0, "/calls").await.status, 401, "locked out although the password is right");
    assert_eq!(cluster.get(1, "/calls").await.status, 200, "accounts are per node");
    assert_eq!(cluster.control().requests()[0].unauthorized, 5);
}

#[tokio::test]
async fn an_admit_belongs_to_the_home_bridge() {
    let cluster = Cluster::with(json!({})).await;
    let meeting = cluster.meeting("Weekly sync");
    cluster.join(&meeting, "Ann", Role::Guest, 0);
    let bo = cluster.join(&meeting, "Bo Berg", Role::Guest, 1);
    let path = format!("/participants/{}", bo.id);
    let remote = cluster.put(0, &path, "deactivated=false").await;
    assert_eq!((remote.status, failure(&remote).as_str()), (400, "participantCannotBeModified"));
    assert_eq!(failure(&cluster.delete(0, &path).await), "participantCannotBeDeleted");
    assert_eq!(cluster.person(bo.id).lobby, Lobby::Waiting);
    for _ in 0..2 {
        let home = cluster.put(1, &path, "deactivated=false").await;
        assert_eq!((home.status, home.body.as_str()), (200, ""));
    }
    assert_eq!(cluster.person(bo.id).lobby, Lobby::In);

    cluster.control().set_switches(None, json!({"remote_put": "forward"})).unwrap();
    assert_eq!(cluster.put(0, &path, "deactivated=true").await.status, 200);
    assert_eq!(cluster.person(bo.id).lobby, Lobby::Waiting);
    cluster.control().set_switches(None, json!({"admit_without_activator": "refuse"})).unwrap();
    assert_eq!(failure(&cluster.put(1, &path, "deactivated=false").await), "participantCannotBeModified");
}

#[tokio::test]
async fn operations_are_refused_by_versions_before_them() {
    let cluster = Cluster::with(json!({"version": "2.8.4"})).await;
    let meeting = cluster.meeting("Weekly sync");
    let path = format!("/participants/{}", cluster.join(&meeting, "Bo", Role::Guest, 0).id);
    let refused = r#"parameterError parameter="deactivated" error="invalidValue""#;
    assert_eq!(failure(&cluster.put(0, &path, "deactivated=false").await), refused);
    assert!(cluster.get(0, "/system/status").await.body.contains("<softwareVersion>2.8.4<"));
    cluster.control().set_switches(None, json!({"version": "3.3"})).unwrap();
    assert_eq!(cluster.put(0, &path, "deactivated=false").await.status, 200);
    assert_eq!(failure(&cluster.put(0, &path, "deactivated=true").await), refused);
    cluster.control().set_switches(None, json!({"back_to_lobby": "accept"})).unwrap();
    assert_eq!(cluster.put(0, &path, "deactivated=true").await.status, 200);
    cluster.control().set_switches(None, json!({"back_to_lobby": "reject", "version": "3.9"})).unwrap();
    assert_eq!(failure(&cluster.put(0, &path, "deactivated=true").await), refused);
    assert_eq!(failure(&cluster.put(0, &path, "deactivated=perhaps").await), refused);
}

#[tokio::test]
async fn a_bulk_change_without_mode_hits_everybody_else() {
    let cluster = Cluster::with(json!({})).await;
    let meeting = cluster.meeting("Weekly sync");
    let people: Vec<Id> = (0..3).map(|n| cluster.join(&meeting, &format!("P{n}"), Role::Guest, 0).id).collect();
    let path = format!("/calls/{}/participants/*", cluster.call(&meeting, 0));
    let muted = || people.iter().map(|id| cluster.person(*id).audio_muted).collect::<Vec<_>>();
    assert_eq!(cluster.put(0, &path, &format!("rxAudioMute=true&filterIds={}", people[0])).await.status, 200);
    assert_eq!(muted(), [false, true, true]);
    let query = format!("{path}?filterIds={},{}&mode=selected", people[0], people[1]);
    assert_eq!(cluster.put(0, &query, "rxAudioMute=true").await.status, 200);
    cluster.put(0, &path, &format!("rxAudioMute=false&mode=selected&filterIds={}", people[2])).await;
    assert_eq!(muted(), [true, true, false]);
    let many = vec![people[0].to_string(); 21].join(",");
    assert!(failure(&cluster.put(0, &path, &format!("filterIds={many}")).await).contains("filterIds"));
    assert!(failure(&cluster.put(0, &path, "deactivated=false").await).contains("deactivated"));
    cluster.control().set_switches(None, json!({"bulk_deactivated": "accept"})).unwrap();
    assert_eq!(cluster.put(0, &path, "deactivated=false").await.status, 200);
    assert_eq!(cluster.person(people[1]).lobby, Lobby::In);
}

#[tokio::test]
async fn created_objects_are_named_by_a_canonical_location() {
    let cluster = Cluster::with(json!({"dial_ring_ms": 0, "dial_answer_ms": 0})).await;
    let call = cluster.post(0, "/calls", "name=Made+here").await;
    assert_eq!((call.status, call.body.as_str()), (200, ""));
    let call = call.created();
    let dialled = cluster.post(0, &format!("/calls/{call}/participants"), "remoteParty=bo%40example.org&deactivated=false").await.created();
    assert_eq!(cluster.person(dialled).uri, "bo@example.org");
    let leg = cluster.post(0, &format!("/calls/{call}/calllegs"), "remoteParty=cy%40example.org").await;
    assert!(leg.header("location").unwrap().starts_with("/api/v1/callLegs/"), "{leg:?}");
    assert_eq!(cluster.delete(0, &format!("/callLegs/{}", leg.created())).await.status, 200);
    simulator_kit::eventually("answered", async || Some(cluster.person(dialled)).filter(|p| p.lobby == Lobby::In).ok_or("ringing")).await;

    let other = cluster.post(1, "/calls", "name=Elsewhere").await.created();
    let moved = cluster.post(1, &format!("/calls/{other}/participants"), &format!("movedParticipant={dialled}")).await.created();
    assert_ne!(moved, dialled);
    assert_eq!(cluster.person(moved).bridge, "eu-2");
    assert_eq!(cluster.get(0, &format!("/participants/{dialled}")).await.status, 404);
    assert!(cluster.get(1, &format!("/participants/{moved}")).await.body.contains(&format!("<movedParticipant>{dialled}<")));
    assert_eq!(cluster.delete(1, &format!("/calls/{other}")).await.status, 200);
    assert_eq!(cluster.get(1, &format!("/calls/{other}")).await.status, 404);
}

#[tokio::test]
async fn calls_and_legs_take_their_settings() {
    let cluster = Cluster::with(json!({})).await;
    let meeting = cluster.meeting("Weekly sync");
    let bo = cluster.join(&meeting, "Bo", Role::Member, 0);
    let call = format!("/calls/{}", cluster.call(&meeting, 0));
    let form =
        "locked=true&recording=true&joinAudioMuteOverride=true&messageText=Please+wait&messageDuration=permanent&messagePosition=top";
    assert_eq!(cluster.put(0, &call, form).await.status, 200);
    let body = cluster.get(0, &call).await.body;
    for part in
        ["<locked>true<", "<recording>true<", "<joinAudioMuteOverride>true<", "<messageText>Please wait<", "<messageDuration>permanent<"]
    {
        assert!(body.contains(part), "{part}: {body}");
    }
    assert!(failure(&cluster.put(0, &call, "locked=maybe").await).contains("locked"));
    let leg = format!("/callLegs/{}", bo.leg);
    assert_eq!(cluster.put(0, &leg, "rxAudioMute=true&chosenLayout=speakerOnly&nameLabelOverride=B%C3%B8").await.status, 200);
    let body = cluster.get(0, &leg).await.body;
    assert!(body.contains("<name>Bø</name>") && body.contains("<rxAudioMute>true<") && body.contains("<layout>speakerOnly<"), "{body}");
    assert!(failure(&cluster.put(0, &leg, "deactivated=false").await).contains("deactivated"), "no such parameter on a leg");
    assert_eq!(cluster.put(0, &format!("/participants/{}", bo.id), "nameLabelOverride=&importance=3").await.status, 200);
    let body = cluster.get(0, &format!("/participants/{}", bo.id)).await.body;
    assert!(body.contains("<name>Bo</name>") && body.contains("<configuration><importance>3</importance></configuration>"), "{body}");
}

#[tokio::test]
async fn a_bridge_shows_remote_people_and_its_own_links() {
    let cluster = Cluster::sized(3, json!({})).await;
    let meeting = cluster.meeting("Weekly sync");
    cluster.join(&meeting, "Ann", Role::Guest, 0);
    let bo = cluster.join(&meeting, "Bo", Role::Guest, 1);
    let remote = cluster.get(0, &format!("/participants/{}", bo.id)).await.body;
    assert!(remote.contains("<callBridge>") && !remote.contains("numCallLegs"), "{remote}");
    assert!(remote.contains(&format!("<call>{}</call>", cluster.call(&meeting, 0))), "own call id: {remote}");
    assert!(!cluster.get(1, &format!("/participants/{}", bo.id)).await.body.contains("callBridge"));
    assert_eq!(cluster.get(2, &format!("/participants/{}", bo.id)).await.status, 404, "no instance, no knowledge");

    let legs = format!("/participants/{}/callLegs", bo.id);
    assert!(cluster.get(0, &legs).await.body.ends_with("<callLegs total=\"0\"></callLegs>"));
    cluster.control().set_switches(None, json!({"remote_legs": "call_bridge"})).unwrap();
    assert!(cluster.get(0, &legs).await.body.contains("<callBridge>"));

    let list = cluster.get(0, "/callLegs?filter=eu-2").await.body;
    assert!(list.contains("total=\"1\"") && !list.contains("subType"), "{list}");
    let link = format!("/callLegs/{}", &list.split("callLeg id=\"").nth(1).unwrap()[..36]);
    assert!(cluster.get(0, &link).await.body.contains("<subType>distributionLink</subType>"));
    cluster.control().set_switches(None, json!({"sub_type_spelling": "subtype", "link_name": "call"})).unwrap();
    let body = cluster.get(0, &link).await.body;
    assert!(body.contains("<subtype>distributionLink</subtype>") && body.contains("<name>Weekly sync<"), "{body}");
    assert_eq!(cluster.delete(0, &link).await.status, 400);
}

#[tokio::test]
async fn counters_follow_their_switches() {
    let cluster = Cluster::with(json!({"count_lobby": false, "count_links": true})).await;
    let meeting = cluster.meeting("Weekly sync");
    cluster.join(&meeting, "Ann", Role::Member, 0);
    cluster.join(&meeting, "Bo", Role::Guest, 0);
    cluster.join(&meeting, "Cy", Role::Guest, 1);
    let path = format!("/calls/{}", cluster.call(&meeting, 0));
    let body = cluster.get(0, &path).await.body;
    assert!(
        body.contains("<numCallLegs>3<") && body.contains("<numParticipantsLocal>1<") && body.contains("<numParticipantsRemote>0<"),
        "{body}"
    );
    cluster.control().replace_switches(None, json!({})).unwrap();
    let body = cluster.get(0, &path).await.body;
    assert!(
        body.contains("<numCallLegs>2<") && body.contains("<numParticipantsLocal>2<") && body.contains("<numParticipantsRemote>1<"),
        "{body}"
    );
}

#[tokio::test]
async fn the_lock_mode_can_be_found_through_the_profiles() {
    let cluster = Cluster::with(json!({})).await;
    let call = StartCall { name: "Strict".into(), lock_mode: "needsActivation".into(), space: true, ..StartCall::default() };
    let meeting = cluster.control().start_call(call).unwrap();
    let bo = cluster.join(&meeting, "Bo", Role::Guest, 0);
    let space = format!("/coSpaces/{}", meeting.space.unwrap());
    let between = |body: &str, tag: &str| body.split(&format!("<{tag}>")).nth(1).unwrap().split('<').next().unwrap().to_owned();
    let body = cluster.get(0, &space).await.body;
    assert!(!body.contains("passcode") && !body.contains("secret"), "{body}");
    let profile = cluster.get(0, &format!("/callProfiles/{}", between(&body, "callProfile"))).await.body;
    assert_eq!(between(&profile, "lockMode"), "needsActivation");
    let leg_profile = cluster.get(0, &format!("/callLegProfiles/{}", between(&body, "callLegProfile"))).await.body;
    assert_eq!(between(&leg_profile, "needsActivation"), "true");
    let methods = cluster.get(0, &format!("{space}/accessMethods")).await.body;
    assert_eq!(methods.matches("<accessMethod id").count(), 2);
    let trace = cluster.get(0, &format!("/callLegs/{}/callLegProfileTrace", bo.leg)).await.body;
    assert!(trace.contains("<needsActivation><value>true</value>"), "{trace}");
    for path in ["/system/profiles", "/system/load", "/system/alarms", "/system/configuration/cluster"] {
        assert_eq!(cluster.get(0, path).await.status, 200, "{path}");
    }
    assert!(cluster.get(1, "/system/configuration/cluster").await.body.contains("<uniqueName>eu-2<"));
}
