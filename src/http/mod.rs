//! Everything that speaks to browsers: pages, sign-in, WebSockets, metrics. Knows nothing of CMS: rows come from the hub, actions go out.
//!
//! No file imports one that imports it in turn (`tests/architecture.rs`). From the bottom up: `html`, `connections`, `limits` and `ws` know no
//! state; `state` holds one of each; `middleware` is passed on the way to `pages`, `ops`, `desk_socket` and `wall`, which don't know each other;
//! `router` names them all, and `server` accepts the connections.

mod connections;
mod cookies;
pub mod desk_socket;
mod error;
mod html;
mod limits;
mod middleware;
mod ops;
mod pages;
mod paths;
mod router;
mod server;
mod state;
mod wall;
mod ws;

pub use ops::certificate::{CertificateError, check_certificate};
pub use server::{Listeners, ServeError, serve};
pub use state::{DemoAccount, Services};

/// `serve` prints this at its start when nobody could sign in.
pub const FIRST_USER: &str = "No one can sign in yet. In another terminal, add the first user with:\n\n    \
     usher user add <name> --role admin --config <this configuration file>\n\nIt asks for the password. No restart is needed.";
