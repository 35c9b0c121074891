//! Tokens for events sockets: made by `POST /authTokens`, valid once and for a short time (events.md 6.3). It knows no HTTP.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::simulator::switches::Switches;

/// All tokens are discarded at this number, so that clients that never connect cost nothing.
const MAX_OUTSTANDING: usize = 10_000;

#[derive(Default)]
pub(crate) struct Tokens(Mutex<HashMap<String, Instant>>);

impl Tokens {
    pub(crate) fn issue(&self) -> String {
        let token = hex::encode(rand::random::<[u8; 16]>());
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if tokens.len() >= MAX_OUTSTANDING {
            tokens.clear();
        }
        tokens.insert(token.clone(), Instant::now());
        token
    }

    /// Discards all tokens, as a restart of the bridge does.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    pub(crate) fn accept(&self, token: &str, switches: &Switches) -> bool {
        let mut tokens = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(issued) = tokens.get(token).copied() else {
            return false;
        };
        let fresh = issued.elapsed() <= Duration::from_millis(switches.token_lifetime_ms);
        if switches.token_single_use || !fresh {
            tokens.remove(token);
        }
        fresh
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_opens_one_socket() {
        let tokens = Tokens::default();
        let switches = Switches::default();
        let token = tokens.issue();
        assert!(tokens.accept(&token, &switches));
        assert!(!tokens.accept(&token, &switches));
        assert!(!tokens.accept("made-up", &switches));
    }

    #[test]
    fn a_reusable_token_still_has_a_lifetime() {
        let tokens = Tokens::default();
        let reusable = Switches { token_single_use: false, ..Switches::default() };
        let token = tokens.issue();
        assert!(tokens.accept(&token, &reusable));
        assert!(tokens.accept(&token, &reusable));
        let over = Switches { token_lifetime_ms: 0, ..reusable };
        std::thread::sleep(Duration::from_millis(2));
        assert!(!tokens.accept(&token, &over));
    }
}
