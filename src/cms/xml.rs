//! Reads a CMS answer into a small tree. Tolerant: order, unknown elements, letter case of names, white space and a missing declaration
//! don't matter. Knows no resource (see `answer`).

use quick_xml::XmlVersion;
use quick_xml::events::{BytesStart, Event};
use quick_xml::reader::Reader;

/// Deeper than any known answer; hostile nesting ends here.
const MAX_DEPTH: usize = 24;

/// One element; text of nested elements is not part of `text`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Element {
    pub name: String,
    pub attributes: Vec<(String, String)>,
    pub text: String,
    pub children: Vec<Element>,
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub(super) enum XmlError {
    #[error("expected XML, got {0}")]
    Malformed(String),
    #[error("expected XML, got an empty body")]
    Empty,
}

impl Element {
    /// Parses a whole document. Document types and entities beyond the five of XML are refused.
    pub(super) fn parse(text: &str) -> Result<Self, XmlError> {
        let mut reader = Reader::from_str(text);
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
                    let element = open.pop().ok_or_else(|| XmlError::Malformed("an end without a start".into()))?;
                    match open.last_mut() {
                        Some(parent) => parent.children.push(element),
                        None => return Ok(element),
                    }
                }
                Event::Text(text) => {
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&text.xml10_content());
                    }
                }
                Event::CData(data) => {
                    if let Some(element) = open.last_mut() {
                        element.text.push_str(&data.xml10_content());
                    }
                }
                Event::GeneralRef(reference) => {
                    if let Some(element) = open.last_mut() {
                        element.text.push(resolve(&reference)?);
                    }
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

    /// Is this the element's name? Letter case is not trusted (`subType` and `subtype`).
    pub(super) fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    pub(super) fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.is(name))
    }

    pub(super) fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Element> {
        self.children.iter().filter(move |child| child.is(name))
    }

    pub(super) fn attribute(&self, name: &str) -> Option<&str> {
        let found = self.attributes.iter().find(|(key, _)| key.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value.trim()).filter(|value| !value.is_empty())
    }

    /// Text of a child; an empty element counts as absent.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        self.child(name).map(|child| child.text.trim()).filter(|text| !text.is_empty())
    }

    /// A boolean child; other words count as absent.
    pub(super) fn flag(&self, name: &str) -> Option<bool> {
        match self.value(name)?.to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
}

fn resolve(name: &str) -> Result<char, XmlError> {
    let number = name.strip_prefix('#').map(|digits| match digits.strip_prefix(['x', 'X']) {
        Some(hex) => u32::from_str_radix(hex, 16),
        None => digits.parse(),
    });
    let found = match (name, number) {
        (_, Some(Ok(code))) => char::from_u32(code),
        ("amp", _) => Some('&'),
        ("lt", _) => Some('<'),
        ("gt", _) => Some('>'),
        ("quot", _) => Some('"'),
        ("apos", _) => Some('\''),
        _ => None,
    };
    found.ok_or_else(|| XmlError::Malformed(format!("an unknown entity &{name};")))
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
        assert!(Element::parse("<x>&a;</x>").is_err());
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
            let _ = Element::parse(&text);
        }
    }
}
