//! Registers Usher as a CDR receiver of the bridge, if it is configured to. Adds Usher's receiver to a free slot and sets its address;
//! never changes or removes another one (cdr.md section 1).

use reqwest::Url;
use sha2::{Digest, Sha256};
use tracing::{info, warn};

use super::context::Context;
use super::timers::Timer;
use crate::clock::Now;
use crate::cms::cdr::{OwnReceiver, Registration, RegistrationStep};
use crate::cms::rest::client::RequestError;
use crate::cms::rest::queue::Lane;
use crate::cms::rest::request::Request;
use crate::cms::rest::response::{ListPage, ReceiverItem, Response};
use crate::config::Secret;
use crate::model::Fault;

/// The receivers read so far, and the state of the registration.
#[derive(Debug, Default)]
pub(super) struct CdrRegistration {
    listed: Vec<ReceiverItem>,
    registration: Registration,
}

impl CdrRegistration {
    /// Reads the list of receivers from its beginning.
    pub(super) fn check_receivers(&mut self, ctx: &mut Context) {
        if ctx.config.cdr_url.is_some() && ctx.phase.is_up() {
            self.listed.clear();
            ctx.request(Lane::Resync, Request::CdrReceivers(0));
        }
    }

    pub(super) fn on_receivers(
        &mut self,
        ctx: &mut Context,
        offset: usize,
        page: ListPage<ReceiverItem>,
        maximum: Option<usize>,
        now: Now,
    ) {
        let Some(address) = ctx.config.cdr_url.clone() else { return };
        let (next, received) = (page.next(offset), offset + page.items.len());
        self.listed.extend(page.items);
        if let Some(offset) = next {
            return ctx.request(Lane::Resync, Request::CdrReceivers(offset));
        }
        ctx.timers.set(Timer::Register, now.instant + ctx.timing.cdr_register);
        let listed = std::mem::take(&mut self.listed);
        let own = own_of(&listed, &address, ctx.saved_bridges.receiver(&ctx.name).as_deref());
        let full = maximum.is_some_and(|maximum| page.total.unwrap_or(received).max(received) >= maximum);
        let nameless = listed.iter().any(|item| item.url.is_none());
        match self.registration.next_step(own, full, nameless) {
            RegistrationStep::Done => report_records_fault(ctx, None),
            RegistrationStep::Add(field) => ctx.request(Lane::Resync, Request::AddCdrReceiver(address, field)),
            RegistrationStep::Set(id, field) => ctx.request(Lane::Resync, Request::SetCdrReceiver(id, address, field)),
            RegistrationStep::NoSlot => report_no_slot(ctx),
            RegistrationStep::GiveUp(why) => report_records_fault(ctx, Some(("cdr_refused", why.into()))),
        }
    }

    pub(super) fn on_receiver_saved(&mut self, ctx: &mut Context, response: Response) {
        if let (Response::Created(id), Some(address)) = (response, &ctx.config.cdr_url) {
            ctx.saved_bridges.set_receiver(&ctx.name, mark(&id, address));
        }
        info!(bridge = %ctx.name, "CDR receiver registered");
        self.check_receivers(ctx);
    }

    pub(super) fn on_registration_failed(&mut self, ctx: &mut Context, request: &Request, error: &RequestError, now: Now) {
        let changes = !matches!(request, Request::CdrReceivers(_));
        if changes && error.leaves_open() {
            self.registration.on_no_response();
        }
        let full = matches!(error, RequestError::Refused { reason, .. } if reason.contains("tooManyCdrReceivers"));
        let refused = matches!(error, RequestError::Refused { .. } | RequestError::Gone(_));
        if changes && refused && !full && self.registration.on_refusal() {
            // The bridge may accept the other field.
            return self.check_receivers(ctx);
        }
        let refused = refused || matches!(error, RequestError::Forbidden);
        ctx.timers.set(Timer::Register, now.instant + if refused { ctx.timing.cdr_register } else { ctx.timing.reconnect_max });
        match error {
            _ if full => {
                self.registration = Registration::default();
                report_no_slot(ctx);
            }
            // The reason may repeat the address, which is secret.
            RequestError::Refused { status, .. } => {
                report_records_fault(ctx, Some(("cdr_refused", format!("the bridge refused Usher's CDR receiver ({status})"))));
            }
            error => {
                report_records_fault(ctx, Some(("cdr_refused", format!("the bridge's CDR receivers can't be read or set: {error}"))));
            }
        }
    }
}

fn report_no_slot(ctx: &Context) {
    report_records_fault(ctx, Some(("cdr_no_slot", "all CDR receivers of this bridge are taken by others".into())));
}

fn report_records_fault(ctx: &Context, fault: Option<(&str, String)>) {
    let fault = fault.map(|(code, what)| Fault { code: code.into(), what: what.into() });
    let reported = ctx.store.find_in_bridge(&ctx.name, |bridge| bridge.cdr.fault.clone());
    if let Some(fault) = fault.as_ref().filter(|fault| reported.as_ref() != Some(fault)) {
        warn!(bridge = %ctx.name, what = %fault.what, "CDRs not received");
    }
    ctx.store.put_bridge(&ctx.name, |bridge| bridge.cdr.fault = fault);
}

/// Finds Usher's own receiver on the list. `own_mark` identifies the one that Usher added last, for lists without addresses.
fn own_of(items: &[ReceiverItem], address: &Secret, own_mark: Option<&str>) -> OwnReceiver {
    if items.iter().any(|item| item.url.as_ref().is_some_and(|url| is_same_address(url, address))) {
        return OwnReceiver::Listed;
    }
    let own = items.iter().find(|item| item.url.is_none() && own_mark == Some(&mark(&item.id, address)));
    match own.map(|item| item.id.clone()) {
        None => OwnReceiver::Missing,
        Some(id) if items.iter().any(|item| item.url.is_some()) => OwnReceiver::WithoutAddress(id),
        Some(id) => OwnReceiver::AddressHidden(id),
    }
}

/// Identifies a receiver and its address without revealing the address.
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
