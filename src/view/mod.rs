//! What people see: rows, and how they follow from facts.

mod rows;

pub use rows::*;
