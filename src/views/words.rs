//! The words for states, as the wall says them (`ui/words.slint`).

use crate::domain::history::query::Metric;
use crate::domain::live::snapshot::{BoardState, SubState};

/// All states, as the legend lists them.
pub const STATES: [BoardState; 4] =
    [BoardState::Online, BoardState::Busy, BoardState::Paused, BoardState::Offline];

/// All sub-states.
pub const SUB_STATES: [SubState; 8] = [
    SubState::Free,
    SubState::Ringing,
    SubState::Talking,
    SubState::OnHold,
    SubState::WrapUp,
    SubState::OtherCall,
    SubState::Unavailable,
    SubState::LoggedOut,
];

/// What a member is.
pub fn state(state: BoardState) -> &'static str {
    match state {
        BoardState::Online => "Free",
        BoardState::Busy => "Busy",
        BoardState::Paused => "Paused",
        BoardState::Offline => "Offline",
    }
}

/// Why, in one word; a pause says only that, its reason stands beside it.
pub fn sub_state(of: BoardState, why: SubState) -> &'static str {
    if of == BoardState::Paused {
        return state(of);
    }
    match why {
        SubState::Free => "Free",
        SubState::Ringing => "Ringing",
        SubState::Talking => "Talking",
        SubState::OnHold => "On hold",
        SubState::WrapUp => "Wrap-up",
        SubState::OtherCall => "Other call",
        SubState::Unavailable => "Unavailable",
        SubState::LoggedOut => "Logged out",
    }
}

/// What a heatmap shows.
pub fn metric(metric: Metric) -> &'static str {
    match metric {
        Metric::Talk => "Talk time",
        Metric::Calls => "Call volume",
        Metric::Answered => "Answered",
        Metric::Abandoned => "Abandoned",
        Metric::ServiceLevel => "Service level",
        Metric::AverageSpeedOfAnswer => "Speed of answer",
        Metric::Occupancy => "Occupancy",
    }
}
