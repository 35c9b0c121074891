//! `usher check`: tests the connection to each configured bridge step by step, with advice for each failure.
//!
//! It changes nothing: the only request other than GET takes a token, which the events socket needs; nothing is written to disk. The first
//! request is alone in testing the credentials, and a 401 ends the check of that bridge, because repeating it can lock the account. `verdict`,
//! `certificate` and `cluster` turn results into advice and do no IO.

mod certificate;
mod cluster;
mod connectivity;
mod events;
mod files;
mod records;
mod report;
mod verdict;

use std::io::Write;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesOrdered;

pub use cluster::check_cluster;
pub use files::exposed_files;
pub use records::KnownRecords;
pub(crate) use records::is_own_receiver;
pub use report::{CheckOutcome, CheckReport, CheckStep};

use crate::cdr_endpoints;
use crate::cms::{Request, RequestError, Response, RestClient};
use crate::config::{BridgeConfig, Config, Timing};
use crate::db::open_to_read;

/// The most pages of the list of bridges that are read; a cluster has at most 24 bridges.
const MAX_PAGES: usize = 10;

/// Checks all bridges at once and prints a block for each, in their order.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    let all = count(config.bridges.len(), "bridge");
    writeln!(out, "Trying {all}. Nothing is changed on CMS; one token for an events socket is taken from each.\n")?;
    if let Some(files) = files::check_files(&config) {
        writeln!(out, "{files}")?;
    }
    let known = |each: &BridgeConfig| known_records(&config, each);
    let mut running: FuturesOrdered<_> = config.bridges.iter().map(|each| check_bridge(each, &config.timing, known(each))).collect();
    let mut reports = Vec::new();
    while let Some(report) = running.next().await {
        writeln!(out, "{report}")?;
        reports.push(report);
    }
    let together = check_cluster(&reports);
    if !together.steps.is_empty() {
        writeln!(out, "{together}")?;
    }
    let failed = reports.iter().filter(|report| report.failed()).count();
    anyhow::ensure!(failed == 0, "{failed} of {all} failed");
    Ok(writeln!(out, "All passed.")?)
}

/// Reads from the database what is known of a bridge's records; nothing if it is missing, has another version, or is in use.
fn known_records(config: &Config, bridge: &BridgeConfig) -> KnownRecords {
    let Ok(Some(conn)) = open_to_read(&config.data_dir) else { return KnownRecords::default() };
    KnownRecords {
        secret: cdr_endpoints::secret(&conn, &bridge.name).ok().flatten(),
        last: cdr_endpoints::last_record(&conn, &bridge.name).ok().flatten(),
    }
}

fn count(n: usize, what: &str) -> String {
    if n == 1 { format!("1 {what}") } else { format!("{n} {what}s") }
}

/// Checks one bridge, step by step, up to the first failure that makes further steps pointless.
pub async fn check_bridge(config: &BridgeConfig, timing: &Timing, known: KnownRecords) -> CheckReport {
    let mut report = CheckReport::new(&config.name, &config.url);
    let Some(tls) = connectivity::check_connectivity(config, timing, &mut report).await else { return report };
    let client = match RestClient::new(config, timing) {
        Ok(client) => client,
        Err(error) => {
            report.push(verdict::trust(&error));
            return report;
        }
    };
    if check_api(&client, config, &known, &mut report).await {
        events::check_events(&client, config, tls, timing, &mut report).await;
    }
    report
}

/// Checks the REST API; returns false if checking events is pointless.
async fn check_api(client: &RestClient, config: &BridgeConfig, known: &KnownRecords, report: &mut CheckReport) -> bool {
    // Alone: a wrong password must be sent only once.
    let status = client.send(&Request::Status).await;
    report.push(verdict::login(&status, config));
    let (version, next_record) = match status {
        Ok(Response::Status(status)) => (status.version, status.next_record),
        Err(RequestError::Forbidden) => (None, None),
        _ => return false,
    };
    report.push(verdict::version(version.as_deref()));
    let calls = client.send(&Request::Calls(0)).await;
    report.push(verdict::calls(&calls, config));
    if matches!(calls, Err(RequestError::Unauthorized)) {
        return false;
    }
    let go_on = check_identity(client, config, report).await;
    if go_on {
        records::check_records(client, config, known, next_record, report).await;
    }
    go_on
}

/// Checks which bridge this is, and which others its cluster has; false after a 401.
async fn check_identity(client: &RestClient, config: &BridgeConfig, report: &mut CheckReport) -> bool {
    let found = match client.send(&Request::ClusterName).await {
        Ok(Response::ClusterName(name)) => fetch_bridge_names(client).await.map(|peers| verdict::Identity { own: name, peers }),
        Ok(_) => Err(RequestError::Garbled("an unexpected response".into())),
        Err(error) => Err(error),
    };
    report.push(verdict::identity(&found, config));
    let go_on = !matches!(found, Err(RequestError::Unauthorized));
    if let Ok(found) = found {
        report.own_name = found.own;
        report.peers = found.peers;
        report.identified = true;
    }
    go_on
}

async fn fetch_bridge_names(client: &RestClient) -> Result<Vec<Arc<str>>, RequestError> {
    let (mut names, mut offset) = (Vec::new(), 0);
    for _ in 0..MAX_PAGES {
        let Response::Bridges(page) = client.send(&Request::Bridges(offset)).await? else { break };
        let next = page.next(offset);
        names.extend(page.items.into_iter().filter_map(|bridge| bridge.name));
        match next {
            Some(next) => offset = next,
            None => break,
        }
    }
    Ok(names)
}
