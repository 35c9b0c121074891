//! Hashes passwords with argon2id. It is slow on purpose, so it runs on blocking threads, only two hashes at a time. Knows no accounts.

use std::sync::{Arc, OnceLock};

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

/// The queue in which an attempt waits; each hashes one password at a time. A hash takes 19 MiB and about 25 ms of one core, so two at once
/// leave a small machine responsive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HashQueue {
    /// For users known by their browser or session. A flood of guesses does not delay them.
    Known,
    /// For everybody else: guessing from ever new addresses costs one core at most.
    Stranger,
}

/// The most strangers that may wait: the last of them waits a few seconds.
const STRANGERS: usize = 200;

/// Too many passwords are waiting to be checked.
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

    /// The first of `texts` that matches the hash. Without a hash it finds none and takes as long, so that nobody can measure which names
    /// exist.
    pub(super) async fn verify(&self, texts: Vec<String>, hash: Option<String>, queue: HashQueue) -> Result<Option<String>, HasherBusy> {
        let _permit = match queue {
            HashQueue::Known => None,
            HashQueue::Stranger => Some(self.waiting.try_acquire().map_err(|_| HasherBusy)?),
        };
        let slots = if queue == HashQueue::Known { &self.known } else { &self.strangers };
        Ok(run(slots, move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| dummy_hash().to_owned());
            // Tries all of them, so that the time does not depend on which one matches.
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

fn dummy_hash() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hash("nobody's password"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn strangers_wait_in_a_bounded_queue_that_delays_no_known_user() {
        let hasher = Hasher::new();
        let _all = hasher.waiting.acquire_many(u32::try_from(STRANGERS).expect("few")).await.expect("permits");
        let verify = |queue| hasher.verify(vec!["right".into()], Some(hash("right")), queue);
        assert_eq!(verify(HashQueue::Stranger).await, Err(HasherBusy));
        assert_eq!(verify(HashQueue::Known).await, Ok(Some("right".into())));
    }

    #[tokio::test]
    async fn a_stranger_being_hashed_delays_no_known_user() {
        let hasher = Hasher::new();
        let _taken = hasher.strangers.acquire().await.expect("slot");
        let known = hasher.verify(vec!["wrong".into()], Some(hash("right")), HashQueue::Known);
        assert_eq!(tokio::time::timeout(std::time::Duration::from_secs(30), known).await, Ok(Ok(None)));
    }
}
