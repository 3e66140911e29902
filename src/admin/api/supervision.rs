//! Listening, whispering, barging: the request is checked for form here; whether it may be, `tasks::control` decides.

use axum::extract::{Extension, Path, Request, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde_json::json;

use crate::domain::account::Role;
use crate::domain::control::{self, Mode, Supervision, Target};
use crate::domain::ids::{Interface, PbxName, UniqueId};
use crate::views::api as view;

use super::super::error::Refusal;
use super::super::guard::Caller;
use super::super::{App, Shared};
use super::{json_answer, read_json};

/// Longest text of a field.
const LONGEST: usize = 150;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    channel: Option<String>,
    agent: Option<String>,
    mode: Mode,
    supervisor: String,
    pbx: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    mode: Mode,
}

/// `GET /api/v1/supervision`
pub(in crate::admin) async fn supervisions(State(app): State<Shared>) -> Response {
    let list = app.handles.supervisor.list().await;
    let zones: Vec<TimeZone> = list.iter().map(|held| zone(&app, held)).collect();
    let shown: Vec<_> = list.iter().zip(&zones).map(|(held, zone)| view::supervision(held, zone)).collect();
    json_answer(&json!({ "supervisions": shown }))
}

/// `POST /api/v1/supervision`
pub(in crate::admin) async fn supervise(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let wish: Wish = read_json(request).await?;
    let target = match (plain("channel", wish.channel)?, plain("agent", wish.agent)?) {
        (Some(channel), None) => Target::Channel(UniqueId::new(channel)),
        (None, Some(agent)) => Target::Agent(Interface::new(agent)),
        _ => return Err(invalid("Name either the channel or the agent.")),
    };
    let supervisor = plain("supervisor", Some(wish.supervisor))?.unwrap_or_default();
    let pbx = plain("pbx", wish.pbx)?.map(PbxName::new);
    let actor = caller.actor();
    let asked = control::Request {
        pbx,
        target,
        mode: wish.mode,
        supervisor,
        actor: actor.name,
        origin: actor.origin,
    };
    let held = app.handles.supervisor.start(asked).await?;
    let mut response = (StatusCode::CREATED, answer(&app, &held)).into_response();
    if let Ok(place) = HeaderValue::try_from(format!("/api/v1/supervision/{}", held.id)) {
        response.headers_mut().insert(header::LOCATION, place);
    }
    Ok(response)
}

/// `GET /api/v1/supervision/{id}`
pub(in crate::admin) async fn supervision(
    State(app): State<Shared>,
    Path(id): Path<String>,
) -> Result<Response, Refusal> {
    let held = app.handles.supervisor.get(UniqueId::new(id)).await?;
    Ok(answer(&app, &held))
}

/// `PATCH /api/v1/supervision/{id}`
pub(in crate::admin) async fn change_supervision(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let change: Change = read_json(request).await?;
    let id = own(&app, &caller, id).await?;
    let held = app.handles.supervisor.set_mode(id, change.mode, caller.actor()).await?;
    Ok(answer(&app, &held))
}

/// `DELETE /api/v1/supervision/{id}`
pub(in crate::admin) async fn end_supervision(
    State(app): State<Shared>,
    Path(id): Path<String>,
    Extension(caller): Extension<Caller>,
) -> Result<Response, Refusal> {
    let id = own(&app, &caller, id).await?;
    app.handles.supervisor.stop(id, caller.actor()).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

/// A supervisor steers what they started themselves; an administrator everything.
async fn own(app: &App, caller: &Caller, id: String) -> Result<UniqueId, Refusal> {
    let id = UniqueId::new(id);
    let held = app.handles.supervisor.get(id.clone()).await?;
    let admin = caller.identity.as_ref().is_some_and(|identity| identity.role >= Role::Admin);
    if admin || caller.actor().name == held.actor {
        return Ok(id);
    }
    Err(Refusal::forbidden("Somebody else started this. Only they or an administrator can change it."))
}

fn answer(app: &App, held: &Supervision) -> Response {
    json_answer(&view::supervision(held, &zone(app, held)))
}

fn zone(app: &App, held: &Supervision) -> TimeZone {
    let pbx = app.handles.pbxs.iter().find(|pbx| pbx.name == held.pbx);
    pbx.map_or(TimeZone::UTC, |pbx| pbx.zone.clone())
}

/// Text that goes towards the PBX: short, not empty, no control characters.
fn plain(name: &str, text: Option<String>) -> Result<Option<String>, Refusal> {
    match text {
        Some(text) if text.is_empty() || text.len() > LONGEST || text.chars().any(char::is_control) => {
            Err(invalid(format!("\"{name}\" is empty, too long or has control characters.")))
        }
        text => Ok(text),
    }
}

fn invalid(detail: impl Into<String>) -> Refusal {
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", detail)
}
