//! Defects on purpose, for tests: work on a target that is named here panics.

use std::sync::Mutex;

use crate::model::Target;

/// When it is carried out.
pub(crate) static NOW: Mutex<Vec<Target>> = Mutex::new(Vec::new());
/// When what became of it is read later.
pub(crate) static LATER: Mutex<Vec<Target>> = Mutex::new(Vec::new());

pub(super) fn strike(when: &Mutex<Vec<Target>>, target: &Target) {
    let struck = when.lock().is_ok_and(|struck| struck.contains(target));
    assert!(!struck, "a defect, on purpose");
}
