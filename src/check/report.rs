//! The report of a check, and its printed form. Decides nothing.

use std::fmt;
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CheckOutcome {
    Ok,
    /// Usher works, but not as well as it could.
    Warn,
    Fail,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CheckStep {
    pub name: &'static str,
    pub outcome: CheckOutcome,
    pub found: String,
    /// How to fix it, on CMS or in usher.toml; may have several lines.
    pub advice: Option<String>,
}

impl CheckStep {
    pub(super) fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, outcome: CheckOutcome::Ok, found: found.into(), advice: None }
    }

    pub(super) fn warn(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, outcome: CheckOutcome::Warn, found: found.into(), advice: Some(advice.into()) }
    }

    pub(super) fn fail(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, outcome: CheckOutcome::Fail, found: found.into(), advice: Some(advice.into()) }
    }
}

/// The report about one bridge, about all bridges together, or about this machine.
#[derive(Debug, Clone)]
pub struct CheckReport {
    pub name: Arc<str>,
    /// The bridge's address, or empty.
    pub url: String,
    pub steps: Vec<CheckStep>,
    /// Whether the bridge's identity could be read.
    pub identified: bool,
    /// The bridge's own name in its cluster, and the names of all its Call Bridges; none outside a cluster.
    pub own_name: Option<Arc<str>>,
    pub peers: Vec<Arc<str>>,
}

impl CheckReport {
    pub(super) fn new(name: &Arc<str>, url: &str) -> Self {
        Self { name: name.clone(), url: url.to_owned(), steps: Vec::new(), identified: false, own_name: None, peers: Vec::new() }
    }

    pub(super) fn push(&mut self, step: CheckStep) {
        self.steps.push(step);
    }

    pub fn failed(&self) -> bool {
        self.steps.iter().any(|step| step.outcome == CheckOutcome::Fail)
    }

    pub fn step(&self, name: &str) -> Option<&CheckStep> {
        self.steps.iter().find(|step| step.name == name)
    }
}

impl fmt::Display for CheckReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}  {}", self.name, self.url)?;
        for step in &self.steps {
            let outcome = match step.outcome {
                CheckOutcome::Ok => "ok",
                CheckOutcome::Warn => "warn",
                CheckOutcome::Fail => "fail",
            };
            writeln!(f, "  {outcome:<4}  {:<8}  {}", step.name, printable(&step.found))?;
            for line in step.advice.iter().flat_map(|advice| advice.lines()) {
                writeln!(f, "                  {}", printable(line))?;
            }
        }
        Ok(())
    }
}

/// Replaces control characters: names and reasons come from outside and must not control a terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_has_a_line_for_each_step_and_the_advice_below_it() {
        let mut report = CheckReport::new(&"eu-1".into(), "https://cms.example.org");
        report.push(CheckStep::ok("dns", "fine"));
        report.push(CheckStep::fail("tcp", "refused\u{1b}[2J", "Do this.\nThen that."));
        assert_eq!(
            report.to_string(),
            "eu-1  https://cms.example.org\n  ok    dns       fine\n  fail  tcp       refused\u{fffd}[2J\n                  Do this.\n                  Then that.\n"
        );
        assert!(report.failed());
    }
}
