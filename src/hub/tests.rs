use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::Value;

use super::*;
use crate::view::{Kind, ServerRow};

fn row(id: &str, hidden: usize) -> Arc<Row> {
    Arc::new(Row::Server(ServerRow { id: id.into(), hidden_meetings: hidden, ..ServerRow::default() }))
}

fn key(id: &str) -> RowKey {
    RowKey { kind: Kind::Server, id: id.into() }
}

fn small() -> HubLimits {
    HubLimits { delta_bytes: 300, part_bytes: 300, ring_frames: 4, ..HubLimits::default() }
}

/// Builds a view from the frames as a browser does; panics where the protocol is broken.
#[derive(Debug, Default)]
struct TestBrowser {
    view: BTreeMap<String, Value>,
    collecting: Option<(u64, Vec<Value>)>,
    seq: u64,
    snapshots: usize,
    largest: usize,
}

impl TestBrowser {
    fn on_frame(&mut self, frame: &Frame) {
        self.largest = self.largest.max(frame.byte_count());
        let frame: Value = serde_json::from_str(frame.payload()).expect("JSON");
        let seq = frame["seq"].as_u64().expect("seq");
        match frame["type"].as_str().expect("type") {
            "snapshot" => {
                let (at, rows) = self.collecting.get_or_insert((seq, Vec::new()));
                assert_eq!(*at, seq, "one snapshot has one seq");
                rows.extend(frame["rows"].as_array().expect("rows").iter().cloned());
            }
            "snapshot_end" => {
                let rows = self.collecting.take().map(|(_, rows)| rows).unwrap_or_default();
                assert_eq!(frame["rows"].as_u64(), Some(rows.len() as u64));
                self.view = rows.into_iter().map(|row| (row["id"].as_str().expect("id").to_owned(), row)).collect();
                self.seq = seq;
                self.snapshots += 1;
            }
            "delta" => {
                assert!(self.collecting.is_none(), "a delta between the parts of a snapshot");
                assert_eq!(seq, self.seq + 1, "deltas have no gaps");
                self.seq = seq;
                for key in frame["drop"].as_array().expect("drop") {
                    self.view.remove(key["id"].as_str().expect("id"));
                }
                for row in frame["put"].as_array().expect("put") {
                    self.view.insert(row["id"].as_str().expect("id").to_owned(), row.clone());
                }
            }
            other => panic!("unknown type {other}"),
        }
    }

    fn drain(&mut self, follower: &mut Follower) {
        while let Some(frame) = follower.try_next() {
            self.on_frame(&frame);
        }
    }
}

fn published(hub: &Hub) -> BTreeMap<String, Value> {
    let state = hub.inner.lock();
    state.rows.iter().map(|(key, json)| (key.id.to_string(), serde_json::from_str(json).expect("row"))).collect()
}

