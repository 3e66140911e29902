//! What is kept of agents' work is what their spans give: whatever came, in whatever batches, whenever it was made.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::domain::history::work::{Doing, Span, Worked, WrapUpTimes};
use crate::domain::time::{hour_of, split_by_hour};
use crate::tasks::history::sums::Grain;
use crate::tasks::history::work::REACH;

/// So much is held at once, seconds.
const AT_ONCE: i64 = 31 * 86_400;

type Hours = BTreeMap<(String, Hour), Worked>;

impl History {
    /// What [`History::worked`] gives, made from all spans of the range.
    ///
    /// What agents did in each clock hour of the range. An hour in which somebody was not logged in says nothing of how
    /// occupied he was.
    async fn worked_from_spans(&self, site: &Site, filter: &Filter) -> Result<Hours, HistoryError> {
        let times = self.wrap_up_times(site).await?;
        let queue = filter.queue.as_ref().map(QueueName::folded);
        let end = site.to.min(site.log_clock.saturating_add(REACH));
        let mut hours = Hours::new();
        let mut from = site.from;
        while from < end {
            let to = from.saturating_add(AT_ONCE).min(end);
            for (agent, work) in self.work(site, filter, (from, to)).await? {
                let wraps = work.wrap_ups(|queue| times.of(queue, &agent));
                for (start, end, doing) in work.pieces(&wraps, (from, to)) {
                    for (hour, seconds) in split_by_hour(&site.zone, start, end) {
                        let worked = hours.entry((agent.clone(), hour)).or_default();
                        let seconds = u64::try_from(seconds).unwrap_or(0);
                        match doing {
                            Doing::Idle => worked.idle += seconds,
                            Doing::Pause => {}
                            Doing::Talk | Doing::Ring | Doing::WrapUp => worked.busy += seconds,
                        }
                    }
                }
                for (start, end) in work.logins.iter().map(|login| (login.0.max(from), login.1.min(to))) {
                    for (hour, _) in split_by_hour(&site.zone, start, end) {
                        hours.entry((agent.clone(), hour)).or_default().logged_in = true;
                    }
                }
                let own = |wrap: &&Span| queue.as_ref().is_none_or(|queue| *queue == wrap.queue);
                for wrap in wraps.iter().filter(own) {
                    add_wrap_up(site, &mut hours, &agent, wrap, (from, to));
                }
            }
            from = to;
        }
        for worked in hours.values_mut().filter(|worked| !worked.logged_in) {
            (worked.busy, worked.idle) = (0, 0);
        }
        Ok(hours)
    }
}

fn add_wrap_up(site: &Site, hours: &mut Hours, agent: &str, wrap: &Span, (from, to): (i64, i64)) {
    // Known to be none is 0, not a dash: the hour of the talk's last second says so.
    let known = hour_of(&site.zone, wrap.start - 1);
    if (from..to).contains(&(wrap.start - 1)) {
        hours.entry((agent.to_owned(), known)).or_default().wrap_up.get_or_insert(0);
    }
    for (hour, seconds) in split_by_hour(&site.zone, wrap.start.max(from), wrap.end.min(to)) {
        let sum = hours.entry((agent.to_owned(), hour)).or_default().wrap_up.get_or_insert(0);
        *sum += u64::try_from(seconds).unwrap_or(0);
    }
}

const ZONES: [&str; 4] = ["Europe/Berlin", "Asia/Kolkata", "Australia/Lord_Howe", "UTC"];
/// 2026-10-22 21:00 UTC: the days after it hold changes of offset in two of the zones, and the end of a month.
const BASE: i64 = 1_792_702_800;
const DAYS: i64 = 12;

