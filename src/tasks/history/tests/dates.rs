//! Calls and wrap-up are kept in memory by date, and are never older than the store.

use super::*;
use crate::domain::history::query::QueueRow;
use crate::domain::history::row::tests::row;
use crate::domain::history::work::WrapUpTimes;

/// A caller who gives up after 30 s in each of the queues.
fn gives_up(id: i64, date: &str, callid: &str, stays: &[(&str, &str)]) -> Vec<LogRow> {
    let rows = stays.iter().zip(0_i64..).flat_map(|((at, queue), n)| {
        let (enter, leave) = (format!("{date} {at}:00"), format!("{date} {at}:30"));
        [
            row(id + n * 2, &enter, callid, queue, "NONE", "ENTERQUEUE", "|5|1"),
            row(id + n * 2 + 1, &leave, callid, queue, "NONE", "ABANDON", "1|1|30"),
        ]
    });
    rows.collect()
}

/// A call that Ann takes at once, for five minutes.
fn answered(id: i64, date: &str, at: &str, callid: &str, queue: &str) -> Vec<LogRow> {
    let start = format!("{date} {at}:00");
    let end = parse_local(&start).expect("a time").checked_add(jiff::Span::new().minutes(5)).expect("a time");
    let mut rows = vec![
        row(id, &start, callid, queue, "NONE", "ENTERQUEUE", "|5|1"),
        row(id + 1, &start, callid, queue, "Ann", "CONNECT", "0|u|0"),
        row(id + 2, &start, callid, queue, "Ann", "COMPLETEAGENT", "0|300|1"),
    ];
    rows[2].local = end;
    rows
}

struct Both {
    kept: History,
    rows: usize,
}

impl Both {
    fn anew(&self) -> History {
        History::new(self.kept.store.clone(), self.kept.thresholds)
    }

    /// Takes rows in, and holds what is kept against what is made anew.
    async fn take(&mut self, rows: Vec<LogRow>) -> Vec<QueueRow> {
        let batch = Batch { pbx: pbx(), rows, oddities: BTreeMap::new(), cursor: None };
        self.kept.store.apply_batch(batch).await.expect("applies");
        self.check().await
    }

    /// The calls by hour.
    async fn check(&mut self) -> Vec<QueueRow> {
        let mut calls = Vec::new();
        for count in [Count::Visits, Count::Calls] {
            for queue in [Some(QueueName::new("Sales")), None] {
                let filter = Filter {
                    count,
                    queue,
                    by: By::Hour,
                    ..Filter::new(date(2026, 11, 1), date(2026, 11, 30))
                };
                // A clone, as the wall and the web page have it.
                calls = self.kept.clone().queues(&filter).await.expect("answers");
                assert_eq!(calls, self.anew().queues(&filter).await.expect("answers"), "{filter:?}");
                self.rows += calls.len();
            }
        }
        calls
    }
}

async fn both(rows: Vec<LogRow>) -> (tempfile::TempDir, Both) {
    let (dir, history) = history(rows).await;
    let thresholds = Thresholds { wrap_up_s: 40, ..history.thresholds };
    (dir, Both { kept: History::new(history.store.clone(), thresholds), rows: 0 })
}

