//! Displays on walls: the list of them, their settings and tokens, and which screens are connected. Knows no sockets; only [`projection`]
//! knows rows.
//!
//! A display may read what its settings allow and can change nothing. Its token is in its cookie or its link alone; Usher stores only the
//! digest.

mod error;
mod pairing;
pub mod projection;
mod saved;
mod screen;
mod settings;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use tokio::sync::watch;

use crate::audit::{AuditEvent, Entry};
use crate::clock::now_ms;
use crate::db::{Db, DbError};
use crate::model::Actor;

pub use error::DisplayError;
pub use pairing::format_code;
pub use screen::{DisplayState, PairingScreen, Screen};
pub use settings::{Dim, DisplaySettings, DisplayView, Theme, ThemeFrom, TimeOfDay};

use pairing::Pairing;

/// SHA-256 of a token.
type Digest = [u8; 32];

/// All displays. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Displays(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    state: Mutex<Registry>,
    /// Counts the changes that the administrators' list or a screen with a code shows.
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct Registry {
    displays: HashMap<Arc<str>, Display>,
    pairing: Pairing,
}

#[derive(Debug)]
struct Display {
    token: Digest,
    screen_state: watch::Sender<DisplayState>,
    created: i64,
    created_by: Arc<str>,
    revoked: Option<i64>,
    last_seen: Option<i64>,
    info: Option<ScreenInfo>,
    connected: usize,
}

/// A screen's description of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ScreenInfo {
    /// Name and version, e.g. `Chromium 76`.
    pub browser: Arc<str>,
    /// In CSS pixels.
    pub width: u32,
    pub height: u32,
    /// Device pixels to one CSS pixel.
    pub ratio: f64,
    /// Usher's version in the page that the screen shows.
    pub version: Arc<str>,
}

/// The owner of a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenOwner {
    Nobody,
    Display(Arc<str>),
    Revoked,
}

/// One display in the administrators' list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DisplaySummary {
    pub id: Arc<str>,
    pub display: Arc<DisplaySettings>,
    /// The number of screens that show it now; more than one where a link was opened twice.
    pub connected: usize,
    pub last_seen: Option<i64>,
    pub browser: Option<Arc<str>>,
    pub width: Option<u32>,
    pub height: Option<u32>,
    pub ratio: Option<f64>,
    pub version: Option<Arc<str>>,
    pub created: i64,
    pub created_by: Arc<str>,
    pub revoked: Option<i64>,
}

/// A new token, too long to guess.
pub fn new_token() -> String {
    hex::encode(rand::random::<[u8; 24]>())
}

/// Whether a text could be a token.
pub fn is_token(text: &str) -> bool {
    text.len() == 48 && text.bytes().all(|b| b.is_ascii_hexdigit())
}

fn digest(token: &str) -> Digest {
    sha2::Sha256::digest(token).into()
}

impl Displays {
    /// Reads the displays from the database.
    pub async fn load(db: Db) -> Result<Self, DbError> {
        let displays = saved::load(&db).await?;
        let state = Mutex::new(Registry { displays, pairing: Pairing::default() });
        Ok(Self(Arc::new(Inner { db, state, changed: watch::channel(0).0 })))
    }

