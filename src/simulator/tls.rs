//! Certificates of the simulated bridges, valid and invalid ones, all made at start. It opens no socket.

use std::collections::HashMap;
use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose, date_time_ymd};
use rustls::ServerConfig;
use rustls_pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use sha2::{Digest, Sha256};
use tokio_rustls::TlsAcceptor;

use super::options::TlsMode;
use super::switches::Certificate;

#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    #[error("cannot make the simulator's certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    #[error("cannot use the simulator's certificate: {0}")]
    Config(#[from] rustls::Error),
}

/// The certificate of the bridges and the certificate that clients must trust.
pub(crate) struct Identity {
    by_certificate: HashMap<Certificate, TlsAcceptor>,
    /// The CA, or the self-signed certificate itself.
    pub(crate) trust_pem: String,
    /// SHA-256 of the leaf that the bridges show at the start.
    pub(crate) fingerprint: [u8; 32],
}

impl Identity {
    /// The acceptor for a connection to a bridge that shows this certificate.
    pub(crate) fn acceptor(&self, certificate: Certificate) -> Option<TlsAcceptor> {
        self.by_certificate.get(&certificate).cloned()
    }
}

/// A leaf with its key, and the certificate that a client must trust to accept it.
struct Leaf {
    certificate: rcgen::Certificate,
    key: KeyPair,
    trust_pem: String,
}

/// `None` when TLS is off.
pub(crate) fn identity(mode: TlsMode, host: Option<&str>) -> Result<Option<Identity>, TlsError> {
    let started = match mode {
        TlsMode::Off => return Ok(None),
        TlsMode::Ca => Certificate::AsStarted,
        TlsMode::SelfSigned => Certificate::SelfSigned,
        TlsMode::Expired => Certificate::Expired,
        TlsMode::WrongHost => Certificate::WrongHost,
    };
    let authority = Authority::new("Simulated CMS cluster CA")?;
    let leaf = |certificate| match certificate {
        Certificate::SelfSigned => self_signed(),
        Certificate::OtherCa => Authority::new("Another CA")?.leaf(certificate, host),
        own => authority.leaf(own, host),
    };
    let first = leaf(started)?;
    let mut by_certificate = HashMap::from([(Certificate::AsStarted, first.acceptor()?)]);
    for other in [Certificate::OtherCa, Certificate::Expired, Certificate::WrongHost, Certificate::SelfSigned] {
        by_certificate.insert(other, leaf(other)?.acceptor()?);
    }
    let fingerprint = Sha256::digest(first.certificate.der()).into();
    Ok(Some(Identity { by_certificate, trust_pem: first.trust_pem, fingerprint }))
}

/// A certificate with a common name and no alternative names, as on many real bridges.
fn self_signed() -> Result<Leaf, TlsError> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "cms.example.org");
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    Ok(Leaf { trust_pem: certificate.pem(), certificate, key })
}

struct Authority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new(name: &str) -> Result<Self, TlsError> {
        let mut ca = CertificateParams::default();
        ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        ca.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate()?;
        let pem = ca.self_signed(&key)?.pem();
        Ok(Self { pem, issuer: Issuer::new(ca, key) })
    }

    fn leaf(&self, certificate: Certificate, host: Option<&str>) -> Result<Leaf, TlsError> {
        let mut names = match certificate {
            Certificate::WrongHost => vec!["elsewhere.example.org".to_owned()],
            _ => vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()],
        };
        if certificate != Certificate::WrongHost {
            names.extend(host.map(str::to_owned));
        }
        let mut leaf = CertificateParams::new(names)?;
        leaf.distinguished_name.push(DnType::CommonName, "simulated-cms");
        if certificate == Certificate::Expired {
            leaf.not_before = date_time_ymd(2020, 1, 1);
            leaf.not_after = date_time_ymd(2021, 1, 1);
        }
        let key = KeyPair::generate()?;
        Ok(Leaf { certificate: leaf.signed_by(&key, &self.issuer)?, key, trust_pem: self.pem.clone() })
    }
}

impl Leaf {
    fn acceptor(&self) -> Result<TlsAcceptor, TlsError> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.der().clone()], key)?;
        // CMS speaks HTTP/1.1 only.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(TlsAcceptor::from(Arc::new(config)))
    }
}
