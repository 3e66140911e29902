//! `/metrics` is read as Prometheus reads it.

use std::collections::{BTreeMap, BTreeSet};

use super::bench::{Bench, HOSTILE};
use crate::domain::account::Role;
use crate::domain::ids::QueueName;

/// A sample's labels, sorted.
type Labels = Vec<(String, String)>;

/// Families by name with their type and samples. Panics at what Prometheus would refuse.
fn parse(text: &str) -> BTreeMap<String, (String, BTreeMap<Labels, f64>)> {
    let mut families: BTreeMap<String, (String, BTreeMap<Labels, f64>)> = BTreeMap::new();
    let mut now = String::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, help) = rest.split_once(' ').expect("a help");
            assert!(!help.is_empty() && !families.contains_key(name), "{line}");
            families.insert(name.to_owned(), (String::new(), BTreeMap::new()));
            name.clone_into(&mut now);
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').expect("a type");
            assert_eq!((name, kind == "counter"), (now.as_str(), name.ends_with("_total")), "{line}");
            assert!(["counter", "gauge"].contains(&kind), "{line}");
            families.get_mut(name).expect("HELP comes first").0 = kind.to_owned();
        } else {
            let (name, labels, value) = sample(line);
            assert_eq!(name, now, "samples stand below their family: {line}");
            let twice = families.get_mut(name).expect("a family").1.insert(labels, value);
            assert_eq!(twice, None, "twice: {line}");
        }
    }
    families
}

fn sample(line: &str) -> (&str, Labels, f64) {
    let end = line.find(['{', ' ']).expect("a name");
    let (name, mut rest) = line.split_at(end);
    assert!(name.chars().all(|letter| letter.is_ascii_lowercase() || "_".contains(letter)), "{line}");
    let mut labels = Vec::new();
    if let Some(inner) = rest.strip_prefix('{') {
        rest = inner;
        while !rest.starts_with('}') {
            let (key, after) = rest.split_once("=\"").expect("a label");
            let mut value = String::new();
            let mut letters = after.char_indices();
            loop {
                match letters.next().expect("an end of the value") {
                    (at, '"') => {
                        rest = after[at + 1..].trim_start_matches(',');
                        break;
                    }
                    (_, '\\') => match letters.next().expect("an escape").1 {
                        'n' => value.push('\n'),
                        letter @ ('\\' | '"') => value.push(letter),
                        other => panic!("\\{other} is no escape"),
                    },
                    (_, letter) => value.push(letter),
                }
            }
            labels.push((key.to_owned(), value));
        }
        rest = &rest[1..];
    }
    labels.sort();
    (name, labels, rest.trim().parse().expect("a number"))
}

async fn families(bench: &Bench) -> BTreeMap<String, (String, BTreeMap<Labels, f64>)> {
    let token = bench.token(Role::Viewer, "prometheus").await;
    let answer = bench.send("GET", "/metrics", &[("authorization", &token)], "").await;
    assert!(answer.header("content-type").starts_with("text/plain; version=0.0.4"));
    parse(&answer.text)
}

#[tokio::test]
async fn everything_that_healthz_holds_is_a_sound_metric() {
    let bench = Bench::new().await;
    let health = bench.send_from("127.0.0.1:1", "GET", "/healthz", &[], "").await.json();
    let families = families(&bench).await;
    let one = |name: &str, labels: &[(&str, &str)]| {
        let labels: Labels = labels.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect();
        let family = families.get(name).unwrap_or_else(|| panic!("no family {name}"));
        *family.1.get(&labels).unwrap_or_else(|| panic!("{name} has no {labels:?}, only {:?}", family.1))
    };
    let number = |value: &serde_json::Value| value.as_f64().expect("a number");
    assert!((one("asterflow_resident_memory_bytes", &[]) - number(&health["rss_bytes"])).abs() < 0.5);
    assert!((one("asterflow_uptime_seconds", &[]) - number(&health["uptime_s"])).abs() < 0.5);
    let version = health["version"].as_str().expect("a version");
    assert!((one("asterflow_build_info", &[("version", version)]) - 1.0).abs() < 0.1);
    for source in health["sources"].as_array().expect("sources") {
        let text = |field: &str| source[field].as_str().unwrap_or_default();
        let labels = [("pbx", text("pbx")), ("source", text("source"))];
        let up = if text("state") == "live" { 1.0 } else { 0.0 };
        assert!((one("asterflow_source_up", &labels) - up).abs() < 0.1, "{source}");
        assert!((one("asterflow_source_age_seconds", &labels) - number(&source["age_s"])).abs() < 2.0);
        let state = [("pbx", text("pbx")), ("source", text("source")), ("state", text("state"))];
        assert!((one("asterflow_source_state", &state) - 1.0).abs() < 0.1, "{source}");
    }
    for (name, value) in health["counters"].as_object().expect("counters") {
        assert!((one("asterflow_events_total", &[("name", name)]) - number(value)).abs() < 0.1, "{name}");
    }
    assert!((one("asterflow_queue_log_rows_total", &[]) - 12.0).abs() < 0.1);
    assert!((one("asterflow_visits_total", &[]) - 4.0).abs() < 0.1);
    let sales = [("pbx", "pbx"), ("queue", "sales")];
    assert!((one("asterflow_queue_waiting", &sales) - 1.0).abs() < 0.1);
    assert!(one("asterflow_queue_longest_wait_seconds", &sales) >= 12.0);
    assert!((one("asterflow_queue_today_offered", &sales) - 10.0).abs() < 0.1);
    let busy = [("pbx", "pbx"), ("queue", "sales"), ("state", "busy")];
    assert!((one("asterflow_queue_members", &busy) - 1.0).abs() < 0.1);
    assert!((one("asterflow_agents", &[("pbx", "pbx"), ("state", "offline")]) - 1.0).abs() < 0.1);
    assert!(one("asterflow_wall_views", &[]).abs() < 0.1);
    let states: BTreeSet<&str> = families["asterflow_source_state"]
        .1
        .keys()
        .flatten()
        .filter(|(key, _)| key == "state")
        .map(|(_, value)| value.as_str())
        .collect();
    assert_eq!(states.len(), 5, "{states:?}");
}

#[tokio::test]
async fn hostile_names_stay_inside_their_label() {
    let bench = Bench::new().await;
    let name = format!("a\\b\"}} 7\nasterflow_evil 1 {HOSTILE}");
    let mut changed = (**bench.live.borrow()).clone();
    changed.queues[0].name = QueueName::new(&name);
    bench.live.send_replace(changed.into());
    let families = families(&bench).await;
    assert!(!families.contains_key("asterflow_evil"));
    let waiting = &families["asterflow_queue_waiting"].1;
    let label = waiting.keys().flatten().find(|(key, _)| key == "queue").expect("a queue");
    assert_eq!(label.1, name);
}
