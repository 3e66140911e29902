//! The agents page → the structs of `ui/api/agents.slint`. Nothing is decided here.

use asterflow_ui as ui;

use crate::domain::live::snapshot::{BoardState, SubState};
use crate::views::agents::{Column, Line, Totals};

use super::convert::{drawn, int, state, sub_state};

pub(super) fn column(column: Column) -> ui::AgentColumn {
    match column {
        Column::Name => ui::AgentColumn::Name,
        Column::Answered => ui::AgentColumn::Answered,
        Column::NoAnswer => ui::AgentColumn::NoAnswer,
        Column::Busy => ui::AgentColumn::Busy,
        Column::Abandoned => ui::AgentColumn::Abandoned,
        Column::Talk => ui::AgentColumn::Talk,
        Column::Paused => ui::AgentColumn::Paused,
        Column::SpeedOfAnswer => ui::AgentColumn::SpeedOfAnswer,
    }
}

pub(super) fn column_back(column: ui::AgentColumn) -> Column {
    match column {
        ui::AgentColumn::Name => Column::Name,
        ui::AgentColumn::Answered => Column::Answered,
        ui::AgentColumn::NoAnswer => Column::NoAnswer,
        ui::AgentColumn::Busy => Column::Busy,
        ui::AgentColumn::Abandoned => Column::Abandoned,
        ui::AgentColumn::Talk => Column::Talk,
        ui::AgentColumn::Paused => Column::Paused,
        ui::AgentColumn::SpeedOfAnswer => Column::SpeedOfAnswer,
    }
}

pub(super) fn line(line: &Line) -> ui::AgentRow {
    let (now, why) = line.state.unwrap_or((BoardState::Offline, SubState::LoggedOut));
    let statuses = line.statuses.unwrap_or_default();
    ui::AgentRow {
        name: drawn(&line.name),
        pbx: line.pbx.as_str().into(),
        seen: line.state.is_some(),
        state: state(now),
        sub_state: sub_state(why),
        known: line.statuses.is_some(),
        answered: int(statuses.answered),
        no_answer: int(statuses.no_answer),
        busy: int(statuses.busy),
        abandoned: int(statuses.abandoned),
        talk: line.talk.as_str().into(),
        paused: line.paused.as_str().into(),
        speed_of_answer: line.speed_of_answer.as_str().into(),
    }
}

pub(super) fn totals(totals: &Totals) -> ui::AgentTotals {
    ui::AgentTotals {
        agents: int(totals.agents),
        answered: totals.answered.as_str().into(),
        no_answer: totals.no_answer.as_str().into(),
        busy: totals.busy.as_str().into(),
        abandoned: totals.abandoned.as_str().into(),
        talk: totals.talk.as_str().into(),
        paused: totals.paused.as_str().into(),
        speed_of_answer: totals.speed_of_answer.as_str().into(),
    }
}
