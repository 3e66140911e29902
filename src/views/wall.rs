//! Everything the wall shows at a moment, in one value that compares.

use std::sync::Arc;

use super::agents::Agents;
use super::banner::{Banner, Problem};
use super::board::Board;
use super::desk::{Desk, Seat};
use super::heatmap::Heatmap;
use super::overview::Overview;

/// A page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Page {
    /// Every queue's figures.
    #[default]
    Overview,
    /// Members and callers of each queue.
    Board,
    /// Hour by date.
    Heatmap,
    /// What the calls of today came to for each agent.
    Agents,
    /// What to do while nothing is configured.
    Setup,
}

/// The set-up page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Setup {
    /// What to open in a browser.
    pub address: String,
    /// The one-time code.
    pub code: String,
    /// How long it is still good, `14 min`; may be empty.
    pub code_lasts: String,
    /// What is missing.
    pub problems: Vec<Problem>,
}

/// How long the page still stays before the next one turns up by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Stay {
    /// Pages do not turn by themselves.
    #[default]
    Off,
    /// So many thousandths of its time are left.
    Left(u16),
    /// Somebody touched the wall a moment ago: it stays.
    Held,
}

/// The wall. Pages that are not shown may hold an old or empty view.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wall {
    /// The place.
    pub site: String,
    /// `10:31`, of the PBX's zone.
    pub clock: String,
    /// `Sun 22 Nov`.
    pub date: String,
    /// Light instead of dark.
    pub light: bool,
    /// The page shown.
    pub page: Page,
    /// The pages there are, in order.
    pub pages: Vec<Page>,
    /// How often the pages went round: where a page does not fit on the screen, each round shows its next part.
    pub round: i32,
    /// How long the page still stays.
    pub stay: Stay,
    /// The selected member.
    pub selected: Option<Seat>,
    /// Links and warnings.
    pub banner: Banner,
    /// The overview.
    pub overview: Arc<Overview>,
    /// The board.
    pub board: Arc<Board>,
    /// The heatmap; shared, for it changes seldom.
    pub heatmap: Arc<Heatmap>,
    /// The agents page.
    pub agents: Arc<Agents>,
    /// The set-up page.
    pub setup: Setup,
    /// Supervision: sheet, PIN pad, bar.
    pub desk: Desk,
}
