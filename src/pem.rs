//! Reads PEM files section by section, tolerating text around the sections, stray spaces and a byte order mark. A damaged certificate is
//! reported and does not affect the others.

use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

const BEGIN: &str = "-----BEGIN ";
const LABEL: &str = "CERTIFICATE";
const KEY: &str = "PRIVATE KEY";

/// A section that is, or should be, a certificate.
#[derive(Debug)]
pub(crate) struct Section {
    /// The line where it begins, counted from 1.
    pub line: usize,
    pub certificate: Result<CertificateDer<'static>, String>,
}

/// All sections that are, or should be, certificates; leaves out keys and everything else.
pub(crate) fn certificates(file: &[u8]) -> Vec<Section> {
    let text = text(file);
    let sections = sections(&text).filter_map(|(start, label, section)| {
        let certificate = match label {
            LABEL => read(section),
            label if label.contains(LABEL) && !label.contains("REQUEST") => Err(format!("it is a {label}, not a {LABEL}")),
            _ => return None,
        };
        Some(Section { line: text[..start].matches('\n').count() + 1, certificate })
    });
    sections.collect()
}

/// A sentence about each damaged certificate of a file.
pub(crate) fn faults(sections: &[Section]) -> Vec<String> {
    let fault = |(n, section): (usize, &Section)| section.certificate.as_ref().err().map(|reason| in_words(n, section.line, reason));
    sections.iter().enumerate().filter_map(fault).collect()
}

/// A sentence about a damaged certificate; `n` counts from 0.
pub(crate) fn in_words(n: usize, line: usize, reason: &str) -> String {
    format!("certificate {} (line {line}) can't be used: {reason}", n + 1)
}

/// The first readable private key, or why there is none.
pub(crate) fn key(file: &[u8]) -> Result<PrivateKeyDer<'static>, String> {
    let text = text(file);
    let mut reason = "it holds no PRIVATE KEY section".to_owned();
    for (_, label, section) in sections(&text).filter(|(_, label, _)| label.contains(KEY)) {
        if section.contains("ENCRYPTED") {
            reason = "the key is encrypted; take the password off, for instance by `openssl pkey`".into();
            continue;
        }
        match PrivateKeyDer::from_pem_slice(trimmed(section).as_bytes()) {
            Ok(key) => return Ok(key),
            Err(error) => reason = format!("{label}: {error}"),
        }
    }
    Err(reason)
}

