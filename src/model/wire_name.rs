//! The wire name of a unit variant, the same in the protocol, the audit log and the database: its name in snake case, by serde.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// The wire name of a value. Empty for a value with content.
pub fn to_wire(value: &impl Serialize) -> Arc<str> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(name)) => name.into(),
        _ => Arc::default(),
    }
}

/// The value of a wire name; None when this version does not know it.
pub fn from_wire<T: DeserializeOwned>(name: &str) -> Option<T> {
    serde_json::from_value(name.into()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{ActionKind, ActionResult};

    #[test]
    fn a_name_is_read_as_it_is_written() {
        assert_eq!((&*to_wire(&ActionKind::SendBack), &*to_wire(&ActionResult::Unconfirmed)), ("send_back", "unconfirmed"));
        assert_eq!((from_wire(&to_wire(&ActionKind::SendBack)), from_wire::<ActionKind>("dance")), (Some(ActionKind::SendBack), None));
        assert_eq!(&*to_wire(&vec![1]), "");
    }
}
