//! One open screen: what it is told from outside, and that it is there. A value that says so by its life.

use std::sync::Arc;

use tokio::sync::watch;

use super::{Digest, Displays, Seen, Settings, digest, saved};
use crate::clock::now_ms;

/// What the screens of a display are to show or do.
#[derive(Debug, Clone, PartialEq)]
pub struct Standing {
    pub settings: Arc<Settings>,
    pub revoked: bool,
    /// Rises each time the screens are to show their name, or to load their page again.
    pub identified: u64,
    pub reloaded: u64,
}

/// A screen of a display, connected as long as this lives.
#[derive(Debug)]
pub struct Screen {
    displays: Displays,
    id: Arc<str>,
    standing: watch::Receiver<Standing>,
}

/// A screen that shows a code, as long as this lives.
#[derive(Debug)]
pub struct Unpaired {
    displays: Displays,
    token: Digest,
    changed: watch::Receiver<u64>,
}

/// Screens that may show the same display at once: a link that was opened twice is seen in the list, not fought over.
const SCREENS: usize = 8;

impl Displays {
    /// A screen of a display connects; None where it was revoked, or too many show it.
    pub fn open(&self, id: &Arc<str>) -> Option<Screen> {
        let standing = {
            let mut state = self.0.lock();
            let display = state.displays.get_mut(id).filter(|display| display.revoked.is_none() && display.connected < SCREENS)?;
            display.connected += 1;
            display.last_seen = Some(now_ms());
            display.standing.subscribe()
        };
        self.0.change();
        Some(Screen { displays: self.clone(), id: id.clone(), standing })
    }

    /// A screen whose token is nobody's shows its code; None where too many do.
    pub fn show_code(&self, token: &str) -> Option<Unpaired> {
        self.code(token);
        let token = digest(token);
        let changed = self.watch();
        if !self.0.lock().pairing.open(&token) {
            return None;
        }
        self.0.change();
        Some(Unpaired { displays: self.clone(), token, changed })
    }
}

impl Screen {
    pub fn standing(&self) -> Standing {
        self.standing.borrow().clone()
    }

    /// What is to be shown or done, once that is something else. Dropping the future loses nothing.
    pub async fn next(&mut self) -> Standing {
        if self.standing.changed().await.is_err() {
            // Forgotten, and so revoked before.
            return Standing { revoked: true, ..self.standing() };
        }
        self.standing.borrow_and_update().clone()
    }

    /// What the screen says of itself.
    pub fn says(&self, seen: Seen) {
        if let Some(display) = self.displays.0.lock().displays.get_mut(&self.id) {
            display.last_seen = Some(now_ms());
            display.seen = Some(seen);
        }
        self.keep();
        self.displays.0.change();
    }

    /// It goes on being there.
    pub fn is_there(&self) {
        if let Some(display) = self.displays.0.lock().displays.get_mut(&self.id) {
            display.last_seen = Some(now_ms());
        }
        self.keep();
    }

    /// For the list of a later start.
    fn keep(&self) {
        let kept = self.displays.0.lock().displays.get(&self.id).map(|display| (display.last_seen, display.seen.clone()));
        if let Some((last_seen, seen)) = kept {
            saved::seen(&self.displays.0.db, &self.id, last_seen, seen);
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        if let Some(display) = self.displays.0.lock().displays.get_mut(&self.id) {
            display.connected = display.connected.saturating_sub(1);
            display.last_seen = Some(now_ms());
        }
        self.keep();
        self.displays.0.change();
    }
}

impl Unpaired {
    /// Returns when something was changed: perhaps the token is a display's now.
    pub async fn changed(&mut self) {
        let _ = self.changed.changed().await;
    }
}

impl Drop for Unpaired {
    fn drop(&mut self) {
        self.displays.0.lock().pairing.close(&self.token, now_ms());
        self.displays.0.change();
    }
}
