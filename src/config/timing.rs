//! The timeouts and intervals that tests scale, most with the reason for the default. Thresholds of waits are in `config/mod.rs`.

use std::time::Duration;

/// Limits on the load that Usher puts on a bridge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CmsLimits {
    /// The most concurrent REST requests per bridge. 4 is common practice, 8 the maximum (rest.md section 6).
    pub in_flight: usize,
    /// Background requests (resync, rotation) per second and bridge; does not delay arrivals and actions.
    pub background_per_second: u32,
    /// The most subscriptions on one events socket. There is a weak hint that the bridge's limit is near 100 (events.md section 9).
    pub subscriptions_per_socket: usize,
}

impl Default for CmsLimits {
    fn default() -> Self {
        Self { in_flight: 4, background_per_second: 50, subscriptions_per_socket: 90 }
    }
}

/// All timeouts and intervals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// The timeout of a REST request to CMS with its body (other clients use 10 to 15 s).
    pub rest_timeout: Duration,
    /// The timeout of the TCP, TLS and WebSocket handshakes of an events socket.
    pub connect_timeout: Duration,
    /// How long to wait for the `ack` of a subscribe request, and for a pending subscription.
    pub ack_timeout: Duration,
    /// The pause after a bridge said that it is busy (503), without saying for how long.
    pub busy_pause: Duration,
    /// After this long without a frame, an events socket is prompted: its subscriptions are sent again, which CMS acks.
    pub quiet: Duration,
    /// After this long without a frame since then, what the socket follows is read by REST; a slow socket gets twice its slowest ack.
    pub doubt: Duration,
    /// The first pause before a reconnect. It doubles, with jitter, up to `reconnect_max` (events.md section 6.4).
    pub reconnect_min: Duration,
    pub reconnect_max: Duration,
    /// The pause before a user who may not follow events is tried again: each attempt may count towards a lock-out.
    pub retry_forbidden: Duration,
    /// The pause before one of the refused subscriptions is tried again.
    pub retry_refused: Duration,
    /// Subscription changes within this time become one request, since each request replaces the whole set.
    pub subscribe_coalesce: Duration,
    /// A leg without `deactivated` counts as in the call once a second reading, this much later, agrees.
    pub second_look: Duration,
    /// Every bridge is sent some request at least this often, so that it is known when it last answered.
    pub heartbeat: Duration,
    /// A bridge that has not answered for this long counts as silent.
    pub silent_after: Duration,
    /// A reading that decided nothing (no response, no legs, not connected yet) is repeated this much later.
    pub read_again: Duration,
    /// Waiting participants are read again this often, or less often if the background budget is used up.
    pub rotate_waiting: Duration,
    /// Participants in the call are read again at least this often.
    pub rotate_in_call: Duration,
    /// The same two for a bridge whose complete records announce changes, where reading is only a safety net.
    pub rotate_waiting_with_records: Duration,
    pub rotate_in_call_with_records: Duration,
    /// How often a bridge with records is asked whether any are missing. A lobby change that has no record after this long was not announced.
    pub cdr_check: Duration,
    /// Records that are missing for this long are lost, and everything is read again, at most this often.
    pub cdr_patience: Duration,
    /// How often Usher checks that it is still a receiver of the bridge's records.
    pub cdr_register: Duration,
    /// When a call's legs are read again after a join, leave or lock change: activators admit others at once, and these are sent back after
    /// `deactivationModeTime`.
    pub recheck: [Duration; 4],
    /// How often the list of calls is compared with the events.
    pub sweep_calls: Duration,
    /// How often the roster of each call is compared with the events.
    pub sweep_roster: Duration,
    /// How often the roster of a call without a subscription is read.
    pub poll_roster: Duration,
    /// How often spaces and profiles are read again: names, who has to wait, whom a lock keeps out.
    pub labels: Duration,
    /// How long removed ids are remembered, so that a late response does not bring a participant back.
    pub tombstone: Duration,
    /// How often statistics of bridges are collected for administrators.
    pub bridge_stats: Duration,
    /// How long a reading may take to confirm an accepted change.
    pub confirm_within: Duration,
    /// How long an action waits for a bridge that does not respond before it ends as unreachable.
    pub action_deadline: Duration,
    /// When the target of an unconfirmed action is read again.
    pub read_later: [Duration; 3],
    /// How long a start waits for a reading of each target whose action the last stop interrupted.
    pub recover_within: Duration,
    /// How long a failed outcome stays on the row; longer than it may still be corrected.
    pub outcome_shown: Duration,
    /// How long a claim lasts after it was last renewed.
    pub claim: Duration,
    /// How long pages offer to undo an admission.
    pub undo: Duration,
    /// Changes within this time share one frame.
    pub publish_tick: Duration,
    /// The interval of heartbeats to browsers. A page marks its data as doubtful after two and a quarter intervals without a frame: within five
    /// seconds. It is also shorter than the idle timeouts of common proxies (10 to 60 s).
    pub beat: Duration,
    /// The interval of heartbeats to displays, which mark their data as old after five seconds without one.
    pub wall_beat: Duration,
    /// A screen is gone after this long without a message: it answers each heartbeat.
    pub wall_silent: Duration,
    /// How often the presence of a screen is saved, for the list after a crash.
    pub wall_presence_saved: Duration,
    /// How long displays keep their old rows after a start, until the bridges have been read. Shorter than the time after which a screen
    /// reconnects.
    pub wall_settle: Duration,
    /// A browser is gone after this long without a message: each page sends a beat 15 to 17 s after its last one.
    pub browser_silent: Duration,
    /// The socket of a browser that accepts no byte for this long is closed (4008).
    pub browser_stuck: Duration,
    /// How often changes in the database by another process (the command line) are checked for; they take effect within ten seconds.
    pub watch_database: Duration,
    /// How often an open page extends its session.
    pub keep_login: Duration,
    /// A session ends after this long without a request or an open page.
    pub session_idle: Duration,
    /// The time within which a connection must send its first request, and each request its headers.
    pub request_headers: Duration,
    /// A connection is closed after this long without a request.
    pub connection_idle: Duration,
    /// How often the certificate files are checked; a changed pair is applied without a restart.
    pub reread_certificate: Duration,
    /// Audit entries within this time share one commit.
    pub log_tick: Duration,
    /// How often writing the audit log is retried while it fails.
    pub log_retry: Duration,
    /// How often expired audit entries are deleted.
    pub log_sweep: Duration,
    /// How long sockets and running actions may take to end after a stop.
    pub drain: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        let (s, ms) = (Duration::from_secs, Duration::from_millis);
        Self {
            rest_timeout: s(10),
            connect_timeout: s(10),
            ack_timeout: s(10),
            busy_pause: ms(500),
            quiet: ms(1500),
            doubt: s(2),
            reconnect_min: s(2),
            reconnect_max: s(30),
            retry_forbidden: s(600),
            retry_refused: s(60),
            subscribe_coalesce: ms(150),
            second_look: ms(1000),
            heartbeat: s(2),
            silent_after: s(5),
            read_again: s(2),
            rotate_waiting: s(2),
            rotate_in_call: s(60),
            rotate_waiting_with_records: s(60),
            rotate_in_call_with_records: s(300),
            cdr_check: s(5),
            cdr_patience: s(10),
            cdr_register: s(600),
            recheck: [Duration::ZERO, s(2), s(10), s(30)],
            sweep_calls: s(10),
            sweep_roster: s(60),
            poll_roster: s(5),
            labels: s(600),
            tombstone: s(60),
            bridge_stats: s(1),
            confirm_within: s(5),
            action_deadline: s(20),
            read_later: [s(2), s(10), s(30)],
            recover_within: s(60),
            outcome_shown: s(35),
            claim: s(20),
            undo: s(8),
            publish_tick: ms(50),
            beat: s(2),
            wall_beat: s(2),
            wall_silent: s(15),
            wall_presence_saved: s(600),
            wall_settle: s(6),
            browser_silent: s(60),
            browser_stuck: s(10),
            watch_database: s(5),
            keep_login: s(60),
            session_idle: s(12 * 3600),
            request_headers: s(20),
            connection_idle: s(60),
            reread_certificate: s(10),
            log_tick: ms(100),
            log_retry: s(1),
            log_sweep: s(3600),
            drain: s(8),
        }
    }
}

