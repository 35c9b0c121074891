//! The simulator's faults, TLS variants, control API and way of starting and stopping.
#![allow(clippy::unwrap_used, reason = "a test fails by it")]

mod simulator_kit;

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use serde_json::{Value, json};
use simulator_kit::{Cluster, eventually};
use tokio::net::TcpStream;
use usher::simulator::{Cut, Id, Lobby, Options, Role, TlsMode, start};

#[tokio::test]
async fn a_bridge_can_be_busy_refusing_or_silent() {
    let cluster = Cluster::with(json!({"rate_503": 1.0, "retry_after_s": 7})).await;
    let reply = cluster.get(0, "/calls").await;
    assert_eq!((reply.status, reply.header("retry-after")), (503, Some("7")));
    for status in [401, 403, 500, 503] {
        cluster.control().replace_switches(None, json!({"rest_status": status})).unwrap();
        assert_eq!(cluster.get(0, "/calls").await.status, status);
    }
    cluster.control().replace_switches(Some("eu-1"), json!({"token_status": 403})).unwrap();
    cluster.control().replace_switches(None, json!({})).unwrap();
    assert_eq!(cluster.post(0, "/authTokens", "").await.status, 403);
    assert_eq!(cluster.post(1, "/authTokens", "").await.status, 200);
    cluster.control().set_switches(None, json!({"rest_hang": true})).unwrap();
    let silent = tokio::spawn(cluster.http.get(format!("{}/api/v1/calls", cluster.bridge(0).url)).send());
    eventually("asked", async || match cluster.control().requests()[0].in_flight {
        1 => Ok(()),
        n => Err(n),
    })
    .await;
    assert!(!silent.is_finished());
    silent.abort();
    eventually("given up", async || match cluster.control().requests()[0].in_flight {
        0 => Ok(()),
        n => Err(n),
    })
    .await;
}

#[tokio::test]
async fn bodies_can_be_garbage_or_cut_off() {
    let cluster = Cluster::with(json!({"garbage_xml": true})).await;
    assert!(cluster.get(0, "/calls").await.body.contains("<<"));
    cluster.control().replace_switches(None, json!({"truncated_body": true})).unwrap();
    let address = cluster.bridge(0);
    let reply = cluster.http.get(format!("{}/api/v1/calls", address.url)).basic_auth("usher", Some("word")).send().await.unwrap();
    assert!(reply.text().await.is_err());
}

#[tokio::test]
async fn a_put_can_lie_or_be_late() {
    let cluster = Cluster::with(json!({"put_without_effect": true})).await;
    let meeting = cluster.meeting("Weekly sync");
    let bo = cluster.join(&meeting, "Bo", Role::Guest, 0).id;
    let path = format!("/participants/{bo}");
    assert_eq!(cluster.put(0, &path, "deactivated=false").await.status, 200);
    assert_eq!(cluster.person(bo).lobby, Lobby::Waiting);

    cluster.control().replace_switches(None, json!({"effect_delay_ms": 30})).unwrap();
    assert_eq!(cluster.put(0, &path, "deactivated=false").await.status, 200);
    eventually("let in", async || match cluster.person(bo).lobby {
        Lobby::In => Ok(()),
        seen => Err(seen),
    })
    .await;

    cluster.control().replace_switches(None, json!({"put_late_ms": 3_600_000})).unwrap();
    let url = format!("{}/api/v1{path}", cluster.bridge(0).url);
    let late = tokio::spawn(cluster.http.put(url).basic_auth("usher", Some("word")).body("deactivated=true").send());
    eventually("worked unanswered", async || match cluster.person(bo).lobby {
        Lobby::Waiting => Ok(()),
        seen => Err(seen),
    })
    .await;
    assert!(!late.is_finished());
    late.abort();
}

