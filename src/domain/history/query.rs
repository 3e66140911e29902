//! What is asked of the history, and the shape of the answers. The evaluation is here; the reading is the store's.

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::figures::{AgentFigures, QueueFigures};
use super::visit::{Outcome, Visit};
use crate::domain::ids::{AgentName, PbxName, QueueName};
use crate::domain::time::Hour;

/// What a range is cut into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum By {
    /// One bucket.
    #[default]
    Range,
    /// One bucket a date.
    Day,
    /// One bucket a weekday, over all weeks of the range.
    Weekday,
    /// One bucket a clock hour of a date.
    Hour,
}

/// What is counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Count {
    /// Stays in a queue.
    #[default]
    Visits,
    /// All visits of one callid as one, in the hour and queue of the first.
    Calls,
}

/// What a heatmap shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Seconds of talk inside the hour.
    #[default]
    Talk,
    /// Offered visits; for an agent: visits with a status for him.
    Calls,
    /// Answered visits.
    Answered,
    /// Abandoned visits.
    Abandoned,
    /// Service level A, 0–1.
    ServiceLevel,
    /// Average speed of answer, seconds.
    AverageSpeedOfAnswer,
    /// (talk + ring) / (talk + ring + idle), 0–1.
    Occupancy,
}

macro_rules! words {
    ($type:ty, $($word:literal => $value:path),+ $(,)?) => {
        impl $type {
            /// The words that [`str::parse`] takes.
            pub const WORDS: &[&str] = &[$($word),+];

            /// The word of the command line and the API.
            pub fn as_str(self) -> &'static str {
                match self { $($value => $word),+ }
            }
        }

        impl std::str::FromStr for $type {
            type Err = UnknownWord;

            fn from_str(text: &str) -> Result<Self, UnknownWord> {
                match text.replace('-', "_").as_str() {
                    $($word => Ok($value),)+
                    _ => Err(UnknownWord { word: text.into(), known: Self::WORDS }),
                }
            }
        }
    };
}

words!(By, "range" => By::Range, "day" => By::Day, "weekday" => By::Weekday, "hour" => By::Hour);
words!(Count, "visits" => Count::Visits, "calls" => Count::Calls);
words!(Metric,
    "talk" => Metric::Talk, "calls" => Metric::Calls, "answered" => Metric::Answered,
    "abandoned" => Metric::Abandoned, "service_level" => Metric::ServiceLevel,
    "average_speed_of_answer" => Metric::AverageSpeedOfAnswer, "occupancy" => Metric::Occupancy,
);

/// A word that is none of those known.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("\"{word}\" is not one of {}", known.join(", "))]
pub struct UnknownWord {
    /// As given.
    pub word: String,
    /// What is known.
    pub known: &'static [&'static str],
}

/// What is asked. Dates are inclusive, in each PBX's zone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// One PBX; `None`: all, each in its own zone.
    pub pbx: Option<PbxName>,
    /// First date.
    pub from: civil::Date,
    /// Last date.
    pub to: civil::Date,
    /// One queue.
    pub queue: Option<QueueName>,
    /// One agent.
    pub agent: Option<AgentName>,
    /// What a heatmap shows.
    pub metric: Metric,
    /// What the range is cut into.
    pub by: By,
    /// What is counted.
    pub count: Count,
    /// The threshold for all queues, seconds; `None`: each queue's own, else the setting.
    pub service_level: Option<u32>,
}

impl Filter {
    /// Everything from `from` to `to`.
    pub fn new(from: civil::Date, to: civil::Date) -> Self {
        Self {
            pbx: None,
            from,
            to,
            queue: None,
            agent: None,
            metric: Metric::default(),
            by: By::default(),
            count: Count::default(),
            service_level: None,
        }
    }

    /// The UTC seconds [from, to) of the dates in `zone`.
    pub fn span(&self, zone: &TimeZone) -> (i64, i64) {
        let start = |date: civil::Date| {
            date.to_zoned(zone.clone()).map_or(i64::MAX, |zoned| zoned.timestamp().as_second())
        };
        (start(self.from), self.to.tomorrow().map_or(i64::MAX, start))
    }
}

/// A part of the range. Ordered by time; weekdays from Monday.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// All of it.
    Range(civil::Date, civil::Date),
    /// A date.
    Day(civil::Date),
    /// 1 Monday … 7 Sunday.
    Weekday(i8),
    /// A clock hour: its start in UTC, its date and local hour.
    Hour(i64, civil::Date, i8),
}

