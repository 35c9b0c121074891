//! One POST of a bridge as records. Tolerant like `xml`: unknown types, elements and attributes are ignored (cdr.md section 3).

use std::sync::Arc;

use crate::cms::xml::{Element, XmlError};
use crate::model::{CallId, LegId};

/// Any number of records of one session of one bridge, in the order in which they were made.
#[derive(Debug, PartialEq)]
pub(in crate::cms) struct Document {
    /// Made anew whenever the Call Bridge starts.
    pub session: Arc<str>,
    pub records: Vec<Record>,
}

#[derive(Debug, PartialEq)]
pub(in crate::cms) struct Record {
    /// Counts the records of a session from 0, over all receivers.
    pub index: u64,
    /// So many records just before this one were thrown away by the bridge.
    pub missing: u64,
    /// None for recordings, streams and types that are not known.
    pub subject: Option<Subject>,
}

/// What a record is about.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cms) enum Subject {
    Call(CallId),
    /// `waiting`: what the record claims of the lobby; None where it claims nothing (cdr.md section 3.4).
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

impl Document {
    /// Records without a readable `correlatorIndex` are left out: without it nothing says whether they are new.
    pub(in crate::cms) fn read(body: &[u8]) -> Result<Self, DocumentError> {
        let root = Element::parse(&String::from_utf8_lossy(body))?;
        if !root.is("records") {
            return Err(DocumentError::Other(root.name));
        }
        let session = root.attribute("session").ok_or(DocumentError::NoSession)?.to_ascii_lowercase().into();
        Ok(Self { session, records: root.children("record").filter_map(record).collect() })
    }
}

fn record(element: &Element) -> Option<Record> {
    let number = |name: &str| element.attribute(name).and_then(|text| text.parse().ok());
    Some(Record {
        index: number("correlatorIndex")?,
        // Spelt like this in the guide.
        missing: number("numPreceedingRecordsMissing").or_else(|| number("numPrecedingRecordsMissing")).unwrap_or(0),
        subject: subject(element),
    })
}

fn subject(record: &Element) -> Option<Subject> {
    let id = |element: &Element| element.attribute("id").map(|id| Arc::from(id.to_ascii_lowercase()));
    if let Some(leg) = record.child("callLeg") {
        let connected = leg.value("state").is_some_and(|state| state.eq_ignore_ascii_case("connected"));
        return Some(Subject::Leg { leg: id(leg)?, waiting: leg.flag("deactivated").filter(|_| connected), connected });
    }
    record.child("call").and_then(id).map(Subject::Call)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_in_any_dress() {
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
        let leg = |waiting, connected| Some(Subject::Leg { leg: "leg".into(), waiting, connected });
        let record = |index, missing, subject| Record { index, missing, subject };
        assert_eq!(
            Document::read(body).expect("records"),
            Document {
                session: "s1".into(),
                records: vec![
                    record(41, 0, leg(Some(true), true)),
                    // Not connected: no statement.
                    record(42, 0, leg(None, false)),
                    record(43, 7, Some(Subject::Call("c".into()))),
                    record(44, 0, None),
                ],
            }
        );
    }

    #[test]
    fn what_is_no_document_of_records_says_what_it_is() {
        assert_eq!(Document::read(b"<html/>"), Err(DocumentError::Other("html".into())));
        assert_eq!(Document::read(b"<records/>"), Err(DocumentError::NoSession));
        assert!(matches!(Document::read(b"\xff<!DOCTYPE x><records/>"), Err(DocumentError::Xml(_))));
    }
}
