//! Sees that the bridge sends its records to Usher, if the configuration says so. Adds Usher's own receiver to a free slot; never changes or
//! removes one (cdr.md section 1).

use reqwest::Url;
use sha2::{Digest, Sha256};
use tracing::{info, warn};

use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::answer::{Answer, Page, ReceiverItem};
use crate::cms::ask::Ask;
use crate::cms::client::AskError;
use crate::cms::queue::Lane;
use crate::config::Secret;
use crate::model::Trouble;

/// The list of receivers, while it is being read.
#[derive(Debug, Default)]
pub(super) struct Receivers {
    found: bool,
    /// Usher has asked for a slot since the bridge came up or the list was last in order.
    added: bool,
}

impl Bridge {
    pub(super) fn look_at_receivers(&mut self) {
        if self.config.cdr_url.is_some() && self.link.is_up() {
            self.receivers.found = false;
            self.ask(Lane::Resync, Ask::CdrReceivers(0));
        }
    }

    pub(super) fn take_receivers(&mut self, offset: usize, page: Page<ReceiverItem>, maximum: Option<usize>, now: Now) {
        let Some(own) = self.config.cdr_url.clone() else { return };
        let (next, listed) = (page.next(offset), offset + page.items.len());
        // For lists that don't say the addresses.
        let made = self.memory.receiver(&self.name);
        let is_own = |item: &ReceiverItem| {
            made.as_ref() == Some(&mark(&item.id, &own)) || item.url.as_ref().is_some_and(|url| is_same_address(url, &own))
        };
        self.receivers.found |= page.items.iter().any(is_own);
        if let Some(offset) = next {
            return self.ask(Lane::Resync, Ask::CdrReceivers(offset));
        }
        self.timers.set(Due::Register, now.instant + self.timing.cdr_register);
        if self.receivers.found {
            self.receivers.added = false;
            self.say_of_records(None);
        } else if std::mem::replace(&mut self.receivers.added, true) {
            // Added before, and not there: once is enough.
            self.say_of_records(Some(("cdr_refused", "the bridge accepted Usher's CDR receiver and does not list it".into())));
        } else if maximum.is_some_and(|maximum| page.total.unwrap_or(listed).max(listed) >= maximum) {
            self.receivers.added = false;
            self.no_slot();
        } else {
            self.ask(Lane::Resync, Ask::AddCdrReceiver(own));
        }
    }

    pub(super) fn receiver_added(&mut self, answer: Answer) {
        if let Answer::Created(id) = answer {
            let own = self.config.cdr_url.as_ref();
            own.inspect(|own| self.memory.set_receiver(&self.name, mark(&id, own)));
        }
        info!(bridge = %self.name, "Usher registered as a CDR receiver");
        self.look_at_receivers();
    }

    pub(super) fn register_failed(&mut self, error: &AskError, now: Now) {
        self.receivers.added = false;
        let refused = matches!(error, AskError::Refused { .. } | AskError::Forbidden | AskError::Gone(_));
        self.timers.set(Due::Register, now.instant + if refused { self.timing.cdr_register } else { self.timing.reconnect_max });
        match error {
            AskError::Refused { reason, .. } if reason.contains("tooManyCdrReceivers") => self.no_slot(),
            // A reason may repeat the address.
            AskError::Refused { status, .. } => {
                self.say_of_records(Some(("cdr_refused", format!("the bridge refused Usher's CDR receiver ({status})"))));
            }
            error => self.say_of_records(Some(("cdr_refused", format!("the bridge's CDR receivers can't be read or set: {error}")))),
        }
    }

    fn no_slot(&mut self) {
        self.say_of_records(Some(("cdr_no_slot", "all CDR receivers of this bridge are taken by others".into())));
    }

    fn say_of_records(&mut self, trouble: Option<(&str, String)>) {
        let trouble = trouble.map(|(code, what)| Trouble { code: code.into(), what: what.into() });
        let said = self.store.with_bridge(&self.name, |bridge| bridge.cdr.trouble.clone()).flatten();
        if let Some(trouble) = trouble.as_ref().filter(|trouble| said.as_ref() != Some(trouble)) {
            warn!(bridge = %self.name, what = %trouble.what, "CDRs will not arrive");
        }
        self.store.put_bridge(&self.name, |bridge| bridge.cdr.trouble = trouble);
    }
}

/// A receiver that was made for an address, without the address.
fn mark(id: &str, address: &Secret) -> String {
    format!("{id} {}", hex::encode(Sha256::digest(address.expose())))
}

/// A bridge may list an address in another spelling than it was given: the host in capitals, or the port that its scheme implies.
fn is_same_address(one: &Secret, other: &Secret) -> bool {
    let parsed = |address: &Secret| Url::parse(address.expose()).ok();
    one == other || parsed(one).is_some_and(|one| parsed(other) == Some(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_the_same_in_another_spelling() {
        let same = |one: &str, other: &str| is_same_address(&Secret::new(one), &Secret::new(other));
        assert!(same("http://lobby.example.org/cdr/aB", "HTTP://LOBBY.EXAMPLE.ORG:80/cdr/aB"));
        assert!(!same("http://lobby.example.org/cdr/aB", "http://lobby.example.org/cdr/ab"));
        assert!(!same("http://lobby.example.org/cdr/aB", "http://other.example.org/cdr/aB"));
        assert!(same("no address", "no address") && !same("no address", "none either"));
    }
}
