//! Which figures can be explained, and what of a cell each takes.

use crate::domain::history::cells::{Cell, Measure, Waits};
use crate::domain::history::figures::ServiceLevelVariant;
use crate::domain::history::query::UnknownWord;
use crate::domain::history::visit::{Outcome, Status};

/// A figure of a report or of a heatmap.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "named as the figures themselves")]
pub enum Figure {
    Calls,
    Answered,
    Abandoned,
    AbandonedShort,
    TimedOut,
    LeftByKey,
    LeftEmpty,
    Withdrawn,
    StillWaiting,
    Unresolved,
    Lost,
    Technical,
    /// Answered, passed on into another queue, and lost there; only where calls are counted.
    LostAfterTransfer,
    NotEntered,
    ServiceLevel(ServiceLevelVariant),
    AbandonRate,
    AverageSpeedOfAnswer,
    AverageWaitAbandoned,
    Wait,
    /// Whole talk of the visits that entered.
    TalkWhole,
    AverageHandleTime,
    NoAnswer,
    Busy,
    BusyElsewhere,
    Attempts,
    RangOut,
    Refused,
    /// Talk inside the time asked for.
    Talk,
    Ring,
    Blind,
    Attended,
    Paused,
    PausedAll,
    LoggedIn,
    WrapUp,
    Occupancy,
}

use Figure as F;
use ServiceLevelVariant as V;

/// Each with the words it is known by, the first as it is shown.
const WORDS: &[(Figure, &[&str])] = &[
    (F::Calls, &["offered", "calls"]),
    (F::Answered, &["answered"]),
    (F::Abandoned, &["abandoned"]),
    (F::AbandonedShort, &["abandoned_short"]),
    (F::TimedOut, &["timed_out"]),
    (F::LeftByKey, &["left_by_key"]),
    (F::LeftEmpty, &["left_empty"]),
    (F::Withdrawn, &["withdrawn"]),
    (F::StillWaiting, &["still_waiting"]),
    (F::Unresolved, &["unresolved"]),
    (F::Lost, &["lost"]),
    (F::Technical, &["technical"]),
    (F::LostAfterTransfer, &["lost_after_transfer"]),
    (F::NotEntered, &["not_entered"]),
    (F::ServiceLevel(V::A), &["service_level", "service_level_a"]),
    (F::ServiceLevel(V::B), &["service_level_b"]),
    (F::ServiceLevel(V::C), &["service_level_c"]),
    (F::ServiceLevel(V::D), &["service_level_d"]),
    (F::AbandonRate, &["abandon_rate"]),
    (F::AverageSpeedOfAnswer, &["average_speed_of_answer", "average_speed_of_answer_s"]),
    (F::AverageWaitAbandoned, &["average_wait_abandoned", "average_wait_abandoned_s"]),
    (F::Wait, &["wait", "wait_s"]),
    (F::TalkWhole, &["talk_whole"]),
    (F::AverageHandleTime, &["average_handle_time", "average_handle_time_s"]),
    (F::NoAnswer, &["no_answer"]),
    (F::Busy, &["busy"]),
    (F::BusyElsewhere, &["busy_elsewhere"]),
    (F::Attempts, &["attempts"]),
    (F::RangOut, &["attempts_rang_out"]),
    (F::Refused, &["attempts_refused"]),
    (F::Talk, &["talk", "talk_s"]),
    (F::Ring, &["ring", "ring_s"]),
    (F::Blind, &["transferred_blind"]),
    (F::Attended, &["transferred_attended"]),
    (F::Paused, &["paused", "paused_s"]),
    (F::PausedAll, &["paused_all_queues", "paused_all_queues_s"]),
    (F::LoggedIn, &["logged_in", "logged_in_s"]),
    (F::WrapUp, &["wrap_up", "wrap_up_s"]),
    (F::Occupancy, &["occupancy"]),
];

/// The words as they are shown, for who typed another one.
const SHOWN: [&str; WORDS.len()] = {
    let mut shown = [""; WORDS.len()];
    let mut at = 0;
    while at < WORDS.len() {
        shown[at] = WORDS[at].1[0];
        at += 1;
    }
    shown
};

/// What a figure is counted in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Visits, calls, rows.
    Number,
    /// Seconds.
    Seconds,
    /// A share of 1.
    Share,
    /// Seconds on average.
    Mean,
}

impl Unit {
    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Seconds => "seconds",
            Self::Share => "share",
            Self::Mean => "seconds on average",
        }
    }
}

