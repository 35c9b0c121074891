//! Every switch of the simulator as one plain struct; what each stands for is said here and in docs/simulator.md.
//! No switch acts here: the parts that read them do.

use serde::{Deserialize, Serialize};

/// Defaults are the first value of the tables in events.md 8 and rest.md 11.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Switches {
    // Events: events.md section 8.
    /// Messages that may be unacknowledged at once; 0 = unlimited.
    pub ack_window: usize,
    /// After this long without an awaited ack the bridge is done with the socket.
    pub ack_timeout_ms: u64,
    pub no_ack: NoAck,
    pub answer_pings: bool,
    pub token_single_use: bool,
    pub token_lifetime_ms: u64,
    /// A new request sends `add` again for unchanged indexes.
    pub readd_on_replacement: bool,
    /// A new request takes unchanged indexes through `pending` again.
    pub pending_again: bool,
    /// One `subscriptionUpdate` per subscription instead of one for all.
    pub subscription_updates_split: bool,
    /// `deactivated` after or before the `remove` of an ended call.
    pub deactivated_at_end: Order,
    /// Every roster entry is removed before the call is.
    pub roster_removes_first: bool,
    pub participants_count: Count,
    /// Subscriptions per socket; 0 = off. More are answered by an ack with `error_status`.
    pub subscription_limit: usize,
    pub error_status: String,
    /// Items per message of an initial list; 0 = all in one.
    pub initial_split: usize,
    pub empty_list_message: bool,
    pub on_hold_spelling: OnHold,
    pub endpoint_recording_form: Form,
    /// A `deactivated` element in rosters (no known version has it).
    pub lobby_hint: bool,
    /// The bridge closes a socket that said nothing for so long; 0 = off.
    pub idle_close_ms: u64,
    pub duplicate_updates: bool,
    pub reorder_updates: bool,
    /// Unknown fields, unknown update types, and a message of an unknown type before each message.
    pub unknown_updates: bool,

    // REST: rest.md section 11.
    pub cap_calls: usize,
    pub cap_spaces: usize,
    pub cap_legs: usize,
    pub cap_participants: usize,
    /// Status and body for an object that is not there.
    pub missing: Missing,
    /// A missing participant has a reason or is a bare 404.
    pub missing_participant: MissingParticipant,
    /// `deactivated` of an active leg.
    pub active_leg: ActiveLeg,
    /// A `deactivated` element in `/participants/<id>`.
    pub participant_deactivated: bool,
    /// A leg shows `deactivated` only so long after it connected.
    pub late_deactivated_ms: u64,
    pub empty_list: EmptyList,
    pub xml_declaration: bool,
    pub sub_type_spelling: SubType,
    /// `deactivated=true`: since 3.4 only, always, or never.
    pub back_to_lobby: BackToLobby,
    pub bulk_deactivated: Accept,
    pub admit_without_activator: Allow,
    /// PUT or DELETE of a participant at a bridge that does not host it.
    pub remote_put: RemotePut,
    /// People in the lobby count in `numParticipants*`.
    pub count_lobby: bool,
    /// Distribution links count in `numCallLegs`.
    pub count_links: bool,
    pub link_name: LinkName,
    /// `/participants/<id>/callLegs` of somebody hosted elsewhere.
    pub remote_legs: RemoteLegs,
    pub unknown_parameters: UnknownParameters,
    /// Software version, such as `3.4.1`; operations younger than it are refused.
    pub version: String,
    /// After so many refused passwords every request gets 401; 0 = never.
    pub lockout_after: usize,
    /// Share of requests answered 503, 0 to 1.
    pub rate_503: f64,
    /// `Retry-After` seconds on a 503; 0 = no header.
    pub retry_after_s: u64,
    pub latency_ms: u64,
    /// Up to so much more, at random.
    pub latency_jitter_ms: u64,
    pub dial_ring_ms: i64,
    pub dial_answer_ms: i64,

    // Faults.
    /// Every REST request gets this status (401, 403, 500, 503); 0 = off.
    pub rest_status: u16,
    /// REST requests are read and never answered.
    pub rest_hang: bool,
    pub put_without_effect: bool,
    /// A PUT or POST works at once but is answered so much later.
    pub put_late_ms: u64,
    /// `deactivated` set by a PUT takes effect so much after its answer.
    pub effect_delay_ms: u64,
    pub garbage_xml: bool,
    /// The body ends in the middle and the connection breaks.
    pub truncated_body: bool,
    /// `POST /authTokens` gets this status; 0 = off.
    pub token_status: u16,
    /// The upgrade to an events socket gets this status; 0 = off.
    pub events_status: u16,
    /// Events sockets stay open, but nothing is read or written.
    pub events_stall: bool,
    pub invalid_json_events: bool,
    pub invalid_utf8_events: bool,
    /// Every events message carries so many more bytes.
    pub events_padding: usize,
}

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $first:ident $(, $other:ident)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { #[default] $first $(, $other)* }
    };
}

