//! What is older than is kept goes; the sums stay as they are.

use super::*;
use crate::domain::history::cell_pack::Flat;
use crate::domain::history::cells::{Cell, Subject};
use crate::domain::time::Hour;

const ZONE: &str = "Europe/Berlin";
/// The first second of the rows, 30 September 2026 in UTC.
const FIRST: i64 = 1_790_726_400;
const DAY: i64 = 86_400;
/// Days with rows.
const DAYS: i64 = 75;

/// Calls by day, some without a time in their callids and some of phones; pauses, and logins that last for weeks.
fn rows() -> Vec<LogRow> {
    let mut lines: Vec<(i64, String, &str, String, &str, String)> = Vec::new();
    for day in 0..DAYS {
        let midnight = FIRST + day * DAY;
        for n in 0..4 {
            // The last one crosses the midnight of UTC.
            let at = midnight + 20_000 + n * 22_000;
            let callid = if n == 1 { format!("fax-{day}") } else { format!("{at}.{n}") };
            let agent = if n == 2 { "PJSIP/7".to_owned() } else { format!("Agent {}", day % 3) };
            lines.push((at, callid.clone(), "q", "NONE".into(), "ENTERQUEUE", "|5|1".into()));
            lines.push((at + 12, callid.clone(), "q", agent.clone(), "CONNECT", "12|u|4".into()));
            lines.push((at + 912, callid, "q", agent.clone(), "COMPLETEAGENT", "12|900|1".into()));
            lines.push((at + 1000, "NONE".into(), "q", agent.clone(), "PAUSE", "tea".into()));
            lines.push((at + 1600, "NONE".into(), "q", agent, "UNPAUSE", String::new()));
        }
        if day % 20 == 3 {
            lines.push((midnight + 50, "MANAGER".into(), "q", "Agent 1".into(), "ADDMEMBER", String::new()));
        }
        if day % 20 == 19 {
            lines.push((
                midnight + 70,
                "MANAGER".into(),
                "q",
                "Agent 1".into(),
                "REMOVEMEMBER",
                String::new(),
            ));
        }
    }
    let row =
        |(id, (at, callid, queue, agent, event, data)): (i64, (i64, String, &str, String, &str, String))| {
            let zone = zone_of(ZONE).expect("a zone");
            let mut columns: [String; 5] = Default::default();
            columns.iter_mut().zip(data.split('|')).for_each(|(slot, text)| *slot = text.into());
            let local = local(&zone, at);
            let [callid, agent] = [callid, agent].map(Into::into);
            let data = columns.map(Into::into);
            LogRow { id, local, callid, queue: queue.into(), agent, event: event.into(), data }
        };
    (1..).zip(lines).map(row).collect()
}

async fn filled() -> (tempfile::TempDir, Store) {
    let (dir, store) = empty(ZONE).await;
    take(&store, &rows(), 100).await;
    let call = |at: i64, word: &str| CdrRow {
        start: local(&zone_of(ZONE).expect("a zone"), at),
        uniqueid: format!("{at}.77"),
        linkedid: format!("{at}.77"),
        src: "5".into(),
        dcontext: "in".into(),
        dst: "1".into(),
        lastapp: if word == "BUSY" { "Dial" } else { "Queue" }.into(),
        lastdata: "q".into(),
        disposition: word.into(),
        dstchannel: "PJSIP/7-1".into(),
    };
    let calls =
        (0..DAYS).flat_map(|day| [call(FIRST + day * DAY + 5, "BUSY"), call(FIRST + day * DAY + 9, "")]);
    store.apply_cdr(&pbx(), calls.collect(), None).await.expect("applies");
    (dir, store)
}

async fn purge(store: &Store, before: i64) -> i64 {
    let mut edges = Vec::new();
    while let Some(edge) = store.keep_from(&pbx(), before).await.expect("moves") {
        edges.push(edge);
        let mut what = Some(Purge::default());
        while let Some(next) = what {
            what = store.purge(&pbx(), next).await.expect("removes");
        }
    }
    assert!(edges.windows(2).all(|two| two[1] > two[0] && two[1] - two[0] <= 30 * DAY), "{edges:?}");
    store.kept_from(&pbx()).await.expect("reads").expect("an edge")
}

