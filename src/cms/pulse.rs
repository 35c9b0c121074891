//! Whether an events socket still lives. Pure: takes no clock or socket.
//!
//! Silence is normal, and TCP may call a connection good whose peer is gone. So a quiet socket is asked to speak: its set of subscriptions is
//! sent again, which a bridge acknowledges. A late answer is no death either; it makes Usher read what the socket should have told. Only a
//! change that this shows, and that the socket goes on not to tell, is proof (events.md section 6.4).

use std::time::{Duration, Instant};

use crate::config::Timing;

/// One socket's signs of life.
#[derive(Debug)]
pub(super) struct Pulse {
    /// When the last frame came.
    heard: Instant,
    /// A request is not acknowledged since then.
    asked: Option<Instant>,
    /// How long it took to acknowledge, at worst of late.
    slowest: Duration,
    /// When everything was last read because of it.
    doubted: Option<Instant>,
    /// When the next look is due.
    due: Option<Instant>,
}

/// What to do about a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Advice {
    Wait,
    /// Ask it to speak.
    Ask,
    /// Read what it follows.
    Read,
    /// It missed a change and says nothing.
    GiveUp,
}

impl Pulse {
    pub(super) fn new(now: Instant) -> Self {
        Self { heard: now, asked: None, slowest: Duration::ZERO, doubted: None, due: None }
    }

    /// A frame came.
    pub(super) fn heard(&mut self, now: Instant) {
        (self.heard, self.doubted) = (now, None);
    }

    pub(super) fn heard_at(&self) -> Instant {
        self.heard
    }

    /// A request was sent.
    pub(super) fn asked(&mut self, now: Instant) {
        self.asked = Some(now);
    }

    /// It was acknowledged. A slow socket is remembered as one for a while.
    pub(super) fn acknowledged(&mut self, now: Instant) {
        if let Some(at) = self.asked.take() {
            self.slowest = now.duration_since(at).max(self.slowest.mul_f64(0.875));
        }
    }

    /// Nothing at all came since the last request.
    pub(super) fn is_unanswered(&self) -> bool {
        self.asked.is_some_and(|at| self.heard <= at)
    }

    pub(super) fn is_quiet(&self, now: Instant, timing: &Timing) -> bool {
        now >= self.heard + timing.quiet
    }

    /// How long an answer may take: a socket that was seen to be slow has twice as long.
    fn patience(&self, timing: &Timing) -> Duration {
        timing.doubt.max(2 * self.slowest)
    }

    /// How long until a socket that answers nothing is given up, whatever is read.
    pub(super) fn ack_timeout(&self, timing: &Timing) -> Duration {
        timing.ack_timeout.max(3 * self.slowest)
    }

    /// `untold` is when a reading first showed something that the socket should have told, `answers` whether the bridge acknowledges a set
    /// that it has already.
    pub(super) fn judge(&mut self, now: Instant, timing: &Timing, untold: Option<Instant>, answers: bool) -> Advice {
        // A look that comes late itself tells of a machine that was busy or suspended: what has come meanwhile may not be read yet.
        if self.due.take().is_some_and(|due| now > due + timing.doubt / 4) {
            self.asked = self.asked.map(|_| now);
            return Advice::Wait;
        }
        let since = if answers { self.asked.filter(|at| self.heard <= *at) } else { Some(self.heard + timing.quiet) };
        let doubtful = since.is_some_and(|at| now >= at + self.patience(timing));
        // What was said since then tells that the socket lives.
        let untold = untold.filter(|at| self.heard < *at);
        let overdue = untold.is_some_and(|at| now >= at + timing.second_look);
        if doubtful && overdue {
            return Advice::GiveUp;
        }
        let again = if answers { Duration::MAX } else { timing.poll_roster };
        if doubtful && self.doubted.is_none_or(|at| now.duration_since(at) >= again) {
            self.doubted = Some(now);
            return Advice::Read;
        }
        if answers && self.asked.is_none() && (self.is_quiet(now, timing) || overdue) {
            return Advice::Ask;
        }
        Advice::Wait
    }

