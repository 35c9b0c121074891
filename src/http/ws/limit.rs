//! How many sockets each user has open, so that one user can't take them all. Opens and closes none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug, Clone, Default)]
pub(in crate::http) struct Seats {
    taken: Arc<Mutex<HashMap<i64, usize>>>,
}

/// One open socket; given back when dropped.
#[derive(Debug)]
pub(in crate::http) struct Seat {
    seats: Seats,
    user: i64,
}

impl Seats {
    pub(in crate::http) fn take(&self, user: i64, limit: usize) -> Option<Seat> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let count = taken.entry(user).or_insert(0);
        if *count >= limit {
            return None;
        }
        *count += 1;
        metrics::gauge!("usher_browsers").increment(1.0);
        Some(Seat { seats: self.clone(), user })
    }

    pub(in crate::http) fn count(&self, user: i64) -> usize {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).get(&user).copied().unwrap_or(0)
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut taken = self.seats.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = taken.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                taken.remove(&self.user);
            }
        }
        metrics::gauge!("usher_browsers").decrement(1.0);
    }
}
