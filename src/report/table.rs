//! Rows for the eye: a column where there is something to show, numbers to the right, fractions rounded.

use std::io::{self, Write};

/// Writes aligned columns; those without any value are left out.
pub(super) fn write(columns: &[&str], lines: &[Vec<String>], out: &mut (dyn Write + Send)) -> io::Result<()> {
    if lines.is_empty() {
        return writeln!(out, "nothing in this range");
    }
    let shown: Vec<usize> = (0..columns.len())
        .filter(|at| lines.iter().any(|line| !matches!(line[*at].as_str(), "" | "0")))
        .collect();
    let text = |line: &[String], at: usize| rounded(columns[at], &line[at]);
    let width = |at: usize| {
        let longest = lines.iter().map(|line| text(line, at).chars().count()).max().unwrap_or(0);
        longest.max(columns[at].chars().count())
    };
    let widths: Vec<usize> = shown.iter().map(|at| width(*at)).collect();
    let header: Vec<String> = shown.iter().map(|at| columns[*at].to_owned()).collect();
    row(&header, &widths, out)?;
    for line in lines {
        let cells: Vec<String> = shown.iter().map(|at| text(line, *at)).collect();
        row(&cells, &widths, out)?;
    }
    Ok(())
}

/// Ratios as percent, other fractions with one decimal; control characters are left out; what is unknown is a dash.
fn rounded(column: &str, text: &str) -> String {
    if text.is_empty() {
        return "–".into();
    }
    let ratio =
        column.starts_with("service_level_") && column != "service_level_s" || column == "abandon_rate";
    match text.parse::<f64>() {
        Ok(value) if ratio => format!("{:.1} %", value * 100.0),
        Ok(value) if text.contains('.') && (column.starts_with("average") || column == "value") => {
            format!("{value:.1}")
        }
        _ => text.chars().filter(|c| !c.is_control()).collect(),
    }
}

fn row(cells: &[String], widths: &[usize], out: &mut (dyn Write + Send)) -> io::Result<()> {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let pad = " ".repeat(width - cell.chars().count());
        let number =
            cell.starts_with(|c: char| c.is_ascii_digit() || c == '–') && !cell.contains(['-', ':', '/']);
        if number {
            line.push_str(&pad);
            line.push_str(cell);
        } else {
            line.push_str(cell);
            line.push_str(&pad);
        }
        line.push_str("  ");
    }
    writeln!(out, "{}", line.trim_end())
}
