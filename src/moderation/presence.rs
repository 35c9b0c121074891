//! Who has a page open, and what it shows. Pure; the caller brings the clock.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use crate::model::Role;
use crate::view::UserRow;

#[derive(Debug, Default)]
pub(super) struct Presence {
    users: HashMap<Arc<str>, HashMap<u64, Looking>>,
    opened: u64,
}

#[derive(Debug)]
struct Looking {
    role: Role,
    meeting: Option<Arc<str>>,
    idle_since: Option<i64>,
}

impl Presence {
    /// A page opens; returns its number.
    pub(super) fn open(&mut self, user: &Arc<str>, role: Role) -> u64 {
        self.opened += 1;
        self.users.entry(user.clone()).or_default().insert(self.opened, Looking { role, meeting: None, idle_since: None });
        self.opened
    }

    /// What a page shows from now on. An idle page is so since it first said so.
    pub(super) fn look(&mut self, user: &str, page: u64, meeting: Option<Arc<str>>, idle: bool, now_ms: i64) {
        if let Some(looking) = self.users.get_mut(user).and_then(|pages| pages.get_mut(&page)) {
            looking.meeting = meeting;
            looking.idle_since = idle.then(|| looking.idle_since.unwrap_or(now_ms));
        }
    }

    pub(super) fn close(&mut self, user: &str, page: u64) {
        if let Some(pages) = self.users.get_mut(user) {
            pages.remove(&page);
            if pages.is_empty() {
                self.users.remove(user);
            }
        }
    }

    pub(super) fn users(&self) -> impl Iterator<Item = &Arc<str>> {
        self.users.keys()
    }

    /// All pages of a user as one: what any of them shows; idle since the last one became so.
    pub(super) fn row(&self, user: &Arc<str>) -> Option<UserRow> {
        let pages = self.users.get(user)?.values();
        let looks_at: BTreeSet<Arc<str>> = pages.clone().filter_map(|page| page.meeting.clone()).collect();
        let idle = pages.clone().map(|page| page.idle_since).collect::<Option<Vec<_>>>();
        Some(UserRow {
            id: user.clone(),
            role: pages.map(|page| page.role).max()?,
            looks_at: looks_at.into_iter().collect(),
            idle_since: idle.and_then(|since| since.into_iter().max()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_one_user_are_one_row() {
        let (mut presence, max) = (Presence::default(), Arc::<str>::from("max"));
        let (first, second) = (presence.open(&max, Role::Moderator), presence.open(&max, Role::Moderator));
        presence.look("max", first, Some("m2".into()), true, 10);
        presence.look("max", second, Some("m1".into()), false, 11);
        let row = presence.row(&max).expect("present");
        assert_eq!((row.looks_at, row.idle_since), (vec!["m1".into(), "m2".into()], None));
        presence.look("max", second, None, true, 20);
        presence.look("max", second, None, true, 30);
        let row = presence.row(&max).expect("present");
        assert_eq!((row.looks_at, row.idle_since), (vec!["m2".into()], Some(20)));
        presence.close("max", first);
        presence.close("max", second);
        assert_eq!((presence.row(&max), presence.users().count()), (None, 0));
    }
}
