//! SessionEnd sessions ended that another one replaced. Only words hang on it: that they have ended stands in the database.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tower_sessions_core::session::Id;

/// Sockets look within a moment; so many ends may come meanwhile.
const REMEMBERED: usize = 1000;

/// SessionEnd a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEnd {
    SignedOut,
    /// A user signed in with the same browser.
    NewLogIn,
    /// The password was changed with it.
    NewPassword,
}

impl SessionEnd {
    /// The reason that the socket's close frame carries.
    pub fn words(self) -> &'static str {
        match self {
            Self::SignedOut => "signed out",
            Self::NewLogIn => "signed in again in this browser",
            Self::NewPassword => "the password was changed",
        }
    }
}

#[derive(Debug, Clone, Default)]
pub(super) struct EndedSessions(Arc<Mutex<VecDeque<(Id, SessionEnd)>>>);

impl EndedSessions {
    pub(super) fn note(&self, session: Id, why: SessionEnd) {
        let mut ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if ended.len() == REMEMBERED {
            ended.pop_front();
        }
        ended.push_back((session, why));
    }

    pub(super) fn why(&self, session: Id) -> SessionEnd {
        let ended = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        ended.iter().rev().find(|(id, _)| *id == session).map_or(SessionEnd::SignedOut, |(_, why)| *why)
    }
}
