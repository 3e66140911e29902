//! The stored history on paper: the numbers of the API as a table, as CSV, or as JSON.
//!
//! In: a question to [`History`]. Out: bytes into any writer.
//!
//! | file | does |
//! |---|---|
//! | `columns` | names, heads and units |
//! | `csv_rows` | CSV |
//! | `table` | aligned columns for the eye |
//! | `matrix` | a heatmap for the eye |
//! | `explain` | why a figure is what it is |

mod columns;
mod csv_rows;
pub mod explain;
mod matrix;
mod table;

pub(crate) use table::thousands;

use std::collections::BTreeMap;
use std::io::{self, Write};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::{Value, json};

use crate::domain::history::query::{Bucket, By, Filter, UnknownWord, rfc3339};
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

/// Asks the history and writes the answer; says how many rows it has.
///
/// # Errors
/// When the history has no answer, or the writer refuses.
pub async fn run(
    history: &History,
    kind: Kind,
    filter: &Filter,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<usize, ReportError> {
    if format == Format::Json {
        return match kind {
            Kind::Queues => json(kind, filter, &history.queues(filter).await?, None, out),
            Kind::Agents => json(kind, filter, &history.agents(filter).await?, None, out),
            Kind::Heatmap => json(kind, filter, &history.heatmap(filter, HeatOf::Agents).await?, None, out),
            Kind::Visits => {
                let (rows, next) = history.visits_page(filter).await?;
                json(kind, filter, &rows, next, out)
            }
        };
    }
    match kind {
        Kind::Queues => {
            let rows = history.queues(filter).await?;
            let total = if format == Format::Table { history.queues_together(filter).await? } else { None };
            let total = total.map(|figures| named(&figures, "queue"));
            write(
                Report::new(kind, filter, &rows)?.buckets(rows.iter().map(|row| &row.bucket)),
                total,
                format,
                out,
            )
        }
        Kind::Agents => {
            let rows = history.agents(filter).await?;
            let total = if format == Format::Table { history.agents_together(filter).await? } else { None };
            let total = total.map(|figures| named(&figures, "agent"));
            write(
                Report::new(kind, filter, &rows)?.buckets(rows.iter().map(|row| &row.bucket)),
                total,
                format,
                out,
            )
        }
        Kind::Heatmap => {
            let rows = history.heatmap(filter, HeatOf::Agents).await?;
            if format == Format::Table && !rows.is_empty() {
                matrix::write(&rows, filter.metric, out)?;
                return Ok(rows.len());
            }
            write(Report::new(kind, filter, &rows)?, None, format, out)
        }
        Kind::Visits => {
            let rows = history.visits(filter).await?;
            let talk: i64 = rows.iter().map(|row| row.talk_s).sum();
            let number = table::thousands(u64::try_from(rows.len()).unwrap_or(0));
            let total = json!({ "entered": format!("{number} {}", filter.count.as_str()), "talk_s": talk,
                "outcome": "", "wait_s": rows.iter().map(|row| row.wait_s).sum::<i64>(), "talk_bound_s": "" });
            write(Report::new(kind, filter, &rows)?, Some(total), format, out)
        }
    }
}

/// The figures of everything together, under the rows.
fn named<T: Serialize>(figures: &T, subject: &str) -> Value {
    let mut row = serde_json::to_value(figures).unwrap_or_default();
    row[subject] = "all".into();
    row
}

/// Rows with what the table has to know of them.
struct Report<'a> {
    kind: Kind,
    filter: &'a Filter,
    rows: Vec<Value>,
    /// The bucket of each row, for the eye.
    buckets: Vec<String>,
}

impl<'a> Report<'a> {
    fn new<T: Serialize>(kind: Kind, filter: &'a Filter, rows: &[T]) -> Result<Self, ReportError> {
        let rows = rows.iter().map(serde_json::to_value).collect::<Result<_, _>>();
        Ok(Self { kind, filter, rows: rows.map_err(io::Error::from)?, buckets: Vec::new() })
    }

    fn buckets<'b>(mut self, buckets: impl Iterator<Item = &'b Bucket>) -> Self {
        let mut starts: BTreeMap<(Date, i8), i64> = BTreeMap::new();
        self.buckets = buckets
            .map(|bucket| match bucket {
                Bucket::Range(..) => String::new(),
                Bucket::Day(date) => format!("{date} {}", date.strftime("%a")),
                Bucket::Weekday(_) => {
                    let word = bucket.to_string();
                    word[..1].to_uppercase() + &word[1..]
                }
                Bucket::Hour(start, date, hour) => {
                    let first = *starts.entry((*date, *hour)).or_insert(*start);
                    let again = if first < *start { " again" } else { "" };
                    format!("{date} {hour:02}{again}")
                }
            })
            .collect();
        self
    }

    /// The rows with their buckets for the eye, and the columns that say the same in each.
    fn for_the_eye(mut self) -> (Vec<Value>, Vec<&'static str>) {
        let mut left_out = Vec::new();
        if self.rows.iter().all(|row| row["pbx"] == self.rows[0]["pbx"]) {
            left_out.push("pbx");
        }
        if self.filter.by == By::Range {
            left_out.push("bucket");
        }
        for (row, bucket) in self.rows.iter_mut().zip(self.buckets) {
            row["bucket"] = bucket.into();
        }
        if self.kind == Kind::Visits {
            for row in &mut self.rows {
                row["entered"] = row["entered"].as_str().unwrap_or_default().replacen('T', " ", 1).into();
            }
        }
        (self.rows, left_out)
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
    /// Only where a page was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_utc: Option<Option<String>>,
    rows: &'a [T],
}

/// Writes the JSON document, with the UTC second at which the next page starts; says how many rows it has.
fn json<T: Serialize>(
    kind: Kind,
    filter: &Filter,
    rows: &[T],
    next: Option<i64>,
    out: &mut (dyn Write + Send),
) -> Result<usize, ReportError> {
    let document = Document {
        from: filter.from.to_string(),
        to: filter.to.to_string(),
        by: filter.by.as_str(),
        count: filter.count.as_str(),
        metric: (kind == Kind::Heatmap).then(|| filter.metric.as_str()),
        next_utc: filter.page.map(|_| next.map(|at| rfc3339(&TimeZone::UTC, at))),
        rows,
    };
    // The writer gets some large pieces, and not each brace.
    let mut out = io::BufWriter::with_capacity(64 << 10, out);
    serde_json::to_writer_pretty(&mut out, &document).map_err(io::Error::from)?;
    writeln!(out)?;
    out.flush()?;
    Ok(rows.len())
}

fn write(
    report: Report<'_>,
    total: Option<Value>,
    format: Format,
    out: &mut (dyn Write + Send),
) -> Result<usize, ReportError> {
    let number = report.rows.len();
    let columns = columns::columns(report.kind);
    match format {
        Format::Csv => csv_rows::write(columns, &report.rows, out)?,
        Format::Table if number > 0 => {
            let (rows, left_out) = report.for_the_eye();
            let total = total.filter(|_| number > 1);
            table::write(columns, &rows, total.as_ref(), &left_out, out)?;
        }
        _ => {}
    }
    Ok(number)
}

#[cfg(test)]
mod tests;
