//! Everything that speaks to Cisco Meeting Server. One actor a Call Bridge; nothing here knows browsers.
//!
//! The way of one event: `session` reads and acknowledges it, `wire` decodes it, `bridge::events` merges it into the store and asks for the
//! person's legs, `queue` sends the request when it may go, `answer` types what comes back, `lobby` decides, `bridge::legs` writes it.

mod bridge;
mod cdr;
mod cluster;
#[cfg(test)]
mod damage_tests;
mod dial;
mod events;
mod evidence;
mod lobby_state;
mod missed_events;
mod pulse;
mod rest;
mod supervisor;
mod text;
mod timers;
mod tls;
mod version;

pub use bridge::BridgeMemory;
pub use cluster::{Cluster, WaitingMemory};
pub use rest::client::AskError;
pub use supervisor::{Changed, Follow, Following, follow};
pub use tls::TrustError;

// For presses.
pub(crate) use cluster::{Command, Look};
pub(crate) use rest::mutation::Change;
pub(crate) use rest::request::Ask;
pub(crate) use rest::response::{Answer, CallDetail, PersonDetail};
pub(crate) use version::sends_back;

// What `usher check` asks a bridge with, so that it tries what Usher does.
pub(crate) use cdr::{Own as OwnReceiver, Registration, Step as RegistrationStep};
pub(crate) use dial::{System, first as dial_first};
pub(crate) use events::protocol::{Body, Subscription, subscribe_request};
pub(crate) use events::socket::{Endpoint, News, Report as SessionReport, Session};
pub(crate) use rest::client::Client;
pub(crate) use rest::response::ReceiverItem;
pub(crate) use tls::{SUITES, ca_faults, client_config, unusable_key};
pub(crate) use version::admits;
