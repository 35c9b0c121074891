//! Finds out how many subscriptions a bridge takes on one events socket, and with which elements, by trying. Pure; knows no call.
//!
//! A refusal does not say its reason. The search changes either the size or the elements at a time, so that a limit on the size costs no
//! elements and an unknown element costs no calls.

/// One search: from the first refusal of a set to the largest set that is accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cms) struct SizeSearch {
    /// The largest accepted size, 0 for none.
    low: usize,
    /// The smallest refused size with these elements.
    high: usize,
    /// The size of the first set.
    first: usize,
    step: SearchPhase,
    /// The smallest set that holds a roster was tried with fewer elements.
    tried_roster_short: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SearchPhase {
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

/// The next step of a search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::cms) enum SearchStep {
    Try {
        size: usize,
        short: bool,
    },
    /// The bridge accepts this size. `limited`: it refused more, whatever the elements.
    Found {
        size: usize,
        short: bool,
        limited: bool,
    },
    /// The bridge accepts nothing at all.
    GiveUp,
}

impl SizeSearch {
    /// The bridge refused the first set of a socket. `learned` is the size that a socket of this bridge took before.
    pub(in crate::cms) fn of_first_set(size: usize, learned: Option<usize>) -> (Self, SearchStep) {
        let search = |step, low, high| Self { low, high, first: size, step, tried_roster_short: false };
        match learned.filter(|learned| (1..size).contains(learned)) {
            // Most likely the limit is the same: one more counts as refused.
            Some(learned) => (search(SearchPhase::Size, 0, learned + 1), SearchStep::Try { size: learned, short: false }),
            None => (search(SearchPhase::WholeShort, 0, size), SearchStep::Try { size, short: true }),
        }
    }

    /// The bridge refused a set that had grown: it is known to accept the elements.
    pub(in crate::cms) fn of_grown_set(accepted: usize, size: usize, short: bool) -> (Self, SearchStep) {
        let step = if short { SearchPhase::SizeShort } else { SearchPhase::Size };
        let mut search = Self { low: accepted, high: size, first: size, step, tried_roster_short: true };
        let next = search.narrow();
        (search, next)
    }

    /// The bridge accepted or refused the set of the last step.
    pub(in crate::cms) fn on_answer(&mut self, size: usize, success: bool) -> SearchStep {
        match (self.step, success) {
            (SearchPhase::WholeShort, true) => return SearchStep::Found { size, short: true, limited: false },
            (SearchPhase::WholeShort, false) if size <= 1 => return SearchStep::GiveUp,
            (SearchPhase::WholeShort, false) => self.step = SearchPhase::Size,
            (SearchPhase::OneShort, false) => return SearchStep::GiveUp,
            // A refusal with all elements says nothing about a set with fewer.
            (SearchPhase::OneShort | SearchPhase::RosterShort, true) => {
                (self.step, self.low, self.high) = (SearchPhase::SizeShort, size, self.first)
            }
            (SearchPhase::RosterShort, false) => self.step = SearchPhase::Size,
            (SearchPhase::Size | SearchPhase::SizeShort, true) => self.low = self.low.max(size),
            (SearchPhase::Size | SearchPhase::SizeShort, false) => self.high = self.high.min(size),
        }
        self.narrow()
    }

    fn narrow(&mut self) -> SearchStep {
        let short = self.step == SearchPhase::SizeShort;
        if self.high > self.low + 1 {
            return SearchStep::Try { size: (self.low + self.high).div_ceil(2).min(self.high - 1), short };
        }
        match self.low {
            0 if self.step == SearchPhase::Size => {
                self.step = SearchPhase::OneShort;
                SearchStep::Try { size: 1, short: true }
            }
            0 => SearchStep::GiveUp,
            1 if !short && !std::mem::replace(&mut self.tried_roster_short, true) => {
                self.step = SearchPhase::RosterShort;
                SearchStep::Try { size: 2, short: true }
            }
            size => SearchStep::Found { size, short, limited: true },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bridge that takes `limit` subscriptions, and knows all elements of the list of calls and of rosters, or does not.
    struct Model {
        limit: usize,
        calls: bool,
        rosters: bool,
    }

    impl Model {
        fn takes(&self, size: usize, short: bool) -> bool {
            size <= self.limit && (short || (self.calls && (self.rosters || size < 2)))
        }

        /// Runs a search to its end. Returns its result and how many sets were refused on the way.
        fn search(&self, size: usize, learned: Option<usize>) -> (SearchStep, usize) {
            assert!(!self.takes(size, false));
            let (mut search, mut next) = SizeSearch::of_first_set(size, learned);
            let mut refused = 1;
            for _ in 0..40 {
                let SearchStep::Try { size, short } = next else { return (next, refused) };
                let success = self.takes(size, short);
                refused += usize::from(!success);
                next = search.on_answer(size, success);
            }
            panic!("no end with a limit of {}", self.limit);
        }
    }

    #[test]
    fn a_limit_on_the_size_costs_no_elements() {
        for limit in 1..90 {
            let (next, refused) = Model { limit, calls: true, rosters: true }.search(90, None);
            assert_eq!(next, SearchStep::Found { size: limit, short: false, limited: true });
            assert!(refused <= 10, "{refused} refusals for a limit of {limit}");
        }
    }

    #[test]
    fn an_unknown_element_costs_no_calls() {
        for (calls, rosters) in [(false, true), (true, false), (false, false)] {
            let model = Model { limit: 90, calls, rosters };
            assert_eq!(model.search(90, None), (SearchStep::Found { size: 90, short: true, limited: false }, 1));
        }
    }

    #[test]
    fn both_together_cost_what_each_does() {
        for limit in 2..90 {
            for (calls, rosters) in [(false, true), (true, false), (false, false)] {
                let (next, _) = Model { limit, calls, rosters }.search(90, None);
                assert_eq!(next, SearchStep::Found { size: limit, short: true, limited: true }, "limit {limit}");
            }
        }
    }

    #[test]
    fn the_learned_size_is_tried_at_once_and_a_lower_limit_is_found() {
        let model = |limit| Model { limit, calls: true, rosters: true };
        assert_eq!(model(17).search(60, Some(17)), (SearchStep::Found { size: 17, short: false, limited: true }, 1));
        assert_eq!(model(5).search(60, Some(17)).0, SearchStep::Found { size: 5, short: false, limited: true });
    }

    #[test]
    fn a_set_that_grew_keeps_its_elements_and_all_that_fits() {
        for (limit, short) in [(10, false), (11, false), (19, false), (12, true)] {
            let (mut search, mut next) = SizeSearch::of_grown_set(10, 20, short);
            while let SearchStep::Try { size, short: tried } = next {
                assert_eq!(tried, short);
                next = search.on_answer(size, size <= limit);
            }
            assert_eq!(next, SearchStep::Found { size: limit, short, limited: true });
        }
    }

    #[test]
    fn a_bridge_that_takes_nothing_is_given_up() {
        for size in [1, 2, 90] {
            assert_eq!(Model { limit: 0, calls: true, rosters: true }.search(size, None).0, SearchStep::GiveUp);
        }
    }
}
