//! Shared by all components of a bridge's actor: the name and settings of the bridge, its requests and timers, the store, and the few facts
//! that one component sets and others read. Decides nothing.

use std::sync::Arc;
use std::time::Instant;

use super::effects::Effect;
use super::event_coverage::EventCoverage;
use super::metrics::BridgeMetrics;
use super::outgoing::OutgoingRequests;
use super::saved_bridge_state::SavedBridgeState;
use super::timers::Timer;
use crate::clock::Now;
use crate::cms::cluster::{Cluster, Tuning};
use crate::cms::events::subscriptions::SubscriptionPlan;
use crate::cms::missed_events::Discrepancy;
use crate::cms::rest::client::RestClient;
use crate::cms::rest::queue::{Lane, RequestQueue};
use crate::cms::rest::request::Request;
use crate::cms::timers::Timers;
use crate::cms::tls::TrustError;
use crate::config::{BridgeConfig, CdrMode, Timing};
use crate::model::{BridgeName, BridgeState, CallId, CallKey, Fault, Home, ParticipantId};
use crate::store::Store;

/// Whether requests may be sent at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// One probe is under way or due.
    Probing,
    Up,
    /// Waiting for the next probe.
    Down,
    /// The credentials were refused; nothing is sent before a retry.
    Refused,
    /// An administrator paused the bridge.
    Paused,
}

impl Phase {
    pub(super) fn may_send(self) -> bool {
        matches!(self, Self::Probing | Self::Up)
    }

    pub(super) fn is_up(self) -> bool {
        self == Self::Up
    }

    pub(super) fn is_probing(self) -> bool {
        self == Self::Probing
    }

    pub(super) fn is_paused(self) -> bool {
        self == Self::Paused
    }
}

/// Passed to every component as `&mut Context`.
pub(super) struct Context {
    pub(super) name: BridgeName,
    pub(super) config: BridgeConfig,
    pub(super) timing: Timing,
    pub(super) cluster: Cluster,
    pub(super) store: Store,
    pub(super) saved_bridges: Arc<dyn SavedBridgeState>,
    pub(super) requests: OutgoingRequests,
    pub(super) timers: Timers<Timer>,
    pub(super) metrics: BridgeMetrics,
    /// The topics that the events sockets report.
    pub(super) coverage: EventCoverage,
    /// Set by the connection.
    pub(super) phase: Phase,
    /// The list of calls was read completely since the bridge was last up. Set by the calls.
    pub(super) calls_listed: bool,
    /// Records are complete and announce lobby changes. Refreshed by the routing before each step.
    pub(super) records_reliable: bool,
    /// The ids and names of all bridges in the cluster, as this one lists them. Set by the identity.
    pub(super) peers: Vec<(Arc<str>, Arc<str>)>,
    /// The effects of the running component, oldest first.
    pub(super) effects: Vec<Effect>,
}

impl Context {
    /// Checks the trust settings.
    pub(super) fn new(
        config: BridgeConfig,
        cluster: Cluster,
        saved_bridges: Arc<dyn SavedBridgeState>,
        now: Instant,
    ) -> Result<Self, TrustError> {
        let Tuning { limits, timing } = Tuning::clone(&cluster.tuning().get());
        Ok(Self {
            name: config.name.clone(),
            requests: OutgoingRequests::new(RequestQueue::new(&limits, now), RestClient::new(&config, &timing)?),
            metrics: BridgeMetrics::new(&config.name),
            coverage: EventCoverage::new(SubscriptionPlan::new(limits.subscriptions_per_socket)),
            store: cluster.store().clone(),
            timers: Timers::new(),
            phase: Phase::Probing,
            calls_listed: false,
            records_reliable: false,
            peers: Vec::new(),
            effects: Vec::new(),
            config,
            timing,
            cluster,
            saved_bridges,
        })
    }

    pub(super) fn key(&self, call: &CallId) -> CallKey {
        CallKey { bridge: self.name.clone(), call: call.clone() }
    }

    /// Queues a request; an equal one waits only once.
    pub(super) fn request(&mut self, lane: Lane, request: Request) {
        self.requests.queue.push(lane, request);
    }

    /// Hands an effect to the routing, which applies it as soon as the component has returned.
    pub(super) fn emit(&mut self, effect: Effect) {
        self.effects.push(effect);
    }

    /// Emits a discrepancy that a reading found. While events are missing, readings are the normal way to find changes, and none is
    /// emitted.
    pub(super) fn emit_discrepancy(&mut self, found: Discrepancy) {
        if !self.coverage.is_blind() && self.calls_listed {
            self.effects.push(Effect::Discrepancy(found));
        }
    }

