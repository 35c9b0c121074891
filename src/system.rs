//! The user that this process runs as.

/// Its effective user, where the system tells.
#[cfg(unix)]
pub fn user() -> Option<u32> {
    use std::os::unix::fs::MetadataExt;
    std::fs::metadata("/proc/self").ok().map(|data| data.uid())
}
