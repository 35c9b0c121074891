//! Usher shows the lobbies of a Cisco Meeting Server cluster live, and lets moderators admit participants together.
//!
//! The map, from the outside in:
//!
//! - [`cli`] is the command line, [`config`] reads the configuration, [`app`] builds the parts and connects them.
//! - [`cms`] talks to Call Bridges and writes facts ([`model`]) into the [`store`]. It knows no browser.
//! - [`publisher`] turns changed facts and changed [`moderation`] into rows ([`view`]) and gives the difference to the [`hub`].
//! - [`http`] talks to browsers: it follows the [`hub`] and hands action requests to [`actions`]. It knows no bridge.
//! - [`displays`] are the screens on walls: their pairing, their settings, and the [`displays::projection`] of rows that each may show.
//! - [`audit`] records who did what. [`system_status`] reports problems of Usher itself. [`supervisor`] ends the process when a task fails
//!   that Usher cannot do without.
//! - [`accounts`] decides who may sign in. [`db`] and [`saved_state`] hold the state that survives a restart.
//! - [`cdr_endpoints`] are the addresses to which bridges post their Call Detail Records.
//! - [`check`] tests a configuration against the bridges, [`reload`] applies a changed one. [`service_manager`] reports the server's state to
//!   systemd.
//! - [`clock`] reads the time, [`text`] cuts and compares texts, [`system`] knows the user of the process, `log_limit` limits
//!   repeated lines of the server log, `pem` reads certificates and keys.
//! - [`simulator`] is a fake CMS cluster that shares nothing with the rest: an independent witness.
//!
//! Five files show the way of an event (`cms/events/socket.rs`, `cms/bridge/participants/listings.rs`, `store/mod.rs`, `publisher.rs`,
//! `hub/mod.rs`). Seven show the way of an admission from the socket to the request: `http/desk_socket/session.rs` submits it,
//! `actions/mod.rs` journals it, `actions/target.rs` decides whether it is sent, `actions/participant.rs` sends and confirms it,
//! `actions/bridge_client.rs` waits for the bridge, `cms/bridge/awaited_responses.rs` queues it, `cms/rest/mutation.rs` is the request.

pub mod accounts;
pub mod actions;
pub mod app;
pub mod audit;
pub mod cdr_endpoints;
pub mod check;
pub mod cli;
pub mod clock;
pub mod cms;
pub mod config;
pub mod db;
pub mod displays;
pub mod http;
pub mod hub;
mod log_limit;
pub mod model;
pub mod moderation;
pub(crate) mod pem;
pub mod publisher;
pub mod reload;
pub mod saved_state;
pub mod service_manager;
pub mod simulator;
pub mod store;
pub mod supervisor;
pub mod system;
pub mod system_status;
pub mod text;
pub mod view;
