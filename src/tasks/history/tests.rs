mod dates;
mod edge;
mod explain;
mod hot;
mod work;

use jiff::civil::{Date, date};

use super::*;
use crate::domain::history::fixture::captured_rows;
use crate::domain::history::query::By;
use crate::domain::history::row::LogRow;
use crate::domain::history::time_text::parse_local;
use crate::domain::ids::AgentName;
use crate::store::Batch;

fn pbx() -> PbxName {
    PbxName::new("pbx")
}

fn day() -> Date {
    date(2026, 11, 22)
}

/// A history of the given rows; sales 20 s, support 10 s, vip 5 s as captured.
pub(crate) async fn history(rows: Vec<LogRow>) -> (tempfile::TempDir, History) {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("opens");
    store.register_pbx(&pbx(), "UTC").await.expect("registers");
    let levels = [("sales", 20), ("support", 10), ("vip", 5)].map(|(name, s)| (name.to_owned(), s));
    store.set_service_levels(&pbx(), BTreeMap::from(levels)).await.expect("sets");
    let batch = Batch { pbx: pbx(), rows, oddities: BTreeMap::new(), cursor: None };
    store.apply_batch(batch).await.expect("applies");
    let thresholds = Thresholds::default();
    (dir, History::new(store, thresholds))
}

fn story(lines: &[&str]) -> Vec<LogRow> {
    lines
        .iter()
        .zip(1..)
        .map(|(line, id)| {
            let words: Vec<&str> = line.split(',').collect();
            let mut data: [String; 5] = Default::default();
            data.iter_mut().zip(words[5].split('|')).for_each(|(slot, text)| *slot = text.into());
            LogRow {
                id,
                local: parse_local(&format!("2026-11-22 {}", words[0])).expect("a time"),
                callid: words[1].into(),
                queue: words[2].into(),
                agent: words[3].into(),
                event: words[4].into(),
                data: data.map(Into::into),
            }
        })
        .collect()
}

#[tokio::test]
async fn the_figures_of_the_captured_day() {
    let (_dir, history) = history(captured_rows()).await;
    let rows = history.queues(&Filter::new(day(), day())).await.expect("answers");
    let shown: Vec<String> = rows
        .iter()
        .map(|row| {
            let f = &row.figures;
            let a = f.service_level_a.map_or(-1.0, |level| (level * 1000.0).round() / 10.0);
            format!("{} {} {} {:?} {a}", row.queue, f.offered, f.answered, f.service_level_s)
        })
        .collect();
    assert_eq!(shown, ["sales 15 15 Some(20) 100", "support 3 1 Some(10) 50", "vip 6 2 Some(5) 33.3"]);
    let agents = history.agents(&Filter::new(day(), day())).await.expect("answers");
    let talks: Vec<(String, u64)> =
        agents.iter().map(|row| (row.agent.to_string(), row.figures.talk_s)).collect();
    assert!(talks.contains(&("Alice Adams".into(), 74)) && talks.contains(&("Bob Brown".into(), 7)));
    let none = history.queues(&Filter::new(date(2026, 11, 21), date(2026, 11, 21))).await.expect("answers");
    assert!(none.is_empty());
}

#[tokio::test]
async fn filters_narrow_and_buckets_cut() {
    let (_dir, history) = history(captured_rows()).await;
    let all = Filter::new(day(), day());
    let vip = Filter { queue: Some(QueueName::new("VIP")), ..all.clone() };
    assert_eq!(history.queues(&vip).await.expect("answers").len(), 1);
    let agents = history.agents(&vip).await.expect("answers");
    let names: Vec<&str> = agents.iter().map(|row| row.agent.as_str()).collect();
    assert_eq!(names, ["Frank Fox", "Grace Gray", "PJSIP/108"]);
    for (by, bucket) in [
        (By::Day, "2026-11-22"),
        (By::Weekday, "sunday"),
        (By::Hour, "2026-11-22T07:00:00Z"),
        (By::Range, "2026-11-22/2026-11-22"),
    ] {
        let rows = history.queues(&Filter { by, ..vip.clone() }).await.expect("answers");
        assert_eq!(rows[0].bucket.to_string(), bucket);
    }
    let override_s = Filter { service_level: Some(12), ..vip };
    let figures = history.queues(&override_s).await.expect("answers").remove(0).figures;
    assert_eq!((figures.service_level_c, figures.service_level_s), (Some(1.0), Some(12)));
}

