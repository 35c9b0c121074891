//! Files that hold secrets, and whether other users of this machine can read them. Changes nothing.

use std::path::{Path, PathBuf};

/// A file that only Usher's user should be able to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PrivateFile {
    /// A key of the configuration, or a description.
    pub what: String,
    pub path: PathBuf,
}

/// A file that other users may read, with the command that closes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exposed {
    pub file: PrivateFile,
    /// In octal, as for `chmod`.
    pub mode: String,
    /// The command for a shell.
    pub command: String,
}

impl std::fmt::Display for Exposed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({}) is open to other users of this machine: mode {}", self.file.path.display(), self.file.what, self.mode)
    }
}

/// Directories of secrets that orchestrators and systemd make: visible to one container or service only, with modes of their own.
const SECRET_MOUNTS: [&str; 3] = ["/run/secrets", "/var/run/secrets", "/run/credentials"];

/// The environment variable with the directory of the service's credentials, which may be elsewhere, as for services of a user.
const CREDENTIALS: &str = "CREDENTIALS_DIRECTORY";

/// Whether something else than file modes decides who reads the file.
#[cfg(unix)]
fn is_managed(path: &Path, credentials: Option<&Path>) -> bool {
    let is_inside = |place: &Path| path.starts_with(place) && !path.components().any(|part| part == std::path::Component::ParentDir);
    // A relative or empty name of a directory would match any file.
    let credentials = credentials.filter(|place| place.is_absolute() && place.parent().is_some());
    SECRET_MOUNTS.iter().map(Path::new).chain(credentials).any(is_inside)
}

impl PrivateFile {
    pub fn new(what: impl Into<String>, path: &Path) -> Self {
        Self { what: what.into(), path: path.to_owned() }
    }

    /// Whether other users may read the file; None if not, if it is missing, or if the system has no file modes.
    #[cfg(unix)]
    pub fn exposed(&self) -> Option<Exposed> {
        use std::os::unix::fs::MetadataExt;
        let credentials = std::env::var_os(CREDENTIALS);
        if is_managed(&self.path, credentials.as_deref().map(Path::new)) {
            return None;
        }
        let data = std::fs::metadata(&self.path).ok()?;
        let owner = FileOwner { user: data.uid(), group: data.gid(), me: crate::system::user() };
        let command = advice(data.mode(), data.is_dir(), owner)?;
        let path = quoted_for_shell(&self.path);
        let command = command.iter().map(|part| format!("{part} {path}")).collect::<Vec<_>>().join(" && ");
        Some(Exposed { file: self.clone(), mode: format!("{:04o}", data.mode() & 0o7777), command })
    }

    #[cfg(not(unix))]
    pub fn exposed(&self) -> Option<Exposed> {
        None
    }
}

#[cfg(unix)]
#[derive(Debug, Clone, Copy)]
struct FileOwner {
    user: u32,
    group: u32,
    me: Option<u32>,
}

/// The command that closes a file to others, without the path; None when no other user can read it.
#[cfg(unix)]
fn advice(mode: u32, is_dir: bool, owner: FileOwner) -> Option<Vec<String>> {
    let FileOwner { user, group, me } = owner;
    let mine = me.is_none_or(|me| me == user);
    // Group access is fine for a file of root that has another group, which usually is Usher's, and for another user's file that Usher reads
    // by its group.
    let by_group = mine && !(user == 0 && group != 0);
    let others = 0o007 | if by_group { 0o070 } else { 0 };
    // Any right counts: for a directory, listing and entering both expose its files.
    if mode & others == 0 {
        return None;
    }
    let close = format!("chmod {}", if is_dir { "700" } else { "600" });
    // Root can read any file; another user must own a file that only its owner may read.
    match me {
        Some(me) if !mine && me != 0 => Some(vec![format!("chown {me}"), close]),
        _ => Some(vec![close]),
    }
}

