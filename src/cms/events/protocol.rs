//! The JSON of the events socket, both ways. Reads leniently: a field of an unexpected kind counts as absent, an item that cannot be read is
//! skipped and counted, and `salvage` reads what strict JSON refuses as far as it goes. Keeps no state.

mod salvage;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use crate::cms::wire_text;

use crate::model::{CallId, ParticipantId, RosterPatch, leg_state};

/// One server frame.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct EventFrame {
    /// The number to acknowledge.
    pub message_id: Option<MessageId>,
    pub body: Body,
    /// Items that could not be read.
    pub skipped: usize,
    /// Part of the frame was lost, perhaps an unknown amount.
    pub damaged: bool,
}

/// The number of a message, to be acknowledged in the bridge's own spelling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum MessageId {
    Number(i64),
    /// Anything else than an integer, in its own spelling.
    Other(Box<str>),
}

impl MessageId {
    /// Longer than any number; nothing longer is acknowledged.
    const LONGEST: usize = 64;

    fn of(raw: &str) -> Option<Self> {
        match raw.parse() {
            Ok(number) => Some(Self::Number(number)),
            Err(_) if raw.is_empty() || raw.len() > Self::LONGEST => None,
            Err(_) => Some(Self::Other(raw.into())),
        }
    }

    /// The number after this one, if it is an integer.
    pub(crate) fn next(&self) -> Option<Self> {
        match self {
            Self::Number(number) => number.checked_add(1).map(Self::Number),
            Self::Other(_) => None,
        }
    }
}

impl From<i64> for MessageId {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl fmt::Display for MessageId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Number(number) => number.fmt(f),
            Self::Other(raw) => f.write_str(raw),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Body {
    /// The bridge's answer to one of our own messages.
    Ack {
        message_id: Option<i64>,
        success: bool,
        status: String,
    },
    Subscriptions(Vec<SubscriptionState>),
    Calls {
        index: Option<i64>,
        updates: Vec<Update>,
    },
    CallInfo {
        index: Option<i64>,
        info: Update,
    },
    Roster {
        index: Option<i64>,
        updates: Vec<Update>,
    },
    /// An unknown message; it is acknowledged and ignored.
    Unknown(String),
}

impl Body {
    /// The subscription that an update belongs to.
    pub(crate) fn index(&self) -> Option<i64> {
        match self {
            Self::Calls { index, .. } | Self::CallInfo { index, .. } | Self::Roster { index, .. } => *index,
            Self::Ack { .. } | Self::Subscriptions(_) | Self::Unknown(_) => None,
        }
    }
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct SubscriptionState {
    #[serde(default, deserialize_with = "lenient")]
    pub index: Option<i64>,
    #[serde(default, deserialize_with = "lenient")]
    pub state: Option<String>,
}

/// The elements that Usher requests in a roster subscription. [`Update`] has a field for each.
pub(super) const ROSTER_ELEMENTS: &[&str] = &["name", "uri", "state", "audioMuted", "presenter"];

/// One item of a call list or roster; only the present fields changed.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Update {
    #[serde(default, deserialize_with = "lenient")]
    pub update_type: Option<String>,
    #[serde(default, deserialize_with = "id")]
    pub call: Option<CallId>,
    #[serde(default, deserialize_with = "id")]
    pub participant: Option<ParticipantId>,
    #[serde(default, deserialize_with = "lenient")]
    pub name: Option<Arc<str>>,
    #[serde(default, deserialize_with = "lenient")]
    pub uri: Option<Arc<str>>,
    #[serde(default, deserialize_with = "lenient")]
    pub state: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub audio_muted: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub presenter: Option<bool>,
    #[serde(default, deserialize_with = "lenient")]
    pub recording: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub streaming: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    pub lock_state: Option<String>,
    #[serde(default, deserialize_with = "id")]
    pub call_correlator: Option<Arc<str>>,
}

impl Update {
    /// The roster entry's fields that this update states.
    pub(crate) fn roster_patch(&self) -> RosterPatch {
        RosterPatch {
            name: self.name.clone(),
            address: self.uri.clone(),
            state: self.state.as_deref().map(leg_state),
            muted: self.audio_muted,
            presenter: self.presenter,
        }
    }
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(default, deserialize_with = "lenient")]
    r#type: Option<String>,
    #[serde(default, borrow)]
    message: Option<MessageBody<'a>>,
    #[serde(rename = "messageAck", default)]
    message_ack: Option<AckBody>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AckBody {
    #[serde(default, deserialize_with = "lenient")]
    message_id: Option<i64>,
    #[serde(default, deserialize_with = "lenient")]
    status: Option<String>,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct MessageBody<'a> {
    #[serde(default, borrow)]
    message_id: Option<&'a RawValue>,
    #[serde(default, deserialize_with = "lenient")]
    r#type: Option<String>,
    #[serde(default, deserialize_with = "lenient")]
    subscription_index: Option<i64>,
    #[serde(default)]
    subscriptions: Option<Vec<SubscriptionState>>,
    #[serde(default)]
    updates: Option<Vec<Update>>,
    #[serde(default)]
    call_info: Option<Update>,
}

/// Reads one text frame: with serde first, and with `salvage` where serde refuses it. Every frame must be acknowledged, however damaged, or the
/// bridge falls silent.
pub(crate) fn read(text: &str) -> EventFrame {
    match serde_json::from_str::<Envelope<'_>>(text) {
        Ok(envelope) => {
            let id = envelope.message.as_ref().and_then(|message| message.message_id).and_then(|id| MessageId::of(id.get()));
            frame(envelope, id, Losses::default())
        }
        Err(_) => salvage::read(text),
    }
}

