//! Decides whether to trust a bridge's certificate, for REST and events alike. One rustls configuration per bridge.
//!
//! Real bridges often have self-signed, CN-only, CA-flagged or old certificates that rustls refuses even as a root: a fingerprint pin
//! accepts exactly that leaf, whatever its name, flags or dates, and whatever a parser of certificates thinks of it. The handshake
//! signature is checked in every mode.

mod key;

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256};

use crate::config::Trust;
use crate::pem;
use key::PublicKey;
pub(crate) use key::unusable_key;

#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error("the CA file {path} holds no usable certificate: {reason}")]
    CaFile { path: String, reason: String },
    #[error("this machine has no certificate authorities ({0}); set ca_file or fingerprint for the bridge")]
    NoSystemRoots(String),
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// The TLS configuration for all connections to a bridge with this trust.
pub(crate) fn client_config(trust: &Trust) -> Result<ClientConfig, TrustError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let mut config = match trust {
        Trust::System => builder.with_root_certificates(system_roots()?).with_no_client_auth(),
        Trust::CaFile(path) => builder.with_root_certificates(file_roots(path)?).with_no_client_auth(),
        Trust::Fingerprint(pin) => with_leaf_verifier(builder, AcceptedLeaf::Pinned(*pin), provider),
        Trust::Insecure => with_leaf_verifier(builder, AcceptedLeaf::Any, provider),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn with_leaf_verifier(
    builder: rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>,
    accepted: AcceptedLeaf,
    provider: Arc<CryptoProvider>,
) -> ClientConfig {
    builder.dangerous().with_custom_certificate_verifier(Arc::new(LeafVerifier { accepted, provider })).with_no_client_auth()
}

fn system_roots() -> Result<RootCertStore, TrustError> {
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let reason = found.errors.first().map_or_else(|| "none found".into(), ToString::to_string);
        return Err(TrustError::NoSystemRoots(reason));
    }
    Ok(roots)
}

fn file_roots(path: &std::path::Path) -> Result<RootCertStore, TrustError> {
    let (roots, faults) = sections(path)?;
    if roots.is_empty() {
        let reason = if faults.is_empty() { "no CERTIFICATE section".into() } else { faults.join("; ") };
        return Err(TrustError::CaFile { path: path.display().to_string(), reason });
    }
    Ok(roots)
}

/// The unusable sections of a CA file, each in words; the other sections still count.
pub(crate) fn ca_faults(trust: &Trust) -> Vec<String> {
    match trust {
        Trust::CaFile(path) => sections(path).map(|(_, faults)| faults).unwrap_or_default(),
        Trust::System | Trust::Fingerprint(_) | Trust::Insecure => Vec::new(),
    }
}

fn sections(path: &std::path::Path) -> Result<(RootCertStore, Vec<String>), TrustError> {
    let file = std::fs::read(path).map_err(|error| TrustError::CaFile { path: path.display().to_string(), reason: error.to_string() })?;
    let (mut roots, mut faults) = (RootCertStore::empty(), Vec::new());
    for (n, section) in pem::certificates(&file).into_iter().enumerate() {
        let added = section.certificate.and_then(|certificate| roots.add(certificate).map_err(|error| error.to_string()));
        if let Err(reason) = added {
            faults.push(pem::in_words(n, section.line, &reason));
        }
    }
    Ok((roots, faults))
}

/// Why a handshake failed for lack of a common version, suite or key; None where it failed otherwise.
pub(crate) fn why_no_handshake(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    use rustls::AlertDescription as Alert;
    match rustls_error(error)? {
        rustls::Error::AlertReceived(Alert::HandshakeFailure | Alert::InsufficientSecurity) => Some(SUITES.into()),
        rustls::Error::AlertReceived(Alert::ProtocolVersion) => Some("no TLS version in common; Usher speaks TLS 1.2 and 1.3".into()),
        _ => None,
    }
}

/// The error of rustls among the causes of an error.
fn rustls_error<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a rustls::Error> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        // An IO error holds another error without naming it as its source.
        let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = held.map(|held| held as &(dyn std::error::Error + 'static)).or_else(|| error.source());
    }
    None
}

/// The suites and kinds of keys of which a bridge must have one.
pub(crate) const SUITES: &str = "no cipher suite or kind of key in common; of TLS 1.2 Usher speaks the suites ECDHE-ECDSA and ECDHE-RSA with \
    AES128-GCM-SHA256, AES256-GCM-SHA384 or CHACHA20-POLY1305 (no CBC, no DHE, no RSA key exchange), with RSA keys of 2048 to 8192 bits, \
    ECDSA keys on P-256 or P-384, or Ed25519 keys";

/// Why a certificate was not trusted; None where a connection failed otherwise.
pub(crate) fn why_not_trusted(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    rustls_error(error).and_then(describe)
}

fn describe(error: &rustls::Error) -> Option<String> {
    use rustls::CertificateError as Cause;
    let rustls::Error::InvalidCertificate(cause) = error else { return None };
    Some(match cause {
        Cause::Expired | Cause::ExpiredContext { .. } => "the certificate has expired".into(),
        Cause::NotValidYet | Cause::NotValidYetContext { .. } => "the certificate is not valid yet: compare the clocks".into(),
        Cause::NotValidForName | Cause::NotValidForNameContext { .. } => "the certificate is for another host".into(),
        Cause::UnknownIssuer => "the certificate is from no authority that is trusted here".into(),
        Cause::Other(other) => other.to_string(),
        other => format!("the certificate is not accepted: {other:?}"),
    })
}

/// The leaf is not the one that usher.toml names.
#[derive(Debug, thiserror::Error)]
#[error("the certificate's SHA-256 is {found}, the pinned fingerprint is {pinned}")]
struct WrongLeaf {
    found: String,
    pinned: String,
}

#[derive(Debug)]
enum AcceptedLeaf {
    Pinned([u8; 32]),
    Any,
}

#[derive(Debug)]
struct LeafVerifier {
    accepted: AcceptedLeaf,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for LeafVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.accepted {
            AcceptedLeaf::Any => Ok(ServerCertVerified::assertion()),
            AcceptedLeaf::Pinned(pin) => {
                let found: [u8; 32] = Sha256::digest(leaf).into();
                if found == *pin {
                    return Ok(ServerCertVerified::assertion());
                }
                let other = WrongLeaf { found: hex::encode(found), pinned: hex::encode(pin) };
                Err(rustls::CertificateError::Other(rustls::OtherError(Arc::new(other))).into())
            }
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify(message, leaf, signature)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        if !key::is_of_tls13(signature.scheme) {
            return Err(rustls::PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme.into());
        }
        self.verify(message, leaf, signature)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

impl LeafVerifier {
    fn verify(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let key = PublicKey::of(leaf).ok_or_else(|| key::unusable("no public key can be found in the certificate".into()))?;
        key.verify(message, signature, &self.provider.signature_verification_algorithms)?;
        Ok(HandshakeSignatureValid::assertion())
    }
}
