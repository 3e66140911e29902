//! View-models → the structs of `ui/api.slint`. Nothing is decided here.

use asterflow_ui as ui;
use slint::{Color, ModelRc, SharedString};

use crate::domain::alarm::Kind;
use crate::domain::link::LinkState;
use crate::domain::live::snapshot::{BoardState, SubState};
use crate::views::alarm::Line;
use crate::views::banner::{Link, LinkKind, Lost, Problem};
use crate::views::board::{Caller, Card, Section};
use crate::views::heatmap::{Cell, CellState, Metric, Row};
use crate::views::overview::{Room, Tile};
use crate::views::scale::Colour;
use crate::views::wall::Page;
use crate::views::{Counts, Level, ServiceLevel};

use super::glyphs::drawable;

/// A count as Slint takes it.
pub(super) fn int(count: u32) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// Other people's text as it can be drawn.
pub(super) fn drawn(text: &str) -> SharedString {
    drawable(text).as_ref().into()
}

pub(super) fn level(level: Level) -> ui::Level {
    match level {
        Level::Calm => ui::Level::Calm,
        Level::Warn => ui::Level::Warn,
        Level::Alarm => ui::Level::Alarm,
    }
}

pub(super) fn page(page: Page) -> ui::Page {
    match page {
        Page::Overview => ui::Page::Overview,
        Page::Board => ui::Page::Board,
        Page::Heatmap => ui::Page::Heatmap,
        Page::Agents => ui::Page::Agents,
        Page::Setup => ui::Page::Setup,
    }
}

pub(super) fn page_back(page: ui::Page) -> Page {
    match page {
        ui::Page::Overview => Page::Overview,
        ui::Page::Board => Page::Board,
        ui::Page::Heatmap => Page::Heatmap,
        ui::Page::Agents => Page::Agents,
        ui::Page::Setup => Page::Setup,
    }
}

pub(super) fn metric(metric: Metric) -> ui::HeatMetric {
    match metric {
        Metric::Talk => ui::HeatMetric::Talk,
        Metric::Calls => ui::HeatMetric::Calls,
        Metric::Answered => ui::HeatMetric::Answered,
        Metric::Abandoned => ui::HeatMetric::Abandoned,
        Metric::ServiceLevel => ui::HeatMetric::ServiceLevel,
        Metric::SpeedOfAnswer => ui::HeatMetric::SpeedOfAnswer,
        Metric::Occupancy => ui::HeatMetric::Occupancy,
    }
}

pub(super) fn metric_back(metric: ui::HeatMetric) -> Metric {
    match metric {
        ui::HeatMetric::Talk => Metric::Talk,
        ui::HeatMetric::Calls => Metric::Calls,
        ui::HeatMetric::Answered => Metric::Answered,
        ui::HeatMetric::Abandoned => Metric::Abandoned,
        ui::HeatMetric::ServiceLevel => Metric::ServiceLevel,
        ui::HeatMetric::SpeedOfAnswer => Metric::SpeedOfAnswer,
        ui::HeatMetric::Occupancy => Metric::Occupancy,
    }
}

fn link_kind(kind: LinkKind) -> ui::LinkKind {
    match kind {
        LinkKind::Ami => ui::LinkKind::Ami,
        LinkKind::Database => ui::LinkKind::Database,
    }
}

pub(super) fn state(state: BoardState) -> ui::AgentState {
    match state {
        BoardState::Online => ui::AgentState::Online,
        BoardState::Busy => ui::AgentState::Busy,
        BoardState::Paused => ui::AgentState::Paused,
        BoardState::Offline => ui::AgentState::Offline,
    }
}

pub(super) fn sub_state(sub_state: SubState) -> ui::SubState {
    match sub_state {
        SubState::Free => ui::SubState::Free,
        SubState::Ringing => ui::SubState::Ringing,
        SubState::Talking => ui::SubState::Talking,
        SubState::OnHold => ui::SubState::OnHold,
        SubState::WrapUp => ui::SubState::WrapUp,
        SubState::OtherCall => ui::SubState::OtherCall,
        SubState::Unavailable => ui::SubState::Unavailable,
        SubState::LoggedOut => ui::SubState::LoggedOut,
    }
}

fn counts(counts: Counts) -> ui::StateCounts {
    ui::StateCounts {
        online: int(counts.online),
        busy: int(counts.busy),
        ringing: int(counts.ringing),
        paused: int(counts.paused),
        offline: int(counts.offline),
    }
}

fn service_level(figure: &ServiceLevel) -> ui::ServiceLevel {
    ui::ServiceLevel {
        variant: figure.variant.into(),
        seconds: int(figure.seconds),
        value: figure.value.as_str().into(),
        level: level(figure.level),
    }
}

pub(super) fn link(link: &Link) -> ui::Link {
    let state = match link.state {
        LinkState::Connecting => ui::LinkState::Connecting,
        LinkState::Live => ui::LinkState::Live,
        LinkState::Lost => ui::LinkState::Lost,
        LinkState::Refused => ui::LinkState::Refused,
        LinkState::Absent => ui::LinkState::Off,
    };
    ui::Link { kind: link_kind(link.kind), pbx: drawn(&link.pbx), state, age: link.age.as_str().into() }
}

pub(super) fn lost(lost: &Lost) -> ui::LostSource {
    ui::LostSource {
        kind: link_kind(lost.kind),
        pbx: drawn(&lost.pbx),
        age: lost.age.as_str().into(),
        cause: lost.cause.as_str().into(),
        cure: "".into(),
    }
}

pub(super) fn problem(problem: &Problem) -> ui::Problem {
    ui::Problem { key: problem.key.as_str().into(), sentence: problem.sentence.as_str().into() }
}

