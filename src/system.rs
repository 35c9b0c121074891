//! The user that this process runs as.

/// The effective user id, if the system has `/proc`.
#[cfg(unix)]
pub fn user() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").ok().map(|data| data.uid())
}
