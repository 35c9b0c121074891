//! One open page at the desk: what it shows, and what its user's pages keep. Leaves when it is dropped.

use std::sync::Arc;

use tokio::sync::watch;

use super::Moderation;
use crate::clock::Now;
use crate::model::Role;

#[derive(Debug)]
pub struct Tab {
    desk: Moderation,
    user: Arc<str>,
    account: i64,
    number: u64,
    prefs: watch::Receiver<Option<Arc<str>>>,
}

impl Moderation {
    /// `account` is its number, by which preferences are kept.
    pub fn open(&self, user: &Arc<str>, account: i64, role: Role) -> Tab {
        let (number, prefs) = self.change(|state| {
            state.touched.users.insert(user.clone());
            let prefs = state.prefs.entry(account).or_insert_with(|| watch::Sender::new(None)).subscribe();
            (state.presence.open(user, role), prefs)
        });
        Tab { desk: self.clone(), user: user.clone(), account, number, prefs }
    }
}

impl Tab {
    /// What this page shows from now on, and whether its user is away.
    pub fn look(&self, meeting: Option<Arc<str>>, idle: bool) {
        self.desk.change(|state| {
            state.presence.look(&self.user, self.number, meeting, idle, Now::read().unix_ms);
            state.touched.users.insert(self.user.clone());
        });
    }

    /// What the user's pages keep, as JSON.
    pub fn prefs(&self) -> Option<Arc<str>> {
        self.prefs.borrow().clone()
    }

    /// Waits until another page of the user kept something.
    pub async fn other_prefs(&mut self) -> Arc<str> {
        loop {
            if self.prefs.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            if let Some(value) = self.prefs.borrow_and_update().clone() {
                return value;
            }
        }
    }

    /// Keeps `value`, a JSON object, for the user's pages.
    pub fn keep_prefs(&mut self, value: Arc<str>) {
        let state = self.desk.lock();
        state.keeper.keep_prefs(self.account, value.clone());
        if let Some(prefs) = state.prefs.get(&self.account) {
            prefs.send_replace(Some(value));
            // This page knows.
            self.prefs.mark_unchanged();
        }
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.desk.change(|state| {
            state.presence.close(&self.user, self.number);
            state.touched.users.insert(self.user.clone());
        });
    }
}
