use super::*;

fn queue(now: Instant) -> RequestQueue {
    let mut queue = RequestQueue::new(&CmsLimits { in_flight: 4, background_per_second: 50, subscriptions_per_socket: 90 }, now);
    queue.single_flight = false;
    queue
}

fn leg(n: usize) -> Request {
    Request::Leg(n.to_string().into())
}

fn lanes_sent(queue: &mut RequestQueue, now: Instant) -> Vec<Lane> {
    std::iter::from_fn(|| match queue.pick(now) {
        Pick::Send(lane, _) => Some(lane),
        _ => None,
    })
    .collect()
}

#[test]
fn the_first_request_goes_alone() {
    let now = Instant::now();
    let mut queue = queue(now);
    queue.single_flight = true;
    (0..4).for_each(|n| queue.push(Lane::Action, leg(n)));
    assert_eq!(lanes_sent(&mut queue, now), [Lane::Action]);
}

#[test]
fn a_bulk_admit_leaves_a_slot_to_arrivals_and_yields_to_single_ones() {
    let now = Instant::now();
    let mut queue = queue(now);
    (0..9).for_each(|n| queue.push(Lane::Bulk, leg(n)));
    queue.push(Lane::Arrival, leg(100));
    queue.push(Lane::Arrival, leg(101));
    assert_eq!(lanes_sent(&mut queue, now), [Lane::Bulk, Lane::Arrival, Lane::Bulk, Lane::Bulk]);
    queue.push(Lane::Action, leg(102));
    queue.finish(Lane::Bulk);
    assert_eq!(lanes_sent(&mut queue, now), [Lane::Action]);
}

#[test]
fn background_work_keeps_the_last_slot_free() {
    let now = Instant::now();
    let mut queue = queue(now);
    (0..9).for_each(|n| queue.push(Lane::Resync, leg(n)));
    assert_eq!(lanes_sent(&mut queue, now).len(), 3);
    queue.push(Lane::Arrival, leg(100));
    assert_eq!(lanes_sent(&mut queue, now), [Lane::Arrival]);
}

#[test]
fn a_first_reading_takes_every_slot_and_yields_to_arrivals() {
    let now = Instant::now();
    let mut queue = queue(now);
    queue.begin_initial_sync();
    (0..9).for_each(|n| queue.push(Lane::Resync, leg(n)));
    assert_eq!(lanes_sent(&mut queue, now).len(), 4);
    queue.push(Lane::Arrival, leg(100));
    queue.finish(Lane::Resync);
    assert_eq!(lanes_sent(&mut queue, now), [Lane::Arrival]);
}

#[test]
fn confirmations_of_a_first_reading_take_every_slot_until_they_are_done() {
    let now = Instant::now();
    let mut queue = queue(now);
    queue.begin_initial_sync();
    (0..5).for_each(|n| queue.push(Lane::Confirmation, leg(n)));
    queue.end_initial_sync();
    assert_eq!(lanes_sent(&mut queue, now).len(), 4);
    queue.push(Lane::Waiting, leg(100));
    queue.finish(Lane::Confirmation);
    assert_eq!(lanes_sent(&mut queue, now), [Lane::Confirmation]);
    queue.finish(Lane::Confirmation);
    assert_eq!(lanes_sent(&mut queue, now), [], "a slot is kept free again");
}

#[test]
fn background_work_is_paced() {
    let start = Instant::now();
    let mut queue = queue(start);
    let mut sent = 0;
    for n in 0..500 {
        queue.push(Lane::Waiting, leg(n));
    }
    for ms in 0..2000 {
        while let Pick::Send(lane, _) = queue.pick(start + Duration::from_millis(ms)) {
            queue.finish(lane);
            sent += 1;
        }
    }
    assert!((100..=106).contains(&sent), "{sent} in two seconds at 50/s");
}

#[test]
fn polling_of_participants_in_the_call_does_not_starve() {
    let start = Instant::now();
    let mut queue = queue(start);
    for n in 0..500 {
        queue.push(Lane::Waiting, leg(n));
        queue.push(Lane::InCall, leg(1000 + n));
    }
    let mut sent = Vec::new();
    for ms in 0..1000 {
        while let Pick::Send(lane, _) = queue.pick(start + Duration::from_millis(ms)) {
            queue.finish(lane);
            sent.push(lane);
        }
    }
    assert!(sent.iter().filter(|lane| **lane == Lane::InCall).count() >= 9, "{sent:?}");
}

#[test]
fn an_equal_request_waits_once_in_the_more_urgent_lane() {
    let now = Instant::now();
    let mut queue = queue(now);
    queue.push(Lane::Waiting, leg(1));
    queue.push(Lane::Arrival, leg(1));
    queue.push(Lane::Waiting, leg(1));
    assert_eq!(lanes_sent(&mut queue, now), [Lane::Arrival]);
    assert!(queue.waiting.is_empty());
}

#[test]
fn a_removed_request_is_not_sent_and_may_be_pushed_again() {
    let now = Instant::now();
    let mut queue = queue(now);
    (0..3).for_each(|n| queue.push(Lane::Bulk, leg(n)));
    assert!(queue.remove(&leg(1)) && !queue.remove(&leg(1)) && !queue.remove(&leg(9)));
    queue.push(Lane::Action, leg(1));
    assert_eq!(lanes_sent(&mut queue, now), [Lane::Action, Lane::Bulk, Lane::Bulk]);
    assert!(!queue.remove(&leg(1)), "it has been sent");
}

#[test]
fn a_busy_bridge_is_left_alone_for_a_while() {
    let now = Instant::now();
    let mut queue = queue(now);
    queue.push(Lane::Action, leg(1));
    queue.pause_until(now + Duration::from_secs(1));
    assert_eq!(queue.pick(now), Pick::WaitUntil(now + Duration::from_secs(1)));
    assert!(matches!(queue.pick(now + Duration::from_secs(1)), Pick::Send(..)));
}
