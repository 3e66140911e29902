//! A believable fortnight of talk time.
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

fn cell(day: usize, hour: usize) -> HeatCell {
    let weekend = day % 7 < 2;
    let load = [0, 0, 0, 0, 0, 0, 1, 4, 22, 41, 55, 60, 38, 30, 47, 52, 44, 29, 12, 5, 2, 0, 0, 0][hour];
    let value = load * (70 + (day * 37 + hour * 11) % 60) / 100 / if weekend { 5 } else { 1 };
    let mut cell = HeatCell {
        fill: Color::default(),
        text: "".into(),
        state: CellState::Empty,
        late: day == 2 && hour == 14,
        now: day == 0 && hour == 10,
    };
    if day == 0 && hour > 10 {
        cell.state = CellState::Ahead;
    } else if day == 5 && (11..14).contains(&hour) {
        cell.state = CellState::NoData;
    } else if value > 0 {
        let (r, g, b) = STEPS[(value * 7 / 70).min(6)];
        cell.state = CellState::Value;
        cell.fill = Color::from_rgb_u8(r, g, b);
        cell.text = value.to_string().into();
    }
    cell
}

pub fn fill(app: &AppWindow, rows: usize) {
    let heatmap = app.global::<Heatmap>();
    let rows = (0..rows).map(|day| HeatRow {
        weekday: ["Sun", "Sat", "Fri", "Thu", "Wed", "Tue", "Mon"][day % 7].into(),
        date: format!("{:02} Nov", 22_i32.saturating_sub(day as i32).rem_euclid(30) + 1).into(),
        today: day == 0,
        weekend: day % 7 < 2,
        cells: model((0..24).map(|hour| cell(day, hour)).collect()),
        total: format!("{} h", 6 + day * 5 % 9).into(),
    });
    heatmap.set_rows(model(rows.collect()));
}