/// A row without its id: second, callid, queue, agent, event, data.
type Piece = (i64, String, String, String, &'static str, String);

/// A call that rings one agent and is answered by another, or by the same.
fn call() -> impl Strategy<Value = Vec<Piece>> {
    let times = (0..DAYS * 86_400, 0..90_i64, prop_oneof![Just(0), 1..900_i64, 20_000..70_000_i64]);
    (times, 0..3_u8, 0..3_u8, 0..3_u8, 0..5_u8, any::<u32>()).prop_map(
        |((enter, wait, talk), queue, rang, agent, how, serial)| {
            let (id, queue) = (format!("{}.{serial}", BASE + enter), format!("q{queue}"));
            let (rang, agent) = (format!("A{rang}"), format!("A{agent}"));
            let (connect, end) = (enter + wait, enter + wait + talk);
            let row = |at, agent: &str, event, data: String| {
                (at, id.clone(), queue.clone(), agent.to_owned(), event, data)
            };
            let mut rows = vec![row(enter, "NONE", "ENTERQUEUE", "|5|1".into())];
            rows.push(row(enter + wait / 2, &rang, "RINGNOANSWER", format!("{}", wait * 400)));
            rows.push(row(connect, &agent, "CONNECT", format!("{wait}|u|{}", wait.min(7))));
            match how {
                // Its end was not logged.
                0 => {}
                1 => rows.push(row(end, &agent, "BLINDTRANSFER", format!("200|x|{wait}|{talk}|1"))),
                _ => rows.push(row(end, &agent, "COMPLETEAGENT", format!("{wait}|{talk}|1"))),
            }
            rows
        },
    )
}

/// A pause, a login, or one of their ends.
fn presence() -> impl Strategy<Value = Vec<Piece>> {
    const EVENTS: [&str; 10] = [
        "PAUSE",
        "UNPAUSE",
        "PAUSEALL",
        "UNPAUSEALL",
        "ADDMEMBER",
        "ADDMEMBER",
        "REMOVEMEMBER",
        "AGENTLOGIN",
        "AGENTLOGIN",
        "AGENTLOGOFF",
    ];
    (0..DAYS * 86_400, 0..10_usize, 0..3_u8, 0..3_u8, 0..60_u8).prop_map(
        |(at, event, queue, agent, start)| {
            let none = || "NONE".to_owned();
            if start == 0 {
                return vec![(at, none(), none(), none(), "QUEUESTART", String::new())];
            }
            let event = EVENTS[event];
            let all = event.ends_with("ALL") || event.starts_with("AGENT");
            let queue = if all { none() } else { format!("q{queue}") };
            vec![(at, none(), queue, format!("A{agent}"), event, String::new())]
        },
    )
}

fn rows(zone: &TimeZone, pieces: Vec<Vec<Piece>>) -> Vec<LogRow> {
    let mut pieces: Vec<Piece> = pieces.into_iter().flatten().collect();
    pieces.sort_by_key(|(at, ..)| *at);
    let row = |(id, (at, callid, queue, agent, event, fields)): (i64, Piece)| {
        let mut data: [smol_str::SmolStr; 5] = Default::default();
        data.iter_mut().zip(fields.split('|')).for_each(|(slot, text)| *slot = text.into());
        let local = local(zone, BASE + at);
        LogRow {
            id,
            local,
            callid: callid.into(),
            queue: queue.into(),
            agent: agent.into(),
            event: event.into(),
            data,
        }
    };
    (1..).zip(pieces).map(row).collect()
}

/// When wrapping up is how long: the setting, of queues, of members.
fn wrap_ups() -> impl Strategy<Value = (u32, WrapUpTimes)> {
    let seconds = || prop_oneof![Just(0_u32), 1..400_u32];
    let queues = prop::collection::btree_map((0..3_u8).prop_map(|n| format!("q{n}")), seconds(), 0..3);
    let member = ((0..3_u8), (0..3_u8)).prop_map(|(q, a)| (format!("q{q}"), format!("A{a}")));
    let members = prop::collection::btree_map(member, seconds(), 0..3);
    (seconds(), queues, members)
        .prop_map(|(setting, queues, members)| (setting, WrapUpTimes { members, queues, setting: 0 }))
}

/// What happens to the store, in turn.
#[derive(Clone, Debug)]
enum Step {
    /// So many of the rows come, in order or from behind.
    Take(usize, bool),
    /// So many agents' days are kept, at least.
    Keep(usize),
    /// Wrap-up times change.
    Times(WrapUpTimes),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        3 => (1..40_usize, any::<bool>()).prop_map(|(number, behind)| Step::Take(number, behind)),
        3 => (1..50_usize).prop_map(Step::Keep),
        1 => wrap_ups().prop_map(|(_, times)| Step::Times(times)),
    ];
    prop::collection::vec(step, 2..14)
}

