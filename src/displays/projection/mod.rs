//! The rows that displays may show: the desk's rows with less in them, made for an audience before they leave the server. Opens no sockets,
//! knows no screen.
//!
//! Displays with the same settings for meetings and names form one [`Audience`]: a change is projected and serialised once for all of them.

mod audience;
mod audience_hubs;
mod name_masking;
mod project;
mod rows;
mod static_page;

pub use audience::{Audience, ChosenMeeting, ViewFilter};
pub use audience_hubs::{AudienceFeed, AudienceHubs, DeskRows, Projections};
pub use name_masking::{NameDetail, masked};
pub use project::{WaitingLine, bridge, meeting, server};
pub use rows::{InLine, WallBridge, WallMeeting, WallRow, WallServer};
pub use static_page::StaticPage;
