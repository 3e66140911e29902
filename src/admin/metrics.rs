//! The health and the floor as Prometheus text (exposition format 0.0.4): everything that `/healthz` holds, and the
//! floor in numbers. Names, units and help of each family stand once, beside the samples.

mod text;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

use crate::clock;
use crate::domain::alarm::{Kind as AlarmKind, Step};
use crate::domain::control::{Mode, Supervision};
use crate::domain::history::reconcile::Kind;
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::time::Moment;
use crate::views::Picture;
use crate::views::overview::shown_at;

use super::Shared;
use super::handles::Health;
use text::{Page, Value};

/// All states of a link: one of them is 1.
const LINK_STATES: [LinkState; 5] =
    [LinkState::Connecting, LinkState::Live, LinkState::Lost, LinkState::Refused, LinkState::Absent];
/// How the counter of an oddity begins.
const ODDITY: &str = "oddities_";

/// `GET /metrics`
pub(super) async fn metrics(State(app): State<Shared>) -> Response {
    let now = clock::now();
    let health = app.handles.health.health();
    let pictures: Vec<Picture> = super::board::pictures(&app);
    let mut page = Page::default();
    itself(&mut page, &health);
    sources(&mut page, &pictures, &health.store, now);
    counted(&mut page, &health);
    last_sync(&mut page, health.last_sync.as_ref());
    queues(&mut page, &pictures, now);
    today(&mut page, &pictures);
    reconciled(&mut page, &app);
    views(&mut page, app.handles.walls.count(), &app.handles.supervisor.list().await);
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], page.text()).into_response()
}

fn itself(page: &mut Page, health: &Health) {
    let version = [("version", env!("CARGO_PKG_VERSION"))];
    page.gauge("asterflow_build_info", "Always 1; the version is a label.").sample(&version, 1);
    page.gauge("asterflow_uptime_seconds", "Seconds since the start.").sample(&[], health.uptime_s);
    page.gauge("asterflow_resident_memory_bytes", "Memory in use.").sample(&[], health.rss_bytes);
}

fn sources(page: &mut Page, pictures: &[Picture], store: &LinkStatus, now: Moment) {
    let mut links: Vec<(&str, &str, &LinkStatus)> = vec![("", "store", store)];
    for picture in pictures {
        links.push((picture.live.pbx.as_str(), "ami", &picture.live.ami));
        links.push((picture.live.pbx.as_str(), "database", &picture.database));
    }
    let mut up = page.gauge("asterflow_source_up", "1 while the source is live.");
    for (pbx, source, status) in &links {
        up.sample(&[("pbx", pbx), ("source", source)], u8::from(status.state == LinkState::Live));
    }
    let mut states = page.gauge("asterflow_source_state", "1 for the state that the source is in.");
    for (pbx, source, status) in &links {
        for state in LINK_STATES {
            let labels = [("pbx", *pbx), ("source", *source), ("state", state.as_str())];
            states.sample(&labels, u8::from(status.state == state));
        }
    }
    let mut since = page.gauge("asterflow_source_state_seconds", "For how long it has been in that state.");
    for (pbx, source, status) in &links {
        since.sample(&[("pbx", pbx), ("source", source)], now.seconds_since(status.since).max(0));
    }
    let mut ages = page.gauge("asterflow_source_age_seconds", "Age of the source's picture.");
    for (pbx, source, status) in &links {
        let fresh = *source == "ami" && status.state == LinkState::Live;
        let age = if fresh { 0 } else { status.age_seconds(now) };
        ages.sample(&[("pbx", pbx), ("source", source)], age);
    }
}

