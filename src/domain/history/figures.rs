//! The numbers that are shown, by the definitions of the field. A figure whose denominator is 0 is `None`: a dash,
//! never 0 % and never 100 %.

use std::collections::BTreeMap;

use serde::Serialize;

use super::cells::{Cell, Measure, Waits};
use super::visit::{Outcome, Status};
use super::work::Worked;
use crate::domain::ids::{AgentName, PbxName, QueueName};

/// The variants of the service level; `s` is the threshold in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub enum ServiceLevelVariant {
    /// answered within s / (answered + lost); the default.
    #[default]
    A,
    /// answered within s / (answered + abandoned after more than s).
    B,
    /// (answered + lost, within s) / (answered + lost).
    C,
    /// answered within s / answered.
    D,
}

/// A queue's figures over a range. Counts are visits (or calls where asked), times whole seconds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct QueueFigures {
    /// Visits that entered.
    pub offered: u64,
    /// Visits answered.
    pub answered: u64,
    /// Visits whose caller hung up.
    pub abandoned: u64,
    /// Of the abandoned: waited less than the short threshold.
    pub abandoned_short: u64,
    /// Left by EXITWITHTIMEOUT.
    pub timed_out: u64,
    /// Left by a key.
    pub left_by_key: u64,
    /// Left because the queue was empty.
    pub left_empty: u64,
    /// Withdrawn by an action.
    pub withdrawn: u64,
    /// In the queue now.
    pub still_waiting: u64,
    /// No end known.
    pub unresolved: u64,
    /// Calls to this queue that never entered it (full, nobody logged in), from the cdr; not part of `offered`.
    pub not_entered: u64,
    /// The threshold s that the service levels use; `None` when visits were judged by several.
    pub service_level_s: Option<u32>,
    /// Variant A, 0–1.
    pub service_level_a: Option<f64>,
    /// Variant B, 0–1.
    pub service_level_b: Option<f64>,
    /// Variant C, 0–1.
    pub service_level_c: Option<f64>,
    /// Variant D, 0–1.
    pub service_level_d: Option<f64>,
    /// 0–1.
    pub abandon_rate: Option<f64>,
    /// Mean wait of answered visits, seconds.
    pub average_speed_of_answer_s: Option<f64>,
    /// Median wait of answered visits, seconds (nearest rank).
    pub median_wait_s: Option<u64>,
    /// 90th percentile of the waits of answered visits, seconds (nearest rank).
    pub p90_wait_s: Option<u64>,
    /// Longest wait of an answered visit, seconds.
    pub longest_wait_s: Option<u64>,
    /// Sum of the waits of answered visits, seconds.
    pub wait_s: u64,
    /// Mean wait of abandoned visits, seconds.
    pub average_wait_abandoned_s: Option<f64>,
    /// Whole talk and wrap-up of the answered visits by their number, seconds. Where no wrap-up time is set, talk alone.
    pub average_handle_time_s: Option<f64>,
    /// Talk of the visits that entered in the range, unsplit, seconds.
    pub talk_s: u64,
    /// Of the offered: abandoned, timed out, empty or withdrawn.
    pub lost: u64,
    /// Of the abandoned: because the channels could not be made compatible.
    pub technical: u64,
    /// Calls that were answered, passed on into another queue, and lost there. Only where calls are counted.
    pub lost_after_transfer: u64,
    /// Nominal wrap-up of the answered visits that entered in the range, whole, seconds; `None` where no wrap-up time is
    /// set.
    pub wrap_up_s: Option<u64>,
}

impl QueueFigures {
    /// Adds the wrap-up of its answered visits, which no cell holds.
    pub fn add_wrap_up(&mut self, seconds: u64) {
        self.wrap_up_s = Some(seconds);
        self.average_handle_time_s = ratio(self.talk_s + seconds, self.answered);
    }
}

