//! Every switch of the simulator as one plain struct. Each is described here and in docs/simulator.md.
//! No switch acts here: the parts that read a switch apply it.

use serde::{Deserialize, Serialize};

/// Defines the struct, with the default of each switch beside it.
macro_rules! switches {
    ($($(#[$doc:meta])* $name:ident: $type:ty = $default:expr,)*) => {
        /// Defaults are the first value of the tables in events.md 8, rest.md 11 and cdr.md 7.
        #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
        #[serde(default, deny_unknown_fields)]
        pub struct Switches {
            $($(#[$doc])* pub $name: $type,)*
        }

        impl Default for Switches {
            fn default() -> Self {
                Self { $($name: $default,)* }
            }
        }
    };
}

switches! {
    // Events: events.md section 8.
    /// Messages that may be unacknowledged at once; 0 = unlimited.
    ack_window: usize = 10,
    /// The bridge gives up on a socket after waiting this long for an ack.
    ack_timeout_ms: u64 = 5_000,
    /// Acks are read and ignored, so that every message stays unacknowledged.
    ignore_acks: bool = false,
    no_ack: NoAck = NoAck::default(),
    answer_pings: bool = false,
    token_single_use: bool = true,
    token_lifetime_ms: u64 = 10_000,
    /// A new request sends `add` again for unchanged indexes.
    readd_on_replacement: bool = false,
    /// A new request takes unchanged indexes through `pending` again.
    pending_again: bool = false,
    /// One `subscriptionUpdate` per subscription instead of one for all.
    subscription_updates_split: bool = false,
    /// `deactivated` after or before the `remove` of an ended call.
    deactivated_at_end: Order = Order::default(),
    /// Every roster entry is removed before the call is.
    roster_removes_first: bool = false,
    participants_count: Count = Count::default(),
    /// Subscriptions per socket; 0 = unlimited. A larger request gets an ack with `error_status`.
    subscription_limit: usize = 0,
    /// Only this many subscriptions of a socket become active; the others stay `pending`; 0 = all.
    active_limit: usize = 0,
    /// No subscription becomes active.
    never_active: bool = false,
    /// A request that names a call which does not exist: that subscription is `deactivated`, or the whole request is refused.
    unknown_call: UnknownCall = UnknownCall::default(),
    error_status: String = "failure".to_owned(),
    /// Items per message of an initial list; 0 = all in one.
    initial_split: usize = 0,
    empty_list_message: bool = false,
    on_hold_spelling: OnHold = OnHold::default(),
    endpoint_recording_form: Form = Form::default(),
    /// A `deactivated` element in rosters (no known version has it).
    lobby_hint: bool = false,
    /// The call of a further bridge gets its meeting's `callCorrelator` only this long after it began.
    correlator_ms: i64 = 0,
    /// The correlator that it shows until then.
    correlator_first: CorrelatorFirst = CorrelatorFirst::default(),
    /// The bridge closes a socket on which the client sent nothing for this long; 0 = off.
    idle_close_ms: u64 = 0,
    duplicate_updates: bool = false,
    reorder_updates: bool = false,
    /// Unknown fields, unknown update types, and a message of an unknown type before each message.
    unknown_updates: bool = false,
    /// Each `add` follows an `update` of the same object in an earlier message.
    early_updates: bool = false,
    /// Objects that are added are announced by `update` only: the `add` was lost.
    lost_adds: bool = false,
    /// A dropped or deactivated subscription continues to send under its old index; one whose call ended sends once more.
    late_updates: bool = false,

    // REST: rest.md section 11.
    cap_calls: usize = 20,
    cap_spaces: usize = 20,
    cap_legs: usize = 10,
    cap_participants: usize = 10,
    /// Status and body for an object that does not exist.
    missing: Missing = Missing::default(),
    /// Status of a path that does not exist, with `unrecognizedObject`.
    unknown_path: UnknownPath = UnknownPath::default(),
    /// A missing participant has a reason or is a bare 404.
    missing_participant: MissingParticipant = MissingParticipant::default(),
    /// `deactivated` of an active leg.
    active_leg: ActiveLeg = ActiveLeg::default(),
    /// Whether `/participants/<id>/callLegs` exists as a path: the text prints the singular `/participant/` (rest.md 3.5).
    participant_legs: ParticipantLegs = ParticipantLegs::default(),
    /// A `deactivated` element in `/participants/<id>`.
    participant_deactivated: bool = false,
    /// `state` of a waiting leg: the same as of others, absent, or an unknown word.
    waiting_state: WaitingState = WaitingState::default(),
    /// `state` of a waiting participant, in rosters and in `/participants/<id>`: `connected` is an inference (events.md 5.4).
    waiting_participant: WaitingParticipant = WaitingParticipant::default(),
    /// A leg shows `deactivated` only this long after it connected.
    late_deactivated_ms: u64 = 0,
    empty_list: EmptyList = EmptyList::default(),
    xml_declaration: bool = true,
    sub_type_spelling: SubType = SubType::default(),
    /// `deactivated=true`: accepted since 3.4 only, always, or never.
    back_to_lobby: BackToLobby = BackToLobby::default(),
    bulk_deactivated: Accept = Accept::default(),
    admit_without_activator: Allow = Allow::default(),
    /// PUT or DELETE of a participant at a bridge that does not host it.
    remote_put: RemotePut = RemotePut::default(),
    /// A lock or banner set on one bridge's call of a meeting appears on the other bridges' calls too.
    call_changes: CallChanges = CallChanges::default(),
    /// People in the lobby count in `numParticipants*`.
    count_lobby: bool = true,
    /// Distribution links count in `numCallLegs`.
    count_links: bool = false,
    link_name: LinkName = LinkName::default(),
    /// `/participants/<id>/callLegs` of a participant hosted elsewhere.
    remote_legs: RemoteLegs = RemoteLegs::default(),
    unknown_parameters: UnknownParameters = UnknownParameters::default(),
    /// Software version, such as `3.4.1`; operations that came later are refused.
    version: String = "3.4.1".to_owned(),
    /// After this many wrong passwords every request gets 401; 0 = never.
    lockout_after: usize = 0,
    /// Share of requests answered 503, 0 to 1.
    rate_503: f64 = 0.0,
    /// `Retry-After` seconds on a 503; 0 = no header.
    retry_after_s: u64 = 0,
    latency_ms: u64 = 0,
    /// Random addition to `latency_ms`, up to this much.
    latency_jitter_ms: u64 = 0,
    /// Before each further page of a list, this many of its first objects move to its end.
    pages_shift: usize = 0,
    /// Error of the bridge's clock: it affects durations, `cdrTime` and the times of CDRs.
    clock_offset_ms: i64 = 0,
    dial_ring_ms: i64 = 300,
    dial_answer_ms: i64 = 3_000,

    // CDRs: cdr.md section 7.
    /// The form field that holds a receiver's URI.
    cdr_form_field: CdrFormField = CdrFormField::default(),
    /// Receivers per bridge, the attribute `maximum` of the list.
    cdr_slots: usize = 4,
    /// How receivers are listed: as given, with host and scheme in capitals, or without `uri`.
    cdr_listed: CdrListed = CdrListed::default(),
    /// Slots that belong to other systems; nothing is ever sent to them.
    cdr_foreign_receivers: usize = 0,
    /// Maximum records per POST.
    cdr_batch: usize = 1,
    cdr_accepts: CdrAccepts = CdrAccepts::default(),
    /// Pause before the first retry; it doubles from there.
    cdr_retry_ms: u64 = 1_000,
    /// Maximum pause; at or below `cdr_retry_ms` the pause is fixed.
    cdr_retry_max_ms: u64 = 30_000,
    cdr_timeout_ms: u64 = 10_000,
    /// Maximum records that wait for one receiver; further ones discard the oldest.
    cdr_buffer: usize = 1_000,
    /// Share of POSTs whose 200 gets lost, 0 to 1; a record is sent at most twice because of it.
    cdr_duplicate_rate: f64 = 0.0,
    /// Share of records that overtake the previous one, 0 to 1.
    cdr_reorder_rate: f64 = 0.0,
    /// Share of records that get lost silently, 0 to 1.
    cdr_gap_rate: f64 = 0.0,
    /// `recordIndex` continues after a restart of the bridge.
    cdr_record_index_continues: bool = false,
    cdr_call_bridge: CdrCallBridge = CdrCallBridge::default(),
    /// `deactivated` of an active leg.
    cdr_active_leg: CdrActiveLeg = CdrActiveLeg::default(),
    /// Whether the first update of a connected waiting leg has `deactivated`, or a second one.
    cdr_first_update: CdrFirstUpdate = CdrFirstUpdate::default(),
    /// A change of `deactivated` alone makes a record. This is documented for activators, and not confirmed for other changes (cdr.md 3.4).
    cdr_lobby_changes: bool = true,
    cdr_group_id: CdrGroupId = CdrGroupId::default(),
    /// Distribution links have records too.
    cdr_links: bool = false,
    /// Unknown record types, attributes and elements.
    cdr_unknown: bool = false,
    /// Line breaks and blank lines between elements.
    cdr_whitespace: bool = false,
    cdr_declaration: bool = true,
    /// The receiver's certificate must be valid.
    cdr_check_certificate: bool = false,

    // Faults.
    /// Every REST request gets this status (401, 403, 500, 503); 0 = off.
    rest_status: u16 = 0,
    /// Only requests whose path (after `/api/v1`) begins with this get `rest_status`; empty = all.
    rest_status_under: String = String::new(),
    /// A connection is closed this long after each response to a REST request, without announcement; 0 = off.
    close_after_ms: u64 = 0,
    /// REST requests are read and never answered.
    rest_hang: bool = false,
    put_without_effect: bool = false,
    /// A GET is answered this much later, with the state at its arrival.
    get_late_ms: u64 = 0,
    /// A PUT or POST takes effect at once but is answered this much later.
    put_late_ms: u64 = 0,
    /// A PUT, POST or DELETE is executed, and answered, this much later, also when its client has hung up by then.
    put_slow_ms: u64 = 0,
    /// A PUT or DELETE takes effect this much after its response. Refusals because of `deactivated` come at once.
    effect_delay_ms: u64 = 0,
    garbage_xml: bool = false,
    /// This text in the bodies of GETs is replaced by `rest_replace_with`, byte for byte; empty = none.
    rest_replace: String = String::new(),
    rest_replace_with: String = String::new(),
    /// Applies `rest_replace` only to bodies that contain this text; empty = to all.
    rest_replace_beside: String = String::new(),
    /// The body ends in the middle, and the connection breaks.
    truncated_body: bool = false,
    /// `POST /authTokens` gets this status; 0 = off.
    token_status: u16 = 0,
    /// The upgrade to an events socket gets this status; 0 = off.
    events_status: u16 = 0,
    /// Events sockets stay open, but nothing is read or written.
    events_stall: bool = false,
    /// Each write to an events socket is delayed by this much.
    events_late_ms: u64 = 0,
    /// Every `subscribeRequest` is answered by an ack with `error_status`.
    subscribe_refused: bool = false,
    /// The certificate shown from the next connection on; no effect without TLS.
    certificate: Certificate = Certificate::default(),
    /// This text in events messages is replaced by `events_replace_with`, byte for byte; empty = none.
    events_replace: String = String::new(),
    events_replace_with: String = String::new(),
    invalid_json_events: bool = false,
    invalid_utf8_events: bool = false,
    /// Every events message has this many bytes more.
    events_padding: usize = 0,
}

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident { $first:ident $(, $other:ident)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { #[default] $first $(, $other)* }
    };
}

choice!(
    /// The one chosen at the start, or another; `OtherCa` is valid for the host, but from an unknown authority.
    #[derive(Hash)]
    Certificate { AsStarted, OtherCa, Expired, WrongHost, SelfSigned }
);
choice!(NoAck { Stall, Close });
choice!(
    /// No correlator, or the call's own id.
    CorrelatorFirst { Absent, Own }
);
choice!(Order { After, Before });
choice!(Count { Total, Local });
choice!(Form { String, Boolean });
choice!(
    /// 404 with body on GET and 400 with body on PUT and DELETE; or one form for all.
    Missing { Documented, Body404, Body400, Bare404 }
);
choice!(MissingParticipant { Reason, Bare404 });
choice!(ParticipantLegs { Plural, Singular });
choice!(ActiveLeg { Omit, False });
choice!(WaitingState { Connected, Absent, Other });
choice!(WaitingParticipant { Connected, Ringing, Absent });
choice!(UnknownCall { Deactivated, Refused });
choice!(UnknownPath { Status404, Status400 });
choice!(EmptyList { OpenClose, SelfClosing });
choice!(BackToLobby { ByVersion, Accept, Reject });
choice!(Accept { Reject, Accept });
choice!(Allow { Allow, Refuse });
choice!(RemotePut { Reject, Forward });
choice!(CallChanges { Spread, Local });
choice!(LinkName { Peer, Call, Empty });
choice!(
    /// An empty list, the bridge that has the legs, 404, or the links to other bridges.
    RemoteLegs { EmptyList, CallBridge, Missing, Links }
);
choice!(UnknownParameters { Ignore, Reject });
choice!(
    /// `url` alone, either, or `uri` alone. With `uri`, `url` is refused, or ignored: no receiver is added, or one without an address.
    CdrFormField { Url, AlsoUri, Uri, UriNothing, UriEmpty }
);
choice!(CdrListed { AsGiven, Respelled, WithoutUri });
choice!(CdrAccepts { Only200, Any2xx });
choice!(CdrCallBridge { Clustered, Always, Never });
choice!(CdrActiveLeg { False, Absent });
choice!(CdrFirstUpdate { Complete, TwoRecords });
choice!(CdrGroupId { Participant, Leg, Absent });

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
