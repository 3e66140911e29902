//! Who is who: the map of interfaces and agents, and administrators' words on it.

use axum::extract::{Extension, Request, State};
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use jiff::civil::Date;
use serde::Deserialize;

use super::super::Shared;
use super::super::error::Refusal;
use super::super::guard::Caller;
use super::history::date;
use super::{json_answer, query, read_json, unknown_parameter};
use crate::admin::handles::HistoryError;
use crate::tasks::names::{Taken, Word};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wish {
    pbx: Option<String>,
    interface: String,
    agent: String,
    from: Option<String>,
}

/// `GET /api/v1/history/identities?pbx=`
pub(in crate::admin) async fn identities(
    State(app): State<Shared>,
    request: Request,
) -> Result<Response, Refusal> {
    let mut pbx = None;
    for (key, value) in query(&request) {
        match key.as_str() {
            "pbx" => pbx = Some(value),
            other => return Err(unknown_parameter(other, "pbx")),
        }
    }
    Ok(json_answer(&app.handles.history.identities(pbx).await?))
}

/// `PUT /api/v1/history/identities`
pub(in crate::admin) async fn set_identity(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let Wish { pbx, interface, agent, from } = read_json(request).await?;
    let from = from.map(|from| date("from", &from)).transpose()?;
    let asked = pbx.clone();
    app.handles.history.set_identity(caller.actor(), Word { pbx, interface, agent, from }).await?;
    Ok(json_answer(&app.handles.history.identities(asked).await?))
}

/// `DELETE /api/v1/history/identities?interface=&from=&pbx=`
pub(in crate::admin) async fn remove_identity(
    State(app): State<Shared>,
    Extension(caller): Extension<Caller>,
    request: Request,
) -> Result<Response, Refusal> {
    let (mut pbx, mut interface, mut from): (_, _, Option<Date>) = (None, None, None);
    for (key, value) in query(&request) {
        match key.as_str() {
            "pbx" => pbx = Some(value),
            "interface" => interface = Some(value),
            "from" => from = Some(date("from", &value)?),
            other => return Err(unknown_parameter(other, "interface, from, pbx")),
        }
    }
    let missing = || Refusal::invalid("\"interface\" is missing. Write interface=PJSIP/101.");
    let taken = Taken { pbx, interface: interface.ok_or_else(missing)?, from };
    app.handles.history.remove_identity(caller.actor(), taken).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

impl From<HistoryError> for Refusal {
    fn from(error: HistoryError) -> Self {
        match error {
            HistoryError::Refused(sentence) => Self::invalid(sentence),
            HistoryError::Unavailable(sentence) => {
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "no-history", sentence)
            }
        }
    }
}
