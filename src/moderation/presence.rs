//! Presence: which users have the desk open, and which meetings they look at. Pure; the caller passes the time.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::model::Role;
use crate::view::UserRow;

#[derive(Debug, Default)]
pub(super) struct Presence {
    users: HashMap<Arc<str>, HashMap<u64, TabPresence>>,
    opened: u64,
}

#[derive(Debug)]
struct TabPresence {
    role: Role,
    meeting: Option<Arc<str>>,
    idle_since: Option<i64>,
}

impl Presence {
    /// A tab opens; returns its number.
    pub(super) fn open(&mut self, user: &Arc<str>, role: Role) -> u64 {
        self.opened += 1;
        self.users.entry(user.clone()).or_default().insert(self.opened, TabPresence { role, meeting: None, idle_since: None });
        self.opened
    }

    /// Sets the meeting that a tab shows, and whether its user is idle; the idle time begins when the tab first says so.
    pub(super) fn set_meeting(&mut self, user: &str, tab: u64, meeting: Option<Arc<str>>, idle: bool, now_ms: i64) {
        if let Some(presence) = self.users.get_mut(user).and_then(|tabs| tabs.get_mut(&tab)) {
            presence.meeting = meeting;
            presence.idle_since = idle.then(|| presence.idle_since.unwrap_or(now_ms));
        }
    }

    pub(super) fn close(&mut self, user: &str, tab: u64) {
        if let Some(tabs) = self.users.get_mut(user) {
            tabs.remove(&tab);
            if tabs.is_empty() {
                self.users.remove(user);
            }
        }
    }

    pub(super) fn users(&self) -> impl Iterator<Item = &Arc<str>> {
        self.users.keys()
    }

    /// One row for all tabs of a user: every meeting that one of them shows; idle since the last one became idle.
    pub(super) fn row(&self, user: &Arc<str>) -> Option<UserRow> {
        let tabs = self.users.get(user)?.values();
        let looks_at: BTreeSet<Arc<str>> = tabs.clone().filter_map(|tab| tab.meeting.clone()).collect();
        let idle = tabs.clone().map(|tab| tab.idle_since).collect::<Option<Vec<_>>>();
        Some(UserRow {
            id: user.clone(),
            role: tabs.map(|tab| tab.role).max()?,
            looks_at: looks_at.into_iter().collect(),
            idle_since: idle.and_then(|since| since.into_iter().max()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tabs_of_one_user_are_one_row() {
        let (mut presence, max) = (Presence::default(), Arc::<str>::from("max"));
        let (first, second) = (presence.open(&max, Role::Moderator), presence.open(&max, Role::Moderator));
        presence.set_meeting("max", first, Some("m2".into()), true, 10);
        presence.set_meeting("max", second, Some("m1".into()), false, 11);
        let row = presence.row(&max).expect("present");
        assert_eq!((row.looks_at, row.idle_since), (vec!["m1".into(), "m2".into()], None));
        presence.set_meeting("max", second, None, true, 20);
        presence.set_meeting("max", second, None, true, 30);
        let row = presence.row(&max).expect("present");
        assert_eq!((row.looks_at, row.idle_since), (vec!["m2".into()], Some(20)));
        presence.close("max", first);
        presence.close("max", second);
        assert_eq!((presence.row(&max), presence.users().count()), (None, 0));
    }
}
