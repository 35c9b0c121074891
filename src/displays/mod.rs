//! Displays on walls: which there are, what each shows, by which token it is known, and whether it is there. Knows no rows and no sockets.
//!
//! A display may look at what its settings say and do nothing. Its token is in its cookie or its link alone; here is only its digest.

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
pub use pairing::spelled;
pub use screen::{Screen, Standing, Unpaired};
pub use settings::{Dim, Settings, Theme, ThemeFrom, TimeOfDay, View};

use pairing::Pairing;

/// SHA-256 of a token.
type Digest = [u8; 32];

/// All displays. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Displays(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    db: Db,
    state: Mutex<State>,
    /// Rises with every change that the list or a screen that waits to be paired shows.
    changed: watch::Sender<u64>,
}

#[derive(Debug, Default)]
struct State {
    displays: HashMap<Arc<str>, Display>,
    pairing: Pairing,
}

#[derive(Debug)]
struct Display {
    token: Digest,
    standing: watch::Sender<Standing>,
    created: i64,
    created_by: Arc<str>,
    revoked: Option<i64>,
    last_seen: Option<i64>,
    seen: Option<Seen>,
    connected: usize,
}

/// What a screen says of itself.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Seen {
    /// In words, e.g. `Chromium 76`.
    pub browser: Arc<str>,
    /// In CSS pixels.
    pub width: u32,
    pub height: u32,
    /// Device pixels to one CSS pixel.
    pub ratio: f64,
    /// Of the page that it shows.
    pub version: Arc<str>,
}

/// Whose a token is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    Nobody,
    Display(Arc<str>),
    Revoked,
}

/// One line of the administrators' list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Listed {
    pub id: Arc<str>,
    pub display: Arc<Settings>,
    /// Screens that show it now; more than one where a link was opened twice.
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