    pub(super) fn takes_records(&self) -> bool {
        self.config.cdr != CdrMode::Off
    }

    /// Whether the call is followed: the store holds every such call.
    pub(super) fn knows_call(&self, call: &CallId) -> bool {
        self.store.with_call(&self.key(call), |_| ()).is_some()
    }

    pub(super) fn roster(&self, call: &CallId) -> Vec<ParticipantId> {
        self.store.with_call(&self.key(call), |call| call.roster.iter().cloned().collect()).unwrap_or_default()
    }

    pub(super) fn home_of(&self, person: &ParticipantId) -> Option<Home> {
        self.store.home(person)
    }

    /// Participants of a call whose legs run here.
    pub(super) fn hosted_in(&self, call: &CallId) -> Vec<ParticipantId> {
        let here = Some(Home::Bridge(self.name.clone()));
        self.roster(call).into_iter().filter(|person| self.store.person_is(person, |person| person.home == here)).collect()
    }

    /// Enters a state; one that was entered before keeps its beginning.
    pub(super) fn enter_state(&self, state: BridgeState, fault: Option<Fault>) {
        let now = Now::read();
        self.store.put_bridge(&self.name, |bridge| {
            if bridge.state != state {
                bridge.state = state;
                bridge.since = now.unix_ms;
            }
            bridge.fault = fault;
        });
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;
    use crate::config::{CmsLimits, Secret, Trust};
    use crate::model::Paused;

    struct NothingSaved;

    impl SavedBridgeState for NothingSaved {
        fn is_refused(&self, _: &BridgeConfig) -> bool {
            false
        }
        fn set_refused(&self, _: &BridgeConfig, _: bool) {}
        fn paused(&self, _: &BridgeName) -> Option<Paused> {
            None
        }
        fn set_paused(&self, _: &BridgeName, _: Option<&Paused>) {}
        fn receiver(&self, _: &BridgeName) -> Option<String> {
            None
        }
        fn set_receiver(&self, _: &BridgeName, _: String) {}
    }

    impl Context {
        /// A bridge that is up and has no facts; nothing is sent to it.
        pub(in crate::cms::bridge) fn for_tests() -> Self {
            let config = BridgeConfig {
                name: "eu-1".into(),
                url: "https://127.0.0.1:1".into(),
                username: "usher".into(),
                password: Secret::new("secret"),
                trust: Trust::Insecure,
                cdr: CdrMode::Receive,
                cdr_url: None,
            };
            let tuning = Tuning { limits: CmsLimits::default(), timing: Timing::default() };
            let cluster = Cluster::new(Store::default(), HashMap::new(), tuning);
            let mut ctx = Self::new(config, cluster, Arc::new(NothingSaved), Instant::now()).expect("a context");
            ctx.store.put_bridge(&ctx.name, |_| {});
            ctx.phase = Phase::Up;
            ctx
        }

        /// Takes the emitted effects, as text.
        pub(in crate::cms::bridge) fn emitted(&mut self) -> Vec<String> {
            self.effects.drain(..).map(|effect| format!("{effect:?}")).collect()
        }

        pub(in crate::cms::bridge) fn state(&self) -> BridgeState {
            self.store.with_bridge(&self.name, |bridge| bridge.state).expect("a bridge")
        }
    }

    #[test]
    fn where_nothing_is_pushed_a_change_found_by_reading_is_no_discrepancy() {
        let mut ctx = Context::for_tests();
        ctx.calls_listed = true;
        ctx.emit_discrepancy(Discrepancy::Call("c".into()));
        assert_eq!(ctx.emitted(), [""; 0]);
        let set: Vec<i64> = ctx.coverage.plan.subscription_set(0).iter().map(|subscription| subscription.index).collect();
        ctx.coverage.plan.on_ack(0, &set, true);
        ctx.coverage.socket(0).open = true;
        ctx.emit_discrepancy(Discrepancy::Call("c".into()));
        assert_eq!(ctx.emitted(), [r#"Discrepancy(Call("c"))"#]);
    }

    #[test]
    fn a_state_keeps_its_beginning_when_it_is_entered_again() {
        let ctx = Context::for_tests();
        ctx.store.put_bridge(&ctx.name, |bridge| (bridge.state, bridge.since) = (BridgeState::Polling, 7));
        ctx.enter_state(BridgeState::Polling, None);
        assert_eq!(ctx.store.with_bridge(&ctx.name, |bridge| bridge.since), Some(7));
        ctx.enter_state(BridgeState::Live, None);
        assert_ne!(ctx.store.with_bridge(&ctx.name, |bridge| bridge.since), Some(7));
    }
}
