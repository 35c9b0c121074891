//! The simulator's CDRs against the sample and rules of cdr.md, received by a plain HTTP receiver on loopback.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

#[path = "simulator_kit/cdr_receiver.rs"]
mod cdr_receiver;
mod simulator_kit;

use std::sync::Arc;

use cdr_receiver::{Answer, Receiver, Record, attribute, escaped, header};
use serde_json::{Value, json};
use simulator_kit::{Cluster, eventually, fixture, joining, normal};
use usher::simulator::{Join, Move, ParticipantTruth, Role, StartCall};

fn kinds(records: &[Record]) -> Vec<&str> {
    records.iter().map(|r| r.kind.as_str()).collect()
}

fn correlators(records: &[Record]) -> Vec<u64> {
    records.iter().map(|r| r.correlator).collect()
}

/// Removes times and counting seconds too.
fn golden(body: &str) -> String {
    let mut out = normal(body);
    for (start, end, word) in [(" time=\"", '"', "{time}"), ("<activatedDuration>", '<', "{n}")] {
        if let Some(at) = out.find(start).map(|at| at + start.len()) {
            let to = at + out[at..].find(end).unwrap();
            out.replace_range(at..to, word);
        }
    }
    out
}

async fn correlator_index(cluster: &Cluster, bridge: usize) -> u64 {
    let body = cluster.get(bridge, "/system/status").await.body;
    let text = body.split("<cdrCorrelatorIndex>").nth(1).unwrap_or_else(|| panic!("{body}"));
    text.split('<').next().unwrap().parse().unwrap()
}

/// A cluster with these switches and a receiver at its first bridge; retries are fast.
async fn receiving(switches: Value) -> (Cluster, Receiver) {
    let cluster = Cluster::with(json!({"cdr_retry_ms": 1, "cdr_retry_max_ms": 1})).await;
    cluster.control().set_switches(None, switches).unwrap();
    let receiver = Receiver::start().await;
    receiver.register(&cluster, 0).await;
    (cluster, receiver)
}

/// The records of a waiting guest: callStart, callLegStart, callLegUpdate.
fn waiting(cluster: &Cluster) -> ParticipantTruth {
    cluster.join(&cluster.meeting("Weekly sync"), "Bo Berg", Role::Guest, 0)
}

fn web_app(join: Join) -> Join {
    Join { web_app: true, ..join }
}

#[tokio::test]
async fn a_whole_call_looks_like_the_notes() {
    let (cluster, receiver) = receiving(json!({})).await;
    let control = cluster.control();
    let call =
        StartCall { name: "Weekly sync".into(), owner: "Ana Silva".into(), space: true, active_when_empty: false, ..StartCall::default() };
    let meeting = control.start_call(call).unwrap();
    let bo = cluster.join(&meeting, "Bo Berg", Role::Guest, 0);
    control.admit(bo.id).unwrap();
    control.leave(bo.id).unwrap();
    let told = receiver.until(7).await;
    let posts: Vec<String> = receiver.posts().iter().map(|post| golden(&post.body)).collect();
    let expected = [
        fixture!("cdr_call_start.xml"),
        fixture!("cdr_leg_start.xml"),
        fixture!("cdr_leg_waiting.xml"),
        fixture!("cdr_leg_admitted.xml"),
        fixture!("cdr_leg_going.xml"),
        fixture!("cdr_leg_end.xml"),
        fixture!("cdr_call_end.xml"),
    ];
    assert_eq!(posts, expected);
    assert!(told[2].body.contains(&format!("<callLeg id=\"{}\">", bo.leg)), "{told:?}");
    assert!(told[2].body.contains(&format!("<groupId>{}</groupId>", bo.id)), "{told:?}");
    assert!(told[2].body.contains(&format!("<call>{}</call>", bo.call)), "{told:?}");

    let post = &receiver.posts()[0];
    assert!(post.head.starts_with("POST /cdr/eu-1/token?a=b%20c&d HTTP/1.1\r\n"), "{post:?}");
    assert_eq!(header(&post.head, "content-type"), Some("text/xml"));
    assert_eq!(receiver.posts().iter().map(|p| p.connection).max(), Some(1), "one connection is kept");
    let time = attribute(&post.body, "time").unwrap();
    assert!(time.len() == 20 && time.ends_with('Z'), "{time}");
}

