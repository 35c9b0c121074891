//! Finds the public key of a certificate, whatever else is in it, and verifies signatures with it. Checks neither names nor dates nor issuers.
//!
//! Parsers of certificates refuse anything unknown (version 1, odd extensions, dates, serial numbers); for a pinned certificate only the
//! key matters.

use rustls::crypto::WebPkiSupportedAlgorithms;
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, PeerMisbehaved, SignatureScheme};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use std::sync::Arc;
use webpki::RawPublicKeyEntity;

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;
/// 1.2.840.113549.1.1.1, the plain RSA key.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
/// 1.2.840.113549.1.1.10, the same key for PSS only.
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x0a];
/// The algorithm of a plain RSA key, with the NULL that it must have.
const RSA_ALGORITHM: &[u8] = &[0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];

/// A key as it stands in a certificate.
pub(super) struct PublicKey<'a> {
    whole: &'a [u8],
    algorithm: &'a [u8],
    bits: &'a [u8],
}

impl<'a> PublicKey<'a> {
    /// Finds the one part of a certificate that is an algorithm followed by a string of bits, wherever it stands.
    pub(super) fn of(certificate: &'a [u8]) -> Option<Self> {
        let (SEQUENCE, outer, _, _) = element(certificate)? else { return None };
        let (SEQUENCE, mut rest, _, _) = element(outer)? else { return None };
        while let Some((tag, inner, whole, after)) = element(rest) {
            if tag == SEQUENCE
                && let Some((SEQUENCE, algorithm, _, next)) = element(inner)
                && let Some((OBJECT_ID, ..)) = element(algorithm)
                && let Some((BIT_STRING, bits, _, _)) = element(next)
            {
                return Some(Self { whole, algorithm, bits });
            }
            rest = after;
        }
        None
    }

    fn id(&self) -> &'a [u8] {
        element(self.algorithm).map_or(&[], |(_, id, _, _)| id)
    }

    fn is_rsa(&self) -> bool {
        self.id() == RSA || self.id() == RSA_PSS
    }

    /// The algorithm in the one spelling that the verification takes.
    fn spki(&self) -> SubjectPublicKeyInfoDer<'static> {
        if !self.is_rsa() {
            return SubjectPublicKeyInfoDer::from(self.whole.to_vec());
        }
        let content = [RSA_ALGORITHM, &tagged(BIT_STRING, self.bits)].concat();
        SubjectPublicKeyInfoDer::from(tagged(SEQUENCE, &content))
    }

    /// Verifies a signature that this key should have made.
    pub(super) fn verify(
        &self,
        message: &[u8],
        signed: &DigitallySignedStruct,
        algorithms: &WebPkiSupportedAlgorithms,
    ) -> Result<(), Error> {
        let found = algorithms.mapping.iter().find(|(scheme, _)| *scheme == signed.scheme);
        let (_, candidates) = found.ok_or(PeerMisbehaved::SignedHandshakeWithUnadvertisedSigScheme)?;
        let spki = self.spki();
        let key = RawPublicKeyEntity::try_from(&spki).map_err(|_| unusable(self.words()))?;
        if candidates.iter().any(|algorithm| key.verify_signature(*algorithm, message, signed.signature()).is_ok()) {
            return Ok(());
        }
        Err(if self.is_usable() { CertificateError::BadSignature.into() } else { unusable(self.words()) })
    }

    /// The number of bits of an RSA key's modulus.
    fn rsa_bits(&self) -> Option<usize> {
        let (SEQUENCE, numbers, _, _) = element(self.bits.get(1..)?)? else { return None };
        let (_, modulus, _, _) = element(numbers)?;
        let zeros = modulus.iter().take_while(|byte| **byte == 0).count();
        let top = modulus.get(zeros)?;
        Some((modulus.len() - zeros) * 8 - top.leading_zeros() as usize)
    }

    fn curve(&self) -> &'a [u8] {
        let after_id = element(self.algorithm).map_or(&[][..], |(_, _, _, after)| after);
        element(after_id).map_or(&[], |(_, curve, _, _)| curve)
    }

    /// The kind of key, in words.
    fn kind(&self) -> String {
        const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
        match self.id() {
            _ if self.is_rsa() => match self.rsa_bits() {
                Some(bits) => format!("an RSA key of {bits} bits"),
                None => "an RSA key that can't be read".into(),
            },
            EC => match self.curve() {
                [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07] => "an ECDSA key on P-256".into(),
                [0x2b, 0x81, 0x04, 0x00, 0x22] => "an ECDSA key on P-384".into(),
                [0x2b, 0x81, 0x04, 0x00, 0x23] => "an ECDSA key on P-521".into(),
                _ => "an ECDSA key on a curve that is not known".into(),
            },
            [0x2b, 0x65, 0x70] => "an Ed25519 key".into(),
            [0x2b, 0x65, 0x71] => "an Ed448 key".into(),
            [0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01] => "a DSA key".into(),
            _ => "a key of a kind that is not known".into(),
        }
    }

    pub(super) fn is_usable(&self) -> bool {
        match self.kind().as_str() {
            "an ECDSA key on P-256" | "an ECDSA key on P-384" | "an Ed25519 key" => true,
            _ => self.is_rsa() && self.rsa_bits().is_some_and(|bits| (2048..=8192).contains(&bits)),
        }
    }

    pub(super) fn words(&self) -> String {
        format!(
            "the certificate has {}; Usher can verify RSA keys of 2048 to 8192 bits, ECDSA keys on P-256 and P-384, and Ed25519 keys: make a certificate with one of these",
            self.kind()
        )
    }
}

