//! Figures over days, weekdays and the whole range against the generator's own sums.

use std::collections::BTreeMap;

use asterflow::domain::history::figures::{AgentFigures, QueueFigures};
use asterflow::domain::history::query::{By, Count, Filter, Metric};
use asterflow::store::Store;
use asterflow::tasks::history::{HeatOf, History, Thresholds};
use jiff::civil::Date;

use super::people::QUEUES;
use super::tally::{Cells, Sums, What};
use super::work::{Doings, Done, WRAP_UP};
use super::world::World;

/// The thresholds asked for, seconds.
const WITHIN: i64 = 20;
const SHORT: i64 = 5;

/// Sums by bucket and name; of agents over their queues, and of their pauses and logins.
#[derive(Default)]
pub(super) struct Totals {
    queues: BTreeMap<(String, String), Sums>,
    agents: BTreeMap<(String, String), (Sums, Sums)>,
    work: BTreeMap<(String, String), Done>,
}

fn bucket(by: By, date: Date, (from, to): (Date, Date)) -> String {
    const DAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
    match by {
        By::Day => date.to_string(),
        By::Weekday => DAYS[usize::try_from(date.weekday().to_monday_zero_offset()).expect("fits")].into(),
        _ => format!("{from}/{to}"),
    }
}

/// The value at rank ⌈p·n⌉ of what stands in a row.
fn rank(waits: &[i64], hundredths: usize) -> Option<i64> {
    waits.get((waits.len() * hundredths).div_ceil(100).checked_sub(1)?).copied()
}

