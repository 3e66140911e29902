use jiff::civil::date;
use jiff::tz::TimeZone;

use super::*;
use crate::domain::history::file::Lines;
use crate::domain::history::fixture::captured_rows;
use crate::domain::history::query::{Count, Metric};
use crate::domain::ids::{AgentName, PbxName, QueueName};
use crate::store::{Batch, Store};
use crate::tasks::history::{Thresholds, fixture_history};

fn day() -> Filter {
    Filter::new(date(2026, 11, 22), date(2026, 11, 22))
}

async fn written(history: &History, kind: Kind, filter: &Filter, format: Format) -> String {
    let mut out: Vec<u8> = Vec::new();
    run(history, kind, filter, format, &mut out).await.expect("reports");
    String::from_utf8(out).expect("is UTF-8")
}

async fn report(kind: Kind, format: Format) -> String {
    let (_dir, history) = fixture_history(captured_rows()).await;
    written(&history, kind, &day(), format).await
}

/// The captured day in every form of a kind, each under a line that names it.
async fn every(kind: Kind, filters: Vec<(String, Filter)>) -> String {
    let (_dir, history) = fixture_history(captured_rows()).await;
    let mut text = String::new();
    for (name, filter) in filters {
        for (word, format) in [("table", Format::Table), ("csv", Format::Csv)] {
            text += &format!("== {name}, {word}\n{}\n", written(&history, kind, &filter, format).await);
        }
    }
    text
}

fn by_and_count(counts: &[Count]) -> Vec<(String, Filter)> {
    let bys = [By::Range, By::Day, By::Weekday, By::Hour];
    let all = counts.iter().flat_map(|count| bys.map(|by| (*count, by)));
    all.map(|(count, by)| (format!("{} by {}", count.as_str(), by.as_str()), Filter { count, by, ..day() }))
        .collect()
}

#[tokio::test]
async fn queues_in_every_form() {
    let mut filters = by_and_count(&[Count::Visits, Count::Calls]);
    let vip = Filter { queue: Some(QueueName::new("VIP")), ..day() };
    filters.push(("vip within 12 s".into(), Filter { service_level: Some(12), ..vip.clone() }));
    filters.push(("vip with Frank".into(), Filter { agent: Some(AgentName::new("Frank Fox")), ..vip }));
    insta::assert_snapshot!("queues", every(Kind::Queues, filters).await);
}

#[tokio::test]
async fn agents_in_every_form() {
    let mut filters = by_and_count(&[Count::Visits]);
    filters.push(("Frank".into(), Filter { agent: Some(AgentName::new("Frank Fox")), ..day() }));
    insta::assert_snapshot!("agents", every(Kind::Agents, filters).await);
}

#[tokio::test]
async fn heatmaps_of_every_metric() {
    let metrics = Metric::WORDS.iter().map(|word| word.parse::<Metric>().expect("a metric"));
    let filters = metrics.map(|metric| (metric.as_str().to_owned(), Filter { metric, ..day() })).collect();
    insta::assert_snapshot!("heatmap", every(Kind::Heatmap, filters).await);
}

#[tokio::test]
async fn visits_in_every_form() {
    let calls = Filter { count: Count::Calls, queue: Some(QueueName::new("vip")), ..day() };
    let grace = Filter { agent: Some(AgentName::new("Grace Gray")), ..day() };
    let filters = vec![("all".into(), day()), ("calls of vip".into(), calls), ("Grace".into(), grace)];
    insta::assert_snapshot!("visits", every(Kind::Visits, filters).await);
}

/// Two calls of ten seconds' talk in each clock hour of three days around a change of the clocks.
async fn around(first: &str) -> (tempfile::TempDir, History) {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("opens");
    let (pbx, zone) = (PbxName::new("pbx"), "Europe/Berlin");
    store.register_pbx(&pbx, zone).await.expect("registers");
    let start = first.parse::<jiff::Timestamp>().expect("a time").as_second();
    let mut lines = Lines::new(TimeZone::get(zone).expect("a zone"));
    let mut rows = Vec::new();
    for at in (start..start + 3 * 86_400).step_by(1800) {
        for line in [
            format!("{at}|{at}.1|q|NONE|ENTERQUEUE||5|1"),
            format!("{}|{at}.1|q|Ann|CONNECT|5|u|2", at + 5),
            format!("{}|{at}.1|q|Ann|COMPLETECALLER|5|10|1", at + 15),
        ] {
            rows.push(lines.row(line.as_bytes()).expect("a row"));
        }
    }
    let batch = Batch { pbx, rows, oddities: BTreeMap::new(), cursor: None };
    store.apply_batch(batch).await.expect("applies");
    (dir, History::new(store, Thresholds::default()))
}

