//! How soon after one delta the next is published: after a tick, or sooner for a changed lobby state. Publishes nothing itself.

use std::time::Duration;

use crate::store::Store;
use crate::view::ViewDelta;

/// The shortest pause, and the time that each published row and each follower adds to it. These are several times the measured cost, so
/// that publishing one by one never takes much of the machine.
const LEAST: Duration = Duration::from_millis(5);
const ROW: Duration = Duration::from_micros(300);
const FOLLOWER: Duration = Duration::from_micros(50);

/// Waits a tick, or only `least` where a participant's lobby state changes.
pub(super) async fn pause(store: &Store, least: Duration, tick: Duration) {
    let lobby_changed = async {
        tokio::time::sleep(least).await;
        store.lobby_changed().await;
    };
    tokio::select! {
        () = tokio::time::sleep(tick) => {}
        () = lobby_changed => {}
    }
}

/// The pause that even a changed lobby state waits for, after a delta to this many followers.
pub(super) fn least(delta: &ViewDelta, followers: usize) -> Duration {
    let times = |cost: Duration, count: usize| cost.saturating_mul(u32::try_from(count).unwrap_or(u32::MAX));
    LEAST.saturating_add(times(ROW, delta.put.len() + delta.drop.len())).saturating_add(times(FOLLOWER, followers))
}

#[cfg(test)]
mod tests {
    use tokio::time::Instant;

    use super::*;
    use crate::clock::Now;
    use crate::model::{CallKey, Lobby, RosterPatch};
    use crate::view::{Kind, RowKey};

    const SHORT: Duration = Duration::from_millis(5);
    const TICK: Duration = Duration::from_millis(50);

    fn store_with_participant() -> Store {
        let (store, now) = (Store::default(), Now::read());
        let key = CallKey { bridge: "b".into(), call: "c".into() };
        store.list_person(&key, &"p".into(), RosterPatch::default(), now.instant, now);
        store
    }

    fn find_waiting(store: &Store) {
        store.update_person("p", |person| person.lobby.state = Lobby::Waiting);
    }

    /// How long a pause takes when `event` runs 20 ms after its begin.
    async fn pause_while(store: &Store, event: impl FnOnce(&Store)) -> Duration {
        let begin = Instant::now();
        let later = async {
            tokio::time::sleep(Duration::from_millis(20)).await;
            event(store);
        };
        tokio::join!(
            async {
                pause(store, SHORT, TICK).await;
                begin.elapsed()
            },
            later
        )
        .0
    }

    #[tokio::test(start_paused = true)]
    async fn a_lobby_state_ends_the_pause_and_nothing_else_does() {
        let store = store_with_participant();
        assert_eq!(pause_while(&store, |_| {}).await, TICK);
        let renamed = |store: &Store| {
            let key = CallKey { bridge: "b".into(), call: "c".into() };
            store.put_call(&key, |call| call.name = "other".into());
        };
        assert_eq!(pause_while(&store, renamed).await, TICK);
        assert_eq!(pause_while(&store, find_waiting).await, Duration::from_millis(20));
    }

    #[tokio::test(start_paused = true)]
    async fn a_lobby_state_that_came_before_the_pause_still_waits_for_the_least_pause_and_a_taken_one_ends_none() {
        let store = store_with_participant();
        find_waiting(&store);
        assert_eq!(pause_while(&store, |_| {}).await, SHORT);
        assert!(store.take_dirty().lobby);
        assert_eq!(pause_while(&store, |_| {}).await, TICK);
    }

    #[test]
    fn the_least_pause_grows_to_a_tick_with_rows_and_with_followers() {
        let rows = |count| ViewDelta { put: Vec::new(), drop: vec![RowKey { kind: Kind::Person, id: "p".into() }; count] };
        assert_eq!(least(&rows(0), 0), LEAST);
        assert!(least(&rows(2), 10) < Duration::from_millis(10));
        assert!(least(&rows(150), 1) >= TICK && least(&rows(2), 900) >= TICK);
    }
}
