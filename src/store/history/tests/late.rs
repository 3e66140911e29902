//! Which cells are marked late.

use super::*;
use crate::domain::history::row::epoch_id;
use crate::domain::history::time_text::parse_local;

fn row(id: i64, time: &str, callid: &str, agent: &str, event: &str, data: &str) -> LogRow {
    let mut columns: [String; 5] = Default::default();
    columns.iter_mut().zip(data.split('|')).for_each(|(slot, text)| *slot = text.into());
    LogRow {
        id,
        local: parse_local(&format!("2026-11-22 {time}")).expect("a time"),
        callid: callid.into(),
        queue: "q".into(),
        agent: agent.into(),
        event: event.into(),
        data: columns.map(Into::into),
    }
}

/// A call at eight, and one at noon.
fn morning() -> Vec<LogRow> {
    vec![
        row(10, "08:00:00", "1795334400.1", "NONE", "ENTERQUEUE", "|5|1"),
        row(11, "08:00:10", "1795334400.1", "Ann", "CONNECT", "10|u|5"),
        row(12, "08:10:10", "1795334400.1", "Ann", "COMPLETECALLER", "10|600|1"),
        row(13, "12:00:00", "1795348800.2", "NONE", "ENTERQUEUE", "|5|1"),
    ]
}

/// Queue, agent and clock hour (UTC) of the late cells.
async fn late(store: &Store) -> Vec<(String, String, i64)> {
    let cells = store.late_cells(&pbx(), 0, i64::MAX).await.expect("reads");
    cells.into_iter().map(|(own, hour)| (own.queue, own.agent, hour / 3600 % 24)).collect()
}

async fn synced(store: &Store, rows: &[LogRow]) {
    take(store, rows, 2).await;
    store.note_synced(&pbx(), 1_795_348_900).await.expect("notes");
}

#[tokio::test]
async fn the_first_synchronisation_marks_nothing_whatever_the_order_of_times() {
    let (_dir, store) = empty("UTC").await;
    let mut rows = morning();
    rows.swap(0, 3);
    rows.iter_mut().zip(10..).for_each(|(row, id)| row.id = id);
    synced(&store, &rows).await;
    assert_eq!(late(&store).await, []);
}

#[tokio::test]
async fn a_row_that_comes_hours_late_marks_the_cells_it_changed() {
    let (_dir, store) = empty("UTC").await;
    synced(&store, &morning()).await;
    let abandoned = [
        row(14, "09:30:00", "1795339800.3", "NONE", "ENTERQUEUE", "|5|1"),
        row(15, "09:30:07", "1795339800.3", "NONE", "ABANDON", "1|1|7"),
    ];
    synced(&store, &abandoned).await;
    assert_eq!(late(&store).await, [("q".into(), String::new(), 9)]);
    // An end row tells of a talk that began an hour earlier.
    let ended = [
        row(16, "10:20:10", "1795342800.4", "Ann", "CONNECT", "10|u|5"),
        row(17, "11:00:10", "1795342800.4", "Ann", "COMPLETECALLER", "10|2400|1"),
    ];
    synced(&store, &ended).await;
    let marked: Vec<(String, String, i64)> = late(&store).await;
    assert!(marked.contains(&("q".into(), "Ann".into(), 10)), "{marked:?}");
    assert!(!marked.iter().any(|(.., hour)| [8, 12].contains(hour)), "{marked:?}");
}

#[tokio::test]
async fn what_is_on_time_or_from_below_or_known_marks_nothing() {
    let (_dir, store) = empty("UTC").await;
    synced(&store, &morning()).await;
    // On time, though its talk reaches back over two hours.
    let on_time = [row(14, "12:10:00", "1795340000.5", "Bob", "COMPLETECALLER", "5|9000|1")];
    synced(&store, &on_time).await;
    // Read again.
    synced(&store, &morning()).await;
    // From a file.
    let imported = vec![row(-5, "07:10:00", "1795331400.7", "NONE", "ENTERQUEUE", "|5|1")];
    store.apply_batch(Batch { cursor: None, ..batch(&imported) }).await.expect("applies");
    assert_eq!(late(&store).await, []);
}