#[tokio::test]
async fn every_way_into_and_out_of_the_lobby_is_told_once() {
    let (cluster, receiver) = receiving(json!({})).await;
    let control = cluster.control();
    let bo = waiting(&cluster);
    let path = format!("/participants/{}", bo.id);
    let mut expected = vec![true];
    cluster.put(0, &path, "deactivated=false").await;
    cluster.put(0, &path, "deactivated=false").await;
    expected.push(false);
    control.lobby(bo.id).unwrap();
    expected.push(true);
    control.lock(bo.meeting).unwrap();
    control.unlock(bo.meeting).unwrap();
    expected.push(false);
    control.lobby(bo.id).unwrap();
    expected.push(true);
    let host = cluster.join(control.truth().meeting(bo.meeting).unwrap(), "Ann", Role::Host, 1);
    expected.push(false);
    control.leave(host.id).unwrap();
    eventually("sent back", async || match cluster.person(bo.id).lobby {
        usher::simulator::Lobby::Waiting => Ok(()),
        seen => Err(seen),
    })
    .await;
    expected.push(true);
    let told = receiver.until(2 + expected.len()).await;
    let states: Vec<bool> = told.iter().filter(|r| r.kind == "callLegUpdate").map(|r| r.body.contains("<deactivated>true<")).collect();
    assert_eq!(states, expected, "{told:#?}");
}

