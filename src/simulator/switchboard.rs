//! Holds the switches in force: global ones, and those that single bridges override. It applies no switch.

use std::sync::{Arc, Mutex, PoisonError};

use arc_swap::ArcSwap;
use serde_json::{Map, Value, json};

use super::switches::Switches;

#[derive(Debug, thiserror::Error)]
pub enum SwitchError {
    #[error("switches must be a JSON object, for example {{\"ack_window\": 1}}")]
    NotAnObject,
    #[error("no such switch or value: {0}")]
    Invalid(#[from] serde_json::Error),
    #[error("no bridge is called {0:?}")]
    NoBridge(String),
}

#[derive(Debug)]
pub(crate) struct Switchboard {
    layers: Mutex<Layers>,
    effective: Vec<ArcSwap<Switches>>,
    names: Vec<String>,
}

#[derive(Debug, Clone)]
struct Layers {
    global: Map<String, Value>,
    bridges: Vec<Map<String, Value>>,
}

impl Switchboard {
    pub(crate) fn new(names: &[String]) -> Self {
        Self {
            layers: Mutex::new(Layers { global: Map::new(), bridges: vec![Map::new(); names.len()] }),
            effective: names.iter().map(|_| ArcSwap::from_pointee(Switches::default())).collect(),
            names: names.to_vec(),
        }
    }

    pub(crate) fn of(&self, bridge: usize) -> Arc<Switches> {
        self.effective[bridge].load_full()
    }

    /// Sets the given switches, for all bridges or for one; `replace` removes the others first.
    /// `null` resets a switch to the level below.
    pub(crate) fn set(&self, bridge: Option<&str>, values: Value, replace: bool) -> Result<(), SwitchError> {
        let Value::Object(values) = values else {
            return Err(SwitchError::NotAnObject);
        };
        let mut layers = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        let mut next = layers.clone();
        let layer = match bridge {
            None => &mut next.global,
            Some(name) => {
                let at = self.names.iter().position(|n| n == name);
                let at = at.ok_or_else(|| SwitchError::NoBridge(name.to_owned()))?;
                &mut next.bridges[at]
            }
        };
        if replace {
            layer.clear();
        }
        for (key, value) in values {
            if value.is_null() {
                layer.remove(&key);
            } else {
                layer.insert(key, value);
            }
        }
        let effective = next.bridges.iter().map(|own| merged(&next.global, own)).collect::<Result<Vec<_>, _>>()?;
        for (slot, switches) in self.effective.iter().zip(effective) {
            slot.store(Arc::new(switches));
        }
        *layers = next;
        Ok(())
    }

    /// The switches that were set, and those in force at each bridge.
    pub(crate) fn show(&self) -> Value {
        let layers = self.layers.lock().unwrap_or_else(PoisonError::into_inner);
        let bridges: Map<String, Value> = self
            .names
            .iter()
            .enumerate()
            .map(|(ix, name)| {
                let effective = serde_json::to_value(&*self.of(ix)).unwrap_or_default();
                (name.clone(), json!({ "set": layers.bridges[ix], "effective": effective }))
            })
            .collect();
        json!({ "set": layers.global, "bridges": bridges })
    }
}

fn merged(global: &Map<String, Value>, own: &Map<String, Value>) -> Result<Switches, serde_json::Error> {
    let mut all = global.clone();
    all.extend(own.clone());
    serde_json::from_value(Value::Object(all))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test fails by it")]

    use super::*;

    #[test]
    fn a_bridge_overrides_and_null_takes_back() {
        let board = Switchboard::new(&["eu-1".to_owned(), "eu-2".to_owned()]);
        board.set(None, json!({"cap_legs": 3}), false).unwrap();
        board.set(Some("eu-2"), json!({"cap_legs": 5}), false).unwrap();
        assert_eq!((board.of(0).cap_legs, board.of(1).cap_legs), (3, 5));
        board.set(Some("eu-2"), json!({"cap_legs": null}), false).unwrap();
        assert_eq!(board.of(1).cap_legs, 3);
        board.set(None, json!({}), true).unwrap();
        assert_eq!(board.of(0).cap_legs, 10);
    }

    #[test]
    fn a_bad_value_changes_nothing() {
        let board = Switchboard::new(&["eu-1".to_owned()]);
        assert!(board.set(None, json!({"cap_legs": 3, "nonsense": 1}), false).is_err());
        assert_eq!(board.of(0).cap_legs, 10);
    }
}
