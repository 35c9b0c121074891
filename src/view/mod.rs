//! What people see: rows, how they follow from facts, and the difference between two views. Pure; takes no clock, socket or lock.

mod build;
mod diff;
mod rows;

pub use build::*;
pub use diff::{Change, apply, diff};
pub use rows::*;