#[tokio::test]
async fn a_call_through_two_queues_is_one_call_and_two_visits() {
    let (_dir, history) = history(story(&[
        "09:00:00,1795338000.1,q1,NONE,ENTERQUEUE,|5|1",
        "09:00:30,1795338000.1,q1,NONE,EXITWITHTIMEOUT,1|1|30",
        "09:00:31,1795338000.1,q2,NONE,ENTERQUEUE,|5|1",
        "09:00:40,1795338000.1,q2,A,CONNECT,9|u|2",
        "09:01:40,1795338000.1,q2,A,BLINDTRANSFER,q3|x|9|60|1",
        "09:01:41,1795338000.1,q3,NONE,ENTERQUEUE,|5|1",
        "09:02:41,1795338000.1,q3,NONE,ABANDON,1|1|60",
    ]))
    .await;
    let visits = Filter::new(day(), day());
    assert_eq!(history.queues(&visits).await.expect("answers").len(), 3);
    let calls = Filter { count: Count::Calls, ..visits };
    let rows = history.queues(&calls).await.expect("answers");
    assert_eq!(rows.len(), 1);
    let figures = &rows[0].figures;
    assert_eq!((rows[0].queue.as_str(), figures.offered, figures.answered), ("q1", 1, 1));
    assert_eq!((figures.wait_s, figures.lost_after_transfer, figures.talk_s), (39, 1, 60));
    assert_eq!(history.visits(&calls).await.expect("answers").len(), 1);
}

#[tokio::test]
async fn what_goes_on_counts_up_to_the_logs_own_clock() {
    let (_dir, history) = history(story(&[
        "08:50:00,MANAGER,q1,A,ADDMEMBER,",
        "09:10:00,NONE,q1,A,PAUSE,tea",
        "09:20:00,NONE,q2,A,PAUSE,tea",
        "09:30:00,NONE,q2,A,UNPAUSE,",
        "10:00:00,NONE,NONE,NONE,CONFIGRELOAD,",
    ]))
    .await;
    let figures = history.agents(&Filter::new(day(), day())).await.expect("answers").remove(0).figures;
    assert_eq!((figures.paused_s, figures.logged_in_s), (50 * 60, Some(70 * 60)));
    let by_hour = Filter { by: By::Hour, ..Filter::new(day(), day()) };
    let paused: Vec<u64> =
        history.agents(&by_hour).await.expect("answers").iter().map(|row| row.figures.paused_s).collect();
    assert_eq!(paused, [0, 3000]);
}

#[tokio::test]
async fn the_heatmap_of_talk_and_occupancy() {
    let (_dir, history) = history(story(&[
        "08:00:00,MANAGER,q1,A,ADDMEMBER,",
        "08:50:00,1795337400.1,q1,NONE,ENTERQUEUE,|5|1",
        "08:50:10,1795337400.1,q1,A,CONNECT,10|u|10",
        "09:20:10,1795337400.1,q1,A,COMPLETECALLER,10|1800|1",
        "10:00:00,MANAGER,q1,A,REMOVEMEMBER,",
    ]))
    .await;
    let filter = Filter::new(day(), day());
    let talk = history.heatmap(&filter, HeatOf::Agents).await.expect("answers");
    let shown: Vec<(i8, Option<f64>)> = talk.iter().map(|row| (row.hour, row.value)).collect();
    assert_eq!(shown, [(8, Some(590.0)), (9, Some(1210.0))]);
    let occupied = history
        .heatmap(&Filter { metric: Metric::Occupancy, ..filter.clone() }, HeatOf::Agents)
        .await
        .expect("answers");
    let shown: Vec<(i8, Option<f64>)> = occupied.iter().map(|row| (row.hour, row.value)).collect();
    assert_eq!(shown, [(8, Some(600.0 / 3600.0)), (9, Some(1210.0 / 3600.0))]);
    let calls = history
        .heatmap(&Filter { metric: Metric::Calls, ..filter }, HeatOf::Together)
        .await
        .expect("answers");
    assert_eq!(calls.iter().map(|row| (row.hour, row.value)).collect::<Vec<_>>(), [(8, Some(1.0))]);
}

#[tokio::test]
async fn today_follows_the_date_of_the_pbx() {
    let (_dir, history) = history(captured_rows()).await;
    let at = |text: &str| text.parse::<Timestamp>().expect("a time");
    let today = history.today(&pbx(), at("2026-11-22T23:59:59Z")).await.expect("answers");
    assert_eq!(today.queues[&QueueName::new("Sales")].answered, 15);
    assert_eq!(today.agents[&AgentName::new("Frank Fox")].attempts, 5);
    let tomorrow = history.today(&pbx(), at("2026-11-23T00:00:00Z")).await.expect("answers");
    assert!(tomorrow.queues.is_empty());
    let unknown = history.today(&PbxName::new("other"), at("2026-11-22T23:59:59Z")).await;
    assert!(matches!(unknown, Err(HistoryError::UnknownPbx(_))));
}