/// Says why a certificate's key can't be used.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct UnusableKey(String);

pub(super) fn unusable(words: String) -> Error {
    CertificateError::Other(OtherError(Arc::new(UnusableKey(words)))).into()
}

/// Why a certificate's key can't be used; None where a handshake failed otherwise.
pub(crate) fn unusable_key(error: &Error) -> Option<String> {
    let Error::InvalidCertificate(CertificateError::Other(OtherError(other))) = error else { return None };
    other.downcast_ref().map(|UnusableKey(words)| words.clone())
}

/// Whether TLS 1.3 allows this scheme: it dropped PKCS #1 and SHA-1.
pub(super) fn is_of_tls13(scheme: SignatureScheme) -> bool {
    use SignatureScheme as S;
    !matches!(scheme, S::RSA_PKCS1_SHA1 | S::RSA_PKCS1_SHA256 | S::RSA_PKCS1_SHA384 | S::RSA_PKCS1_SHA512 | S::ECDSA_SHA1_Legacy)
}

/// An element of DER: its tag, its content, the whole element, and the bytes after it.
type DerElement<'a> = (u8, &'a [u8], &'a [u8], &'a [u8]);

/// Reads the first element of some DER.
fn element(der: &[u8]) -> Option<DerElement<'_>> {
    let (tag, first) = (*der.first()?, *der.get(1)?);
    let (head, length) = match first {
        0..=0x7f => (2, usize::from(first)),
        0x81..=0x84 => {
            let count = usize::from(first & 0x7f);
            (2 + count, der.get(2..2 + count)?.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)))
        }
        _ => return None,
    };
    let end = head.checked_add(length)?;
    Some((tag, der.get(head..end)?, der.get(..end)?, &der[end..]))
}

fn tagged(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let significant: Vec<u8> = length.iter().copied().skip_while(|byte| *byte == 0).collect();
    let mut out = vec![tag];
    if content.len() < 0x80 {
        out.push(content.len() as u8);
    } else {
        out.push(0x80 | significant.len() as u8);
        out.extend(significant);
    }
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_key_is_found_whatever_surrounds_it() {
        let key = rcgen::KeyPair::generate().expect("key");
        let good = rcgen::CertificateParams::default().self_signed(&key).expect("certificate");
        let found = PublicKey::of(good.der()).expect("a key");
        assert!(found.is_usable(), "{}", found.words());
        let spki = found.whole.to_vec();
        // Version 1: neither a version nor extensions; a serial number of 40 bytes, and dates that are none.
        let name = tagged(SEQUENCE, &[]);
        let dates = tagged(SEQUENCE, &[tagged(0x17, b"never"), tagged(0x18, b"99999")].concat());
        let parts = [tagged(0x02, &[0xff; 40]), tagged(SEQUENCE, &[]), name.clone(), dates, name, spki.clone()].concat();
        let odd = tagged(SEQUENCE, &tagged(SEQUENCE, &parts));
        assert_eq!(PublicKey::of(&odd).map(|key| key.whole.to_vec()), Some(spki.clone()));
        assert_eq!(PublicKey::of(&odd).expect("a key").spki().as_ref(), spki);
        assert!(PublicKey::of(b"").is_none() && PublicKey::of(&odd[..odd.len() / 2]).is_none());
    }

    #[test]
    fn a_key_that_is_too_short_is_named() {
        let modulus = [vec![0, 0xff], vec![1; 127]].concat();
        let numbers = tagged(SEQUENCE, &[tagged(0x02, &modulus), tagged(0x02, &[1, 0, 1])].concat());
        let spki = tagged(SEQUENCE, &[RSA_ALGORITHM, &tagged(BIT_STRING, &[vec![0], numbers].concat())].concat());
        let certificate = tagged(SEQUENCE, &tagged(SEQUENCE, &spki));
        let key = PublicKey::of(&certificate).expect("a key");
        assert!(!key.is_usable() && key.words().starts_with("the certificate has an RSA key of 1024 bits"), "{}", key.words());
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Some(key) = PublicKey::of(&bytes) {
                let _ = (key.words(), key.spki(), key.is_usable());
            }
        }
    }
}