impl Figure {
    /// The words that [`str::parse`] takes, one a figure.
    pub const WORDS: &[&str] = &SHOWN;

    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        WORDS.iter().map(|(figure, _)| *figure)
    }

    /// The word of the command line and the API.
    pub fn as_str(self) -> &'static str {
        WORDS.iter().find(|(figure, _)| *figure == self).map_or("", |(_, words)| words[0])
    }

    /// What it is counted in.
    pub fn unit(self) -> Unit {
        match self {
            F::ServiceLevel(_) | F::AbandonRate | F::Occupancy => Unit::Share,
            F::AverageSpeedOfAnswer | F::AverageWaitAbandoned | F::AverageHandleTime => Unit::Mean,
            F::Wait
            | F::TalkWhole
            | F::Talk
            | F::Ring
            | F::Paused
            | F::PausedAll
            | F::LoggedIn
            | F::WrapUp => Unit::Seconds,
            _ => Unit::Number,
        }
    }

    /// Whether queues have it.
    pub fn is_of_queues(self) -> bool {
        !self.is_of_agents()
            || matches!(
                self,
                F::Calls
                    | F::Answered
                    | F::Abandoned
                    | F::LeftByKey
                    | F::ServiceLevel(V::A)
                    | F::AverageSpeedOfAnswer
                    | F::Wait
            )
    }

    /// Whether agents have it.
    pub fn is_of_agents(self) -> bool {
        matches!(
            self,
            F::Calls
                | F::Answered
                | F::Abandoned
                | F::LeftByKey
                | F::ServiceLevel(V::A)
                | F::AverageSpeedOfAnswer
                | F::Wait
                | F::NoAnswer
                | F::Busy
                | F::BusyElsewhere
                | F::Attempts
                | F::RangOut
                | F::Refused
                | F::Talk
                | F::Ring
                | F::Blind
                | F::Attended
                | F::Paused
                | F::PausedAll
                | F::LoggedIn
                | F::WrapUp
                | F::Occupancy
        )
    }
}

impl std::str::FromStr for Figure {
    type Err = UnknownWord;

    fn from_str(text: &str) -> Result<Self, UnknownWord> {
        let word = text.replace('-', "_");
        let found = WORDS.iter().find(|(_, words)| words.contains(&word.as_str()));
        found.map(|(figure, _)| *figure).ok_or_else(|| UnknownWord { word: text.into(), known: Self::WORDS })
    }
}

/// What something gives to a figure.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Given {
    /// What counts.
    pub part: i64,
    /// Of what; 0 where the figure is a sum.
    pub of: i64,
}

/// How cells are judged.
#[derive(Clone, Copy, Debug)]
pub(super) struct Judged {
    /// The service level's threshold, seconds.
    pub(super) s: u32,
    /// A shorter abandon is short, seconds.
    pub(super) short_s: u32,
}

impl Figure {
    /// What a cell of a queue (`agents` false) or of an agent gives; `s`: the threshold of the service level, `short_s`: a
    /// shorter abandon is short, both in seconds. `None`: no cell holds this figure.
    pub fn given(self, cell: &Cell, agents: bool, s: u32, short_s: u32) -> Option<Given> {
        let judged = Judged { s, short_s };
        if agents { of_agent(self, cell, judged) } else { of_queue(self, cell, judged) }
    }
}

fn sum(cell: &Cell, measures: &[Measure]) -> i64 {
    measures.iter().map(|measure| cell.get(*measure)).sum()
}

fn outcomes(cell: &Cell, outcomes: &[Outcome]) -> i64 {
    outcomes.iter().map(|outcome| cell.get(Measure::Outcome(*outcome))).sum()
}

/// Seconds and number of the waits of some visits.
fn waits(cell: &Cell, whose: Waits) -> Given {
    let own = cell.waits.iter().filter(|((kind, _), _)| *kind == whose);
    own.fold(Given::default(), |sum, ((_, seconds), number)| Given {
        part: sum.part + i64::from(*seconds) * number,
        of: sum.of + number,
    })
}

/// How many of them waited no longer than `s`.
fn within(cell: &Cell, whose: Waits, s: u32) -> i64 {
    let own = cell.waits.iter().filter(|((kind, seconds), _)| *kind == whose && *seconds <= s);
    own.map(|(_, number)| number).sum()
}

const LOST: &[Outcome] = &[Outcome::Abandoned, Outcome::TimedOut, Outcome::LeftEmpty, Outcome::Withdrawn];
const ALL: &[Outcome] = &[
    Outcome::Answered,
    Outcome::Abandoned,
    Outcome::TimedOut,
    Outcome::LeftByKey,
    Outcome::LeftEmpty,
    Outcome::Withdrawn,
    Outcome::Open,
    Outcome::Unresolved,
];

