//! The shape of the answers: rows of figures, of a heatmap, of visits.

use jiff::Timestamp;
use jiff::civil;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::event::TransferKind;
use super::figures::{AgentFigures, QueueFigures};
use super::query::{Bucket, local, rfc3339};
use super::visit::{Outcome, Visit};
use crate::domain::ids::{AgentName, PbxName, QueueName};
use crate::domain::time::Hour;

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
    /// Got a row more than an hour after its own time.
    pub late: bool,
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
            late: false,
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
            number: visit.number.to_string(),
            outcome: visit.outcome.as_str(),
            wait_s: visit.wait,
            agent: visit.agent.clone(),
            talk_s: visit.talk(),
            transferred,
            marks: words.into_iter().filter_map(|(holds, word)| holds.then_some(word)).collect(),
            talk_bound_s: visit.talk_bound,
            callid: visit.callid.to_string(),
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
    // Of a call that nobody answered the last visit is the one that was abandoned.
    call.marks.technical = last.marks.technical && call.outcome == Outcome::Abandoned;
    let lost_after = answered.is_some_and(|at| order[at + 1..].iter().any(|visit| visit.outcome.is_lost()));
    Some((call, lost_after))
}
