//! Problems of Usher itself, reported by its parts and shown to every moderator in the server's row. Decides nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::model::Fault;

/// Where parts of Usher say that something is wrong with them, and that it is over. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Problems(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// By code, so that each part speaks for itself alone.
    standing: Mutex<BTreeMap<&'static str, String>>,
    told: watch::Sender<Option<Fault>>,
}

impl Problems {
    /// A handle, and what the publisher follows.
    pub fn channel() -> (Self, watch::Receiver<Option<Fault>>) {
        let (told, seen) = watch::channel(None);
        (Self(Arc::new(Inner { standing: Mutex::default(), told })), seen)
    }

    /// States what is wrong with one part, in words that say what to do; `None`: nothing (any more).
    pub fn say(&self, code: &'static str, what: Option<String>) {
        let mut standing = self.0.standing.lock().unwrap_or_else(PoisonError::into_inner);
        match what {
            Some(what) => standing.insert(code, what),
            None => standing.remove(code),
        };
        // Told under the lock: what is told last is what stands.
        self.0.told.send_if_modified(|told| {
            let now = together(&standing);
            let changed = *told != now;
            *told = now;
            changed
        });
    }
}

/// All of it as one: the row has one place for it.
fn together(standing: &BTreeMap<&'static str, String>) -> Option<Fault> {
    let (code, _) = standing.first_key_value()?;
    let what: Vec<&str> = standing.values().map(String::as_str).collect();
    Some(Fault { code: (*code).into(), what: what.join("; ").into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_one_trouble_leaves_the_other_standing() {
        let (troubles, seen) = Problems::channel();
        troubles.say("log", Some("full".into()));
        troubles.say("journal", Some("slow".into()));
        assert_eq!(*seen.borrow(), Some(Fault { code: "journal".into(), what: "slow; full".into() }));
        troubles.say("journal", None);
        assert_eq!(*seen.borrow(), Some(Fault { code: "log".into(), what: "full".into() }));
        troubles.say("log", None);
        assert_eq!(*seen.borrow(), None);
    }

    #[test]
    fn what_is_said_again_wakes_nobody() {
        let (troubles, mut seen) = Problems::channel();
        troubles.say("log", Some("full".into()));
        seen.mark_unchanged();
        troubles.say("log", Some("full".into()));
        assert_eq!(seen.has_changed().ok(), Some(false));
    }
}
