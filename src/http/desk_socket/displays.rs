//! What administrators do about displays on walls by their socket. The rules are the displays' matter.

use std::sync::Arc;

use super::protocol::{Inbound, Outbound};
use crate::clock::now_ms;
use crate::displays::DisplayError;
use crate::http::paths;
use crate::http::state::AppState;
use crate::http::ws::session::Outgoing;
use crate::hub::Frame;
use crate::model::Actor;

use super::reply::Reply;

/// All of them, as they are now.
pub(super) fn list(state: &AppState) -> Outgoing {
    let (displays, waiting) = state.displays.list();
    Outgoing::Send(Frame::text(Outbound::Displays { time: now_ms(), waiting, displays: &displays }.to_text()))
}

/// Does what a message about displays asks for.
pub(super) async fn carry_out(state: Arc<AppState>, actor: Actor, message: Inbound) -> Reply {
    let r#ref = message.reference().unwrap_or_default().to_owned();
    Reply::Answer { r#ref, answer: done(&state, &actor, message).await }
}

async fn done(state: &AppState, actor: &Actor, message: Inbound) -> Result<Option<String>, DisplayError> {
    let displays = &state.displays;
    match message {
        Inbound::DisplayPair { code, display, .. } => displays.pair(actor, &code, *display).await?,
        Inbound::DisplayLink { display, .. } => {
            let token = displays.link(actor, *display).await?;
            return Ok(Some(format!("{}{}{token}", state.base, paths::DISPLAY_LINK)));
        }
        Inbound::DisplaySet { id, display, .. } => displays.set(actor, &id, *display).await?,
        Inbound::DisplayIdentify { id, .. } => displays.identify(&id)?,
        Inbound::DisplayReload { id, .. } => displays.reload(&id)?,
        Inbound::DisplayRevoke { id, .. } => displays.revoke(actor, &id).await?,
        Inbound::DisplayForget { id, .. } => displays.forget(actor, &id).await?,
        _ => {}
    }
    Ok(None)
}