/// An agent's figures over a range.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct AgentFigures {
    /// Visits answered.
    pub answered: u64,
    /// Visits on which the phone rang out unanswered.
    pub no_answer: u64,
    /// Visits abandoned while this agent's phone rang.
    pub abandoned: u64,
    /// Visits refused at once by a busy phone.
    pub busy: u64,
    /// All RINGNOANSWER rows; a lower bound.
    pub attempts: u64,
    /// Of the attempts: rang out.
    pub attempts_rang_out: u64,
    /// Of the attempts: refused at once.
    pub attempts_refused: u64,
    /// Ringing when the caller left by a key.
    pub left_by_key: u64,
    /// Seconds of talk inside the range.
    pub talk_s: u64,
    /// Transferred on without asking.
    pub transferred_blind: u64,
    /// Transferred on after asking.
    pub transferred_attended: u64,
    /// Seconds paused, union over queues.
    pub paused_s: u64,
    /// Seconds logged in; `None` where undefined (static and realtime members).
    pub logged_in_s: Option<u64>,
    /// Sum of the waits of the visits answered, seconds.
    pub wait_s: u64,
    /// Mean wait of the visits answered, seconds.
    pub average_speed_of_answer_s: Option<f64>,
    /// Seconds of ringing inside the range; a lower bound: losers of a ringall leave no row.
    pub ring_s: u64,
    /// Of `paused_s`: by PAUSEALL, in all queues.
    pub paused_all_queues_s: u64,
    /// `paused_s` by reason as given; where reasons overlap the last begun counts.
    pub paused_by_reason: BTreeMap<String, u64>,
    /// Nominal wrap-up inside the range, seconds; `None` where no wrap-up time is set.
    pub wrap_up_s: Option<u64>,
    /// Logged in, and neither talking, ringing, wrapping up nor paused, seconds; `None` where logged in is undefined.
    pub idle_s: Option<u64>,
    /// (talk + ring + wrap-up) / (talk + ring + wrap-up + idle), each second once, 0–1; `None` where logged in is
    /// undefined.
    pub occupancy: Option<f64>,
    /// Calls outside the queues that found him busy; listed, not added. Source: cdr.
    pub busy_elsewhere: u64,
}

impl AgentFigures {
    /// Adds what no cell holds: wrap-up, idle time, occupancy.
    pub fn add_work(&mut self, worked: &Worked) {
        self.wrap_up_s = worked.wrap_up;
        self.idle_s = worked.logged_in.then_some(worked.idle);
        self.occupancy = worked.occupancy();
    }
}

fn count(value: i64) -> u64 {
    u64::try_from(value).unwrap_or(0)
}

#[allow(clippy::cast_precision_loss, reason = "counts stay far below 2^52")]
pub(super) fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

/// Waits by whole second, with how many visits waited that long.
struct Histogram(BTreeMap<u32, u64>);

impl Histogram {
    fn of(cells: &[(&Cell, u32)], whose: Waits) -> Self {
        let mut counts = BTreeMap::new();
        for (cell, _) in cells {
            for ((kind, seconds), number) in &cell.waits {
                if *kind == whose {
                    *counts.entry(*seconds).or_default() += count(*number);
                }
            }
        }
        Self(counts)
    }

    fn number(&self) -> u64 {
        self.0.values().sum()
    }

    fn sum(&self) -> u64 {
        self.0.iter().map(|(seconds, number)| u64::from(*seconds) * number).sum()
    }

    fn below(&self, seconds: u32) -> u64 {
        self.0.range(..seconds).map(|(_, number)| number).sum()
    }

    /// The value at rank ⌈p·n⌉, p in hundredths.
    fn nearest_rank(&self, hundredths: u64) -> Option<u64> {
        let rank = (self.number() * hundredths).div_ceil(100);
        let mut seen = 0;
        self.0.iter().find_map(|(seconds, number)| {
            seen += number;
            (seen >= rank).then(|| u64::from(*seconds))
        })
    }

    fn longest(&self) -> Option<u64> {
        self.0.last_key_value().map(|(seconds, _)| u64::from(*seconds))
    }
}

/// Visits within and beyond the threshold, each judged by its own queue's.
fn within(cells: &[(&Cell, u32)], whose: Waits) -> u64 {
    let judged = |(cell, s): &(&Cell, u32)| -> i64 {
        let fits = |((kind, seconds), _): &(&(Waits, u32), &i64)| *kind == whose && *seconds <= *s;
        cell.waits.iter().filter(fits).map(|(_, number)| number).sum()
    };
    count(cells.iter().map(judged).sum())
}

