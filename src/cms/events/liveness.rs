//! Decides whether an events socket still lives. Pure: takes no clock or socket.
//!
//! Silence is normal, and TCP may call a connection good whose peer is gone. So Usher prompts a quiet socket: it sends the set of
//! subscriptions again, which a bridge acknowledges. A late acknowledgement does not prove a dead socket either; it makes Usher read by REST
//! what the socket should have reported. Only a change that this shows, and that the socket still does not report, is proof (events.md
//! section 6.4).

use std::time::{Duration, Instant};

use crate::config::Timing;

/// Whether one socket is alive.
#[derive(Debug)]
pub(in crate::cms) struct Liveness {
    /// When the last frame came.
    last_frame: Instant,
    /// When the request was sent that is not acknowledged yet.
    requested: Option<Instant>,
    /// The longest recent time to an acknowledgement; decays.
    slowest_ack: Duration,
    /// When everything was last read because this socket was in doubt.
    doubted_at: Option<Instant>,
    /// When the next check is due.
    check_due: Option<Instant>,
}

/// The next thing to do about a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cms) enum Advice {
    Wait,
    /// Send its set again, so that it acknowledges.
    Prompt,
    /// Read by REST what it follows.
    Read,
    /// Close it: it missed a change and stays silent.
    GiveUp,
}

impl Liveness {
    pub(in crate::cms) fn new(now: Instant) -> Self {
        Self { last_frame: now, requested: None, slowest_ack: Duration::ZERO, doubted_at: None, check_due: None }
    }

    /// A frame came.
    pub(in crate::cms) fn on_frame(&mut self, now: Instant) {
        (self.last_frame, self.doubted_at) = (now, None);
    }

    pub(in crate::cms) fn last_frame_at(&self) -> Instant {
        self.last_frame
    }

    /// A request was sent.
    pub(in crate::cms) fn on_request(&mut self, now: Instant) {
        self.requested = Some(now);
    }

    /// The request was acknowledged. A slow socket counts as slow for a while.
    pub(in crate::cms) fn on_ack(&mut self, now: Instant) {
        if let Some(at) = self.requested.take() {
            self.slowest_ack = now.duration_since(at).max(self.slowest_ack.mul_f64(0.875));
        }
    }

    /// Whether no frame at all came since the last request.
    pub(in crate::cms) fn is_unanswered(&self) -> bool {
        self.requested.is_some_and(|at| self.last_frame <= at)
    }

    pub(in crate::cms) fn is_quiet(&self, now: Instant, timing: &Timing) -> bool {
        now >= self.last_frame + timing.quiet
    }

    /// How long an acknowledgement may take: a slow socket gets twice its own time.
    fn patience(&self, timing: &Timing) -> Duration {
        timing.doubt.max(2 * self.slowest_ack)
    }

    /// After how long to close a socket that acknowledges nothing, whatever REST shows.
    pub(in crate::cms) fn ack_timeout(&self, timing: &Timing) -> Duration {
        timing.ack_timeout.max(3 * self.slowest_ack)
    }

    /// Decides what to do now. `unreported` is when REST first showed something that the socket should have reported; `answers` is whether
    /// the bridge acknowledges a set that it already has.
    pub(in crate::cms) fn advise(&mut self, now: Instant, timing: &Timing, unreported: Option<Instant>, answers: bool) -> Advice {
        // A late check means that this machine was busy or suspended: frames may have come that are not read yet.
        if self.check_due.take().is_some_and(|due| now > due + timing.doubt / 4) {
            self.requested = self.requested.map(|_| now);
            return Advice::Wait;
        }
        let since = if answers { self.requested.filter(|at| self.last_frame <= *at) } else { Some(self.last_frame + timing.quiet) };
        let is_doubtful = since.is_some_and(|at| now >= at + self.patience(timing));
        // A frame since then shows that the socket lives.
        let unreported = unreported.filter(|at| self.last_frame < *at);
        let is_overdue = unreported.is_some_and(|at| now >= at + timing.second_look);
        if is_doubtful && is_overdue {
            return Advice::GiveUp;
        }
        let again = if answers { Duration::MAX } else { timing.poll_roster };
        if is_doubtful && self.doubted_at.is_none_or(|at| now.duration_since(at) >= again) {
            self.doubted_at = Some(now);
            return Advice::Read;
        }
        if answers && self.requested.is_none() && (self.is_quiet(now, timing) || is_overdue) {
            return Advice::Prompt;
        }
        Advice::Wait
    }

