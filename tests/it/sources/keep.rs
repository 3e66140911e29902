//! What is older than `keep` goes, and no reading brings it back.

use std::time::Duration;

use asterflow::store::VisitFilter;
use asterflow::tasks::sync::{check_day, purge};
use jiff::civil::date;

use super::calls::{calls, never_entered};
use super::past::{CALLS, FIRST, fill};
use super::{Shelf, figures};
use crate::history::Bench;

#[tokio::test(flavor = "multi_thread")]
async fn no_reading_brings_back_what_was_removed_and_its_sums_stay() {
    let bench = Bench::start(false).await;
    fill(&bench).await;
    bench.maria.script(&calls("cdr", 0, CALLS)).await.expect("fills");
    let shelf = Shelf::new();
    let (store, pbx) = (&shelf.store, &bench.pbx);
    shelf.sync(pbx).await;
    let history = asterflow::tasks::history::History::new(store.clone(), Default::default());
    let cells = async || store.cells(&pbx.name, 0, i64::MAX).await.expect("reads");
    let (before, known) = (cells().await, history.known_since(&pbx.name).await.expect("reads"));
    // Twenty of the forty days, by the clock that is behind: the log's may be a month older than the wall's.
    let log_clock = store.pbxs().await.expect("reads")[0].log_clock;
    let now = asterflow::clock::now().wall.as_second().min(log_clock + 30 * 86_400);
    let keep = Duration::from_secs(u64::try_from(now - FIRST - 20 * 86_400).expect("fits"));
    let edge = purge(store, &pbx.name, keep).await.expect("removes").expect("an edge");
    assert!((edge - FIRST - 20 * 86_400).abs() < 86_400, "{edge}");
    assert_eq!(edge % 86_400, 0);
    let visits = async || {
        let filter = VisitFilter { from: 0, to: i64::MAX, ..VisitFilter::default() };
        let visits = store.visits(&pbx.name, filter).await.expect("reads");
        assert!(visits.iter().all(|visit| visit.entered >= edge));
        visits.len()
    };
    let (left, never) = (visits().await, never_entered(store, pbx).await);
    assert!((3000..4000).contains(&left) && (300..400).contains(&never), "{left} {never}");
    assert_eq!(cells().await, before);
    assert_eq!(history.known_since(&pbx.name).await.expect("reads"), known);
    let first = history.kept_from(Some(&pbx.name)).await.expect("reads").expect("a date");
    assert_eq!(first, date(2026, 10, 29));
    // Read again from the beginning, as another table is: nothing comes back, and nothing counts twice.
    store.forget_reading(&pbx.name).await.expect("forgets");
    assert_eq!(shelf.sync(pbx).await.rows, 0);
    assert_eq!((visits().await, never_entered(store, pbx).await), (left, never));
    assert_eq!(cells().await, before);
    let figures_before = figures(store).await;
    // The days that are kept are found right.
    for day in [date(2026, 11, 1), date(2026, 11, 17)] {
        let report = check_day(store, pbx, day).await.expect("checks");
        assert!(!report.found(), "{report:?}");
    }
    assert_eq!(figures(store).await, figures_before);
    assert_eq!(purge(store, &pbx.name, keep).await.expect("removes"), Some(edge));
}