async fn cells(store: &Store) -> Vec<(Subject, Hour, Cell)> {
    store.cells(&pbx(), 0, i64::MAX).await.expect("reads")
}

/// What hours and months sum up to, by subject.
async fn sums(store: &Store, of_months: bool) -> BTreeMap<Subject, Cell> {
    let span = (FIRST - 40 * DAY, FIRST + 200 * DAY);
    let add = |sums: &mut BTreeMap<Subject, Cell>, subject, cell: Cell| {
        sums.entry(subject).or_default().merge(&cell, 1)
    };
    if of_months {
        let step = move |sums: &mut BTreeMap<Subject, Cell>, part: crate::store::Packed<'_>| {
            let mut flat = Flat::default();
            flat.add_packed(part.sums)?;
            let own = Subject { queue: part.queue.to_owned(), agent: part.agent.to_owned() };
            sums.entry(own).or_default().merge(&flat.cell()?, part.times);
            Ok(())
        };
        return store.fold_packed(&pbx(), span, (CellsOf::All, false), step).await.expect("reads");
    }
    store
        .fold_cells(&pbx(), span, CellsOf::All, move |sums, own, _, cell| add(sums, own, cell))
        .await
        .expect("reads")
}

async fn count(store: &Store, sql: &'static str, before: i64) -> i64 {
    store.read(move |db| Ok(db.query_row(sql, params![before], |row| row.get(0))?)).await.expect("counts")
}

/// Every table, with what in it would be older than the edge. (A login that reaches over it keeps its first row.)
const OLD: &[&str] = &[
    "SELECT count(*) FROM segment WHERE bucket >= 0 AND bucket * 600 < ?1",
    "SELECT count(*) FROM agent_row WHERE local < ?1 AND event <> 'ADDMEMBER'",
    "SELECT max(0, count(*) - 1) FROM agent_row WHERE local < ?1",
    "SELECT count(*) FROM presence WHERE start < ?1 AND until <> 0 AND until <= ?1",
    "SELECT count(*) FROM span WHERE day * 86400 < ?1",
    "SELECT count(*) FROM loose WHERE at < ?1",
    "SELECT count(*) FROM pending WHERE last < ?1",
    "SELECT count(*) FROM leg WHERE connected < ?1",
    "SELECT count(*) FROM cdr_call WHERE start < ?1",
    "SELECT count(*) FROM busy_call WHERE start < ?1",
    "SELECT count(*) FROM mention WHERE CAST(callid AS INTEGER) BETWEEN 1000 AND ?1 - 1",
    "SELECT count(*) FROM hint WHERE id < (?1 - 1790726400) / 86400 * 20",
];

#[tokio::test]
async fn every_table_but_the_sums_forgets_what_is_older() {
    let (_dir, store) = filled().await;
    let before = cells(&store).await;
    let months = sums(&store, true).await;
    let edge = purge(&store, FIRST + 60 * DAY + 4000).await;
    assert_eq!(edge, FIRST + 60 * DAY);
    for sql in OLD {
        assert_eq!(count(&store, sql, edge).await, 0, "{sql}");
        assert!(
            count(&store, sql, i64::MAX / 1000).await > 0
                || sql.contains("loose")
                || sql.contains("pending")
                || sql.contains("leg")
                || sql.contains("hint"),
            "{sql} says nothing"
        );
    }
    let visits = VisitFilter { from: 0, to: i64::MAX, ..VisitFilter::default() };
    let visits = store.visits(&pbx(), visits).await.expect("reads");
    assert_eq!(visits.len(), 4 * 15);
    assert!(visits.iter().all(|visit| visit.entered >= edge));
    assert_eq!(cells(&store).await, before);
    assert_eq!((sums(&store, true).await, sums(&store, false).await), (months.clone(), months));
    // There is no way back, and nothing twice.
    assert_eq!(store.keep_from(&pbx(), FIRST + 10 * DAY).await.expect("stays"), None);
    assert_eq!(store.kept_from(&pbx()).await.expect("reads"), Some(edge));
}