#[tokio::test]
async fn an_empty_view_is_a_snapshot_without_parts() {
    let hub = Hub::new(ReaderKind::Desk);
    let frame = hub.join().next().await;
    assert_eq!(frame.payload(), format!(r#"{{"type":"snapshot_end","epoch":"{}","seq":0,"parts":0,"rows":0}}"#, hub.epoch()));
}

#[tokio::test]
async fn a_publication_that_changes_nothing_is_not_sent() {
    let hub = Hub::new(ReaderKind::Desk);
    assert_eq!(hub.publish(vec![], vec![]), 0);
    assert_eq!(hub.publish(vec![], vec![key("unknown")]), 0);
    assert_eq!(hub.publish(vec![row("a", 1)], vec![]), 1);
}

#[tokio::test]
async fn a_large_change_becomes_several_deltas_of_bounded_size() {
    let hub = Hub::with_limits(ReaderKind::Desk, HubLimits { ring_frames: 1000, ..small() });
    let (mut follower, mut client) = (hub.join(), TestBrowser::default());
    client.drain(&mut follower);
    let rows = |n| (0..50).map(|id| row(&format!("row-{id}"), n)).collect::<Vec<_>>();
    let seq = hub.publish(rows(1), vec![]);
    assert!(seq > 10, "{seq}");
    client.drain(&mut follower);
    hub.publish(vec![row("row-0", 5)], (0..50).map(|id| key(&format!("row-{id}"))).collect());
    client.drain(&mut follower);
    assert!(client.largest <= 300, "{}", client.largest);
    assert_eq!(client.view, published(&hub));
    assert_eq!(client.view.len(), 1);
}

#[tokio::test]
async fn a_row_larger_than_a_part_travels_alone() {
    let hub = Hub::with_limits(ReaderKind::Desk, small());
    hub.publish(vec![row("a", 1), row(&"x".repeat(1000), 1), row("b", 1)], vec![]);
    let (mut follower, mut client) = (hub.join(), TestBrowser::default());
    client.drain(&mut follower);
    assert_eq!(client.view, published(&hub));
}

#[tokio::test(start_paused = true)]
async fn a_follower_that_lags_out_of_the_ring_gets_a_snapshot_at_most_once_a_second() {
    let hub = Hub::with_limits(ReaderKind::Desk, small());
    let (mut follower, mut client) = (hub.join(), TestBrowser::default());
    client.drain(&mut follower);
    for n in 0..10 {
        hub.publish(vec![row("a", n)], vec![]);
    }
    client.drain(&mut follower);
    assert_eq!((client.snapshots, client.view.len()), (1, 0), "the first one was a moment ago");
    let before = Instant::now();
    client.on_frame(&follower.next().await);
    assert_eq!(before.elapsed().as_millis(), 1000);
    client.drain(&mut follower);
    assert_eq!((client.snapshots, client.seq), (2, 10));
    assert_eq!(client.view, published(&hub));
}

#[tokio::test(start_paused = true)]
async fn asking_again_and_again_gives_one_snapshot_a_second() {
    let hub = Hub::new(ReaderKind::Desk);
    let (mut follower, mut client) = (hub.join(), TestBrowser::default());
    client.drain(&mut follower);
    for _ in 0..30 {
        follower.resync();
        tokio::time::advance(Duration::from_millis(100)).await;
        client.drain(&mut follower);
    }
    assert_eq!(client.snapshots, 1 + 3);
}

#[tokio::test(start_paused = true)]
async fn followers_that_join_together_share_one_snapshot_and_miss_nothing() {
    let hub = Hub::new(ReaderKind::Desk);
    hub.publish(vec![row("a", 1)], vec![]);
    let mut first = hub.join();
    let one = first.next().await;
    hub.publish(vec![row("b", 1)], vec![]);
    let mut second = hub.join();
    let two = second.next().await;
    assert_eq!(one.payload().as_ptr(), two.payload().as_ptr(), "the same text, not a copy");
    let mut client = TestBrowser::default();
    client.on_frame(&two);
    client.drain(&mut second);
    assert_eq!(client.view, published(&hub));
    tokio::time::advance(Duration::from_millis(300)).await;
    let mut client = TestBrowser::default();
    client.drain(&mut hub.join());
    assert_eq!(client.seq, 2);
    assert_eq!(client.view, published(&hub));
}

#[tokio::test]
async fn a_change_during_a_snapshot_follows_after_its_end() {
    let hub = Hub::with_limits(ReaderKind::Desk, small());
    hub.publish((0..20).map(|n| row(&n.to_string(), 1)).collect(), vec![]);
    let (mut follower, mut client) = (hub.join(), TestBrowser::default());
    client.on_frame(&follower.next().await);
    hub.publish(vec![row("new", 1)], vec![key("3")]);
    client.drain(&mut follower);
    assert_eq!(client.view, published(&hub));
    assert!(client.view.contains_key("new") && !client.view.contains_key("3"));
}

#[tokio::test]
async fn a_waiting_follower_wakes_on_publish() {
    let hub = Hub::new(ReaderKind::Desk);
    let mut follower = hub.join();
    follower.next().await;
    let waiting = tokio::spawn(async move { follower.next().await });
    tokio::task::yield_now().await;
    hub.publish(vec![row("a", 1)], vec![]);
    let frame = tokio::time::timeout(Duration::from_secs(5), waiting).await.expect("woken").expect("frame");
    assert!(frame.payload().contains(r#""type":"delta""#), "{frame:?}");
}

#[derive(Debug, Clone)]
enum HubStep {
    Publish { put: Vec<(u8, u8)>, drop: Vec<u8> },
    Read(usize),
    Resync,
    Pass(u16),
}

fn steps() -> impl Strategy<Value = Vec<HubStep>> {
    let publish = (prop::collection::vec((0..12u8, 0..9u8), 0..6), prop::collection::vec(0..12u8, 0..6));
    let step = prop_oneof![
        4 => publish.prop_map(|(put, drop)| HubStep::Publish { put, drop }),
        3 => (0..6usize).prop_map(HubStep::Read),
        1 => Just(HubStep::Resync),
        1 => (0..1500u16).prop_map(HubStep::Pass),
    ];
    prop::collection::vec(step, 0..60)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    /// Snapshot and deltas together are the published view, however reading, lagging, asking again and publishing interleave.
    #[test]
    fn snapshot_and_deltas_are_the_published_view(steps in steps()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().expect("runtime");
        runtime.block_on(async {
            let hub = Hub::with_limits(ReaderKind::Desk, small());
            let (mut follower, mut client) = (hub.join(), TestBrowser::default());
            for step in steps {
                match step {
                    HubStep::Publish { put, drop } => {
                        let put: BTreeMap<_, _> = put.into_iter().collect();
                        let put = put.into_iter().map(|(id, n)| row(&id.to_string(), n.into())).collect();
                        hub.publish(put, drop.into_iter().map(|id| key(&id.to_string())).collect());
                    }
                    HubStep::Read(n) => (0..n).filter_map(|_| follower.try_next()).for_each(|frame| client.on_frame(&frame)),
                    HubStep::Resync => follower.resync(),
                    HubStep::Pass(ms) => tokio::time::advance(Duration::from_millis(ms.into())).await,
                }
            }
            tokio::time::advance(Duration::from_secs(2)).await;
            client.drain(&mut follower);
            tokio::time::advance(Duration::from_secs(2)).await;
            client.drain(&mut follower);
            assert_eq!(client.view, published(&hub));
        });
    }
}
