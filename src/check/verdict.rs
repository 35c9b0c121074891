//! Turns each result of a check into a step with advice. Pure.

use std::io::ErrorKind;
use std::sync::Arc;

use super::report::CheckStep;
use crate::cms::{RequestError, Response, SUITES, TrustError, admits, unusable_key};
use crate::config::BridgeConfig;

const ROLE_ADVICE: &str = "On the MMP of this bridge, `user list` shows the roles; Usher needs `api` or `admin`: `user add <name> api`.";
const PORT_ADVICE: &str = "On the MMP of this bridge, `webadmin` shows its interface and port; that port belongs in `url` in usher.toml.";

type ApiResult = Result<Response, RequestError>;

/// A bridge's own name in its cluster, and the names of all bridges of the cluster; none outside a cluster.
pub(super) struct Identity {
    pub(super) own: Option<Arc<str>>,
    pub(super) peers: Vec<Arc<str>>,
}

pub(super) fn unknown_host(host: &str, reason: &str) -> CheckStep {
    CheckStep::fail(
        "dns",
        format!("no address is known for {host}: {reason}"),
        format!("Correct the host in `url` in usher.toml, or add {host} to the DNS that this machine uses (or to its hosts file)."),
    )
}

pub(super) fn no_connection(port: u16, error: &std::io::Error) -> CheckStep {
    let advice = match error.kind() {
        ErrorKind::ConnectionRefused => {
            format!(
                "Nothing listens at port {port}. {PORT_ADVICE}\nIf it is off: `webadmin listen <interface> <port>`, then `webadmin enable`."
            )
        }
        _ => format!(
            "Something on the way drops the connection: a firewall must allow TCP port {port} from this machine to the bridge.\n{PORT_ADVICE}"
        ),
    };
    CheckStep::fail("tcp", format!("no connection to port {port}: {error}"), advice)
}

pub(super) fn trust(error: &TrustError) -> CheckStep {
    let advice = match error {
        TrustError::CaFile { .. } => "Put the authority's certificate, as PEM, into the file that `ca_file` in usher.toml names.",
        TrustError::NoSystemRoots(_) => "Set `ca_file` or `fingerprint` in the bridge's section in usher.toml.",
        TrustError::Setup(_) => "This is a fault of Usher; please report it.",
    };
    CheckStep::fail("tls", error.to_string(), advice)
}

/// The step for a CA file with unusable sections.
pub(super) fn ca_faults(faults: &[String]) -> CheckStep {
    CheckStep::warn(
        "ca_file",
        faults.join("; "),
        "The other certificates in the file are used. Replace these, or remove them from the file that `ca_file` names.",
    )
}

pub(super) fn no_tls() -> CheckStep {
    CheckStep::warn(
        "tls",
        "plain HTTP: anyone in between can read passwords and names",
        "This is meant for the simulator. For a bridge, use https in `url` in usher.toml.",
    )
}

/// The server does not speak TLS, or has no version or suite in common with Usher.
pub(super) fn no_tls_server(cause: &rustls::Error) -> Option<CheckStep> {
    if let Some(words) = unusable_key(cause) {
        return Some(CheckStep::fail(
            "tls",
            words,
            "Make a new key and certificate for the bridge, and install them on the MMP with `webadmin certs <key> <certificate>`, then \
             `webadmin restart`.",
        ));
    }
    match cause {
        rustls::Error::InvalidMessage(_) => Some(CheckStep::fail(
            "tls",
            "the server at this port does not speak TLS",
            format!("The port is not that of the Web Admin interface. {PORT_ADVICE}"),
        )),
        rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure | rustls::AlertDescription::InsufficientSecurity) => {
            Some(CheckStep::fail(
                "tls",
                format!("{SUITES} ({cause})"),
                "On the MMP, `tls webadmin` shows the ciphers that the bridge allows; allow one of these with `tls webadmin ciphers`. If they are \
                 there, the certificate has a type of key that Usher can't verify: make a new one and install it with `webadmin certs`.",
            ))
        }
        rustls::Error::AlertReceived(_) | rustls::Error::PeerIncompatible(_) => Some(CheckStep::fail(
            "tls",
            format!("no common TLS version or cipher: {cause}"),
            "Usher speaks TLS 1.2 and 1.3. On the MMP, `tls webadmin` shows what the bridge allows; it must allow one of them.",
        )),
        _ => None,
    }
}

pub(super) fn no_handshake(reason: &str) -> CheckStep {
    CheckStep::fail(
        "tls",
        format!("no TLS handshake: {reason}"),
        format!(
            "Is this the port of the Web Admin interface, with no proxy in between? {PORT_ADVICE}\nIf it is, it has no usable certificate: `webadmin certs <key> <certificate>`."
        ),
    )
}

/// The first request: credentials, and whether this is a CMS at all.
pub(super) fn login(result: &ApiResult, config: &BridgeConfig) -> CheckStep {
    let user = &config.username;
    match result {
        Ok(_) => CheckStep::ok("login", format!("the user {user:?} can log in")),
        Err(RequestError::Unauthorized) => CheckStep::fail(
            "login",
            format!("the user name {user:?} or its password was refused (401)"),
            "It was tried once and is not tried again: repeated wrong passwords lock a CMS account, which looks the same (401).\n\
                 Correct `username` and `password` in usher.toml. Accounts are per bridge: on this bridge's MMP, `user list` shows them, \
                 `user add <name> api` adds one, `user unlock <name>` unlocks one.",
        ),
        Err(RequestError::Forbidden) => {
            CheckStep::warn("login", format!("the user {user:?} may not read /system/status (403)"), ROLE_ADVICE)
        }
        Err(error) if !error.answered() => CheckStep::fail(
            "login",
            error.to_string(),
            "The bridge accepted the connection but did not respond. Is it overloaded or restarting? Try again in a minute.",
        ),
        Err(RequestError::Busy { .. }) => busy("login"),
        Err(error) => CheckStep::fail(
            "login",
            format!("this does not answer like a CMS: {error}"),
            format!("Another server, or another part of CMS (Web Bridge), listens here. {PORT_ADVICE}"),
        ),
    }
}

