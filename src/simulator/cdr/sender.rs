//! Posts the records of one bridge to one receiver's URI and nowhere else, in order, until they are acknowledged (cdr.md 2).

use std::sync::Arc;
use std::time::Duration;

use reqwest::header::CONTENT_TYPE;
use reqwest::redirect::Policy;
use tokio::sync::Notify;
use tokio::sync::mpsc::UnboundedReceiver;
use tokio_util::sync::CancellationToken;

use crate::simulator::core::Core;
use crate::simulator::id::Id;
use crate::simulator::switches::{CdrAccepts, Switches};

/// The task of one sender. A receiver whose URI changes gets a new sender.
#[derive(Debug)]
pub(crate) struct SenderJob {
    pub(super) bridge: usize,
    pub(super) receiver: Id,
    pub(super) uri: String,
    /// Notified when there may be records to send.
    pub(super) wake: Arc<Notify>,
    pub(super) ended: CancellationToken,
}

/// Starts a sender for each job.
pub(crate) fn spawn(core: &Arc<Core>, mut jobs: UnboundedReceiver<SenderJob>) {
    let core = core.clone();
    core.tasks.clone().spawn(async move {
        loop {
            let job = tokio::select! {
                () = core.cancel.cancelled() => return,
                job = jobs.recv() => job,
            };
            let Some(job) = job else {
                return;
            };
            core.tasks.spawn(run(core.clone(), job));
        }
    });
}

async fn run(core: Arc<Core>, job: SenderJob) {
    tokio::select! {
        () = core.cancel.cancelled() => {}
        () = job.ended.cancelled() => {}
        () = deliver(&core, &job) => {}
    }
}

async fn deliver(core: &Core, job: &SenderJob) {
    let mut client = Client::default();
    let mut failures = 0;
    loop {
        let switches = core.switches.of(job.bridge);
        let running = core.bridges[job.bridge].running();
        let batch = running.as_ref().and_then(|_| core.state(|s| s.cdr.feeds[job.bridge].next_batch(job.receiver, &switches)));
        let (Some(running), Some(batch)) = (running, batch) else {
            job.wake.notified().await;
            continue;
        };
        let acknowledged = tokio::select! {
            // The bridge was stopped, so no response can arrive.
            () = running.cancelled() => None,
            acknowledged = client.post(&job.uri, batch.body, &switches) => Some(acknowledged),
        };
        let settled =
            core.state(|s| s.cdr.feeds[job.bridge].finish_batch(job.receiver, batch.session, acknowledged.unwrap_or(false), &switches));
        if settled {
            failures = 0;
        } else if acknowledged.is_some() {
            tokio::time::sleep(retry_pause(failures, &switches)).await;
            failures += 1;
        }
    }
}

/// The pause doubles from the shortest to the longest one.
fn retry_pause(failures: u32, switches: &Switches) -> Duration {
    let longest = switches.cdr_retry_max_ms.max(switches.cdr_retry_ms);
    let doubled = switches.cdr_retry_ms.saturating_mul(1_u64.checked_shl(failures).unwrap_or(u64::MAX));
    Duration::from_millis(doubled.min(longest))
}

/// A connection that is kept; a new one is made when the switch for certificates changes.
#[derive(Default)]
struct Client {
    made: Option<(bool, reqwest::Client)>,
}

impl Client {
    /// Returns whether the receiver has acknowledged.
    async fn post(&mut self, uri: &str, body: String, switches: &Switches) -> bool {
        let Some(client) = self.with(switches.cdr_check_certificate) else {
            return false;
        };
        let timeout = Duration::from_millis(switches.cdr_timeout_ms);
        let sent = client.post(uri).header(CONTENT_TYPE, "text/xml").timeout(timeout).body(body).send().await;
        let Ok(mut response) = sent else {
            return false;
        };
        let status = response.status();
        // Read the body to its end, so that the connection can be used again.
        while let Ok(Some(_)) = response.chunk().await {}
        match switches.cdr_accepts {
            CdrAccepts::Only200 => status == reqwest::StatusCode::OK,
            CdrAccepts::Any2xx => status.is_success(),
        }
    }

    /// Without redirects, proxies and retries: a record goes to the registered URI only.
    fn with(&mut self, checks: bool) -> Option<&reqwest::Client> {
        if self.made.as_ref().is_none_or(|(made, _)| *made != checks) {
            let client = reqwest::Client::builder()
                .redirect(Policy::none())
                .retry(reqwest::retry::never())
                .no_proxy()
                .referer(false)
                .http1_only()
                .tls_danger_accept_invalid_certs(!checks)
                .build();
            self.made = client.ok().map(|client| (checks, client));
        }
        self.made.as_ref().map(|(_, client)| client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_or_stay() {
        let switches = Switches::default();
        let seconds: Vec<u64> = [0, 1, 2, 4, 5, 63, 64, 200].map(|n| retry_pause(n, &switches).as_secs()).to_vec();
        assert_eq!(seconds, [1, 2, 4, 16, 30, 30, 30, 30]);
        let fixed = Switches { cdr_retry_ms: 7, cdr_retry_max_ms: 0, ..Switches::default() };
        assert_eq!(retry_pause(9, &fixed), Duration::from_millis(7));
    }
}
