//! Rows for the eye: aligned, rounded, with the units in the heads; a column in which there is nothing is left out.

use std::io::{self, Write};

use serde_json::Value;

use super::columns::{Column, Shown};
use super::csv_rows;

/// What is unknown or undefined.
const DASH: &str = "–";

/// Writes the rows, and under a rule their total. `left_out`: names of columns that say the same in every row.
pub(super) fn write(
    columns: &[Column],
    rows: &[Value],
    total: Option<&Value>,
    left_out: &[&str],
    out: &mut (dyn Write + Send),
) -> io::Result<()> {
    let says = |column: &Column| {
        let anything = |row: &Value| !matches!(csv_rows::text(&row[column.name]).as_str(), "" | "0");
        !column.head.is_empty()
            && !left_out.contains(&column.name)
            && (column.shown == Shown::Always || rows.iter().any(anything))
    };
    let shown: Vec<&Column> = columns.iter().filter(|column| says(column)).collect();
    let heads = shown.iter().map(|column| column.head.to_owned()).collect();
    let cells = |row: &Value| shown.iter().map(|column| cell(column.shown, &row[column.name])).collect();
    let lines = rows.iter().map(cells).collect();
    let total = total.map(|total| {
        let cells = shown.iter().map(|column| match &total[column.name] {
            Value::Null if column.shown == Shown::Text => String::new(),
            value => cell(column.shown, value),
        });
        cells.collect()
    });
    let right = shown.iter().map(|column| !matches!(column.shown, Shown::Text | Shown::Word)).collect();
    write_lines(&Lines { heads, lines, total, right }, out)
}

/// A table as text.
pub(super) struct Lines {
    /// `|` is where a head's two lines part.
    pub(super) heads: Vec<String>,
    pub(super) lines: Vec<Vec<String>>,
    pub(super) total: Option<Vec<String>>,
    /// Which columns stand to the right.
    pub(super) right: Vec<bool>,
}

/// Writes aligned columns.
pub(super) fn write_lines(table: &Lines, out: &mut (dyn Write + Send)) -> io::Result<()> {
    let (upper, lower): (Vec<String>, Vec<String>) =
        table.heads.iter().map(|head| head.split_once('|').unwrap_or(("", head))).map(owned).unzip();
    let all = || [&upper, &lower].into_iter().chain(&table.lines).chain(&table.total);
    let widths: Vec<usize> = (0..table.heads.len())
        .map(|at| all().map(|line| line[at].chars().count()).max().unwrap_or(0))
        .collect();
    let mut write = |line: &[String]| writeln!(out, "{}", aligned(line, &widths, &table.right));
    if upper.iter().any(|word| !word.is_empty()) {
        write(&upper)?;
    }
    write(&lower)?;
    table.lines.iter().try_for_each(|line| write(line))?;
    if let Some(total) = &table.total {
        let rule: Vec<String> = widths.iter().map(|width| "─".repeat(*width)).collect();
        write(&rule)?;
        write(total)?;
    }
    Ok(())
}

fn owned((upper, lower): (&str, &str)) -> (String, String) {
    (upper.to_owned(), lower.to_owned())
}

fn aligned(cells: &[String], widths: &[usize], right: &[bool]) -> String {
    let mut line = String::new();
    for ((cell, width), right) in cells.iter().zip(widths).zip(right) {
        let pad = " ".repeat(width.saturating_sub(cell.chars().count()));
        let (before, after) = if *right { (pad.as_str(), "") } else { ("", pad.as_str()) };
        line.extend([before, cell, after, "  "]);
    }
    line.trim_end().to_owned()
}

fn cell(shown: Shown, value: &Value) -> String {
    let number = value.as_f64();
    match (shown, number) {
        (_, None) if value.is_null() => DASH.into(),
        (Shown::Percent, Some(ratio)) => format!("{:.1}", ratio * 100.0),
        (Shown::Mean, Some(mean)) => format!("{mean:.1}"),
        (Shown::Span, Some(_)) => span(value.as_u64().unwrap_or(0)),
        (Shown::Count | Shown::Always, Some(_)) => thousands(value.as_u64().unwrap_or(0)),
        (Shown::Word, _) => csv_rows::text(value).replace('_', " "),
        _ => csv_rows::text(value).chars().filter(|letter| !letter.is_control()).collect(),
    }
}

/// `1,234,567`
pub(crate) fn thousands(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Seconds as `h:mm:ss`.
pub(super) fn span(seconds: u64) -> String {
    format!("{}:{:02}:{:02}", thousands(seconds / 3600), seconds / 60 % 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_made_for_the_eye() {
        for (number, expect) in [(0, "0"), (999, "999"), (1000, "1,000"), (1_234_567, "1,234,567")] {
            assert_eq!(thousands(number), expect);
        }
        assert_eq!([span(74), span(3_600), span(4_000_000)], ["0:01:14", "1:00:00", "1,111:06:40"]);
        assert_eq!(cell(Shown::Percent, &Value::from(1.0 / 3.0)), "33.3");
        assert_eq!(cell(Shown::Mean, &Value::from(2)), "2.0");
        assert_eq!(cell(Shown::Percent, &Value::Null), "–");
        assert_eq!(cell(Shown::Text, &Value::from("a\u{1b}[31mb")), "a[31mb");
    }
}
