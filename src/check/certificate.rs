//! What a bridge's certificate says, why it was not believed, and what to do about it. Does no IO and takes no clock.

use rustls::CertificateError as Cause;
use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::report::Step;
use crate::config::Trust;

const NAME: &str = "tls";
const DAY: i64 = 24 * 3600;
/// Less than this and somebody should renew it now.
const SOON: i64 = 30 * DAY;
/// How a certificate is replaced on CMS, in the words of its MMP.
const REPLACE: &str = "install it on the MMP with `webadmin certs <key> <certificate> <bundle>`, then `webadmin restart`";

/// What matters of a leaf certificate; times in seconds of Unix time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Certificate {
    sha256: String,
    common_name: String,
    issuer: String,
    self_issued: bool,
    /// Host names and addresses it was made for.
    names: Vec<String>,
    not_before: i64,
    not_after: i64,
}

/// A certificate that was not believed, and all that is needed to say why.
pub(super) struct Seen<'a> {
    pub(super) cause: &'a rustls::Error,
    pub(super) certificate: &'a Certificate,
    pub(super) trust: &'a Trust,
    pub(super) host: &'a str,
    pub(super) now: i64,
}

impl Certificate {
    pub(super) fn read(der: &CertificateDer<'_>) -> Self {
        let sha256 = hex::encode(Sha256::digest(der));
        let Ok((_, parsed)) = X509Certificate::from_der(der) else { return Self { sha256, ..Self::default() } };
        let alternatives = parsed.subject_alternative_name().ok().flatten();
        let names = alternatives.map(|found| found.value.general_names.iter().filter_map(name).collect()).unwrap_or_default();
        Self {
            sha256,
            common_name: parsed.subject().iter_common_name().filter_map(|cn| cn.as_str().ok()).collect::<Vec<_>>().join(", "),
            issuer: parsed.issuer().to_string(),
            self_issued: parsed.subject().as_raw() == parsed.issuer().as_raw(),
            names,
            not_before: parsed.validity().not_before.timestamp(),
            not_after: parsed.validity().not_after.timestamp(),
        }
    }

    fn pin(&self) -> String {
        format!("fingerprint = \"{}\"", self.sha256)
    }

    fn common_name_only(&self) -> bool {
        self.names.is_empty()
    }
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(name) => Some((*name).to_owned()),
        GeneralName::IPAddress(bytes) => match bytes.len() {
            4 => <[u8; 4]>::try_from(*bytes).ok().map(|b| std::net::Ipv4Addr::from(b).to_string()),
            16 => <[u8; 16]>::try_from(*bytes).ok().map(|b| std::net::Ipv6Addr::from(b).to_string()),
            _ => None,
        },
        _ => None,
    }
}

/// A believed certificate: until when, and by what.
pub(super) fn accepted(certificate: &Certificate, trust: &Trust, now: i64) -> Step {
    let until = day(certificate.not_after);
    match trust {
        Trust::Insecure => Step::warn(
            NAME,
            "the certificate is not checked (insecure = true): anybody on the way can read the password",
            format!("Compare the SHA-256 with the bridge's, and replace `insecure` in usher.toml by this line:\n{}", certificate.pin()),
        ),
        Trust::Fingerprint(_) => Step::ok(NAME, format!("the certificate is the pinned one ({})", certificate.sha256)),
        Trust::System | Trust::CaFile(_) if certificate.not_after - now < SOON => {
            Step::warn(NAME, format!("the certificate is believed, but ends on {until}"), format!("Make a new one and {REPLACE}."))
        }
        Trust::System | Trust::CaFile(_) => Step::ok(NAME, format!("the certificate is believed, until {until}")),
    }
}

/// A certificate that was not believed.
pub(super) fn refused(seen: &Seen<'_>) -> Step {
    let (found, advice) = match (seen.trust, seen.cause) {
        (Trust::Fingerprint(pin), _) if hex::encode(pin) != seen.certificate.sha256 => fingerprint(seen, &hex::encode(pin)),
        (_, rustls::Error::InvalidCertificate(cause)) => match cause {
            Cause::Expired | Cause::ExpiredContext { .. } => expired(seen),
            Cause::NotValidYet | Cause::NotValidYetContext { .. } => not_yet(seen),
            Cause::NotValidForName | Cause::NotValidForNameContext { .. } => wrong_name(seen),
            Cause::UnknownIssuer if seen.certificate.self_issued => self_signed(seen),
            Cause::UnknownIssuer => unknown_issuer(seen),
            _ if seen.certificate.self_issued => self_signed(seen),
            _ => (format!("the certificate is not believed: {}", seen.cause), pin_instead(seen, "Or p")),
        },
        _ => (format!("the handshake failed: {}", seen.cause), pin_instead(seen, "P")),
    };
    Step::fail(NAME, found, advice)
}

