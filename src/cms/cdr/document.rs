//! Reads one POST of a bridge as records. Tolerant like `rest::xml`: it ignores unknown types, elements and attributes (cdr.md section 3),
//! and a record that can't be read costs none of the others.

use std::sync::Arc;

use crate::cms::rest::xml::{Element, XmlError};
use crate::cms::wire_text;
use crate::model::{CallId, LegId};

/// Records of one session of one bridge, in their order.
#[derive(Debug, PartialEq)]
pub(in crate::cms) struct Document {
    /// Changes whenever the Call Bridge starts.
    pub session: Arc<str>,
    pub records: Vec<Record>,
    /// Records without a readable `correlatorIndex`, which alone says whether they are new.
    pub unreadable: usize,
}

#[derive(Debug, PartialEq)]
pub(in crate::cms) struct Record {
    /// Counts the records of a session from 0, over all receivers.
    pub index: u64,
    /// The bridge threw away this many records just before this one.
    pub missing: u64,
    /// None for recordings, streams and types that are not known.
    pub subject: Option<RecordSubject>,
}

/// The call or leg that a record is about.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cms) enum RecordSubject {
    Call(CallId),
    /// `waiting`: the record's claim about the lobby; None where it claims nothing (cdr.md section 3.4).
    Leg {
        leg: LegId,
        waiting: Option<bool>,
        connected: bool,
    },
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(in crate::cms) enum DocumentError {
    #[error(transparent)]
    Xml(#[from] XmlError),
    #[error("expected <records>, got <{0}>")]
    Other(String),
    #[error("expected the attribute session of <records>, got none")]
    NoSession,
}

/// No real record has a larger index. A larger one would make all records after it look old.
const LARGEST_INDEX: u64 = 1 << 48;

impl Document {
    /// Reads all documents of one body, in their order. One that can't be read costs none of the others.
    pub(in crate::cms) fn read(body: &[u8]) -> Result<Vec<Self>, DocumentError> {
        let roots = Element::parse_all(&String::from_utf8_lossy(body))?;
        let mut refused = None;
        let mut documents = Vec::new();
        for root in roots {
            match Self::of(root) {
                Ok(document) => documents.push(document),
                Err(error) => refused = Some(error),
            }
        }
        refused.filter(|_| documents.is_empty()).map_or(Ok(documents), Err)
    }

    fn of(root: Element) -> Result<Self, DocumentError> {
        if !root.is("records") {
            return Err(DocumentError::Other(root.name));
        }
        let session =
            root.attribute("session").filter(|id| wire_text::is_id(id)).ok_or(DocumentError::NoSession)?.to_ascii_lowercase().into();
        let records: Vec<Record> = root.children("record").filter_map(record).collect();
        let unreadable = root.children("record").count() - records.len() + usize::from(root.damaged);
        Ok(Self { session, records, unreadable })
    }
}

fn record(element: &Element) -> Option<Record> {
    let number = |name: &str| element.attribute(name).and_then(wire_text::count).filter(|number| *number <= LARGEST_INDEX);
    Some(Record {
        index: number("correlatorIndex")?,
        // The first spelling is that of the guide.
        missing: number("numPreceedingRecordsMissing").or_else(|| number("numPrecedingRecordsMissing")).unwrap_or(0),
        subject: subject(element),
    })
}

fn subject(record: &Element) -> Option<RecordSubject> {
    let id = |element: &Element| element.attribute("id").filter(|id| wire_text::is_id(id)).map(|id| Arc::from(id.to_ascii_lowercase()));
    if let Some(leg) = record.child("callLeg") {
        let connected = leg.value("state").is_some_and(|state| state.eq_ignore_ascii_case("connected"));
        return Some(RecordSubject::Leg { leg: id(leg)?, waiting: leg.flag("deactivated").filter(|_| connected), connected });
    }
    record.child("call").and_then(id).map(RecordSubject::Call)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_in_any_form() {
        let body = br#"
            <records session="S1" callBridge="b">

              <record type="callLegUpdate" time="2026-01-15T09:00:07Z" recordIndex="12" correlatorIndex="41" odd="1">
                <callLeg id="LEG"><unknown/><state>connected</state><deactivated>1</deactivated></callLeg>
              </record>
              <record type="callLegUpdate" correlatorIndex="42"><callLeg id="leg"><ivr/><deactivated>true</deactivated></callLeg></record>
              <record type="callStart" correlatorIndex="43" numPreceedingRecordsMissing="7"><call id="c"><name/></call></record>
              <record type="recordingStart" correlatorIndex="44"><recording id="r"/></record>
              <record type="callEnd"><call id="c"/></record>
            </records>"#;
        let leg = |waiting, connected| Some(RecordSubject::Leg { leg: "leg".into(), waiting, connected });
        let record = |index, missing, subject| Record { index, missing, subject };
        assert_eq!(
            Document::read(body).expect("records"),
            [Document {
                session: "s1".into(),
                records: vec![
                    record(41, 0, leg(Some(true), true)),
                    // Not connected: no statement.
                    record(42, 0, leg(None, false)),
                    record(43, 7, Some(RecordSubject::Call("c".into()))),
                    record(44, 0, None),
                ],
                unreadable: 1,
            }]
        );
    }

    fn indexes(body: &str) -> Vec<(String, Vec<u64>)> {
        let documents = Document::read(body.as_bytes()).unwrap_or_else(|error| panic!("{body}: {error}"));
        documents.into_iter().map(|document| (document.session.to_string(), document.records.iter().map(|r| r.index).collect())).collect()
    }

    #[test]
    fn a_bad_record_costs_none_of_the_others() {
        let around = |bad: &str| {
            format!(
                "<records session=\"s\"><record correlatorIndex=\"1\"><call id=\"a\"><name>A</name></call></record>{bad}\
                 <record correlatorIndex=\"3\"><call id=\"c\"><name>C</name></call></record></records>"
            )
        };
        for bad in [
            "<record correlatorIndex=\"2\"><call id=\"b\"><name>&#55357;&nbsp;</name></call></record>",
            "<record correlatorIndex=\"2\"><call id=\"b\"><name>a < b & c</name></call></record>",
            "<record correlatorIndex=\"2\"><call id=\"b\"><name>B</record>",
            "<record correlatorIndex=\"2\"><call id=\"b\"><name>B",
            "<record correlatorIndex=\"2><call id=\"b\"></call></record>",
            "<record correlatorIndex=\"99999999999999999999\"><call id=\"b\"></call></record>",
            "<record correlatorIndex=\"18446744073709551615\"><call id=\"b\"></call></record>",
            "<record correlatorIndex=\"-2\"></record>",
            "<record",
            "\0\u{fffd}",
        ] {
            let found = indexes(&around(bad));
            assert_eq!(found.len(), 1, "{bad}: {found:?}");
            assert!(found[0].1.contains(&1) && found[0].1.contains(&3), "{bad}: {found:?}");
            assert!(found[0].1.iter().all(|index| (1..=3).contains(index)), "{bad}: {found:?}");
        }
    }

    #[test]
    fn two_documents_in_one_body_are_both_read() {
        let one = |session: &str, index: u64| {
            format!("<?xml version=\"1.0\"?><records session=\"{session}\"><record correlatorIndex=\"{index}\"/></records>")
        };
        let expected = vec![("a".to_owned(), vec![7]), ("b".to_owned(), vec![0])];
        assert_eq!(indexes(&[one("a", 7), one("b", 0)].concat()), expected);
        assert_eq!(indexes(&[one("a", 7), "\n<html/>".into(), one("b", 0)].concat()), expected);
    }

    #[test]
    fn the_error_for_any_other_document_says_what_it_is() {
        assert_eq!(Document::read(b"<html/>"), Err(DocumentError::Other("html".into())));
        assert_eq!(Document::read(b"<records/>"), Err(DocumentError::NoSession));
        assert!(matches!(Document::read(b"\xff<!DOCTYPE x><records/>"), Err(DocumentError::Xml(_))));
    }
}
