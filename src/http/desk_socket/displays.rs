//! Administrators' requests about displays, as messages of their socket. `crate::displays` has the rules.

use std::sync::Arc;

use super::protocol::{ClientMessage, ServerMessage};
use crate::clock::now_ms;
use crate::displays::DisplayError;
use crate::http::paths;
use crate::http::state::AppState;
use crate::http::ws::session::Outgoing;
use crate::hub::Frame;
use crate::model::Actor;

use super::reply::Reply;

/// The list of all displays, as they are now.
pub(super) fn list(state: &AppState) -> Outgoing {
    let (displays, waiting) = state.displays.list();
    Outgoing::Send(Frame::text(ServerMessage::Displays { time: now_ms(), waiting, displays: &displays }.to_text()))
}

/// Carries out a message about displays.
pub(super) async fn carry_out(state: Arc<AppState>, actor: Actor, message: ClientMessage) -> Reply {
    let r#ref = message.reference().unwrap_or_default().to_owned();
    Reply::Answer { r#ref, answer: result(&state, &actor, message).await }
}

async fn result(state: &AppState, actor: &Actor, message: ClientMessage) -> Result<Option<String>, DisplayError> {
    let displays = &state.displays;
    match message {
        ClientMessage::DisplayPair { code, display, .. } => displays.pair(actor, &code, *display).await?,
        ClientMessage::DisplayLink { display, .. } => {
            let token = displays.link(actor, *display).await?;
            return Ok(Some(format!("{}{}{token}", state.base, paths::DISPLAY_LINK)));
        }
        ClientMessage::DisplaySet { id, display, .. } => displays.set(actor, &id, *display).await?,
        ClientMessage::DisplayIdentify { id, .. } => displays.identify(&id)?,
        ClientMessage::DisplayReload { id, .. } => displays.reload(&id)?,
        ClientMessage::DisplayRevoke { id, .. } => displays.revoke(actor, &id).await?,
        ClientMessage::DisplayForget { id, .. } => displays.forget(actor, &id).await?,
        _ => {}
    }
    Ok(None)
}
