//! Everything that speaks to Cisco Meeting Server. One actor a Call Bridge; nothing here knows browsers.
//!
//! The way of one event: `session` reads and acknowledges it, `wire` decodes it, `bridge::events` merges it into the store and asks for the
//! person's legs, `queue` sends the request when it may go, `answer` types what comes back, `lobby` decides, `bridge::legs` writes it.

mod answer;
mod ask;
mod bridge;
mod cdr;
mod change;
mod client;
mod cluster;
#[cfg(test)]
mod damage_tests;
mod dial;
mod evidence;
mod following;
mod lobby;
mod pulse;
mod queue;
mod renewals;
mod repairs;
mod session;
mod sizes;
mod subscriptions;
mod text;
mod timers;
mod tls;
mod version;
mod wire;
mod xml;

pub use bridge::BridgeMemory;
pub use client::AskError;
pub use cluster::{Cluster, WaitingMemory};
pub use following::{Changed, Follow, Following, follow};
pub use tls::TrustError;

// For presses.
pub(crate) use answer::{Answer, CallDetail, PersonDetail};
pub(crate) use ask::Ask;
pub(crate) use change::Change;
pub(crate) use cluster::{Command, Look};
pub(crate) use version::sends_back;

// What `usher check` asks a bridge with, so that it tries what Usher does.
pub(crate) use answer::ReceiverItem;
pub(crate) use cdr::{Own as OwnReceiver, Registration, Step as RegistrationStep};
pub(crate) use client::Client;
pub(crate) use dial::{System, first as dial_first};
pub(crate) use session::{Endpoint, News, Report as SessionReport, Session};
pub(crate) use tls::{SUITES, ca_faults, client_config, unusable_key};
pub(crate) use version::admits;
pub(crate) use wire::{Body, Subscription, subscribe_request};