#[tokio::test]
async fn each_write_is_seen_by_the_very_next_answer() {
    let (_dir, mut both) = both(answered(1, "2026-11-22", "09:00", "1795338000.1", "sales")).await;
    let first = both.check().await;
    assert_eq!((first.len(), first[0].figures.wrap_up_s), (1, Some(40)));
    for n in 2..6 {
        let callid = format!("179533800{n}.{n}");
        both.take(answered(n * 10, "2026-11-20", &format!("1{n}:00"), &callid, "support")).await;
        both.take(gives_up(
            n * 10 + 5,
            "2026-11-22",
            &format!("{callid}9"),
            &[("12:00", "sales"), ("12:01", "vip")],
        ))
        .await;
    }
    // The next ring ends the wrap-up of a talk of the day before.
    both.take(answered(100, "2026-11-10", "23:54", "1794350000.1", "sales")).await;
    let late = answered(110, "2026-11-10", "23:56", "1794350100.1", "vip");
    let before = both.take(late).await;
    let ring = row(120, "2026-11-11 00:01:10", "1794350200.1", "vip", "Ann", "RINGNOANSWER", "1000");
    let enter = row(119, "2026-11-11 00:01:00", "1794350200.1", "vip", "NONE", "ENTERQUEUE", "|5|1");
    let after = both.take(vec![enter, ring]).await;
    let wrap_up = |rows: &[QueueRow]| rows.iter().filter_map(|row| row.figures.wrap_up_s).sum::<u64>();
    assert_eq!(wrap_up(&before) - wrap_up(&after), 40 - 9);
    // For how long they wrap up is judged anew for all dates.
    let times = WrapUpTimes { queues: BTreeMap::from([("sales".to_owned(), 7)]), ..WrapUpTimes::default() };
    both.kept.store.set_wrap_ups(&pbx(), times).await.expect("sets");
    assert!(wrap_up(&both.check().await) < wrap_up(&after));
    assert!(both.rows > 100);
}

#[tokio::test]
async fn visits_that_change_where_no_sum_does_are_seen_too() {
    // Who entered sales first is known only when the row of that comes.
    let mut rows = gives_up(1, "2026-11-22", "1795338000.1", &[("10:02", "sales"), ("10:01", "vip")]);
    rows[0].local = parse_local("2026-11-22 10:00:50").expect("a time");
    let late = rows.remove(0);
    let (_dir, mut both) = both(rows).await;
    let queue = |rows: Vec<QueueRow>| rows.iter().map(|row| row.queue.to_string()).collect::<Vec<_>>();
    assert_eq!(queue(both.check().await), ["vip"]);
    let visits = Filter::new(day(), day());
    let sums = both.kept.queues(&visits).await.expect("answers");
    assert_eq!(queue(both.take(vec![late]).await), ["sales"]);
    assert_eq!(both.kept.queues(&visits).await.expect("answers"), sums, "the sums of visits stay");
}

#[tokio::test]
async fn a_call_depends_on_its_own_date_alone() {
    let callid = "1794900000.1";
    let mut rows = gives_up(1, "2026-11-18", callid, &[("10:00", "sales")]);
    rows.extend(gives_up(10, "2026-11-19", callid, &[("23:00", "vip")]));
    rows.extend(gives_up(20, "2026-11-23", callid, &[("11:00", "support")]));
    let (_dir, mut both) = both(rows).await;
    let calls: Vec<(String, u64)> =
        both.check().await.iter().map(|row| (row.queue.to_string(), row.figures.offered)).collect();
    assert_eq!(calls, [("sales".to_owned(), 1), ("support".to_owned(), 1)]);
    for (first, last) in [(18, 18), (18, 30), (19, 22), (23, 23)] {
        let count = Count::Calls;
        let filter = Filter { count, ..Filter::new(date(2026, 11, first), date(2026, 11, last)) };
        let listed = both.kept.visits(&filter).await.expect("answers").len();
        let counted: u64 =
            both.kept.queues(&filter).await.expect("answers").iter().map(|row| row.figures.offered).sum();
        assert_eq!(listed as u64, counted, "{first} to {last}");
    }
}

#[tokio::test]
async fn what_is_kept_of_dates_has_a_bound() {
    let rows = (1..29_i64).flat_map(|day| {
        let date = format!("2026-11-{day:02}");
        let call = move |n: i64| {
            let queue = format!("q{}", n % 50);
            let callid = format!("{}.{n}", 1_793_500_000 + day * 86_400);
            gives_up(
                day * 10_000 + n * 10,
                &date,
                &callid,
                &[(&format!("{:02}:{:02}", n % 24, n % 60), &queue)],
            )
        };
        (0..600).flat_map(call)
    });
    let (_dir, both) = both(rows.collect()).await;
    let filter = Filter { count: Count::Calls, ..Filter::new(date(2026, 11, 1), date(2026, 11, 28)) };
    let mut most = 0;
    for _ in 0..2 {
        both.kept.queues(&filter).await.expect("answers");
        most = most.max(both.kept.dates.weight());
    }
    assert!((500_000..=1 << 20).contains(&most), "{most}");
}
