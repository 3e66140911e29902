//! The handlers for programs. They read a request, ask a handle, and write the answer; every rule of who may is in the
//! table of routes.

mod explain;
mod floor;
mod history;
mod identities;
mod live;
mod reconciliation;
mod replay;
mod supervision;

pub(super) use explain::{answer as answer_explain, explain, read as read_explain};
pub(super) use floor::{
    add_member, change_member, hang_up, move_up, pause, remove_member, unpause, withdraw,
};
pub(super) use history::{history_agents, history_heatmap, history_queues, history_visits};
pub(super) use identities::{identities, remove_identity, set_identity};
pub(super) use live::{live, stream};
pub(super) use reconciliation::reconciliation;
pub(super) use replay::{recorded, replay};
pub(super) use supervision::{change_supervision, end_supervision, supervise, supervision, supervisions};

use axum::body::to_bytes;
use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};
use jiff::tz::TimeZone;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::clock;
use crate::tasks::accounts::JournalId;
use crate::views::api::{self as view, SourceHealth};

use super::error::Refusal;
use super::guard::Caller;
use super::{Shared, outer};

/// Rows of the journal in one answer.
const JOURNAL_ROWS: u32 = 100;

/// `GET /healthz`
pub(super) async fn healthz(State(app): State<Shared>) -> Response {
    let now = clock::now();
    let health = app.handles.health.health();
    let pictures: Vec<_> = app
        .handles
        .pbxs
        .iter()
        .map(|pbx| (pbx, pbx.live.borrow().clone(), pbx.database.borrow().clone()))
        .collect();
    let mut sources: Vec<SourceHealth<'_>> = Vec::new();
    for (pbx, live, database) in &pictures {
        let name = Some(pbx.name.as_str());
        sources.push(SourceHealth {
            pbx: name,
            source: "ami",
            link: view::ami_link(&live.ami, &pbx.zone, now),
        });
        sources.push(SourceHealth {
            pbx: name,
            source: "database",
            link: view::link(database, &pbx.zone, now),
        });
    }
    sources.push(SourceHealth {
        pbx: None,
        source: "store",
        link: view::link(&health.store, &TimeZone::UTC, now),
    });
    json_answer(&json!({
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_s": health.uptime_s,
        "rss_bytes": health.rss_bytes,
        "sources": sources,
        "counters": health.counters,
        "last_sync": health.last_sync,
    }))
}

/// `GET /wall.png`
pub(super) async fn wall_picture(State(app): State<Shared>) -> Result<Response, Refusal> {
    let picture =
        app.handles.wall.png().await.map_err(|sentence| {
            Refusal::new(http::StatusCode::SERVICE_UNAVAILABLE, "no-picture", sentence)
        })?;
    Ok(([(header::CONTENT_TYPE, HeaderValue::from_static("image/png"))], picture).into_response())
}

/// `GET /api/v1/journal?before=N`
pub(super) async fn journal(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let mut before = None;
    for (key, value) in query(&request) {
        match key.as_str() {
            "before" => {
                let number = value.parse().map_err(|_| Refusal::invalid("before is no number of a row."))?;
                before = Some(JournalId(number));
            }
            other => return Err(unknown_parameter(other, "before")),
        }
    }
    tracing::debug!(actor = %caller.actor().name, "journal read");
    let rows = app.handles.accounts.journal(before, JOURNAL_ROWS).await?;
    let rows: Vec<_> = rows
        .iter()
        .map(|row| {
            json!({
                "id": row.id, "at": view::time(row.at, &TimeZone::UTC), "actor": row.entry.actor,
                "origin": row.entry.origin, "action": row.entry.action, "target": row.entry.target,
                "before": row.entry.before, "after": row.entry.after, "result": row.result,
                "closes": row.refers,
            })
        })
        .collect();
    let next = rows.last().filter(|_| rows.len() == JOURNAL_ROWS as usize).map(|row| row["id"].clone());
    Ok(json_answer(&json!({ "rows": rows, "next_before": next })))
}

/// The parameters after the question mark.
fn query(request: &Request) -> Vec<(String, String)> {
    let text = request.uri().query().unwrap_or_default();
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}

fn unknown_parameter(name: &str, known: &str) -> Refusal {
    let name: String = name.chars().take(40).collect();
    Refusal::invalid(format!("There is no parameter \"{name}\". Known: {known}."))
}

/// The body as JSON.
async fn read_json<T: DeserializeOwned>(request: Request) -> Result<T, Refusal> {
    let body = to_bytes(request.into_body(), outer::BODY_BYTES).await.map_err(|_| outer::too_large())?;
    serde_json::from_slice(&body).map_err(|error| {
        Refusal::new(
            http::StatusCode::UNPROCESSABLE_ENTITY,
            "invalid",
            format!("The body is not what is expected: {error}."),
        )
    })
}

/// A value as JSON; it is ours, so that it always can be.
fn json_answer(value: &impl Serialize) -> Response {
    match serde_json::to_vec(value) {
        Ok(bytes) => {
            ([(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))], bytes).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "an answer could not be written as JSON");
            Refusal::internal().into_response()
        }
    }
}
