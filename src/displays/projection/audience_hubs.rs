//! The displays' hubs: one for each audience that a screen watches, made for the first screen and removed after the last. The publisher
//! drives it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant};

use super::{Audience, WaitingLine, WallRow, project};
use crate::hub;
use crate::hub::{Follower, Hub, HubLimits};
use crate::model::BridgeState;
use crate::view::{Kind, Row, RowKey, View, ViewDelta};

/// The most requests that may wait for the publisher.
const MAX_REQUESTS: usize = 256;

/// Lets screens watch their audience. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Projections(mpsc::Sender<WatchRequest>);

/// A subscription to an audience. The audience is kept while anybody has one.
#[derive(Debug)]
pub struct AudienceFeed {
    pub hub: Hub,
    pub follower: Follower,
}

/// A screen's request to watch an audience.
#[derive(Debug)]
pub struct WatchRequest {
    audience: Audience,
    reply: oneshot::Sender<AudienceFeed>,
}

impl Projections {
    /// The handle for screens, and the hubs for the publisher. After a start requests are deferred until every bridge was read, for `grace`
    /// at most: meanwhile a screen goes on showing its last rows, marked as old.
    pub fn channel(grace: Duration) -> (Self, AudienceHubs) {
        let (sender, requests) = mpsc::channel(MAX_REQUESTS);
        (Self(sender), AudienceHubs { requests, audiences: HashMap::new(), deferred: Vec::new(), grace_ends: Instant::now() + grace })
    }

    /// Subscribes to all rows that this audience may see; None when Usher stops.
    pub async fn watch(&self, audience: Audience) -> Option<AudienceFeed> {
        let (reply, feed) = oneshot::channel();
        self.0.send(WatchRequest { audience, reply }).await.ok()?;
        feed.await.ok()
    }
}

#[derive(Debug)]
pub struct AudienceHubs {
    requests: mpsc::Receiver<WatchRequest>,
    audiences: HashMap<Audience, Hub>,
    /// Requests that came before the bridges were read.
    deferred: Vec<WatchRequest>,
    /// From then on requests are served, whether or not the bridges were read.
    grace_ends: Instant,
}

/// Access to the desk's rows, which the publisher has.
pub trait DeskRows {
    fn view(&self) -> &View;
    /// A meeting with its waiting participants; None where it is not shown.
    fn waiting_line(&self, meeting: &Arc<str>) -> Option<WaitingLine<'_>>;
}

impl AudienceHubs {
    /// The next request to watch. Dropping the future loses nothing.
    pub async fn next_request(&mut self) -> WatchRequest {
        match self.requests.recv().await {
            Some(request) => request,
            None => std::future::pending().await,
        }
    }

    /// Answers a request. Fills the hub of a new audience first, so that no screen sees it empty.
    pub fn serve(&mut self, request: WatchRequest, rows: &impl DeskRows) {
        if !self.has_first_view(rows) {
            return self.deferred.push(request);
        }
        let hub = self.audiences.entry(request.audience).or_insert_with_key(|audience| filled_hub(audience, rows));
        let feed = AudienceFeed { hub: hub.clone(), follower: hub.join() };
        // It fails where the screen disconnected meanwhile.
        let _ = request.reply.send(feed);
    }

    /// Publishes a delta of the desk's rows to every audience. `rows` contains it already.
    pub fn follow(&mut self, delta: &ViewDelta, rows: &impl DeskRows) {
        self.serve_deferred(rows);
        if self.audiences.is_empty() {
            return;
        }
        let meetings = changed_meetings(delta);
        let lines: Vec<_> = meetings.iter().map(|id| (*id, rows.waiting_line(id))).collect();
        for (audience, hub) in &self.audiences {
            let mut next: Vec<(RowKey, Option<WallRow>)> = Vec::new();
            for (id, line) in &lines {
                let row = line.as_ref().and_then(|line| project::meeting(line, audience));
                next.push((RowKey { kind: Kind::Meeting, id: (*id).clone() }, row));
            }
            next.extend(delta.put.iter().filter_map(|row| Some((row.key(), other_row(row)?))).map(|(key, row)| (key, Some(row))));
            next.extend(delta.drop.iter().filter(|key| key.kind == Kind::Bridge).map(|key| (key.clone(), None)));
            publish(hub, next);
        }
    }

    /// The number of screens that watch.
    pub fn followers(&self) -> usize {
        self.audiences.values().map(Hub::followers).sum()
    }

    /// Removes the audiences that no screen watches any more. Called every second.
    pub fn remove_unwatched(&mut self, rows: &impl DeskRows) {
        self.serve_deferred(rows);
        self.audiences.retain(|_, hub| hub.followers() > 0);
    }

    fn serve_deferred(&mut self, rows: &impl DeskRows) {
        if !self.deferred.is_empty() && self.has_first_view(rows) {
            for request in std::mem::take(&mut self.deferred) {
                self.serve(request, rows);
            }
        }
    }

    /// Whether every bridge has been read once, or is known not to answer, or the grace after the start has ended.
    fn has_first_view(&self, rows: &impl DeskRows) -> bool {
        if Instant::now() >= self.grace_ends {
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

/// The meetings whose rows for displays may have changed. A changed participant changes the row of their meeting.
fn changed_meetings(delta: &ViewDelta) -> HashSet<&Arc<str>> {
    let put = delta.put.iter().filter_map(|row| match &**row {
        Row::Meeting(row) => Some(&row.id),
        Row::Person(row) => Some(&row.meeting),
        Row::Server(_) | Row::Bridge(_) | Row::User(_) => None,
    });
    // A dropped participant needs no look-up: the row of their meeting changed with the counts.
    let drop = delta.drop.iter().filter(|key| key.kind == Kind::Meeting).map(|key| &key.id);
    put.chain(drop).collect()
}

/// The display's row for a row that is neither a meeting nor a participant, if displays have it.
fn other_row(row: &Row) -> Option<WallRow> {
    match row {
        Row::Server(row) => Some(project::server(row)),
        Row::Bridge(row) => Some(project::bridge(row)),
        Row::Meeting(_) | Row::Person(_) | Row::User(_) => None,
    }
}

/// A hub with all rows that this audience may see.
fn filled_hub(audience: &Audience, rows: &impl DeskRows) -> Hub {
    let limits = HubLimits { ring_frames: 1024, ring_bytes: 1024 * 1024, ..HubLimits::default() };
    let hub = Hub::with_limits(hub::ReaderKind::Displays, limits);
    let row = |key: &RowKey, row: &Row| match row {
        Row::Meeting(_) => rows.waiting_line(&key.id).and_then(|line| project::meeting(&line, audience)),
        row => other_row(row),
    };
    publish(&hub, rows.view().iter().map(|(key, each)| (key.clone(), row(key, each))));
    hub
}

/// Publishes the rows that changed for this audience; the hub skips the others.
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
