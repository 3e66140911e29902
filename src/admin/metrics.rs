//! The health and the floor as Prometheus text.

use std::fmt::Write as _;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

use crate::clock;
use crate::domain::link::{LinkState, LinkStatus};

use super::Shared;

/// `GET /metrics`
pub(super) async fn metrics(State(app): State<Shared>) -> Response {
    let now = clock::now();
    let health = app.handles.health.health();
    let mut page = Page::default();
    page.family("asterflow_uptime_seconds", "gauge", "Seconds since the start.");
    page.sample("asterflow_uptime_seconds", &[], health.uptime_s);
    page.family("asterflow_resident_memory_bytes", "gauge", "Memory in use.");
    page.sample("asterflow_resident_memory_bytes", &[], health.rss_bytes);
    let mut links: Vec<(String, &str, LinkStatus)> = vec![(String::new(), "store", health.store.clone())];
    for pbx in &app.handles.pbxs {
        links.push((pbx.name.to_string(), "ami", pbx.live.borrow().ami.clone()));
        links.push((pbx.name.to_string(), "database", pbx.database.borrow().clone()));
    }
    page.family("asterflow_source_up", "gauge", "1 while the source is live.");
    for (pbx, source, status) in &links {
        let up = u8::from(status.state == LinkState::Live);
        page.sample("asterflow_source_up", &[("pbx", pbx), ("source", source)], up);
    }
    page.family("asterflow_source_age_seconds", "gauge", "Age of the source's picture.");
    for (pbx, source, status) in &links {
        let age =
            if *source == "ami" && status.state == LinkState::Live { 0 } else { status.age_seconds(now) };
        page.sample("asterflow_source_age_seconds", &[("pbx", pbx), ("source", source)], age);
    }
    let floors: Vec<_> = app.handles.pbxs.iter().map(|pbx| pbx.live.borrow().clone()).collect();
    page.family("asterflow_queue_waiting", "gauge", "Callers that wait.");
    for floor in &floors {
        for queue in &floor.queues {
            let labels = [("pbx", floor.pbx.as_str()), ("queue", queue.name.as_str())];
            page.sample("asterflow_queue_waiting", &labels, queue.waiting.len());
        }
    }
    page.family("asterflow_queue_members", "gauge", "Members by state.");
    for floor in &floors {
        for queue in &floor.queues {
            let counts = queue.counts();
            for (state, number) in [
                ("online", counts.online),
                ("busy", counts.busy),
                ("paused", counts.paused),
                ("offline", counts.offline),
            ] {
                let labels = [("pbx", floor.pbx.as_str()), ("queue", queue.name.as_str()), ("state", state)];
                page.sample("asterflow_queue_members", &labels, number);
            }
        }
    }
    page.family("asterflow_events_total", "counter", "What was counted since the start, by name.");
    for (name, number) in &health.counters {
        page.sample("asterflow_events_total", &[("name", name)], number);
    }
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], page.text).into_response()
}

#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn family(&mut self, name: &str, kind: &str, help: &str) {
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: impl std::fmt::Display) {
        let labels: Vec<String> =
            labels.iter().map(|(key, value)| format!("{key}=\"{}\"", escaped(value))).collect();
        let labels = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
        let _ = writeln!(self.text, "{name}{labels} {value}");
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace(['\n', '\r'], " ")
}
