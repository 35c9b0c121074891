//! Looks up in the store which calls, meetings and participants belong together. For actions and the audit log; the publisher has indexes of
//! its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::Store;
use crate::model::{CallFacts, CallKey, meeting_id};

/// The meeting of a participant, as the rows say it.
pub fn meeting_of(store: &Store, person: &str) -> Option<Arc<str>> {
    let call = store.find_in_person(person, |person| person.primary_listing().map(|listing| listing.key.clone()))?;
    store.with_call(&call, |facts| meeting_id(&call, &facts.facts))
}

/// The calls of a meeting, by bridge.
pub fn calls_of(store: &Store, meeting: &str) -> Vec<(CallKey, CallFacts)> {
    let facts = |key: CallKey| {
        let facts = store.call_facts(&key)?;
        (*meeting_id(&key, &facts) == *meeting).then_some((key, facts))
    };
    let mut calls: Vec<_> = store.all_calls().into_iter().filter_map(facts).collect();
    calls.sort_by(|a, b| a.0.cmp(&b.0));
    calls
}

/// All meetings that share a threshold: those of a space, or the one meeting without a space.
pub fn meetings_for_threshold(store: &Store, threshold_key: &str) -> BTreeSet<Arc<str>> {
    let meeting = |key: CallKey| {
        store.find_in_call(&key, |call| {
            let meeting = meeting_id(&key, &call.facts);
            let here = call.facts.space.as_deref() == Some(threshold_key) || *meeting == *threshold_key;
            here.then_some(meeting)
        })
    };
    store.all_calls().into_iter().filter_map(meeting).collect()
}
