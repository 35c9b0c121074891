//! Screens that show a code until an administrator types it. Pure; the caller brings the clock and the chance.

use std::collections::HashMap;
use std::sync::Arc;

use super::Digest;
use crate::text::normalize::nfkc;

/// Without what is read as something else: 0 and O, 1 and I.
const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
const LENGTH: usize = 6;
/// Screens that may wait at once; anybody who reaches Usher can open the page, and the ones nobody looks at give way.
const MOST: usize = 500;
/// How long a code is good that no screen shows any more, in milliseconds.
const KEEP_MS: i64 = 10 * 60 * 1000;

#[derive(Debug, Default)]
pub(super) struct Pairing {
    waiting: HashMap<Digest, Waiting>,
}

#[derive(Debug)]
struct Waiting {
    code: Arc<str>,
    seen: i64,
    /// Open sockets.
    screens: usize,
}

impl Pairing {
    /// The code of a screen, by its token; the same one as long as it is shown.
    pub(super) fn code(&mut self, token: Digest, now: i64, mut chance: impl FnMut() -> u32) -> Arc<str> {
        self.forget_old(now);
        if let Some(waiting) = self.waiting.get_mut(&token) {
            waiting.seen = now;
            return waiting.code.clone();
        }
        if self.waiting.len() >= MOST {
            self.make_room();
        }
        let code = loop {
            let code: String = (0..LENGTH).map(|_| char::from(LETTERS[chance() as usize % LETTERS.len()])).collect();
            if !self.waiting.values().any(|waiting| *waiting.code == *code) {
                break Arc::<str>::from(code);
            }
        };
        self.waiting.insert(token, Waiting { code: code.clone(), seen: now, screens: 0 });
        code
    }

    /// A screen connects; false where too many have.
    pub(super) fn open(&mut self, token: &Digest) -> bool {
        let free = self.shown() < MOST;
        if let Some(waiting) = self.waiting.get_mut(token).filter(|_| free) {
            waiting.screens += 1;
        }
        free
    }

    pub(super) fn close(&mut self, token: &Digest, now: i64) {
        if let Some(waiting) = self.waiting.get_mut(token) {
            waiting.screens = waiting.screens.saturating_sub(1);
            waiting.seen = now;
        }
    }

    /// The screen that shows a code, as somebody typed it. The code is good no more; a screen that is not paired after all gets another one.
    pub(super) fn take(&mut self, typed: &str) -> Option<Digest> {
        let typed: String = nfkc(typed).chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_uppercase).collect();
        let token = *self.waiting.iter().find(|(_, waiting)| *waiting.code == *typed)?.0;
        self.waiting.remove(&token);
        Some(token)
    }

    /// Screens that show a code now.
    pub(super) fn shown(&self) -> usize {
        self.waiting.values().filter(|waiting| waiting.screens > 0).count()
    }

    fn forget_old(&mut self, now: i64) {
        self.waiting.retain(|_, waiting| waiting.screens > 0 || now - waiting.seen < KEEP_MS);
    }

    /// Whom nobody looks at goes first, the longest unseen before all.
    fn make_room(&mut self) {
        let oldest = self.waiting.iter().min_by_key(|(_, waiting)| (waiting.screens, waiting.seen)).map(|(token, _)| *token);
        if let Some(token) = oldest {
            self.waiting.remove(&token);
        }
    }
}

/// As people read it out: in two halves.
pub fn spelled(code: &str) -> String {
    let (first, second) = code.split_at(code.len() / 2);
    format!("{first}-{second}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counting() -> impl FnMut() -> u32 {
        let mut n = 0;
        move || {
            n += 7;
            n
        }
    }

    #[test]
    fn a_screen_keeps_its_code_and_is_found_by_it_however_it_is_typed() {
        let mut pairing = Pairing::default();
        let mut chance = counting();
        let first = pairing.code([1; 32], 0, &mut chance);
        assert_eq!(pairing.code([1; 32], 1, &mut chance), first);
        let second = pairing.code([2; 32], 1, &mut chance);
        assert_ne!(first, second);
        let typed = format!(" {} ", spelled(&second).to_lowercase());
        assert_eq!((pairing.take(&typed), pairing.take(&second), pairing.take("")), (Some([2; 32]), None, None));
        // As keyboards for Chinese and Japanese write it.
        let wide: String = first.chars().filter_map(|c| char::from_u32(u32::from(c) + 0xfee0)).collect();
        assert_eq!(pairing.take(&wide), Some([1; 32]), "{wide}");
    }

    #[test]
    fn a_code_that_nobody_shows_any_more_ends() {
        let mut pairing = Pairing::default();
        let mut chance = counting();
        let code = pairing.code([1; 32], 0, &mut chance);
        pairing.open(&[1; 32]);
        assert_eq!(pairing.shown(), 1);
        assert_eq!(pairing.code([1; 32], KEEP_MS * 2, &mut chance), code);
        pairing.close(&[1; 32], KEEP_MS * 2);
        pairing.code([3; 32], KEEP_MS * 3, &mut chance);
        assert_eq!((pairing.take(&code), pairing.shown()), (None, 0));
    }

    #[test]
    fn who_opens_the_page_without_end_takes_no_code_from_a_screen_that_is_looked_at() {
        let mut pairing = Pairing::default();
        let mut chance = rand::random::<u32>;
        let code = pairing.code([0; 32], 0, &mut chance);
        pairing.open(&[0; 32]);
        for n in 1..2000_u32 {
            let mut token = [0; 32];
            token[..4].copy_from_slice(&n.to_be_bytes());
            pairing.code(token, 1, &mut chance);
        }
        assert_eq!((pairing.waiting.len(), pairing.take(&code)), (MOST, Some([0; 32])));
    }
}
