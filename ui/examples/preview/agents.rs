//! A day of agents in any number: most busy, some idle, a few gone.
use crate::model;
use crate::names;
use asterflow_ui::*;
use slint::{ComponentHandle, SharedString};

fn hours(minutes: i32) -> SharedString {
    match minutes {
        0 => "0".into(),
        6000.. => format!("{} h", minutes / 60).into(),
        _ => format!("{} h {:02}", minutes / 60, minutes % 60).into(),
    }
}

fn row(index: usize, list: &[&str], known: bool) -> AgentRow {
    let noise = |salt: usize, below: usize| ((index * 7919 + salt * 104_729) / 13 % below) as i32;
    let (state, sub_state) = match noise(1, 10) {
        0..=2 => (AgentState::Online, SubState::Free),
        3 | 4 | 9 => (AgentState::Busy, SubState::Talking),
        5 => (AgentState::Busy, SubState::Ringing),
        6 => (AgentState::Paused, SubState::Free),
        7 => (AgentState::Busy, SubState::WrapUp),
        _ => (AgentState::Offline, SubState::LoggedOut),
    };
    let answered = if index % 17 == 16 { 0 } else { 3 + noise(2, 64) };
    let talk = answered * (2 + noise(3, 4)) + noise(4, 5) * i32::from(answered > 0);
    AgentRow {
        name: names::distinct(list, index).into(),
        pbx: "".into(),
        seen: true,
        state,
        sub_state,
        known,
        answered,
        no_answer: [0, 0, 1, 0, 4, 12, 2][noise(5, 7) as usize],
        busy: [0, 0, 0, 1, 3][noise(6, 5) as usize],
        abandoned: [0, 1, 0, 2, 6][noise(7, 5) as usize],
        talk: if known { hours(talk) } else { "–".into() },
        paused: if known { hours([0, 12, 41, 95, 7, 163][noise(8, 6) as usize]) } else { "–".into() },
        speed_of_answer: if known && answered > 0 {
            format!("0:{:02}", 4 + noise(9, 22)).into()
        } else {
            "–".into()
        },
    }
}

/// Fills the page; `known` is false before the first synchronisation.
pub fn fill(app: &AppWindow, count: usize, list: &[&str], known: bool) {
    let mut rows: Vec<AgentRow> = (0..count).map(|index| row(index, list, known)).collect();
    rows.sort_by_key(|row| -row.answered);
    let sum = |figure: fn(&AgentRow) -> i32| -> SharedString {
        let sum: i32 = rows.iter().map(figure).sum();
        if known { sum.to_string().into() } else { "–".into() }
    };
    let page = app.global::<Agents>();
    page.set_room(AgentTotals {
        agents: count as i32,
        answered: sum(|row| row.answered),
        no_answer: sum(|row| row.no_answer),
        busy: sum(|row| row.busy),
        abandoned: sum(|row| row.abandoned),
        talk: if known { hours(count as i32 * 103) } else { "–".into() },
        paused: if known { hours(count as i32 * 31) } else { "–".into() },
        speed_of_answer: if known && count > 0 { "0:12".into() } else { "–".into() },
    });
    let visits = |row: &AgentRow| row.answered + row.no_answer + row.busy + row.abandoned;
    page.set_most(rows.iter().map(visits).max().unwrap_or(0));
    page.set_rows(model(rows));
}
