//! The stored history on paper: the numbers of the API as a table, as CSV, or as JSON.
//!
//! In: a question to [`History`]. Out: bytes into any writer.

mod csv_rows;
mod table;

use std::io::{self, Write};

use serde::Serialize;

use crate::domain::history::query::{Filter, UnknownWord};
use crate::tasks::history::{HeatOf, History, HistoryError};

/// What is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Figures by queue.
    Queues,
    /// Figures by agent.
    Agents,
    /// One metric by agent and clock hour.
    Heatmap,
    /// Every visit.
    Visits,
}

/// How it is written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Columns for the eye; values rounded.
    #[default]
    Table,
    /// Comma-separated, with a header.
    Csv,
    /// One JSON document.
    Json,
}

impl std::str::FromStr for Format {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "table" => Ok(Self::Table),
            "csv" => Ok(Self::Csv),
            "json" => Ok(Self::Json),
            _ => Err(UnknownWord { word: text.into(), known: &["table", "csv", "json"] }),
        }
    }
}

impl std::str::FromStr for Kind {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        match text {
            "queues" => Ok(Self::Queues),
            "agents" => Ok(Self::Agents),
            "heatmap" => Ok(Self::Heatmap),
            "visits" => Ok(Self::Visits),
            _ => Err(UnknownWord { word: text.into(), known: &["queues", "agents", "heatmap", "visits"] }),
        }
    }
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The history.
    #[error(transparent)]
    History(#[from] HistoryError),
    /// The writer.
    #[error("the report could not be written")]
    Write(#[from] io::Error),
}

/// Asks the history and writes the answer.
///
/// # Errors
/// When the history has no answer, or the writer refuses.
pub async fn run(
    history: &History,
    kind: Kind,
    filter: &Filter,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<(), ReportError> {
    match kind {
        Kind::Queues => write_rows(&history.queues(filter).await?, kind, filter, format, out),
        Kind::Agents => write_rows(&history.agents(filter).await?, kind, filter, format, out),
        Kind::Heatmap => {
            let rows = history.heatmap(filter, HeatOf::Agents).await?;
            match format {
                Format::Csv => csv_rows::heatmap(&rows, out)?,
                _ => write_rows(&rows, kind, filter, format, out)?,
            }
            Ok(())
        }
        Kind::Visits => write_rows(&history.visits(filter).await?, kind, filter, format, out),
    }
}

/// The JSON document.
#[derive(Serialize)]
struct Document<'a, T> {
    from: String,
    to: String,
    by: &'static str,
    count: &'static str,
    metric: Option<&'static str>,
    rows: &'a [T],
}

fn write_rows<T: Serialize>(
    rows: &[T],
    kind: Kind,
    filter: &Filter,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<(), ReportError> {
    if format == Format::Json {
        let document = Document {
            from: filter.from.to_string(),
            to: filter.to.to_string(),
            by: filter.by.as_str(),
            count: filter.count.as_str(),
            metric: (kind == Kind::Heatmap).then(|| filter.metric.as_str()),
            rows,
        };
        serde_json::to_writer_pretty(&mut *out, &document).map_err(io::Error::from)?;
        writeln!(out)?;
        return Ok(());
    }
    let columns = csv_rows::columns(kind);
    let lines = csv_rows::lines(rows, columns).map_err(io::Error::from)?;
    match format {
        Format::Csv => csv_rows::write(columns, &lines, out)?,
        _ => table::write(columns, &lines, out)?,
    }
    Ok(())
}

#[cfg(test)]
mod tests;
