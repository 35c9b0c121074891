//! What an account is, and which names and passwords are allowed. Pure.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// What somebody may do. Each role includes the ones before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Sees everything, changes nothing.
    Viewer,
    /// Lets people in.
    Moderator,
    /// Manages users and bridges as well.
    Admin,
}

impl Role {
    pub const ALL: [Role; 3] = [Role::Viewer, Role::Moderator, Role::Admin];

    pub fn as_str(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Moderator => "moderator",
            Role::Admin => "admin",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == text)
    }

    pub fn may_act(self) -> bool {
        self >= Role::Moderator
    }

    pub fn may_manage(self) -> bool {
        self >= Role::Admin
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Somebody who is logged in.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub id: i64,
    pub name: Arc<str>,
    pub role: Role,
    /// Changes with the password and the role: a log-in made under another stamp has ended.
    pub(crate) stamp: Vec<u8>,
}

/// The stamp stays out of logs: axum-login prints users at debug level.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

/// One line of the list of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Listed {
    pub id: i64,
    pub name: Arc<str>,
    pub role: Role,
    pub created: i64,
    pub last_seen: Option<i64>,
}

/// Why an account can't be made or changed. `Display` is for the command line, [`AccountError::key`] for the pages' catalogue.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AccountError {
    #[error("the name {0:?} is not allowed: 1 to {MAX_NAME} letters, digits, or . _ - @ +")]
    Name(String),
    #[error("there is already a user named {0}")]
    Taken(String),
    #[error("there is no user named {0}")]
    Unknown(String),
    #[error("the password is too short: at least {MIN_PASSWORD} characters")]
    PasswordShort,
    #[error("the password is too long: at most {MAX_PASSWORD} characters")]
    PasswordLong,
    #[error("the password must not be the user's name")]
    PasswordIsName,
    #[error("{0} is the last admin: make somebody else an admin first")]
    LastAdmin(String),
}

impl AccountError {
    /// Its word in the pages' catalogue.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Name(_) => "error_name_invalid",
            Self::Taken(_) => "error_name_taken",
            Self::Unknown(_) => "error_user_unknown",
            Self::PasswordShort => "error_password_short",
            Self::PasswordLong => "error_password_long",
            Self::PasswordIsName => "error_password_is_name",
            Self::LastAdmin(_) => "error_last_admin",
        }
    }
}

/// Characters of a name, password.
pub const MAX_NAME: usize = 64;
pub const MIN_PASSWORD: usize = 10;
/// Argon2 takes any length; a form should not be able to keep it busy.
pub const MAX_PASSWORD: usize = 200;

/// Names differ by more than upper and lower case.
pub(crate) fn name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

pub(crate) fn check_name(name: &str) -> Result<&str, AccountError> {
    let name = name.trim();
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    let dots = name.chars().all(|c| c == '.');
    if dots || name.chars().count() > MAX_NAME || !name.chars().all(fine) {
        return Err(AccountError::Name(name.chars().take(60).collect()));
    }
    Ok(name)
}

pub(crate) fn check_password(name: &str, password: &str) -> Result<(), AccountError> {
    match password.chars().count() {
        n if n < MIN_PASSWORD => Err(AccountError::PasswordShort),
        n if n > MAX_PASSWORD => Err(AccountError::PasswordLong),
        _ if name_key(password) == name_key(name) => Err(AccountError::PasswordIsName),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("ana", true)]
    #[case("Łukasz.Żak@example.org", true)]
    #[case("", false)]
    #[case("..", false)]
    #[case("a/b", false)]
    #[case("a b", false)]
    #[case("<b>", false)]
    fn a_name_is_letters_digits_and_a_few_marks(#[case] name: &str, #[case] allowed: bool) {
        assert_eq!(check_name(name).is_ok(), allowed);
    }

    #[rstest]
    #[case("short", Err(AccountError::PasswordShort))]
    #[case("Long.Enough.Name", Err(AccountError::PasswordIsName))]
    #[case("ten chars!", Ok(()))]
    fn a_password_is_long_and_not_the_name(#[case] password: &str, #[case] expected: Result<(), AccountError>) {
        assert_eq!(check_password("long.enough.name", password), expected);
    }
}
