//! What displays on walls are shown: rows with less in them, made for an audience before they leave the server. Opens no sockets, knows no screen.
//!
//! Screens that may see the same are one [`Audience`]: a change is projected and serialised once for it, however many hang on the wall.

mod audience;
mod audience_hubs;
mod name_masking;
mod project;
mod rows;
mod static_page;

pub use audience::{Audience, Chosen, What};
pub use audience_hubs::{Fan, Rows, Walls, Watched};
pub use name_masking::{Names, masked};
pub use project::{Line, bridge, meeting, server};
pub use rows::{InLine, WallBridge, WallMeeting, WallRow, WallServer};
pub use static_page::{Overview, overview};