/// The path as one word in a shell command.
#[cfg(unix)]
fn quoted_for_shell(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric() || "/._-+@%".contains(c)) && !text.starts_with('-');
    if plain { text } else { format!("'{}'", text.replace('\'', "'\\''")) }
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::own(0o600, (7, 7), Some(7), None)]
    #[case::own_read_only(0o400, (7, 7), Some(7), None)]
    #[case::own_of_all(0o644, (7, 7), Some(7), Some("chmod 600"))]
    #[case::own_of_the_group(0o640, (7, 7), Some(7), Some("chmod 600"))]
    #[case::own_that_others_write(0o602, (7, 7), Some(7), Some("chmod 600"))]
    #[case::by_the_group_of_usher(0o640, (0, 7), Some(7), None)]
    #[case::the_same_seen_by_root(0o640, (0, 7), Some(0), None)]
    #[case::of_root_alone(0o640, (0, 0), Some(0), Some("chmod 600"))]
    #[case::of_root_for_all(0o644, (0, 7), Some(7), Some("chown 7; chmod 600"))]
    #[case::of_another_for_all(0o644, (8, 8), Some(7), Some("chown 7; chmod 600"))]
    #[case::of_another_seen_by_root(0o644, (8, 8), Some(0), Some("chmod 600"))]
    #[case::nobody_knows(0o644, (8, 8), None, Some("chmod 600"))]
    fn a_file_that_others_may_read_has_a_command_that_closes_it_and_not_to_usher(
        #[case] mode: u32,
        #[case] (user, group): (u32, u32),
        #[case] me: Option<u32>,
        #[case] expected: Option<&str>,
    ) {
        let found = advice(0o100_000 | mode, false, FileOwner { user, group, me });
        assert_eq!(found.map(|parts| parts.join("; ")).as_deref(), expected);
    }

    #[test]
    fn a_directory_that_others_may_enter_or_list_is_closed_by_700() {
        let owner = FileOwner { user: 7, group: 7, me: Some(7) };
        assert_eq!(advice(0o755, true, owner), Some(vec!["chmod 700".to_owned()]));
        assert_eq!(advice(0o700, true, owner), None);
    }

    #[rstest]
    #[case::secret_of_a_container("/run/secrets/cms1", None, true)]
    #[case::credential_that_root_checks("/run/credentials/usher.service/cms1", None, true)]
    #[case::credential("/run/user/7/credentials/usher.service/cms1", Some("/run/user/7/credentials/usher.service"), true)]
    #[case::ordinary_file("/run/user/7/credentials/usher.service/cms1", None, false)]
    #[case::out_of_the_directory("/run/credentials/usher.service/../../../etc/cms1", None, false)]
    #[case::similar_name("/run/credentialed/cms1", Some("/run/credential"), false)]
    #[case::empty_name("/etc/usher/cms1", Some(""), false)]
    #[case::the_root("/etc/usher/cms1", Some("/"), false)]
    fn files_of_orchestrators_and_credentials_are_not_judged_by_their_modes(
        #[case] path: &str,
        #[case] credentials: Option<&str>,
        #[case] expected: bool,
    ) {
        assert_eq!(is_managed(Path::new(path), credentials.map(Path::new)), expected);
    }

    #[test]
    fn the_command_closes_the_very_file_whatever_its_name() {
        let dir = tempfile::tempdir().expect("directory");
        let path = dir.path().join("it's a secret");
        std::fs::write(&path, "hunter2").expect("written");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).expect("mode");
        let exposed = PrivateFile::new("bridge[0].password_file", &path).exposed().expect("open to all");
        assert!(exposed.to_string().contains("mode 0644") && exposed.to_string().contains("bridge[0].password_file"), "{exposed}");
        let done = std::process::Command::new("sh").args(["-c", &exposed.command]).status().expect("sh");
        assert!(done.success(), "{}", exposed.command);
        assert_eq!(exposed.file.exposed(), None);
        assert_eq!(PrivateFile::new("missing", &dir.path().join("missing")).exposed(), None);
    }
}
