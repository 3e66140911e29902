use jiff::civil::date;

use super::*;
use crate::domain::history::fixture::captured_rows;
use crate::tasks::history::fixture_history;

async fn report(kind: Kind, format: Format) -> String {
    let (_dir, history) = fixture_history(captured_rows()).await;
    let filter = Filter::new(date(2026, 11, 22), date(2026, 11, 22));
    let mut out: Vec<u8> = Vec::new();
    run(&history, kind, &filter, format, &mut out).await.expect("reports");
    String::from_utf8(out).expect("is UTF-8")
}

#[tokio::test]
async fn the_heatmap_has_one_row_an_agent_and_hour() {
    let text = report(Kind::Heatmap, Format::Csv).await;
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("agent,date,hour,start_utc,seconds_in_hour,value"));
    assert_eq!(lines.next(), Some("Alice Adams,2026-11-22,7,2026-11-22T07:00:00Z,3600,74"));
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
    for column in csv_rows::columns(Kind::Queues) {
        assert!(vip.get(*column).is_some(), "{column}");
    }
    let agents: serde_json::Value =
        serde_json::from_str(&report(Kind::Agents, Format::Json).await).expect("is JSON");
    for column in csv_rows::columns(Kind::Agents) {
        assert!(agents["rows"][0].get(*column).is_some(), "{column}");
    }
}

#[tokio::test]
async fn the_table_is_for_the_eye() {
    let text = report(Kind::Queues, Format::Table).await;
    assert!(text.contains("33.3 %") && !text.contains("withdrawn"), "{text}");
}
