//! Reads XML that is not well-formed, as far as it goes: markup that can't be markup is text, an end that fits nothing is text, an element
//! that is not ended ends with its parent. [`Element::damaged`] says where something may have been lost.

use super::{Element, MAX_DEPTH, XmlError};
use crate::cms::wire_text;

/// How far ahead to look for the end of an element whose text holds markup.
const LOOKAHEAD_BYTES: usize = 16 << 10;
/// How often to look ahead in one body: a body with more damage is not worth the time.
const MAX_LOOKAHEADS: usize = 1000;

/// The first document; an error where it ends too early.
pub(super) fn first(text: &str) -> Result<Element, XmlError> {
    let mut reader = XmlSalvage::new(text);
    reader.read(true)?;
    if !reader.open.is_empty() {
        return Err(XmlError::Malformed("a body that ends too early".into()));
    }
    reader.roots.into_iter().next().ok_or(XmlError::Empty)
}

/// All documents; the last one as far as it goes.
pub(super) fn all(text: &str) -> Result<Vec<Element>, XmlError> {
    let mut reader = XmlSalvage::new(text);
    reader.read(false)?;
    while !reader.open.is_empty() {
        reader.give_up_innermost();
    }
    if reader.roots.is_empty() { Err(XmlError::Empty) } else { Ok(reader.roots) }
}

struct XmlSalvage<'a> {
    text: &'a str,
    at: usize,
    open: Vec<Element>,
    roots: Vec<Element>,
    lookaheads: usize,
    /// Which kinds of skipped sections have no end in the rest.
    endless: [bool; 3],
}

