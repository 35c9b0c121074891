//! The one word that a value without content is, in the protocol, the log and the database alike: its name in snake case, by serde.

use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Empty for a value that is more than a word.
pub fn word(value: &impl Serialize) -> Arc<str> {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => word.into(),
        _ => Arc::default(),
    }
}

/// The value that a word stands for; None where it is no word of this Usher's.
pub fn read<T: DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(word.into()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view::{ActionResult, Verb};

    #[test]
    fn a_word_is_read_as_it_is_written() {
        assert_eq!((&*word(&Verb::SendBack), &*word(&ActionResult::Unconfirmed)), ("send_back", "unconfirmed"));
        assert_eq!((read(&word(&Verb::SendBack)), read::<Verb>("dance")), (Some(Verb::SendBack), None));
        assert_eq!(&*word(&vec![1]), "");
    }
}
