//! How many subscriptions a bridge takes on one events socket, and with which elements, found by asking. Pure; knows no call.
//!
//! A refusal does not say its reason. Size and elements are told apart by changing one of them at a time, so that a limit on the size costs no
//! elements and an unknown element costs no calls.

/// One search: from the first refusal of a set to the largest set that is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cms) struct Search {
    /// The largest size that was accepted, 0 for none.
    low: usize,
    /// The smallest size that was refused with these elements.
    high: usize,
    /// The size of the first set.
    whole: usize,
    step: Step,
    /// Short elements were tried with the smallest set that holds a roster.
    tried_roster_short: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// The whole set with fewer elements.
    WholeShort,
    /// Fewer subscriptions, with all elements.
    Size,
    /// One subscription with fewer elements: not even one with all of them is accepted.
    OneShort,
    /// Two subscriptions with fewer elements: the list of calls is accepted with all of them, and no roster is.
    RosterShort,
    /// Fewer subscriptions, with fewer elements.
    SizeShort,
}

/// What to do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cms) enum Next {
    Ask {
        size: usize,
        short: bool,
    },
    /// So much is accepted. `limited`: more was refused, whatever the elements.
    Done {
        size: usize,
        short: bool,
        limited: bool,
    },
    /// Nothing is accepted at all.
    GiveUp,
}

impl Search {
    /// The first set of a socket was refused. `learned` is what a socket of this bridge took before.
    pub(in crate::cms) fn of_first_set(size: usize, learned: Option<usize>) -> (Self, Next) {
        let search = |step, low, high| Self { low, high, whole: size, step, tried_roster_short: false };
        match learned.filter(|learned| (1..size).contains(learned)) {
            // Most likely it is the same limit again: one more than it counts as refused.
            Some(learned) => (search(Step::Size, 0, learned + 1), Next::Ask { size: learned, short: false }),
            None => (search(Step::WholeShort, 0, size), Next::Ask { size, short: true }),
        }
    }

    /// A set that grew was refused: its elements are known to be accepted.
    pub(in crate::cms) fn of_grown_set(accepted: usize, size: usize, short: bool) -> (Self, Next) {
        let step = if short { Step::SizeShort } else { Step::Size };
        let mut search = Self { low: accepted, high: size, whole: size, step, tried_roster_short: true };
        let next = search.narrow();
        (search, next)
    }

    /// The bridge answered the set that was asked for last.
    pub(in crate::cms) fn answered(&mut self, size: usize, success: bool) -> Next {
        match (self.step, success) {
            (Step::WholeShort, true) => return Next::Done { size, short: true, limited: false },
            (Step::WholeShort, false) if size <= 1 => return Next::GiveUp,
            (Step::WholeShort, false) => self.step = Step::Size,
            (Step::OneShort, false) => return Next::GiveUp,
            // What was refused with all elements says nothing of a set with fewer.
            (Step::OneShort | Step::RosterShort, true) => (self.step, self.low, self.high) = (Step::SizeShort, size, self.whole),
            (Step::RosterShort, false) => self.step = Step::Size,
            (Step::Size | Step::SizeShort, true) => self.low = self.low.max(size),
            (Step::Size | Step::SizeShort, false) => self.high = self.high.min(size),
        }
        self.narrow()
    }

    fn narrow(&mut self) -> Next {
        let short = self.step == Step::SizeShort;
        if self.high > self.low + 1 {
            return Next::Ask { size: (self.low + self.high).div_ceil(2).min(self.high - 1), short };
        }
        match self.low {
            0 if self.step == Step::Size => {
                self.step = Step::OneShort;
                Next::Ask { size: 1, short: true }
            }
            0 => Next::GiveUp,
            1 if !short && !std::mem::replace(&mut self.tried_roster_short, true) => {
                self.step = Step::RosterShort;
                Next::Ask { size: 2, short: true }
            }
            size => Next::Done { size, short, limited: true },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bridge that takes so many subscriptions, and knows all elements of the list of calls and of rosters, or does not.
    struct Model {
        limit: usize,
        calls: bool,
        rosters: bool,
    }

    impl Model {
        fn takes(&self, size: usize, short: bool) -> bool {
            size <= self.limit && (short || (self.calls && (self.rosters || size < 2)))
        }

        /// What the search ends with, and how many sets were refused on the way.
        fn search(&self, size: usize, learned: Option<usize>) -> (Next, usize) {
            assert!(!self.takes(size, false));
            let (mut search, mut next) = Search::of_first_set(size, learned);
            let mut refused = 1;
            for _ in 0..40 {
                let Next::Ask { size, short } = next else { return (next, refused) };
                let success = self.takes(size, short);
                refused += usize::from(!success);
                next = search.answered(size, success);
            }
            panic!("no end with a limit of {}", self.limit);
        }
    }

    #[test]
    fn a_limit_on_the_size_costs_no_elements() {
        for limit in 1..90 {
            let (next, refused) = Model { limit, calls: true, rosters: true }.search(90, None);
            assert_eq!(next, Next::Done { size: limit, short: false, limited: true });
            assert!(refused <= 10, "{refused} refusals for a limit of {limit}");
        }
    }

    #[test]
    fn an_unknown_element_costs_no_calls() {
        for (calls, rosters) in [(false, true), (true, false), (false, false)] {
            let model = Model { limit: 90, calls, rosters };
            assert_eq!(model.search(90, None), (Next::Done { size: 90, short: true, limited: false }, 1));
        }
    }

    #[test]
    fn both_together_cost_what_each_does() {
        for limit in 2..90 {
            for (calls, rosters) in [(false, true), (true, false), (false, false)] {
                let (next, _) = Model { limit, calls, rosters }.search(90, None);
                assert_eq!(next, Next::Done { size: limit, short: true, limited: true }, "limit {limit}");
            }
        }
    }

    #[test]
    fn what_was_learned_is_asked_for_at_once_and_a_lower_limit_is_found() {
        let model = |limit| Model { limit, calls: true, rosters: true };
        assert_eq!(model(17).search(60, Some(17)), (Next::Done { size: 17, short: false, limited: true }, 1));
        assert_eq!(model(5).search(60, Some(17)).0, Next::Done { size: 5, short: false, limited: true });
    }

    #[test]
    fn a_set_that_grew_keeps_its_elements_and_all_that_fits() {
        for (limit, short) in [(10, false), (11, false), (19, false), (12, true)] {
            let (mut search, mut next) = Search::of_grown_set(10, 20, short);
            while let Next::Ask { size, short: asked } = next {
                assert_eq!(asked, short);
                next = search.answered(size, size <= limit);
            }
            assert_eq!(next, Next::Done { size: limit, short, limited: true });
        }
    }

    #[test]
    fn what_takes_nothing_is_given_up() {
        for size in [1, 2, 90] {
            assert_eq!(Model { limit: 0, calls: true, rosters: true }.search(size, None).0, Next::GiveUp);
        }
    }
}