impl Bucket {
    /// The bucket that the UTC second `at` falls into.
    pub fn of(filter: &Filter, zone: &TimeZone, at: i64) -> Self {
        let local = local(zone, at);
        match filter.by {
            By::Range => Self::Range(filter.from, filter.to),
            By::Day => Self::Day(local.date()),
            By::Weekday => Self::Weekday(local.date().weekday().to_monday_one_offset()),
            By::Hour => {
                let hour = crate::domain::time::hour_of(zone, at);
                Self::Hour(hour.start, local.date(), local.hour())
            }
        }
    }
}

impl std::fmt::Display for Bucket {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const DAYS: [&str; 7] =
            ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
        match self {
            Self::Range(from, to) => write!(f, "{from}/{to}"),
            Self::Day(date) => write!(f, "{date}"),
            Self::Weekday(day) => {
                f.write_str(usize::try_from(*day - 1).ok().and_then(|at| DAYS.get(at)).unwrap_or(&""))
            }
            Self::Hour(start, ..) => {
                let stamp = Timestamp::from_second(*start).unwrap_or(Timestamp::UNIX_EPOCH);
                write!(f, "{stamp}")
            }
        }
    }
}

impl Serialize for Bucket {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The local date and time of a UTC second.
pub fn local(zone: &TimeZone, at: i64) -> civil::DateTime {
    zone.to_datetime(Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH))
}

/// RFC 3339 with the zone's offset.
pub fn rfc3339(zone: &TimeZone, at: i64) -> String {
    let stamp = Timestamp::from_second(at).unwrap_or(Timestamp::UNIX_EPOCH);
    stamp.display_with_offset(zone.to_offset(stamp)).to_string()
}

/// A queue's figures in one bucket.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct QueueRow {
    /// Which PBX.
    pub pbx: PbxName,
    /// Which part of the range.
    pub bucket: Bucket,
    /// Which queue.
    pub queue: QueueName,
    /// The figures.
    #[serde(flatten)]
    pub figures: QueueFigures,
}

/// An agent's figures in one bucket.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentRow {
    /// Which PBX.
    pub pbx: PbxName,
    /// Which part of the range.
    pub bucket: Bucket,
    /// Which agent.
    pub agent: AgentName,
    /// The figures.
    #[serde(flatten)]
    pub figures: AgentFigures,
}

/// One clock hour of a heatmap. An hour without a row holds no data.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct HeatRow {
    /// Which PBX.
    pub pbx: PbxName,
    /// Whose; empty for a queue or all.
    pub agent: String,
    /// The local date.
    pub date: civil::Date,
    /// The local clock hour, 0–23; a repeated hour has two rows.
    pub hour: i8,
    /// When it starts.
    pub start_utc: Timestamp,
    /// Its length.
    pub seconds_in_hour: i64,
    /// The metric; `None` where its denominator is 0.
    pub value: Option<f64>,
    /// More talk than the hour lasts: two logged talks overlap.
    pub overlapping: bool,
}

impl HeatRow {
    /// A row for `hour`.
    pub fn new(pbx: &PbxName, zone: &TimeZone, agent: &str, hour: Hour, value: Option<f64>) -> Self {
        let local = local(zone, hour.start);
        Self {
            pbx: pbx.clone(),
            agent: agent.into(),
            date: local.date(),
            hour: local.hour(),
            start_utc: Timestamp::from_second(hour.start).unwrap_or(Timestamp::UNIX_EPOCH),
            seconds_in_hour: hour.seconds,
            value,
            overlapping: false,
        }
    }
}

/// One visit, as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VisitRow {
    /// Which PBX.
    pub pbx: PbxName,
    /// RFC 3339 with the PBX's offset.
    pub entered: String,
    /// The queue.
    pub queue: QueueName,
    /// The caller's number.
    pub number: String,
    /// How it ended; `not_entered` for a call that the queue never took.
    pub outcome: &'static str,
    /// The logged wait.
    pub wait_s: i64,
    /// Who answered.
    pub agent: Option<AgentName>,
    /// Whole talk.
    pub talk_s: i64,
    /// `blind` or `attended`, where the agent passed it on.
    pub transferred: Option<&'static str>,
    /// Marks, in words.
    pub marks: Vec<&'static str>,
    /// The latest end of a talk whose end was not logged, seconds after CONNECT.
    pub talk_bound_s: Option<i64>,
    /// The callid.
    pub callid: String,
    /// The n-th visit of that callid to that queue.
    pub n: u32,
}

