//! Reads a CMS response into a small tree. Tolerant: order, unknown elements, letter case of names, white space and a missing declaration
//! don't matter, and damage in one text costs that text at most. Knows no resource (see `response`).
//!
//! quick-xml reads well-formed documents; `salvage` reads the documents that it refuses, element by element.

mod salvage;

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

use crate::cms::wire_text;

/// Deeper than any known response; hostile nesting ends here.
const MAX_DEPTH: usize = 24;

/// One element; text of nested elements is not part of `text`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::cms) struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Element>,
    /// Tags in it were wrong: children that are missing may have been lost.
    pub damaged: bool,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(in crate::cms) enum XmlError {
    #[error("expected XML, got {0}")]
    Malformed(String),
    #[error("expected XML, got an empty body")]
    Empty,
}

impl Element {
    /// Parses a whole document. Refuses document types, and a document that ends too early.
    pub(in crate::cms) fn parse(text: &str) -> Result<Self, XmlError> {
        match Self::strict(text) {
            Err(XmlError::Malformed(_)) => salvage::first(text),
            read => read,
        }
    }

    /// Parses all documents of a body, one after the other, each as far as it goes.
    pub(in crate::cms) fn parse_all(text: &str) -> Result<Vec<Self>, XmlError> {
        salvage::all(text)
    }

    fn strict(text: &str) -> Result<Self, XmlError> {
        let mut reader = Reader::from_str(text);
        reader.config_mut().allow_dangling_amp = true;
        let mut open: Vec<Element> = Vec::new();
        loop {
            match reader.read_event().map_err(|error| XmlError::Malformed(error.to_string()))? {
                Event::Start(start) => {
                    if open.len() >= MAX_DEPTH {
                        return Err(XmlError::Malformed(format!("elements nested deeper than {MAX_DEPTH}")));
                    }
                    open.push(Self::begin(&start)?);
                }
                Event::Empty(start) => {
                    let element = Self::begin(&start)?;
                    match open.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => return Ok(element),
                    }
                }
                Event::End(_) => {
                    let element = open.pop().ok_or_else(|| XmlError::Malformed("an end without a start".into()))?.resolved();
                    match open.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => return Ok(element),
                    }
                }
                Event::Text(text) => push(&mut open, &text.xml10_content()),
                Event::CData(data) => push_literal(&mut open, &data.xml10_content()),
                Event::GeneralRef(reference) => {
                    // Resolved later with its neighbours: two references may be one character.
                    push(&mut open, "&");
                    push(&mut open, &reference);
                    push(&mut open, ";");
                }
                Event::DocType(_) => return Err(XmlError::Malformed("a document type".into())),
                Event::Eof if open.is_empty() => return Err(XmlError::Empty),
                Event::Eof => return Err(XmlError::Malformed("a body that ends too early".into())),
                Event::Decl(_) | Event::PI(_) | Event::Comment(_) => {}
            }
        }
    }

    fn begin(start: &BytesStart<'_>) -> Result<Self, XmlError> {
        let malformed = |error: &dyn std::fmt::Display| XmlError::Malformed(error.to_string());
        let mut element = Element { name: start.local_name().as_ref().to_owned(), ..Element::default() };
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| malformed(&error))?;
            let value = attribute.normalized_value(XmlVersion::Implicit1_0).map_err(|error| malformed(&error))?.into_owned();
            element.attributes.push((attribute.key.local_name().as_ref().to_owned(), value));
        }
        Ok(element)
    }

    /// Completes an element: resolves the references in its text.
    fn resolved(mut self) -> Self {
        if let Cow::Owned(resolved) = wire_text::resolve(&self.text) {
            self.text = resolved;
        }
        self
    }

    /// Whether this is the element's name, in any letter case (`subType` and `subtype`).
    pub(in crate::cms) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(in crate::cms) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.is(name))
    }

    pub(in crate::cms) fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.is(name))
    }

    pub(in crate::cms) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// The text of a child; an empty element counts as absent.
    pub(in crate::cms) fn value(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }

    /// A boolean child; other words count as absent.
    pub(in crate::cms) fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name)?.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

fn push(open: &mut [Element], text: &str) {
    if let Some(element) = open.last_mut() {
        element.text.push_str(text);
    }
}