    /// When to look next.
    pub(super) fn next(&mut self, now: Instant, timing: &Timing, untold: Option<Instant>) -> Instant {
        let quiet = self.asked.is_none().then(|| self.heard + timing.quiet);
        let answer = self.asked.filter(|at| self.heard <= *at).map(|at| at + self.patience(timing));
        let proof = untold.map(|at| at + timing.second_look);
        let next = [quiet, answer, proof].into_iter().flatten().filter(|at| *at > now).min().unwrap_or(now + timing.quiet);
        self.due = Some(next);
        next
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn s(seconds: f64) -> Duration {
        Duration::from_secs_f64(seconds)
    }

    /// Looks at a socket as its bridge does, from its last word on; what it advised and when, until it was given up.
    fn story(answer: Option<f64>, change_read: Option<f64>, told: Option<f64>) -> Vec<(f64, Advice)> {
        let (timing, start) = (Timing::default(), Instant::now());
        let mut pulse = Pulse::new(start);
        let (mut said, mut answered) = (Vec::new(), None);
        for tick in 0..2000 {
            let now = start + s(f64::from(tick) / 100.0);
            if answered.is_some_and(|at| now >= at) {
                answered = None;
                pulse.heard(now);
                pulse.acknowledged(now);
            }
            if told.is_some_and(|at| now == start + s(at)) {
                pulse.heard(now);
            }
            let read = change_read.map(|at| start + s(at)).filter(|at| *at <= now);
            let untold = read.filter(|_| told.is_none_or(|at| now < start + s(at)));
            let advice = pulse.judge(now, &timing, untold, true);
            if advice != Advice::Wait {
                said.push((f64::from(tick) / 100.0, advice));
            }
            match advice {
                Advice::Ask => {
                    pulse.asked(now);
                    answered = answer.map(|late| now + s(late));
                }
                Advice::GiveUp => return said,
                Advice::Wait | Advice::Read => {}
            }
        }
        said
    }

    fn given_up(said: &[(f64, Advice)]) -> Option<f64> {
        said.iter().find(|(_, advice)| *advice == Advice::GiveUp).map(|(at, _)| *at)
    }

    #[test]
    fn a_dead_socket_that_missed_a_change_is_given_up_soon_after_the_change_was_read() {
        assert_eq!(given_up(&story(None, Some(3.6), None)), Some(4.6));
        assert_eq!(given_up(&story(None, Some(0.1), None)), Some(3.1), "the change makes it be asked at once");
    }

    #[test]
    fn a_dead_socket_that_missed_nothing_is_not_given_up_for_that() {
        assert_eq!(given_up(&story(None, None, None)), None);
    }

    #[test]
    fn a_quiet_socket_that_answers_is_never_given_up_or_read_for() {
        let said = story(Some(0.02), None, None);
        assert!(said.iter().all(|(_, advice)| *advice == Advice::Ask), "{said:?}");
        assert_eq!(given_up(&story(Some(0.02), Some(5.0), None)), None, "one lost event is not its end");
    }

    #[test]
    fn a_slow_socket_is_not_given_up_however_late_it_tells() {
        for late in [0.5, 1.0, 2.0, 2.9] {
            assert_eq!(given_up(&story(Some(late), Some(5.0), Some(5.0 + late))), None, "{late}");
        }
    }

    #[test]
    fn who_was_slow_before_has_more_time() {
        let (timing, start) = (Timing::default(), Instant::now());
        let mut pulse = Pulse::new(start);
        pulse.asked(start);
        pulse.heard(start + s(4.0));
        pulse.acknowledged(start + s(4.0));
        pulse.asked(start + s(6.0));
        assert_eq!(pulse.judge(start + s(13.9), &timing, Some(start + s(7.0)), true), Advice::Wait);
        assert_eq!(pulse.judge(start + s(14.0), &timing, Some(start + s(7.0)), true), Advice::GiveUp);
    }

    #[test]
    fn a_machine_that_was_suspended_gives_up_nothing_for_that() {
        let (timing, start) = (Timing::default(), Instant::now());
        let mut pulse = Pulse::new(start);
        pulse.asked(start);
        let untold = Some(start + s(0.5));
        assert_eq!(pulse.next(start + s(0.5), &timing, untold), start + s(1.5));
        assert_eq!(pulse.judge(start + s(60.0), &timing, untold, true), Advice::Wait);
        assert_eq!(pulse.next(start + s(60.0), &timing, untold), start + s(62.0));
        assert_eq!(pulse.judge(start + s(62.0), &timing, untold, true), Advice::GiveUp, "it still says nothing");
    }

    #[test]
    fn where_a_bridge_answers_no_repeated_set_it_is_read_instead() {
        let (timing, start) = (Timing::default(), Instant::now());
        let mut pulse = Pulse::new(start);
        assert_eq!(pulse.judge(start + s(3.0), &timing, None, false), Advice::Wait);
        assert_eq!(pulse.judge(start + s(3.5), &timing, None, false), Advice::Read);
        assert_eq!(pulse.judge(start + s(4.0), &timing, None, false), Advice::Wait);
        assert_eq!(pulse.judge(start + s(8.5), &timing, None, false), Advice::Read);
        assert_eq!(pulse.judge(start + s(9.6), &timing, Some(start + s(8.6)), false), Advice::GiveUp);
    }
}
