//! An explanation on paper: the figure, what makes it up, and under a rule that it adds up.

use std::io::{self, Write};

use super::table::{self, Lines};
use super::{Format, ReportError};
use crate::domain::history::explain::{CallExplained, Explanation, Part, RowShown};

/// Writes why a figure is what it is.
///
/// # Errors
/// When the writer refuses.
pub fn figure(
    explained: &Explanation,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<(), ReportError> {
    if format != Format::Table {
        return json(explained, out);
    }
    writeln!(out, "{}", headline(explained))?;
    explained.notes.iter().try_for_each(|note| writeln!(out, "{note}"))?;
    if !explained.parts.is_empty() {
        writeln!(out)?;
        parts(explained, out)?;
    }
    if !explained.adds_up {
        writeln!(
            out,
            "\nThe parts do not add up to the stored figure. The hourly check will find it and mend it."
        )?;
    }
    Ok(())
}

/// Writes the rows of a call and what became of them.
///
/// # Errors
/// When the writer refuses.
pub fn call(
    explained: &CallExplained,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<(), ReportError> {
    if format != Format::Table {
        return json(explained, out);
    }
    for visit in &explained.visits {
        let agent = visit.agent.as_ref().map_or(String::new(), |agent| format!(" by {agent}"));
        writeln!(
            out,
            "Visit {} to {}, entered {}: {}{agent} after {} s, talk {}",
            visit.n,
            visit.queue,
            visit.entered.replacen('T', " ", 1),
            visit.outcome.replace('_', " "),
            visit.wait_s,
            table::span(u64::try_from(visit.talk_s).unwrap_or(0)),
        )?;
    }
    explained.why.iter().try_for_each(|sentence| writeln!(out, "{sentence}"))?;
    if explained.callids.len() > 1 {
        writeln!(out, "Folded together: {}.", explained.callids.join(", "))?;
    }
    writeln!(out)?;
    let line = |row: &crate::domain::history::explain::RowTaken| {
        let mut line = as_written(&row.row);
        line.push(row.taken_for.clone());
        line
    };
    let heads = ["id", "time", "callid", "queue", "agent", "event", "data", "taken for"].map(str::to_owned);
    let lines = Lines {
        heads: heads.to_vec(),
        lines: explained.rows.iter().map(line).collect(),
        total: None,
        right: vec![true, false, false, false, false, false, false, false],
    };
    Ok(table::write_lines(&lines, out)?)
}

fn json<T: serde::Serialize>(explained: &T, out: &mut (dyn Write + Send)) -> Result<(), ReportError> {
    serde_json::to_writer_pretty(&mut *out, explained).map_err(io::Error::from)?;
    Ok(writeln!(out)?)
}

/// A row in columns: id, time, callid, queue, agent, event, data.
fn as_written(row: &RowShown) -> Vec<String> {
    let data = row.data.join("|");
    let id = row.id.map_or_else(|| "file".to_owned(), |id| id.to_string());
    let plain = |text: &str| text.chars().filter(|letter| !letter.is_control()).collect::<String>();
    [&id, &row.time, &row.callid, &row.queue, &row.agent, &row.event, data.trim_end_matches('|')]
        .map(plain)
        .to_vec()
}

/// `talk of Ann in sales on 2026-11-22, 7 to 8 h: 74 s`
fn headline(explained: &Explanation) -> String {
    let of = match (&explained.agent, &explained.queue) {
        (Some(agent), Some(queue)) => format!(" of {agent} in {queue}"),
        (Some(agent), None) => format!(" of {agent}"),
        (None, Some(queue)) => format!(" of {queue}"),
        (None, None) => String::new(),
    };
    let hour = explained.hour.map_or(String::new(), |hour| format!(", the clock hour {hour}"));
    let value = explained.value_in_words();
    let figure = explained.figure.replace('_', " ");
    format!("{figure}{of} on {}{hour}: {value}", explained.date)
}

fn parts(explained: &Explanation, out: &mut (dyn Write + Send)) -> Result<(), ReportError> {
    let share = explained.of.is_some();
    let mut heads: Vec<String> = ["from", "to", "what", "callid", "gives"].map(str::to_owned).to_vec();
    let mut total: Vec<String> =
        [String::new(), String::new(), format!("{} in all", explained.parts.len())].to_vec();
    total.extend([String::new(), explained.sum.to_string()]);
    let mut right = vec![false, false, false, false, true];
    if let Some(of) = explained.of {
        heads.push("of".into());
        total.push(of.to_string());
        right.push(true);
    }
    let mut lines = Vec::new();
    for part in &explained.parts {
        lines.push(line(part, share));
        for row in &part.rows {
            let mut words =
                vec![String::new(), String::new(), format!("  row {}", as_written(row).join(" "))];
            words.resize(heads.len(), String::new());
            lines.push(words);
        }
    }
    Ok(table::write_lines(&Lines { heads, lines, total: Some(total), right }, out)?)
}

fn line(part: &Part, share: bool) -> Vec<String> {
    let time = |text: &str| text.replacen('T', " ", 1);
    let (what, callid) = match &part.visit {
        Some(visit) => {
            let marks =
                if visit.marks.is_empty() { String::new() } else { format!(" [{}]", visit.marks.join(", ")) };
            (format!("{}: {}{marks}", visit.queue, part.what), visit.callid.clone())
        }
        None => (part.what.clone(), String::new()),
    };
    let mut line = vec![
        time(&part.start),
        part.end.as_deref().map_or(String::new(), time),
        what,
        callid,
        part.part.to_string(),
    ];
    if share {
        line.push(part.of.unwrap_or(0).to_string());
    }
    line
}