/// A new token, which nobody can guess.
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
    /// Reads the displays that there are.
    pub async fn load(db: Db) -> Result<Self, DbError> {
        let displays = saved::load(&db).await?;
        let state = Mutex::new(State { displays, pairing: Pairing::default() });
        Ok(Self(Arc::new(Inner { db, state, changed: watch::channel(0).0 })))
    }

    /// Wakes whenever the list is another one.
    pub fn watch(&self) -> watch::Receiver<u64> {
        self.0.changed.subscribe()
    }

    pub fn know(&self, token: &str) -> Known {
        let token = digest(token);
        let state = self.0.lock();
        match state.displays.iter().find(|(_, display)| display.token == token) {
            None => Known::Nobody,
            Some((_, display)) if display.revoked.is_some() => Known::Revoked,
            Some((id, _)) => Known::Display(id.clone()),
        }
    }

    /// The code by which an administrator pairs the screen that has this token.
    pub fn code(&self, token: &str) -> String {
        spelled(&self.0.lock().pairing.code(digest(token), now_ms(), rand::random))
    }

    pub fn settings(&self, id: &str) -> Option<Arc<Settings>> {
        self.0.lock().displays.get(id).map(|display| display.standing.borrow().settings.clone())
    }

    /// All of them by name, the revoked ones last, and how many screens show a code.
    pub fn list(&self) -> (Vec<Listed>, usize) {
        let state = self.0.lock();
        let mut list: Vec<Listed> = state.displays.iter().map(|(id, display)| display.listed(id)).collect();
        list.sort_by(|a, b| (a.revoked, &a.display.name, &a.id).cmp(&(b.revoked, &b.display.name, &b.id)));
        (list, state.pairing.shown())
    }

    /// Makes the screen that shows `code` a display.
    pub async fn pair(&self, actor: &Actor, code: &str, settings: Settings) -> Result<(), DisplayError> {
        settings.check().map_err(DisplayError::Settings)?;
        // Taken at once: of two who type the same code one is told that nobody shows it.
        let token = self.0.lock().pairing.take(code).ok_or(DisplayError::NoSuchCode)?;
        self.add(actor, AuditEvent::DisplayPair, token, settings).await
    }

    /// Makes a display whose token is in a link; returns the token, which is never seen again.
    pub async fn link(&self, actor: &Actor, settings: Settings) -> Result<String, DisplayError> {
        settings.check().map_err(DisplayError::Settings)?;
        let token = new_token();
        self.add(actor, AuditEvent::DisplayLink, digest(&token), settings).await?;
        Ok(token)
    }

    async fn add(&self, actor: &Actor, action: AuditEvent, token: Digest, settings: Settings) -> Result<(), DisplayError> {
        let id: Arc<str> = uuid::Uuid::new_v4().simple().to_string().into();
        let entry = Entry::by(actor, action).detail(settings.name.clone());
        let display = Display::new(token, settings, now_ms(), actor.user.clone());
        saved::add(&self.0.db, &id, &display, entry).await?;
        self.0.lock().displays.insert(id, display);
        self.0.change();
        Ok(())
    }

    /// What a display shows from now on.
    pub async fn set(&self, actor: &Actor, id: &str, settings: Settings) -> Result<(), DisplayError> {
        settings.check().map_err(DisplayError::Settings)?;
        self.settings(id).ok_or(DisplayError::NoSuchDisplay)?;
        let entry = Entry::by(actor, AuditEvent::DisplaySet).detail(settings.name.clone());
        saved::set(&self.0.db, id, &settings, entry).await?;
        let settings = Arc::new(settings);
        self.0.stand(id, |standing| standing.settings = settings)
    }

    /// The screen shows its name large.
    pub fn identify(&self, id: &str) -> Result<(), DisplayError> {
        self.0.stand(id, |standing| standing.identified += 1)
    }

    /// The screen loads its page again.
    pub fn reload(&self, id: &str) -> Result<(), DisplayError> {
        self.0.stand(id, |standing| standing.reloaded += 1)
    }

    /// Its token is good for nothing any more.
    pub async fn revoke(&self, actor: &Actor, id: &str) -> Result<(), DisplayError> {
        let settings = self.settings(id).ok_or(DisplayError::NoSuchDisplay)?;
        let now = now_ms();
        let entry = Entry::by(actor, AuditEvent::DisplayRevoke).detail(settings.name.clone());
        saved::revoke(&self.0.db, id, now, entry).await?;
        if let Some(display) = self.0.lock().displays.get_mut(id) {
            display.revoked.get_or_insert(now);
        }
        self.0.stand(id, |standing| standing.revoked = true)
    }

    /// A revoked one leaves the list, and its token is a stranger's.
    pub async fn forget(&self, actor: &Actor, id: &str) -> Result<(), DisplayError> {
        let name = {
            let state = self.0.lock();
            let display = state.displays.get(id).ok_or(DisplayError::NoSuchDisplay)?;
            display.revoked.ok_or(DisplayError::NotRevoked)?;
            display.standing.borrow().settings.name.clone()
        };
        saved::forget(&self.0.db, id, Entry::by(actor, AuditEvent::DisplayForget).detail(name)).await?;
        self.0.lock().displays.remove(id);
        self.0.change();
        Ok(())
    }
}

impl Inner {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self) {
        self.changed.send_modify(|n| *n += 1);
    }

    /// Tells the screens of a display.
    fn stand(&self, id: &str, change: impl FnOnce(&mut Standing)) -> Result<(), DisplayError> {
        self.lock().displays.get(id).ok_or(DisplayError::NoSuchDisplay)?.standing.send_modify(change);
        self.change();
        Ok(())
    }
}

impl Display {
    fn new(token: Digest, settings: Settings, created: i64, created_by: Arc<str>) -> Self {
        let standing = watch::channel(Standing { settings: settings.into(), revoked: false, identified: 0, reloaded: 0 }).0;
        Self { token, standing, created, created_by, revoked: None, last_seen: None, seen: None, connected: 0 }
    }

    fn listed(&self, id: &Arc<str>) -> Listed {
        let seen = self.seen.as_ref();
        Listed {
            id: id.clone(),
            display: self.standing.borrow().settings.clone(),
            connected: self.connected,
            last_seen: self.last_seen,
            browser: seen.map(|seen| seen.browser.clone()),
            width: seen.map(|seen| seen.width),
            height: seen.map(|seen| seen.height),
            ratio: seen.map(|seen| seen.ratio),
            version: seen.map(|seen| seen.version.clone()),
            created: self.created,
            created_by: self.created_by.clone(),
            revoked: self.revoked,
        }
    }
}
