//! `usher user add|list|passwd|remove|role`: manages accounts, also while a server runs. Knows no server.

use std::io::{BufRead, Read, Write};
use std::path::Path;

use clap::{Args, Subcommand};
use rusqlite::Connection;

use crate::accounts::{AccountError, ChangeError, OfflineAccounts};
use crate::audit::AuditEvent;
use crate::config::Secret;
use crate::db::{DbError, is_made_for_root, open_connection};
use crate::model::Role;

use super::audit::note;

/// The most bytes that are read from standard input: more than any password has.
const MAX_INPUT: u64 = 64 * 1024;

#[derive(Debug, Subcommand)]
pub(super) enum UserCommand {
    /// Add a user; the password is asked for.
    Add {
        name: String,
        /// The user's role
        #[arg(long, value_enum, default_value = "moderator")]
        role: Role,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// List all users.
    List,
    /// Set a user's password; the user is signed out everywhere.
    Passwd {
        name: String,
        #[command(flatten)]
        password: PasswordSource,
    },
    /// Remove a user; open pages of the user close within ten seconds.
    Remove { name: String },
    /// Change a user's role; the user has to sign in again.
    Role {
        name: String,
        #[arg(value_enum)]
        role: Role,
    },
}

/// The password is never an argument: those are visible in the process list and in the shell's history.
#[derive(Debug, Args)]
pub(super) struct PasswordSource {
    /// Read the password from the first line of standard input instead of asking
    #[arg(long)]
    password_stdin: bool,
}

#[derive(Debug, thiserror::Error)]
pub(super) enum UserError {
    #[error(transparent)]
    Account(#[from] AccountError),
    #[error(transparent)]
    Db(#[from] DbError),
    #[error("the two passwords differ; nothing was changed")]
    PasswordsDiffer,
    #[error("no password could be read: {0}; use --password-stdin where there is no terminal")]
    NoPassword(std::io::Error),
    #[error("expected a password in one line, without blanks around it; got {0}; nothing was changed")]
    NotAPassword(&'static str),
    #[error("cannot write the output: {0}")]
    Output(#[from] std::io::Error),
}

impl From<ChangeError> for UserError {
    fn from(refused: ChangeError) -> Self {
        match refused {
            ChangeError::Rule(rule) => Self::Account(rule),
            ChangeError::Db(error) => Self::Db(error),
        }
    }
}

/// Runs one command on the database in `data_dir`; reports to `out`.
pub(super) fn run(command: UserCommand, data_dir: &Path, out: &mut impl Write) -> Result<(), UserError> {
    if is_made_for_root(data_dir) {
        let dir = data_dir.display();
        tracing::warn!(
            "the database in {dir} is made for root alone: `usher serve` has to run as root too, or give the directory to the user who runs it \
             (chown -R <user> {dir})"
        );
    }
    let mut conn = open_connection(data_dir)?;
    match command {
        UserCommand::Add { name, role, password } => add(&mut conn, &name, role, &password, out),
        UserCommand::List => list(&mut conn, out),
        UserCommand::Passwd { name, password } => {
            known(&mut conn, &name)?;
            let password = password.read(&name)?;
            let note = note(AuditEvent::UserPassword, |user| user.name.to_string());
            OfflineAccounts(&mut conn).noted(note).set_password(&name, &password)?;
            Ok(writeln!(out, "{name} has a new password and is signed out everywhere.")?)
        }
        UserCommand::Remove { name } => {
            let note = note(AuditEvent::UserRemove, |user| format!("{} ({})", user.name, user.role));
            OfflineAccounts(&mut conn).noted(note).remove(&name)?;
            Ok(writeln!(out, "{name} was removed; open pages close within ten seconds.")?)
        }
        UserCommand::Role { name, role } => {
            let note = note(AuditEvent::UserRole, move |user| format!("{} ({} → {role})", user.name, user.role));
            OfflineAccounts(&mut conn).noted(note).set_role(&name, role)?;
            Ok(writeln!(out, "{name} is {role} now, and has to sign in again.")?)
        }
    }
}

fn add(conn: &mut Connection, name: &str, role: Role, password: &PasswordSource, out: &mut impl Write) -> Result<(), UserError> {
    let name = &OfflineAccounts(conn).check_new_name(name)?;
    let password = password.read(name)?;
    let note = note(AuditEvent::UserAdd, |user| format!("{} ({})", user.name, user.role));
    OfflineAccounts(conn).noted(note).add(name, role, &password)?;
    Ok(writeln!(out, "{name} can sign in now, as {role}.")?)
}

fn known(conn: &mut Connection, name: &str) -> Result<(), UserError> {
    match OfflineAccounts(conn).exists(name)? {
        true => Ok(()),
        false => Err(AccountError::Unknown(name.to_owned()).into()),
    }
}

fn list(conn: &mut Connection, out: &mut impl Write) -> Result<(), UserError> {
    let users = OfflineAccounts(conn).list()?;
    if users.is_empty() {
        writeln!(out, "There is no user yet: usher user add <name> --role admin")?;
    }
    for user in users {
        writeln!(out, "{:<10} {}", user.role.as_str(), user.name)?;
    }
    Ok(())
}

impl PasswordSource {
    fn read(&self, name: &str) -> Result<String, UserError> {
        if self.password_stdin {
            let mut line = Vec::new();
            std::io::stdin().lock().take(MAX_INPUT).read_until(b'\n', &mut line).map_err(UserError::NoPassword)?;
            return checked(name, &line);
        }
        let ask = |prompt: String| rpassword::prompt_password(prompt).map_err(UserError::NoPassword);
        let password = checked(name, ask(format!("New password for {name}: "))?.as_bytes())?;
        let again = ask("The same again: ".into())?;
        match Secret::read(again.as_bytes()).is_ok_and(|again| again.expose() == password) {
            true => Ok(password),
            false => Err(UserError::PasswordsDiffer),
        }
    }
}

/// The typed or piped password, without the end of its line, if it is allowed.
fn checked(name: &str, line: &[u8]) -> Result<String, UserError> {
    let password = Secret::read(line).map_err(UserError::NotAPassword)?;
    OfflineAccounts::check_password(name, password.expose())?;
    Ok(password.expose().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_command(dir: &Path, command: UserCommand) -> Result<String, String> {
        let mut out = Vec::new();
        run(command, dir, &mut out).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(out).expect("text"))
    }

    #[test]
    fn each_command_reports_its_result_or_why_it_failed() {
        let dir = tempfile::tempdir().expect("directory");
        let dir = dir.path();
        assert!(run_command(dir, UserCommand::List).expect("list").contains("usher user add"), "an empty list says what to type");
        OfflineAccounts(&mut open_connection(dir).expect("database")).add("ana", Role::Admin, "correct horse").expect("added");
        assert_eq!(run_command(dir, UserCommand::List).expect("list"), "admin      ana\n");
        let demote = UserCommand::Role { name: "ana".into(), role: Role::Viewer };
        assert!(run_command(dir, demote).expect_err("last").contains("last admin"));
        let unknown = UserCommand::Passwd { name: "ben".into(), password: PasswordSource { password_stdin: true } };
        assert_eq!(run_command(dir, unknown).expect_err("unknown"), "there is no user named ben");
        assert!(run_command(dir, UserCommand::Remove { name: "ana".into() }).expect_err("last").contains("last admin"));
    }
}
