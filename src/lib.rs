pub mod actions;
pub mod config;
pub mod view;
