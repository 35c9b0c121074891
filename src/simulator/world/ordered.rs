//! A list of ids in order of arrival that returns pages by offset. It holds no objects.

use crate::simulator::id::Id;

/// Ids sorted by the number they were given on arrival, so a page is a slice
/// and a removed one shifts those behind it, as on a bridge.
#[derive(Debug, Default, Clone)]
pub(crate) struct OrderedIds(Vec<(u64, Id)>);

impl OrderedIds {
    pub(crate) fn insert(&mut self, seq: u64, id: Id) {
        match self.0.binary_search_by_key(&seq, |entry| entry.0) {
            Ok(at) => self.0[at] = (seq, id),
            Err(at) => self.0.insert(at, (seq, id)),
        }
    }

    pub(crate) fn remove(&mut self, seq: u64) {
        if let Ok(at) = self.0.binary_search_by_key(&seq, |entry| entry.0) {
            self.0.remove(at);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn get(&self, at: usize) -> Option<Id> {
        self.0.get(at).map(|entry| entry.1)
    }

    pub(crate) fn iter(&self) -> impl DoubleEndedIterator<Item = Id> + '_ {
        self.0.iter().map(|entry| entry.1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn those_behind_one_who_leaves_move_up() {
        let ids: Vec<Id> = (0..4).map(|n| Id::from_random([n; 16])).collect();
        let mut list = OrderedIds::default();
        for (seq, id) in [(10, ids[0]), (30, ids[2]), (20, ids[1]), (40, ids[3])] {
            list.insert(seq, id);
        }
        list.remove(20);
        assert_eq!(list.iter().collect::<Vec<_>>(), [ids[0], ids[2], ids[3]]);
        assert_eq!(list.get(1), Some(ids[2]));
        assert_eq!(list.len(), 3);
    }
}
