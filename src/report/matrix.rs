//! A heatmap for the eye: one line an agent and date, one column a clock hour.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use jiff::civil::Date;

use super::table::{self, Lines};
use crate::domain::history::query::{HeatRow, Metric};

/// A clock hour of a date: a repeated hour comes a second time.
type Column = (i8, usize);

/// Writes the heatmap.
pub(super) fn write(rows: &[HeatRow], metric: Metric, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let several = rows.iter().any(|row| row.pbx != rows[0].pbx);
    let mut lines: BTreeMap<(String, Date), Vec<(Column, &HeatRow)>> = BTreeMap::new();
    for row in rows {
        let agent = if several { format!("{} {}", row.pbx, row.agent) } else { row.agent.clone() };
        let line = lines.entry((agent, row.date)).or_default();
        // The rows come in the order of time.
        let before = line.iter().filter(|((hour, _), _)| *hour == row.hour).count();
        line.push(((row.hour, before), row));
    }
    let columns: BTreeSet<Column> = lines.values().flatten().map(|(column, _)| *column).collect();
    let summable = !matches!(metric, Metric::ServiceLevel | Metric::AverageSpeedOfAnswer | Metric::Occupancy);
    let mut heads: Vec<String> = vec!["agent".into(), "date".into()];
    heads.extend(columns.iter().map(|(hour, again)| match again {
        0 => format!("{hour:02}"),
        _ => format!("again|{hour:02}"),
    }));
    let mut text: Vec<Vec<String>> = Vec::new();
    let mut sums: BTreeMap<Column, f64> = BTreeMap::new();
    for ((agent, date), cells) in &lines {
        let mut line = vec![agent.chars().filter(|letter| !letter.is_control()).collect(), date.to_string()];
        let values: BTreeMap<Column, Option<f64>> =
            cells.iter().map(|(column, row)| (*column, row.value)).collect();
        let marks: BTreeMap<Column, String> =
            cells.iter().map(|(column, row)| (*column, marks(row))).collect();
        for column in &columns {
            let mark = marks.get(column).map_or("", String::as_str);
            let value = values.get(column).map(|value| shown(metric, *value));
            line.push(value.map_or_else(String::new, |value| format!("{mark}{value}")));
            *sums.entry(*column).or_default() += values.get(column).copied().flatten().unwrap_or(0.0);
        }
        if summable {
            line.push(shown(metric, Some(values.values().flatten().sum())));
        }
        text.push(line);
    }
    if summable {
        heads.push("all".into());
    }
    let total = (summable && text.len() > 1).then(|| {
        let mut line = vec!["all".to_owned(), String::new()];
        line.extend(columns.iter().map(|column| shown(metric, sums.get(column).copied())));
        line.push(shown(metric, Some(sums.values().sum())));
        line
    });
    writeln!(out, "{}", caption(metric))?;
    for (any, note) in [
        (rows.iter().any(|row| row.late), "* got a row more than an hour after its own time"),
        (rows.iter().any(|row| row.overlapping), "! more talk than the hour lasts: two logged talks overlap"),
    ] {
        if any {
            writeln!(out, "{note}")?;
        }
    }
    let right = (0..heads.len()).map(|at| at > 1).collect();
    table::write_lines(&Lines { heads, lines: text, total, right }, out)
}

/// What stands before a marked value.
fn marks(row: &HeatRow) -> String {
    [(row.late, "*"), (row.overlapping, "!")]
        .into_iter()
        .filter_map(|(holds, mark)| holds.then_some(mark))
        .collect()
}

fn caption(metric: Metric) -> &'static str {
    match metric {
        Metric::Talk => "talk, h:mm:ss within each clock hour",
        Metric::Calls => "calls, in each clock hour",
        Metric::Answered => "answered, in each clock hour",
        Metric::Abandoned => "abandoned, in each clock hour",
        Metric::ServiceLevel => "service level of each clock hour, %",
        Metric::AverageSpeedOfAnswer => "average speed of answer in each clock hour, s",
        Metric::Occupancy => "occupancy of each clock hour, %",
    }
}

fn shown(metric: Metric, value: Option<f64>) -> String {
    let Some(value) = value else { return "–".into() };
    match metric {
        Metric::ServiceLevel | Metric::Occupancy => format!("{:.0}", value * 100.0),
        Metric::AverageSpeedOfAnswer => format!("{value:.1}"),
        Metric::Talk => table::span(whole(value)),
        Metric::Calls | Metric::Answered | Metric::Abandoned => table::thousands(whole(value)),
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "counts and seconds, never negative"
)]
fn whole(value: f64) -> u64 {
    value.round().max(0.0) as u64
}
