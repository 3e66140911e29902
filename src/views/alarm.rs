//! What is raised in a queue, as displays say it.

use crate::domain::alarm::{Alarm, Kind, Number};
use crate::domain::live::snapshot::QueueSnapshot;
use crate::domain::time::Moment;

use super::overview::shown_at;
use super::{Level, Picture, format};

/// One thing that is raised. A display puts the words around its figures.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// What.
    pub kind: Kind,
    /// How bad.
    pub level: Level,
    /// Callers, where it is about a number of them.
    pub count: u32,
    /// The figure as text: `7`, `4:10`, `56 %`.
    pub figure: String,
    /// For how long it has been so, `2 min`.
    pub since: String,
}

/// What a queue's tile or section says of its alarms.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Notice {
    /// The worst level.
    pub level: Level,
    /// Of the callers' number.
    pub waiting: Level,
    /// Of the longest wait.
    pub longest: Level,
    /// The worst first.
    pub lines: Vec<Line>,
    /// Until when nothing is raised because of the hour: `07:00`, `Mon 07:00` or `4 Mar`, as far as it is; empty otherwise.
    pub quiet_until: String,
}

/// Seconds.
const DAY: i64 = 86_400;
const WEEK: i64 = 6 * DAY;

/// What is said of a queue.
pub fn notice(picture: &Picture, queue: &QueueSnapshot, now: Moment) -> Notice {
    let Some(held) = picture.raised(queue) else { return Notice::default() };
    let at = shown_at(picture, now);
    let quiet = held.quiet_until.as_ref().map(|until| {
        let ahead = until.timestamp().as_second() - now.wall.as_second();
        let words = match ahead {
            ..DAY => "%H:%M",
            DAY..WEEK => "%a %H:%M",
            _ => "%-d %b",
        };
        until.strftime(words).to_string()
    });
    Notice {
        level: held.raised.first().map(|alarm| alarm.step).into(),
        waiting: held.step(Kind::Waiting).into(),
        longest: held.step(Kind::LongestWait).into(),
        lines: held.raised.iter().map(|alarm| line(alarm, at)).collect(),
        quiet_until: quiet.unwrap_or_default(),
    }
}

fn line(alarm: &Alarm, at: Moment) -> Line {
    let figure = match alarm.measure.at(at) {
        Number::Share(share) => format::percent(Some(share)),
        Number::Whole(count) if alarm.kind == Kind::Waiting => count.to_string(),
        Number::Whole(seconds) => format::timer(seconds),
    };
    let count = match alarm.measure.at(at) {
        Number::Whole(count) if alarm.kind == Kind::Waiting => u32::try_from(count).unwrap_or(u32::MAX),
        _ => 0,
    };
    Line {
        kind: alarm.kind,
        level: Some(alarm.step).into(),
        count,
        figure,
        since: format::timer(at.seconds_since(alarm.since)),
    }
}

/// A line in words: "7 waiting", "longest wait 4 min", "no agent free", "service level 56 %".
pub fn words(line: &Line) -> String {
    match line.kind {
        Kind::Waiting => format!("{} waiting", line.figure),
        Kind::LongestWait => format!("longest wait {}", line.figure),
        Kind::ServiceLevel => format!("service level {}", line.figure),
        Kind::NoAgentFree => "no agent free".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::domain::alarm::{Limits, QueueAlarms};
    use crate::views::fixture::{at, picture};

    #[test]
    fn a_notice_has_the_worst_first_with_figure_and_since_when() {
        let picture = picture();
        let sales = notice(&picture, &picture.live.queues[0], at(100));
        let said: Vec<_> =
            sales.lines.iter().map(|line| (words(line), line.since.as_str(), line.level)).collect();
        assert_eq!(
            said,
            [
                ("longest wait 1 min".to_owned(), "0:10", Level::Alarm),
                ("2 waiting".to_owned(), "0:10", Level::Warn),
                ("service level 75 %".to_owned(), "0:10", Level::Warn)
            ]
        );
        assert_eq!((sales.level, sales.waiting, sales.longest), (Level::Alarm, Level::Warn, Level::Alarm));
        assert_eq!(notice(&picture, &picture.live.queues[1], at(100)), Notice::default());
    }

    #[test]
    fn quiet_hours_name_their_end() {
        let mut picture = picture();
        let quiet = |end: &str| {
            let quiet_until = Some(end.parse().expect("a time"));
            QueueAlarms { limits: Limits::NONE, quiet_until, raised: Vec::new() }
        };
        let alarms = Arc::make_mut(&mut picture.alarms);
        alarms.queues.insert("Sales".into(), quiet("1970-01-01T07:00[UTC]"));
        alarms.queues.insert("Support".into(), quiet("1970-01-05T07:00[UTC]"));
        let of = |picture: &Picture, queue: usize| {
            notice(picture, &picture.live.queues[queue], at(100)).quiet_until
        };
        assert_eq!([of(&picture, 0), of(&picture, 1)], ["07:00", "Mon 07:00"]);
        Arc::make_mut(&mut picture.alarms).queues.insert("Sales".into(), quiet("1970-03-04T00:00[UTC]"));
        assert_eq!(notice(&picture, &picture.live.queues[0], at(100)).quiet_until, "4 Mar");
    }
}
