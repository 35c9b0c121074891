//! The signs by which the watchdog of a service manager sees that Usher works: it is not enough that the process exists.
//!
//! The database gives no sign: Usher shows and admits people while it can't be written.

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::{Instant, timeout_at};

use crate::publisher::Totals;
use crate::supervisor::Supervisor;

/// Cheap to clone.
#[derive(Debug, Clone)]
pub struct SignsOfLife {
    /// The publisher sends every second.
    published: watch::Receiver<Totals>,
    /// The runtime of the bridges' actors.
    bridges: Handle,
    supervisor: Supervisor,
}

/// The part that gave no sign of life in time.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("no sign of life from the {0}")]
pub struct Silent(pub &'static str);

impl SignsOfLife {
    pub(crate) fn new(published: watch::Receiver<Totals>, bridges: Handle, supervisor: Supervisor) -> Self {
        Self { published, bridges, supervisor }
    }

    /// The numbers that the publisher sent last.
    pub fn totals(&self) -> Totals {
        *self.published.borrow()
    }

    /// Waits until every part has given a sign, at most for `limit`. The runtime of the web server gives its sign by running this.
    pub async fn until_all_live(&mut self, limit: Duration) -> Result<(), Silent> {
        if let Some(failed) = self.supervisor.failed() {
            return Err(Silent(failed.task));
        }
        let deadline = Instant::now() + limit;
        let bridges = self.bridges.spawn(async {});
        self.published.mark_unchanged();
        let Ok(Ok(())) = timeout_at(deadline, self.published.changed()).await else { return Err(Silent("publisher")) };
        let Ok(Ok(())) = timeout_at(deadline, bridges).await else { return Err(Silent("thread of the bridges")) };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Builder;
    use tokio_util::sync::CancellationToken;

    use super::*;

    const LIMIT: Duration = Duration::from_secs(5);

    /// A publisher that sends every second until the sender is dropped.
    fn publisher() -> watch::Receiver<Totals> {
        let (sender, receiver) = watch::channel(Totals::default());
        tokio::spawn(async move {
            while !sender.is_closed() {
                tokio::time::sleep(Duration::from_secs(1)).await;
                sender.send_replace(Totals::default());
            }
        });
        receiver
    }

    fn supervisor() -> Supervisor {
        Supervisor::new(CancellationToken::new())
    }

    #[tokio::test(start_paused = true)]
    async fn every_part_must_give_a_sign_each_time() {
        let mut signs = SignsOfLife::new(publisher(), Handle::current(), supervisor());
        for _ in 0..3 {
            assert_eq!(signs.until_all_live(LIMIT).await, Ok(()));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_publisher_that_hangs_or_ends_is_named() {
        let (sender, receiver) = watch::channel(Totals::default());
        sender.send_replace(Totals::default());
        let mut signs = SignsOfLife::new(receiver, Handle::current(), supervisor());
        assert_eq!(signs.until_all_live(LIMIT).await, Err(Silent("publisher")), "an old sign does not count");
        drop(sender);
        assert_eq!(signs.until_all_live(LIMIT).await, Err(Silent("publisher")));
    }

    #[tokio::test(start_paused = true)]
    async fn a_thread_of_the_bridges_that_hangs_is_named() {
        // Nothing drives this runtime.
        let stuck = Builder::new_current_thread().build().expect("a runtime");
        let mut signs = SignsOfLife::new(publisher(), stuck.handle().clone(), supervisor());
        assert_eq!(signs.until_all_live(LIMIT).await, Err(Silent("thread of the bridges")));
        stuck.shutdown_background();
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_task_is_named() {
        let supervisor = supervisor();
        supervisor.watch("action journal", async {}).await;
        let mut signs = SignsOfLife::new(publisher(), Handle::current(), supervisor);
        assert_eq!(signs.until_all_live(LIMIT).await, Err(Silent("action journal")));
    }
}
