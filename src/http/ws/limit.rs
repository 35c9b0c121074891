//! Limits the sockets of each user, so that one user can't take them all. Opens and closes none.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

#[derive(Debug, Clone, Default)]
pub(in crate::http) struct SocketLimit {
    open: Arc<Mutex<HashMap<i64, usize>>>,
}

/// Permission for one open socket, until it is dropped.
#[derive(Debug)]
pub(in crate::http) struct SocketPermit {
    all: SocketLimit,
    user: i64,
}

impl SocketLimit {
    /// None where the user has `limit` sockets already.
    pub(in crate::http) fn acquire(&self, user: i64, limit: usize) -> Option<SocketPermit> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(user).or_insert(0);
        if *count >= limit {
            return None;
        }
        *count += 1;
        metrics::gauge!("usher_browsers").increment(1.0);
        Some(SocketPermit { all: self.clone(), user })
    }

    pub(in crate::http) fn count(&self, user: i64) -> usize {
        self.open.lock().unwrap_or_else(PoisonError::into_inner).get(&user).copied().unwrap_or(0)
    }
}

impl Drop for SocketPermit {
    fn drop(&mut self) {
        let mut open = self.all.open.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.user) {
            *count -= 1;
            if *count == 0 {
                open.remove(&self.user);
            }
        }
        metrics::gauge!("usher_browsers").decrement(1.0);
    }
}