#[tokio::test]
async fn catching_up_after_a_pause_marks_nothing() {
    let (_dir, store) = empty("UTC").await;
    synced(&store, &morning()).await;
    let later = [
        row(14, "15:00:00", "1795359600.8", "NONE", "ENTERQUEUE", "|5|1"),
        row(15, "15:00:09", "1795359600.8", "NONE", "ABANDON", "1|1|9"),
        row(16, "19:00:00", "1795374000.9", "NONE", "ENTERQUEUE", "|5|1"),
        row(17, "19:00:09", "1795374000.9", "NONE", "ABANDON", "1|1|9"),
    ];
    synced(&store, &later).await;
    assert_eq!(late(&store).await, []);
}

#[tokio::test]
async fn a_late_end_of_a_pause_marks_the_agents_hours() {
    let (_dir, store) = empty("UTC").await;
    let mut rows = morning();
    rows.push(row(14, "08:20:00", "NONE", "Ann", "PAUSE", "tea"));
    rows.push(row(15, "12:30:00", "1795350600.4", "NONE", "ENTERQUEUE", "|5|1"));
    synced(&store, &rows).await;
    assert_eq!(late(&store).await, []);
    synced(&store, &[row(16, "08:50:00", "NONE", "Ann", "UNPAUSE", "")]).await;
    assert_eq!(late(&store).await, [(String::new(), "Ann".into(), 8), ("q".into(), "Ann".into(), 8)]);
}

#[tokio::test]
async fn reading_the_past_marks_nothing_down_to_where_it_is_read() {
    let (_dir, store) = empty("UTC").await;
    synced(&store, &morning()).await;
    // Read down to six o'clock.
    let sql = "INSERT INTO cursor (pbx, source, position) SELECT id, 'queue_log.older_local', log_local - 6 * 3600 FROM pbx";
    store.tamper(sql).await;
    synced(&store, &[row(3, "05:50:00", "1795326600.6", "NONE", "ENTERQUEUE", "|5|1")]).await;
    assert_eq!(late(&store).await, []);
    synced(&store, &[row(20, "09:50:00", "1795341000.6", "NONE", "ENTERQUEUE", "|5|1")]).await;
    assert_eq!(late(&store).await, [("q".into(), String::new(), 9)]);
}

#[tokio::test]
async fn rows_of_a_table_that_tells_instants_are_late_and_those_of_a_file_are_not() {
    // A table without a zone: instants, and the clock that goes with them.
    let epoch = |row: LogRow| LogRow { id: epoch_id(civil_second(row.local), row.id), ..row };
    let reading = Reading { kind: 2, newest: 9, mark: 1, ..Reading::default() };
    let call = || {
        [
            row(14, "09:30:00", "1795339800.3", "NONE", "ENTERQUEUE", "|5|1"),
            row(15, "09:30:07", "1795339800.3", "NONE", "ABANDON", "1|1|7"),
        ]
        .map(epoch)
    };
    let expect = [("q".to_owned(), String::new(), 9)];
    for how in 0..3 {
        let (_dir, store) = empty("UTC").await;
        let rows: Vec<LogRow> = morning().into_iter().map(epoch).collect();
        store.apply_reading(Batch { cursor: None, ..batch(&rows) }, reading).await.expect("applies");
        store.note_synced(&pbx(), 1_795_348_900).await.expect("notes");
        assert_eq!(late(&store).await, []);
        let late_call = Batch { cursor: None, ..batch(&call()) };
        match how {
            0 => store.apply_reading(late_call, reading).await.map(drop),
            1 => store.apply_of_table(late_call).await.map(drop),
            _ => store.apply_batch(late_call).await.map(drop),
        }
        .expect("applies");
        assert_eq!(late(&store).await, expect[..usize::from(how < 2)], "{how}");
    }
}
