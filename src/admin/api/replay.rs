//! `GET /api/v1/replay`: the floor as the board showed it at a moment of the last weeks, as the live document;
//! `GET /api/v1/replay/recorded`: from when to when that is known.

use axum::Json;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::admin::handles::HistoryError;
use crate::clock;
use crate::domain::alarm::Alarms;
use crate::domain::history::figures::Today;
use crate::domain::ids::PbxName;
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::time::Moment;
use crate::tasks::PbxView;
use crate::views::api::{LiveInput, live, time};

use super::super::error::Refusal;
use super::super::{App, Shared};
use super::{json_answer, query, unknown_parameter};

const KNOWN: &str = "pbx, at";

/// `GET /api/v1/replay`
pub(in crate::admin) async fn replay(
    State(app): State<Shared>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut pbx, mut at) = (None, clock::now().wall);
    for (key, value) in query(&request) {
        match key.as_str() {
            "pbx" => pbx = Some(value),
            "at" => at = moment(&value)?,
            other => return Err(unknown_parameter(other, KNOWN)),
        }
    }
    let view = chosen(&app, pbx.as_deref())?;
    let floor =
        app.handles.history.replay(view.name.clone(), at.as_millisecond()).await.map_err(unavailable)?;
    let Some(floor) = floor else { return Err(nothing(&app, view, at).await) };
    let now = Moment::at_millis(at.as_millisecond());
    let mut database = LinkStatus::connecting(now);
    database.enter(LinkState::Absent, Some("Figures of the day are not recorded.".into()), now);
    let (today, alarms) = (Today::default(), Alarms::default());
    let input = [LiveInput {
        snapshot: &floor,
        today: &today,
        alarms: &alarms,
        database: &database,
        zone: &view.zone,
        service_level_s: app.handles.service_level_s,
    }];
    Ok(json_answer(&live(&input, now)))
}

/// `GET /api/v1/replay/recorded`
pub(in crate::admin) async fn recorded(State(app): State<Shared>) -> Result<Response, Refusal> {
    let mut all: Vec<Value> = Vec::new();
    for view in &app.handles.pbxs {
        let held = app.handles.history.recorded(view.name.clone()).await.map_err(unavailable)?;
        let at = |millis: i64| Timestamp::from_millisecond(millis).map(|at| time(at, &view.zone)).ok();
        all.push(json!({
            "name": view.name.as_str(),
            "from": held.and_then(|held| at(held.from)),
            "until": held.and_then(|held| at(held.until)),
            "bytes": held.map_or(0, |held| held.bytes)
        }));
    }
    Ok(Json(json!({ "pbx": all })).into_response())
}

/// The PBX of this name; the first where none is named.
fn chosen<'a>(app: &'a App, name: Option<&str>) -> Result<&'a PbxView, Refusal> {
    let pbxs = &app.handles.pbxs;
    let found = match name {
        Some(name) => pbxs.iter().find(|pbx| pbx.name == PbxName::new(name)),
        None => pbxs.first(),
    };
    found.ok_or_else(|| {
        let names: Vec<&str> = pbxs.iter().map(|pbx| pbx.name.as_str()).collect();
        let detail = format!("There is no such PBX. Known: {}.", names.join(", "));
        Refusal::new(StatusCode::NOT_FOUND, "not-found", detail)
    })
}

fn moment(text: &str) -> Result<Timestamp, Refusal> {
    text.parse().map_err(|_| {
        Refusal::invalid("\"at\" is no moment. Write it with its offset, as 2026-11-22T10:31:07+01:00 or …Z.")
    })
}

/// Nothing was recorded then; says what is.
async fn nothing(app: &App, view: &PbxView, at: Timestamp) -> Refusal {
    let held = app.handles.history.recorded(view.name.clone()).await.ok().flatten();
    let shown =
        |millis: i64| Timestamp::from_millisecond(millis).map(|at| time(at, &view.zone)).unwrap_or_default();
    let known = held.map_or_else(
        || "Nothing is recorded yet.".to_owned(),
        |held| format!("What is recorded lies between {} and {}.", shown(held.from), shown(held.until)),
    );
    let detail = format!("Nothing was recorded at {}. {known}", time(at, &view.zone));
    Refusal::new(StatusCode::NOT_FOUND, "not-recorded", detail)
}

fn unavailable(error: HistoryError) -> Refusal {
    let (HistoryError::Refused(sentence) | HistoryError::Unavailable(sentence)) = error;
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "no-history", sentence)
}
