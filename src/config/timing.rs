//! The timeouts and intervals that tests scale, each with the reason for its default. Thresholds of waits are in `config/mod.rs`.

use std::time::Duration;

/// How much of a bridge Usher may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CmsLimits {
    /// REST requests under way at once per bridge. Practice is 4, at most 8 (rest.md section 6).
    pub in_flight: usize,
    /// Background requests per second and bridge (resync, rotation); arrivals and actions are not held back by it.
    pub background_per_second: u32,
    /// Subscriptions on one events socket; a weak hint in the field puts the bridge's limit near 100 (events.md section 9).
    pub subscriptions_per_socket: usize,
}

impl Default for CmsLimits {
    fn default() -> Self {
        Self { in_flight: 4, background_per_second: 50, subscriptions_per_socket: 90 }
    }
}

/// Every duration that Usher waits for anything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timing {
    /// One REST request to CMS, body included (clients in the field use 10 to 15 s).
    pub rest_timeout: Duration,
    /// TCP, TLS and WebSocket handshake of an events socket.
    pub connect_timeout: Duration,
    /// An `ack` of our own subscribe request that does not come, or a subscription that stays pending.
    pub ack_timeout: Duration,
    /// Nothing is asked of a bridge for this long after it said that it is busy (503) without saying for how long.
    pub busy_pause: Duration,
    /// An events socket that said nothing for this long is asked to speak: its set of subscriptions is sent again.
    pub quiet: Duration,
    /// Where nothing comes for this long after that, what the socket follows is read; a slow socket has twice as long as it took before.
    pub doubt: Duration,
    /// First pause before a reconnect; doubles, jittered, up to `reconnect_max` (events.md section 6.4).
    pub reconnect_min: Duration,
    pub reconnect_max: Duration,
    /// A user who may not follow events is not asked about again for this long: each try may count towards a lock-out.
    pub retry_forbidden: Duration,
    /// Refused subscriptions rest this long before one of them is tried again.
    pub retry_refused: Duration,
    /// Subscription changes within this time become one request, since each request replaces the whole set.
    pub subscribe_coalesce: Duration,
    /// A leg without `deactivated` is believed to be in the call when a second read this much later agrees.
    pub second_look: Duration,
    /// Something is asked of every bridge at least this often, so that its age is known.
    pub heartbeat: Duration,
    /// A bridge that has not answered for this long is called silent.
    pub silent_after: Duration,
    /// A reading that decided nothing (no answer, no legs, not connected yet) is repeated this much later.
    pub read_again: Duration,
    /// Waiting participants are read again this often at best (the background budget decides when there are many).
    pub rotate_waiting: Duration,
    /// Participants in the call are read again at least this often.
    pub rotate_in_call: Duration,
    /// The same two for a bridge whose records are complete and announce what changes: a safety net only.
    pub rotate_waiting_told: Duration,
    pub rotate_in_call_told: Duration,
    /// A bridge whose records are awaited is asked this often whether any is missing; a lobby change without a record after so long was
    /// not announced.
    pub cdr_check: Duration,
    /// Records that are missing for so long are lost: everything is read again, but not more often than this.
    pub cdr_patience: Duration,
    /// Whether the bridge still sends its records here is looked at this often.
    pub cdr_register: Duration,
    /// After a join, leave or lock change a call's legs are read again at these times: activators act at once, others are sent back
    /// after `deactivationModeTime`.
    pub recheck: [Duration; 4],
    /// The list of calls is compared with the events this often.
    pub sweep_calls: Duration,
    /// The roster of each call is compared with the events this often.
    pub sweep_roster: Duration,
    /// The roster of a call that has no event subscription is read this often.
    pub poll_roster: Duration,
    /// Spaces and profiles (names, who has to wait, who is kept out by a lock) are read again this often.
    pub labels: Duration,
    /// Removed ids are remembered this long, so that a late answer cannot bring a ghost back.
    pub tombstone: Duration,
    /// Bridge statistics for administrators are taken this often.
    pub figures: Duration,
    /// After an accepted admit, the leg must read back as in the call within this time.
    pub confirm_within: Duration,
    /// How long an action waits at a bridge that answers nobody before the bridge counts as unreachable.
    pub action_deadline: Duration,
    /// An action that ended without being known is read again so long afterwards.
    pub read_later: [Duration; 3],
    /// How long a start waits for a reading of each person whose admission the last stop left open.
    pub recover_within: Duration,
    /// How long a refusal stays on the row; longer than it may still be put right.
    pub outcome_shown: Duration,
    /// A claim ends so long after it was last renewed.
    pub claim: Duration,
    /// Pages offer to undo an admission for so long.
    pub undo: Duration,
    /// Changes that follow within this time travel in one frame.
    pub publish_tick: Duration,
    /// A beat to each browser, whose page calls what it shows doubtful when nothing came for two and a quarter of them: within five seconds.
    /// It is also shorter than any idle time of proxies worth its name (the shortest common ones are 10 to 60 s).
    pub beat: Duration,
    /// The same to each screen on a wall, which calls its data old after five seconds without one.
    pub wall_beat: Duration,
    /// A screen from which nothing came for this long is gone: each answers every beat.
    pub wall_silent: Duration,
    /// That a screen is still there is written down this often, for the list after a crash.
    pub wall_noted: Duration,
    /// After a start walls keep what they showed for so long at most, until the bridges have been read. Less than a screen waits for a word.
    pub wall_settle: Duration,
    /// A browser from which nothing came for this long is gone: each page sends a beat 15 to 17 s after its last message (`SAY` in
    /// `web/net/connection.js`).
    pub browser_silent: Duration,
    /// A browser that takes no byte for this long is closed (4008).
    pub browser_stuck: Duration,
    /// Changes that another process (the command line) made in the database are looked for this often; they show within ten seconds.
    pub watch_database: Duration,
    /// An open page moves the end of its log-in away this often.
    pub keep_login: Duration,
    /// A log-in that no request and no open page used for this long ends.
    pub session_idle: Duration,
    /// A connection must send its first request, and each request its headers, within this time.
    pub request_headers: Duration,
    /// A connection on which no request has been under way for this long is closed.
    pub connection_idle: Duration,
    /// The certificate files are looked at this often; a changed pair is taken without restart.
    pub reread_certificate: Duration,
    /// Entries of the log that follow within this time travel in one commit.
    pub log_tick: Duration,
    /// The log is tried again this often while it can't be written.
    pub log_retry: Duration,
    /// Entries that are kept no longer are looked for this often.
    pub log_sweep: Duration,
    /// All sockets and running actions must have ended this long after a stop was asked for.
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
            rotate_waiting_told: s(60),
            rotate_in_call_told: s(300),
            cdr_check: s(5),
            cdr_patience: s(10),
            cdr_register: s(600),
            recheck: [Duration::ZERO, s(2), s(10), s(30)],
            sweep_calls: s(10),
            sweep_roster: s(60),
            poll_roster: s(5),
            labels: s(600),
            tombstone: s(60),
            figures: s(1),
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
            wall_noted: s(600),
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
            rotate_waiting_told: x(self.rotate_waiting_told),
            rotate_in_call_told: x(self.rotate_in_call_told),
            cdr_check: x(self.cdr_check),
            cdr_patience: x(self.cdr_patience),
            cdr_register: x(self.cdr_register),
            recheck: self.recheck.map(x),
            sweep_calls: x(self.sweep_calls),
            sweep_roster: x(self.sweep_roster),
            poll_roster: x(self.poll_roster),
            labels: x(self.labels),
            tombstone: x(self.tombstone),
            figures: x(self.figures),
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
            wall_noted: x(self.wall_noted),
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

    /// Another bridge asks where somebody is hosted when the first one has not said so for this long.
    pub fn home_patience(&self) -> Duration {
        self.read_again + self.second_look
    }

    /// Nothing is read again merely because time passed; for tests, in which the rotation must not mask a lost event. Remaining readings have a
    /// cause: second looks, readings that a join, leave, lock or lobby change asks for, what a failed reading left open, everything after
    /// a reconnect, and the polling of what the bridge does not push.
    pub fn without_rotation(self) -> Self {
        let never = Duration::from_secs(24 * 3600);
        Self {
            rotate_waiting: never,
            rotate_in_call: never,
            rotate_waiting_told: never,
            rotate_in_call_told: never,
            sweep_calls: never,
            sweep_roster: never,
            // Some bridges tell everything again with each request.
            quiet: never,
            ..self
        }
    }
}