fn busy(name: &'static str) -> CheckStep {
    CheckStep::fail(
        name,
        "the bridge is busy (503)",
        "Try again in a minute. If it stays busy, look at the load and the database on the bridge (`database cluster status`).",
    )
}

/// Whether this version can admit single participants.
pub(super) fn version(version: Option<&str>) -> CheckStep {
    match version {
        Some(version) if admits(version) => CheckStep::ok("version", format!("CMS {version} can admit single people")),
        Some(version) => CheckStep::fail(
            "version",
            format!("CMS {version} cannot admit single people; 2.9 is the first that can"),
            "Upgrade the bridge. Until then Usher shows its meetings, and no one can be admitted there.",
        ),
        None => CheckStep::warn(
            "version",
            "the bridge does not say its version",
            "Usher assumes 2.9 or later, the first that can admit single people.",
        ),
    }
}

pub(super) fn calls(result: &ApiResult, config: &BridgeConfig) -> CheckStep {
    match result {
        Ok(Response::Calls(page)) => {
            let total = page.total.unwrap_or(page.items.len());
            CheckStep::ok("calls", format!("the list of calls can be read ({total} now)"))
        }
        Ok(_) => CheckStep::fail("calls", "the response is not a list of calls", PORT_ADVICE),
        Err(error) => request_failed("calls", "the list of calls", error, config),
    }
}

/// The bridge's place in its cluster; `cluster` compares the names of all bridges.
pub(super) fn identity(found: &Result<Identity, RequestError>, config: &BridgeConfig) -> CheckStep {
    const NAME: &str = "cluster";
    match found {
        Ok(Identity { peers, .. }) if peers.is_empty() => CheckStep::ok(NAME, "a single bridge, in no cluster"),
        Ok(Identity { own: Some(own), peers }) if peers.contains(own) => {
            CheckStep::ok(NAME, format!("this is {own:?}, one of {} in its cluster", peers.len()))
        }
        Ok(Identity { own, peers }) => CheckStep::warn(
            NAME,
            format!(
                "the cluster has {} bridges, but this one ({:?}) is not among them",
                peers.len(),
                own.as_deref().unwrap_or("without a name")
            ),
            "Set the same unique name in Web Admin under Configuration > Cluster. Until then Usher finds participants hosted here by asking every bridge.",
        ),
        Err(error) => {
            CheckStep { outcome: super::CheckOutcome::Warn, ..request_failed(NAME, "the cluster's configuration", error, config) }
        }
    }
}

pub(super) fn token(result: &ApiResult, config: &BridgeConfig) -> CheckStep {
    match result {
        Ok(_) => CheckStep::ok("token", "the bridge gave a token for the events"),
        Err(RequestError::Gone(_) | RequestError::Refused { .. } | RequestError::Garbled(_)) => CheckStep::fail(
            "token",
            "the bridge gave no token for the events (POST /authTokens)",
            "CMS has events since about 2.4; upgrade the bridge. Until then Usher reads it by REST only: slower, with more load on it.",
        ),
        Err(error) => request_failed("token", "a token for the events", error, config),
    }
}

pub(super) fn receivers(error: &RequestError, config: &BridgeConfig) -> CheckStep {
    CheckStep { outcome: super::CheckOutcome::Warn, ..request_failed("cdr", "the list of CDR receivers", error, config) }
}

/// The step for a request that failed after the credentials had been accepted.
fn request_failed(name: &'static str, what: &str, error: &RequestError, config: &BridgeConfig) -> CheckStep {
    let user = &config.username;
    match error {
        RequestError::Unauthorized => CheckStep::fail(
            name,
            format!("{what} was refused to {user:?} as not logged in (401), after the same password had been accepted"),
            format!("No more requests are sent, since repeated 401s can lock the account. The role is likely wrong. {ROLE_ADVICE}"),
        ),
        RequestError::Forbidden => CheckStep::fail(name, format!("{what} is forbidden to {user:?} (403)"), ROLE_ADVICE),
        RequestError::Busy { .. } => busy(name),
        error => CheckStep::fail(
            name,
            format!("{what} could not be read: {error}"),
            "Look at the bridge: Web Admin > Logs > Event log. Then try again.",
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_connection_and_a_timeout_have_different_advice() {
        let advice = |kind: ErrorKind| no_connection(445, &kind.into()).advice.expect("advice");
        assert!(advice(ErrorKind::ConnectionRefused).contains("webadmin listen"));
        assert!(advice(ErrorKind::TimedOut).contains("firewall"));
    }

    #[test]
    fn an_unknown_version_is_no_failure() {
        assert_eq!(version(None).outcome, crate::check::CheckOutcome::Warn);
        assert_eq!(version(Some("2.8.1")).outcome, crate::check::CheckOutcome::Fail);
        assert_eq!(version(Some("3.9")).outcome, crate::check::CheckOutcome::Ok);
    }
}