#[tokio::test]
async fn what_was_removed_is_not_taken_in_again() {
    let (_dir, store) = filled().await;
    let before = cells(&store).await;
    let edge = purge(&store, FIRST + 40 * DAY).await;
    let after: Vec<Vec<Value>> = dump(&store).await;
    let applied = store.apply_batch(batch(&rows())).await.expect("applies");
    // Five rows a call, four calls a day, and the logins; but for a pause after the last one, which lies behind the edge.
    assert_eq!((applied.rows, applied.too_old), (0, 40 * 20 + 4 - 2));
    assert_eq!(cells(&store).await, before);
    assert_eq!(dump(&store).await, after);
    assert_eq!(
        count(&store, "SELECT count(*) FROM agent_row WHERE local < ?1 AND event = 'PAUSE'", edge).await,
        0
    );
    // What is new still counts.
    let new = LogRow {
        id: 99_999,
        callid: "1797300000.1".into(),
        local: local(&zone_of(ZONE).expect("a zone"), 1_797_300_000),
        ..rows()[0].clone()
    };
    assert_eq!(store.apply_batch(batch(&[new])).await.expect("applies").rows, 1);
}

async fn dump(store: &Store) -> Vec<Vec<Value>> {
    let mut all = Vec::new();
    for table in
        ["segment", "agent_row", "presence", "span", "day", "month", "mention", "cdr_call", "busy_call"]
    {
        let sql = format!("SELECT * FROM {table}");
        let rows = store
            .read(move |db| {
                let mut statement = db.prepare(&sql)?;
                let columns = statement.column_count();
                let rows = statement.query_map([], |row| {
                    (0..columns).map(|at| row.get(at)).collect::<Result<Vec<Value>, _>>()
                })?;
                Ok(rows.collect::<Result<Vec<_>, _>>()?)
            })
            .await;
        all.extend(rows.expect("reads"));
    }
    all
}

#[tokio::test]
async fn a_history_that_is_made_anew_keeps_the_sums_of_what_was_removed() {
    let (_dir, store) = filled().await;
    let before = cells(&store).await;
    let edge = purge(&store, FIRST + 40 * DAY).await;
    store.rebuild_history(&pbx()).await.expect("rebuilds");
    let after = cells(&store).await;
    let upto = |cells: &[(Subject, Hour, Cell)], to: i64| {
        cells.iter().filter(|(_, hour, _)| hour.start < to).cloned().collect::<Vec<_>>()
    };
    assert_eq!(upto(&after, edge), upto(&before, edge));
    // The call that crossed the edge is gone from the first hours after it; everything else is the same.
    let from = |cells: &[(Subject, Hour, Cell)]| {
        cells.iter().filter(|(_, hour, _)| hour.start >= edge + 7200).cloned().collect::<Vec<_>>()
    };
    assert_eq!(from(&after), from(&before));
    assert_eq!(sums(&store, true).await, sums(&store, false).await);
    assert_eq!(after.len(), before.len());
}

#[tokio::test]
async fn a_login_that_reaches_over_the_edge_is_folded_as_it_was() {
    let (_dir, store) = filled().await;
    // Day 43 to day 59.
    let edge = purge(&store, FIRST + 50 * DAY).await;
    let reaching = store.presence(&pbx(), edge, edge + 1, false).await.expect("reads");
    assert_eq!(reaching.len(), 1, "{reaching:?}");
    let before = cells(&store).await;
    let now = jiff::Timestamp::from_second(edge).expect("a time");
    let actor = crate::domain::account::Actor::console();
    // Another name for the agent's phone, and back: everything of his is folded again.
    for (agent, changes) in [("Agent 1", true), ("Agent 2", true)] {
        let changed = store.set_identity(now, &actor, &pbx(), ("PJSIP/7", 0, agent)).await.expect("sets");
        assert_eq!(changed, changes);
    }
    store.remove_identity(now, &actor, &pbx(), "PJSIP/7", None).await.expect("removes");
    assert_eq!(cells(&store).await, before);
}
