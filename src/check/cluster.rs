//! Compares the reports of all bridges: finds bridges of the cluster that the configuration lacks, and bridges configured twice. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::report::{CheckReport, CheckStep};

/// Compares the bridges' names and peers; the report has no step if there is nothing to compare.
pub fn check_cluster(reports: &[CheckReport]) -> CheckReport {
    let mut together = CheckReport::new(&"cluster".into(), "all bridges together");
    let peers: BTreeSet<&Arc<str>> = reports.iter().flat_map(|report| &report.peers).collect();
    if peers.is_empty() {
        return together;
    }
    together.steps.extend(configured_twice(reports));
    let own: BTreeSet<&Arc<str>> = reports.iter().filter_map(|report| report.own_name.as_ref()).collect();
    let missing: Vec<&Arc<str>> = peers.difference(&own).copied().collect();
    if missing.is_empty() {
        together.push(CheckStep::ok("peers", format!("all {} Call Bridges of the cluster are configured", peers.len())));
    } else {
        together.push(missing_bridges(&missing, reports));
    }
    together
}

fn missing_bridges(missing: &[&Arc<str>], reports: &[CheckReport]) -> CheckStep {
    let names = missing.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    let unknown: Vec<&str> = reports.iter().filter(|report| !report.identified).map(|report| &*report.name).collect();
    let perhaps = match unknown.as_slice() {
        [] => String::new(),
        some => format!(" (perhaps {}, which did not tell its name)", some.join(" or ")),
    };
    CheckStep::warn(
        "peers",
        format!("the cluster has Call Bridges that usher.toml seems to lack: {names}{perhaps}"),
        "Add a [[bridge]] section for each, with its own API user: without it, participants hosted there can neither be checked nor admitted.",
    )
}

fn configured_twice(reports: &[CheckReport]) -> Vec<CheckStep> {
    let mut steps = Vec::new();
    for (n, report) in reports.iter().enumerate() {
        let same = |other: &&CheckReport| other.own_name.is_some() && other.own_name == report.own_name && other.peers == report.peers;
        if let (Some(own), Some(other)) = (&report.own_name, reports[..n].iter().find(same)) {
            steps.push(CheckStep::warn(
                "twice",
                format!("{} and {} are the same Call Bridge, {own:?}", other.name, report.name),
                "Remove one of the two [[bridge]] sections, because every request would be sent twice.",
            ));
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::CheckOutcome;

    fn report(name: &str, own: Option<&str>, peers: &[&str]) -> CheckReport {
        let mut report = CheckReport::new(&name.into(), "");
        report.own_name = own.map(Into::into);
        report.peers = peers.iter().map(|&peer| peer.into()).collect();
        report.identified = own.is_some();
        report
    }

    #[test]
    fn a_missing_peer_is_named_with_the_bridges_it_may_be() {
        let reports = [report("one", Some("a"), &["a", "b"]), report("two", None, &[])];
        let step = check_cluster(&reports).steps.remove(0);
        assert_eq!(step.outcome, CheckOutcome::Warn);
        assert_eq!(
            step.found,
            "the cluster has Call Bridges that usher.toml seems to lack: \"b\" (perhaps two, which did not tell its name)"
        );
    }

    #[test]
    fn a_bridge_configured_twice_is_named() {
        let reports = [report("one", Some("a"), &["a"]), report("two", Some("a"), &["a"])];
        let found = check_cluster(&reports).steps;
        assert_eq!(found[0].found, "one and two are the same Call Bridge, \"a\"");
        assert_eq!(found[1].outcome, CheckOutcome::Ok);
    }

    #[test]
    fn single_bridges_are_no_cluster() {
        assert!(check_cluster(&[report("one", None, &[])]).steps.is_empty());
    }
}
