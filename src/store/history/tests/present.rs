//! What pages read of pauses and logins is what the table holds, and reading costs no more than it must.

use rusqlite::StatementStatus;

use super::super::{presence, present};
use super::*;

/// Intervals of five agents over twenty days: some lasting, some that go on, some whose end was not logged.
async fn fill(store: &Store) {
    store
        .write(|db| {
            let mut random = 7_u64;
            let mut below = |limit: i64| {
                random =
                    random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                (random >> 33).cast_signed() % limit
            };
            let insert =
                "INSERT OR IGNORE INTO presence (pbx, agent, start, kind, queue, until, reason, marked)
                          VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7)";
            for _ in 0..600 {
                let (agent, start) = (format!("A{}", below(5)), below(20 * 86_400));
                let until = match below(20) {
                    0 => 0,
                    1 => start + below(6 * 86_400),
                    2 => start + 200_000 + below(3) - 1,
                    _ => start + below(7200),
                };
                let (queue, reason) = (
                    ["*", "q", "r"][below(3).unsigned_abs() as usize],
                    ["", "Lunch"][below(2).unsigned_abs() as usize],
                );
                db.prepare_cached(insert)?.execute(params![
                    agent,
                    start,
                    1 + below(2),
                    queue,
                    until,
                    reason,
                    below(6) == 0
                ])?;
            }
            Ok(())
        })
        .await
        .expect("fills");
}

#[tokio::test]
async fn pauses_read_from_the_index_are_those_of_the_table() {
    let (_dir, store) = empty("UTC").await;
    fill(&store).await;
    let (mut many, mut marked) = (0, 0);
    for (from, to) in
        [(0, 20 * 86_400), (10 * 86_400, 10 * 86_400), (9 * 86_400, i64::MAX), (300_000, 400_000)]
    {
        let both = move |scope: &Scope<'_>| {
            Ok((presence::around(scope, from, to)?, present::around_with_marks(scope, (from, to))?))
        };
        let (mut table, index) = store.of(&pbx(), both).await.expect("reads");
        let mut sorted = index.clone();
        assert!(index.is_sorted_by(|(one, own), (other, its)| (one, own.start) <= (other, its.start)));
        table.sort();
        sorted.sort();
        assert_eq!(sorted, table, "{from} to {to}");
        many += table.len();
        marked += table.iter().filter(|(_, interval)| interval.marked).count();
    }
    assert!(many > 300 && marked > 50, "{many}, {marked} of them marked");
}

#[tokio::test]
async fn statements_are_not_prepared_anew_each_time() {
    let (_dir, store) = empty("UTC").await;
    let again = |db: &Connection| {
        let mut statement = db.prepare_cached("SELECT min(day) FROM day WHERE pbx = ?1")?;
        for pbx in [1, 2, 3] {
            statement.query_row(params![pbx], |row| row.get::<_, Option<i64>>(0))?;
        }
        Ok(statement.get_status(StatementStatus::RePrepare))
    };
    assert_eq!(store.read(again).await.expect("reads"), 0);
    assert_eq!(store.write(move |db| again(db)).await.expect("reads"), 0);
}
