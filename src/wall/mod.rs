//! What displays on walls are shown: rows with less in them, made for an audience before they leave the server. Opens no sockets, knows no screen.
//!
//! Screens that may see the same are one [`Audience`]: a change is projected and serialised once for it, however many hang on the wall.

mod audience;
mod fan;
mod names;
mod overview;
mod project;
mod rows;

pub use audience::{Audience, Chosen, What};
pub use fan::{Fan, Rows, Walls, Watched};
pub use names::{Names, masked};
pub use overview::{Overview, overview};
pub use project::{Line, bridge, meeting, server};
pub use rows::{InLine, WallBridge, WallMeeting, WallRow, WallServer};