/// First and last date, of the days of the rows and some around; which agent and queue, if any.
fn questions() -> impl Strategy<Value = Vec<(i8, i8, Option<u8>, Option<u8>)>> {
    let one = (-2..16_i8, 0..45_i8, prop::option::of(0..3_u8), prop::option::of(0..4_u8));
    prop::collection::vec(one, 4)
}

async fn check(history: &History, questions: &[(i8, i8, Option<u8>, Option<u8>)]) {
    for (from, days, agent, queue) in questions {
        let first = date(2026, 10, 22).checked_add(jiff::Span::new().days(*from)).expect("a date");
        let last = first.checked_add(jiff::Span::new().days(*days)).expect("a date");
        let filter = Filter {
            agent: agent.map(|n| AgentName::new(format!("A{n}"))),
            queue: queue.map(|n| QueueName::new(format!("Q{n}"))),
            ..Filter::new(first, last)
        };
        for metric in [Metric::Talk, Metric::Calls, Metric::ServiceLevel, Metric::Occupancy] {
            let filter = Filter { metric, ..filter.clone() };
            let anew = History::new(history.store.clone(), history.thresholds);
            let kept = history.heatmap(&filter, HeatOf::Together).await.expect("answers");
            assert_eq!(kept, anew.heatmap(&filter, HeatOf::Together).await.expect("answers"), "{filter:?}");
        }
        for site in history.sites(&filter).await.expect("a site") {
            let mut slow: BTreeMap<(i64, String), Worked> = BTreeMap::new();
            let mut sums: BTreeMap<((), String), Worked> = BTreeMap::new();
            for ((agent, hour), worked) in history.worked_from_spans(&site, &filter).await.expect("answers") {
                if worked != Worked::default() {
                    sums.entry(((), agent.clone())).or_default().add(&worked);
                    slow.insert((hour.start, agent), worked);
                }
            }
            let fast =
                history.worked(&site, &filter, (Grain::Hour, false), |start| start).await.expect("answers");
            assert_eq!(fast, slow, "{filter:?}");
            let fast = history.worked(&site, &filter, (Grain::Range, false), |_| ()).await.expect("answers");
            assert_eq!(fast, sums, "{filter:?}");
        }
    }
}

fn cases() -> u32 {
    std::env::var("ASTERFLOW_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(40)
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, max_shrink_iters: 300, ..ProptestConfig::with_cases(cases()) })]

    #[test]
    fn what_is_kept_is_what_the_spans_give(
        calls in prop::collection::vec(call(), 0..40),
        presences in prop::collection::vec(presence(), 0..40),
        zone in 0..4_usize,
        times in wrap_ups(),
        steps in steps(),
        questions in questions(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().expect("a runtime");
        runtime.block_on(async {
            let dir = tempfile::tempdir().expect("a folder");
            let store = Store::open(dir.path()).expect("opens");
            store.register_pbx(&pbx(), ZONES[zone]).await.expect("registers");
            store.set_wrap_ups(&pbx(), times.1).await.expect("sets");
            let zone = TimeZone::get(ZONES[zone]).expect("a zone");
            let mut rows = rows(&zone, calls.into_iter().chain(presences).collect());
            let history = History::new(store.clone(), Thresholds { wrap_up_s: times.0, ..Thresholds::default() });
            for step in steps.into_iter().chain([Step::Take(usize::MAX, false), Step::Keep(30), Step::Keep(900)]) {
                match step {
                    Step::Take(number, behind) => {
                        let number = number.min(rows.len());
                        let rows = if behind { rows.split_off(rows.len() - number) } else { rows.drain(..number).collect() };
                        let batch = Batch { pbx: pbx(), rows, oddities: BTreeMap::new(), cursor: None };
                        store.apply_batch(batch).await.expect("applies");
                    }
                    Step::Keep(at_once) => {
                        store.keep_work(&pbx(), times.0, at_once).await.expect("keeps");
                    }
                    Step::Times(times) => store.set_wrap_ups(&pbx(), times).await.expect("sets"),
                }
                check(&history, &questions).await;
            }
        });
    }
}

