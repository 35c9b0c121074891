//! Which files with secrets are open to other users of this machine. Changes nothing.

use super::report::{Report, Step};
use crate::config::{Config, Exposed, PrivateFile};
use crate::db;

/// Of the configuration, of what it names, and of the data directory.
pub fn exposed(config: &Config) -> Vec<Exposed> {
    let data = db::files_in(&config.data_dir).into_iter().map(|(what, path)| PrivateFile { what: what.into(), path });
    let mut files: Vec<PrivateFile> = config.private_files.clone();
    files.extend(data);
    let mut seen = std::collections::HashSet::new();
    files.iter().filter(|file| seen.insert(file.path.clone())).filter_map(PrivateFile::exposed).collect()
}

/// A warning for each; None where all are closed.
pub(super) fn report(config: &Config) -> Option<Report> {
    let mut report = Report::new(&"this machine".into(), "");
    for exposed in exposed(config) {
        report.push(Step::warn("files", exposed.to_string(), format!("Close it: {}", exposed.command)));
    }
    (!report.steps.is_empty()).then_some(report)
}
