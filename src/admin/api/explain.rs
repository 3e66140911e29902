//! `GET /api/v1/history/explain`: from a figure to its visits, and with `visit` from a call to its rows.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;

use crate::admin::handles::{Ask, Explained, HistoryError};
use crate::domain::history::explain::{Figure, Question};
use crate::domain::history::query::Count;
use crate::domain::ids::{AgentName, PbxName, QueueName};

use super::super::error::Refusal;
use super::super::{App, Shared};
use super::history::{LONGEST, date, seconds};
use super::{query, unknown_parameter};

const KNOWN: &str = "pbx, date, hour, start_utc, queue, agent, figure, count, service_level, visit";

/// `GET /api/v1/history/explain`
pub(in crate::admin) async fn explain(
    State(app): State<Shared>,
    request: Request,
) -> Result<Response, Refusal> {
    Ok(Json(answer(&app, read(&app, &request)?).await?).into_response())
}

/// Asks the history.
pub(in crate::admin) async fn answer(app: &App, ask: Ask) -> Result<Explained, Refusal> {
    app.handles.history.explain(ask).await.map_err(|error| match error {
        HistoryError::Refused(sentence) => Refusal::invalid(sentence),
        HistoryError::Unavailable(sentence) => {
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no-history", sentence)
        }
    })
}

/// What is asked: a call where a visit is named, else a figure.
pub(in crate::admin) fn read(app: &App, request: &Request) -> Result<Ask, Refusal> {
    let (mut pbx, mut on, mut hour, mut start, mut queue, mut agent) = (None, None, None, None, None, None);
    let (mut figure, mut service_level, mut visit, mut count) = (None, None, None, Count::Visits);
    for (key, value) in query(request) {
        if value.chars().count() > LONGEST || value.chars().any(char::is_control) {
            return Err(Refusal::invalid(format!(
                "The value of \"{key}\" is too long or has control characters."
            )));
        }
        match key.as_str() {
            "pbx" => pbx = Some(value),
            "date" => on = Some(date("date", &value)?),
            "hour" => hour = Some(clock_hour(&value)?),
            "start_utc" => start = Some(instant(&value)?),
            "queue" => queue = Some(QueueName::new(value)),
            "agent" => agent = Some(AgentName::new(value)),
            "figure" => {
                let word = value.parse::<Figure>();
                figure = Some(word.map_err(|error| Refusal::invalid(format!("{error}.")))?);
            }
            "count" => {
                let word = value.parse::<Count>();
                count = word.map_err(|error| Refusal::invalid(format!("{error}.")))?;
            }
            "service_level" | "service-level" => service_level = Some(seconds(&value)?),
            "visit" | "callid" => visit = Some(value),
            other => return Err(unknown_parameter(other, KNOWN)),
        }
    }
    let first = || app.handles.pbxs.first().map(|pbx| pbx.name.clone());
    let Some(pbx) = pbx.map(PbxName::new).or_else(first) else {
        let detail = "There is no history here. Configure a PBX with a database first.";
        return Err(Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no-history", detail));
    };
    if let Some(callid) = visit {
        return Ok(Ask::Call(pbx, callid));
    }
    let missing = || Refusal::invalid("Name a \"date\" (date=2026-11-22), or a \"visit\" by its callid.");
    let usual = if agent.is_some() { Figure::Talk } else { Figure::Calls };
    let figure = figure.unwrap_or(usual);
    let date = on.ok_or_else(missing)?;
    Ok(Ask::Figure(Question { pbx, date, hour, start, queue, agent, figure, count, service_level }))
}

fn clock_hour(text: &str) -> Result<i8, Refusal> {
    let hour = text.parse().ok().filter(|hour| (0..=23).contains(hour));
    hour.ok_or_else(|| Refusal::invalid("\"hour\" is no clock hour from 0 to 23. Write hour=9."))
}

fn instant(text: &str) -> Result<i64, Refusal> {
    let wrong = |_| Refusal::invalid("\"start_utc\" is no instant. Write it as 2026-11-22T07:00:00Z.");
    text.parse::<jiff::Timestamp>().map(|at| at.as_second()).map_err(wrong)
}