#[tokio::test]
async fn what_is_kept_outlives_its_rows() {
    let dir = tempfile::tempdir().expect("a folder");
    let store = Store::open(dir.path()).expect("opens");
    store.register_pbx(&pbx(), "UTC").await.expect("registers");
    let zone = TimeZone::UTC;
    // One day in September, thirteen from 2026-10-26 over the end of a month: logged in for an hour, ten minutes of talk.
    let first = 3 * 86_400 - 21 * 3600 + 30_000;
    let stretch = |at: i64, seconds: i64| {
        let lone =
            |at, event| vec![(at, "NONE".to_owned(), "q0".to_owned(), "A0".to_owned(), event, String::new())];
        let id = format!("{}.1", BASE + at + 60);
        let call = |at, agent: &str, event, data: &str| {
            (at, id.clone(), "q0".to_owned(), agent.to_owned(), event, data.to_owned())
        };
        let call = vec![
            call(at + 60, "NONE", "ENTERQUEUE", "|5|1"),
            call(at + 60, "A0", "CONNECT", "0|u|0"),
            call(at + 660, "A0", "COMPLETEAGENT", "0|600|1"),
        ];
        [lone(at, "ADDMEMBER"), call, lone(at + seconds, "REMOVEMEMBER")]
    };
    let day = |day: i64| stretch(first + if day == 0 { -30 } else { day } * 86_400, 3600);
    // And a login over the midnight that will be the edge: a talk before it, which goes, while the login stays.
    let night = stretch(first - 30_000 + 11 * 86_400 - 1200, 2400);
    let batch = Batch {
        pbx: pbx(),
        rows: rows(&zone, (0..14).flat_map(day).chain(night).collect()),
        oddities: BTreeMap::new(),
        cursor: None,
    };
    store.apply_batch(batch).await.expect("applies");
    let history = History::new(store.clone(), Thresholds::default());
    while history.keep(&pbx()).await.expect("keeps") {}
    let filter = Filter::new(date(2026, 9, 1), date(2026, 11, 30));
    let figures = || async {
        let row = history.agents(&filter).await.expect("answers").remove(0);
        let by_day = history.agents(&Filter { by: By::Day, ..filter.clone() }).await.expect("answers");
        (row.figures.occupancy, row.figures.idle_s, by_day.len(), by_day[0].figures.idle_s)
    };
    let before = figures().await;
    assert_eq!(before, (Some(9000.0 / 52_800.0), Some(14 * 3000 + 1800), 14, Some(3000)));
    // Everything but the last three days goes, with the end of a month.
    let edge = BASE + first + 11 * 86_400;
    // Thirty days at a time.
    for _ in 0..2 {
        assert!(store.keep_from(&pbx(), edge).await.expect("moves").is_some());
        let mut next = Some(crate::store::Purge::default());
        while let Some(what) = next {
            next = store.purge(&pbx(), what).await.expect("purges");
        }
    }
    let spans = store.call_intervals(&pbx(), 0, i64::MAX).await.expect("reads");
    assert_eq!(spans.len(), 2 * 3, "the rows are gone");
    assert_eq!(figures().await, before);
    // Other wrap-up times concern what can be made anew.
    let queues = BTreeMap::from([("q0".to_owned(), 60)]);
    store.set_wrap_ups(&pbx(), WrapUpTimes { queues, ..WrapUpTimes::default() }).await.expect("sets");
    for _ in 0..2 {
        let (.., idle, days, first) = figures().await;
        assert_eq!((idle, days, first), (Some(11 * 3000 + 3 * 2940 + 1800), 14, Some(3000)));
        while history.keep(&pbx()).await.expect("keeps") {}
    }
    store.rebuild_history(&pbx()).await.expect("makes anew");
    for _ in 0..2 {
        let (.., idle, days, first) = figures().await;
        assert_eq!((idle, days, first), (Some(11 * 3000 + 3 * 2940 + 1800), 14, Some(3000)));
        while history.keep(&pbx()).await.expect("keeps") {}
    }
}