impl Timing {
    /// Every duration multiplied by `factor`; for tests.
    pub fn scaled(&self, factor: f64) -> Self {
        let x = |d: Duration| d.mul_f64(factor);
        Self {
            rest_timeout: x(self.rest_timeout),
            connect_timeout: x(self.connect_timeout),
            ack_timeout: x(self.ack_timeout),
            busy_pause: x(self.busy_pause),
            quiet: x(self.quiet),
            doubt: x(self.doubt),
            reconnect_min: x(self.reconnect_min),
            reconnect_max: x(self.reconnect_max),
            retry_forbidden: x(self.retry_forbidden),
            retry_refused: x(self.retry_refused),
            subscribe_coalesce: x(self.subscribe_coalesce),
            second_look: x(self.second_look),
            heartbeat: x(self.heartbeat),
            silent_after: x(self.silent_after),
            read_again: x(self.read_again),
            rotate_waiting: x(self.rotate_waiting),
            rotate_in_call: x(self.rotate_in_call),
            rotate_waiting_with_records: x(self.rotate_waiting_with_records),
            rotate_in_call_with_records: x(self.rotate_in_call_with_records),
            cdr_check: x(self.cdr_check),
            cdr_patience: x(self.cdr_patience),
            cdr_register: x(self.cdr_register),
            recheck: self.recheck.map(x),
            sweep_calls: x(self.sweep_calls),
            sweep_roster: x(self.sweep_roster),
            poll_roster: x(self.poll_roster),
            labels: x(self.labels),
            tombstone: x(self.tombstone),
            bridge_stats: x(self.bridge_stats),
            confirm_within: x(self.confirm_within),
            action_deadline: x(self.action_deadline),
            read_later: self.read_later.map(x),
            recover_within: x(self.recover_within),
            outcome_shown: x(self.outcome_shown),
            claim: x(self.claim),
            undo: x(self.undo),
            publish_tick: x(self.publish_tick),
            beat: x(self.beat),
            wall_beat: x(self.wall_beat),
            wall_silent: x(self.wall_silent),
            wall_presence_saved: x(self.wall_presence_saved),
            wall_settle: x(self.wall_settle),
            browser_silent: x(self.browser_silent),
            browser_stuck: x(self.browser_stuck),
            watch_database: x(self.watch_database),
            keep_login: x(self.keep_login),
            session_idle: x(self.session_idle),
            request_headers: x(self.request_headers),
            connection_idle: x(self.connection_idle),
            reread_certificate: x(self.reread_certificate),
            log_tick: x(self.log_tick),
            log_retry: x(self.log_retry),
            log_sweep: x(self.log_sweep),
            drain: x(self.drain),
        }
    }

    /// Another bridge asks where a participant is hosted if the first one has not found out for this long.
    pub fn home_patience(&self) -> Duration {
        self.read_again + self.second_look
    }

    /// Switches off all periodic readings; for tests in which they must not mask a lost event. Readings with a cause remain: second looks,
    /// readings after a join, leave, lock or lobby change, repeated failed readings, everything after a reconnect, and polls of data that the
    /// bridge does not push.
    pub fn without_rotation(self) -> Self {
        let never = Duration::from_secs(24 * 3600);
        Self {
            rotate_waiting: never,
            rotate_in_call: never,
            rotate_waiting_with_records: never,
            rotate_in_call_with_records: never,
            sweep_calls: never,
            sweep_roster: never,
            // Sending the subscriptions again makes some bridges push everything again.
            quiet: never,
            ..self
        }
    }
}
