//! Reads frames that strict JSON refuses, as far as they go: halves of surrogate pairs, control characters, bare quotes, numbers out of any
//! range, missing ends. Damage in one text costs that text at most; [`EventFrame::damaged`] says that something was lost.

use std::str::FromStr;

use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::{AckBody, Envelope, EventFrame, Lenient, Losses, MessageBody, MessageId, frame, lenient};
use crate::cms::wire_text::push_units;

/// Deeper than anything a bridge sends; deeper values are skipped.
const MAX_DEPTH: usize = 64;

pub(super) fn read(text: &str) -> EventFrame {
    let mut reader = JsonSalvage { rest: text.trim_start_matches('\u{feff}'), damaged: false };
    let whole = reader.value(0);
    reader.blanks();
    let mut losses = Losses { skipped: 0, damaged: reader.damaged || !reader.rest.is_empty() };
    let Some(Value::Object(mut whole)) = whole else {
        losses.damaged = true;
        return frame(Envelope { r#type: None, message: None, message_ack: None }, message_id(text), losses);
    };
    if losses.damaged {
        resynchronise(&mut whole, text);
    }
    let id = if whole.contains_key("messageAck") { None } else { message_id(text) };
    let envelope = Envelope {
        r#type: field(&whole, "type"),
        message: whole.remove("message").and_then(|message| of_message(message, &mut losses)),
        message_ack: whole.remove("messageAck").and_then(of_ack),
    };
    frame(envelope, id, losses)
}

/// With a brace missing or one too many, updates end up inside each other or nowhere. This reads the list again, splitting it where one object
/// ends and the next one's first name follows (no text can hold that unescaped), and keeps the reading that shows more updates.
fn resynchronise(whole: &mut Map<String, Value>, text: &str) {
    const KEY: &str = "\"updates\"";
    let Some(list) = text.find(KEY).map(|at| &text[at + KEY.len()..]) else { return };
    let Some(list) = list.trim_start().strip_prefix(':').and_then(|list| list.trim_start().strip_prefix('[')) else { return };
    let items: Vec<Value> = pieces(list).into_iter().filter_map(object).collect();
    let Some(Value::Object(message)) = whole.get_mut("message") else { return };
    let is_update = |item: &Value| item.get("participant").or_else(|| item.get("call")).is_some_and(Value::is_string);
    let count = |items: &[Value]| items.iter().filter(|item| is_update(item)).count();
    let before = message.get("updates").and_then(Value::as_array).map_or(0, |items| count(items));
    if count(&items) > before {
        message.insert("updates".into(), Value::Array(items));
    }
}

/// The texts of a list's objects, each from its brace to that of the next one.
fn pieces(list: &str) -> Vec<&str> {
    let begins = |(at, _): &(usize, &str)| {
        let opens = list[at + 1..].trim_start().starts_with('"');
        opens && (*at == 0 || list[..*at].trim_end().ends_with(','))
    };
    let mut starts: Vec<usize> = list.match_indices('{').filter(begins).map(|(at, _)| at).collect();
    if starts.first() != Some(&0) {
        starts.insert(0, 0);
    }
    let ends = starts.iter().skip(1).copied().chain([list.len()]);
    starts.iter().zip(ends).map(|(start, end)| &list[*start..end]).collect()
}

fn object(piece: &str) -> Option<Value> {
    let mut reader = JsonSalvage { rest: piece, damaged: false };
    match reader.object(1) {
        fields if fields.is_empty() => None,
        fields => Some(Value::Object(fields)),
    }
}

fn of_message(message: Value, losses: &mut Losses) -> Option<MessageBody<'static>> {
    let Value::Object(mut message) = message else { return None };
    Some(MessageBody {
        message_id: None,
        r#type: field(&message, "type"),
        subscription_index: field(&message, "subscriptionIndex"),
        subscriptions: message.remove("subscriptions").filter(|items| !items.is_null()).map(|items| good_ones(items, losses)),
        updates: message.remove("updates").filter(|items| !items.is_null()).map(|items| good_ones(items, losses)),
        call_info: message.remove("callInfo").and_then(|info| serde_json::from_value(info).ok()),
    })
}

fn of_ack(ack: Value) -> Option<AckBody> {
    let Value::Object(ack) = ack else { return None };
    Some(AckBody { message_id: field(&ack, "messageId"), status: field(&ack, "status") })
}

fn field<T: Lenient>(object: &Map<String, Value>, name: &str) -> Option<T> {
    lenient(object.get(name)?).ok().flatten()
}

fn good_ones<T: DeserializeOwned>(items: Value, losses: &mut Losses) -> Vec<T> {
    let Value::Array(items) = items else {
        losses.skipped += 1;
        return Vec::new();
    };
    let before = items.len();
    let good: Vec<T> = items.into_iter().filter_map(|item| serde_json::from_value(item).ok()).collect();
    losses.skipped += before - good.len();
    losses.damaged |= good.len() < before;
    good
}

/// Finds the number of the message in its own spelling, however damaged the rest is. None where its end is missing.
fn message_id(text: &str) -> Option<MessageId> {
    const KEY: &str = "\"messageId\"";
    for (at, _) in text.match_indices(KEY) {
        // Inside a text the quotes would be escaped.
        if text[..at].ends_with('\\') {
            continue;
        }
        let after = text[at + KEY.len()..].trim_start().strip_prefix(':')?.trim_start();
        let end = match after.strip_prefix('"') {
            Some(inner) => inner.find('"').map(|end| end + 2),
            None => after.find(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))),
        };
        let raw = &after[..end?];
        return serde_json::value::RawValue::from_string(raw.to_owned()).ok().and_then(|raw| MessageId::of(raw.get()));
    }
    None
}