/// A queue's figures from cells, each with its own threshold in seconds. `short_s`: an abandon shorter than this is
/// short. `not_entered` comes from elsewhere and stays 0.
pub fn queue_figures(cells: &[(&Cell, u32)], short_s: u32) -> QueueFigures {
    let sum = |measure: Measure| count(cells.iter().map(|(cell, _)| cell.get(measure)).sum());
    let of = |outcome: Outcome| sum(Measure::Outcome(outcome));
    let answered_waits = Histogram::of(cells, Waits::Answered);
    let abandoned_waits = Histogram::of(cells, Waits::Abandoned);
    let mut figures = QueueFigures {
        answered: of(Outcome::Answered),
        abandoned: of(Outcome::Abandoned),
        abandoned_short: abandoned_waits.below(short_s),
        timed_out: of(Outcome::TimedOut),
        left_by_key: of(Outcome::LeftByKey),
        left_empty: of(Outcome::LeftEmpty),
        withdrawn: of(Outcome::Withdrawn),
        still_waiting: of(Outcome::Open),
        unresolved: of(Outcome::Unresolved),
        median_wait_s: answered_waits.nearest_rank(50),
        p90_wait_s: answered_waits.nearest_rank(90),
        longest_wait_s: answered_waits.longest(),
        wait_s: answered_waits.sum(),
        average_speed_of_answer_s: ratio(answered_waits.sum(), answered_waits.number()),
        average_wait_abandoned_s: ratio(abandoned_waits.sum(), abandoned_waits.number()),
        talk_s: sum(Measure::TalkWhole),
        technical: sum(Measure::Technical),
        lost_after_transfer: sum(Measure::LostAfterTransfer),
        ..QueueFigures::default()
    };
    figures.lost = figures.abandoned + figures.timed_out + figures.left_empty + figures.withdrawn;
    figures.offered =
        figures.answered + figures.lost + figures.left_by_key + figures.still_waiting + figures.unresolved;
    figures.average_handle_time_s = ratio(figures.talk_s, figures.answered);
    let counted = figures.offered
        - figures.still_waiting
        - figures.unresolved
        - figures.abandoned_short.min(figures.abandoned);
    figures.abandon_rate = ratio(figures.abandoned.saturating_sub(figures.abandoned_short), counted);
    service_levels(cells, &mut figures);
    figures
}

fn service_levels(cells: &[(&Cell, u32)], figures: &mut QueueFigures) {
    let answered = within(cells, Waits::Answered);
    let abandoned = within(cells, Waits::Abandoned);
    let lost = abandoned + within(cells, Waits::OtherLost);
    let ended = figures.answered + figures.lost;
    figures.service_level_a = ratio(answered, ended);
    figures.service_level_b = ratio(answered, figures.answered + figures.abandoned.saturating_sub(abandoned));
    figures.service_level_c = ratio(answered + lost, ended);
    figures.service_level_d = ratio(answered, figures.answered);
    let mut thresholds = cells.iter().map(|(_, s)| *s);
    let first = thresholds.next();
    figures.service_level_s = first.filter(|s| thresholds.all(|other| other == *s));
}

/// An agent's figures: `calls` is the sum of his cells over the queues asked for, `presence` the cell that holds pause
/// and login (their union over queues, or those of the one queue asked for).
pub fn agent_figures(calls: &Cell, presence: &Cell) -> AgentFigures {
    let sum = |measure: Measure| count(calls.get(measure));
    let waits = Histogram::of(&[(calls, 0)], Waits::Answered);
    let (out, refused) = (sum(Measure::RangOut), sum(Measure::Refused));
    let logged_in = count(presence.get(Measure::LoggedIn));
    AgentFigures {
        answered: sum(Measure::Status(Status::Answered)),
        no_answer: sum(Measure::Status(Status::NoAnswer)),
        abandoned: sum(Measure::Status(Status::Abandoned)),
        busy: sum(Measure::Status(Status::Busy)),
        left_by_key: sum(Measure::Status(Status::LeftByKey)),
        attempts: out + refused,
        attempts_rang_out: out,
        attempts_refused: refused,
        talk_s: sum(Measure::Talk),
        transferred_blind: sum(Measure::Blind),
        transferred_attended: sum(Measure::Attended),
        paused_s: count(presence.get(Measure::Paused)),
        logged_in_s: (logged_in > 0).then_some(logged_in),
        wait_s: waits.sum(),
        average_speed_of_answer_s: ratio(waits.sum(), waits.number()),
        ring_s: sum(Measure::Ring),
        paused_all_queues_s: count(presence.get(Measure::PausedAll)),
        paused_by_reason: presence.reasons.iter().map(|(reason, s)| (reason.clone(), count(*s))).collect(),
        ..AgentFigures::default()
    }
}