impl<'a> XmlSalvage<'a> {
    fn new(text: &'a str) -> Self {
        Self { text, at: 0, open: Vec::new(), roots: Vec::new(), lookaheads: 0, endless: [false; 3] }
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn read(&mut self, only_first: bool) -> Result<(), XmlError> {
        while !self.rest().is_empty() && (!only_first || self.roots.is_empty()) {
            let markup = self.rest().find('<').unwrap_or(self.rest().len());
            self.literal(markup);
            if !self.rest().is_empty() && !self.skipped() && !self.ended() && !self.started()? {
                self.spoil(1);
            }
        }
        Ok(())
    }

    /// Takes this many bytes as text.
    fn literal(&mut self, length: usize) {
        let text = &self.rest()[..length];
        super::push(&mut self.open, text);
        self.at += length;
    }

    /// Skips comments and declarations; takes sections of plain text.
    fn skipped(&mut self) -> bool {
        for (n, (begin, end)) in [("<!--", "-->"), ("<?", "?>"), ("<![CDATA[", "]]>")].into_iter().enumerate() {
            let Some(inner) = self.rest().strip_prefix(begin).filter(|_| !self.endless[n]) else { continue };
            let Some(length) = inner.find(end) else {
                self.endless[n] = true;
                continue;
            };
            if begin == "<![CDATA[" {
                super::push_literal(&mut self.open, &inner[..length]);
            }
            self.at += begin.len() + length + end.len();
            return true;
        }
        false
    }

    fn ended(&mut self) -> bool {
        let Some(inner) = self.rest().strip_prefix("</") else { return false };
        let name = name(inner);
        let after = inner[name.len()..].trim_start();
        if name.is_empty() || !after.starts_with('>') {
            return false;
        }
        let length = self.rest().len() - after.len() + 1;
        let Some(found) = self.open.iter().rposition(|element| element.name.eq_ignore_ascii_case(local(name))) else {
            self.spoil(length);
            if self.open.len() > 1 && self.open.last().is_some_and(|innermost| is_near(&innermost.name, local(name))) {
                // One letter of its name was lost, here or where it began. (A list and what it holds may differ by one, too.)
                self.give_up_innermost();
            }
            return true;
        };
        if found + 1 < self.open.len() && self.goes_on(length) {
            self.spoil(length);
            return true;
        }
        while self.open.len() > found + 1 {
            self.give_up_innermost();
        }
        self.at += length;
        self.close();
        true
    }

    /// Takes this many bytes that look like markup as text of the innermost element, in which something may have been lost.
    fn spoil(&mut self, length: usize) {
        self.literal(length);
        if let Some(element) = self.open.last_mut() {
            element.damaged = true;
        }
    }

    /// Whether the innermost element has an end of its own further on, and none of its kind begins before that.
    fn goes_on(&mut self, from: usize) -> bool {
        self.lookaheads += 1;
        let Some(innermost) = self.open.last().filter(|_| self.lookaheads <= MAX_LOOKAHEADS) else { return false };
        let rest = &self.rest()[from..];
        let mut end = rest.len().min(LOOKAHEAD_BYTES);
        while !rest.is_char_boundary(end) {
            end -= 1;
        }
        let near = &rest[..end];
        let its_end = near.find(&format!("</{}>", innermost.name));
        let next = near.find(&format!("<{}>", innermost.name)).unwrap_or(usize::MAX);
        its_end.is_some_and(|at| at < next)
    }

    fn started(&mut self) -> Result<bool, XmlError> {
        let rest = self.rest();
        if rest.len() >= 9 && rest.as_bytes()[..9].eq_ignore_ascii_case(b"<!doctype") {
            return Err(XmlError::Malformed("a document type".into()));
        }
        let Some((element, length, empty)) = start_tag(rest) else { return Ok(false) };
        if self.open.len() >= MAX_DEPTH {
            return Err(XmlError::Malformed(format!("elements nested deeper than {MAX_DEPTH}")));
        }
        // Objects never hold their own kind, and list items stand only in their list: the element before was not ended.
        let same = |open: &Element| open.name == element.name && is_object(open);
        let is_of_list = self.open.len() > 1 && self.open[0].name.strip_suffix('s') == Some(element.name.as_str());
        let before = if is_of_list { Some(1) } else { self.open.iter().position(same) };
        if is_object(&element)
            && let Some(before) = before
        {
            while self.open.len() > before {
                self.give_up_innermost();
            }
        }
        self.at += length;
        self.open.push(element);
        if empty {
            self.close();
        }
        Ok(true)
    }

    fn close(&mut self) {
        let Some(element) = self.open.pop() else { return };
        let element = element.resolved();
        match self.open.last_mut() {
            Some(parent) => parent.children.push(element),
            None => self.roots.push(element),
        }
    }

    /// Ends the innermost element, which has no end. One with attributes is an object of which something may be missing; any other was perhaps
    /// text of its parent, which gets its children.
    fn give_up_innermost(&mut self) {
        let Some(mut element) = self.open.pop() else { return };
        let Some(parent) = self.open.last_mut() else {
            element.damaged = true;
            return self.roots.push(element.resolved());
        };
        parent.damaged = true;
        if element.attributes.is_empty() {
            parent.text.push('<');
            parent.text.push_str(&element.name);
            parent.text.push('>');
            parent.text.push_str(&element.text);
            parent.children.append(&mut element.children);
        } else {
            element.damaged = true;
            parent.children.push(element.resolved());
        }
    }
}

fn is_object(element: &Element) -> bool {
    !element.attributes.is_empty()
}

/// Whether two names differ by one character, replaced or added.
fn is_near(a: &str, b: &str) -> bool {
    let (short, long) = if a.len() <= b.len() { (a.as_bytes(), b.as_bytes()) } else { (b.as_bytes(), a.as_bytes()) };
    let same = short.iter().zip(long).take_while(|(a, b)| a.eq_ignore_ascii_case(b)).count();
    let rest = if short.len() == long.len() { short.get(same + 1..) } else { short.get(same..) };
    long.len() - short.len() <= 1 && rest.is_some_and(|rest| rest.eq_ignore_ascii_case(&long[same + 1..]))
}

/// The name at the beginning of a text; empty where there is none.
fn name(text: &str) -> &str {
    let first = text.chars().next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_');
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))).unwrap_or(text.len());
    if first { &text[..end] } else { "" }
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// A start tag, its length, and whether it is also an end. None where other markup begins before it ends.
fn start_tag(text: &str) -> Option<(Element, usize, bool)> {
    let name = name(text.strip_prefix('<')?);
    let mut rest = &text[1 + name.len()..];
    if name.is_empty() || !rest.starts_with(|c: char| c.is_whitespace() || matches!(c, '>' | '/')) {
        return None;
    }
    let mut element = Element { name: local(name).to_owned(), ..Element::default() };
    loop {
        rest = rest.trim_start();
        if let Some(after) = rest.strip_prefix('>') {
            return Some((element, text.len() - after.len(), false));
        }
        if let Some(after) = rest.strip_prefix("/>") {
            return Some((element, text.len() - after.len(), true));
        }
        let key_end = rest.find(|c: char| c.is_whitespace() || matches!(c, '=' | '>' | '<' | '/' | '"' | '\''))?;
        if rest[key_end..].starts_with('<') {
            return None;
        }
        let key = &rest[..key_end];
        rest = rest[key_end..].trim_start();
        let Some(value) = rest.strip_prefix('=') else {
            // A name without a value, or a misplaced character.
            element.damaged = true;
            if key.is_empty() {
                rest = rest.get(rest.chars().next()?.len_utf8()..)?;
            }
            continue;
        };
        let (value, after, whole) = attribute_value(value.trim_start())?;
        element.damaged |= !whole;
        if whole && !element.attributes.iter().any(|(known, _)| known == local(key)) {
            element.attributes.push((local(key).to_owned(), wire_text::resolve(value).into_owned()));
        }
        rest = after;
    }
}

/// A quoted value and the rest of the tag. Where the quote does not end before the next markup, the value ends at a blank or the end of the
/// tag and is not trusted.
fn attribute_value(text: &str) -> Option<(&str, &str, bool)> {
    let quote = text.chars().next()?;
    if matches!(quote, '"' | '\'') {
        let inner = &text[1..];
        let end = inner.find([quote, '<'])?;
        if let Some(after) = inner[end..].strip_prefix(quote) {
            return Some((&inner[..end], after, true));
        }
    }
    let end = text.find(|c: char| c.is_whitespace() || matches!(c, '>' | '<'))?;
    let end = if text[..end].ends_with('/') && text[end..].starts_with('>') { end - 1 } else { end };
    Some((&text[..end], &text[end..], !matches!(quote, '"' | '\'')))
}
