//! Rows → cells of text → CSV that no spreadsheet runs as a formula.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;

use super::Kind;
use crate::domain::history::query::HeatRow;

const QUEUES: &[&str] = &[
    "pbx",
    "bucket",
    "queue",
    "offered",
    "answered",
    "abandoned",
    "abandoned_short",
    "timed_out",
    "left_by_key",
    "left_empty",
    "withdrawn",
    "still_waiting",
    "unresolved",
    "lost",
    "not_entered",
    "service_level_s",
    "service_level_a",
    "service_level_b",
    "service_level_c",
    "service_level_d",
    "abandon_rate",
    "average_speed_of_answer_s",
    "median_wait_s",
    "p90_wait_s",
    "longest_wait_s",
    "wait_s",
    "average_wait_abandoned_s",
    "average_handle_time_s",
    "talk_s",
    "technical",
    "lost_after_transfer",
];
const AGENTS: &[&str] = &[
    "pbx",
    "bucket",
    "agent",
    "answered",
    "no_answer",
    "abandoned",
    "busy",
    "attempts",
    "attempts_rang_out",
    "attempts_refused",
    "left_by_key",
    "talk_s",
    "transferred_blind",
    "transferred_attended",
    "paused_s",
    "paused_all_queues_s",
    "logged_in_s",
    "wait_s",
    "average_speed_of_answer_s",
    "ring_s",
];
const HEATMAP: &[&str] = &["agent", "date", "hour", "start_utc", "seconds_in_hour", "value"];
const VISITS: &[&str] = &[
    "pbx",
    "entered",
    "queue",
    "number",
    "outcome",
    "wait_s",
    "agent",
    "talk_s",
    "transferred",
    "marks",
    "talk_bound_s",
    "callid",
    "n",
];

/// The columns of a report.
pub(super) fn columns(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Queues => QUEUES,
        Kind::Agents => AGENTS,
        Kind::Heatmap => HEATMAP,
        Kind::Visits => VISITS,
    }
}

/// The cells of every row as text; an undefined figure is an empty cell.
pub(super) fn lines<T: Serialize>(
    rows: &[T],
    columns: &[&str],
) -> Result<Vec<Vec<String>>, serde_json::Error> {
    rows.iter()
        .map(|row| {
            let row = serde_json::to_value(row)?;
            Ok(columns.iter().map(|column| cell(row.get(*column).unwrap_or(&Value::Null))).collect())
        })
        .collect()
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        Value::Number(number) if number.is_f64() => fraction(number.as_f64().unwrap_or(0.0)),
        Value::Array(words) => words.iter().filter_map(Value::as_str).collect::<Vec<_>>().join("; "),
        other => other.to_string(),
    }
}

/// Up to six decimals, no trailing zeros.
fn fraction(value: f64) -> String {
    let text = format!("{value:.6}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// What a spreadsheet would run is made text by an apostrophe.
fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

/// Writes a header and lines.
pub(super) fn write(columns: &[&str], lines: &[Vec<String>], out: &mut (dyn Write + Send)) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(columns)?;
    for line in lines {
        writer.write_record(line.iter().map(|text| harmless(text)))?;
    }
    writer.flush()
}

/// Writes a heatmap.
pub(super) fn heatmap(rows: &[HeatRow], out: &mut (dyn Write + Send)) -> io::Result<()> {
    let lines: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            vec![
                row.agent.clone(),
                row.date.to_string(),
                row.hour.to_string(),
                row.start_utc.to_string(),
                row.seconds_in_hour.to_string(),
                row.value.map(fraction).unwrap_or_default(),
            ]
        })
        .collect();
    write(HEATMAP, &lines, out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_spreadsheet_would_run_is_made_text() {
        for text in ["=1+1", "+1", "-1", "@x", "\tx", "\rx"] {
            assert_eq!(harmless(text), format!("'{text}"));
        }
        assert_eq!(harmless("Alice =1"), "Alice =1");
    }

    #[test]
    fn numbers_are_written_without_noise() {
        assert_eq!(fraction(1.0 / 3.0), "0.333333");
        assert_eq!(fraction(74.0), "74");
        assert_eq!(fraction(0.0), "0");
        assert_eq!(fraction(0.5), "0.5");
    }
}
