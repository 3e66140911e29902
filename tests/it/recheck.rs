//! The check of a day against a real MariaDB: what is missing, and what the PBX has no more.

use asterflow::tasks::sync::check_day;
use jiff::civil::date;

use crate::history::Bench;

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_came_behind_our_back_are_found_by_the_check_of_their_day() {
    let bench = Bench::start(false).await;
    let lines = crate::history::queue_log_lines();
    let (held_out, first): (Vec<&str>, Vec<&str>) =
        lines.iter().copied().partition(|line| line.contains("\tABANDON\t") || line.contains("\tUNPAUSE\t"));
    assert!(held_out.len() > 3, "{held_out:?}");
    let load = |lines: &[&str]| crate::history::insert("queue_log", crate::history::QUEUE_LOG, lines);
    bench.maria.script(&load(&first)).await.expect("loads");
    // Ids far apart, so that the day has to be looked for.
    bench
        .maria
        .script("UPDATE asterisk.queue_log SET id = id * 1000 ORDER BY id DESC;")
        .await
        .expect("spreads");
    bench.sync().await;
    let day = date(2026, 11, 22);
    let check = || check_day(&bench.store, &bench.pbx, day);
    let report = check().await.expect("checks");
    assert_eq!((report.missing, report.wrong, report.gone), (0, 0, 0), "{report:?}");
    assert_eq!(report.rows, u64::try_from(first.len()).expect("a number"));
    bench.maria.script(&load(&held_out)).await.expect("loads");
    let report = check().await.expect("checks");
    assert_eq!((report.missing, report.wrong), (u64::try_from(held_out.len()).expect("a number"), 0));
    let vip = bench.queues_of_all_days().await.into_iter().find(|(queue, _)| queue == "vip").expect("vip");
    assert_eq!((vip.1.abandoned, vip.1.timed_out, vip.1.answered), (2, 2, 2));
    assert_eq!(check().await.expect("checks").missing, 0);
    // What the PBX tidied away is no difference.
    bench.maria.script("DELETE FROM asterisk.queue_log WHERE event = 'CONNECT';").await.expect("deletes");
    let report = check().await.expect("checks");
    assert_eq!((report.missing, report.wrong, report.gone), (0, 0, 18), "{report:?}");
    assert_eq!(report.sentence(), None);
    // Another day has nothing to do with it.
    let report = check_day(&bench.store, &bench.pbx, date(2026, 11, 20)).await.expect("checks");
    assert_eq!((report.rows, report.missing, report.cells), (0, 0, 0));
}
