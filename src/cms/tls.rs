//! What makes a bridge's certificate believed, for REST and events alike. One rustls configuration per bridge.
//!
//! Real bridges often have self-signed, CN-only, CA-flagged or old certificates that rustls refuses even as a root: a fingerprint pin
//! accepts exactly that leaf, whatever its name, flags or dates. The handshake signature is checked in every mode.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::{ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};
use sha2::{Digest, Sha256};

use crate::config::Trust;

#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    #[error("the CA file {path} holds no usable certificate: {reason}")]
    CaFile { path: String, reason: String },
    #[error("this machine has no certificate authorities ({0}); set ca_file or fingerprint for the bridge")]
    NoSystemRoots(String),
    #[error("TLS cannot be set up: {0}")]
    Setup(#[from] rustls::Error),
}

/// The configuration for all connections to a bridge with this trust.
pub(crate) fn client_config(trust: &Trust) -> Result<ClientConfig, TrustError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let mut config = match trust {
        Trust::System => builder.with_root_certificates(system_roots()?).with_no_client_auth(),
        Trust::CaFile(path) => builder.with_root_certificates(file_roots(path)?).with_no_client_auth(),
        Trust::Fingerprint(pin) => own(builder, Believe::Leaf(*pin), provider),
        Trust::Insecure => own(builder, Believe::Anything, provider),
    };
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

fn own(
    builder: rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier>,
    believe: Believe,
    provider: Arc<CryptoProvider>,
) -> ClientConfig {
    builder.dangerous().with_custom_certificate_verifier(Arc::new(OwnVerifier { believe, provider })).with_no_client_auth()
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
    let error = |reason: String| TrustError::CaFile { path: path.display().to_string(), reason };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|e| error(e.to_string()))? {
        roots.add(certificate.map_err(|e| error(e.to_string()))?).map_err(|e| error(e.to_string()))?;
    }
    if roots.is_empty() { Err(error("no CERTIFICATE section".into())) } else { Ok(roots) }
}

/// Why a certificate was not believed, when that is what ended a connection.
pub(crate) fn mistrust(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(found) = error.downcast_ref() {
            return in_words(found);
        }
        // An IO error holds another one without calling it its source.
        let held = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        cause = held.map(|held| held as &(dyn std::error::Error + 'static)).or_else(|| error.source());
    }
    None
}

fn in_words(error: &rustls::Error) -> Option<String> {
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
struct OtherLeaf {
    found: String,
    pinned: String,
}

#[derive(Debug)]
enum Believe {
    Leaf([u8; 32]),
    Anything,
}

#[derive(Debug)]
struct OwnVerifier {
    believe: Believe,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for OwnVerifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _name: &ServerName<'_>,
        _ocsp: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match &self.believe {
            Believe::Anything => Ok(ServerCertVerified::assertion()),
            Believe::Leaf(pin) => {
                let found: [u8; 32] = Sha256::digest(leaf).into();
                if found == *pin {
                    return Ok(ServerCertVerified::assertion());
                }
                let other = OtherLeaf { found: hex::encode(found), pinned: hex::encode(pin) };
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
        verify_tls12_signature(message, leaf, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, leaf, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