#[tokio::test]
async fn a_stopped_bridge_refuses_connections_and_returns_at_the_same_port() {
    let cluster = Cluster::with(json!({})).await;
    let meeting = cluster.meeting("Weekly sync");
    let bo = cluster.join(&meeting, "Bo", Role::Guest, 0);
    let mut socket = cluster.connect(0).await;
    cluster.control().stop_bridge("eu-1").unwrap();
    assert!(!matches!(socket.frame().await, Some(Ok(_))));
    let url = format!("{}/api/v1/calls", cluster.bridge(0).url);
    eventually("refused", async || match cluster.http.get(&url).send().await {
        Err(e) if e.is_connect() => Ok(()),
        seen => Err(format!("{seen:?}")),
    })
    .await;
    assert!(!cluster.control().truth().bridges[0].up);
    assert_eq!(cluster.get(1, "/calls").await.status, 200);
    cluster.control().start_bridge("eu-1").await.unwrap();
    assert_eq!(cluster.get(0, &format!("/participants/{}", bo.id)).await.status, 200);
}

#[tokio::test]
async fn a_restarted_bridge_has_the_same_people_under_new_ids() {
    let cluster = Cluster::with(json!({})).await;
    let meeting = cluster.meeting("Weekly sync");
    let bo = cluster.join(&meeting, "Bo", Role::Guest, 0);
    let cy = cluster.join(&meeting, "Cy", Role::Guest, 1);
    let before = cluster.call(&meeting, 0);
    cluster.control().restart_bridge("eu-1").await.unwrap();
    let truth = cluster.control().truth();
    assert!(truth.participant(bo.id).is_none() && truth.participant(cy.id).is_some());
    let again = truth.participants().find(|p| p.name == "Bo").unwrap();
    assert_eq!((again.bridge.as_str(), again.lobby, again.meeting), ("eu-1", Lobby::Waiting, meeting.id));
    assert_ne!(again.leg, bo.leg);
    assert_ne!(cluster.call(&meeting, 0), before);
    assert_eq!(cluster.get(0, &format!("/calls/{before}")).await.status, 404);
}

#[tokio::test]
async fn events_sockets_can_be_refused_and_ended_in_three_ways() {
    let cluster = Cluster::with(json!({})).await;
    for how in [Cut::Hard, Cut::Close, Cut::Code(1011)] {
        let mut socket = cluster.connect(0).await;
        eventually("open", async || match cluster.control().requests()[0].events_open {
            1 => Ok(()),
            n => Err(n),
        })
        .await;
        cluster.control().cut_events(Some("eu-1"), how).unwrap();
        let frame = socket.frame().await;
        match (how, &frame) {
            (Cut::Hard, Some(Err(_)) | None) => {}
            (Cut::Close, Some(Ok(m))) => assert!(matches!(m, tokio_tungstenite::tungstenite::Message::Close(None)), "{m:?}"),
            (Cut::Code(code), Some(Ok(tokio_tungstenite::tungstenite::Message::Close(Some(close))))) => {
                assert_eq!(u16::from(close.code), code);
            }
            _ => panic!("{how:?}: {frame:?}"),
        }
        drop(socket);
        eventually("closed", async || match cluster.control().requests()[0].events_open {
            0 => Ok(()),
            n => Err(n),
        })
        .await;
    }
    cluster.control().set_switches(None, json!({"events_status": 503})).unwrap();
    let token = cluster.token(0).await;
    let refused = cluster.connect_with(0, &token).await.err().unwrap();
    assert!(refused.to_string().contains("503"), "{refused}");
}

async fn answers(mode: TlsMode, trusts: bool) -> Result<u16, reqwest::Error> {
    let sim = start(Options { tls: mode, calls: 0, people: 0, rate: 0.0, ..Options::default() }).await.unwrap();
    let ca = reqwest::Certificate::from_pem(sim.ca_pem().unwrap().as_bytes()).unwrap();
    let trusted = if trusts { vec![ca] } else { Vec::new() };
    let http = reqwest::Client::builder().no_proxy().tls_certs_only(trusted).build().unwrap();
    let bridge = &sim.bridges()[0];
    assert!(bridge.url.starts_with("https://127.0.0.1:"));
    let reply = http.get(format!("{}/api/v1/calls", bridge.url)).basic_auth(&bridge.username, Some(&bridge.password)).send().await;
    let status = reply.map(|r| r.status().as_u16());
    sim.stop().await;
    status
}

