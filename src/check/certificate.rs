//! Explains why a bridge's certificate was not trusted, and what to do about it. Pure.

use rustls::CertificateError as Cause;
use rustls_pki_types::CertificateDer;
use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::report::CheckStep;
use crate::config::Trust;

const NAME: &str = "tls";
const DAY: i64 = 24 * 3600;
/// A certificate that is valid for less than this should be renewed now.
const SOON: i64 = 30 * DAY;
/// How to replace the certificate, with the commands of CMS's MMP.
const REPLACE: &str = "install it on the MMP with `webadmin certs <key> <certificate> <bundle>`, then `webadmin restart`";

/// The relevant fields of a leaf certificate; times in seconds of Unix time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct LeafCertificate {
    sha256: String,
    common_name: String,
    issuer: String,
    self_issued: bool,
    /// Its alternative names: host names and addresses.
    names: Vec<String>,
    not_before: i64,
    not_after: i64,
}

/// A certificate that was not trusted, with everything that explains why.
pub(super) struct RefusedCertificate<'a> {
    pub(super) cause: &'a rustls::Error,
    pub(super) certificate: &'a LeafCertificate,
    pub(super) trust: &'a Trust,
    pub(super) host: &'a str,
    pub(super) now: i64,
}

impl LeafCertificate {
    pub(super) fn read(der: &CertificateDer<'_>) -> Self {
        let sha256 = hex::encode(Sha256::digest(der));
        let Ok((_, parsed)) = X509Certificate::from_der(der) else { return Self { sha256, ..Self::default() } };
        let alternatives = parsed.subject_alternative_name().ok().flatten();
        let names = alternatives.map(|found| found.value.general_names.iter().filter_map(alternative_name).collect()).unwrap_or_default();
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

    fn has_only_common_name(&self) -> bool {
        self.names.is_empty()
    }
}

fn alternative_name(name: &GeneralName<'_>) -> Option<String> {
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

/// The step for a trusted certificate: why it is trusted, and until when.
pub(super) fn accepted(certificate: &LeafCertificate, trust: &Trust, now: i64) -> CheckStep {
    let until = day(certificate.not_after);
    match trust {
        Trust::Insecure => CheckStep::warn(
            NAME,
            "the certificate is not verified (insecure = true): anyone in between can read the password",
            format!("Compare the SHA-256 with the bridge's, and replace `insecure` in usher.toml with this line:\n{}", certificate.pin()),
        ),
        Trust::Fingerprint(_) => CheckStep::ok(NAME, format!("the certificate is the pinned one ({})", certificate.sha256)),
        Trust::System | Trust::CaFile(_) if certificate.not_after - now < SOON => {
            CheckStep::warn(NAME, format!("the certificate is trusted, but expires on {until}"), format!("Make a new one and {REPLACE}."))
        }
        Trust::System | Trust::CaFile(_) => CheckStep::ok(NAME, format!("the certificate is trusted, and valid until {until}")),
    }
}

/// The step for a certificate that was not trusted.
pub(super) fn refused(refused: &RefusedCertificate<'_>) -> CheckStep {
    let (found, advice) = match (refused.trust, refused.cause) {
        (Trust::Fingerprint(pin), _) if hex::encode(pin) != refused.certificate.sha256 => fingerprint(refused, &hex::encode(pin)),
        (_, rustls::Error::InvalidCertificate(cause)) => match cause {
            Cause::Expired | Cause::ExpiredContext { .. } => expired(refused),
            Cause::NotValidYet | Cause::NotValidYetContext { .. } => not_yet(refused),
            Cause::NotValidForName | Cause::NotValidForNameContext { .. } => wrong_name(refused),
            Cause::UnknownIssuer if refused.certificate.self_issued => self_signed(refused),
            Cause::UnknownIssuer => unknown_issuer(refused),
            _ if refused.certificate.self_issued => self_signed(refused),
            _ => (format!("the certificate is not trusted: {}", refused.cause), pin_instead(refused, "Or p")),
        },
        _ => (format!("the handshake failed: {}", refused.cause), pin_instead(refused, "P")),
    };
    CheckStep::fail(NAME, found, advice)
}

fn fingerprint(refused: &RefusedCertificate<'_>, pinned: &str) -> (String, String) {
    (
        format!("the certificate's SHA-256 is {}, usher.toml has {pinned}", refused.certificate.sha256),
        format!(
            "If the bridge's certificate was renewed, put this line into its [[bridge]] section in usher.toml:\n{}\n\
             If it was not, someone else answers at this address: change nothing, and find out who.",
            refused.certificate.pin()
        ),
    )
}

fn expired(refused: &RefusedCertificate<'_>) -> (String, String) {
    (
        format!("the certificate expired on {} (today is {})", day(refused.certificate.not_after), day(refused.now)),
        format!("Make a new certificate for the bridge and {REPLACE}.\n{}", pin_instead(refused, "Until then, p")),
    )
}

fn not_yet(refused: &RefusedCertificate<'_>) -> (String, String) {
    (
        format!("the certificate is not valid before {} (today is {})", day(refused.certificate.not_before), day(refused.now)),
        format!("Set the clock of this machine, or of the one that made the certificate.\n{}", pin_instead(refused, "Until then, p")),
    )
}

fn wrong_name(refused: &RefusedCertificate<'_>) -> (String, String) {
    let host = refused.host;
    if refused.certificate.has_only_common_name() {
        return (
            format!(
                "the certificate has only the common name {:?} and no alternative names; a common name counts for no host",
                refused.certificate.common_name
            ),
            format!(
                "{}\nOr make a certificate with {host} as an alternative name (`pki csr` ... `subjectAltName:{host}`) and {REPLACE}.",
                pin_instead(refused, "P")
            ),
        );
    }
    let names = refused.certificate.names.join(", ");
    (
        format!("the certificate is for {names}, not for {host}"),
        format!(
            "Use one of these names as the host in `url` in usher.toml, if it leads to this bridge.\n\
             Or make a certificate that has {host} too and {REPLACE}.\n{}",
            pin_instead(refused, "Or p")
        ),
    )
}

fn self_signed(refused: &RefusedCertificate<'_>) -> (String, String) {
    let names = match refused.certificate.has_only_common_name() {
        true => format!(" and has only the common name {:?}", refused.certificate.common_name),
        false => String::new(),
    };
    (
        format!("the certificate is self-signed{names}; no authority vouches for it"),
        format!("{}\nOr make a certificate from an authority and {REPLACE}.", pin_instead(refused, "P")),
    )
}

fn unknown_issuer(refused: &RefusedCertificate<'_>) -> (String, String) {
    let (place, advice) = match refused.trust {
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
        format!("the certificate is from {:?}, which is not {place}", refused.certificate.issuer),
        format!("{advice}\n{}", pin_instead(refused, "Or p")),
    )
}

/// Advice to pin this certificate, with the line for usher.toml; `start` is the beginning of the sentence.
fn pin_instead(refused: &RefusedCertificate<'_>, start: &str) -> String {
    let instead = if matches!(refused.trust, Trust::CaFile(_)) { " instead of `ca_file`" } else { "" };
    format!(
        "{start}in this certificate in the bridge's section in usher.toml{instead}, after comparing the SHA-256 with the bridge's:\n{}",
        refused.certificate.pin()
    )
}

fn day(unix: i64) -> String {
    time::OffsetDateTime::from_unix_timestamp(unix).map_or_else(|_| "an impossible date".into(), |at| at.date().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(cause: Cause, certificate: &LeafCertificate) -> CheckStep {
        let cause = rustls::Error::InvalidCertificate(cause);
        refused(&RefusedCertificate { cause: &cause, certificate, trust: &Trust::System, host: "cms.example.org", now: 1_700_000_000 })
    }

    #[test]
    fn the_advice_for_a_certificate_from_the_future_is_to_set_the_clock() {
        let certificate = LeafCertificate { not_before: 1_800_000_000, ..LeafCertificate::default() };
        let step = step(Cause::NotValidYet, &certificate);
        assert_eq!(step.found, "the certificate is not valid before 2027-01-15 (today is 2023-11-14)");
        assert!(step.advice.expect("advice").starts_with("Set the clock"));
    }

    #[test]
    fn a_certificate_that_expires_soon_is_a_warning() {
        let certificate = LeafCertificate { not_after: 1_700_000_000 + 10 * DAY, ..LeafCertificate::default() };
        assert_eq!(accepted(&certificate, &Trust::System, 1_700_000_000).outcome, super::super::CheckOutcome::Warn);
        assert_eq!(accepted(&certificate, &Trust::System, 1_600_000_000).outcome, super::super::CheckOutcome::Ok);
    }

    #[test]
    fn another_cause_is_reported_as_it_is_with_the_pin() {
        let certificate = LeafCertificate { sha256: "ab".into(), ..LeafCertificate::default() };
        let step = step(Cause::BadSignature, &certificate);
        assert!(step.found.contains("BadSignature"), "{}", step.found);
        assert!(step.advice.expect("advice").contains("fingerprint = \"ab\""));
    }
}
