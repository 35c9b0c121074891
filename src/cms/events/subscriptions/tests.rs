//! The plan against bridges that take fewer subscriptions than asked for.

use super::*;

fn call(n: usize) -> CallId {
    format!("call-{n}").into()
}

fn indexes(plan: &SubscriptionPlan, socket: SocketId) -> Vec<i64> {
    plan.subscription_set(socket).iter().map(|subscription| subscription.index).collect()
}

fn refuse(plan: &mut SubscriptionPlan, n: usize) -> Vec<AckOutcome> {
    (0..n).map(|_| plan.on_ack(0, &indexes(plan, 0), false)).collect()
}

#[test]
fn a_full_socket_opens_a_further_one() {
    let mut plan = SubscriptionPlan::new(3);
    assert_eq!((0..5).map(|n| plan.add(&call(n))).collect::<Vec<_>>(), [Some(0), Some(0), Some(1), Some(1), Some(1)]);
    assert_eq!((plan.subscription_set(0).len(), plan.subscription_set(1).len()), (3, 3));
    assert_eq!(plan.subscription_set(0)[0].kind, "calls");
}

#[test]
fn an_index_is_never_used_for_another_call() {
    let mut plan = SubscriptionPlan::new(90);
    plan.add(&call(0));
    let first = indexes(&plan, 0)[1];
    plan.remove(&call(0));
    plan.add(&call(1));
    assert!(!indexes(&plan, 0).contains(&first));
    assert_eq!(plan.topic_of(0, first), None);
}

#[test]
fn a_refused_request_is_repeated_with_fewer_elements() {
    let mut plan = SubscriptionPlan::new(90);
    assert_eq!(plan.on_ack(0, &indexes(&plan, 0), false), AckOutcome::RetryNow);
    assert_eq!(plan.subscription_set(0)[0].elements, ["name", "participants"]);
    assert_eq!(plan.on_ack(0, &indexes(&plan, 0), false), AckOutcome::GiveUp);
}

#[test]
fn a_refused_call_is_left_to_rest_and_tried_again() {
    let mut plan = SubscriptionPlan::new(90);
    plan.add(&call(0));
    assert!(matches!(plan.on_ack(0, &indexes(&plan, 0), true), AckOutcome::Accepted(_)));
    plan.add(&call(1));
    assert_eq!(refuse(&mut plan, 2), [AckOutcome::RetryLater, AckOutcome::RetryNow]);
    assert_eq!(plan.subscription_set(0)[0].elements.len(), 6, "a set that grew too large keeps its elements");
    assert_eq!(plan.refused().collect::<Vec<_>>(), [&call(1)]);
    assert_eq!(plan.subscription_set(0).len(), 2);
    assert_eq!(plan.add(&call(1)), None);
    assert_eq!(plan.retry_refused(), Some(0));
    assert_eq!(plan.subscription_set(0).len(), 3);
}

#[test]
fn a_fresh_connection_asks_for_everything_that_was_refused() {
    let mut plan = SubscriptionPlan::new(90);
    for n in 0..8 {
        plan.add(&call(n));
    }
    refuse(&mut plan, 3);
    assert_eq!(plan.refused().count(), 4);
    assert_eq!(plan.on_reconnected(0), BTreeSet::from([0]));
    assert_eq!((plan.subscription_set(0).len(), plan.refused().count()), (9, 0));
}

#[test]
fn a_first_set_that_is_too_large_is_halved() {
    let mut plan = SubscriptionPlan::new(90);
    for n in 0..8 {
        plan.add(&call(n));
    }
    assert_eq!(refuse(&mut plan, 3), [AckOutcome::RetryLater, AckOutcome::RetryNow, AckOutcome::RetryNow]);
    assert_eq!((plan.subscription_set(0).len(), plan.refused().count()), (5, 4));
}

#[test]
fn a_set_that_is_refused_may_hold_calls_that_have_ended() {
    let mut plan = SubscriptionPlan::new(90);
    plan.add(&call(0));
    plan.add(&call(1));
    refuse(&mut plan, 1);
    plan.remove(&call(0));
    assert!(!plan.is_short());
    assert_eq!(plan.subscription_set(0).len(), 2);
    assert!(matches!(plan.on_ack(0, &indexes(&plan, 0), true), AckOutcome::Accepted(_)));
    assert!(plan.reports_mutes(&call(1)));
    assert_eq!(refuse(&mut plan, 2), [AckOutcome::RetryLater, AckOutcome::GiveUp], "nothing was added that could be refused");
}

/// Answers every request until nothing changes any more; one socket takes `limit`, all together `total`.
fn settle(plan: &mut SubscriptionPlan, limit: usize, total: usize) {
    let mut accepted: HashMap<SocketId, Vec<i64>> = HashMap::new();
    for _ in 0..2000 {
        let open = plan.sockets().find(|id| accepted.get(id) != Some(&indexes(plan, *id)));
        let Some(id) = open else { return };
        let set = indexes(plan, id);
        let others: usize = accepted.iter().filter(|(other, _)| **other != id).map(|(_, set)| set.len()).sum();
        let success = set.len() <= limit && others + set.len() <= total;
        if success {
            accepted.insert(id, set.clone());
        }
        assert_ne!(plan.on_ack(id, &set, success), AckOutcome::GiveUp);
        plan.assign_waiting();
    }
    panic!("no end with {limit} a socket, {total} in all");
}

fn add_all(plan: &mut SubscriptionPlan) {
    for n in 0..60 {
        plan.add(&call(n));
    }
}

fn all_whole(plan: &SubscriptionPlan) -> bool {
    plan.sockets().all(|id| plan.subscription_set(id).iter().all(|subscription| subscription.elements.len() >= 5))
}

#[test]
fn any_limit_of_a_socket_is_found_and_costs_no_elements() {
    for limit in 1..=80 {
        let mut plan = SubscriptionPlan::new(90);
        add_all(&mut plan);
        settle(&mut plan, limit, usize::MAX);
        let sockets = if limit >= WORTH_A_SOCKET { MOST_SOCKETS } else { 1 };
        let followed = (sockets * limit - 1).min(60);
        assert_eq!((plan.refused().count(), all_whole(&plan)), (60 - followed, true), "limit {limit}");
        plan.add(&call(60));
        settle(&mut plan, limit, usize::MAX);
        assert_eq!(plan.refused().count(), 61 - (sockets * limit - 1).min(61), "limit {limit}, one more");
        for n in 0..40 {
            plan.remove(&call(n));
        }
        plan.assign_waiting();
        settle(&mut plan, limit, usize::MAX);
        assert!(plan.refused().count() <= 21usize.saturating_sub(limit - 1), "limit {limit}, many less");
    }
}

#[test]
fn a_limit_of_the_whole_bridge_leaves_the_rest_to_rest() {
    for total in [12, 25, 40] {
        let mut plan = SubscriptionPlan::new(90);
        add_all(&mut plan);
        settle(&mut plan, 90, total);
        assert_eq!((plan.refused().count(), all_whole(&plan)), (61 - total, true), "total {total}");
    }
}

#[test]
fn a_limit_that_is_lifted_is_noticed() {
    let mut plan = SubscriptionPlan::new(90);
    add_all(&mut plan);
    settle(&mut plan, 5, usize::MAX);
    plan.retry_refused();
    settle(&mut plan, 90, usize::MAX);
    assert_eq!((plan.refused().count(), plan.subscription_set(0).len()), (0, 61));
}
