//! `GET /api/v1/reconciliation`: what was seen live of today's settled hours against what queue_log says.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

use crate::domain::history::query::rfc3339;
use crate::tasks::PbxView;

use super::super::Shared;

/// `GET /api/v1/reconciliation`
pub(in crate::admin) async fn reconciliation(State(app): State<Shared>) -> Response {
    let all: Vec<Value> = app.handles.pbxs.iter().map(of).collect();
    Json(json!({ "pbx": all })).into_response()
}

fn of(pbx: &PbxView) -> Value {
    let held = pbx.reconciled.borrow();
    let compared = held.to > held.from;
    let at = |second: i64| compared.then(|| rfc3339(&pbx.zone, second));
    let differences: Vec<Value> = held
        .differences
        .iter()
        .map(|one| {
            let (queue, callid) = (one.queue.as_str(), one.callid.as_str());
            let entered = rfc3339(&pbx.zone, one.at);
            json!({ "kind": one.kind, "meaning": one.kind.sentence(), "queue": queue, "callid": callid, "entered": entered })
        })
        .collect();
    json!({
        "name": pbx.name.as_str(),
        "from": at(held.from),
        "to": at(held.to),
        "queues": held.queues,
        "counts": held.counts,
        "differences": differences
    })
}
