//! The server's certificate: read from its files, and again when they change. A broken new pair never replaces a good one.

use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use rustls::ServerConfig;

use crate::config::TlsFiles;
use crate::pem;

#[derive(Debug, thiserror::Error)]
pub enum CertificateError {
    #[error("cannot read {path}: {reason}")]
    Unreadable { path: std::path::PathBuf, reason: std::io::Error },
    #[error("{path} holds no certificate in PEM form (-----BEGIN CERTIFICATE-----){faults}")]
    NoCertificate { path: std::path::PathBuf, faults: UnusableSections },
    #[error("{path} holds no private key in PEM form that can be used: {reason}")]
    NoKey { path: std::path::PathBuf, reason: String },
    #[error("{cert} and {key} don't work together: {reason}")]
    Mismatch { cert: std::path::PathBuf, key: std::path::PathBuf, reason: String },
}

/// The unusable sections of the certificate's file, in words.
#[derive(Debug, Default)]
pub struct UnusableSections(Vec<String>);

impl std::fmt::Display for UnusableSections {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|fault| write!(f, "; {fault}"))
    }
}

/// Checks these files before a port is bound.
pub fn check_certificate(files: &TlsFiles) -> Result<(), CertificateError> {
    build(files, &read(files)?).map(drop)
}

/// A pair of files, the certificate in use, and the bytes that were read last.
pub(in crate::http) struct ServerCertificate {
    files: TlsFiles,
    seen: (Vec<u8>, Vec<u8>),
    pub(in crate::http) in_use: RustlsConfig,
}

impl ServerCertificate {
    pub(in crate::http) fn load(files: TlsFiles) -> Result<Self, CertificateError> {
        let seen = read(&files)?;
        let in_use = RustlsConfig::from_config(Arc::new(build(&files, &seen)?));
        warn_of_faults(&files, &seen.0);
        Ok(Self { files, seen, in_use })
    }

    /// Takes over a changed pair, or other files. An unusable new pair is logged once, and the old one stays in use.
    pub(in crate::http) fn reload(&mut self, files: &TlsFiles) {
        self.files.clone_from(files);
        let found = match read(&self.files) {
            Ok(found) => found,
            Err(error) => return tracing::warn!(%error, "certificate not read again; the old one stays in use"),
        };
        if found == self.seen {
            return;
        }
        match build(&self.files, &found) {
            Ok(config) => {
                self.in_use.reload_from_config(Arc::new(config));
                tracing::info!("certificate replaced");
                warn_of_faults(&self.files, &found.0);
                count("taken");
            }
            // Often only one of the two files has been replaced so far: the next reload finds both.
            Err(error) => {
                tracing::warn!(%error, "new certificate refused; the old one stays in use");
                count("refused");
            }
        }
        self.seen = found;
    }
}

/// Browsers may not trust an incomplete chain.
fn warn_of_faults(files: &TlsFiles, cert: &[u8]) {
    for fault in pem::faults(&pem::certificates(cert)) {
        tracing::warn!(path = %files.cert_file.display(), "{fault}; it is left out of the certificate's chain, without which browsers may not believe it");
    }
}

fn count(result: &'static str) {
    metrics::counter!("usher_certificates_total", "result" => result).increment(1);
}

fn read(files: &TlsFiles) -> Result<(Vec<u8>, Vec<u8>), CertificateError> {
    let read =
        |path: &std::path::Path| std::fs::read(path).map_err(|reason| CertificateError::Unreadable { path: path.to_owned(), reason });
    Ok((read(&files.cert_file)?, read(&files.key_file)?))
}

fn build(files: &TlsFiles, (cert, key): &(Vec<u8>, Vec<u8>)) -> Result<ServerConfig, CertificateError> {
    let sections = pem::certificates(cert);
    let faults = || UnusableSections(pem::faults(&sections));
    let chain: Vec<_> = sections.iter().filter_map(|section| section.certificate.clone().ok()).collect();
    if chain.is_empty() {
        return Err(CertificateError::NoCertificate { path: files.cert_file.clone(), faults: faults() });
    }
    let key = pem::key(key).map_err(|reason| CertificateError::NoKey { path: files.key_file.clone(), reason })?;
    let mismatch = |reason: rustls::Error| {
        let reason = format!("{reason}{}", faults());
        CertificateError::Mismatch { cert: files.cert_file.clone(), key: files.key_file.clone(), reason }
    };
    let mut config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(mismatch)?
        .with_no_client_auth()
        .with_single_cert(chain, key)
        .map_err(mismatch)?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}
