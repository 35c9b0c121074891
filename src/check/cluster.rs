//! What the bridges are together: a cluster with bridges that the configuration lacks, or one bridge configured twice. Pure.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::report::{Report, Step};

/// Compares what the bridges said of themselves; no step when there is nothing to compare.
pub fn cluster(reports: &[Report]) -> Report {
    let mut together = Report::new(&"cluster".into(), "all bridges together");
    let peers: BTreeSet<&Arc<str>> = reports.iter().flat_map(|report| &report.peers).collect();
    if peers.is_empty() {
        return together;
    }
    together.steps.extend(twice(reports));
    let own: BTreeSet<&Arc<str>> = reports.iter().filter_map(|report| report.own_name.as_ref()).collect();
    let missing: Vec<&Arc<str>> = peers.difference(&own).copied().collect();
    if missing.is_empty() {
        together.push(Step::ok("peers", format!("all {} Call Bridges of the cluster are configured", peers.len())));
    } else {
        together.push(lacking(&missing, reports));
    }
    together
}

fn lacking(missing: &[&Arc<str>], reports: &[Report]) -> Step {
    let names = missing.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(", ");
    let unknown: Vec<&str> = reports.iter().filter(|report| !report.identified).map(|report| &*report.name).collect();
    let perhaps = match unknown.as_slice() {
        [] => String::new(),
        some => format!(" (perhaps {}, which did not say who it is)", some.join(" or ")),
    };
    Step::warn(
        "peers",
        format!("the cluster has Call Bridges that usher.toml seems to lack: {names}{perhaps}"),
        "Add a [[bridge]] section for each, with its own API user: people who are hosted there can neither be checked nor admitted without.",
    )
}

fn twice(reports: &[Report]) -> Vec<Step> {
    let mut steps = Vec::new();
    for (n, report) in reports.iter().enumerate() {
        let same = |other: &&Report| other.own_name.is_some() && other.own_name == report.own_name && other.peers == report.peers;
        if let (Some(own), Some(other)) = (&report.own_name, reports[..n].iter().find(same)) {
            steps.push(Step::warn(
                "twice",
                format!("{} and {} are the same Call Bridge, {own:?}", other.name, report.name),
                "Remove one of the two [[bridge]] sections: everything there would be asked twice.",
            ));
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;

    fn report(name: &str, own: Option<&str>, peers: &[&str]) -> Report {
        let mut report = Report::new(&name.into(), "");
        report.own_name = own.map(Into::into);
        report.peers = peers.iter().map(|&peer| peer.into()).collect();
        report.identified = own.is_some();
        report
    }

    #[test]
    fn a_missing_peer_is_named_with_who_it_may_be() {
        let reports = [report("one", Some("a"), &["a", "b"]), report("two", None, &[])];
        let step = cluster(&reports).steps.remove(0);
        assert_eq!(step.outcome, Outcome::Warn);
        assert_eq!(
            step.found,
            "the cluster has Call Bridges that usher.toml seems to lack: \"b\" (perhaps two, which did not say who it is)"
        );
    }

    #[test]
    fn a_bridge_configured_twice_is_named() {
        let reports = [report("one", Some("a"), &["a"]), report("two", Some("a"), &["a"])];
        let found = cluster(&reports).steps;
        assert_eq!(found[0].found, "one and two are the same Call Bridge, \"a\"");
        assert_eq!(found[1].outcome, Outcome::Ok);
    }

    #[test]
    fn single_bridges_are_no_cluster() {
        assert!(cluster(&[report("one", None, &[])]).steps.is_empty());
    }
}
