//! Deltas as text: serialises rows once and cuts a change to size. Takes no lock and no clock.

use std::fmt::Write;
use std::sync::Arc;

use crate::view::{Row, RowKey};

use super::Frame;

/// The rows of one delta.
#[derive(Debug, Default)]
pub(super) struct DeltaRows<'a> {
    pub(super) put: Vec<&'a str>,
    pub(super) drop: Vec<&'a RowKey>,
}

pub(super) fn row_json(row: &Row) -> Arc<str> {
    serde_json::to_string(row).expect("a row is plain data with text keys").into()
}

fn key_json(key: &RowKey) -> String {
    serde_json::to_string(key).expect("a key is two texts")
}

/// Cuts a change into deltas of at most `limit` bytes where single rows allow it; dropped keys come first.
pub(super) fn split<'a>(put: &'a [(RowKey, Arc<str>)], drop: &'a [RowKey], limit: usize) -> Vec<DeltaRows<'a>> {
    // Room for the envelope with epoch and seq.
    let limit = limit.saturating_sub(160);
    let (mut deltas, mut current, mut size) = (Vec::new(), DeltaRows::default(), 0);
    for key in drop {
        // `{"kind":"…","id":"…"},` around an id, which CMS makes of plain characters.
        let bytes = key.id.len() + 32;
        if size > 0 && size + bytes > limit {
            deltas.push(std::mem::take(&mut current));
            size = 0;
        }
        size += bytes;
        current.drop.push(key);
    }
    for (_, json) in put {
        let bytes = json.len() + 1;
        if size > 0 && size + bytes > limit {
            deltas.push(std::mem::take(&mut current));
            size = 0;
        }
        size += bytes;
        current.put.push(json);
    }
    if size > 0 {
        deltas.push(current);
    }
    deltas
}

pub(super) fn delta(epoch: &str, seq: u64, rows: &DeltaRows<'_>) -> Frame {
    let size = rows.put.iter().map(|json| json.len() + 1).sum::<usize>() + rows.drop.len() * 80 + 128;
    let mut text = String::with_capacity(size);
    let _ = write!(text, r#"{{"type":"delta","epoch":"{epoch}","seq":{seq},"put":["#);
    push_list(&mut text, rows.put.iter().copied());
    text.push_str(r#"],"drop":["#);
    push_list(&mut text, rows.drop.iter().map(|key| key_json(key)));
    text.push_str("]}");
    Frame::text(text)
}

pub(super) fn push_list(text: &mut String, items: impl Iterator<Item = impl AsRef<str>>) {
    for (n, item) in items.enumerate() {
        if n > 0 {
            text.push(',');
        }
        text.push_str(item.as_ref());
    }
}
