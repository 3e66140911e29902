//! Believable weeks of talk time: quiet nights, two peaks a day, hardly anything on Sundays, one holiday, one gap.
use crate::model;
use asterflow_ui::*;
use slint::{Color, ComponentHandle};

const STEPS: [(u8, u8, u8); 7] = [
    (46, 184, 114),
    (124, 201, 106),
    (195, 212, 94),
    (245, 213, 71),
    (247, 177, 60),
    (240, 138, 60),
    (229, 83, 61),
];
/// Minutes an hour of some twelve agents on a working day.
const DAY: [usize; 24] =
    [0, 0, 0, 0, 0, 0, 4, 38, 172, 296, 368, 402, 251, 214, 322, 371, 318, 190, 77, 31, 12, 3, 0, 0];
/// The width of a step of the scale, minutes.
const STEP: usize = 60;
/// The present: Tuesday 24 November, a quarter past ten.
const NOW: usize = 10;

/// The date and weekday so many days before the present.
fn date(back: usize) -> (String, usize) {
    let months = [("Nov", 24), ("Oct", 31), ("Sep", 30), ("Aug", 31)];
    let mut left = back;
    let found = months.iter().find_map(|(month, days)| {
        if left < *days {
            return Some(format!("{:02} {month}", days - left));
        }
        left -= days;
        None
    });
    (found.unwrap_or_default(), (1 + 7000 - back) % 7)
}

fn value(back: usize, weekday: usize, hour: usize) -> usize {
    let noise = 78 + (back * 8191 + hour * 131 + back * hour * 17) % 45;
    let share = match weekday {
        5 => 34,
        6 if (9..15).contains(&hour) => 5,
        6 => 0,
        4 if hour > 14 => 70,
        _ if back == 17 => 0,
        _ => 100,
    };
    DAY[hour] * noise * share / 10_000
}

fn cell(back: usize, weekday: usize, hour: usize) -> HeatCell {
    let mut cell = HeatCell {
        fill: Color::default(),
        text: "".into(),
        state: CellState::Empty,
        late: back == 2 && hour == 14,
        overlapping: back == 3 && hour == 10,
        now: back == 0 && hour == NOW,
    };
    let mut minutes = value(back, weekday, hour);
    if cell.now {
        minutes /= 4;
    }
    if back == 0 && hour > NOW {
        cell.state = CellState::Ahead;
    } else if back == 6 && (11..14).contains(&hour) {
        cell.state = CellState::NoData;
    } else if minutes > 0 {
        let (r, g, b) = STEPS[(minutes / STEP).min(6)];
        cell.state = CellState::Value;
        cell.fill = Color::from_rgb_u8(r, g, b);
        cell.text = minutes.to_string().into();
    }
    cell
}

/// The newest `rows` days.
pub fn fill(app: &AppWindow, rows: usize) {
    let heatmap = app.global::<Heatmap>();
    let rows = (0..rows).map(|back| {
        let (date, weekday) = date(back);
        let hours = if back == 0 { NOW } else { 24 };
        let minutes: usize = (0..hours).map(|hour| value(back, weekday, hour)).sum();
        HeatRow {
            weekday: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"][weekday].into(),
            date: date.into(),
            today: back == 0,
            weekend: weekday > 4,
            cells: model((0..24).map(|hour| cell(back, weekday, hour)).collect()),
            total: if minutes < 60 {
                format!("{minutes} min")
            } else {
                format!("{}.{} h", minutes / 60, minutes % 60 / 6)
            }
            .into(),
        }
    });
    heatmap.set_rows(model(rows.collect()));
    let steps = STEPS.iter().enumerate().map(|(at, (r, g, b))| HeatStep {
        fill: Color::from_rgb_u8(*r, *g, *b),
        label: (at * STEP).to_string().into(),
    });
    heatmap.set_scale(model(steps.collect()));
}
