use jiff::civil::date;

use super::*;
use crate::domain::history::cells::Subject;
use crate::domain::history::fixture::captured_rows;
use crate::domain::history::time_text::parse_local;

fn pbx() -> PbxName {
    PbxName::new("pbx")
}

async fn stored(rows: Vec<LogRow>, zone: &str) -> (tempfile::TempDir, Store) {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("opens");
    store.register_pbx(&pbx(), zone).await.expect("registers");
    let batch = Batch { pbx: pbx(), rows, oddities: BTreeMap::new(), cursor: Some(1) };
    store.apply_batch(batch).await.expect("applies");
    store.note_synced(&pbx(), 1).await.expect("notes");
    (dir, store)
}

async fn check(store: &Store, zone: &str, day: Date, rows: &[LogRow]) -> CheckReport {
    let zone = TimeZone::get(zone).expect("a zone");
    let mut check = Check::new(store.clone(), pbx(), zone, day);
    for some in rows.chunks(7) {
        check.take(some.to_vec()).await.expect("takes");
    }
    check.finish().await.expect("finishes")
}

async fn all(store: &Store) -> Cells {
    let cells = store.cells(&pbx(), 0, i64::MAX).await.expect("reads");
    cells.into_iter().map(|(subject, hour, cell)| ((subject, hour), cell)).collect()
}

const DAY: Date = date(2026, 11, 22);

/// Calls, pauses and logins that cross midnight of Berlin on both sides of the day.
fn crossing() -> Vec<LogRow> {
    let line = |(id, line): (i64, &&str)| {
        let words: Vec<&str> = line.split(',').collect();
        let mut data: [String; 5] = Default::default();
        data.iter_mut().zip(words[5].split('|')).for_each(|(slot, text)| *slot = text.into());
        LogRow {
            id,
            local: parse_local(&format!("2026-11-{}", words[0])).expect("a time"),
            callid: words[1].into(),
            queue: words[2].into(),
            agent: words[3].into(),
            event: words[4].into(),
            data: data.map(Into::into),
        }
    };
    let lines = [
        "21 22:00:00,MANAGER,q,Ann,ADDMEMBER,",
        "21 23:50:00,1795300000.1,q,NONE,ENTERQUEUE,|5|1",
        "21 23:58:00,1795300000.1,q,Ann,CONNECT,480|u|5",
        "22 01:10:00,1795300000.1,q,Ann,COMPLETECALLER,480|4320|1",
        "22 01:20:00,NONE,q,Ann,PAUSE,tea",
        "22 01:40:00,NONE,q,Ann,UNPAUSE,",
        "22 12:00:00,1795345200.2,q,NONE,ENTERQUEUE,|5|1",
        "22 12:00:09,1795345200.2,q,NONE,ABANDON,1|1|9",
        "22 23:30:00,1795386600.3,q,NONE,ENTERQUEUE,|5|1",
        "22 23:30:30,1795386600.3,q,Ann,CONNECT,30|u|5",
        "22 23:50:00,NONE,q2,Ann,PAUSE,night",
        "23 00:40:30,1795386600.3,q,Ann,COMPLETEAGENT,30|4200|1",
        "23 02:00:00,NONE,q2,Ann,UNPAUSE,",
        "23 09:00:00,MANAGER,q,Ann,REMOVEMEMBER,",
    ];
    (1..).zip(&lines).map(line).collect()
}

#[tokio::test]
async fn a_right_day_is_found_right_and_changes_nothing() {
    for (rows, zone) in [(captured_rows(), "UTC"), (crossing(), "Europe/Berlin")] {
        let (_dir, store) = stored(rows.clone(), zone).await;
        let before = all(&store).await;
        let report = check(&store, zone, DAY, &rows).await;
        assert_eq!((report.missing, report.wrong, report.gone), (0, 0, 0), "{zone}");
        assert!(report.cells > 5 && report.sentence().is_none(), "{report:?}");
        assert_eq!(all(&store).await, before);
    }
}

/// A second of the day's month.
const SOMETIME: i64 = 1_795_305_600;

/// What a fault changed, from what is right.
type Fault = fn(&Cells) -> Cells;

/// Takes the cells of some subjects away.
fn without(cells: &Cells, whose: impl Fn(&Subject) -> bool) -> Cells {
    let mut changes = Cells::new();
    for (key, cell) in cells.iter().filter(|((subject, _), _)| whose(subject)) {
        changes.entry(key.clone()).or_default().merge(cell, -1);
    }
    changes
}

