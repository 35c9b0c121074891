//! Remembers why sessions ended. Only used for the reason that a socket is closed with; the database decides whether a session is valid.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use tower_sessions_core::session::Id;

/// The most ends remembered; sockets ask within moments.
const REMEMBERED: usize = 1000;

/// Why a session ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionEnd {
    SignedOut,
    /// Another sign-in in the same browser replaced it.
    NewSignIn,
    /// The user changed the password in this session; a new one replaced it.
    NewPassword,
}

impl SessionEnd {
    /// The reason in the close frame of the socket.
    pub fn words(self) -> &'static str {
        match self {
            Self::SignedOut => "signed out",
            Self::NewSignIn => "signed in again in this browser",
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
