//! The walls' hubs: one for each audience that somebody watches, made when the first does and let go after the last. The publisher drives it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant};

use super::{Audience, Line, WallRow, project};
use crate::hub;
use crate::hub::{Follower, Hub, HubLimits};
use crate::model::BridgeState;
use crate::view::{Change, Kind, Row, RowKey, View};

/// Audiences that may be asked for before the publisher looks.
const WISHES: usize = 256;

/// What walls may watch. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Walls(mpsc::Sender<Wish>);

/// A place in an audience: its rows are kept up while this is.
#[derive(Debug)]
pub struct Watched {
    pub hub: Hub,
    pub follower: Follower,
}

/// Somebody wants to watch.
#[derive(Debug)]
pub struct Wish {
    audience: Audience,
    answer: oneshot::Sender<Watched>,
}

impl Walls {
    /// The handle, and what the publisher drives. `settle`: how long at most a server that has just begun reads its bridges before it lets
    /// anybody watch; a screen shows what it had meanwhile, as old as it is.
    pub fn channel(settle: Duration) -> (Self, Fan) {
        let (sender, wishes) = mpsc::channel(WISHES);
        (Self(sender), Fan { wishes, audiences: HashMap::new(), early: Vec::new(), settled_at: Instant::now() + settle })
    }

    /// Everything that this audience may see, now and from now on; None when Usher stops.
    pub async fn watch(&self, audience: Audience) -> Option<Watched> {
        let (answer, watched) = oneshot::channel();
        self.0.send(Wish { audience, answer }).await.ok()?;
        watched.await.ok()
    }
}

#[derive(Debug)]
pub struct Fan {
    wishes: mpsc::Receiver<Wish>,
    audiences: HashMap<Audience, Hub>,
    /// Who asked before it was known what there is.
    early: Vec<Wish>,
    /// From then on it counts as known.
    settled_at: Instant,
}

/// The desk's rows, as the publisher has them.
pub trait Rows {
    fn view(&self) -> &View;
    /// A meeting with who waits in it; None where it is not shown.
    fn line(&self, meeting: &Arc<str>) -> Option<Line<'_>>;
}

impl Fan {
    /// The next one who wants to watch. Dropping the future loses nothing.
    pub async fn wish(&mut self) -> Wish {
        match self.wishes.recv().await {
            Some(wish) => wish,
            None => std::future::pending().await,
        }
    }

    /// Lets somebody watch: an audience that nobody watches yet is filled first, so that nobody sees it empty.
    pub fn grant(&mut self, wish: Wish, rows: &impl Rows) {
        if !self.knows(rows) {
            return self.early.push(wish);
        }
        let hub = self.audiences.entry(wish.audience).or_insert_with_key(|audience| filled(audience, rows));
        let watched = Watched { hub: hub.clone(), follower: hub.join() };
        // Gone meanwhile where this fails.
        let _ = wish.answer.send(watched);
    }

    /// Brings every audience up to date with a change of the desk's rows, which `rows` has already.
    pub fn follow(&mut self, change: &Change, rows: &impl Rows) {
        self.let_early_ones_watch(rows);
        if self.audiences.is_empty() {
            return;
        }
        let meetings = touched(change);
        let lines: Vec<_> = meetings.iter().map(|id| (*id, rows.line(id))).collect();
        for (audience, hub) in &self.audiences {
            let mut next: Vec<(RowKey, Option<WallRow>)> = Vec::new();
            for (id, line) in &lines {
                let row = line.as_ref().and_then(|line| project::meeting(line, audience));
                next.push((RowKey { kind: Kind::Meeting, id: (*id).clone() }, row));
            }
            next.extend(change.put.iter().filter_map(|row| Some((row.key(), other(row)?))).map(|(key, row)| (key, Some(row))));
            next.extend(change.drop.iter().filter(|key| key.kind == Kind::Bridge).map(|key| (key.clone(), None)));
            publish(hub, next);
        }
    }

    /// How many watch.
    pub fn followers(&self) -> usize {
        self.audiences.values().map(Hub::followers).sum()
    }

    /// Now and then: lets audiences go that nobody watches any more.
    pub fn tidy(&mut self, rows: &impl Rows) {
        self.let_early_ones_watch(rows);
        self.audiences.retain(|_, hub| hub.followers() > 0);
    }

    fn let_early_ones_watch(&mut self, rows: &impl Rows) {
        if !self.early.is_empty() && self.knows(rows) {
            for wish in std::mem::take(&mut self.early) {
                self.grant(wish, rows);
            }
        }
    }

    /// Whether every bridge has been read once, or is known not to answer.
    fn knows(&self, rows: &impl Rows) -> bool {
        if Instant::now() >= self.settled_at {
            return true;
        }
        let state = |row: &Arc<Row>| match &**row {
            Row::Bridge(row) => Some(row.state),
            _ => None,
        };
        let states: Vec<_> = rows.view().values().filter_map(state).collect();
        !states.is_empty() && !states.contains(&BridgeState::Connecting)
    }
}

/// The meetings whose wall rows may be others now: who waits in them is part of those.
fn touched(change: &Change) -> HashSet<&Arc<str>> {
    let put = change.put.iter().filter_map(|row| match &**row {
        Row::Meeting(row) => Some(&row.id),
        Row::Person(row) => Some(&row.meeting),
        Row::Server(_) | Row::Bridge(_) | Row::User(_) => None,
    });
    // Who is dropped leaves another count behind, and so another row of the meeting.
    let drop = change.drop.iter().filter(|key| key.kind == Kind::Meeting).map(|key| &key.id);
    put.chain(drop).collect()
}

/// What is neither a meeting nor a person.
fn other(row: &Row) -> Option<WallRow> {
    match row {
        Row::Server(row) => Some(project::server(row)),
        Row::Bridge(row) => Some(project::bridge(row)),
        Row::Meeting(_) | Row::Person(_) | Row::User(_) => None,
    }
}

/// A hub with everything that this audience may see.
fn filled(audience: &Audience, rows: &impl Rows) -> Hub {
    let limits = HubLimits { ring_frames: 1024, ring_bytes: 1024 * 1024, ..HubLimits::default() };
    let hub = Hub::with_limits(hub::Audience::Wall, limits);
    let row = |key: &RowKey, row: &Row| match row {
        Row::Meeting(_) => rows.line(&key.id).and_then(|line| project::meeting(&line, audience)),
        row => other(row),
    };
    publish(&hub, rows.view().iter().map(|(key, each)| (key.clone(), row(key, each))));
    hub
}

/// What did not change for this audience is not sent: the hub knows.
fn publish(hub: &Hub, next: impl IntoIterator<Item = (RowKey, Option<WallRow>)>) {
    let (mut put, mut drop) = (Vec::new(), Vec::new());
    for (key, row) in next {
        match row {
            Some(row) => put.push((key, serde_json::to_string(&row).expect("a row is plain data with text keys").into())),
            None => drop.push(key),
        }
    }
    hub.publish_texts(put, drop);
}
