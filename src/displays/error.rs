//! Why a change to a display is refused.

use crate::db::DbError;

#[derive(Debug, thiserror::Error)]
pub enum DisplayError {
    #[error("no screen shows this code now; read it off the screen again")]
    NoSuchCode,
    #[error("there is no such display any more")]
    NoSuchDisplay,
    #[error("only a revoked display can be forgotten; revoke it first")]
    NotRevoked,
    #[error("{0}")]
    InvalidSettings(String),
    #[error(transparent)]
    Db(#[from] DbError),
}

impl DisplayError {
    /// The error code of `docs/protocol.md`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoSuchCode => "no_such_code",
            Self::NoSuchDisplay => "no_such_display",
            Self::NotRevoked | Self::InvalidSettings(_) => "bad_display",
            Self::Db(_) => "failed",
        }
    }
}
