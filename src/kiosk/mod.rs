//! The wall on a screen: the only module that knows Slint.
//!
//! In: [`Wall`] views through a `watch`. Out: [`Action`]s of whoever touches the screen, and pictures. A display only
//! shows: it never computes a figure, and it reaches neither the PBX nor the store.
//!
//! Slint lives on one thread: the main thread for a window or a bare screen ([`run`]), a thread of its own for each
//! wall that is only drawn into memory ([`headless::Painter`]).

mod apply;
mod convert;
mod convert_agents;
pub mod desk;
pub mod feed;
mod glyphs;
pub mod headless;
mod input;
mod pages;
mod picture;
mod qr;
mod window;

pub use desk::{ActDesk, Desk, Unlock};
pub use feed::{Feed, HeatAnswer, HeatAsk, HeatSource, Subject};
pub use headless::Painter;
pub use input::Input;
pub use picture::{Picture, Rotation};
pub use window::{Beat, Screen, run};

use crate::views::agents::Column;
use crate::views::desk::Seat;
use crate::views::heatmap::Metric;
use crate::views::wall::Page;

#[cfg(doc)]
use crate::views::wall::Wall;

/// What somebody did at a wall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Chose a page.
    Show(Page),
    /// Went on a page.
    Next,
    /// Went back a page.
    Previous,
    /// Touched something else: the pages shall not turn by themselves for a while.
    Touched,
    /// Touched a member's card.
    SelectMember(Seat),
    /// Touched a queue's tile.
    SelectQueue(String),
    /// Chose what the heatmap shows.
    Metric(Metric),
    /// The heatmap's next subject.
    NextSubject,
    /// The heatmap's previous subject.
    PreviousSubject,
    /// Touched something of supervision.
    Desk(desk::Touch),
    /// Touched the head of a column of the agents page.
    SortAgents(Column),
}

/// Why the wall cannot be shown.
#[derive(Debug, thiserror::Error)]
pub enum KioskError {
    /// No screen, or Slint refused it.
    #[error("the screen cannot be used")]
    Screen(#[from] slint::PlatformError),
    /// The thread that draws is gone.
    #[error("the drawing thread has stopped")]
    Stopped,
    /// A thread could not be started.
    #[error("the drawing thread cannot be started")]
    Thread(#[source] std::io::Error),
    /// The picture could not be encoded.
    #[error("the picture cannot be encoded")]
    Png(#[from] png::EncodingError),
}