impl VisitRow {
    /// Shows `visit`.
    pub fn of(pbx: &PbxName, zone: &TimeZone, visit: &Visit) -> Self {
        use super::event::TransferKind;
        let transferred = visit.talks.iter().find_map(|talk| talk.transfer).map(|kind| match kind {
            TransferKind::Blind => "blind",
            TransferKind::Attended => "attended",
        });
        let marks = visit.marks;
        let estimated = visit.talks.iter().any(|talk| talk.estimated);
        let words = [
            (marks.technical, "technical"),
            (marks.own, "no entry logged"),
            (marks.joined, "entered under another callid"),
            (marks.missing_end, "no end logged"),
            (estimated, "estimated"),
            (marks.may_include_transfer, "may include a transfer"),
        ];
        Self {
            pbx: pbx.clone(),
            entered: rfc3339(zone, visit.entered),
            queue: visit.queue.clone(),
            number: visit.number.clone(),
            outcome: visit.outcome.as_str(),
            wait_s: visit.wait,
            agent: visit.agent.clone(),
            talk_s: visit.talk(),
            transferred,
            marks: words.into_iter().filter_map(|(holds, word)| holds.then_some(word)).collect(),
            talk_bound_s: visit.talk_bound,
            callid: visit.callid.clone(),
            n: visit.n,
        }
    }

    /// Shows a call that was refused at the queue's door.
    pub fn of_not_entered(pbx: &PbxName, zone: &TimeZone, call: &NotEntered) -> Self {
        Self {
            pbx: pbx.clone(),
            entered: rfc3339(zone, call.at),
            queue: call.queue.clone(),
            number: call.number.clone(),
            outcome: "not_entered",
            wait_s: 0,
            agent: None,
            talk_s: 0,
            transferred: None,
            marks: Vec::new(),
            talk_bound_s: None,
            callid: call.callid.clone(),
            n: 0,
        }
    }
}

/// A call that went to a queue and never entered it (full, nobody logged in). Source: cdr.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotEntered {
    /// The queue it went to.
    pub queue: QueueName,
    /// The caller's number.
    pub number: String,
    /// When the call began, UTC.
    pub at: i64,
    /// Its uniqueid.
    pub callid: String,
}

/// All visits of one callid as one: answered if any was; its wait up to and including the first answered visit.
/// `visits` of one callid, not empty, in any order.
pub fn as_call(visits: &[Visit]) -> Option<(Visit, bool)> {
    let mut order: Vec<&Visit> = visits.iter().collect();
    order.sort_by_key(|visit| (visit.entered, visit.closed, visit.n));
    let first = order.first()?;
    let answered = order.iter().position(|visit| visit.outcome == Outcome::Answered);
    let counted = answered.map_or(order.len(), |at| at + 1);
    let last = order.last()?;
    let mut call = (*first).clone();
    call.outcome = answered.map_or(last.outcome, |_| Outcome::Answered);
    call.wait = order[..counted].iter().map(|visit| visit.wait).sum();
    call.talks = order.iter().flat_map(|visit| visit.talks.clone()).collect();
    call.marks.technical &= call.outcome == Outcome::Abandoned;
    let lost_after = answered.is_some_and(|at| order[at + 1..].iter().any(|visit| visit.outcome.is_lost()));
    Some((call, lost_after))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_parsed_and_unknown_ones_are_answered_with_those_known() {
        assert_eq!("average-speed-of-answer".parse(), Ok(Metric::AverageSpeedOfAnswer));
        assert_eq!("weekday".parse(), Ok(By::Weekday));
        let error = "week".parse::<By>().expect_err("unknown");
        assert_eq!(error.to_string(), "\"week\" is not one of range, day, weekday, hour");
    }

    #[test]
    fn a_day_of_25_hours_is_spanned_whole() {
        let berlin = TimeZone::get("Europe/Berlin").expect("a zone");
        let date = civil::date(2026, 10, 25);
        let (from, to) = Filter::new(date, date).span(&berlin);
        assert_eq!(to - from, 25 * 3600);
    }
}