#[tokio::test]
async fn receivers_are_registered_like_the_vendor_says() {
    let cluster = Cluster::with(json!({})).await;
    let path = "/system/cdrReceivers";
    assert_eq!(cluster.get(0, path).await.body, r#"<?xml version="1.0"?><cdrReceivers total="0" maximum="4"></cdrReceivers>"#);
    let id = cluster.post(0, path, "url=http://127.0.0.1:9/a?b=c").await.created();
    let one = format!("<cdrReceiver id=\"{id}\"><uri>http://127.0.0.1:9/a?b=c</uri></cdrReceiver>");
    assert_eq!(cluster.get(0, &format!("{path}/{id}")).await.body, format!("<?xml version=\"1.0\"?>{one}"));
    let list = cluster.get(0, path).await.body;
    assert!(list.ends_with(&format!("<cdrReceivers total=\"1\" maximum=\"4\">{one}</cdrReceivers>")), "{list}");
    assert!(cluster.get(1, path).await.body.contains("total=\"0\""), "each bridge has its own");
    assert_eq!(cluster.put(0, &format!("{path}/{id}"), "url=").await.status, 200);
    assert!(cluster.get(0, path).await.body.contains(&format!("<cdrReceiver id=\"{id}\"></cdrReceiver>")));
    assert_eq!(cluster.put(0, &format!("{path}/{id}"), "url=https://127.0.0.1:9/d").await.status, 200);
    assert!(cluster.get(0, path).await.body.contains("<uri>https://127.0.0.1:9/d</uri>"));

    for bad in ["", "url=", "url=ftp://127.0.0.1/", "url=cdr", "uri=http://127.0.0.1:9/"] {
        let reply = cluster.post(0, path, bad).await;
        assert!(reply.status == 400 && reply.body.contains("parameterError"), "{bad}: {reply:?}");
    }
    cluster.control().set_switches(None, json!({"cdr_form_field": "also_uri", "cdr_foreign_receivers": 1})).unwrap();
    let other = cluster.post(0, path, "uri=http://127.0.0.1:9/").await.created();
    assert_eq!(cluster.put(0, path, "").await.status, 200, "the odd form makes one without a URL");
    let full = cluster.post(0, path, "url=http://127.0.0.1:9/e").await;
    assert!(full.status == 400 && full.body.contains("tooManyCdrReceivers"), "{full:?}");
    assert!(cluster.get(0, path).await.body.contains("https://monitor-1.example.org/cdr"));
    assert_eq!(cluster.get(0, &format!("{path}?offset=1&limit=2")).await.body.matches("<cdrReceiver id").count(), 2);
    assert_eq!(cluster.delete(0, &format!("{path}/{other}")).await.status, 200);
    for reply in [cluster.delete(0, &format!("{path}/{other}")).await, cluster.put(0, &format!("{path}/{other}"), "url=").await] {
        assert!(reply.status == 400 && reply.body.contains("cdrReceiverDoesNotExist"), "{reply:?}");
    }
    assert_eq!(cluster.get(0, &format!("{path}/{other}")).await.status, 404);
    cluster.control().set_switches(None, json!({"cdr_slots": 2, "cdr_foreign_receivers": 0})).unwrap();
    let list = cluster.get(0, path).await.body;
    assert!(list.contains("total=\"2\" maximum=\"2\"") && !list.contains("monitor"), "{list}");
    cluster.control().set_switches(None, json!({"cdr_listed": "respelled"})).unwrap();
    assert!(cluster.get(0, path).await.body.contains("<uri>HTTPS://127.0.0.1:9/d</uri>"));
    cluster.control().set_switches(None, json!({"cdr_listed": "without_uri"})).unwrap();
    assert!(!cluster.get(0, path).await.body.contains("<uri>"));
}

#[tokio::test]
async fn records_go_to_the_registered_uri_and_nowhere_else() {
    let (cluster, first) = receiving(json!({})).await;
    let bo = waiting(&cluster);
    first.until(3).await;
    let list = cluster.get(0, "/system/cdrReceivers").await.body;
    let id = attribute(&list, "id").unwrap();
    let (second, other) = (Receiver::start().await, Receiver::start().await);
    let path = format!("/system/cdrReceivers/{id}");
    cluster.put(0, &path, &format!("url={}", escaped(&second.url))).await;
    second.then(Answer::Redirect);
    cluster.control().admit(bo.id).unwrap();
    let told = second.until(2).await;
    assert_eq!(told[0], told[1], "a redirect is no acknowledgement");
    second.then(Answer::Status(200));
    let admitted = second.find("callLegUpdate", &["<deactivated>false<"]).await;
    assert_eq!((admitted.index, admitted.correlator), (4, 3), "the numbers go on at the new URI");
    assert!(second.posts().iter().all(|p| p.head.starts_with("POST /cdr/eu-1/")), "a redirect is not followed");

    cluster.put(0, &path, "url=").await;
    other.register(&cluster, 0).await;
    cluster.control().lobby(bo.id).unwrap();
    let told = other.until(1).await;
    assert_eq!((told[0].index, told[0].correlator), (1, 4), "a newcomer gets no old records");
    assert_eq!(first.records().len(), 3);
    assert!(second.records().iter().all(|r| r.correlator < 4));
}

#[tokio::test]
async fn each_bridge_tells_of_its_own_legs_and_counts_without_receivers() {
    let cluster = Cluster::with(json!({})).await;
    assert_eq!(correlator_index(&cluster, 0).await, 0);
    let bo = waiting(&cluster);
    assert_eq!(correlator_index(&cluster, 0).await, 3);
    let receivers = [Receiver::start().await, Receiver::start().await];
    for (bridge, receiver) in receivers.iter().enumerate() {
        receiver.register(&cluster, bridge).await;
    }
    let meeting = cluster.control().truth().meeting(bo.meeting).unwrap().clone();
    let cy = cluster.join(&meeting, "Cy Day", Role::Guest, 1);
    let told = receivers[1].until(3).await;
    assert_eq!(kinds(&told), ["callStart", "callLegStart", "callLegUpdate"]);
    assert_eq!(correlators(&told), [0, 1, 2]);
    cluster.control().admit(bo.id).unwrap();
    let told = receivers[0].until(1).await;
    assert_eq!((told[0].index, told[0].correlator), (1, 3));
    cluster.control().admit(cy.id).unwrap();
    receivers[1].until(4).await;
    assert_eq!(receivers[0].records().len(), 1);
    assert_eq!((correlator_index(&cluster, 0).await, correlator_index(&cluster, 1).await), (4, 4));
}

#[tokio::test]
async fn what_a_leg_is_decides_its_fields() {
    let (cluster, receiver) = receiving(json!({})).await;
    let control = cluster.control();
    let (one, two) = (cluster.meeting("One"), cluster.meeting("Two"));
    let web = control.join(web_app(joining(&cluster, &one, "Bo Berg", Role::Guest, 0))).unwrap();
    let (id, call) = (format!("<callLeg id=\"{}\">", web.id), format!("<call>{}</call>", web.call));
    let start = receiver.find("callLegStart", &[&id]).await;
    for part in ["<type>acano</type>", "<subType>webApp</subType>", "<guestConnection>true</guestConnection>", &call] {
        assert!(start.body.contains(part), "{part}: {start:?}");
    }
    assert!(!start.body.contains("sipCallId"), "{start:?}");
    control.rename(web.id, "Bo & B").unwrap();
    receiver.find("callLegUpdate", &[&id, "<displayName>Bo &amp; B</displayName>"]).await;
    control.rename(web.id, "").unwrap();
    receiver.find("callLegUpdate", &[&id, "<displayName>Bo Berg</displayName>"]).await;
    let moved = control.move_to(Move { participant: web.id, meeting: two.id, bridge: None }).unwrap();
    let moved_leg = format!("<movedCallLeg>{}</movedCallLeg>", web.leg);
    receiver.find("callLegStart", &[&format!("\"{}\"", moved.leg), &moved_leg, "<movedCallLegCallBridge>"]).await;
    receiver.find("callLegEnd", &[&id, "<reason>callMoved</reason>", "<remoteTeardown>false</remoteTeardown>"]).await;

    let before = receiver.records().len();
    let dial = format!("/calls/{}/participants", cluster.call(&one, 0));
    control.set_switches(None, json!({"dial_ring_ms": 0, "dial_answer_ms": 0})).unwrap();
    let busy = cluster.post(0, &dial, "remoteParty=busy@example.org").await;
    assert_eq!(busy.status, 200, "{busy:?}");
    let told = receiver.until(before + 2).await;
    assert_eq!(kinds(&told[before..]), ["callLegStart", "callLegEnd"], "it was never connected");
    assert!(told[before].body.contains("<direction>outgoing</direction><call>"), "{told:?}");
    assert!(told[before + 1].body.contains("<reason>remoteBusy</reason><remoteTeardown>true</remoteTeardown>"), "{told:?}");
    assert!(!told[before + 1].body.contains("rxAudio"), "{told:?}");
    cluster.post(0, &dial, "remoteParty=di@example.org").await;
    let told = receiver.until(before + 4).await;
    assert_eq!(kinds(&told[before + 2..]), ["callLegStart", "callLegUpdate"]);
    control.end(one.id, None).unwrap();
    receiver.find("callLegEnd", &["<reason>callEnded</reason>"]).await;
}

#[tokio::test]
async fn an_unacknowledged_record_comes_again_in_order() {
    let (cluster, receiver) = receiving(json!({})).await;
    receiver.plan(&[Answer::Lost, Answer::Status(500), Answer::Status(204), Answer::Status(200)]);
    waiting(&cluster);
    let told = receiver.until(6).await;
    assert_eq!(correlators(&told), [0, 0, 0, 0, 1, 2]);
    assert_eq!(told.iter().map(|r| r.index).collect::<Vec<_>>(), [1, 1, 1, 1, 2, 3]);

    cluster.control().set_switches(None, json!({"cdr_accepts": "any2xx"})).unwrap();
    receiver.then(Answer::Status(204));
    waiting(&cluster);
    assert_eq!(correlators(&receiver.until(9).await), [0, 0, 0, 0, 1, 2, 3, 4, 5]);

    cluster.control().set_switches(None, json!({"cdr_timeout_ms": 100})).unwrap();
    receiver.plan(&[Answer::Silent]);
    waiting(&cluster);
    receiver.until(13).await;
    let last = eventually("the last record came", async || {
        let numbers = correlators(&receiver.records());
        if numbers.contains(&8) { Ok(numbers) } else { Err(numbers) }
    })
    .await;
    assert_eq!(last[9..11], [6, 6]);
    assert!(last.is_sorted(), "{last:?}");
}

#[tokio::test]
async fn a_full_buffer_drops_the_oldest_and_says_how_many() {
    let (cluster, receiver) = receiving(json!({"cdr_buffer": 2})).await;
    let name = cluster.bridge(0).name.clone();
    cluster.control().stop_bridge(&name).unwrap();
    let bo = waiting(&cluster);
    cluster.control().admit(bo.id).unwrap();
    cluster.control().lobby(bo.id).unwrap();
    cluster.control().start_bridge(&name).await.unwrap();
    let told = receiver.until(2).await;
    let numbers: Vec<_> = told.iter().map(|r| (r.index, r.correlator, r.missing)).collect();
    assert_eq!(numbers, [(1, 3, Some(3)), (2, 4, None)], "recordIndex shows no gap, correlatorIndex does");
}

#[tokio::test]
async fn a_restart_is_a_new_session() {
    let (cluster, receiver) = receiving(json!({})).await;
    let bo = waiting(&cluster);
    let before = receiver.until(3).await;
    assert!(before.iter().all(|r| r.session == before[0].session));
    let name = cluster.bridge(0).name.clone();
    cluster.control().restart_bridge(&name).await.unwrap();
    let after = receiver.until(6).await.split_off(3);
    assert_ne!(after[0].session, before[0].session);
    assert_eq!(kinds(&after), ["callStart", "callLegStart", "callLegUpdate"], "the old call has no end");
    assert_eq!(after.iter().map(|r| (r.index, r.correlator)).collect::<Vec<_>>(), [(1, 0), (2, 1), (3, 2)]);
    assert!(!after[1].body.contains(&bo.leg.to_string()), "{after:?}");
    assert_eq!(correlator_index(&cluster, 0).await, 3);

    cluster.control().set_switches(None, json!({"cdr_record_index_continues": true})).unwrap();
    cluster.control().restart_bridge(&name).await.unwrap();
    let again = receiver.until(9).await.split_off(6);
    assert_eq!(again.iter().map(|r| (r.index, r.correlator)).collect::<Vec<_>>(), [(4, 0), (5, 1), (6, 2)]);
}

#[tokio::test]
async fn one_post_can_carry_several_records() {
    let (cluster, receiver) = receiving(json!({"cdr_batch": 10})).await;
    let name = cluster.bridge(0).name.clone();
    cluster.control().stop_bridge(&name).unwrap();
    waiting(&cluster);
    cluster.control().start_bridge(&name).await.unwrap();
    let told = receiver.until(3).await;
    assert_eq!((receiver.posts().len(), correlators(&told)), (1, vec![0, 1, 2]));
}

#[tokio::test]
async fn records_can_come_twice_out_of_order_or_not_at_all() {
    let (cluster, receiver) = receiving(json!({"cdr_duplicate_rate": 1.0})).await;
    cluster.meeting("One");
    cluster.meeting("Two");
    assert_eq!(correlators(&receiver.until(4).await), [0, 0, 1, 1]);

    let (cluster, receiver) = receiving(json!({"cdr_gap_rate": 1.0})).await;
    cluster.meeting("Three");
    let name = cluster.bridge(0).name.clone();
    cluster.control().set_switches(None, json!({"cdr_gap_rate": 0.0, "cdr_reorder_rate": 1.0})).unwrap();
    cluster.control().stop_bridge(&name).unwrap();
    cluster.meeting("Four");
    cluster.meeting("Five");
    cluster.control().start_bridge(&name).await.unwrap();
    let told = receiver.until(2).await;
    assert_eq!(correlators(&told), [2, 1], "0 was lost without a word");
    assert_eq!((told[0].missing, told[1].missing), (None, None));
}

#[tokio::test]
async fn the_form_of_records_follows_its_switches() {
    let (cluster, receiver) = receiving(json!({"cdr_first_update": "two_records", "cdr_group_id": "leg"})).await;
    let control = cluster.control();
    let bo = waiting(&cluster);
    let told = receiver.until(4).await;
    assert!(!told[2].body.contains("deactivated") && told[3].body.contains("<deactivated>true<"), "{told:?}");
    assert!(told[3].body.contains(&format!("<groupId>{}</groupId>", bo.leg)), "{told:?}");

    control.set_switches(None, json!({"cdr_active_leg": "absent", "cdr_group_id": "absent", "cdr_call_bridge": "never"})).unwrap();
    control.admit(bo.id).unwrap();
    let told = receiver.until(5).await;
    assert!(!told[4].body.contains("deactivated") && !told[4].body.contains("groupId"), "{told:?}");
    assert!(!receiver.posts()[4].body.contains("callBridge"));

    control.set_switches(None, json!({"cdr_whitespace": true, "cdr_declaration": false, "cdr_unknown": true})).unwrap();
    let meeting = control.truth().meeting(bo.meeting).unwrap().clone();
    cluster.join(&meeting, "Cy", Role::Member, 0);
    let told = receiver.until(8).await;
    assert_eq!(kinds(&told[5..]), ["callLegMood", "callLegStart", "callLegUpdate"]);
    let body = &receiver.posts()[6].body;
    assert!(body.starts_with("<records session=") && body.contains(">\n\n  <displayName>Cy</displayName>"), "{body}");
    assert!(body.contains(" mood=\"calm\">") && body.contains("<wind/>"), "{body}");
}

#[tokio::test]
async fn an_unclustered_bridge_names_itself_only_when_switched() {
    let cluster = Cluster::sized(1, json!({})).await;
    let receiver = Receiver::start().await;
    receiver.register(&cluster, 0).await;
    cluster.meeting("One");
    receiver.until(1).await;
    cluster.control().set_switches(None, json!({"cdr_call_bridge": "always"})).unwrap();
    cluster.meeting("Two");
    receiver.until(2).await;
    let named: Vec<bool> = receiver.posts().iter().map(|p| p.body.contains(" callBridge=\"")).collect();
    assert_eq!(named, [false, true]);
}

#[tokio::test]
async fn distribution_links_are_silent_unless_switched() {
    let (cluster, receiver) = receiving(json!({})).await;
    let meeting = cluster.meeting("Quiet");
    cluster.join(&meeting, "Ann", Role::Member, 1);
    cluster.control().end(meeting.id, None).unwrap();
    assert_eq!(kinds(&receiver.until(2).await), ["callStart", "callEnd"]);

    cluster.control().set_switches(None, json!({"cdr_links": true})).unwrap();
    let meeting = cluster.meeting("Linked");
    cluster.join(&meeting, "Ann", Role::Member, 1);
    cluster.control().end(meeting.id, Some("eu-2")).unwrap();
    let told = receiver.until(6).await.split_off(2);
    assert_eq!(kinds(&told), ["callStart", "callLegStart", "callLegUpdate", "callLegEnd"]);
    assert!(told[1].body.contains("<subType>distributionLink</subType>"), "{told:?}");
}

#[tokio::test]
async fn a_certificate_is_checked_only_when_switched() {
    // Another test may have installed a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let pair = rcgen::generate_simple_self_signed(["127.0.0.1".to_owned()]).unwrap();
    let key = rustls_pki_types::PrivateKeyDer::Pkcs8(pair.signing_key.serialize_der().into());
    let config = rustls::ServerConfig::builder().with_no_client_auth().with_single_cert(vec![pair.cert.der().clone()], key).unwrap();
    let receiver = Receiver::with(Some(Arc::new(config).into())).await;
    let cluster = Cluster::with(json!({"cdr_retry_ms": 1, "cdr_retry_max_ms": 1, "cdr_check_certificate": true})).await;
    receiver.register(&cluster, 0).await;
    let witness = Receiver::start().await;
    witness.register(&cluster, 0).await;
    cluster.meeting("One");
    witness.until(1).await;
    assert_eq!(receiver.records(), []);
    cluster.control().set_switches(None, json!({"cdr_check_certificate": false})).unwrap();
    assert_eq!(kinds(&receiver.until(1).await), ["callStart"]);
}