fn of_queue(figure: Figure, cell: &Cell, judged: Judged) -> Option<Given> {
    let one = |outcome: Outcome| Some(Given { part: outcomes(cell, &[outcome]), of: 0 });
    let plain = |part: i64| Some(Given { part, of: 0 });
    let answered = outcomes(cell, &[Outcome::Answered]);
    let abandoned = outcomes(cell, &[Outcome::Abandoned]);
    let short = judged.short_s.checked_sub(1).map_or(0, |below| within(cell, Waits::Abandoned, below));
    match figure {
        F::Calls => plain(outcomes(cell, ALL)),
        F::Answered => one(Outcome::Answered),
        F::Abandoned => one(Outcome::Abandoned),
        F::AbandonedShort => plain(short),
        F::TimedOut => one(Outcome::TimedOut),
        F::LeftByKey => one(Outcome::LeftByKey),
        F::LeftEmpty => one(Outcome::LeftEmpty),
        F::Withdrawn => one(Outcome::Withdrawn),
        F::StillWaiting => one(Outcome::Open),
        F::Unresolved => one(Outcome::Unresolved),
        F::Lost => plain(outcomes(cell, LOST)),
        F::Technical => plain(cell.get(Measure::Technical)),
        F::LostAfterTransfer => plain(cell.get(Measure::LostAfterTransfer)),
        F::ServiceLevel(variant) => {
            let good = within(cell, Waits::Answered, judged.s);
            let gone = within(cell, Waits::Abandoned, judged.s);
            let lost = gone + within(cell, Waits::OtherLost, judged.s);
            let ended = answered + outcomes(cell, LOST);
            Some(match variant {
                V::A => Given { part: good, of: ended },
                V::B => Given { part: good, of: answered + abandoned - gone },
                V::C => Given { part: good + lost, of: ended },
                V::D => Given { part: good, of: answered },
            })
        }
        F::AbandonRate => {
            let counted = outcomes(cell, ALL) - outcomes(cell, &[Outcome::Open, Outcome::Unresolved]);
            Some(Given { part: abandoned - short, of: counted - short })
        }
        F::AverageSpeedOfAnswer => Some(waits(cell, Waits::Answered)),
        F::AverageWaitAbandoned => Some(waits(cell, Waits::Abandoned)),
        F::Wait => plain(waits(cell, Waits::Answered).part),
        F::TalkWhole => plain(cell.get(Measure::TalkWhole)),
        // The wrap-up stands in no cell: it is added by who knows it.
        F::AverageHandleTime => Some(Given { part: cell.get(Measure::TalkWhole), of: answered }),
        _ => None,
    }
}

fn of_agent(figure: Figure, cell: &Cell, judged: Judged) -> Option<Given> {
    let status = |status: Status| Some(Given { part: cell.get(Measure::Status(status)), of: 0 });
    let plain = |measures: &[Measure]| Some(Given { part: sum(cell, measures), of: 0 });
    let all = [Status::Answered, Status::NoAnswer, Status::Abandoned, Status::Busy, Status::LeftByKey];
    match figure {
        F::Calls => plain(&all.map(Measure::Status)),
        F::Answered => status(Status::Answered),
        F::NoAnswer => status(Status::NoAnswer),
        F::Abandoned => status(Status::Abandoned),
        F::Busy => status(Status::Busy),
        F::LeftByKey => status(Status::LeftByKey),
        F::Attempts => plain(&[Measure::RangOut, Measure::Refused]),
        F::RangOut => plain(&[Measure::RangOut]),
        F::Refused => plain(&[Measure::Refused]),
        F::Talk => plain(&[Measure::Talk]),
        F::Ring => plain(&[Measure::Ring]),
        F::Blind => plain(&[Measure::Blind]),
        F::Attended => plain(&[Measure::Attended]),
        F::Wait => Some(Given { part: waits(cell, Waits::Answered).part, of: 0 }),
        F::AverageSpeedOfAnswer => Some(waits(cell, Waits::Answered)),
        F::ServiceLevel(V::A) => Some(Given {
            part: within(cell, Waits::Answered, judged.s),
            of: cell.get(Measure::Status(Status::Answered)),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_its_own_words_and_somebody_who_has_it() {
        for figure in Figure::all() {
            assert_eq!(figure.as_str().parse(), Ok(figure));
            assert!(figure.is_of_queues() || figure.is_of_agents(), "{}", figure.as_str());
        }
        assert_eq!("average-speed-of-answer-s".parse(), Ok(Figure::AverageSpeedOfAnswer));
        let mut words: Vec<&str> = WORDS.iter().flat_map(|(_, words)| words.iter().copied()).collect();
        words.sort_unstable();
        let number = words.len();
        words.dedup();
        assert_eq!(words.len(), number, "no word means two figures");
        assert!("speed".parse::<Figure>().is_err());
    }
}
