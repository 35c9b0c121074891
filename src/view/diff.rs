//! The one pure difference between two views, and its inverse. Takes no clock, socket or lock.
//!
//! The law `apply(old, diff(old, new)) == new` is a property test here; `tests/diff_fixtures.rs` and the page's `web/net/rows.js` hold it
//! on the same files.

use std::sync::Arc;

use super::{Row, RowKey, View};

/// The difference between two views: drop first, then put.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ViewDelta {
    /// Whole rows, new or changed.
    pub put: Vec<Arc<Row>>,
    pub drop: Vec<RowKey>,
}

impl ViewDelta {
    pub fn is_empty(&self) -> bool {
        self.put.is_empty() && self.drop.is_empty()
    }

    /// Adds the difference that one key makes.
    pub fn record(&mut self, key: &RowKey, old: Option<&Arc<Row>>, new: Option<Row>) {
        match (old, new) {
            (Some(old), Some(new)) if **old == new => {}
            (_, Some(new)) => self.put.push(Arc::new(new)),
            (Some(_), None) => self.drop.push(key.clone()),
            (None, None) => {}
        }
    }
}

/// The difference between two whole views.
pub fn diff(old: &View, new: &View) -> ViewDelta {
    let mut delta = ViewDelta::default();
    for (key, row) in new {
        if old.get(key) != Some(row) {
            delta.put.push(row.clone());
        }
    }
    delta.drop.extend(old.keys().filter(|key| !new.contains_key(*key)).cloned());
    delta
}

/// Applies a difference. Idempotent: applying it again changes nothing.
pub fn apply(view: &mut View, delta: &ViewDelta) {
    for key in &delta.drop {
        view.remove(key);
    }
    for row in &delta.put {
        view.insert(row.key(), row.clone());
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::view::ServerRow;

    fn views() -> impl Strategy<Value = View> {
        proptest::collection::hash_map(0u8..20, 0usize..4, 0..20).prop_map(|rows| {
            rows.into_iter()
                .map(|(id, hidden_meetings)| {
                    let row = Row::Server(ServerRow { id: id.to_string().into(), hidden_meetings, ..ServerRow::default() });
                    (row.key(), Arc::new(row))
                })
                .collect()
        })
    }

    proptest! {
        #[test]
        fn applying_a_difference_gives_the_new_view(old in views(), new in views()) {
            let delta = diff(&old, &new);
            let mut view = old.clone();
            apply(&mut view, &delta);
            prop_assert_eq!(&view, &new);
            apply(&mut view, &delta);
            prop_assert_eq!(&view, &new);
        }

        #[test]
        fn equal_views_differ_by_nothing(view in views()) {
            prop_assert!(diff(&view, &view.clone()).is_empty());
        }
    }
}