#[tokio::test]
async fn tls_is_right_with_the_ca_and_wrong_in_every_other_way() {
    assert_eq!(answers(TlsMode::Ca, true).await.unwrap(), 200);
    assert!(answers(TlsMode::Ca, false).await.is_err());
    for mode in [TlsMode::SelfSigned, TlsMode::Expired, TlsMode::WrongHost] {
        let error = answers(mode, true).await.unwrap_err();
        assert!(error.is_connect(), "{mode:?}: {error:?}");
    }
}

#[tokio::test]
async fn the_control_api_speaks_json_and_says_what_is_wrong() {
    let cluster = Cluster::with(json!({})).await;
    let base = cluster.sim.control_url().to_owned();
    let post = async |path: &str, body: Value| {
        let reply = cluster.http.post(format!("{base}{path}")).header("Content-Type", "application/json").body(body.to_string());
        let reply = reply.send().await.unwrap();
        let status = reply.status().as_u16();
        (status, serde_json::from_str::<Value>(&reply.text().await.unwrap()).unwrap())
    };
    let (status, meeting) = post("/start", json!({"name": "By hand"})).await;
    assert_eq!(status, 200);
    let (_, person) = post("/join", json!({"meeting": meeting["id"], "name": "李 <b>", "bridge": "eu-2"})).await;
    assert_eq!((person["lobby"].as_str(), person["bridge"].as_str()), (Some("waiting"), Some("eu-2")));
    assert_eq!(post("/admit", json!({"participant": person["id"]})).await.0, 200);
    let id = Id::parse(person["id"].as_str().unwrap()).unwrap();
    assert_eq!(cluster.person(id).lobby, Lobby::In);
    for (path, body) in [
        ("/lobby", json!({"participant": person["id"]})),
        ("/lock", json!({"meeting": meeting["id"]})),
        ("/unlock", json!({"meeting": meeting["id"]})),
        ("/mute", json!({"participant": person["id"], "on": true})),
        ("/rename", json!({"participant": person["id"], "name": "Lee"})),
        ("/record", json!({"meeting": meeting["id"], "on": true})),
        ("/fault/cut", json!({"bridge": "eu-1", "how": {"code": 1001}})),
        ("/leave", json!({"participant": person["id"]})),
        ("/end", json!({"meeting": meeting["id"]})),
        ("/requests/reset", json!({})),
    ] {
        let (status, said) = post(path, body).await;
        assert_eq!(status, 200, "{path}: {said}");
    }
    let (status, said) = post("/admit", json!({"participant": person["id"]})).await;
    assert_eq!((status, said["error"].as_str()), (404, Some("no such participant")));
    let (status, said) = post("/admit", json!({"who": 1})).await;
    assert!(status == 400 && said["error"].as_str().unwrap().contains("who"), "{said}");
    let (status, said) = post("/fault/stop", json!({"bridge": "mars-1"})).await;
    assert!(status == 404 && said["error"].as_str().unwrap().contains("mars-1"), "{said}");
    let switch = cluster.http.patch(format!("{base}/switches/eu-1")).header("Content-Type", "application/json").body(r#"{"cap_leg": 1}"#);
    let reply = switch.send().await.unwrap();
    assert_eq!(reply.status(), 400);
    assert!(reply.text().await.unwrap().contains("cap_leg"));
    for path in ["/truth", "/switches", "/requests"] {
        assert_eq!(cluster.http.get(format!("{base}{path}")).send().await.unwrap().status(), 200);
    }
}

#[tokio::test]
async fn requests_are_counted_by_shape_with_their_changes() {
    let cluster = Cluster::with(json!({})).await;
    let meeting = cluster.meeting("Weekly sync");
    let bo = cluster.join(&meeting, "Bo", Role::Guest, 0);
    cluster.get(0, &format!("/callLegs/{}", bo.leg)).await;
    cluster.put(0, &format!("/participants/{}", bo.id), "deactivated=false").await;
    let asked = &cluster.control().requests()[0];
    assert_eq!((asked.total, asked.by_shape["GET /callLegs/<id>"], asked.by_shape["PUT /participants/<id>"]), (2, 1, 1));
    let change = &asked.changes[0];
    assert_eq!((change.form.as_str(), change.status), ("deactivated=false", 200));
    assert!(change.answered_ms >= change.at_ms && change.path.ends_with(&bo.id.to_string()));
    cluster.control().reset_requests();
    assert_eq!(cluster.control().requests()[0].total, 0);
}

#[tokio::test]
async fn a_lively_cluster_stops_with_everything_open() {
    let options = Options { bridges: 3, calls: 20, people: 300, rate: 2000.0, tls: TlsMode::Off, ..Options::default() };
    let cluster = Cluster { sim: start(options).await.unwrap(), http: reqwest::Client::builder().no_proxy().build().unwrap() };
    let mut socket = cluster.connect(0).await;
    assert_eq!(socket.subscribe(json!([{"index": 1, "type": "calls", "elements": ["name", "participants"]}])).await, "success");
    for _ in 0..50 {
        socket.message().await;
    }
    let truth = cluster.control().truth();
    assert!(truth.participants().count() > 200, "{}", truth.participants().count());
    tokio::time::timeout(simulator_kit::DEADLINE, cluster.sim.stop()).await.expect("did not stop");
}

#[tokio::test]
async fn every_switch_is_in_the_handbook() {
    let cluster = Cluster::with(json!({})).await;
    let handbook = include_str!("../docs/simulator.md");
    let shown = cluster.control().switches();
    let names: Vec<&String> = shown["bridges"]["eu-1"]["effective"].as_object().unwrap().keys().collect();
    assert!(names.len() > 50, "{names:?}");
    for name in names {
        assert!(handbook.contains(&format!("`{name}`")), "{name} is not explained");
    }
}

#[tokio::test]
async fn events_sockets_work_behind_tls() {
    let sim = start(Options { calls: 3, people: 9, rate: 0.0, ..Options::default() }).await.unwrap();
    let (bridge, pem) = (&sim.bridges()[0], sim.ca_pem().unwrap().to_owned());
    let ca = reqwest::Certificate::from_pem(pem.as_bytes()).unwrap();
    let http = reqwest::Client::builder().no_proxy().tls_certs_only([ca]).build().unwrap();
    let reply = http.post(format!("{}/api/v1/authTokens", bridge.url)).basic_auth(&bridge.username, Some(&bridge.password));
    let token = reply.send().await.unwrap().headers()["x-cisco-cms-auth-token"].to_str().unwrap().to_owned();

    let mut roots = rustls::RootCertStore::empty();
    roots.add(rustls_pki_types::pem::PemObject::from_pem_slice(pem.as_bytes()).unwrap()).unwrap();
    let config = rustls::ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    let place = bridge.url.strip_prefix("https://").unwrap();
    let tcp = tokio::net::TcpStream::connect(place).await.unwrap();
    let name = rustls_pki_types::ServerName::try_from("127.0.0.1").unwrap();
    let tls = tokio_rustls::TlsConnector::from(std::sync::Arc::new(config)).connect(name, tcp).await.unwrap();
    let (mut socket, _) = tokio_tungstenite::client_async(format!("wss://{place}/events/v1?authToken={token}"), tls).await.unwrap();
    let ask = json!({"type": "message", "message": {"messageId": 1, "type": "subscribeRequest", "subscriptions": [{"index": 1, "type": "calls", "elements": ["name"]}]}});
    futures_util::SinkExt::send(&mut socket, tokio_tungstenite::tungstenite::Message::text(ask.to_string())).await.unwrap();
    let ack = futures_util::StreamExt::next(&mut socket).await.unwrap().unwrap();
    assert!(ack.to_string().contains("messageAck"), "{ack}");
    sim.stop().await;
}

/// Like a firewall that drops the first packet to one of a name's addresses.
#[tokio::test]
async fn a_deaf_address_neither_takes_nor_refuses_a_connection() {
    let deaf = IpAddr::from([127, 0, 0, 2]);
    let options = Options { bridges: 1, calls: 0, people: 0, rate: 0.0, tls: TlsMode::Off, deaf: Some(deaf), ..Options::default() };
    let simulator = start(options).await.unwrap();
    let address: SocketAddr = simulator.bridges()[0].url.trim_start_matches("http://").parse().unwrap();
    assert!(TcpStream::connect(address).await.is_ok(), "the other address answers");
    let tried = tokio::time::timeout(Duration::from_millis(500), TcpStream::connect((deaf, address.port()))).await;
    assert!(tried.is_err(), "{tried:?}");
    simulator.stop().await;
}
