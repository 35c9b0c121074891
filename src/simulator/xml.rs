//! Writes the compact XML of CMS (rest.md 2): a declaration of 21 characters, no whitespace. It reads nothing.

use std::fmt::Display;

pub(crate) const DECLARATION: &str = r#"<?xml version="1.0"?>"#;

/// A document under construction.
#[derive(Debug, Default)]
pub(crate) struct Xml(String);

impl Xml {
    pub(crate) fn open(&mut self, tag: &str) -> &mut Self {
        self.open_with(tag, &[])
    }

    pub(crate) fn open_with(&mut self, tag: &str, attributes: &[(&str, &dyn Display)]) -> &mut Self {
        self.0.push('<');
        self.0.push_str(tag);
        for (name, value) in attributes {
            self.0.push(' ');
            self.0.push_str(name);
            self.0.push_str("=\"");
            escape(&mut self.0, &value.to_string());
            self.0.push('"');
        }
        self.0.push('>');
        self
    }

    pub(crate) fn close(&mut self, tag: &str) -> &mut Self {
        self.0.push_str("</");
        self.0.push_str(tag);
        self.0.push('>');
        self
    }

    /// `<tag>value</tag>`, also when the value is empty.
    pub(crate) fn field(&mut self, tag: &str, value: impl Display) -> &mut Self {
        self.open(tag);
        escape(&mut self.0, &value.to_string());
        self.close(tag)
    }

    /// Writes the element only when there is a value.
    pub(crate) fn optional_field(&mut self, tag: &str, value: Option<impl Display>) -> &mut Self {
        match value {
            Some(value) => self.field(tag, value),
            None => self,
        }
    }

    pub(crate) fn raw(&mut self, text: &str) -> &mut Self {
        self.0.push_str(text);
        self
    }

    pub(crate) fn finish(self) -> String {
        self.0
    }
}

/// A text with this prefix is written byte for byte, well-formed or not: in XML, in events and in records.
pub(crate) const RAW_PREFIX: char = '\u{f8ff}';

/// Control characters cannot be written in XML 1.0 and are left out.
fn escape(out: &mut String, text: &str) {
    if let Some(raw) = text.strip_prefix(RAW_PREFIX) {
        return out.push_str(raw);
    }
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(c),
            c if (c as u32) < 0x20 || c == '\u{fffe}' || c == '\u{ffff}' => {}
            c => out.push(c),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_text_whatever_they_look_like() {
        let mut xml = Xml::default();
        xml.open_with("call", &[("id", &"a\"b")]).field("name", "<b>&\u{1}</b>").close("call");
        assert_eq!(xml.finish(), r#"<call id="a&quot;b"><name>&lt;b&gt;&amp;&lt;/b&gt;</name></call>"#);
    }
}