/// Text in which an ampersand begins no reference.
fn push_literal(open: &mut [Element], text: &str) {
    if text.contains('&') { push(open, &text.replace('&', "&amp;")) } else { push(open, text) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_empty_list_has_two_spellings() {
        for text in ["<?xml version=\"1.0\"?><callLegs total=\"0\"></callLegs>", "<callLegs total=\"0\"/>"] {
            let list = Element::parse(text).expect("valid");
            assert_eq!((list.attribute("total"), list.children.len()), (Some("0"), 0));
        }
    }

    #[test]
    fn names_are_text_with_entities() {
        let call = Element::parse("<call id=\"x\"><name> A &amp; B &#x3c;b&#62; </name><tenant/></call>").expect("valid");
        assert_eq!((call.value("name"), call.value("tenant")), (Some("A & B <b>"), None));
    }

    #[test]
    fn letter_case_of_elements_is_not_trusted() {
        let leg = Element::parse("<callLeg><subtype>distributionLink</subtype></callLeg>").expect("valid");
        assert_eq!(leg.value("subType"), Some("distributionLink"));
    }

    #[test]
    fn document_types_are_refused() {
        assert!(Element::parse("<!DOCTYPE x [<!ENTITY a \"b\">]><x>&a;</x>").is_err());
        assert_eq!(Element::parse("<x>&a;</x>").expect("no entity is declared").text, "&a;");
    }

    #[test]
    fn a_text_costs_at_most_itself() {
        let leg = |name: &str| format!("<callLeg id=\"l\"><name>{name}</name><status><deactivated>true</deactivated></status></callLeg>");
        for (written, read) in [
            ("Bo &#55357;&#56832;", "Bo 😀"),
            ("Bo &#55357;", "Bo \u{fffd}"),
            ("&#1114112;", "\u{fffd}"),
            ("AT&T", "AT&T"),
            ("a & b; c", "a & b; c"),
            ("a &nbsp;b", "a \u{a0}b"),
            ("\0\u{1}x", "\u{fffd}\u{fffd}x"),
            ("<![CDATA[a &amp; b]]>", "a &amp; b"),
            ("a < b", "a < b"),
            ("I <3 you", "I <3 you"),
            ("a <b and c", "a <b and c"),
            ("<b>x", "<b>x"),
            ("x</b>", "x</b>"),
            ("x</callLeg>", "x</callLeg>"),
            ("x <!-- y", "x <!-- y"),
            ("</", "</"),
            ("<a href=\"x", "<a href=\"x"),
        ] {
            let root = Element::parse(&leg(written)).unwrap_or_else(|error| panic!("{written}: {error}"));
            assert_eq!(root.value("name"), Some(read), "{written}");
            assert_eq!(root.child("status").and_then(|status| status.flag("deactivated")), Some(true), "{written}");
            assert!(!root.damaged, "{written}: only the name is");
        }
    }

    #[test]
    fn an_entry_costs_none_of_the_others() {
        let list = |entry: &str| {
            format!("<calls total=\"3\"><call id=\"1\"><name>A</name></call>{entry}<call id=\"3\"><name>C</name></call></calls>")
        };
        for entry in [
            "<call id=\"2\"><name>B</call>",
            "<call id=\"2\"><name>B",
            "<call id=\"2\"><name>B</nam></call>",
            "<call id=\"2><name>B</name></call>",
            "<call id=2><name>B</name></call>",
            "<call id=\"2\" id=\"x\"><name>B</name></call>",
            "<call <name>B</name></call>",
            "<call id=\"2\"><name>B</name>",
            "call id=\"2\"><name>B</name></call>",
            "<name>B</name></call>",
            "<<<>>>&&&",
        ] {
            let root = Element::parse(&list(entry)).unwrap_or_else(|error| panic!("{entry}: {error}"));
            let ids: Vec<_> = root.children("call").filter_map(|call| Some((call.attribute("id")?, call.value("name")?))).collect();
            assert!(ids.contains(&("1", "A")) && ids.contains(&("3", "C")), "{entry}: {root:?}");
        }
    }

    #[test]
    fn an_element_that_may_have_lost_children_is_marked() {
        let leg = Element::parse("<callLeg><status><state>connected</state><deactivated>tr</status></callLeg>").expect("readable");
        assert!(leg.child("status").is_some_and(|status| status.damaged), "{leg:?}");
    }

    #[test]
    fn documents_that_follow_each_other_are_all_read() {
        let roots = Element::parse_all("<?xml version=\"1.0\"?><a><b>x</b></a>\n<?xml version=\"1.0\"?><a/><a><b>z").expect("three");
        assert_eq!(roots.iter().map(|root| root.value("b")).collect::<Vec<_>>(), [Some("x"), None, None]);
        assert_eq!(roots.iter().map(|root| root.damaged).collect::<Vec<_>>(), [false, false, true]);
    }

    #[test]
    fn a_body_that_breaks_off_is_an_error() {
        assert!(Element::parse("<calls total=\"2\"><call id=\"1\">").is_err());
    }

    proptest! {
        #[test]
        fn arbitrary_text_never_panics(text in ".{0,200}") {
            let _ = Element::parse(&text);
        }

        #[test]
        fn text_that_looks_like_xml_never_panics(text in "[<>/a&;!\\[\\]\"=? -]{0,80}") {
            let _ = (Element::parse(&text), Element::parse_all(&text));
        }

        /// Both readers agree on what is well-formed.
        #[test]
        fn well_formed_xml_reads_the_same_by_either(name in "[a-zA-Z0-9 &;#.]{0,20}", id in "[a-f0-9-]{1,8}", total in 0..99) {
            let name = name.replace('&', "&amp;");
            let text = format!("<?xml version=\"1.0\"?><l total='{total}'><e id=\"{id}\"><n>{name}</n><x/><y></y><![CDATA[<&]]></e><!-- c --></l>");
            prop_assert_eq!(Element::strict(&text), salvage::first(&text));
        }
    }
}