choice!(NoAck { Stall, Close });
choice!(Order { After, Before });
choice!(Count { Total, Local });
choice!(Form { String, Boolean });
choice!(
    /// 404 with body on GET and 400 with body on PUT and DELETE; or one form for all.
    Missing { Documented, Body404, Body400, Bare404 }
);
choice!(MissingParticipant { Reason, Bare404 });
choice!(ActiveLeg { Omit, False });
choice!(EmptyList { OpenClose, SelfClosing });
choice!(BackToLobby { ByVersion, Accept, Reject });
choice!(Accept { Reject, Accept });
choice!(Allow { Allow, Refuse });
choice!(RemotePut { Reject, Forward });
choice!(LinkName { Peer, Call, Empty });
choice!(RemoteLegs { EmptyList, CallBridge });
choice!(UnknownParameters { Ignore, Reject });

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum OnHold {
    #[default]
    #[serde(rename = "onHold")]
    Camel,
    #[serde(rename = "onhold")]
    Lower,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub enum SubType {
    #[default]
    #[serde(rename = "subType")]
    Camel,
    #[serde(rename = "subtype")]
    Lower,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            ack_window: 10,
            ack_timeout_ms: 5_000,
            no_ack: NoAck::default(),
            answer_pings: false,
            token_single_use: true,
            token_lifetime_ms: 10_000,
            readd_on_replacement: false,
            pending_again: false,
            subscription_updates_split: false,
            deactivated_at_end: Order::default(),
            roster_removes_first: false,
            participants_count: Count::default(),
            subscription_limit: 0,
            error_status: "failure".to_owned(),
            initial_split: 0,
            empty_list_message: false,
            on_hold_spelling: OnHold::default(),
            endpoint_recording_form: Form::default(),
            lobby_hint: false,
            idle_close_ms: 0,
            duplicate_updates: false,
            reorder_updates: false,
            unknown_updates: false,
            cap_calls: 20,
            cap_spaces: 20,
            cap_legs: 10,
            cap_participants: 10,
            missing: Missing::default(),
            missing_participant: MissingParticipant::default(),
            active_leg: ActiveLeg::default(),
            participant_deactivated: false,
            late_deactivated_ms: 0,
            empty_list: EmptyList::default(),
            xml_declaration: true,
            sub_type_spelling: SubType::default(),
            back_to_lobby: BackToLobby::default(),
            bulk_deactivated: Accept::default(),
            admit_without_activator: Allow::default(),
            remote_put: RemotePut::default(),
            count_lobby: true,
            count_links: false,
            link_name: LinkName::default(),
            remote_legs: RemoteLegs::default(),
            unknown_parameters: UnknownParameters::default(),
            version: "3.4.1".to_owned(),
            lockout_after: 0,
            rate_503: 0.0,
            retry_after_s: 0,
            latency_ms: 0,
            latency_jitter_ms: 0,
            dial_ring_ms: 300,
            dial_answer_ms: 3_000,
            rest_status: 0,
            rest_hang: false,
            put_without_effect: false,
            put_late_ms: 0,
            effect_delay_ms: 0,
            garbage_xml: false,
            truncated_body: false,
            token_status: 0,
            events_status: 0,
            events_stall: false,
            invalid_json_events: false,
            invalid_utf8_events: false,
            events_padding: 0,
        }
    }
}

impl Switches {
    /// Whether the simulated software is at least this version.
    pub(crate) fn at_least(&self, major: u32, minor: u32) -> bool {
        let mut parts = self.version.split('.').map(|p| p.parse::<u32>().unwrap_or(0));
        let own = (parts.next().unwrap_or(0), parts.next().unwrap_or(0));
        own >= (major, minor)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by it")]

    use super::*;

    #[test]
    fn versions_compare_by_number() {
        let at = |version: &str| Switches { version: version.to_owned(), ..Switches::default() };
        assert!(at("2.10.1").at_least(2, 9));
        assert!(!at("2.8.4").at_least(2, 9));
        assert!(at("3.0").at_least(2, 9));
        assert!(!at("3.3.9").at_least(3, 4));
    }

    #[test]
    fn an_unknown_switch_is_refused_by_name() {
        let error = serde_json::from_str::<Switches>(r#"{"ack_windw": 1}"#).unwrap_err();
        assert!(error.to_string().contains("ack_windw"), "{error}");
    }
}
