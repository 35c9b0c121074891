//! The decisions of a seed before a run: the switches for unknowns, and what Usher may rely on.

use rand::SeedableRng;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use serde_json::{Value, json};

/// The decisions of a seed; they are the same for the same seed.
#[derive(Debug, Clone)]
pub struct SeedPlan {
    pub seed: u64,
    /// Whether Usher reads everything periodically. Without it, no lost event is hidden; with it, no repair may be needed.
    pub rotation: bool,
    /// Whether bridges push Call Detail Records.
    pub records: bool,
    pub switches: Value,
}

impl SeedPlan {
    pub fn of(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let rotation = !seed.is_multiple_of(2);
        let records = !(seed / 2).is_multiple_of(2);
        Self { seed, rotation, records, switches: switches(&mut rng, rotation, records) }
    }
}

/// One value for each switch about an unknown (docs/simulator.md), for all bridges and the whole run.
///
/// Without the rotation the bridge pushes everything it is asked for: calls whose roster it refuses are polled, and only the
/// rotation would find a change that a poll does not show (locked and unlocked again in between).
fn switches(rng: &mut StdRng, rotation: bool, records: bool) -> Value {
    let mut all = serde_json::Map::new();
    let mut set = |name: &str, options: &[Value]| {
        let value = options.choose(rng).cloned().unwrap_or_default();
        all.insert(name.into(), value);
    };
    let flag = [json!(false), json!(true)];
    for name in [
        "answer_pings",
        "token_single_use",
        "readd_on_replacement",
        "pending_again",
        "subscription_updates_split",
        "roster_removes_first",
        "empty_list_message",
        "lobby_hint",
        "participant_deactivated",
        "xml_declaration",
        "count_lobby",
        "count_links",
        "duplicate_updates",
        "unknown_updates",
    ] {
        set(name, &flag);
    }
    set("no_ack", &[json!("stall"), json!("close")]);
    set("ack_window", &[json!(10), json!(1), json!(3), json!(0)]);
    set("deactivated_at_end", &[json!("after"), json!("before")]);
    set("participants_count", &[json!("total"), json!("local")]);
    set("error_status", &[json!("failure"), json!("tooManySubscriptions")]);
    set("initial_split", &[json!(0), json!(1), json!(7)]);
    set("on_hold_spelling", &[json!("onHold"), json!("onhold")]);
    set("endpoint_recording_form", &[json!("string"), json!("boolean")]);
    set("cap_calls", &[json!(20), json!(7)]);
    set("cap_spaces", &[json!(20), json!(3)]);
    set("cap_legs", &[json!(10), json!(3)]);
    set("cap_participants", &[json!(10), json!(3)]);
    set("missing", &["documented", "body404", "body400", "bare404"].map(Value::from));
    set("missing_participant", &["reason", "bare404"].map(Value::from));
    set("active_leg", &["omit", "false"].map(Value::from));
    set("participant_legs", &["plural", "plural", "singular"].map(Value::from));
    // It must be less than the second look.
    set("late_deactivated_ms", &[json!(0), json!(50)]);
    set("empty_list", &["open_close", "self_closing"].map(Value::from));
    set("sub_type_spelling", &["subType", "subtype"].map(Value::from));
    set("back_to_lobby", &["by_version", "accept", "reject"].map(Value::from));
    set("bulk_deactivated", &["reject", "accept"].map(Value::from));
    set("admit_without_activator", &["allow", "allow", "refuse"].map(Value::from));
    set("remote_put", &["reject", "forward"].map(Value::from));
    set("link_name", &["peer", "call", "empty"].map(Value::from));
    set("remote_legs", &["empty_list", "call_bridge", "missing", "links"].map(Value::from));
    set("unknown_parameters", &["ignore", "ignore", "reject"].map(Value::from));
    set("version", &["3.4.1", "3.9", "2.9.4"].map(Value::from));
    set("latency_ms", &[json!(0), json!(2)]);
    set("latency_jitter_ms", &[json!(0), json!(3)]);
    set("correlator_ms", &[json!(0), json!(0), json!(300)]);
    set("correlator_first", &["absent", "own"].map(Value::from));
    if records {
        for name in ["cdr_links", "cdr_unknown", "cdr_whitespace", "cdr_declaration", "cdr_record_index_continues"] {
            set(name, &flag);
        }
        set("cdr_retry_ms", &[json!(100)]);
        set("cdr_retry_max_ms", &[json!(400)]);
        set("cdr_form_field", &["url", "also_uri", "uri", "uri_nothing", "uri_empty"].map(Value::from));
        set("cdr_foreign_receivers", &[json!(0), json!(3)]);
        set("cdr_batch", &[json!(1), json!(20)]);
        set("cdr_accepts", &["only200", "any2xx"].map(Value::from));
        set("cdr_buffer", &[json!(1000), json!(1000), json!(20)]);
        set("cdr_duplicate_rate", &[json!(0.0), json!(0.1)]);
        set("cdr_reorder_rate", &[json!(0.0), json!(0.1)]);
        set("cdr_gap_rate", &[json!(0.0), json!(0.0), json!(0.02)]);
        set("cdr_call_bridge", &["clustered", "always", "never"].map(Value::from));
        set("cdr_active_leg", &["false", "absent"].map(Value::from));
        set("cdr_first_update", &["complete", "two_records"].map(Value::from));
        set("cdr_group_id", &["participant", "leg", "absent"].map(Value::from));
        // Without the rotation nothing else reports a change that a bridge does not announce.
        set("cdr_lobby_changes", if rotation { &flag } else { &flag[1..] });
    }
    if rotation {
        set("subscription_limit", &[json!(0), json!(0), json!(15)]);
    }
    // A thousand messages with an ack each, after every reconnect, would measure the machine.
    if all["ack_window"] == 1 && all["initial_split"] == 1 {
        all.insert("initial_split".into(), json!(7));
    }
    Value::Object(all)
}
