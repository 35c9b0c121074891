//! The one pure difference between two views, and its inverse. Takes no clock, socket or lock.
//!
//! The law `apply(old, diff(old, new)) == new` is a property test here, and again in the page's `state.js` on the same fixtures.

use std::sync::Arc;

use super::{Row, RowKey, View};

/// What turns one view into another: first drop, then put.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Change {
    /// Whole rows, new or changed.
    pub put: Vec<Arc<Row>>,
    pub drop: Vec<RowKey>,
}

impl Change {
    pub fn is_empty(&self) -> bool {
        self.put.is_empty() && self.drop.is_empty()
    }

    /// Adds the difference that one key makes.
    pub fn note(&mut self, key: &RowKey, old: Option<&Arc<Row>>, new: Option<Row>) {
        match (old, new) {
            (Some(old), Some(new)) if **old == new => {}
            (_, Some(new)) => self.put.push(Arc::new(new)),
            (Some(_), None) => self.drop.push(key.clone()),
            (None, None) => {}
        }
    }
}

/// The difference between two whole views.
pub fn diff(old: &View, new: &View) -> Change {
    let mut change = Change::default();
    for (key, row) in new {
        if old.get(key) != Some(row) {
            change.put.push(row.clone());
        }
    }
    change.drop.extend(old.keys().filter(|key| !new.contains_key(*key)).cloned());
    change
}

/// Applies a difference. Idempotent: applying it again changes nothing.
pub fn apply(view: &mut View, change: &Change) {
    for key in &change.drop {
        view.remove(key);
    }
    for row in &change.put {
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
            let change = diff(&old, &new);
            let mut view = old.clone();
            apply(&mut view, &change);
            prop_assert_eq!(&view, &new);
            apply(&mut view, &change);
            prop_assert_eq!(&view, &new);
        }

        #[test]
        fn equal_views_differ_by_nothing(view in views()) {
            prop_assert!(diff(&view, &view.clone()).is_empty());
        }
    }
}