    /// When to check next.
    pub(in crate::cms) fn next_check(&mut self, now: Instant, timing: &Timing, unreported: Option<Instant>) -> Instant {
        let quiet = self.requested.is_none().then(|| self.last_frame + timing.quiet);
        let answer = self.requested.filter(|at| self.last_frame <= *at).map(|at| at + self.patience(timing));
        let proof = unreported.map(|at| at + timing.second_look);
        let next = [quiet, answer, proof].into_iter().flatten().filter(|at| *at > now).min().unwrap_or(now + timing.quiet);
        self.check_due = Some(next);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// Checks a socket as its bridge does, from its last frame on. Returns each advice with its time, until the socket is given up.
    fn simulate(answer: Option<f64>, change_read: Option<f64>, reported: Option<f64>) -> Vec<(f64, Advice)> {
        let (timing, start) = (Timing::default(), Instant::now());
        let mut liveness = Liveness::new(start);
        let (mut advice_given, mut answered) = (Vec::new(), None);
        for tick in 0..2000 {
            let now = start + s(f64::from(tick) / 100.0);
            if answered.is_some_and(|at| now >= at) {
                answered = None;
                liveness.on_frame(now);
                liveness.on_ack(now);
            }
            if reported.is_some_and(|at| now == start + s(at)) {
                liveness.on_frame(now);
            }
            let read = change_read.map(|at| start + s(at)).filter(|at| *at <= now);
            let unreported = read.filter(|_| reported.is_none_or(|at| now < start + s(at)));
            let advice = liveness.advise(now, &timing, unreported, true);
            if advice != Advice::Wait {
                advice_given.push((f64::from(tick) / 100.0, advice));
            }
            match advice {
                Advice::Prompt => {
                    liveness.on_request(now);
                    answered = answer.map(|late| now + s(late));
                }
                Advice::GiveUp => return advice_given,
                Advice::Wait | Advice::Read => {}
            }
        }
        advice_given
    }

    fn given_up(advice_given: &[(f64, Advice)]) -> Option<f64> {
        advice_given.iter().find(|(_, advice)| *advice == Advice::GiveUp).map(|(at, _)| *at)
    }

    #[test]
    fn a_dead_socket_that_missed_a_change_is_given_up_soon_after_the_change_was_read() {
        assert_eq!(given_up(&simulate(None, Some(3.6), None)), Some(4.6));
        assert_eq!(given_up(&simulate(None, Some(0.1), None)), Some(3.1), "the change makes Usher prompt it at once");
    }

    #[test]
    fn a_dead_socket_that_missed_nothing_is_not_given_up_for_that() {
        assert_eq!(given_up(&simulate(None, None, None)), None);
    }

    #[test]
    fn a_quiet_socket_that_answers_is_never_given_up_or_read_for() {
        let advice_given = simulate(Some(0.02), None, None);
        assert!(advice_given.iter().all(|(_, advice)| *advice == Advice::Prompt), "{advice_given:?}");
        assert_eq!(given_up(&simulate(Some(0.02), Some(5.0), None)), None, "one lost event is not its end");
    }

    #[test]
    fn a_slow_socket_is_not_given_up_however_late_it_reports() {
        for late in [0.5, 1.0, 2.0, 2.9] {
            assert_eq!(given_up(&simulate(Some(late), Some(5.0), Some(5.0 + late))), None, "{late}");
        }
    }

    #[test]
    fn a_socket_that_was_slow_before_has_more_time() {
        let (timing, start) = (Timing::default(), Instant::now());
        let mut liveness = Liveness::new(start);
        liveness.on_request(start);
        liveness.on_frame(start + s(4.0));
        liveness.on_ack(start + s(4.0));
        liveness.on_request(start + s(6.0));
        assert_eq!(liveness.advise(start + s(13.9), &timing, Some(start + s(7.0)), true), Advice::Wait);
        assert_eq!(liveness.advise(start + s(14.0), &timing, Some(start + s(7.0)), true), Advice::GiveUp);
    }

    #[test]
    fn a_machine_that_was_suspended_gives_up_nothing_for_that() {
        let (timing, start) = (Timing::default(), Instant::now());
        let mut liveness = Liveness::new(start);
        liveness.on_request(start);
        let unreported = Some(start + s(0.5));
        assert_eq!(liveness.next_check(start + s(0.5), &timing, unreported), start + s(1.5));
        assert_eq!(liveness.advise(start + s(60.0), &timing, unreported, true), Advice::Wait);
        assert_eq!(liveness.next_check(start + s(60.0), &timing, unreported), start + s(62.0));
        assert_eq!(liveness.advise(start + s(62.0), &timing, unreported, true), Advice::GiveUp, "it is still silent");
    }

    #[test]
    fn a_bridge_that_answers_no_repeated_set_is_read_instead() {
        let (timing, start) = (Timing::default(), Instant::now());
        let mut liveness = Liveness::new(start);
        assert_eq!(liveness.advise(start + s(3.0), &timing, None, false), Advice::Wait);
        assert_eq!(liveness.advise(start + s(3.5), &timing, None, false), Advice::Read);
        assert_eq!(liveness.advise(start + s(4.0), &timing, None, false), Advice::Wait);
        assert_eq!(liveness.advise(start + s(8.5), &timing, None, false), Advice::Read);
        assert_eq!(liveness.advise(start + s(9.6), &timing, Some(start + s(8.6)), false), Advice::GiveUp);
    }
}
