//! The plan against bridges that take fewer subscriptions than asked for.

use super::*;

fn call(n: usize) -> CallId {
    format!("call-{n}").into()
}

fn indexes(plan: &Plan, socket: SocketId) -> Vec<i64> {
    plan.request(socket).iter().map(|subscription| subscription.index).collect()
}

fn refuse(plan: &mut Plan, n: usize) -> Vec<Verdict> {
    (0..n).map(|_| plan.answered(0, &indexes(plan, 0), false)).collect()
}

#[test]
fn a_full_socket_opens_a_further_one() {
    let mut plan = Plan::new(3);
    assert_eq!((0..5).map(|n| plan.add(&call(n))).collect::<Vec<_>>(), [Some(0), Some(0), Some(1), Some(1), Some(1)]);
    assert_eq!((plan.request(0).len(), plan.request(1).len()), (3, 3));
    assert_eq!(plan.request(0)[0].kind, "calls");
}

#[test]
fn an_index_is_never_used_for_another_call() {
    let mut plan = Plan::new(90);
    plan.add(&call(0));
    let first = indexes(&plan, 0)[1];
    plan.remove(&call(0));
    plan.add(&call(1));
    assert!(!indexes(&plan, 0).contains(&first));
    assert_eq!(plan.topic(0, first), None);
}

#[test]
fn a_refused_request_is_repeated_with_fewer_elements() {
    let mut plan = Plan::new(90);
    assert_eq!(plan.answered(0, &indexes(&plan, 0), false), Verdict::AskAgain);
    assert_eq!(plan.request(0)[0].elements, ["name", "participants"]);
    assert_eq!(plan.answered(0, &indexes(&plan, 0), false), Verdict::GiveUp);
}

#[test]
fn what_a_bridge_refuses_is_left_to_rest_and_tried_again() {
    let mut plan = Plan::new(90);
    plan.add(&call(0));
    assert!(matches!(plan.answered(0, &indexes(&plan, 0), true), Verdict::Accepted(_)));
    plan.add(&call(1));
    assert_eq!(refuse(&mut plan, 2), [Verdict::AskLater, Verdict::AskAgain]);
    assert_eq!(plan.request(0)[0].elements.len(), 6, "a set that grew too large keeps its elements");
    assert_eq!(plan.refused().collect::<Vec<_>>(), [&call(1)]);
    assert_eq!(plan.request(0).len(), 2);
    assert_eq!(plan.add(&call(1)), None);
    assert_eq!(plan.retry_refused(), Some(0));
    assert_eq!(plan.request(0).len(), 3);
}

#[test]
fn a_fresh_connection_asks_for_everything_that_was_refused() {
    let mut plan = Plan::new(90);
    for n in 0..8 {
        plan.add(&call(n));
    }
    refuse(&mut plan, 3);
    assert_eq!(plan.refused().count(), 4);
    assert_eq!(plan.reconnected(0), BTreeSet::from([0]));
    assert_eq!((plan.request(0).len(), plan.refused().count()), (9, 0));
}

#[test]
fn a_first_set_that_is_too_large_is_halved() {
    let mut plan = Plan::new(90);
    for n in 0..8 {
        plan.add(&call(n));
    }
    assert_eq!(refuse(&mut plan, 3), [Verdict::AskLater, Verdict::AskAgain, Verdict::AskAgain]);
    assert_eq!((plan.request(0).len(), plan.refused().count()), (5, 4));
}

#[test]
fn a_set_that_is_refused_may_hold_calls_that_have_ended() {
    let mut plan = Plan::new(90);
    plan.add(&call(0));
    plan.add(&call(1));
    refuse(&mut plan, 1);
    plan.remove(&call(0));
    assert!(!plan.is_short());
    assert_eq!(plan.request(0).len(), 2);
    assert!(matches!(plan.answered(0, &indexes(&plan, 0), true), Verdict::Accepted(_)));
    assert!(plan.tells_mutes(&call(1)));
    assert_eq!(refuse(&mut plan, 2), [Verdict::AskLater, Verdict::GiveUp], "nothing was added that could be refused");
}