#[tokio::test]
async fn a_corrupted_cell_is_found_and_mended() {
    let faults: [(&str, Fault); 4] = [
        ("the queue's are gone", |cells| without(cells, |own| own.queue == "q" && own.agent.is_empty())),
        ("an agent's are gone", |cells| without(cells, |own| own.agent == "Ann")),
        ("his are doubled", |cells| {
            let mut changes = Cells::new();
            for (key, cell) in without(cells, |own| own.agent == "Ann") {
                changes.entry(key).or_default().merge(&cell, -1);
            }
            changes
        }),
        ("somebody was never there", |cells| {
            let mut changes = Cells::new();
            for ((subject, hour), cell) in cells.iter().filter(|((own, _), _)| own.agent == "Ann") {
                let nobody = Subject { agent: "Nobody".into(), ..subject.clone() };
                changes.insert((nobody, *hour), cell.clone());
            }
            changes
        }),
    ];
    for (name, fault) in faults {
        let (_dir, store) = stored(crossing(), "Europe/Berlin").await;
        let before = all(&store).await;
        store.mend_cells(&pbx(), (SOMETIME, SOMETIME + 1), fault(&before)).await.expect("corrupts");
        assert_ne!(all(&store).await, before, "{name}");
        let mut wrong = 0;
        for day in [date(2026, 11, 21), DAY, date(2026, 11, 23), date(2026, 11, 24)] {
            let report = check(&store, "Europe/Berlin", day, &crossing()).await;
            wrong += report.wrong;
            assert_eq!(report.sentence().is_some(), report.wrong > 0, "{report:?}");
        }
        assert!(wrong > 0, "{name}");
        assert_eq!(all(&store).await, before, "{name}");
        assert_eq!(check(&store, "Europe/Berlin", DAY, &crossing()).await.wrong, 0, "{name}");
    }
}

#[tokio::test]
async fn a_wrong_sum_of_a_month_is_found_and_mended() {
    for sql in [
        "DELETE FROM month WHERE agent = 'Ann'",
        "UPDATE month SET cells = (SELECT cells FROM month WHERE queue = 'q') WHERE agent = 'Ann'",
        "INSERT INTO month SELECT pbx, month, 'Nobody', '', cells FROM month WHERE agent = 'Ann'",
    ] {
        let (_dir, store) = stored(crossing(), "Europe/Berlin").await;
        store.tamper(sql).await;
        assert_eq!(check(&store, "Europe/Berlin", DAY, &crossing()).await.wrong, 1, "{sql}");
        assert_eq!(check(&store, "Europe/Berlin", DAY, &crossing()).await.wrong, 0, "{sql}");
    }
}

