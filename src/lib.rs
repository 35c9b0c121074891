//! Usher follows the lobbies of a Cisco Meeting Server cluster and lets moderators admit people, live and together.
//!
//! The map, from the outside in:
//!
//! - `cli` is the command line; [`config`] what Usher is told; [`app`] makes the parts and joins them.
//! - [`cms`] speaks to Call Bridges and writes facts ([`model`]) into the [`store`]; it knows no browser.
//! - [`publisher`] turns changed facts, and what moderators did ([`desk`]), into rows ([`view`]) and hands the difference to the [`hub`].
//! - [`http`] speaks to browsers: it follows the [`hub`] and hands presses ([`actions`]) to [`deeds`]; it knows no bridge.
//! - [`wall`] is what displays on walls are shown, [`displays`] which ones there are.
//! - [`receivers`] is where bridges deliver their Call Detail Records.
//! - [`mod@log`] is what was done by whom; [`trouble`] what moderators must know about Usher itself; [`supervisor`] ends Usher when a task
//!   fails that it can't do without.
//! - [`accounts`] is who may log in; [`db`] and [`memory`] what survives a restart; [`check`] tries a configuration out, [`reload`] takes
//!   another one over.
//! - [`meetings`] tells which calls belong together; [`clock`] reads the time, [`system`] knows the user of the process, [`word`] names values,
//!   [`text`] judges and cuts texts of strangers, `log_limit` keeps floods out of the server log: for everybody.
//! - [`simulator`] is a fake CMS cluster that shares nothing with the rest: an independent witness.
//!
//! Five files show the way of an event (`cms/session.rs`, `cms/bridge/events.rs`, `store.rs`, `publisher.rs`, `hub/mod.rs`) and five that
//! of an action (`http/socket/listener.rs`, `actions.rs`, `deeds/person.rs`, `cms/bridge/commands.rs`, `cms/bridge/legs.rs`).

pub mod accounts;
pub mod actions;
pub mod app;
pub mod check;
pub mod cli;
pub mod clock;
pub mod cms;
pub mod config;
pub mod db;
pub mod deeds;
pub mod desk;
pub mod displays;
pub mod http;
pub mod hub;
pub mod log;
mod log_limit;
pub mod meetings;
pub mod memory;
pub mod model;
pub mod normal;
pub(crate) mod pem;
pub mod publisher;
pub mod receivers;
pub mod reload;
pub mod simulator;
pub mod store;
pub mod supervisor;
pub mod system;
pub mod text;
pub mod trouble;
pub mod view;
pub mod wall;
pub mod word;