/// A JSON reader that goes on where strict ones stop.
struct JsonSalvage<'a> {
    rest: &'a str,
    damaged: bool,
}

impl<'a> JsonSalvage<'a> {
    fn blanks(&mut self) {
        self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() || c.is_control());
    }

    fn takes(&mut self, c: char) -> bool {
        self.blanks();
        let found = self.rest.strip_prefix(c);
        self.rest = found.unwrap_or(self.rest);
        found.is_some()
    }

    /// The next value; None where nothing more can be read, or where its end is missing.
    fn value(&mut self, depth: usize) -> Option<Value> {
        self.blanks();
        match self.rest.chars().next()? {
            '"' => self.text().map(Value::String),
            '{' | '[' if depth >= MAX_DEPTH => self.skip(),
            '{' => Some(Value::Object(self.object(depth))),
            '[' => Some(Value::Array(self.array(depth))),
            _ => self.word(),
        }
    }

    fn object(&mut self, depth: usize) -> Map<String, Value> {
        self.takes('{');
        let mut fields = Map::new();
        loop {
            if self.takes('}') {
                return fields;
            }
            if self.takes(',') {
                continue;
            }
            if self.rest.is_empty() || self.rest.starts_with(']') {
                self.damaged = true;
                return fields;
            }
            let key = if self.rest.starts_with('"') { self.text() } else { self.garbage() };
            let Some(key) = key else { continue };
            if !self.takes(':') {
                self.damaged = true;
                continue;
            }
            match self.value(depth + 1) {
                Some(value) => drop(fields.insert(key, value)),
                None => self.damaged = true,
            }
        }
    }

    fn array(&mut self, depth: usize) -> Vec<Value> {
        self.takes('[');
        let mut items = Vec::new();
        loop {
            if self.takes(']') {
                return items;
            }
            if self.takes(',') {
                continue;
            }
            if self.rest.is_empty() || self.rest.starts_with('}') {
                self.damaged = true;
                return items;
            }
            if self.rest.starts_with(':') {
                self.garbage();
                continue;
            }
            match self.value(depth + 1) {
                Some(item) => items.push(item),
                None => self.damaged = true,
            }
        }
    }

    /// Skips a character that does not belong here.
    fn garbage(&mut self) -> Option<String> {
        self.damaged = true;
        let mut rest = self.rest.chars();
        rest.next();
        self.rest = rest.as_str();
        None
    }

    /// A value without quotes: a number, `true`, `false` or `null`; anything else is damage.
    fn word(&mut self) -> Option<Value> {
        let end = self.rest.find(|c: char| c.is_whitespace() || matches!(c, ',' | ':' | '"' | '{' | '}' | '[' | ']'));
        let Some(end) = end.filter(|end| *end > 0) else {
            // It may be the beginning of a longer number.
            self.rest = if end.is_none() { "" } else { self.rest };
            return self.garbage().map(Value::String);
        };
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        let value = Value::from_str(word).ok();
        self.damaged |= value.is_none();
        Some(value.unwrap_or(Value::Null))
    }

    /// Skips a value that is nested too deeply. Ignores quotes and brackets inside texts.
    fn skip(&mut self) -> Option<Value> {
        self.damaged = true;
        let mut depth = 0usize;
        while let Some(c) = self.rest.chars().next() {
            if c == '"' {
                self.text();
                continue;
            }
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                '{' | '[' => depth += 1,
                '}' | ']' => depth -= 1,
                _ => {}
            }
            if depth == 0 {
                return Some(Value::Null);
            }
        }
        None
    }

    /// A quoted text. A quote that is not followed by something that can follow a text belongs to the text. None where its end is missing.
    fn text(&mut self) -> Option<String> {
        let mut out = String::new();
        let mut units: Vec<u16> = Vec::new();
        let mut rest = self.rest.strip_prefix('"')?;
        loop {
            let Some(c) = rest.chars().next() else {
                (self.rest, self.damaged) = ("", true);
                return None;
            };
            let after = &rest[c.len_utf8()..];
            if c == '\\' {
                rest = escape(after, &mut out, &mut units);
                continue;
            }
            push_units(&mut out, &std::mem::take(&mut units));
            rest = after;
            if c != '"' {
                out.push(c);
            } else if after.trim_start().is_empty() || after.trim_start().starts_with([',', ':', '}', ']']) {
                self.rest = after;
                return Some(out);
            } else {
                self.damaged = true;
                out.push('"');
            }
        }
    }
}

