//! The thinnest whole path through the simulator; details are in the other `simulator_*` tests.

use usher::simulator::{Options, TlsMode, start};

#[tokio::test]
async fn it_starts_shows_itself_and_stops() {
    let sim = start(Options { tls: TlsMode::Off, rate: 0.0, ..Options::default() }).await.unwrap();
    let bridge = sim.bridges()[0].clone();
    let http = reqwest::Client::new();
    for path in ["calls", "participants", "callLegs", "system/status", "callBridges", "coSpaces"] {
        let reply =
            http.get(format!("{}/api/v1/{path}", bridge.url)).basic_auth(&bridge.username, Some(&bridge.password)).send().await.unwrap();
        assert_eq!(reply.status(), 200);
    }
    sim.stop().await;
}
