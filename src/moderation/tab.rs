//! One open tab of the desk: the meeting it shows, and the preferences of its user. The tab counts as open while this value lives.

use std::sync::Arc;

use tokio::sync::watch;

use super::Moderation;
use crate::clock::Now;
use crate::model::Role;

#[derive(Debug)]
pub struct Tab {
    moderation: Moderation,
    user: Arc<str>,
    account: i64,
    number: u64,
    prefs: watch::Receiver<Option<Arc<str>>>,
}

impl Moderation {
    /// `account` is the account's number, under which preferences are saved.
    pub fn open_tab(&self, user: &Arc<str>, account: i64, role: Role) -> Tab {
        let (number, prefs) = self.change(|state| {
            state.dirty.users.insert(user.clone());
            let prefs = state.prefs.entry(account).or_insert_with(|| watch::Sender::new(None)).subscribe();
            (state.presence.open(user, role), prefs)
        });
        Tab { moderation: self.clone(), user: user.clone(), account, number, prefs }
    }
}

impl Tab {
    /// Sets the meeting that this tab shows, and whether its user is idle.
    pub fn set_meeting(&self, meeting: Option<Arc<str>>, idle: bool) {
        self.moderation.change(|state| {
            state.presence.set_meeting(&self.user, self.number, meeting, idle, Now::read().unix_ms);
            state.dirty.users.insert(self.user.clone());
        });
    }

    /// The preferences of the user, as JSON.
    pub fn prefs(&self) -> Option<Arc<str>> {
        self.prefs.borrow().clone()
    }

    /// Waits until another tab of the user saves preferences.
    pub async fn prefs_from_other_tab(&mut self) -> Arc<str> {
        loop {
            if self.prefs.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
            if let Some(value) = self.prefs.borrow_and_update().clone() {
                return value;
            }
        }
    }

    /// Saves `value`, a JSON object, and passes it to the user's other tabs.
    pub fn save_prefs(&mut self, value: Arc<str>) {
        let state = self.moderation.lock();
        state.db.save_prefs(self.account, value.clone());
        if let Some(prefs) = state.prefs.get(&self.account) {
            prefs.send_replace(Some(value));
            // This tab has it already.
            self.prefs.mark_unchanged();
        }
    }
}

impl Drop for Tab {
    fn drop(&mut self) {
        self.moderation.change(|state| {
            state.presence.close(&self.user, self.number);
            state.dirty.users.insert(self.user.clone());
        });
    }
}
