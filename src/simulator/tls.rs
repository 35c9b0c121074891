//! Certificates of the simulated bridges: a CA and leaves made at start; it opens no socket.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::options::TlsMode;

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot make the simulator's certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("cannot use the simulator's certificate: {0}")]
    Config(#[from] rustls::Error),
}

/// What the bridges show and what a client may trust.
pub(crate) struct Identity {
    pub(crate) config: Arc<ServerConfig>,
    /// The CA, or the self-signed certificate itself.
    pub(crate) trust_pem: String,
}

/// `None` when TLS is off.
pub(crate) fn identity(mode: TlsMode, host: Option<&str>) -> Result<Option<Identity>, TlsError> {
    match mode {
        TlsMode::Off => Ok(None),
        TlsMode::SelfSigned => self_signed().map(Some),
        mode => from_ca(mode, host).map(Some),
    }
}

/// A common name and no alternative names, the way many bridges are installed.
fn self_signed() -> Result<Identity, TlsError> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "cms.example.org");
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let config = server_config(vec![certificate.der().clone()], &key)?;
    Ok(Identity { config, trust_pem: certificate.pem() })
}

fn from_ca(mode: TlsMode, host: Option<&str>) -> Result<Identity, TlsError> {
    let mut ca = CertificateParams::default();
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    ca.distinguished_name.push(DnType::CommonName, "Simulated CMS cluster CA");
    let ca_key = KeyPair::generate()?;
    let ca_certificate = ca.self_signed(&ca_key)?;
    let issuer = Issuer::new(ca, ca_key);

    let mut names = match mode {
        TlsMode::WrongHost => vec!["elsewhere.example.org".to_owned()],
        _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()],
    };
    if mode != TlsMode::WrongHost {
        names.extend(host.map(str::to_owned));
    }
    let mut leaf = CertificateParams::new(names)?;
    leaf.distinguished_name.push(DnType::CommonName, "simulated-cms");
    if mode == TlsMode::Expired {
        leaf.not_before = date_time_ymd(2020, 1, 1);
        leaf.not_after = date_time_ymd(2021, 1, 1);
    }
    let key = KeyPair::generate()?;
    let certificate = leaf.signed_by(&key, &issuer)?;
    let config = server_config(vec![certificate.der().clone()], &key)?;
    Ok(Identity { config, trust_pem: ca_certificate.pem() })
}

fn server_config(chain: Vec<rustls_pki_types::CertificateDer<'static>>, key: &KeyPair) -> Result<Arc<ServerConfig>, TlsError> {
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, key)?;
    // CMS speaks HTTP/1.1 only.
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}
