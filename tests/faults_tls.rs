//! Every certificate that must be refused, shown by one bridge of three while Usher follows it: the page shows the reason, nothing is
//! sent, the other bridges are not affected, and the view is true when the right certificate is back. `check.rs` tests `usher check`.

mod common;

use common::desk::quiet;
use common::fault_scenario::{BROKEN, FaultScenario, bound, timing};
use common::page::check;
use rstest::rstest;
use serde_json::json;
use usher::config::Trust;
use usher::model::BridgeState;
use usher::simulator::{self, Options, Simulator, TlsMode};

fn secure(tls: TlsMode) -> Options {
    Options { tls, ..quiet(3) }
}

/// As when a bridge gets another certificate and its Web Admin is restarted.
async fn shows(scene: &FaultScenario, certificate: &str) {
    scene.desk.control().set_switches(Some(BROKEN), json!({ "certificate": certificate })).expect("switch");
    scene.desk.control().stop_bridge(BROKEN).expect("stopped");
    scene.desk.control().start_bridge(BROKEN).await.expect("started");
}

async fn is_not_believed(mut scene: FaultScenario, certificate: &str, words: &str) {
    scene.start_counting();
    shows(&scene, certificate).await;
    scene.assert_fault_shown(BridgeState::Unreachable, "certificate", words).await;
    // From the first moment on no request came through, so the password was shown to nobody.
    scene.restart_counting();
    scene.exercise_all_bridges().await;
    scene.page.follow_for(timing().reconnect_max).await;
    scene.assert_fault_shown(BridgeState::Unreachable, "certificate", words).await;
    assert_eq!(scene.requests_since_fault().0.total, 0, "nothing is sent to what is not believed: {:?}", scene.requests_since_fault().0);
    scene.assert_healthy_unchanged();
    shows(&scene, "as_started").await;
    scene.until_recovered().await;
}

#[rstest]
#[case::wrong_authority("other_ca", "from no authority that is trusted here")]
#[case::expired("expired", "the certificate has expired")]
#[case::for_another_host("wrong_host", "the certificate is for another host")]
#[case::self_signed_with_a_common_name_only("self_signed", "from no authority that is trusted here")]
#[tokio::test]
async fn a_certificate_that_the_authority_does_not_vouch_for_is_not_believed(#[case] certificate: &str, #[case] words: &str) {
    is_not_believed(FaultScenario::start_with(secure(TlsMode::Ca), |_| {}).await.until_settled().await, certificate, words).await;
}

/// The cluster, every bridge believed by its fingerprint.
async fn pinned(tls: TlsMode) -> FaultScenario {
    let sim: Simulator = simulator::start(secure(tls)).await.expect("simulator");
    let pin = sim.fingerprint().expect("TLS");
    FaultScenario::on(sim, |config| config.bridges.iter_mut().for_each(|bridge| bridge.trust = Trust::Fingerprint(pin)))
        .await
        .until_settled()
        .await
}

#[tokio::test]
async fn a_pinned_fingerprint_that_differs_is_not_believed_though_all_else_is_right() {
    is_not_believed(pinned(TlsMode::Ca).await, "other_ca", "the pinned fingerprint is").await;
}

#[rstest]
#[case::expired(TlsMode::Expired)]
#[case::for_another_host(TlsMode::WrongHost)]
#[case::self_signed_with_a_common_name_only(TlsMode::SelfSigned)]
#[tokio::test]
async fn a_pinned_certificate_is_believed_whatever_else_is_wrong_with_it(#[case] tls: TlsMode) {
    let mut scene = pinned(tls).await;
    scene.start_counting();
    scene.exercise_all_bridges().await;
    scene.until_true().await;
    assert_eq!(scene.page.bridge(BROKEN).expect("row").state, BridgeState::Live);
}

#[rstest]
#[case::wrong_authority("other_ca", "from no authority that is trusted here")]
#[case::expired("expired", "has expired")]
#[case::for_another_host("wrong_host", "for another host")]
#[case::self_signed_with_a_common_name_only("self_signed", "from no authority that is trusted here")]
#[tokio::test]
async fn a_certificate_that_is_wrong_from_the_start_is_said_and_no_password_is_sent(#[case] certificate: &str, #[case] words: &str) {
    let sim = simulator::start(secure(TlsMode::Ca)).await.expect("simulator");
    sim.control().set_switches(Some(BROKEN), json!({ "certificate": certificate })).expect("switch");
    let mut scene = FaultScenario::on(sim, |_| {}).await;
    scene.page.deadline = bound() * 3;
    scene
        .page
        .until("the certificate to be said", |page| {
            let row = page.bridge(BROKEN)?;
            let said = row.trouble.as_ref().is_some_and(|trouble| &*trouble.code == "certificate" && trouble.what.contains(words));
            check(row.state == BridgeState::Unreachable && said, row)
        })
        .await;
    assert_eq!(scene.requests_since_fault().0.total, 0);
    shows(&scene, "as_started").await;
    scene.until_settled().await;
}