#[tokio::test]
async fn it_answers_beside_the_writer_and_read_only() {
    let (dir, first) = history(captured_rows()).await;
    let beside = History::new(Store::open_read_only(dir.path()).expect("opens"), Thresholds::default());
    let filter = Filter::new(day(), day());
    assert_eq!(beside.visits(&filter).await.expect("answers"), first.visits(&filter).await.expect("answers"));
}

/// Two talks of Ann in q1, who wraps up for 30 s, and one of Bob in q2, where nobody wraps up.
fn busy_day() -> Vec<LogRow> {
    story(&[
        "08:00:00,MANAGER,q1,Ann,ADDMEMBER,",
        "08:50:00,1795337400.1,q1,NONE,ENTERQUEUE,|5|1",
        "08:50:10,1795337400.1,q1,Ann,CONNECT,10|u|10",
        "08:59:50,1795337400.1,q1,Ann,COMPLETECALLER,10|580|1",
        "09:10:00,1795338600.2,q1,NONE,ENTERQUEUE,|5|1",
        "09:10:10,1795338600.2,q1,Ann,CONNECT,10|u|10",
        "09:12:10,1795338600.2,q1,Ann,BLINDTRANSFER,x|y|10|120|1",
        "09:12:11,1795338731.3,q2,NONE,ENTERQUEUE,|5|1",
        "09:12:21,1795338731.3,q2,Ann,RINGNOANSWER,5000",
        "09:12:31,1795338731.3,q2,Bob,CONNECT,20|u|10",
        "09:13:31,1795338731.3,q2,Bob,COMPLETECALLER,20|60|1",
        "09:20:00,NONE,q1,Ann,PAUSE,tea",
        "09:30:00,NONE,q1,Ann,UNPAUSE,",
        "10:00:00,MANAGER,q1,Ann,REMOVEMEMBER,",
    ])
}

async fn wrapping(store: &Store) {
    let times = crate::domain::history::work::WrapUpTimes {
        queues: BTreeMap::from([("q1".to_owned(), 30)]),
        ..Default::default()
    };
    store.set_wrap_ups(&pbx(), times).await.expect("sets");
}

#[tokio::test]
async fn wrap_up_is_nominal_and_occupancy_counts_each_second_once() {
    let (_dir, history) = history(busy_day()).await;
    let day = Filter::new(day(), day());
    let before = history.queues(&day).await.expect("answers").remove(0).figures;
    assert_eq!((before.average_handle_time_s, before.wrap_up_s), (Some(350.0), None));
    wrapping(&history.store).await;
    let agents = history.agents(&day).await.expect("answers");
    let (ann, bob) = (&agents[0].figures, &agents[1].figures);
    // 30 s after the first talk; 6 s after the second, when the phone rang again.
    assert_eq!((ann.wrap_up_s, bob.wrap_up_s), (Some(36), None));
    // Talk 700, ring 10 + 10 + 5, wrap-up 36; of two hours, ten minutes paused.
    let busy = 700.0 + 25.0 + 36.0;
    assert_eq!(ann.occupancy, Some(busy / (7200.0 - 600.0)));
    assert_eq!((ann.idle_s, bob.idle_s, bob.occupancy), (Some(6600 - 761), None, None));
    let by_hour = Filter { by: By::Hour, ..day.clone() };
    let wraps: Vec<Option<u64>> =
        history.agents(&by_hour).await.expect("answers").iter().map(|row| row.figures.wrap_up_s).collect();
    assert_eq!(wraps, [Some(10), Some(26), None], "split by the clock");
    let queues = history.queues(&day).await.expect("answers");
    assert_eq!(queues[0].figures.average_handle_time_s, Some((700.0 + 36.0) / 2.0));
    assert_eq!((queues[0].figures.wrap_up_s, queues[1].figures.wrap_up_s), (Some(36), Some(0)));
    let all = history.agents_together(&day).await.expect("answers").expect("figures");
    assert_eq!((all.wrap_up_s, all.occupancy), (Some(36), ann.occupancy));
    let together = history.queues_together(&day).await.expect("answers").expect("figures");
    assert_eq!(together.average_handle_time_s, Some((760.0 + 36.0) / 3.0));
}

#[tokio::test]
async fn occupancy_of_the_heatmap_is_that_of_the_agents_by_hour() {
    let (_dir, history) = history(busy_day()).await;
    wrapping(&history.store).await;
    let by_hour = Filter { by: By::Hour, metric: Metric::Occupancy, ..Filter::new(day(), day()) };
    let agents = history.agents(&by_hour).await.expect("answers");
    let figures: Vec<f64> = agents.iter().filter_map(|row| row.figures.occupancy).collect();
    let heat = history.heatmap(&by_hour, HeatOf::Agents).await.expect("answers");
    assert_eq!(heat.iter().filter_map(|row| row.value).collect::<Vec<_>>(), figures);
    assert_eq!(figures.len(), 2);
}

