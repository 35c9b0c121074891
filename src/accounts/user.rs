//! Accounts, and which names and passwords are allowed. Pure.

use std::sync::Arc;

use serde::Serialize;

use super::weak_passwords::is_guessable;
use crate::model::Role;
use crate::text::normalize::{caseless, nfkc};
use crate::text::{cut, normalize};

/// A signed-in user.
#[derive(Clone, PartialEq, Eq)]
pub struct User {
    pub id: i64,
    pub name: Arc<str>,
    pub role: Role,
    /// Changes with the password and the role; sessions with another stamp have ended.
    pub(crate) stamp: Vec<u8>,
}

/// Leaves out the stamp: axum-login logs users at debug level.
impl std::fmt::Debug for User {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("User").field("name", &self.name).field("role", &self.role).finish_non_exhaustive()
    }
}

/// One line of the list of users.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UserSummary {
    pub id: i64,
    pub name: Arc<str>,
    pub role: Role,
    pub created: i64,
    pub last_seen: Option<i64>,
}

/// Why an account can't be added or changed. `Display` is for the command line, [`AccountError::key`] for the pages.
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
    #[error("the password is too long: at most {MAX_PASSWORD} bytes")]
    PasswordLong,
    #[error("the password is easy to guess: a common one, a run on the keyboard, or the user's name with a few characters added")]
    PasswordGuessable,
    #[error("the password has a control character, such as a tab or a line break")]
    PasswordControl,
    #[error("{0} is the last admin: make someone else an admin first")]
    LastAdmin(String),
}

impl AccountError {
    /// The key of its text in `web/i18n`.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Name(_) => "error.name_invalid",
            Self::Taken(_) => "error.name_taken",
            Self::Unknown(_) => "error.user_unknown",
            Self::PasswordShort => "error.password_short",
            Self::PasswordLong => "error.password_long",
            Self::PasswordGuessable => "error.password_guessable",
            Self::PasswordControl => "error.password_control",
            Self::LastAdmin(_) => "error.last_admin",
        }
    }
}

/// Limits in characters.
pub const MAX_NAME: usize = 64;
pub const MIN_PASSWORD: usize = 10;
/// In bytes. Argon2 takes any length, and a long password would keep it busy.
pub const MAX_PASSWORD: usize = 1024;

/// The key by which names are compared: without case, in normal form.
pub(crate) fn name_key(name: &str) -> String {
    caseless(name.trim())
}

/// The key that older versions used, before keys were normalised.
pub(super) fn old_name_key(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The name in the form in which it is stored.
pub(crate) fn check_name(name: &str) -> Result<String, AccountError> {
    let refused = || Err(AccountError::Name(cut(name.trim(), 60).to_owned()));
    // Normalising can't make a longer name short enough.
    if name.trim().len() > 16 * MAX_NAME {
        return refused();
    }
    let kept = nfkc(name.trim());
    let fine = |c: char| c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '@' | '+');
    let dots = kept.chars().all(|c| c == '.');
    if dots || kept.chars().count() > MAX_NAME || !kept.chars().all(fine) {
        return refused();
    }
    Ok(kept)
}

/// The password in the form in which it is hashed.
pub(crate) fn check_password(name: &str, password: &str) -> Result<String, AccountError> {
    if password.len() > MAX_PASSWORD {
        return Err(AccountError::PasswordLong);
    }
    let password = normalize::password(password);
    match password.chars().count() {
        _ if password.chars().any(char::is_control) => Err(AccountError::PasswordControl),
        n if n < MIN_PASSWORD => Err(AccountError::PasswordShort),
        _ if is_guessable(name, &password) => Err(AccountError::PasswordGuessable),
        _ => Ok(password),
    }
}

/// The rules that a new account with this name and password breaks. Does not look for an account of the same name.
pub fn broken_rules(name: &str, password: &str) -> Vec<AccountError> {
    check_name(name).err().into_iter().chain(broken_password_rule(name, password)).collect()
}

/// The rule that this password of this user breaks.
pub fn broken_password_rule(name: &str, password: &str) -> Option<AccountError> {
    check_password(name, password).err()
}

/// The texts whose hash may be stored for a typed password: its normal form, and the text as typed, which older versions hashed.
pub(super) fn candidates(password: &str) -> Vec<String> {
    // A longer password can't have been set; hashing it would only cost time.
    if password.len() > MAX_PASSWORD {
        return vec![String::new()];
    }
    let mut texts = vec![normalize::password(password)];
    if texts[0] != password {
        texts.push(password.to_owned());
    }
    texts
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
    fn a_name_has_letters_digits_and_a_few_marks(#[case] name: &str, #[case] allowed: bool) {
        assert_eq!(check_name(name).is_ok(), allowed);
    }

    #[rstest]
    #[case("short", Some(AccountError::PasswordShort))]
    #[case("Long.Enough.Name", Some(AccountError::PasswordGuessable))]
    #[case("1234567890", Some(AccountError::PasswordGuessable))]
    #[case("ten\tchars!", Some(AccountError::PasswordControl))]
    #[case("nine cha\0rs", Some(AccountError::PasswordControl))]
    #[case("ten chars!", None)]
    #[case(&"sixty-four and more ".repeat(5), None)]
    #[case(&"ab cd ef gh ij kl".repeat(60)[..1020], None)]
    #[case(&"ab cd ef gh ij kl".repeat(61), Some(AccountError::PasswordLong))]
    fn a_password_must_be_long_and_hard_to_guess(#[case] password: &str, #[case] refused: Option<AccountError>) {
        assert_eq!(check_password("long.enough.name", password).err(), refused);
    }

    #[test]
    fn all_broken_rules_of_an_account_are_found_at_once() {
        assert_eq!(broken_rules("a b", "short"), [AccountError::Name("a b".into()), AccountError::PasswordShort]);
        assert_eq!(broken_rules("ana", "ten chars!"), []);
    }

    #[test]
    fn a_name_is_stored_in_normal_form() {
        assert_eq!(check_name(" Zoe\u{308} "), Ok("Zoë".into()));
        assert_eq!(check_name("ｍｏ"), Ok("mo".into()));
        assert_eq!((name_key("STRASSE"), name_key("Zoe\u{308}")), (name_key("straße"), name_key("ZOË")));
    }
}
