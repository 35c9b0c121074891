//! A whole view as ready-made frames in small parts. Built from shared text outside the hub's lock.

use std::fmt::Write;
use std::sync::Arc;

use tokio::time::Instant;

use crate::view::Kind;

use super::{Frame, delta};

#[derive(Debug)]
pub(super) struct Snapshot {
    /// The last delta it contains.
    pub(super) seq: u64,
    pub(super) built: Instant,
    /// The parts, then the end mark.
    pub(super) frames: Vec<Frame>,
}

impl Snapshot {
    pub(super) fn build(epoch: &str, seq: u64, mut rows: Vec<(Kind, Arc<str>)>, limit: usize, built: Instant) -> Self {
        // Order: server, bridges, meetings, participants. A reader never meets a participant of an unknown meeting.
        rows.sort_unstable_by_key(|(kind, _)| *kind);
        let limit = limit.saturating_sub(128);
        let mut parts = Vec::new();
        let mut from = 0;
        while from < rows.len() {
            let mut size = 0;
            let fits = rows[from..].iter().take_while(|(_, json)| {
                size += json.len() + 1;
                size <= limit
            });
            let to = from + fits.count().max(1);
            parts.push(part(epoch, seq, parts.len(), &rows[from..to]));
            from = to;
        }
        let (count, total) = (parts.len(), rows.len());
        let end = format!(r#"{{"type":"snapshot_end","epoch":"{epoch}","seq":{seq},"parts":{count},"rows":{total}}}"#);
        parts.push(Frame::text(end));
        Self { seq, built, frames: parts }
    }
}

fn part(epoch: &str, seq: u64, number: usize, rows: &[(Kind, Arc<str>)]) -> Frame {
    let mut text = String::with_capacity(rows.iter().map(|(_, json)| json.len() + 1).sum::<usize>() + 128);
    let _ = write!(text, r#"{{"type":"snapshot","epoch":"{epoch}","seq":{seq},"part":{number},"rows":["#);
    delta::push_list(&mut text, rows.iter().map(|(_, json)| json));
    text.push_str("]}");
    Frame::text(text)
}
