//! What is kept in memory is never older than the store, and there is never too much of it.

use super::*;
use crate::domain::history::row::LogRow;

fn call(number: i64, at: &str, talk: i64) -> Vec<LogRow> {
    let callid = format!("{}.{number}", 1_795_330_000 + number);
    let rows = [
        (at.to_owned(), "NONE", "ENTERQUEUE", "|5|1".to_owned()),
        (at.to_owned(), "Ann", "CONNECT", "0|u|0".to_owned()),
        (at.to_owned(), "Ann", "COMPLETEAGENT", format!("0|{talk}|1")),
    ];
    rows.into_iter()
        .zip(number * 10..)
        .map(|((at, agent, event, fields), id)| {
            let mut data: [smol_str::SmolStr; 5] = Default::default();
            data.iter_mut().zip(fields.split('|')).for_each(|(slot, text)| *slot = text.into());
            let mut local = parse_local(&at).expect("a time");
            if event == "COMPLETEAGENT" {
                local = local.checked_add(jiff::Span::new().seconds(talk)).expect("a time");
            }
            LogRow {
                id,
                local,
                callid: callid.as_str().into(),
                queue: "q".into(),
                agent: agent.into(),
                event: event.into(),
                data: data.map(Into::into),
            }
        })
        .collect()
}

async fn take(history: &History, rows: Vec<LogRow>) {
    let batch = Batch { pbx: pbx(), rows, oddities: BTreeMap::new(), cursor: None };
    history.store.apply_batch(batch).await.expect("applies");
}

async fn values(history: &History, filter: &Filter) -> Vec<(i8, Option<f64>, bool)> {
    let rows = history.heatmap(filter, HeatOf::Together).await.expect("answers");
    rows.into_iter().map(|row| (row.hour, row.value, row.late)).collect()
}

#[tokio::test]
async fn a_write_is_seen_by_the_very_next_read() {
    let (_dir, history) = history(call(1, "2026-11-22 09:00:00", 60)).await;
    let talk = Filter::new(date(2026, 11, 20), date(2026, 11, 23));
    let calls = Filter { metric: Metric::Calls, ..talk.clone() };
    let level = Filter { metric: Metric::ServiceLevel, service_level: None, ..talk.clone() };
    assert_eq!(values(&history, &talk).await, [(9, Some(60.0), false)]);
    assert_eq!(values(&history, &calls).await, [(9, Some(1.0), false)]);
    assert_eq!(values(&history, &level).await, [(9, Some(1.0), false)]);
    // The running hour, and another one of another day; asked of a clone, as the wall and the web page have it.
    for number in 2..6 {
        take(&history, call(number, "2026-11-22 09:10:00", 30)).await;
        let seconds = 60.0 + 30.0 * f64::from(i32::try_from(number).expect("small") - 1);
        assert_eq!(values(&history.clone(), &talk).await, [(9, Some(seconds), false)]);
    }
    take(&history, call(7, "2026-11-20 10:00:00", 5)).await;
    assert_eq!(values(&history, &talk).await, [(10, Some(5.0), false), (9, Some(180.0), false)]);
    assert_eq!(values(&history, &calls).await, [(10, Some(1.0), false), (9, Some(5.0), false)]);
    // Queues' own thresholds judge all days.
    let slow = call(8, "2026-11-22 11:00:00", 5).into_iter().map(|mut row| {
        if row.event != "ENTERQUEUE" {
            row.local = row.local.checked_add(jiff::Span::new().seconds(12)).expect("a time");
            row.data[0] = "12".into();
        }
        row
    });
    take(&history, slow.collect()).await;
    assert_eq!(values(&history, &level).await.last(), Some(&(11, Some(1.0), false)));
    let levels = BTreeMap::from([("q".to_owned(), 10)]);
    history.store.set_service_levels(&pbx(), levels).await.expect("sets");
    assert_eq!(values(&history, &level).await.last(), Some(&(11, Some(0.0), false)));
    // A late row marks its hour, though the value may stay.
    history.store.note_synced(&pbx(), 1).await.expect("notes");
    take(&history, vec![]).await;
    assert!(values(&history, &calls).await.iter().all(|(.., late)| !late));
    let batch = Batch { pbx: pbx(), rows: vec![], oddities: BTreeMap::new(), cursor: Some(1) };
    history.store.apply_batch(batch).await.expect("applies");
    take(&history, call(9, "2026-11-20 10:30:00", 5)).await;
    assert_eq!(values(&history, &calls).await[0], (10, Some(2.0), true));
}

#[tokio::test]
async fn what_is_kept_in_memory_has_a_bound() {
    let (_dir, history) = history(call(1, "2026-11-22 09:00:00", 60)).await;
    let mut most = 0;
    for agent in 0..200 {
        let filter = Filter {
            agent: Some(AgentName::new(format!("A{agent}"))),
            ..Filter::new(date(2026, 6, 1), date(2026, 11, 23))
        };
        history.heatmap(&filter, HeatOf::Together).await.expect("answers");
        most = most.max(history.hot.weight());
    }
    assert!((10_000..=20_000).contains(&most), "{most}");
    assert!(history.hot.weight() > 5_000);
}