/// Reads one escape, after its backslash; returns the rest. Keeps halves of surrogate pairs until the other half is known.
fn escape<'a>(rest: &'a str, out: &mut String, units: &mut Vec<u16>) -> &'a str {
    let Some(c) = rest.chars().next() else { return rest };
    let after = &rest[c.len_utf8()..];
    if c == 'u'
        && let Some(unit) = after.get(..4).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))
        && let Ok(unit) = u16::from_str_radix(unit, 16)
    {
        units.push(unit);
        return &after[4..];
    }
    push_units(out, &std::mem::take(units));
    out.push(match c {
        '"' | '\\' | '/' => c,
        'b' => '\u{8}',
        'f' => '\u{c}',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        _ => char::REPLACEMENT_CHARACTER,
    });
    after
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;
    use crate::cms::events::protocol::{Body, Update, ack};

    fn roster(name: &str, after: &str) -> String {
        format!(
            r#"{{"type":"message","message":{{"messageId":9,"type":"rosterUpdate","subscriptionIndex":2,"updates":[{{"participant":"p","updateType":"add","name":"{name}","uri":"bo"}},{{"participant":"q","updateType":"add","name":"Li"}}]{after}}}}}"#
        )
    }

    fn updates(frame: &EventFrame) -> &[Update] {
        match &frame.body {
            Body::Roster { index: Some(2), updates } => updates,
            other => panic!("{other:?}"),
        }
    }

    #[rstest]
    #[case(r"Bo \ud83d", "Bo \u{fffd}")]
    #[case(r"Bo \ude00\ud83d", "Bo \u{fffd}\u{fffd}")]
    #[case(r"Bo \ud83d\ude00\ud83d!", "Bo 😀\u{fffd}!")]
    #[case("Bo \u{1}\0\n!", "Bo \u{fffd}\u{fffd}\n!")]
    #[case(r"Bo \x \u12 \uzzzz", "Bo \u{fffd} \u{fffd}12 \u{fffd}zzzz")]
    #[case(r"\u0000", "\u{fffd}")]
    fn a_text_costs_at_most_itself(#[case] written: &str, #[case] read: &str) {
        for frame in [
            crate::cms::events::protocol::read(&roster(written, "")),
            crate::cms::events::protocol::read(&roster("x", &format!(r#","odd":{{"deep":["{written}"]}}"#))),
        ] {
            assert_eq!(frame.message_id, Some(9.into()));
            assert!(!frame.damaged, "{frame:?}");
            assert_eq!((updates(&frame).len(), updates(&frame)[1].name.as_deref()), (2, Some("Li")));
        }
        assert_eq!(updates(&crate::cms::events::protocol::read(&roster(written, "")))[0].name.as_deref(), Some(read));
        assert_eq!(updates(&crate::cms::events::protocol::read(&roster(written, "")))[0].uri.as_deref(), Some("bo"));
    }

    #[rstest]
    #[case(r#"Bo "the" Berg"#, Some("Bo \"the\" Berg"))]
    #[case(r#"Bo"#, Some("Bo"))]
    fn a_bare_quote_is_a_part_of_the_text(#[case] written: &str, #[case] read: Option<&str>) {
        assert_eq!(updates(&super::read(&roster(written, "")))[0].name.as_deref(), read);
    }

    #[test]
    fn a_frame_that_breaks_off_is_acknowledged_wherever_it_does() {
        let whole = roster("Bo", "");
        let number = whole.find("9,").expect("there") + 2;
        for end in 1..whole.len() {
            let frame = crate::cms::events::protocol::read(&whole[..end]);
            assert!(frame.damaged, "{end}");
            assert_eq!(frame.message_id.is_some(), end >= number, "{}: {frame:?}", &whole[..end]);
        }
        let cut = crate::cms::events::protocol::read(&whole[..whole.find("Li").expect("there")]);
        assert_eq!((updates(&cut)[0].name.as_deref(), updates(&cut)[1].name.as_deref()), (Some("Bo"), None));
    }

    #[rstest]
    #[case("1e400", r#"{"messageId":1e400,"type":"x"}"#)]
    #[case("18446744073709551616", r#"{"messageId":18446744073709551616,"type":"x"}"#)]
    #[case("1.5", r#"{"messageId" : 1.5 ,"type":"x"}"#)]
    #[case("\"a-7\"", r#"{"messageId":"a-7","type":"x"}"#)]
    #[case("-1", r#"{"messageId":-1,"type":"x","odd":1e999}"#)]
    #[case("7", r#"{"messageId":7,"name":"\"messageId\":8","odd":nan}"#)]
    fn a_number_is_given_back_as_it_came(#[case] number: &str, #[case] message: &str) {
        let frame = crate::cms::events::protocol::read(&format!(r#"{{"type":"message","message":{message}}}"#));
        let expected = format!(r#"{{"type":"messageAck","messageAck":{{"messageId":{number},"status":"success"}}}}"#);
        assert_eq!(frame.message_id.as_ref().map(ack), Some(expected));
    }

    #[test]
    fn half_an_acknowledgement_is_neither_acknowledged_nor_a_refusal() {
        let frame = crate::cms::events::protocol::read(r#"{"type":"messageAck","messageAck":{"messageId":2,"sta"#);
        assert_eq!((frame.message_id, frame.body), (None, Body::Unknown("messageAck".into())));
    }

    #[test]
    fn a_value_nested_too_deeply_costs_itself() {
        for deep in ["[".repeat(9999) + &"]".repeat(9999), "{\"a\":".repeat(9999) + "1" + &"}".repeat(9999)] {
            let frame = crate::cms::events::protocol::read(&roster("Bo", &format!(r#","odd":{deep}"#)));
            assert_eq!((updates(&frame).len(), frame.message_id), (2, Some(9.into())));
        }
        let _ = crate::cms::events::protocol::read(&"[".repeat(1_000_000));
    }
}