#[tokio::test]
async fn a_day_in_which_the_clocks_change_has_23_or_25_hours() {
    for (first, on, hours, twice) in [
        ("2026-10-24T00:00:00Z", date(2026, 10, 25), 25, 2),
        ("2026-03-28T00:00:00Z", date(2026, 3, 29), 23, 0),
    ] {
        let (_dir, history) = around(first).await;
        let filter = Filter { by: By::Hour, ..Filter::new(on, on) };
        let csv = written(&history, Kind::Heatmap, &filter, Format::Csv).await;
        assert_eq!(csv.lines().count(), hours + 1, "{csv}");
        assert_eq!(csv.lines().filter(|line| line.contains(&format!(",{on},2,"))).count(), twice);
        assert!(csv.lines().skip(1).all(|line| line.ends_with(",3600,20,false,false")), "{csv}");
        let queues = written(&history, Kind::Queues, &filter, Format::Csv).await;
        assert_eq!(queues.lines().count(), hours + 1, "{queues}");
        let table = written(&history, Kind::Queues, &filter, Format::Table).await;
        assert_eq!(table.contains("02 again"), twice == 2, "{table}");
        let whole = written(&history, Kind::Queues, &Filter::new(on, on), Format::Csv).await;
        assert!(whole.contains(&format!(",q,{},", hours * 2)), "{whole}");
        let matrix = written(&history, Kind::Heatmap, &filter, Format::Table).await;
        assert_eq!(matrix.contains("again"), twice == 2, "{matrix}");
    }
}

#[tokio::test]
async fn nothing_is_a_header_and_no_rows() {
    let (_dir, history) = fixture_history(captured_rows()).await;
    let empty = Filter::new(date(2026, 11, 1), date(2026, 11, 21));
    for kind in [Kind::Queues, Kind::Agents, Kind::Heatmap, Kind::Visits] {
        assert_eq!(written(&history, kind, &empty, Format::Table).await, "");
        assert_eq!(written(&history, kind, &empty, Format::Csv).await.lines().count(), 1);
        let json = written(&history, kind, &empty, Format::Json).await;
        let document: serde_json::Value = serde_json::from_str(&json).expect("is JSON");
        assert_eq!(document["rows"], serde_json::json!([]));
    }
}

#[tokio::test]
async fn the_heatmap_has_one_row_an_agent_and_hour() {
    let text = report(Kind::Heatmap, Format::Csv).await;
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("agent,date,hour,start_utc,seconds_in_hour,value,late,overlapping"));
    assert_eq!(lines.next(), Some("Alice Adams,2026-11-22,7,2026-11-22T07:00:00Z,3600,74,false,false"));
    assert_eq!(lines.count(), 3);
}

#[tokio::test]
async fn the_csv_has_a_column_a_figure() {
    let queues = report(Kind::Queues, Format::Csv).await;
    assert!(queues.starts_with("pbx,bucket,queue,offered,answered,abandoned,"), "{queues}");
    assert!(queues.contains("pbx,2026-11-22/2026-11-22,vip,6,2,2,0,2,"), "{queues}");
    let agents = report(Kind::Agents, Format::Csv).await;
    assert!(agents.contains("Frank Fox,0,2,1,1,5,4,1,0,0,"), "{agents}");
    let visits = report(Kind::Visits, Format::Csv).await;
    assert_eq!(visits.lines().count(), 25);
}

#[tokio::test]
async fn the_json_holds_every_figure() {
    let text = report(Kind::Queues, Format::Json).await;
    let document: serde_json::Value = serde_json::from_str(&text).expect("is JSON");
    let vip =
        document["rows"].as_array().expect("rows").iter().find(|row| row["queue"] == "vip").expect("vip");
    assert_eq!((vip["offered"].as_u64(), vip["service_level_s"].as_u64()), (Some(6), Some(5)));
    for column in columns::columns(Kind::Queues) {
        assert!(vip.get(column.name).is_some(), "{}", column.name);
    }
    let agents: serde_json::Value =
        serde_json::from_str(&report(Kind::Agents, Format::Json).await).expect("is JSON");
    for column in columns::columns(Kind::Agents) {
        assert!(agents["rows"][0].get(column.name).is_some(), "{}", column.name);
    }
}