/// The figures of today that the live pages show, by queue and agent. Made anew after every synchronisation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Today {
    /// Which PBX they belong to; `None` before the first synchronisation.
    pub pbx: Option<PbxName>,
    /// By queue.
    pub queues: BTreeMap<QueueName, QueueFigures>,
    /// By agent.
    pub agents: BTreeMap<AgentName, AgentFigures>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cell(answered: &[(u32, i64)], abandoned: &[(u32, i64)], timed_out: &[(u32, i64)]) -> Cell {
        let mut cell = Cell::default();
        let parts = [
            (Waits::Answered, Outcome::Answered, answered),
            (Waits::Abandoned, Outcome::Abandoned, abandoned),
            (Waits::OtherLost, Outcome::TimedOut, timed_out),
        ];
        for (whose, outcome, waits) in parts {
            for (seconds, number) in waits {
                cell.waits.insert((whose, *seconds), *number);
                *cell.sums.entry(Measure::Outcome(outcome)).or_default() += number;
            }
        }
        cell
    }

    fn check(cell: &Cell, s: u32, expect: [f64; 5]) {
        let figures = queue_figures(&[(cell, s)], 5);
        let got = [
            figures.service_level_a,
            figures.service_level_b,
            figures.service_level_c,
            figures.service_level_d,
            figures.abandon_rate,
        ];
        for (at, (got, expect)) in got.into_iter().zip(expect).enumerate() {
            let percent = (got.expect("a figure") * 1000.0).round() / 10.0;
            assert!((percent - expect).abs() < 0.01, "figure {at}: {percent} is not {expect}");
        }
    }

    #[test]
    fn the_check_vectors_of_the_service_level() {
        let busy = cell(&[(10, 860), (30, 140)], &[(4, 10), (15, 10), (40, 40)], &[]);
        // The abandon rate by its formula: (60 − 10) / (1000 + 60 − 10) = 50 / 1050 = 4.76 %, shown as 4.8. (Where 4.7 is
        // written, it was cut; the formula stays.)
        check(&busy, 20, [81.1, 82.7, 83.0, 86.0, 4.8]);
        let small = cell(&[(1, 2)], &[(5, 2)], &[(12, 2)]);
        check(&small, 5, [33.3, 100.0, 66.7, 100.0, 33.3]);
    }

    #[test]
    fn nothing_gives_dashes() {
        let figures = queue_figures(&[], 5);
        assert_eq!(figures, QueueFigures::default());
        assert_eq!(agent_figures(&Cell::default(), &Cell::default()).logged_in_s, None);
    }

    #[test]
    fn percentiles_are_nearest_ranks() {
        let waits = cell(&[(1, 5), (2, 4), (9, 1)], &[], &[]);
        let figures = queue_figures(&[(&waits, 20)], 5);
        assert_eq!(
            (figures.median_wait_s, figures.p90_wait_s, figures.longest_wait_s),
            (Some(1), Some(2), Some(9))
        );
    }

    #[test]
    fn each_queue_is_judged_by_its_own_threshold() {
        let (slow, fast) = (cell(&[(15, 1)], &[], &[]), cell(&[(15, 1)], &[], &[]));
        let figures = queue_figures(&[(&slow, 20), (&fast, 5)], 5);
        assert_eq!((figures.service_level_a, figures.service_level_s), (Some(0.5), None));
    }
}
