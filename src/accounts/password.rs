//! argon2id: slow on purpose, so off the async threads and only a few at a time. Knows no accounts.

use std::sync::{Arc, OnceLock};

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

/// The queue in which an attempt waits for a slot. Each hash takes 19 MiB and a core for some 25 ms; two at once keep a small machine responsive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashQueue {
    /// Users known by their browser or session. A flood of guesses does not stand in front of them.
    Known,
    /// All others: one hash at a time, so that guessing from ever new addresses costs one core at most.
    Stranger,
}

/// Strangers who may wait for their turn, a few seconds at most.
const STRANGERS: usize = 200;

/// Too many others are waiting to have their password looked at.
#[derive(Debug, PartialEq, Eq)]
pub struct HasherBusy;

#[derive(Debug, Clone)]
pub(super) struct Hasher {
    known: Arc<Semaphore>,
    strangers: Arc<Semaphore>,
    waiting: Arc<Semaphore>,
}

impl Hasher {
    pub(super) fn new() -> Self {
        let one = || Arc::new(Semaphore::new(1));
        Self { known: one(), strangers: one(), waiting: Arc::new(Semaphore::new(STRANGERS)) }
    }

    pub(super) async fn hash(&self, password: String) -> String {
        run(&self.known, move || hash(&password)).await
    }

    /// The first of `texts` that the hash is of. Without a hash it takes as long and finds none: nobody can measure which names exist.
    pub(super) async fn verify(&self, texts: Vec<String>, hash: Option<String>, lane: HashQueue) -> Result<Option<String>, HasherBusy> {
        let _place = match lane {
            HashQueue::Known => None,
            HashQueue::Stranger => Some(self.waiting.try_acquire().map_err(|_| HasherBusy)?),
        };
        let slots = if lane == HashQueue::Known { &self.known } else { &self.strangers };
        Ok(run(slots, move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| nobody().to_owned());
            // Each is tried whatever came of the others.
            let right: Vec<String> = texts.into_iter().filter(|text| is_hash_of(&hash, text)).collect();
            right.into_iter().next().filter(|_| known)
        })
        .await)
    }
}

async fn run<T: Send + 'static>(slots: &Semaphore, work: impl FnOnce() -> T + Send + 'static) -> T {
    let _slot = slots.acquire().await.expect("the semaphore is never closed");
    tokio::task::spawn_blocking(work).await.expect("hashing does not panic")
}

fn is_hash_of(hash: &str, text: &str) -> bool {
    Argon2::default().verify_password(text.as_bytes(), hash).is_ok()
}

/// A PHC string with a random salt.
pub(super) fn hash(password: &str) -> String {
    Argon2::default().hash_password(password.as_bytes()).expect("the default parameters are valid").to_string()
}

fn nobody() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hash("nobody's password"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn strangers_wait_in_a_bounded_queue_and_in_front_of_nobody_known() {
        let hasher = Hasher::new();
        let _all = hasher.waiting.acquire_many(u32::try_from(STRANGERS).expect("few")).await.expect("places");
        let verify = |lane| hasher.verify(vec!["right".into()], Some(hash("right")), lane);
        assert_eq!(verify(HashQueue::Stranger).await, Err(HasherBusy));
        assert_eq!(verify(HashQueue::Known).await, Ok(Some("right".into())));
    }

    #[tokio::test]
    async fn a_slot_of_strangers_that_is_taken_holds_up_nobody_known() {
        let hasher = Hasher::new();
        let _taken = hasher.strangers.acquire().await.expect("slot");
        let known = hasher.verify(vec!["wrong".into()], Some(hash("right")), HashQueue::Known);
        assert_eq!(tokio::time::timeout(std::time::Duration::from_secs(30), known).await, Ok(Ok(None)));
    }
}
