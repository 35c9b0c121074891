//! Everything that speaks to Cisco Meeting Server: one actor for each Call Bridge. Nothing here knows browsers.
//!
//! The path of one event: `events::socket` reads and acknowledges it, `events::protocol` decodes it, `bridge::participants` lists the
//! participant in the store and requests the legs, `rest::queue` sends the request when it may go, `rest::response` types the response,
//! `lobby_state` decides, `bridge::participants::lobby` writes it.

mod bridge;
mod cdr;
mod cluster;
mod connect;
#[cfg(test)]
mod damage_tests;
mod events;
mod lobby_state;
mod missed_events;
mod rest;
mod supervisor;
mod timers;
mod tls;
mod version;
mod wire_text;

pub use bridge::SavedBridgeState;
pub use cluster::{Cluster, SavedWait};
pub use rest::client::RequestError;
pub use supervisor::{BridgeSupervisor, ClusterChanges, ClusterSetup};
pub use tls::TrustError;

// For actions.
pub(crate) use cluster::{BridgeCommand, LegProbe};
pub(crate) use rest::mutation::{Mutation, changes_legs};
pub(crate) use rest::request::Request;
pub(crate) use rest::response::{CallDetail, ParticipantDetail, Response};
pub(crate) use version::sends_back;

// For `usher check` and `usher cdr`, which ask bridges as a running Usher does.
pub(crate) use cdr::{OwnReceiver, Registration, RegistrationStep};
pub(crate) use connect::{SystemResolver, connect_first};
pub(crate) use events::protocol::{Body, Subscription, subscribe_request};
pub(crate) use events::socket::{ConnectOptions, EventsSocket, SocketEvent, SocketReport};
pub(crate) use rest::client::RestClient;
pub(crate) use rest::response::ReceiverItem;
pub(crate) use tls::{SUITES, ca_faults, client_config, unusable_key};
pub(crate) use version::admits;
