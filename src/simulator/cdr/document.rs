//! The body of a POST: records in their envelope, with the disturbances that switches ask for (cdr.md 3). It assigns no numbers.

use std::fmt::Display;

use crate::simulator::id::Id;
use crate::simulator::switches::Switches;
use crate::simulator::timestamp::rfc3339;
use crate::simulator::xml::{DECLARATION, Xml};

use super::buffer::NumberedRecord;

pub(crate) fn render(session: Id, call_bridge: Option<Id>, records: &[NumberedRecord], switches: &Switches) -> String {
    let mut attributes: Vec<(&str, &dyn Display)> = vec![("session", &session)];
    if let Some(id) = &call_bridge {
        attributes.push(("callBridge", id));
    }
    let mut xml = Xml::default();
    xml.open_with("records", &attributes);
    for record in records {
        write_record(&mut xml, record, switches);
    }
    xml.close("records");
    let mut document = if switches.cdr_declaration { DECLARATION.to_owned() } else { String::new() };
    document.push_str(&xml.finish());
    if switches.cdr_whitespace { add_whitespace(&document) } else { document }
}

fn write_record(xml: &mut Xml, numbered: &NumberedRecord, switches: &Switches) {
    let record = &numbered.record;
    let time = rfc3339(record.time_ms);
    let mut attributes: Vec<(&str, &dyn Display)> =
        vec![("type", &record.kind), ("time", &time), ("recordIndex", &numbered.index), ("correlatorIndex", &record.correlator)];
    if numbered.missing > 0 {
        attributes.push(("numPreceedingRecordsMissing", &numbered.missing));
    }
    if switches.cdr_unknown {
        attributes.push(("mood", &"calm"));
    }
    xml.open_with("record", &attributes).raw(&record.body);
    if switches.cdr_unknown {
        xml.open("weather").field("sky", "clear").raw("<wind/>").close("weather");
    }
    xml.close("record");
}

/// Adds line breaks and blank lines between tags, but not inside an element without content.
fn add_whitespace(document: &str) -> String {
    let mut out = String::with_capacity(document.len() * 2);
    let mut rest = document;
    while let Some(at) = rest.find("><") {
        let (tag, next) = (rest[..at].rsplit('<').next().unwrap_or_default(), &rest[at + 1..]);
        let opens = !tag.starts_with(['/', '?']) && !tag.ends_with('/');
        out.push_str(&rest[..=at]);
        if !(opens && next.starts_with("</")) {
            out.push_str("\n\n  ");
        }
        rest = next;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whitespace_stands_between_elements_and_never_in_a_value() {
        assert_eq!(
            add_whitespace("<?xml?><a><b></b><c/><d>1 2</d></a>"),
            "<?xml?>\n\n  <a>\n\n  <b></b>\n\n  <c/>\n\n  <d>1 2</d>\n\n  </a>"
        );
    }
}
