//! What is asked of the history: ranges, buckets, metrics. What is answered is in `answer`.

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use serde::Serialize;

pub use super::answer::{AgentRow, HeatRow, NotEntered, QueueRow, VisitRow, as_call};
use crate::domain::ids::{AgentName, PbxName, QueueName};

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
    /// (talk + ring + wrap-up) / (talk + ring + wrap-up + idle), each second once, 0–1.
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
    /// Of a list of visits: a part of it.
    pub page: Option<Page>,
}

/// A page of a list that is in the order of time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// From this UTC second on; `None`: from the beginning.
    pub start: Option<i64>,
    /// So many rows, and the further ones of the last one's second.
    pub limit: usize,
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
            page: None,
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
