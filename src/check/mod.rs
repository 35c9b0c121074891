//! `usher check`: tries every step of reaching each configured bridge and says for each failure what to do about it.
//!
//! It changes nothing: the only request that is no GET takes a token for one events socket, which cannot be tried without; nothing is
//! written to disk. Credentials are shown to a bridge by one request first, and a 401 ends that bridge's check, because repeating it can
//! lock the account. What an answer means is judged in `judge`, `certificate` and `peers`, which do no IO.

mod certificate;
mod cluster;
mod connectivity;
mod events;
mod files;
mod records;
mod report;
mod verdict;

use std::io::Write;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;

pub use cluster::cluster;
pub use files::exposed;
pub use records::Known;
pub(crate) use records::is_own as is_own_receiver;
pub use report::{Outcome, Report, Step};

use crate::cdr_endpoints;
use crate::cms::{Answer, Ask, AskError, Client};
use crate::config::{BridgeConfig, Config, Timing};
use crate::db::open_to_read;

/// A list of bridges that goes on after so many pages is a fault; a cluster has at most 24.
const PAGES: usize = 10;

/// Checks all bridges at once and prints a block for each, in their order.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let all = count(config.bridges.len(), "bridge");
    writeln!(out, "Trying {all}. Nothing is changed on CMS; one token for an events socket is taken from each.\n")?;
    if let Some(files) = files::report(&config) {
        writeln!(out, "{files}")?;
    }
    let known = |each: &BridgeConfig| known(&config, each);
    let mut running: FuturesOrdered<_> = config.bridges.iter().map(|each| bridge(each, &config.timing, known(each))).collect();
    let mut reports = Vec::new();
    while let Some(report) = running.next().await {
        writeln!(out, "{report}")?;
        reports.push(report);
    }
    let together = cluster(&reports);
    if !together.steps.is_empty() {
        writeln!(out, "{together}")?;
    }
    let failed = reports.iter().filter(|report| report.failed()).count();
    anyhow::ensure!(failed == 0, "{failed} of {all} failed");
    Ok(writeln!(out, "All passed.")?)
}

/// What the database tells of a bridge's records. It may be missing, of another age, or in use: then nothing is known.
fn known(config: &Config, bridge: &BridgeConfig) -> Known {
    let Ok(Some(conn)) = open_to_read(&config.data_dir) else { return Known::default() };
    Known {
        secret: cdr_endpoints::secret(&conn, &bridge.name).ok().flatten(),
        arrived: cdr_endpoints::arrived(&conn, &bridge.name).ok().flatten(),
    }
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// Tries one bridge, in order, up to the first failure that makes the rest meaningless.
pub async fn bridge(config: &BridgeConfig, timing: &Timing, known: Known) -> Report {
    let mut report = Report::new(&config.name, &config.url);
    let Some(tls) = connectivity::reach(config, timing, &mut report).await else { return report };
    let client = match Client::new(config, timing) {
        Ok(client) => client,
        Err(error) => {
            report.push(verdict::trust(&error));
            return report;
        }
    };
    if api(&client, config, &known, &mut report).await {
        events::events(&client, config, tls, timing, &mut report).await;
    }
    report
}

/// Everything by REST; false when the events need not be tried.
async fn api(client: &Client, config: &BridgeConfig, known: &Known, report: &mut Report) -> bool {
    // Alone: a wrong password must be shown once, not by several requests at a time.
    let status = client.ask(&Ask::Status).await;
    report.push(verdict::login(&status, config));
    let (version, next_record) = match status {
        Ok(Answer::Status(status)) => (status.version, status.next_record),
        Err(AskError::Forbidden) => (None, None),
        _ => return false,
    };
    report.push(verdict::version(version.as_deref()));
    let calls = client.ask(&Ask::Calls(0)).await;
    report.push(verdict::calls(&calls, config));
    if matches!(calls, Err(AskError::Unauthorized)) {
        return false;
    }
    let go_on = identity(client, config, report).await;
    if go_on {
        records::records(client, config, known, next_record, report).await;
    }
    go_on
}

/// Which bridge this is, and which others its cluster has; false after a 401.
async fn identity(client: &Client, config: &BridgeConfig, report: &mut Report) -> bool {
    let found = match client.ask(&Ask::ClusterName).await {
        Ok(Answer::ClusterName(name)) => bridges(client).await.map(|peers| verdict::Identity { own: name, peers }),
        Ok(_) => Err(AskError::Garbled("another answer".into())),
        Err(error) => Err(error),
    };
    report.push(verdict::identity(&found, config));
    let go_on = !matches!(found, Err(AskError::Unauthorized));
    if let Ok(found) = found {
        report.own_name = found.own;
        report.peers = found.peers;
        report.identified = true;
    }
    go_on
}

async fn bridges(client: &Client) -> Result<Vec<std::sync::Arc<str>>, AskError> {
    let (mut names, mut offset) = (Vec::new(), 0);
    for _ in 0..PAGES {
        let Answer::Bridges(page) = client.ask(&Ask::Bridges(offset)).await? else { break };
        let next = page.next(offset);
        names.extend(page.items.into_iter().filter_map(|bridge| bridge.name));
        match next {
            Some(next) => offset = next,
            None => break,
        }
    }
    Ok(names)
}