/// The text of a file; some editors save UTF-16.
fn text(file: &[u8]) -> String {
    let wide = |unit: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = file[2..].chunks_exact(2).map(|pair| unit([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match file {
        [0xff, 0xfe, ..] => wide(u16::from_le_bytes),
        [0xfe, 0xff, ..] => wide(u16::from_be_bytes),
        _ => String::from_utf8_lossy(file).into_owned(),
    }
}

/// Each section: its offset, its label, and the text up to the next one.
fn sections(text: &str) -> impl Iterator<Item = (usize, &str, &str)> {
    let starts: Vec<usize> = text.match_indices(BEGIN).map(|(at, _)| at).collect();
    let ends: Vec<usize> = starts.iter().skip(1).copied().chain([text.len()]).collect();
    starts.into_iter().zip(ends).map(|(start, end)| {
        let section = &text[start..end];
        (start, section[BEGIN.len()..].split("-----").next().unwrap_or_default(), section)
    })
}

/// Removes empty lines and the spaces around lines, which mail and editors add.
fn trimmed(section: &str) -> String {
    let lines: Vec<&str> = section.lines().map(|line| line.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}')).collect();
    lines.into_iter().filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn read(section: &str) -> Result<CertificateDer<'static>, String> {
    let der = CertificateDer::from_pem_slice(trimmed(section).as_bytes()).map_err(|error| error.to_string())?;
    // Check that it is one whole SEQUENCE: a shorter one was cut off. Verification checks its content later.
    match x509_parser::der_parser::ber::parse_ber_any(&der) {
        Ok((rest, any)) if rest.is_empty() && any.header.tag().0 == 16 => Ok(der),
        _ => Err("it holds no complete certificate".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pem() -> String {
        let key = rcgen::KeyPair::generate().expect("key");
        rcgen::CertificateParams::default().self_signed(&key).expect("certificate").pem()
    }

    #[test]
    fn a_damaged_section_is_reported_and_does_not_affect_the_others() {
        let (one, two) = (pem(), pem());
        let lines = one.lines().count();
        let cut: String = one.lines().take(3).map(|line| format!("{line}\n")).collect();
        let short: String = one.lines().enumerate().filter(|(n, _)| *n != 2).map(|(_, line)| format!("{line}\n")).collect();
        for damaged in [
            one.replacen('M', "*", 1),
            cut,
            short,
            "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n".into(),
            one.replace("CERTIFICATE", "TRUSTED CERTIFICATE"),
            one.replace("END CERTIFICATE", "END"),
        ] {
            let file = format!("\u{feff}# ours\r\n{two}{damaged}{two}");
            let found = certificates(file.as_bytes());
            let good: Vec<bool> = found.iter().map(|section| section.certificate.is_ok()).collect();
            assert_eq!(good, [true, false, true], "{damaged}: {found:?}");
            assert_eq!((found[0].line, found[1].line), (2, 2 + lines), "{damaged}");
        }
    }

    #[test]
    fn keys_are_skipped_and_stray_spaces_are_accepted() {
        let file = format!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n{}", pem().replace('\n', " \r\n\r\n"));
        let found = certificates(file.as_bytes());
        assert!(found.len() == 1 && found[0].certificate.is_ok(), "{found:?}");
    }

    /// A file, and the forms that editors, mail and transfers give it.
    fn handled(pem: &str) -> Vec<Vec<u8>> {
        let utf16 = |units: fn(u16) -> [u8; 2], mark: [u8; 2]| [mark.to_vec(), pem.encode_utf16().flat_map(units).collect()].concat();
        vec![
            pem.into(),
            pem.replace('\n', "\r\n").into(),
            format!("\u{feff}{pem}").into(),
            format!("Bag Attributes\n    friendlyName: usher\n{pem}and more\n").into(),
            pem.lines().map(|line| format!("  {line}\t\n\n")).collect::<String>().into(),
            pem.trim_end().into(),
            utf16(u16::to_le_bytes, [0xff, 0xfe]),
            utf16(u16::to_be_bytes, [0xfe, 0xff]),
        ]
    }

    #[test]
    fn certificates_and_keys_are_read_however_the_file_was_handled() {
        let pair = rcgen::KeyPair::generate().expect("key");
        let certificate = rcgen::CertificateParams::default().self_signed(&pair).expect("certificate");
        for (n, file) in handled(&certificate.pem()).into_iter().enumerate() {
            let found = certificates(&file);
            assert!(found.len() == 1 && found[0].certificate.as_ref().is_ok_and(|der| der == certificate.der()), "{n}: {found:?}");
            assert!(key(&file).expect_err("no key").contains("no PRIVATE KEY"), "{n}");
        }
        for (n, file) in handled(&pair.serialize_pem()).into_iter().enumerate() {
            assert_eq!(key(&file).map(|key| key.secret_der().to_vec()), Ok(pair.serialize_der()), "{n}");
        }
        let both = format!(
            "{}-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n{}",
            certificate.pem(),
            pair.serialize_pem()
        );
        assert!(key(both.as_bytes()).is_ok() && certificates(both.as_bytes()).len() == 1);
    }

    #[test]
    fn an_unusable_key_is_reported_and_the_next_one_is_used() {
        let good = rcgen::KeyPair::generate().expect("key").serialize_pem();
        let cut: String = good.lines().take(2).map(|line| format!("{line}\n")).collect();
        let encrypted = "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
        let older =
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n";
        for bad in [&*cut, encrypted, older] {
            let reason = key(bad.as_bytes()).expect_err("no good");
            assert_eq!(reason.contains("encrypted"), bad != cut, "{reason}");
            assert!(key(format!("{bad}{good}").as_bytes()).is_ok(), "{bad}");
        }
    }
}