fn counted(page: &mut Page, health: &Health) {
    let (odd, plain): (Vec<_>, Vec<_>) =
        health.counters.iter().partition(|(name, _)| name.starts_with(ODDITY));
    let mut events = page.counter("asterflow_events_total", "What was counted since the start, by name.");
    for (name, number) in plain {
        events.sample(&[("name", name)], *number);
    }
    // Of the whole history, which is folded again when rows come late: it may shrink.
    let mut oddities = page.gauge("asterflow_history_oddities", "What is odd in the whole history, by kind.");
    for (name, number) in odd {
        oddities.sample(&[("kind", name.trim_start_matches(ODDITY))], *number);
    }
}

/// What `/healthz` gives as `last_sync`; its numbers are counted since the start.
fn last_sync(page: &mut Page, document: Option<&serde_json::Value>) {
    let Some(document) = document else { return };
    let at = document.get("last_sync").and_then(|at| at.as_str()?.parse::<jiff::Timestamp>().ok());
    if let Some(at) = at {
        let help = "When the history was last known to be complete, seconds since the epoch.";
        page.gauge("asterflow_last_sync_timestamp_seconds", help).sample(&[], at.as_second());
    }
    for (field, name, help) in [
        ("rows", "asterflow_queue_log_rows_total", "Rows of queue_log stored since the start."),
        ("visits", "asterflow_visits_total", "Visits that came with them."),
    ] {
        if let Some(number) = document.get(field).and_then(serde_json::Value::as_u64) {
            page.counter(name, help).sample(&[], number);
        }
    }
    for (field, name, help) in [
        ("position", "asterflow_queue_log_position", "The highest id of queue_log that is stored."),
        ("newest", "asterflow_queue_log_newest", "The highest id of queue_log that was seen."),
    ] {
        if let Some(number) = document.get(field).and_then(serde_json::Value::as_i64) {
            page.gauge(name, help).sample(&[], number);
        }
    }
    let older = document.get("older").filter(|older| !older.is_null());
    let share = older.map_or(Some(1.0), |older| older.get("share")?.as_f64());
    if let Some(share) = share.filter(|_| at.is_some()) {
        let help = "How much of the PBX's history is read, 0 to 1; the newest days come first.";
        page.gauge("asterflow_history_read_ratio", help).sample(&[], share);
    }
}

fn queues(page: &mut Page, pictures: &[Picture], now: Moment) {
    let all =
        || pictures.iter().flat_map(|picture| picture.live.queues.iter().map(move |queue| (picture, queue)));
    let mut waiting = page.gauge("asterflow_queue_waiting", "Callers that wait.");
    for (picture, queue) in all() {
        let labels = [("pbx", picture.live.pbx.as_str()), ("queue", queue.name.as_str())];
        waiting.sample(&labels, queue.waiting.len());
    }
    let mut longest =
        page.gauge("asterflow_queue_longest_wait_seconds", "Wait of the first caller; 0 without one.");
    for (picture, queue) in all() {
        let labels = [("pbx", picture.live.pbx.as_str()), ("queue", queue.name.as_str())];
        let at = shown_at(picture, now);
        let waits = queue.waiting.iter().map(|caller| at.seconds_since(caller.since));
        longest.sample(&labels, waits.max().unwrap_or(0).max(0));
    }
    let mut members = page.gauge("asterflow_queue_members", "Members by state.");
    for (picture, queue) in all() {
        let (pbx, counts) = (picture.live.pbx.as_str(), queue.counts());
        for (state, number) in states(counts) {
            members.sample(&[("pbx", pbx), ("queue", queue.name.as_str()), ("state", state)], number);
        }
    }
    let mut alarms = page
        .gauge("asterflow_queue_alarm", "How bad a figure of the queue is: 0 good, 1 warning, 2 critical.");
    for (picture, queue) in all() {
        let Some(raised) = picture.raised(queue) else { continue };
        for kind in AlarmKind::ALL {
            let labels =
                [("pbx", picture.live.pbx.as_str()), ("queue", queue.name.as_str()), ("kind", kind.as_str())];
            alarms
                .sample(&labels, raised.step(kind).map_or(0_u8, |step| 1 + u8::from(step == Step::Critical)));
        }
    }
    let mut quiet = page.gauge("asterflow_queue_quiet", "1 in quiet hours, in which nothing is raised.");
    for (picture, queue) in all() {
        let Some(raised) = picture.raised(queue) else { continue };
        let labels = [("pbx", picture.live.pbx.as_str()), ("queue", queue.name.as_str())];
        quiet.sample(&labels, u8::from(raised.quiet_until.is_some()));
    }
    let mut agents = page.gauge("asterflow_agents", "Agents by state; who is in several queues counts once.");
    for picture in pictures {
        for (state, number) in states(picture.live.agents()) {
            agents.sample(&[("pbx", picture.live.pbx.as_str()), ("state", state)], number);
        }
    }
}

