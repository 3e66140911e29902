//! How long each page and each answer of the web takes with the history that is stored: asked again, and asked right after ten
//! new rows came. Prints p50 and p99.

use std::hint::black_box;

use asterflow::domain::history::query::{By, Count, Filter, Metric, Page};
use asterflow::domain::history::row::LogRow;
use asterflow::domain::ids::{AgentName, QueueName};
use asterflow::domain::time::local_date;
use asterflow::report::{self, Format, Kind};
use asterflow::store::Store;
use asterflow::tasks::history::{HeatOf, History, Thresholds};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use tokio::runtime::Runtime;

use super::rows::{Rows, name};
use super::{batch, pbx};

/// How often each is asked.
const TIMES: usize = 60;
/// Dates of the wall's heatmap.
const WALL_DAYS: i64 = 14;

/// What is asked.
enum Ask {
    /// The figures of today, of which the overview, the board and the agents page are made.
    Today,
    /// A heatmap of the wall, or of `/heatmap`.
    Heat(Filter),
    /// An answer of the API.
    Answer(Kind, Filter),
    /// The same where members wrap up for half a minute.
    WrappedUp(Kind, Filter),
}

async fn ask([history, wrapping]: &[History; 2], ask: &Ask, now: Timestamp) -> usize {
    match ask {
        Ask::Today => history.today(&pbx(), now).await.expect("answers").agents.len(),
        Ask::Heat(filter) => {
            history.pbxs().await.expect("answers");
            let rows = history.heatmap(filter, HeatOf::Together).await.expect("answers").len();
            history.known_since(&pbx()).await.expect("answers");
            rows
        }
        Ask::Answer(kind, filter) | Ask::WrappedUp(kind, filter) => {
            let mut out = Vec::new();
            let history = if matches!(ask, Ask::Answer(..)) { history } else { wrapping };
            report::run(history, *kind, filter, Format::Json, &mut out).await.expect("answers");
            out.len()
        }
    }
}

fn asks(today: Date) -> Vec<(String, Ask)> {
    let back = |days: i64| today.checked_sub((days - 1).days()).unwrap_or(today);
    let last = |days: i64| Filter { pbx: Some(pbx()), ..Filter::new(back(days), today) };
    let month = Filter::new(today.first_of_month(), today);
    let agent = Some(AgentName::new(name(7)));
    let page = Some(Page { start: None, limit: 200 });
    let mut asks = vec![("today: overview, board, agents".to_owned(), Ask::Today)];
    let metrics = [
        Metric::Talk,
        Metric::Calls,
        Metric::Abandoned,
        Metric::ServiceLevel,
        Metric::AverageSpeedOfAnswer,
        Metric::Occupancy,
    ];
    for metric in metrics {
        let filter = Filter { metric, by: By::Hour, ..last(WALL_DAYS) };
        asks.push((format!("wall: heatmap of {}", metric.as_str()), Ask::Heat(filter)));
    }
    let heat = |filter: Filter| Ask::Heat(Filter { by: By::Hour, ..filter });
    let of_queue = Filter { queue: Some(QueueName::new("sales")), ..last(WALL_DAYS) };
    asks.push(("wall: heatmap of talk, a queue".into(), heat(of_queue)));
    let of_agent = Filter { agent: agent.clone(), ..last(WALL_DAYS) };
    asks.push(("wall: heatmap of talk, an agent".into(), heat(of_agent.clone())));
    asks.push(("web: heatmap of 92 days".into(), heat(last(92))));
    let answer = |name: &str, kind, filter| (format!("API: {name}"), Ask::Answer(kind, filter));
    asks.extend([
        answer("queues, today", Kind::Queues, last(1)),
        answer("agents, today", Kind::Agents, last(1)),
        answer("queues, 30 days by day", Kind::Queues, Filter { by: By::Day, ..last(30) }),
        answer("agents, running month", Kind::Agents, month),
        answer("agents, 30 days", Kind::Agents, last(30)),
        answer("agents, a year", Kind::Agents, last(365)),
        answer("queues, a year", Kind::Queues, last(365)),
        answer(
            "an agent, 30 days by day",
            Kind::Agents,
            Filter { agent: agent.clone(), by: By::Day, ..last(30) },
        ),
        answer("heatmap of an agent, 14 days", Kind::Heatmap, of_agent),
        answer("visits of an agent, today", Kind::Visits, Filter { agent, ..last(1) }),
        answer("visits, today", Kind::Visits, last(1)),
        answer("a page of 200 visits", Kind::Visits, Filter { page, ..last(1) }),
        answer("queues by calls, today", Kind::Queues, Filter { count: Count::Calls, ..last(1) }),
        answer("queues by calls, 30 days", Kind::Queues, Filter { count: Count::Calls, ..last(30) }),
    ]);
    let wrapped = |name: &str, kind, filter| (format!("API: {name}"), Ask::WrappedUp(kind, filter));
    asks.extend([
        wrapped("queues with wrap-up, today", Kind::Queues, last(1)),
        wrapped("queues with wrap-up, 30 days", Kind::Queues, last(30)),
        wrapped("agents with wrap-up, today", Kind::Agents, last(1)),
    ]);
    asks
}

/// Seconds that `work` took.
fn took(work: impl FnOnce()) -> f64 {
    #[allow(
        clippy::disallowed_methods,
        reason = "the project's own clock counts milliseconds, which are too coarse here"
    )]
    let began = std::time::Instant::now();
    work();
    began.elapsed().as_secs_f64()
}

fn shown(mut seconds: Vec<f64>) -> String {
    seconds.sort_by(f64::total_cmp);
    let at = |hundredths: usize| seconds[(seconds.len() * hundredths).div_ceil(100).max(1) - 1] * 1000.0;
    format!("p50 {:7.2} ms, p99 {:7.2} ms", at(50), at(99))
}

/// Measures them all.
pub(crate) fn pages(runtime: &Runtime, store: &Store, rows: &mut Rows) {
    let history = [0, 30]
        .map(|wrap_up_s| History::new(store.clone(), Thresholds { wrap_up_s, ..Thresholds::default() }));
    let zone = TimeZone::get("Europe/Berlin").expect("a zone");
    let clock = runtime.block_on(store.pbxs()).expect("reads")[0].log_clock;
    let now = Timestamp::from_second(clock).expect("a time");
    println!("{:34} {:36} right after ten new rows", "", "asked again");
    let wanted = std::env::args().nth(1).filter(|word| !word.starts_with('-'));
    for (name, what) in asks(local_date(&zone, clock)) {
        if wanted.as_ref().is_some_and(|word| !name.contains(word.as_str())) {
            continue;
        }
        let once = || {
            black_box(runtime.block_on(ask(&history, &what, now)));
        };
        once();
        let again = (0..TIMES).map(|_| took(once)).collect();
        let after = (0..TIMES / 2)
            .map(|_| {
                let some: Vec<LogRow> = rows.by_ref().take(10).collect();
                runtime.block_on(store.apply_batch(batch(some))).expect("applies");
                took(once)
            })
            .collect();
        println!("{name:34} {} | {}", shown(again), shown(after));
    }
}
