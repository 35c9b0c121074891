//! RAII guards for connected screens: a screen counts as connected while its value lives, and follows what administrators change.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Digest, DisplaySettings, Displays, ScreenInfo, digest, saved};
use crate::clock::now_ms;

/// The state of a display that its screens follow.
#[derive(Debug, Clone, PartialEq)]
pub struct DisplayState {
    pub settings: Arc<DisplaySettings>,
    pub revoked: bool,
    /// How often the screens were told to show their name.
    pub identified: u64,
    /// How often the screens were told to load their page again.
    pub reloaded: u64,
}

/// A screen of a display. It counts as connected while this lives.
#[derive(Debug)]
pub struct Screen {
    displays: Displays,
    id: Arc<str>,
    state: watch::Receiver<DisplayState>,
}

/// A screen that shows a code. It counts as connected while this lives.
#[derive(Debug)]
pub struct PairingScreen {
    displays: Displays,
    token: Digest,
    changed: watch::Receiver<u64>,
}

/// The most screens of one display. A link that was opened twice is visible in the administrators' list; its screens don't displace each
/// other.
const MAX_SCREENS: usize = 8;

impl Displays {
    /// Connects a screen of a display; None where the display was revoked or has too many screens.
    pub fn open(&self, id: &Arc<str>) -> Option<Screen> {
        let screen_state = {
            let mut state = self.0.lock();
            let display = state.displays.get_mut(id).filter(|display| display.revoked.is_none() && display.connected < MAX_SCREENS)?;
            display.connected += 1;
            display.last_seen = Some(now_ms());
            display.screen_state.subscribe()
        };
        self.0.notify();
        Some(Screen { displays: self.clone(), id: id.clone(), state: screen_state })
    }

    /// Connects a screen that shows a code; None where too many do.
    pub fn show_code(&self, token: &str) -> Option<PairingScreen> {
        self.code(token);
        let token = digest(token);
        let changed = self.watch();
        if !self.0.lock().pairing.open(&token) {
            return None;
        }
        self.0.notify();
        Some(PairingScreen { displays: self.clone(), token, changed })
    }
}

impl Screen {
    pub fn state(&self) -> DisplayState {
        self.state.borrow().clone()
    }

    /// The next state, once it differs. Dropping the future loses nothing.
    pub async fn changed(&mut self) -> DisplayState {
        if self.state.changed().await.is_err() {
            // The display was forgotten, and a display must be revoked before.
            return DisplayState { revoked: true, ..self.state() };
        }
        self.state.borrow_and_update().clone()
    }

    /// Stores the screen's description of itself.
    pub fn set_info(&self, info: ScreenInfo) {
        if let Some(display) = self.displays.0.lock().displays.get_mut(&self.id) {
            display.last_seen = Some(now_ms());
            display.info = Some(info);
        }
        self.save();
        self.displays.0.notify();
    }

    /// Records that the screen is still connected.
    pub fn record_presence(&self) {
        if let Some(display) = self.displays.0.lock().displays.get_mut(&self.id) {
            display.last_seen = Some(now_ms());
        }
        self.save();
    }

    /// Writes the display's last screen to the database, for the list after a restart.
    fn save(&self) {
        let last = self.displays.0.lock().displays.get(&self.id).map(|display| (display.last_seen, display.info.clone()));
        if let Some((last_seen, info)) = last {
            saved::record_screen(&self.displays.0.db, &self.id, last_seen, info);
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Some(display) = self.displays.0.lock().displays.get_mut(&self.id) {
            display.connected = display.connected.saturating_sub(1);
            display.last_seen = Some(now_ms());
        }
        self.save();
        self.displays.0.notify();
    }
}

impl PairingScreen {
    /// Returns when the displays changed: the token may belong to one now.
    pub async fn changed(&mut self) {
        let _ = self.changed.changed().await;
    }
}

impl Drop for PairingScreen {
    fn drop(&mut self) {
        self.displays.0.lock().pairing.close(&self.token, now_ms());
        self.displays.0.notify();
    }
}
