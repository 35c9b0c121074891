//! Deliberate defects for tests: work on a target that is listed here panics.

use std::sync::Mutex;

use crate::model::Target;

/// Panic when the action is carried out.
pub(crate) static NOW: Mutex<Vec<Target>> = Mutex::new(Vec::new());
/// Panic when the target is read again after the action.
pub(crate) static LATER: Mutex<Vec<Target>> = Mutex::new(Vec::new());

pub(super) fn panic_if_listed(list: &Mutex<Vec<Target>>, target: &Target) {
    let listed = list.lock().is_ok_and(|listed| listed.contains(target));
    assert!(!listed, "a defect, on purpose");
}
