//! Takes other facts than the lobby state from legs: address, ringing, mute, on hold. Rosters by REST have none of them.

use super::Participants;
use crate::clock::Now;
use crate::cms::bridge::context::Context;
use crate::cms::bridge::effects::Effect;
use crate::cms::events::subscriptions::Topic;
use crate::cms::events::unreported::Fact;
use crate::cms::rest::response::LegDetail;
use crate::model::{CallId, CallKey, LegId, LegState, Listing, ParticipantId, RosterPatch};
use crate::store::ListingChange;

impl Participants {
    /// Takes the address from the leg where no roster has it, and notes that a ringing participant has answered, which events report too.
    pub(super) fn note_listing(&self, ctx: &Context, person: &ParticipantId, detail: &LegDetail, sent: Now, now: Now) {
        let listing = ctx.store.with_person(person, |person| {
            let here = person.listings.iter().find(|listing| listing.key.bridge == ctx.name)?;
            let rung = matches!(here.state, LegState::Initial | LegState::Ringing);
            Some((here.key.clone(), here.address.is_empty(), rung, here.at))
        });
        let Some((key, nameless, rung, at)) = listing.flatten() else { return };
        if let Some(address) = detail.remote_party.clone().filter(|_| nameless) {
            // Newer rosters had no address either.
            let patch = RosterPatch { address: Some(address), ..RosterPatch::default() };
            ctx.store.list_person(&key, person, patch, sent.instant.max(at), now);
        }
        if rung && detail.connected {
            let patch = RosterPatch { state: Some(LegState::Connected), ..RosterPatch::default() };
            ctx.store.list_person(&key, person, patch, sent.instant, now);
        }
    }

    /// Where events report mutes, they may know of one that no leg has. But a leg that reads otherwise than before shows news that they
    /// should have reported.
    pub(super) fn note_mute(&self, ctx: &mut Context, person: &ParticipantId, muted: bool, before: Option<bool>, sent: Now, now: Now) {
        let is_news = before.is_some_and(|before| before != muted);
        let patch = RosterPatch { muted: Some(muted), ..RosterPatch::default() };
        for key in listings_here(ctx, person, |listing| listing.muted != muted) {
            if is_news || !ctx.coverage.pushes_mutes(&key.call) {
                let listed = ctx.store.list_person(&key, person, patch.clone(), sent.instant, now);
                emit_listing_shown(ctx, &key.call, person, listed);
            }
        }
    }

    /// A leg that is on hold counts; one that is not counts only if it was on hold before.
    pub(super) fn note_on_hold(&self, ctx: &mut Context, person: &ParticipantId, on_hold: bool, before: bool, sent: Now, now: Now) {
        if !on_hold && !before {
            return;
        }
        let (state, other) = if on_hold { (LegState::OnHold, LegState::Connected) } else { (LegState::Connected, LegState::OnHold) };
        let patch = RosterPatch { state: Some(state), ..RosterPatch::default() };
        for key in listings_here(ctx, person, |listing| listing.state == other) {
            let listed = ctx.store.list_person(&key, person, patch.clone(), sent.instant, now);
            emit_listing_shown(ctx, &key.call, person, listed);
        }
    }

    /// Takes the presenter from the call, among the participants hosted here, where no roster has it.
    pub(in crate::cms::bridge) fn on_presenter(&self, ctx: &Context, call: &CallId, leg: Option<&LegId>, sent: Now, now: Now) {
        let presenter = leg.and_then(|leg| self.legs.owner_of(leg));
        let key = ctx.key(call);
        for person in ctx.hosted_in(call) {
            let presents = presenter == Some(&person);
            let differs = |listing: &Listing| listing.key == key && listing.presenter != presents;
            if ctx.store.person_is(&person, |person| person.listings.iter().any(differs)) {
                let patch = RosterPatch { presenter: Some(presents), ..RosterPatch::default() };
                ctx.store.list_person(&key, &person, patch, sent.instant, now);
            }
        }
    }
}

fn listings_here(ctx: &Context, person: &ParticipantId, is_meant: impl Fn(&Listing) -> bool) -> Vec<CallKey> {
    let keys = ctx.store.with_person(person, |person| {
        let here = person.listings.iter().filter(|listing| listing.key.bridge == ctx.name && is_meant(listing));
        here.map(|listing| listing.key.clone()).collect()
    });
    keys.unwrap_or_default()
}

/// Emits the facts that a reading changed by listing a participant.
pub(super) fn emit_listing_shown(ctx: &mut Context, call: &CallId, person: &ParticipantId, listed: ListingChange) {
    let facts = [
        (listed.new_listing, Fact::Listed),
        (listed.renamed && !listed.new_listing, Fact::Name),
        (listed.on_hold && !listed.new_listing, Fact::OnHold),
        (listed.muted && !listed.new_listing, Fact::Muted),
    ];
    for (_, fact) in facts.into_iter().filter(|(changed, _)| *changed) {
        ctx.emit(Effect::Shown { topic: Topic::Roster(call.clone()), subject: person.clone(), fact });
    }
}
