//! The receivers registered on one bridge (cdr.md 1), each with what waits for it; the POSTs are `sender`'s.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::simulator::id::Id;
use crate::simulator::switches::Switches;

use super::buffer::{Buffer, Record};
use super::sender::Job;

#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) id: Id,
    pub(crate) uri: Option<String>,
    /// Somebody else's, only there to fill a slot: nothing is sent to it.
    foreign: bool,
    pub(super) buffer: Buffer,
    wake: Arc<Notify>,
    /// Ends the sender that knows the present URI.
    sending: CancellationToken,
}

#[derive(Debug)]
pub(crate) struct Receivers {
    bridge: usize,
    all: Vec<Receiver>,
    /// How many foreign ones the switch asked for when it was last looked at.
    foreign: usize,
    hire: UnboundedSender<Job>,
}

impl Receivers {
    pub(super) fn new(bridge: usize, hire: UnboundedSender<Job>) -> Self {
        Self { bridge, all: Vec::new(), foreign: 0, hire }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Receiver> {
        self.all.iter()
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    pub(crate) fn find(&self, id: Id) -> Option<&Receiver> {
        self.all.iter().find(|r| r.id == id)
    }

    pub(super) fn find_mut(&mut self, id: Id) -> Option<&mut Receiver> {
        self.all.iter_mut().find(|r| r.id == id)
    }

    /// Somebody else took so many slots, or gave them back.
    pub(crate) fn place_foreign(&mut self, wanted: usize) {
        while self.foreign > wanted {
            self.foreign -= 1;
            if let Some(at) = self.all.iter().rposition(|r| r.foreign) {
                self.all.remove(at);
            }
        }
        while self.foreign < wanted {
            self.foreign += 1;
            let uri = format!("https://monitor-{}.example.org/cdr", self.foreign);
            self.all.push(Receiver { foreign: true, ..Receiver::new(Some(uri)) });
        }
    }

    pub(crate) fn add(&mut self, uri: Option<String>) -> Id {
        let receiver = Receiver::new(uri);
        let id = receiver.id;
        self.all.push(receiver);
        self.hire(id);
        id
    }

    /// Says whether there is such a receiver. Without a URI it keeps its id, and nothing is kept for it.
    pub(crate) fn set_uri(&mut self, id: Id, uri: Option<String>) -> bool {
        let Some(receiver) = self.find_mut(id) else {
            return false;
        };
        receiver.sending.cancel();
        // A record under way may have arrived or not, so it counts as not acknowledged.
        receiver.buffer.keep(usize::MAX);
        if uri.is_none() {
            receiver.buffer.forget(true);
        }
        receiver.uri = uri;
        receiver.foreign = false;
        self.hire(id);
        true
    }

    pub(crate) fn remove(&mut self, id: Id) -> bool {
        let Some(at) = self.all.iter().position(|r| r.id == id) else {
            return false;
        };
        self.all.remove(at).sending.cancel();
        true
    }

    /// Whether records go anywhere.
    pub(super) fn anybody(&self) -> bool {
        self.all.iter().any(Receiver::listens)
    }

    pub(super) fn push(&mut self, record: &Arc<Record>, switches: &Switches) {
        for receiver in self.all.iter_mut().filter(|r| r.listens()) {
            if draw(switches.cdr_gap_rate) {
                continue;
            }
            receiver.buffer.push(record.clone(), switches.cdr_buffer, draw(switches.cdr_reorder_rate));
            receiver.wake.notify_one();
        }
    }

    /// The bridge takes part in the network again.
    pub(crate) fn wake(&self) {
        for receiver in &self.all {
            receiver.wake.notify_one();
        }
    }

    pub(super) fn restart(&mut self, index_continues: bool) {
        for receiver in &mut self.all {
            receiver.sending.cancel();
            receiver.buffer.forget(index_continues);
        }
        let ids: Vec<Id> = self.all.iter().map(|r| r.id).collect();
        for id in ids {
            self.hire(id);
        }
    }

    /// Has a sender made for the receiver's URI, if it has one.
    fn hire(&mut self, id: Id) {
        let (bridge, hire) = (self.bridge, self.hire.clone());
        let Some(receiver) = self.find_mut(id).filter(|r| r.listens()) else {
            return;
        };
        receiver.sending = CancellationToken::new();
        let job = Job {
            bridge,
            receiver: id,
            uri: receiver.uri.clone().unwrap_or_default(),
            wake: receiver.wake.clone(),
            ended: receiver.sending.clone(),
        };
        // Nobody takes it only when the simulator has stopped.
        let _ = hire.send(job);
    }
}

impl Receiver {
    fn new(uri: Option<String>) -> Self {
        Self {
            id: Id::from_random(rand::random()),
            uri,
            foreign: false,
            buffer: Buffer::default(),
            wake: Arc::default(),
            sending: CancellationToken::new(),
        }
    }

    fn listens(&self) -> bool {
        self.uri.is_some() && !self.foreign
    }
}

/// One throw of the dice for a rate between 0 and 1.
pub(super) fn draw(rate: f64) -> bool {
    rate > 0.0 && rand::random::<f64>() < rate
}
