//! What a check found, and how people read it. Judges nothing.

use std::fmt;
use std::sync::Arc;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Ok,
    /// Usher works, with less than it could.
    Warn,
    Fail,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    pub name: &'static str,
    pub outcome: Outcome,
    pub found: String,
    /// What to do about it, on CMS or in usher.toml; lines.
    pub advice: Option<String>,
}

impl Step {
    pub(super) fn ok(name: &'static str, found: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Ok, found: found.into(), advice: None }
    }

    pub(super) fn warn(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Warn, found: found.into(), advice: Some(advice.into()) }
    }

    pub(super) fn fail(name: &'static str, found: impl Into<String>, advice: impl Into<String>) -> Self {
        Self { name, outcome: Outcome::Fail, found: found.into(), advice: Some(advice.into()) }
    }
}

/// One block: a bridge, or what the bridges are together.
#[derive(Debug, Clone)]
pub struct Report {
    pub name: Arc<str>,
    /// Where, or nothing.
    pub url: String,
    pub steps: Vec<Step>,
    /// The bridge said who it is.
    pub identified: bool,
    /// The bridge's own name in its cluster, and the names of all Call Bridges of it; none outside of a cluster.
    pub own_name: Option<Arc<str>>,
    pub peers: Vec<Arc<str>>,
}

impl Report {
    pub(super) fn new(name: &Arc<str>, url: &str) -> Self {
        Self { name: name.clone(), url: url.to_owned(), steps: Vec::new(), identified: false, own_name: None, peers: Vec::new() }
    }

    pub(super) fn push(&mut self, step: Step) {
        self.steps.push(step);
    }

    pub fn failed(&self) -> bool {
        self.steps.iter().any(|step| step.outcome == Outcome::Fail)
    }

    pub fn step(&self, name: &str) -> Option<&Step> {
        self.steps.iter().find(|step| step.name == name)
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}  {}", self.name, self.url)?;
        for step in &self.steps {
            let outcome = match step.outcome {
                Outcome::Ok => "ok",
                Outcome::Warn => "warn",
                Outcome::Fail => "fail",
            };
            writeln!(f, "  {outcome:<4}  {:<8}  {}", step.name, printable(&step.found))?;
            for line in step.advice.iter().flat_map(|advice| advice.lines()) {
                writeln!(f, "                  {}", printable(line))?;
            }
        }
        Ok(())
    }
}

/// Names and reasons come from outside; a terminal must not be steered by them.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_has_a_line_a_step_and_advice_below_it() {
        let mut report = Report::new(&"eu-1".into(), "https://cms.example.org");
        report.push(Step::ok("dns", "fine"));
        report.push(Step::fail("tcp", "refused\u{1b}[2J", "Do this.\nThen that."));
        assert_eq!(
            report.to_string(),
            "eu-1  https://cms.example.org\n  ok    dns       fine\n  fail  tcp       refused\u{fffd}[2J\n                  Do this.\n                  Then that.\n"
        );
        assert!(report.failed());
    }
}