pub(super) fn alarm(line: &Line) -> ui::AlarmLine {
    ui::AlarmLine {
        kind: match line.kind {
            Kind::NoAgentFree => ui::AlarmKind::NoAgentFree,
            Kind::LongestWait => ui::AlarmKind::LongestWait,
            Kind::Waiting => ui::AlarmKind::Waiting,
            Kind::ServiceLevel => ui::AlarmKind::ServiceLevel,
        },
        level: level(line.level),
        count: int(line.count),
        figure: line.figure.as_str().into(),
        since: line.since.as_str().into(),
    }
}

pub(super) fn tile(tile: &Tile) -> ui::QueueTile {
    ui::QueueTile {
        name: tile.name.as_str().into(),
        title: drawn(&tile.name),
        pbx: drawn(&tile.pbx),
        waiting: int(tile.waiting),
        waiting_level: level(tile.alarms.waiting),
        longest_wait: tile.longest_wait.as_str().into(),
        longest_level: level(tile.alarms.longest),
        level: level(tile.alarms.level),
        alarm: tile.alarms.lines.first().map(alarm).unwrap_or_default(),
        quiet_until: tile.alarms.quiet_until.as_str().into(),
        members: counts(tile.members),
        offered: tile.offered.as_str().into(),
        answered: tile.answered.as_str().into(),
        abandoned: tile.abandoned.as_str().into(),
        service_level: service_level(&tile.service_level),
        speed_of_answer: tile.speed_of_answer.as_str().into(),
    }
}

pub(super) fn room(room: &Room) -> ui::RoomTotals {
    ui::RoomTotals {
        agents: counts(room.agents),
        waiting: int(room.waiting),
        longest_wait: room.longest_wait.as_str().into(),
        level: level(room.level),
        offered: room.offered.as_str().into(),
        answered: room.answered.as_str().into(),
        abandoned: room.abandoned.as_str().into(),
    }
}

pub(super) fn caller(caller: &Caller) -> ui::Caller {
    ui::Caller {
        position: int(caller.position),
        number: drawn(&caller.number),
        name: drawn(&caller.name),
        wait: caller.wait.as_str().into(),
        level: level(caller.level),
        key: caller.channel.as_str().into(),
    }
}

pub(super) fn card(card: &Card) -> ui::MemberCard {
    ui::MemberCard {
        interface: card.interface.as_str().into(),
        name: drawn(&card.name),
        state: state(card.state),
        sub_state: sub_state(card.sub_state),
        since: card.since.as_str().into(),
        partner: drawn(&card.partner),
        reason: drawn(&card.reason),
        paused_in: int(card.paused_in),
        member_of: int(card.member_of),
        penalty: int(card.penalty),
        calls_today: card.calls_today.map_or(-1, int),
        listeners: drawn(&card.listeners),
    }
}

/// A section's own figures; its callers and members live in models that outlast the row.
pub(super) fn section(
    section: &Section,
    callers: ModelRc<ui::Caller>,
    members: ModelRc<ui::MemberCard>,
    alarms: ModelRc<ui::AlarmLine>,
) -> ui::BoardQueue {
    ui::BoardQueue {
        name: section.name.as_str().into(),
        title: drawn(&section.name),
        pbx: section.pbx.as_str().into(),
        waiting: int(section.waiting),
        waiting_level: level(section.alarms.waiting),
        longest_wait: section.longest_wait.as_str().into(),
        longest_level: level(section.alarms.longest),
        level: level(section.alarms.level),
        alarms,
        quiet_until: section.alarms.quiet_until.as_str().into(),
        service_level: service_level(&section.service_level),
        counts: counts(section.counts),
        callers,
        members,
    }
}

fn colour((red, green, blue): Colour) -> Color {
    Color::from_rgb_u8(red, green, blue)
}

pub(super) fn cell(cell: &Cell) -> ui::HeatCell {
    let state = match cell.state {
        CellState::Value => ui::CellState::Value,
        CellState::Empty => ui::CellState::Empty,
        CellState::NoData => ui::CellState::NoData,
        CellState::Ahead => ui::CellState::Ahead,
        CellState::Absent => ui::CellState::Absent,
    };
    ui::HeatCell {
        fill: colour(cell.fill),
        text: cell.text.as_str().into(),
        state,
        late: cell.late,
        overlapping: cell.overlapping,
        now: cell.now,
    }
}

/// A row's own words; its cells live in a model that outlasts the row.
pub(super) fn row(row: &Row, cells: ModelRc<ui::HeatCell>) -> ui::HeatRow {
    ui::HeatRow {
        weekday: row.weekday.into(),
        date: row.date.as_str().into(),
        today: row.today,
        weekend: row.weekend,
        cells,
        total: row.total.as_str().into(),
    }
}

pub(super) fn step((fill, label): &(Colour, String)) -> ui::HeatStep {
    ui::HeatStep { fill: colour(*fill), label: label.as_str().into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::board::board;
    use crate::views::fixture::{at, picture};
    use crate::views::overview::overview;

    /// No font has it.
    const NO_LETTER: &str = "\u{10ffff}";

    #[test]
    fn a_queue_whose_script_has_no_font_keeps_its_key_and_is_not_blank() {
        let pictures = [picture()];
        let mut first = overview(&pictures, at(0)).tiles.remove(0);
        first.name = NO_LETTER.to_owned();
        let tile = tile(&first);
        assert_eq!((tile.name.as_str(), tile.title.as_str()), (NO_LETTER, "□"));
        let mut first = board(&pictures, at(0)).sections.remove(0);
        first.name = NO_LETTER.to_owned();
        let section = section(&first, ModelRc::default(), ModelRc::default(), ModelRc::default());
        assert_eq!((section.name.as_str(), section.title.as_str()), (NO_LETTER, "□"));
    }
}