#[tokio::test]
async fn a_corrupted_pause_or_login_is_found_mended_counted_and_said() {
    for (sql, wrong) in [
        ("DELETE FROM presence WHERE kind = 1 AND reason = 'tea'", 1),
        ("DELETE FROM presence WHERE kind = 2", 1),
        ("DELETE FROM presence", 3),
        ("UPDATE presence SET until = until + 1800 WHERE reason = 'night'", 1),
        ("UPDATE presence SET until = 0 WHERE kind = 2", 1),
        ("UPDATE presence SET start = start - 600 WHERE reason = 'tea'", 1),
        ("UPDATE presence SET reason = 'lunch' WHERE reason = 'tea'", 1),
        ("INSERT INTO presence SELECT pbx, 'Nobody', start, kind, queue, until, reason, marked FROM presence", 3),
        ("INSERT INTO presence SELECT pbx, agent, start + 7200, kind, queue, until + 7200, 'soup', marked FROM presence
          WHERE reason = 'tea'", 1),
    ] {
        // Whether the sums are as the rows have it, or as the fault does.
        for drifted in [false, true] {
            let (_dir, store) = stored(crossing(), "Europe/Berlin").await;
            let (right, presence) = (all(&store).await, presence(&store).await);
            store.tamper(sql).await;
            if drifted {
                store.mend_cells(&pbx(), (SOMETIME, SOMETIME + 1), as_stored(&store, &right).await).await.expect("corrupts");
            }
            let report = check(&store, "Europe/Berlin", DAY, &crossing()).await;
            assert_eq!((report.presence, report.missing), (wrong, 0), "{sql} {drifted}");
            let said = report.sentence().unwrap_or_default();
            let words = if wrong == 1 { "1 pause or login was wrong" } else { "3 pauses or logins were wrong" };
            assert!(said.contains(words), "{said}");
            assert_eq!(self::presence(&store).await, presence, "{sql} {drifted}");
            assert_eq!(all(&store).await, right, "{sql} {drifted}");
            let again = check(&store, "Europe/Berlin", DAY, &crossing()).await;
            assert!(!again.found(), "{sql} {again:?}");
            let mut checks = Checks::default();
            checks.take(report, 1);
            assert_eq!((checks.presence, checks.finding.is_some()), (wrong, true));
        }
    }
}

async fn presence(store: &Store) -> Vec<(AgentName, Interval)> {
    store.presence(&pbx(), 0, i64::MAX / 2, false).await.expect("reads")
}

/// The difference that sums would have which follow the stored pauses and logins.
async fn as_stored(store: &Store, right: &Cells) -> Cells {
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    let give = |intervals: Vec<(AgentName, Interval)>| {
        let mut given = Contributions::default();
        let mut agents: BTreeMap<AgentName, Vec<Interval>> = BTreeMap::new();
        intervals.into_iter().for_each(|(agent, interval)| agents.entry(agent).or_default().push(interval));
        agents.iter().for_each(|(agent, own)| given.add_intervals(&zone, agent, own, None));
        given.cells
    };
    let mut changes = give(presence(store).await);
    let (_dir, whole) = stored(crossing(), "Europe/Berlin").await;
    for (key, cell) in give(presence(&whole).await) {
        changes.entry(key).or_default().merge(&cell, -1);
    }
    assert!(!right.is_empty());
    changes.retain(|_, cell| !cell.is_empty());
    changes
}

#[tokio::test]
async fn a_row_that_is_missing_in_the_store_is_found_and_applied() {
    let (_whole, whole) = stored(crossing(), "Europe/Berlin").await;
    let right = all(&whole).await;
    for lost in 1..=13 {
        let rows = crossing();
        let kept: Vec<LogRow> = rows.iter().filter(|row| row.id != lost).cloned().collect();
        let (_dir, store) = stored(kept, "Europe/Berlin").await;
        let mut missing = 0;
        for day in [date(2026, 11, 21), DAY, date(2026, 11, 23), date(2026, 11, 24)] {
            missing += check(&store, "Europe/Berlin", day, &rows).await.missing;
        }
        assert_eq!((lost, missing), (lost, 1));
        assert_eq!(all(&store).await, right, "without row {lost}");
    }
}

#[tokio::test]
async fn what_is_found_missing_is_late() {
    let rows = crossing();
    let kept: Vec<LogRow> = rows.iter().filter(|row| row.id != 8).cloned().collect();
    let (_dir, store) = stored(kept, "Europe/Berlin").await;
    let report = check(&store, "Europe/Berlin", DAY, &rows).await;
    assert_eq!(report.missing, 1);
    let sentence = report.sentence().expect("a sentence");
    assert_eq!(sentence, "The hourly check found on 2026-11-22: 1 row was missing; this is mended now");
    let late = store.late_cells(&pbx(), 0, i64::MAX).await.expect("reads");
    assert_eq!(late.len(), 1, "{late:?}");
}

#[tokio::test]
async fn rows_that_the_pbx_has_no_more_are_no_difference() {
    let (_dir, store) = stored(crossing(), "Europe/Berlin").await;
    let before = all(&store).await;
    let left: Vec<LogRow> = crossing().into_iter().filter(|row| row.id > 8).collect();
    let report = check(&store, "Europe/Berlin", DAY, &left).await;
    assert_eq!((report.missing, report.wrong, report.gone), (0, 0, 2));
    assert!(report.sentence().is_none());
    assert_eq!(all(&store).await, before);
}

#[test]
fn one_recent_day_and_one_older_one_are_chosen() {
    let first = date(2026, 10, 1);
    for step in 0..=10 {
        let dice = f64::from(step) / 10.0;
        let days = choose_days(first, DAY, (dice, dice));
        assert_eq!(days.len(), 2);
        assert!(days[0] > date(2026, 11, 15) && days[0] <= DAY, "{days:?}");
        assert!(days[1] >= first && days[1] <= date(2026, 11, 15), "{days:?}");
    }
    assert_eq!(choose_days(DAY, DAY, (0.9, 0.9)), [DAY]);
    assert_eq!(choose_days(date(2026, 11, 23), DAY, (0.5, 0.5)), []);
}

#[test]
fn a_finding_is_said_for_a_day() {
    let report = CheckReport { day: DAY, rows: 10, missing: 2, cells: 5, wrong: 1, gone: 0, presence: 0 };
    let mut checks = Checks::default();
    checks.take(CheckReport { missing: 0, wrong: 0, ..report.clone() }, 50);
    assert_eq!((checks.sentence(60), checks.days), (None, 1));
    checks.take(report, 100);
    let said =
        "The hourly check found on 2026-11-22: 2 rows were missing and 1 sum was wrong; this is mended now";
    assert_eq!(checks.sentence(100 + 86_399).as_deref(), Some(said));
    assert_eq!(checks.sentence(100 + 86_400), None);
    assert_eq!((checks.days, checks.rows, checks.missing, checks.wrong), (2, 20, 2, 1));
}