    /// Changes whenever the list does.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    pub fn token_owner(&self, token: &str) -> TokenOwner {
        let token = digest(token);
        let state = self.0.lock();
        match state.displays.iter().find(|(_, display)| display.token == token) {
            None => TokenOwner::Nobody,
            Some((_, display)) if display.revoked.is_some() => TokenOwner::Revoked,
            Some((id, _)) => TokenOwner::Display(id.clone()),
        }
    }

    /// The code by which an administrator pairs the screen that has this token.
    pub fn code(&self, token: &str) -> String {
        format_code(&self.0.lock().pairing.code(digest(token), now_ms(), rand::random))
    }

    pub fn settings(&self, id: &str) -> Option<Arc<DisplaySettings>> {
        self.0.lock().displays.get(id).map(|display| display.screen_state.borrow().settings.clone())
    }

    /// All displays by name, the revoked ones last, and how many screens show a code.
    pub fn list(&self) -> (Vec<DisplaySummary>, usize) {
        let state = self.0.lock();
        let mut list: Vec<DisplaySummary> = state.displays.iter().map(|(id, display)| display.summary(id)).collect();
        list.sort_by(|a, b| (a.revoked, &a.display.name, &a.id).cmp(&(b.revoked, &b.display.name, &b.id)));
        (list, state.pairing.connected_screens())
    }

    /// Makes the screen that shows `code` a display.
    pub async fn pair(&self, actor: &Actor, code: &str, settings: DisplaySettings) -> Result<(), DisplayError> {
        settings.check().map_err(DisplayError::InvalidSettings)?;
        // The code is taken at once, so of two administrators who type it only one succeeds.
        let token = self.0.lock().pairing.redeem(code).ok_or(DisplayError::NoSuchCode)?;
        self.add(actor, AuditEvent::DisplayPair, token, settings).await
    }

    /// Makes a display whose token is in a link. Returns the token, which can't be read again.
    pub async fn link(&self, actor: &Actor, settings: DisplaySettings) -> Result<String, DisplayError> {
        settings.check().map_err(DisplayError::InvalidSettings)?;
        let token = new_token();
        self.add(actor, AuditEvent::DisplayLink, digest(&token), settings).await?;
        Ok(token)
    }

    async fn add(&self, actor: &Actor, action: AuditEvent, token: Digest, settings: DisplaySettings) -> Result<(), DisplayError> {
        let id: Arc<str> = uuid::Uuid::new_v4().simple().to_string().into();
        let entry = Entry::by(actor, action).detail(settings.name.clone());
        let display = Display::new(token, settings, now_ms(), actor.user.clone());
        saved::add(&self.0.db, &id, &display, entry).await?;
        self.0.lock().displays.insert(id, display);
        self.0.notify();
        Ok(())
    }

    /// Replaces the settings of a display.
    pub async fn set(&self, actor: &Actor, id: &str, settings: DisplaySettings) -> Result<(), DisplayError> {
        settings.check().map_err(DisplayError::InvalidSettings)?;
        self.settings(id).ok_or(DisplayError::NoSuchDisplay)?;
        let entry = Entry::by(actor, AuditEvent::DisplaySet).detail(settings.name.clone());
        saved::set(&self.0.db, id, &settings, entry).await?;
        let settings = Arc::new(settings);
        self.0.update_state(id, |state| state.settings = settings)
    }

    /// Tells the display's screens to show their name large.
    pub fn identify(&self, id: &str) -> Result<(), DisplayError> {
        self.0.update_state(id, |state| state.identified += 1)
    }

    /// Tells the display's screens to load their page again.
    pub fn reload(&self, id: &str) -> Result<(), DisplayError> {
        self.0.update_state(id, |state| state.reloaded += 1)
    }

    /// Makes a display's token invalid and tells its screens.
    pub async fn revoke(&self, actor: &Actor, id: &str) -> Result<(), DisplayError> {
        let settings = self.settings(id).ok_or(DisplayError::NoSuchDisplay)?;
        let now = now_ms();
        let entry = Entry::by(actor, AuditEvent::DisplayRevoke).detail(settings.name.clone());
        saved::revoke(&self.0.db, id, now, entry).await?;
        if let Some(display) = self.0.lock().displays.get_mut(id) {
            display.revoked.get_or_insert(now);
        }
        self.0.update_state(id, |state| state.revoked = true)
    }

    /// Removes a revoked display from the list; its token is unknown from then on.
    pub async fn forget(&self, actor: &Actor, id: &str) -> Result<(), DisplayError> {
        let name = {
            let state = self.0.lock();
            let display = state.displays.get(id).ok_or(DisplayError::NoSuchDisplay)?;
            display.revoked.ok_or(DisplayError::NotRevoked)?;
            display.screen_state.borrow().settings.name.clone()
        };
        saved::forget(&self.0.db, id, Entry::by(actor, AuditEvent::DisplayForget).detail(name)).await?;
        self.0.lock().displays.remove(id);
        self.0.notify();
        Ok(())
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, Registry> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn notify(&self) {
        self.changed.send_modify(|n| *n += 1);
    }

    /// Changes the state that the screens of a display follow.
    fn update_state(&self, id: &str, change: impl FnOnce(&mut DisplayState)) -> Result<(), DisplayError> {
        self.lock().displays.get(id).ok_or(DisplayError::NoSuchDisplay)?.screen_state.send_modify(change);
        self.notify();
        Ok(())
    }
}

impl Display {
    fn new(token: Digest, settings: DisplaySettings, created: i64, created_by: Arc<str>) -> Self {
        let screen_state = watch::channel(DisplayState { settings: settings.into(), revoked: false, identified: 0, reloaded: 0 }).0;
        Self { token, screen_state, created, created_by, revoked: None, last_seen: None, info: None, connected: 0 }
    }

    fn summary(&self, id: &Arc<str>) -> DisplaySummary {
        let info = self.info.as_ref();
        DisplaySummary {
            id: id.clone(),
            display: self.screen_state.borrow().settings.clone(),
            connected: self.connected,
            last_seen: self.last_seen,
            browser: info.map(|info| info.browser.clone()),
            width: info.map(|info| info.width),
            height: info.map(|info| info.height),
            ratio: info.map(|info| info.ratio),
            version: info.map(|info| info.version.clone()),
            created: self.created,
            created_by: self.created_by.clone(),
            revoked: self.revoked,
        }
    }
}