/// The parts of a frame that could not be read.
#[derive(Debug, Clone, Copy, Default)]
struct Losses {
    skipped: usize,
    damaged: bool,
}

fn frame(envelope: Envelope<'_>, message_id: Option<MessageId>, losses: Losses) -> EventFrame {
    let Losses { skipped, damaged } = losses;
    if let Some(ack) = envelope.message_ack {
        let body = match ack.status {
            Some(status) => Body::Ack { message_id: ack.message_id, success: status.eq_ignore_ascii_case("success"), status },
            // A damaged acknowledgement says neither yes nor no.
            None if damaged => Body::Unknown("messageAck".into()),
            None => Body::Ack { message_id: ack.message_id, success: false, status: String::new() },
        };
        return EventFrame { message_id: None, body, skipped, damaged };
    }
    let Some(message) = envelope.message else {
        return EventFrame { message_id, body: Body::Unknown(envelope.r#type.unwrap_or_default()), skipped, damaged };
    };
    let index = message.subscription_index;
    let body = match message.r#type.as_deref() {
        Some("subscriptionUpdate") => Body::Subscriptions(message.subscriptions.unwrap_or_default()),
        Some("callListUpdate") => Body::Calls { index, updates: message.updates.unwrap_or_default() },
        Some("callInfoUpdate") => Body::CallInfo { index, info: message.call_info.unwrap_or_default() },
        Some("rosterUpdate") => Body::Roster { index, updates: message.updates.unwrap_or_default() },
        other => Body::Unknown(other.unwrap_or_default().to_owned()),
    };
    EventFrame { message_id, body, skipped, damaged }
}

/// The acknowledgement of a server message.
pub(crate) fn ack(message_id: &MessageId) -> String {
    format!(r#"{{"type":"messageAck","messageAck":{{"messageId":{message_id},"status":"success"}}}}"#)
}

/// One subscription of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Subscription {
    pub index: i64,
    #[serde(rename = "type")]
    pub kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub call: Option<CallId>,
    pub elements: &'static [&'static str],
}

/// The request that replaces the whole set of a socket (events.md section 3).
pub(crate) fn subscribe_request(message_id: i64, subscriptions: &[Subscription]) -> String {
    #[derive(Serialize)]
    struct SubscribeRequest<'a> {
        r#type: &'static str,
        message: Inner<'a>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "camelCase")]
    struct Inner<'a> {
        message_id: i64,
        r#type: &'static str,
        subscriptions: &'a [Subscription],
    }
    let request = SubscribeRequest { r#type: "message", message: Inner { message_id, r#type: "subscribeRequest", subscriptions } };
    serde_json::to_string(&request).expect("plain data serialises")
}

/// A type that a lenient field can have.
trait Lenient: Sized {
    fn of_text(text: &str) -> Option<Self>;
    fn of_number(number: i64) -> Option<Self>;
    fn of_flag(flag: bool) -> Option<Self>;
}

impl Lenient for String {
    fn of_text(text: &str) -> Option<Self> {
        Some(wire_text::bounded(text).to_owned())
    }
    fn of_number(number: i64) -> Option<Self> {
        Some(number.to_string())
    }
    fn of_flag(flag: bool) -> Option<Self> {
        Some(flag.to_string())
    }
}

impl Lenient for Arc<str> {
    fn of_text(text: &str) -> Option<Self> {
        Some(wire_text::clean(wire_text::bounded(text)).into())
    }
    fn of_number(number: i64) -> Option<Self> {
        Some(number.to_string().into())
    }
    fn of_flag(_: bool) -> Option<Self> {
        None
    }
}

impl Lenient for i64 {
    fn of_text(text: &str) -> Option<Self> {
        text.parse().ok()
    }
    fn of_number(number: i64) -> Option<Self> {
        Some(number)
    }
    fn of_flag(_: bool) -> Option<Self> {
        None
    }
}

impl Lenient for bool {
    fn of_text(text: &str) -> Option<Self> {
        match text {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        }
    }
    fn of_number(number: i64) -> Option<Self> {
        Some(number != 0)
    }
    fn of_flag(flag: bool) -> Option<Self> {
        Some(flag)
    }
}

fn lenient<'de, T: Lenient, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    struct Any<T>(PhantomData<T>);
    impl<'de, T: Lenient> Visitor<'de> for Any<T> {
        type Value = Option<T>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("any JSON value")
        }
        fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
            Ok(T::of_text(text))
        }
        fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
            Ok(T::of_number(number))
        }
        fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
            Ok(i64::try_from(number).ok().and_then(T::of_number))
        }
        fn visit_f64<E>(self, number: f64) -> Result<Self::Value, E> {
            const EXACT: f64 = 9_007_199_254_740_992.0;
            let whole = number.fract() == 0.0 && number.abs() <= EXACT;
            Ok(if whole { T::of_number(number as i64) } else { None })
        }
        fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
            Ok(T::of_flag(flag))
        }
        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_element::<IgnoredAny>()?.is_some() {}
            Ok(None)
        }
        fn visit_map<A: MapAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
            while items.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            Ok(None)
        }
    }
    deserializer.deserialize_any(Any(PhantomData))
}

/// An id in lower case, as REST responses are read; a value that can't be an id counts as absent.
fn id<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Arc<str>>, D::Error> {
    let text: Option<String> = lenient(deserializer)?;
    Ok(text.filter(|text| wire_text::is_id(text)).map(|text| text.to_ascii_lowercase().into()))
}

#[cfg(test)]
mod tests;
