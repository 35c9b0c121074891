//! Finds the reference of an unreadable message, so that the refusal can repeat it; or finds that the sender speaks another protocol.
//!
//! A bad text fails its request, never the connection: a page whose connection were closed for it would be dead until it is reloaded.

use serde_json::Value;

const MAX_REF: usize = 64;

/// The reference for the refusal of an unreadable message: `Some(Some(ref))`, `Some(None)` if the message has none and only its text is
/// bad, `None` if it is no message of this protocol.
pub fn addressee(text: &str) -> Option<Option<String>> {
    let mended = without_half_pairs(text);
    match serde_json::from_str::<Value>(&mended) {
        Ok(Value::Object(fields)) => match fields.get("ref").and_then(Value::as_str) {
            Some(r#ref) if is_ref(r#ref) => Some(Some(r#ref.to_owned())),
            _ => (mended != text).then_some(None),
        },
        Ok(_) => None,
        Err(_) => found(text).map(Some),
    }
}

fn is_ref(text: &str) -> bool {
    (1..=MAX_REF).contains(&text.chars().count())
}

/// The `ref` in a text that is no JSON, or is cut off.
fn found(text: &str) -> Option<String> {
    let rest = text.trim_start().strip_prefix('{')?;
    rest.match_indices("\"ref\"").find_map(|(at, key)| {
        let value = rest[at + key.len()..].trim_start().strip_prefix(':')?.trim_start().strip_prefix('"')?;
        let end = value.find('"')?;
        let r#ref = &value[..end];
        (is_ref(r#ref) && !r#ref.contains('\\')).then(|| r#ref.to_owned())
    })
}

/// The same JSON with U+FFFD for each escaped half of a surrogate pair, which `serde_json` refuses.
fn without_half_pairs(text: &str) -> String {
    let mut mended = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        mended.push_str(&rest[..at]);
        let escape = &rest[at..];
        let length = match (unit(escape), escape.get(6..).and_then(unit)) {
            (Some(0xd800..=0xdbff), Some(0xdc00..=0xdfff)) => 12,
            (Some(0xd800..=0xdfff), _) => {
                mended.push_str("\\ufffd");
                rest = &escape[6..];
                continue;
            }
            (Some(_), _) => 6,
            // The escaped character may be a backslash itself.
            _ => 1 + escape[1..].chars().next().map_or(0, char::len_utf8),
        };
        mended.push_str(&escape[..length]);
        rest = &escape[length..];
    }
    mended + rest
}

/// The UTF-16 unit of a text that begins with `\uXXXX`.
fn unit(text: &str) -> Option<u16> {
    u16::from_str_radix(text.strip_prefix("\\u")?.get(..4).filter(|hex| hex.bytes().all(|byte| byte.is_ascii_hexdigit()))?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::proptest;
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case::half_a_pair(r#"{"type":"prefs","ref":"p-1","value":{"name":"Emoji \ud83d"}}"#, Some(Some("p-1")))]
    #[case::the_other_half(r#"{"type":"prefs","ref":"p-1","value":{"name":"\ude00"}}"#, Some(Some("p-1")))]
    #[case::swapped(r#"{"type":"prefs","ref":"p-1","value":{"name":"\ude00\ud83d"}}"#, Some(Some("p-1")))]
    #[case::in_the_ref(r#"{"type":"prefs","ref":"\ud83d","value":{}}"#, Some(Some("\u{fffd}")))]
    #[case::without_a_ref(r#"{"type":"look","meeting":"\ud83d","idle":false}"#, Some(None))]
    #[case::cut_off(r#"{"type":"admit","ref":"7","people":["a"#, Some(Some("7")))]
    #[case::a_raw_control("{\"type\":\"hold\",\"ref\" : \"7\",\"reason\":\"a\nb\"}", Some(Some("7")))]
    #[case::an_unknown_type(r#"{"type":"dance","ref":"7"}"#, Some(Some("7")))]
    #[case::an_escaped_backslash(r#"{"type":"dance","x":"\\ud83d"}"#, None)]
    #[case::a_whole_pair(r#"{"type":"dance","x":"\ud83d\ude00"}"#, None)]
    #[case::no_ref(r#"{"type":"dance"}"#, None)]
    #[case::an_empty_ref(r#"{"type":"dance","ref":""}"#, None)]
    #[case::a_number_as_ref(r#"{"type":"dance","ref":7}"#, None)]
    #[case::no_object(r#"["ref"]"#, None)]
    #[case::no_json("hello", None)]
    fn an_unreadable_message_is_refused_by_its_reference(#[case] text: &str, #[case] expected: Option<Option<&str>>) {
        assert_eq!(addressee(text), expected.map(|to| to.map(str::to_owned)));
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in r#"(\\|\\u|d83d|de00|"ref"|[:"{}]|.)*"#) {
            let _ = addressee(&text);
        }

        #[test]
        fn a_text_without_half_pairs_stays_as_it_is(value in ".*") {
            let text = serde_json::json!({ "x": value }).to_string();
            assert_eq!(without_half_pairs(&text), text);
        }
    }
}
