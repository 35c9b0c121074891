//! Screens that show a code until an administrator types it. Pure; the caller passes the time and the random numbers.

use std::collections::HashMap;
use std::sync::Arc;

use super::Digest;
use crate::text::normalize::nfkc;

/// Without characters that look like others: 0 and O, 1 and I.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const LENGTH: usize = 6;
/// The most screens that may show a code at once. Anybody who reaches Usher can open the page, so screens without a socket give way to new
/// ones.
const MAX_SCREENS: usize = 500;
/// How long a code stays valid that no screen shows any more, in milliseconds.
const CODE_LIFETIME_MS: i64 = 10 * 60 * 1000;

#[derive(Debug, Default)]
pub(super) struct Pairing {
    screens: HashMap<Digest, PendingScreen>,
}

#[derive(Debug)]
struct PendingScreen {
    code: Arc<str>,
    last_seen: i64,
    /// Open sockets.
    sockets: usize,
}

impl Pairing {
    /// The code of a screen, by its token. It stays the same while the screen shows it.
    pub(super) fn code(&mut self, token: Digest, now: i64, mut random: impl FnMut() -> u32) -> Arc<str> {
        self.forget_old(now);
        if let Some(screen) = self.screens.get_mut(&token) {
            screen.last_seen = now;
            return screen.code.clone();
        }
        if self.screens.len() >= MAX_SCREENS {
            self.make_room();
        }
        let code = loop {
            let code: String = (0..LENGTH).map(|_| char::from(LETTERS[random() as usize % LETTERS.len()])).collect();
            if !self.screens.values().any(|screen| *screen.code == *code) {
                break Arc::<str>::from(code);
            }
        };
        self.screens.insert(token, PendingScreen { code: code.clone(), last_seen: now, sockets: 0 });
        code
    }

    /// A screen connects; false when too many are connected.
    pub(super) fn open(&mut self, token: &Digest) -> bool {
        let free = self.connected_screens() < MAX_SCREENS;
        if let Some(screen) = self.screens.get_mut(token).filter(|_| free) {
            screen.sockets += 1;
        }
        free
    }

    pub(super) fn close(&mut self, token: &Digest, now: i64) {
        if let Some(screen) = self.screens.get_mut(token) {
            screen.sockets = screen.sockets.saturating_sub(1);
            screen.last_seen = now;
        }
    }

    /// The token of the screen that shows a typed code. The code becomes invalid; a screen that is not paired after all gets another one.
    pub(super) fn redeem(&mut self, typed: &str) -> Option<Digest> {
        let typed: String = nfkc(typed).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
        let token = *self.screens.iter().find(|(_, screen)| *screen.code == *typed)?.0;
        self.screens.remove(&token);
        Some(token)
    }

    /// The number of screens that show a code now.
    pub(super) fn connected_screens(&self) -> usize {
        self.screens.values().filter(|screen| screen.sockets > 0).count()
    }

    fn forget_old(&mut self, now: i64) {
        self.screens.retain(|_, screen| screen.sockets > 0 || now - screen.last_seen < CODE_LIFETIME_MS);
    }

    /// Removes the screen with the fewest sockets; of several, the one that was seen the longest ago.
    fn make_room(&mut self) {
        let oldest = self.screens.iter().min_by_key(|(_, screen)| (screen.sockets, screen.last_seen)).map(|(token, _)| *token);
        if let Some(token) = oldest {
            self.screens.remove(&token);
        }
    }
}

/// A code in two halves, as people read it out.
pub fn format_code(code: &str) -> String {
    let (first, second) = code.split_at(code.len() / 2);
    format!("{first}-{second}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counter() -> impl FnMut() -> u32 {
        let mut n = 0;
        move || {
            n += 7;
            n
        }
    }

    #[test]
    fn a_screen_keeps_its_code_and_is_found_by_any_spelling_of_it() {
        let mut pairing = Pairing::default();
        let mut random = counter();
        let first = pairing.code([1; 32], 0, &mut random);
        assert_eq!(pairing.code([1; 32], 1, &mut random), first);
        let second = pairing.code([2; 32], 1, &mut random);
        assert_ne!(first, second);
        let typed = format!(" {} ", format_code(&second).to_lowercase());
        assert_eq!((pairing.redeem(&typed), pairing.redeem(&second), pairing.redeem("")), (Some([2; 32]), None, None));
        // Full-width letters, as keyboards for Chinese and Japanese write them.
        let wide: String = first.chars().filter_map(|c| char::from_u32(u32::from(c) + 0xfee0)).collect();
        assert_eq!(pairing.redeem(&wide), Some([1; 32]), "{wide}");
    }

    #[test]
    fn a_code_that_no_screen_shows_expires() {
        let mut pairing = Pairing::default();
        let mut random = counter();
        let code = pairing.code([1; 32], 0, &mut random);
        pairing.open(&[1; 32]);
        assert_eq!(pairing.connected_screens(), 1);
        assert_eq!(pairing.code([1; 32], CODE_LIFETIME_MS * 2, &mut random), code);
        pairing.close(&[1; 32], CODE_LIFETIME_MS * 2);
        pairing.code([3; 32], CODE_LIFETIME_MS * 3, &mut random);
        assert_eq!((pairing.redeem(&code), pairing.connected_screens()), (None, 0));
    }

    #[test]
    fn endless_page_loads_take_no_code_from_a_connected_screen() {
        let mut pairing = Pairing::default();
        let mut random = rand::random::<u32>;
        let code = pairing.code([0; 32], 0, &mut random);
        pairing.open(&[0; 32]);
        for n in 1..2000_u32 {
            let mut token = [0; 32];
            token[..4].copy_from_slice(&n.to_be_bytes());
            pairing.code(token, 1, &mut random);
        }
        assert_eq!((pairing.screens.len(), pairing.redeem(&code)), (MAX_SCREENS, Some([0; 32])));
    }
}