#[tokio::test]
async fn calls_outside_the_queues_that_found_an_agent_busy_stand_apart() {
    let mut rows = busy_day();
    rows.extend(story(&["08:50:05,1795337400.1,q1,PJSIP/109,RINGNOANSWER,0"]));
    let (_dir, history) = history(rows).await;
    let call = |uniqueid: &str, lastapp: &str, dstchannel: &str, disposition: &str| crate::store::CdrRow {
        start: parse_local("2026-11-22 08:15:00").expect("a time"),
        uniqueid: uniqueid.into(),
        linkedid: uniqueid.into(),
        src: "200".into(),
        dcontext: "internal".into(),
        dst: "109".into(),
        lastapp: lastapp.into(),
        lastdata: String::new(),
        disposition: disposition.into(),
        dstchannel: dstchannel.into(),
    };
    let rows = vec![
        call("1795335300.1", "Dial", "PJSIP/109-00000001", "BUSY"),
        call("1795335300.1", "Dial", "PJSIP/109-00000001", "BUSY"),
        call("1795335300.2", "Queue", "PJSIP/109-00000002", "BUSY"),
        call("1795335300.3", "AppDial2", "", "BUSY"),
        call("1795335300.4", "ChanSpy", "PJSIP/109-00000004", "BUSY"),
        call("1795335300.5", "Dial", "PJSIP/109-00000005", "ANSWERED"),
        call("1795335300.6", "Dial", "PJSIP/555-00000006", "BUSY"),
    ];
    history.store.apply_cdr(&pbx(), rows, None).await.expect("applies");
    let agents = history.agents(&Filter::new(day(), day())).await.expect("answers");
    let busy: Vec<(&str, u64)> =
        agents.iter().map(|row| (row.agent.as_str(), row.figures.busy_elsewhere)).collect();
    assert_eq!(busy, [("Ann", 0), ("Bob", 0), ("PJSIP/109", 1)]);
}

#[tokio::test]
async fn late_and_overlapping_hours_are_marked_in_the_heatmap() {
    let (_dir, history) = history(story(&[
        "08:00:00,1795334400.1,q1,NONE,ENTERQUEUE,|5|1",
        "08:00:10,1795334400.1,q1,Ann,CONNECT,10|u|5",
        "08:00:00,1795334400.2,q1,NONE,ENTERQUEUE,|5|1",
        "08:00:10,1795334400.2,q1,Ann,CONNECT,10|u|5",
        "08:59:10,1795334400.1,q1,Ann,COMPLETECALLER,10|3540|1",
        "08:59:20,1795334400.2,q1,Ann,COMPLETECALLER,10|3550|1",
        "12:00:00,1795348800.3,q1,NONE,ENTERQUEUE,|5|1",
    ]))
    .await;
    history.store.note_synced(&pbx(), 1_795_348_900).await.expect("notes");
    let mut late = story(&[
        "09:30:00,1795339800.3,q1,NONE,ENTERQUEUE,|5|1",
        "09:30:07,1795339800.3,q1,NONE,ABANDON,1|1|7",
    ]);
    late.iter_mut().for_each(|row| row.id += 100);
    let batch = |rows: Vec<LogRow>| Batch { pbx: pbx(), rows, oddities: BTreeMap::new(), cursor: Some(200) };
    history.store.apply_batch(batch(Vec::new())).await.expect("applies");
    late.iter_mut().for_each(|row| row.id += 100);
    history.store.apply_batch(batch(late)).await.expect("applies");
    let marks = |rows: Vec<HeatRow>| -> Vec<(i8, bool, bool)> {
        rows.into_iter().map(|row| (row.hour, row.overlapping, row.late)).collect()
    };
    let talk = Filter::new(day(), day());
    assert_eq!(marks(history.heatmap(&talk, HeatOf::Agents).await.expect("answers")), [(8, true, false)]);
    let his = Filter { agent: Some(AgentName::new("Ann")), ..talk.clone() };
    assert_eq!(marks(history.heatmap(&his, HeatOf::Together).await.expect("answers")), [(8, true, false)]);
    let calls = Filter { metric: Metric::Calls, ..talk.clone() };
    let all = marks(history.heatmap(&calls, HeatOf::Together).await.expect("answers"));
    assert_eq!(all, [(8, false, false), (9, false, true), (12, false, false)]);
    let other = Filter { queue: Some(QueueName::new("q2")), ..calls };
    assert_eq!(marks(history.heatmap(&other, HeatOf::Together).await.expect("answers")), []);
}
