//! The stored history with the filters of `report`, as JSON or CSV.

use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jiff::civil::Date;

use crate::domain::history::query::Page;

use crate::admin::handles::{HistoryError, HistoryFormat, HistoryKind, HistoryRequest};

use super::super::Shared;
use super::super::error::Refusal;
use super::{query, unknown_parameter};

const KNOWN: &str = "from, to, pbx, queue, agent, metric, by, count, service_level, format";
/// Longest value of a parameter.
pub(super) const LONGEST: usize = 200;

macro_rules! handlers {
    ($($name:ident => $kind:ident),+) => {
        $(
            #[doc = concat!("`GET /api/v1/history/…`, ", stringify!($kind))]
            pub(in crate::admin) async fn $name(
                State(app): State<Shared>,
                request: Request,
            ) -> Result<Response, Refusal> {
                history(&app, read(HistoryKind::$kind, &request)?).await
            }
        )+
    };
}

handlers!(
    history_queues => Queues, history_agents => Agents, history_heatmap => Heatmap, history_visits => Visits
);

async fn history(app: &Shared, question: HistoryRequest) -> Result<Response, Refusal> {
    let format = question.format;
    let document = app.handles.history.query(question).await.map_err(|error| match error {
        HistoryError::Refused(sentence) => Refusal::invalid(sentence),
        HistoryError::Unavailable(sentence) => {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no-history", sentence)
        }
    })?;
    let (kind, name) = match format {
        HistoryFormat::Json => ("application/json", "inline"),
        HistoryFormat::Csv => {
            ("text/csv; charset=utf-8; header=present", "attachment; filename=\"report.csv\"")
        }
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(kind)),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static(name)),
    ];
    Ok((headers, document).into_response())
}

fn read(kind: HistoryKind, request: &Request) -> Result<HistoryRequest, Refusal> {
    let (mut from, mut to, mut format) = (None, None, None);
    let (mut pbx, mut queue, mut agent, mut metric, mut by, mut count) = (None, None, None, None, None, None);
    let (mut service_level_s, mut limit, mut start) = (None, None, None);
    let pages = kind == HistoryKind::Visits;
    for (key, value) in query(request) {
        if value.chars().count() > LONGEST || value.chars().any(char::is_control) {
            return Err(Refusal::invalid(format!(
                "The value of \"{key}\" is too long or has control characters."
            )));
        }
        match key.as_str() {
            "from" => from = Some(date("from", &value)?),
            "to" => to = Some(date("to", &value)?),
            "pbx" => pbx = Some(value),
            "queue" => queue = Some(value),
            "agent" => agent = Some(value),
            "metric" => metric = Some(value),
            "by" => by = Some(value),
            "count" => count = Some(value),
            "service_level" | "service-level" => service_level_s = Some(seconds(&value)?),
            "format" => format = Some(format_word(&value)?),
            "limit" if pages => limit = Some(rows_a_page(&value)?),
            "start_utc" if pages => start = Some(instant(&value)?),
            other if pages => return Err(unknown_parameter(other, &format!("{KNOWN}, limit, start_utc"))),
            other => return Err(unknown_parameter(other, KNOWN)),
        }
    }
    let missing =
        |name: &str| Refusal::invalid(format!("\"{name}\" is missing. Write a date: {name}=2026-11-22."));
    let (from, to) = (from.ok_or_else(|| missing("from"))?, to.ok_or_else(|| missing("to"))?);
    if from > to {
        return Err(Refusal::invalid("\"from\" is after \"to\". Change them."));
    }
    let format = format.unwrap_or_else(|| accepted(request));
    // A start alone leaves out what is before it.
    let page =
        (limit.is_some() || start.is_some()).then(|| Page { start, limit: limit.unwrap_or(usize::MAX) });
    Ok(HistoryRequest { kind, format, from, to, pbx, queue, agent, metric, by, count, service_level_s, page })
}

pub(super) fn date(name: &str, text: &str) -> Result<Date, Refusal> {
    let wrong = || Refusal::invalid(format!("\"{name}\" is no date. Write it as 2026-11-22."));
    // Only the plain form: the parser would take times and zones too, and drop them.
    if text.len() != 10 {
        return Err(wrong());
    }
    text.parse().map_err(|_| wrong())
}

pub(super) fn seconds(text: &str) -> Result<u32, Refusal> {
    let number = text.strip_suffix('s').unwrap_or(text).trim_end().parse().ok();
    number.filter(|seconds| (1..=3600).contains(seconds)).ok_or_else(|| {
        Refusal::invalid("\"service_level\" is no number of seconds from 1 to 3600. Write service_level=20.")
    })
}

/// Most rows of a page.
const MOST_ROWS: usize = 5000;

fn rows_a_page(text: &str) -> Result<usize, Refusal> {
    text.parse().ok().filter(|rows| (1..=MOST_ROWS).contains(rows)).ok_or_else(|| {
        Refusal::invalid(format!("\"limit\" is no number of rows from 1 to {MOST_ROWS}. Write limit=500."))
    })
}

fn instant(text: &str) -> Result<i64, Refusal> {
    text.parse().map(jiff::Timestamp::as_second).map_err(|_| {
        Refusal::invalid("\"start_utc\" is no instant. Write it as the answer before had it in \"next_utc\".")
    })
}

fn format_word(text: &str) -> Result<HistoryFormat, Refusal> {
    match text {
        "json" => Ok(HistoryFormat::Json),
        "csv" => Ok(HistoryFormat::Csv),
        _ => Err(Refusal::invalid("\"format\" is neither json nor csv.")),
    }
}

fn accepted(request: &Request) -> HistoryFormat {
    let accept = request.headers().get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    let first =
        accept.unwrap_or_default().split(',').map(|kind| kind.split(';').next().unwrap_or_default().trim());
    let named: Vec<&str> = first.filter(|kind| matches!(*kind, "text/csv" | "application/json")).collect();
    if named.first() == Some(&"text/csv") { HistoryFormat::Csv } else { HistoryFormat::Json }
}