fn fingerprint(seen: &Seen<'_>, pinned: &str) -> (String, String) {
    (
        format!("the certificate's SHA-256 is {}, usher.toml has {pinned}", seen.certificate.sha256),
        format!(
            "If the bridge's certificate was renewed, put this line into its [[bridge]] section in usher.toml:\n{}\n\
             If it was not, somebody else answers under this address: change nothing and find out who.",
            seen.certificate.pin()
        ),
    )
}

fn expired(seen: &Seen<'_>) -> (String, String) {
    (
        format!("the certificate has expired on {} (today is {})", day(seen.certificate.not_after), day(seen.now)),
        format!("Make a new certificate for the bridge and {REPLACE}.\n{}", pin_instead(seen, "Until then, p")),
    )
}

fn not_yet(seen: &Seen<'_>) -> (String, String) {
    (
        format!("the certificate is not valid before {} (today is {})", day(seen.certificate.not_before), day(seen.now)),
        format!("Set the clock of this machine, or of the one that made the certificate.\n{}", pin_instead(seen, "Until then, p")),
    )
}

fn wrong_name(seen: &Seen<'_>) -> (String, String) {
    let host = seen.host;
    if seen.certificate.common_name_only() {
        return (
            format!(
                "the certificate has only the common name {:?} and no alternative names; a common name counts for no host",
                seen.certificate.common_name
            ),
            format!(
                "{}\nOr make a certificate with {host} as an alternative name (`pki csr` ... `subjectAltName:{host}`) and {REPLACE}.",
                pin_instead(seen, "P")
            ),
        );
    }
    let names = seen.certificate.names.join(", ");
    (
        format!("the certificate is for {names}, not for {host}"),
        format!(
            "Use one of these names as the host in `url` in usher.toml, if it leads to this bridge.\n\
             Or make a certificate that has {host} too and {REPLACE}.\n{}",
            pin_instead(seen, "Or p")
        ),
    )
}

fn self_signed(seen: &Seen<'_>) -> (String, String) {
    let names = match seen.certificate.common_name_only() {
        true => format!(" and has only the common name {:?}", seen.certificate.common_name),
        false => String::new(),
    };
    (
        format!("the certificate is self-signed{names}; no authority vouches for it"),
        format!("{}\nOr make a certificate from an authority and {REPLACE}.", pin_instead(seen, "P")),
    )
}

fn unknown_issuer(seen: &Seen<'_>) -> (String, String) {
    let (place, advice) = match seen.trust {
        Trust::CaFile(path) => (
            format!("in {} (ca_file)", path.display()),
            "Is it the right file? If it is: does the bridge send the certificates in between? On the MMP, `webadmin` must show a CA bundle.",
        ),
        _ => (
            "among the authorities of this machine".into(),
            "Get the authority's certificate as a PEM file and name it in the bridge's section in usher.toml: ca_file = \"<file>.pem\"",
        ),
    };
    (
        format!("the certificate is from {:?}, which is not {place}", seen.certificate.issuer),
        format!("{advice}\n{}", pin_instead(seen, "Or p")),
    )
}

/// The line that makes Usher believe exactly this certificate; `start` is how the sentence begins.
fn pin_instead(seen: &Seen<'_>, start: &str) -> String {
    let instead = if matches!(seen.trust, Trust::CaFile(_)) { " instead of `ca_file`" } else { "" };
    format!(
        "{start}in this certificate in the bridge's section in usher.toml{instead}, after comparing the SHA-256 with the bridge's:\n{}",
        seen.certificate.pin()
    )
}

fn day(unix: i64) -> String {
    time::OffsetDateTime::from_unix_timestamp(unix).map_or_else(|_| "an impossible date".into(), |at| at.date().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(cause: Cause, certificate: &Certificate) -> Step {
        let cause = rustls::Error::InvalidCertificate(cause);
        refused(&Seen { cause: &cause, certificate, trust: &Trust::System, host: "cms.example.org", now: 1_700_000_000 })
    }

    #[test]
    fn a_certificate_from_the_future_points_at_the_clock() {
        let certificate = Certificate { not_before: 1_800_000_000, ..Certificate::default() };
        let step = step(Cause::NotValidYet, &certificate);
        assert_eq!(step.found, "the certificate is not valid before 2027-01-15 (today is 2023-11-14)");
        assert!(step.advice.expect("advice").starts_with("Set the clock"));
    }

    #[test]
    fn a_certificate_that_ends_soon_is_a_warning() {
        let certificate = Certificate { not_after: 1_700_000_000 + 10 * DAY, ..Certificate::default() };
        assert_eq!(accepted(&certificate, &Trust::System, 1_700_000_000).outcome, super::super::Outcome::Warn);
        assert_eq!(accepted(&certificate, &Trust::System, 1_600_000_000).outcome, super::super::Outcome::Ok);
    }

    #[test]
    fn an_odd_refusal_is_said_in_its_own_words_with_the_pin() {
        let certificate = Certificate { sha256: "ab".into(), ..Certificate::default() };
        let step = step(Cause::BadSignature, &certificate);
        assert!(step.found.contains("BadSignature"), "{}", step.found);
        assert!(step.advice.expect("advice").contains("fingerprint = \"ab\""));
    }
}
