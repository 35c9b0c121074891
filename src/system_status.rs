//! Problems of Usher itself, reported by its parts and shown to every moderator in the server's row. Decides nothing.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::watch;

use crate::model::Fault;

/// Takes reports of problems from the parts of Usher, and of their end. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Problems(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    /// By code: each part has its own and changes no other.
    current: Mutex<BTreeMap<&'static str, String>>,
    published: watch::Sender<Option<Fault>>,
}

impl Problems {
    /// A handle for the parts, and a receiver for the publisher.
    pub fn channel() -> (Self, watch::Receiver<Option<Fault>>) {
        let (published, seen) = watch::channel(None);
        (Self(Arc::new(Inner { current: Mutex::default(), published })), seen)
    }

    /// Reports a problem, in a sentence that says what to do; `None` ends it.
    pub fn report(&self, code: &'static str, what: Option<String>) {
        let mut current = self.0.current.lock().unwrap_or_else(PoisonError::into_inner);
        match what {
            Some(what) => current.insert(code, what),
            None => current.remove(code),
        };
        // Sent under the lock, so that the last value sent is the current one.
        self.0.published.send_if_modified(|published| {
            let now = combined(&current);
            let changed = *published != now;
            *published = now;
            changed
        });
    }
}

/// All problems as one fault: the row has room for one.
fn combined(current: &BTreeMap<&'static str, String>) -> Option<Fault> {
    let (code, _) = current.first_key_value()?;
    let what: Vec<&str> = current.values().map(String::as_str).collect();
    Some(Fault { code: (*code).into(), what: what.join("; ").into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_one_problem_leaves_the_other() {
        let (problems, seen) = Problems::channel();
        problems.report("log", Some("full".into()));
        problems.report("journal", Some("slow".into()));
        assert_eq!(*seen.borrow(), Some(Fault { code: "journal".into(), what: "slow; full".into() }));
        problems.report("journal", None);
        assert_eq!(*seen.borrow(), Some(Fault { code: "log".into(), what: "full".into() }));
        problems.report("log", None);
        assert_eq!(*seen.borrow(), None);
    }

    #[test]
    fn a_repeated_report_wakes_nobody() {
        let (problems, mut seen) = Problems::channel();
        problems.report("log", Some("full".into()));
        seen.mark_unchanged();
        problems.report("log", Some("full".into()));
        assert_eq!(seen.has_changed().ok(), Some(false));
    }
}
