//! Certificates of a PEM file, section by section: a damaged one costs none of the others, and is named.

use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

const BEGIN: &str = "-----BEGIN ";
const LABEL: &str = "CERTIFICATE";

/// One section that is or should be a certificate.
#[derive(Debug)]
pub(crate) struct Section {
    /// Where it begins, counted from 1.
    pub line: usize,
    pub certificate: Result<CertificateDer<'static>, String>,
}

/// All sections that are certificates or look as if they should be; keys and anything else are left out.
pub(crate) fn certificates(file: &[u8]) -> Vec<Section> {
    let text = String::from_utf8_lossy(file);
    let starts: Vec<usize> = text.match_indices(BEGIN).map(|(at, _)| at).collect();
    let ends = starts.iter().skip(1).copied().chain([text.len()]);
    let sections = starts.iter().zip(ends).filter_map(|(start, end)| {
        let section = &text[*start..end];
        let label = section[BEGIN.len()..].split("-----").next().unwrap_or_default();
        let certificate = match label {
            LABEL => read(section),
            label if label.contains(LABEL) && !label.contains("REQUEST") => Err(format!("it is a {label}, not a {LABEL}")),
            _ => return None,
        };
        Some(Section { line: text[..*start].matches('\n').count() + 1, certificate })
    });
    sections.collect()
}

fn read(section: &str) -> Result<CertificateDer<'static>, String> {
    // Blanks at the ends of lines come from mail and editors.
    let trimmed: Vec<&str> = section.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let der = CertificateDer::from_pem_slice(trimmed.join("\n").as_bytes()).map_err(|error| error.to_string())?;
    // One whole SEQUENCE: what is shorter was cut off, what it holds is judged by whoever believes it.
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
    fn a_damaged_section_costs_none_of_the_others_and_is_named() {
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
    fn keys_are_no_certificates_and_blanks_do_no_harm() {
        let file = format!("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n{}", pem().replace('\n', " \r\n\r\n"));
        let found = certificates(file.as_bytes());
        assert!(found.len() == 1 && found[0].certificate.is_ok(), "{found:?}");
    }
}
