//! Another process and its cost: CPU and memory as the kernel counts them.

use std::process::{Child, Command};
use std::time::Duration;

/// The process is killed when this is dropped.
pub struct Process {
    pub child: Child,
}

/// The unit of `/proc/<pid>/stat` on every Linux.
const TICK: Duration = Duration::from_millis(10);

impl Process {
    pub fn start(command: &mut Command) -> Self {
        Self { child: command.spawn().unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")) }
    }

    /// User and system time of all threads since the start.
    pub fn cpu(&self) -> Duration {
        let stat = self.read("stat");
        let fields: Vec<&str> = stat.rsplit_once(')').expect("a name in brackets").1.split_whitespace().collect();
        let ticks = |n: usize| fields[n].parse::<u32>().expect("ticks");
        TICK * (ticks(11) + ticks(12))
    }

    /// Resident memory now, in MB.
    pub fn resident(&self) -> f64 {
        self.status("VmRSS:")
    }

    /// The highest resident memory so far, in MB.
    pub fn peak(&self) -> f64 {
        self.status("VmHWM:")
    }

    fn status(&self, key: &str) -> f64 {
        let status = self.read("status");
        let line = status.lines().find_map(|line| line.strip_prefix(key)).expect("a line for it");
        line.trim().trim_end_matches(" kB").parse::<f64>().expect("a number") * 1024.0 / 1e6
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(format!("/proc/{}/{file}", self.child.id())).expect("the process runs")
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
