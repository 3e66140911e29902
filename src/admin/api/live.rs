//! The floor now, once or as it changes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::response::sse::{Event, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use tokio::sync::watch;

use crate::clock;
use crate::domain::alarm::Alarms;
use crate::domain::history::figures::Today;
use crate::domain::link::LinkStatus;
use crate::domain::live::snapshot::Snapshot;
use crate::tasks::PbxView;
use crate::views::api::{LiveInput, live as view};

use super::super::Shared;
use super::json_answer;

/// Changes are looked for so often: at most four documents a second.
const STEP: Duration = Duration::from_millis(250);
/// Without a change the document is sent again after so many steps, so that ages are true and dead readers are found.
const QUIET_STEPS: u32 = 60;
/// A stream ends after so many steps (half an hour); browsers come again by themselves, and show who they are.
const LONGEST_STEPS: u32 = 7200;

/// `GET /api/v1/live`
pub(in crate::admin) async fn live(State(app): State<Shared>) -> Response {
    let mut views = app.handles.pbxs.clone();
    with_document(&mut views, app.handles.service_level_s, |document| json_answer(document))
}

/// `GET /api/v1/live/stream`
pub(in crate::admin) async fn stream(State(app): State<Shared>) -> Response {
    let views: Vec<PbxView> = app.handles.pbxs.clone();
    let service_level_s = app.handles.service_level_s;
    let events = stream::unfold((views, 0_u32, true), move |(mut views, step, first)| async move {
        let (mut step, mut quiet) = (step, 0);
        while !first && quiet < QUIET_STEPS && !views.iter().any(has_changed) {
            if step >= LONGEST_STEPS {
                return None;
            }
            tokio::time::sleep(STEP).await;
            step += 1;
            quiet += 1;
        }
        if !first && quiet == 0 {
            tokio::time::sleep(STEP).await;
            step += 1;
        }
        let event = with_document(&mut views, service_level_s, |document| {
            Event::default().event("live").json_data(document).unwrap_or_default()
        });
        Some((Ok::<_, Infallible>(event), (views, step, false)))
    });
    Sse::new(events).into_response()
}

fn has_changed(view: &PbxView) -> bool {
    let changed = |changed: Result<bool, watch::error::RecvError>| changed.unwrap_or(false);
    changed(view.live.has_changed())
        || changed(view.today.has_changed())
        || changed(view.alarms.has_changed())
        || changed(view.database.has_changed())
}

/// Makes the document of what the views hold now, marks it as seen, and gives it to `then`.
fn with_document<T>(
    views: &mut [PbxView],
    service_level_s: u32,
    then: impl FnOnce(&crate::views::api::Live<'_>) -> T,
) -> T {
    type Held = (Arc<Snapshot>, Arc<Today>, Arc<Alarms>, LinkStatus, jiff::tz::TimeZone);
    let held: Vec<Held> = views
        .iter_mut()
        .map(|view| {
            (
                view.live.borrow_and_update().clone(),
                view.today.borrow_and_update().clone(),
                view.alarms.borrow_and_update().clone(),
                view.database.borrow_and_update().clone(),
                view.zone.clone(),
            )
        })
        .collect();
    let inputs: Vec<LiveInput<'_>> = held
        .iter()
        .map(|(snapshot, today, alarms, database, zone)| LiveInput {
            snapshot,
            today,
            alarms,
            database,
            zone,
            service_level_s,
        })
        .collect();
    then(&view(&inputs, clock::now()))
}