#[allow(clippy::cast_precision_loss, reason = "small numbers")]
fn ratio(part: i64, whole: i64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

fn check_queue(name: &str, got: &QueueFigures, sums: &Sums, wraps: bool) {
    let mut waits = [Vec::new(), Vec::new(), Vec::new()];
    for (what, number) in &sums.counts {
        let (whose, seconds) = match what {
            What::WaitAnswered(seconds) => (0, *seconds),
            What::WaitAbandoned(seconds) => (1, *seconds),
            What::WaitOther(seconds) => (2, *seconds),
            _ => continue,
        };
        waits[whose].extend((0..*number).map(|_| seconds));
    }
    let [answered, abandoned, other] = waits;
    let number = |waits: &[i64]| i64::try_from(waits.len()).expect("fits");
    let within = |waits: &[i64]| number(waits) - number(&waits[waits.partition_point(|s| *s <= WITHIN)..]);
    let short = i64::try_from(abandoned.partition_point(|s| *s < SHORT)).expect("fits");
    let lost = number(&abandoned) + number(&other);
    let get = |what| sums.get(what);
    let offered = number(&answered) + lost + get(What::ByKey) + get(What::Waiting) + get(What::Unresolved);
    let expect = [
        offered,
        number(&answered),
        number(&abandoned),
        short,
        get(What::TimedOut),
        get(What::ByKey),
        get(What::Empty),
        get(What::Withdrawn),
        get(What::Waiting),
        get(What::Unresolved),
        lost,
        get(What::Technical),
        answered.iter().sum(),
        get(What::TalkWholeSeconds),
        get(What::WrapUpSeconds),
        get(What::LostAfter),
    ];
    let shown = [
        got.offered,
        got.answered,
        got.abandoned,
        got.abandoned_short,
        got.timed_out,
        got.left_by_key,
        got.left_empty,
        got.withdrawn,
        got.still_waiting,
        got.unresolved,
        got.lost,
        got.technical,
        got.wait_s,
        got.talk_s,
        got.wrap_up_s.unwrap_or(0),
        got.lost_after_transfer,
    ];
    assert_eq!(shown.map(|n| i64::try_from(n).expect("fits")), expect, "{name}");
    assert_eq!(got.wrap_up_s.is_some(), wraps, "{name}");
    let fits = |n: Option<u64>| n.map(|n| i64::try_from(n).expect("fits"));
    let ranks = [fits(got.median_wait_s), fits(got.p90_wait_s), fits(got.longest_wait_s)];
    assert_eq!(ranks, [rank(&answered, 50), rank(&answered, 90), rank(&answered, 100)], "{name}");
    let counted = offered - short - get(What::Waiting) - get(What::Unresolved);
    let late = number(&abandoned) - within(&abandoned);
    let expect = [
        ratio(within(&answered), number(&answered) + lost),
        ratio(within(&answered), number(&answered) + late),
        ratio(within(&answered) + within(&abandoned) + within(&other), number(&answered) + lost),
        ratio(within(&answered), number(&answered)),
        ratio(number(&abandoned) - short, counted),
        ratio(answered.iter().sum(), number(&answered)),
        ratio(abandoned.iter().sum(), number(&abandoned)),
        ratio(get(What::TalkWholeSeconds) + get(What::WrapUpSeconds), number(&answered)),
    ];
    let shown = [
        got.service_level_a,
        got.service_level_b,
        got.service_level_c,
        got.service_level_d,
        got.abandon_rate,
        got.average_speed_of_answer_s,
        got.average_wait_abandoned_s,
        got.average_handle_time_s,
    ];
    assert_eq!(shown, expect, "{name}");
}

fn check_agent(name: &str, got: &AgentFigures, (calls, presence): &(Sums, Sums), work: Option<&Done>) {
    let login = presence.get(What::LoggedInSeconds);
    let expect = [
        calls.get(What::AgentAnswered),
        calls.get(What::AgentNoAnswer),
        calls.get(What::AgentAbandoned),
        calls.get(What::AgentBusy),
        calls.get(What::AgentByKey),
        calls.get(What::RangOut) + calls.get(What::Refused),
        calls.get(What::TalkSeconds),
        calls.get(What::Blind),
        calls.get(What::Attended),
        calls.get(What::RingSeconds),
        presence.get(What::PausedSeconds),
        presence.get(What::PausedAllSeconds),
    ];
    let shown = [
        got.answered,
        got.no_answer,
        got.abandoned,
        got.busy,
        got.left_by_key,
        got.attempts,
        got.talk_s,
        got.transferred_blind,
        got.transferred_attended,
        got.ring_s,
        got.paused_s,
        got.paused_all_queues_s,
    ];
    assert_eq!(shown.map(|n| i64::try_from(n).expect("fits")), expect, "{name}");
    let fits = |n: u64| i64::try_from(n).expect("fits");
    // Nothing logged is a dash, not a zero.
    assert_eq!(got.logged_in_s.map(fits), (login > 0).then_some(login), "{name}");
    let reasons: BTreeMap<String, i64> =
        got.paused_by_reason.iter().map(|(reason, s)| (reason.clone(), fits(*s))).collect();
    assert_eq!(reasons, presence.reasons, "{name}");
    let Some(work) = work else { return };
    assert_eq!(fits(got.wrap_up_s.unwrap_or(0)), work.wrap_up, "{name}: wrap-up");
    assert_eq!(got.idle_s.map(fits), work.logged_in.then_some(work.idle), "{name}: idle");
    let occupancy = ratio(work.busy, work.busy + work.idle).filter(|_| work.logged_in);
    assert_eq!(got.occupancy, occupancy, "{name}: {work:?}");
}

impl World {
    fn totals(&self, cells: &Cells, doings: &Doings, by: By, range: (Date, Date)) -> Totals {
        let mut totals = Totals::default();
        for ((start, agent), done) in doings {
            let date = self.clock.local(*start).date();
            if date >= range.0 && date <= range.1 {
                let name = self.people[usize::from(*agent)].name.clone();
                totals.work.entry((bucket(by, date, range), name)).or_default().add(done);
            }
        }
        for ((start, who), sums) in cells {
            let date = self.clock.local(*start).date();
            if date < range.0 || date > range.1 {
                continue;
            }
            let bucket = bucket(by, date, range);
            let name = who.agent.map(|agent| self.people[usize::from(agent)].name.clone());
            match (who.queue, name) {
                (Some(queue), None) => {
                    let queue = QUEUES[usize::from(queue)][0].to_ascii_lowercase();
                    totals.queues.entry((bucket, queue)).or_default().merge(sums);
                }
                (Some(_), Some(name)) => totals.agents.entry((bucket, name)).or_default().0.merge(sums),
                (None, Some(name)) => totals.agents.entry((bucket, name)).or_default().1.merge(sums),
                (None, None) => panic!("nobody's cell"),
            }
        }
        totals
    }

    /// Holds what is shown of a range against the sums of its cells; how many rows were held.
    /// With `wraps` also wrap-up, occupancy, and the visits of each call counted as one.
    pub(super) async fn compare_figures(
        &self,
        store: &Store,
        cells: &Cells,
        range: (Date, Date),
        (bys, wraps): (&[By], bool),
    ) -> usize {
        let wrap_up_s = if wraps { u32::try_from(WRAP_UP).expect("fits") } else { 0 };
        let history = History::new(store.clone(), Thresholds { wrap_up_s, ..Thresholds::default() });
        let mut held = 0;
        let (mut visits, mut calls, mut doings) = (cells.clone(), Cells::new(), None);
        if wraps {
            super::tests::join(&mut visits, self.wrap_up_of_queues());
            (calls, doings) = (self.by_call(), Some(self.doings()));
        }
        for by in bys.iter().copied() {
            let work = doings.clone().unwrap_or_default();
            let totals = self.totals(&visits, &work, by, range);
            let filter = Filter { by, service_level: Some(20), ..Filter::new(range.0, range.1) };
            let shown = history.queues(&filter).await.expect("answers");
            assert_eq!(shown.len(), totals.queues.len(), "{by:?} {range:?}");
            for row in shown {
                let key = (row.bucket.to_string(), row.queue.as_str().to_ascii_lowercase());
                check_queue(&format!("{key:?}"), &row.figures, &totals.queues[&key], wraps);
                held += 1;
            }
            let shown = history.agents(&filter).await.expect("answers");
            assert_eq!(shown.len(), totals.agents.len(), "{by:?} {range:?}");
            for row in shown {
                let key = (row.bucket.to_string(), row.agent.to_string());
                let work = totals.work.get(&key).copied().unwrap_or_default();
                check_agent(&format!("{key:?}"), &row.figures, &totals.agents[&key], wraps.then_some(&work));
                held += 1;
            }
            if !wraps {
                continue;
            }
            let totals = self.totals(&calls, &Doings::new(), by, range);
            let shown = history.queues(&Filter { count: Count::Calls, ..filter }).await.expect("answers");
            assert_eq!(shown.len(), totals.queues.len(), "calls {by:?} {range:?}");
            for row in shown {
                let key = (row.bucket.to_string(), row.queue.as_str().to_ascii_lowercase());
                check_queue(&format!("calls {key:?}"), &row.figures, &totals.queues[&key], wraps);
                held += 1;
            }
        }
        self.compare_heat(&history, cells, range).await;
        held
    }

    /// Holds the talk of every agent and hour against the heatmap; where it is more than the hour lasts, that is marked.
    async fn compare_heat(&self, history: &History, cells: &Cells, range: (Date, Date)) {
        let mut talks: BTreeMap<(i64, String), i64> = BTreeMap::new();
        for ((start, who), sums) in cells {
            let date = self.clock.local(*start).date();
            let talk = sums.get(What::TalkSeconds);
            if let Some(agent) = who.agent.filter(|_| talk > 0 && date >= range.0 && date <= range.1) {
                let name = self.people[usize::from(agent)].name.clone();
                *talks.entry((*start, name)).or_default() += talk;
            }
        }
        let filter = Filter { metric: Metric::Talk, ..Filter::new(range.0, range.1) };
        let shown = history.heatmap(&filter, HeatOf::Agents).await.expect("answers");
        let mut overlapping = 0;
        assert_eq!(shown.len(), talks.len(), "{range:?}");
        for row in shown {
            let start = row.start_utc.as_second();
            let (talk, length) = (talks[&(start, row.agent.clone())], self.clock.length(start));
            assert_eq!(row.value, ratio(talk, 1), "{row:?}");
            assert_eq!((row.seconds_in_hour, row.overlapping), (length, talk > length), "{row:?}");
            overlapping += usize::from(row.overlapping);
        }
        eprintln!("{overlapping} hours hold more talk than they last");
    }
}