fn states(counts: crate::domain::live::snapshot::StateCounts) -> [(&'static str, u32); 4] {
    [("online", counts.online), ("busy", counts.busy), ("paused", counts.paused), ("offline", counts.offline)]
}

/// Gauges, for they begin anew at the PBX's midnight.
fn today(page: &mut Page, pictures: &[Picture]) {
    type Figure = fn(&crate::domain::history::figures::QueueFigures) -> Option<Value>;
    let figures: [(&str, &str, Figure); 5] = [
        ("asterflow_queue_today_offered", "Visits that entered today.", |figures| {
            Some(figures.offered.into())
        }),
        ("asterflow_queue_today_answered", "Visits answered today.", |figures| Some(figures.answered.into())),
        ("asterflow_queue_today_abandoned", "Visits abandoned today.", |figures| {
            Some(figures.abandoned.into())
        }),
        ("asterflow_queue_today_service_level_ratio", "Service level A today, 0 to 1.", |figures| {
            figures.service_level_a.map(Value::from)
        }),
        (
            "asterflow_queue_today_speed_of_answer_seconds",
            "Mean wait of the visits answered today.",
            |figures| figures.average_speed_of_answer_s.map(Value::from),
        ),
    ];
    for (name, help, figure) in figures {
        let mut family = page.gauge(name, help);
        for picture in pictures {
            for (queue, held) in &picture.today.queues {
                if let Some(value) = figure(held) {
                    let labels = [("pbx", picture.live.pbx.as_str()), ("queue", queue.as_str())];
                    family.sample(&labels, value);
                }
            }
        }
    }
}

/// Gauges, for they begin anew at the PBX's midnight.
fn reconciled(page: &mut Page, app: &super::App) {
    let help =
        "Calls of the settled hours of today that differ between the live link and queue_log, by kind.";
    let mut family = page.gauge("asterflow_reconciliation_differences", help);
    for pbx in &app.handles.pbxs {
        let held = pbx.reconciled.borrow();
        for kind in Kind::ALL {
            let number = held.counts.get(kind.as_str()).copied().unwrap_or(0);
            family.sample(&[("pbx", pbx.name.as_str()), ("kind", kind.as_str())], number);
        }
    }
    let mut family = page.gauge("asterflow_reconciled_visits", "Visits of queue_log that were compared.");
    for pbx in &app.handles.pbxs {
        let number: u64 = pbx.reconciled.borrow().queues.iter().map(|tally| tally.log_entered).sum();
        family.sample(&[("pbx", pbx.name.as_str())], number);
    }
}

fn views(page: &mut Page, open: usize, supervisions: &[Supervision]) {
    page.gauge("asterflow_wall_views", "Own views of the wall that are open in browsers.").sample(&[], open);
    let mut family = page.gauge("asterflow_supervisions", "Supervisions that run, by mode.");
    for mode in [Some(Mode::Listen), Some(Mode::Whisper), Some(Mode::Barge), None] {
        let number = supervisions.iter().filter(|held| held.mode == mode).count();
        family.sample(&[("mode", mode.map_or("unknown", Mode::as_str))], number);
    }
}
