//! argon2id: slow on purpose, so off the async threads and only a few at a time. Knows no accounts.

use std::sync::{Arc, OnceLock};

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use tokio::sync::Semaphore;

/// Each takes 19 MiB and a core for some 25 ms: two keep a small machine responsive when a whole shift logs in.
const AT_ONCE: usize = 2;

#[derive(Debug, Clone)]
pub(super) struct Hasher {
    slots: Arc<Semaphore>,
}

impl Hasher {
    pub(super) fn new() -> Self {
        Self { slots: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    pub(super) async fn hash(&self, password: String) -> String {
        self.run(move || hash(&password)).await
    }

    /// Without a hash it takes as long and says no: nobody can measure which names exist.
    pub(super) async fn verify(&self, password: String, hash: Option<String>) -> bool {
        self.run(move || {
            let known = hash.is_some();
            let hash = hash.unwrap_or_else(|| nobody().to_owned());
            Argon2::default().verify_password(password.as_bytes(), hash.as_str()).is_ok() && known
        })
        .await
    }

    async fn run<T: Send + 'static>(&self, work: impl FnOnce() -> T + Send + 'static) -> T {
        let _slot = self.slots.acquire().await.expect("the semaphore is never closed");
        tokio::task::spawn_blocking(work).await.expect("hashing does not panic")
    }
}

/// A PHC string with a random salt.
pub(super) fn hash(password: &str) -> String {
    Argon2::default().hash_password(password.as_bytes()).expect("the default parameters are valid").to_string()
}

fn nobody() -> &'static str {
    static HASH: OnceLock<String> = OnceLock::new();
    HASH.get_or_init(|| hash("nobody's password"))
}
