//! The receivers registered on one bridge (cdr.md 1), each with its waiting records; `sender` makes the POSTs.

use std::sync::Arc;

use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedSender;
use tokio_util::sync::CancellationToken;

use crate::simulator::id::Id;
use crate::simulator::switches::Switches;

use super::buffer::{Buffer, Record};
use super::sender::SenderJob;

#[derive(Debug)]
pub(crate) struct Receiver {
    pub(crate) id: Id,
    pub(crate) uri: Option<String>,
    /// Belongs to another system and only fills a slot: nothing is sent to it.
    foreign: bool,
    pub(super) buffer: Buffer,
    wake: Arc<Notify>,
    /// Cancels the sender for the present URI.
    sending: CancellationToken,
}

#[derive(Debug)]
pub(crate) struct Receivers {
    bridge: usize,
    all: Vec<Receiver>,
    /// Number of foreign receivers that the switch asked for last.
    foreign: usize,
    senders: UnboundedSender<SenderJob>,
}

impl Receivers {
    pub(super) fn new(bridge: usize, senders: UnboundedSender<SenderJob>) -> Self {
        Self { bridge, all: Vec::new(), foreign: 0, senders }
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

    /// Adds or removes receivers of another system until it has this many slots.
    pub(crate) fn set_foreign(&mut self, wanted: usize) {
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
        self.start_sender(id);
        id
    }

    /// Returns whether the receiver exists. Without a URI it keeps its id, and no records wait for it.
    pub(crate) fn set_uri(&mut self, id: Id, uri: Option<String>) -> bool {
        let Some(receiver) = self.find_mut(id) else {
            return false;
        };
        receiver.sending.cancel();
        // A record that is being sent may have arrived or not, so it counts as not acknowledged.
        receiver.buffer.requeue(usize::MAX);
        if uri.is_none() {
            receiver.buffer.clear(true);
        }
        receiver.uri = uri;
        receiver.foreign = false;
        self.start_sender(id);
        true
    }

    pub(crate) fn remove(&mut self, id: Id) -> bool {
        let Some(at) = self.all.iter().position(|r| r.id == id) else {
            return false;
        };
        self.all.remove(at).sending.cancel();
        true
    }

    /// Whether any receiver gets records.
    pub(super) fn has_active(&self) -> bool {
        self.all.iter().any(Receiver::is_active)
    }

    pub(super) fn push(&mut self, record: &Arc<Record>, switches: &Switches) {
        for receiver in self.all.iter_mut().filter(|r| r.is_active()) {
            if chance(switches.cdr_gap_rate) {
                continue;
            }
            receiver.buffer.push(record.clone(), switches.cdr_buffer, chance(switches.cdr_reorder_rate));
            receiver.wake.notify_one();
        }
    }

    /// Wakes all senders: the bridge is reachable again.
    pub(crate) fn wake_senders(&self) {
        for receiver in &self.all {
            receiver.wake.notify_one();
        }
    }

    pub(super) fn restart(&mut self, index_continues: bool) {
        for receiver in &mut self.all {
            receiver.sending.cancel();
            receiver.buffer.clear(index_continues);
        }
        let ids: Vec<Id> = self.all.iter().map(|r| r.id).collect();
        for id in ids {
            self.start_sender(id);
        }
    }

    /// Starts a sender for the receiver's URI, if it has one.
    fn start_sender(&mut self, id: Id) {
        let (bridge, senders) = (self.bridge, self.senders.clone());
        let Some(receiver) = self.find_mut(id).filter(|r| r.is_active()) else {
            return;
        };
        receiver.sending = CancellationToken::new();
        let job = SenderJob {
            bridge,
            receiver: id,
            uri: receiver.uri.clone().unwrap_or_default(),
            wake: receiver.wake.clone(),
            ended: receiver.sending.clone(),
        };
        // Fails only when the simulator has stopped.
        let _ = senders.send(job);
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

    fn is_active(&self) -> bool {
        self.uri.is_some() && !self.foreign
    }
}

/// A random decision with this probability, 0 to 1.
pub(super) fn chance(rate: f64) -> bool {
    rate > 0.0 && rand::random::<f64>() < rate
}
