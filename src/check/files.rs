//! Finds files with secrets that other users of this machine can read. Changes nothing.

use super::report::{CheckReport, CheckStep};
use crate::config::{Config, Exposed, PrivateFile};
use crate::db;

/// The exposed files among the configuration, the files that it names, and the data directory.
pub fn exposed_files(config: &Config) -> Vec<Exposed> {
    let data = db::files_in(&config.data_dir).into_iter().map(|(what, path)| PrivateFile { what: what.into(), path });
    let mut files: Vec<PrivateFile> = config.private_files.clone();
    files.extend(data);
    let mut seen = std::collections::HashSet::new();
    files.iter().filter(|file| seen.insert(file.path.clone())).filter_map(PrivateFile::exposed).collect()
}

/// A warning for each exposed file; None where there is none.
pub(super) fn check_files(config: &Config) -> Option<CheckReport> {
    let mut report = CheckReport::new(&"this machine".into(), "");
    for exposed in exposed_files(config) {
        report.push(CheckStep::warn("files", exposed.to_string(), format!("Close it: {}", exposed.command)));
    }
    (!report.steps.is_empty()).then_some(report)
}
