//! Sees that the bridge sends its records to Usher, if the configuration says so. Adds Usher's own receiver to a free slot, and
//! gives that one its address; never changes or removes another (cdr.md section 1).

use reqwest::Url;
use sha2::{Digest, Sha256};
use tracing::{info, warn};

use super::{Bridge, Due};
use crate::clock::Now;
use crate::cms::cdr::{Own, Registration, Step};
use crate::cms::rest::client::AskError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Ask;
use crate::cms::rest::response::{Answer, Page, ReceiverItem};
use crate::config::Secret;
use crate::model::Fault;

/// The list of receivers, while it is being read, and what was tried to be on it.
#[derive(Debug, Default)]
pub(super) struct Receivers {
    seen: Vec<ReceiverItem>,
    registration: Registration,
}

impl Bridge {
    pub(super) fn look_at_receivers(&mut self) {
        if self.config.cdr_url.is_some() && self.link.is_up() {
            self.receivers.seen.clear();
            self.ask(Lane::Resync, Ask::CdrReceivers(0));
        }
    }

    pub(super) fn take_receivers(&mut self, offset: usize, page: Page<ReceiverItem>, maximum: Option<usize>, now: Now) {
        let Some(address) = self.config.cdr_url.clone() else { return };
        let (next, listed) = (page.next(offset), offset + page.items.len());
        self.receivers.seen.extend(page.items);
        if let Some(offset) = next {
            return self.ask(Lane::Resync, Ask::CdrReceivers(offset));
        }
        self.timers.set(Due::Register, now.instant + self.timing.cdr_register);
        let seen = std::mem::take(&mut self.receivers.seen);
        let own = own_of(&seen, &address, self.memory.receiver(&self.name).as_deref());
        let full = maximum.is_some_and(|maximum| page.total.unwrap_or(listed).max(listed) >= maximum);
        let nameless = seen.iter().any(|item| item.url.is_none());
        match self.receivers.registration.next(own, full, nameless) {
            Step::Rest => self.say_of_records(None),
            Step::Add(field) => self.ask(Lane::Resync, Ask::AddCdrReceiver(address, field)),
            Step::Set(id, field) => self.ask(Lane::Resync, Ask::SetCdrReceiver(id, address, field)),
            Step::NoSlot => self.no_slot(),
            Step::GiveUp(why) => self.say_of_records(Some(("cdr_refused", why.into()))),
        }
    }

    pub(super) fn receiver_added(&mut self, answer: Answer) {
        if let Answer::Created(id) = answer {
            let own = self.config.cdr_url.as_ref();
            own.inspect(|own| self.memory.set_receiver(&self.name, mark(&id, own)));
        }
        info!(bridge = %self.name, "CDR receiver registered");
        self.look_at_receivers();
    }

    pub(super) fn register_failed(&mut self, ask: &Ask, error: &AskError, now: Now) {
        let asked_for = !matches!(ask, Ask::CdrReceivers(_));
        if asked_for && error.leaves_open() {
            self.receivers.registration.not_answered();
        }
        let full = matches!(error, AskError::Refused { reason, .. } if reason.contains("tooManyCdrReceivers"));
        let refused = matches!(error, AskError::Refused { .. } | AskError::Gone(_));
        if asked_for && refused && !full && self.receivers.registration.refused() {
            // Another field may do.
            return self.look_at_receivers();
        }
        let refused = refused || matches!(error, AskError::Forbidden);
        self.timers.set(Due::Register, now.instant + if refused { self.timing.cdr_register } else { self.timing.reconnect_max });
        match error {
            _ if full => {
                self.receivers.registration = Registration::default();
                self.no_slot();
            }
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
        let trouble = trouble.map(|(code, what)| Fault { code: code.into(), what: what.into() });
        let said = self.store.with_bridge(&self.name, |bridge| bridge.cdr.trouble.clone()).flatten();
        if let Some(trouble) = trouble.as_ref().filter(|trouble| said.as_ref() != Some(trouble)) {
            warn!(bridge = %self.name, what = %trouble.what, "CDRs will not arrive");
        }
        self.store.put_bridge(&self.name, |bridge| bridge.cdr.trouble = trouble);
    }
}

/// What the list says of Usher's own receiver; `made`: the mark of the one that Usher added last, for lists that don't say the addresses.
fn own_of(items: &[ReceiverItem], address: &Secret, made: Option<&str>) -> Own {
    if items.iter().any(|item| item.url.as_ref().is_some_and(|url| is_same_address(url, address))) {
        return Own::Listed;
    }
    let own = items.iter().find(|item| item.url.is_none() && made == Some(&mark(&item.id, address)));
    match own.map(|item| item.id.clone()) {
        None => Own::Missing,
        Some(id) if items.iter().any(|item| item.url.is_some()) => Own::Empty(id),
        Some(id) => Own::Unsaid(id),
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
