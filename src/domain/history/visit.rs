//! What a visit is: one stay of one caller in one queue, as the fold of its rows says.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use super::event::TransferKind;
use crate::domain::ids::{AgentName, QueueName};

/// How a visit ended. Exclusive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// Connected to an agent.
    Answered,
    /// The caller hung up.
    Abandoned,
    /// The queue's time was over.
    TimedOut,
    /// The caller pressed a key.
    LeftByKey,
    /// The queue emptied.
    LeftEmpty,
    /// Taken out by an action.
    Withdrawn,
    /// No end yet: the caller waits, by the log's own clock.
    Open,
    /// No end within 12 h, closed by a start of Asterisk, or entered again without an end.
    Unresolved,
}

impl Outcome {
    /// The word of the API and of the store.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Abandoned => "abandoned",
            Self::TimedOut => "timed_out",
            Self::LeftByKey => "left_by_key",
            Self::LeftEmpty => "left_empty",
            Self::Withdrawn => "withdrawn",
            Self::Open => "open",
            Self::Unresolved => "unresolved",
        }
    }

    /// Whether the caller was lost: abandoned, timed out, empty or withdrawn.
    pub fn is_lost(self) -> bool {
        matches!(self, Self::Abandoned | Self::TimedOut | Self::LeftEmpty | Self::Withdrawn)
    }
}

/// One agent's part in one visit; the first that fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Connected, also if passed on.
    Answered,
    /// The phone rang out.
    NoAnswer,
    /// The caller hung up while the phone rang.
    Abandoned,
    /// The phone refused at once.
    Busy,
    /// The caller left by a key while the phone rang; shown apart.
    LeftByKey,
}

/// How a ring ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum RingEnd {
    /// Answered.
    Answered,
    /// Rang out (more than 1000 ms).
    RangOut,
    /// Refused at once (up to 1000 ms).
    Refused,
    /// The caller gave up.
    Canceled,
}

/// A phone that rang: [start, end) in UTC seconds; `end` is the row's own time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ring {
    /// Whose.
    pub agent: AgentName,
    /// First second.
    pub start: i64,
    /// The time of the row.
    pub end: i64,
    /// How it ended.
    pub how: RingEnd,
}

/// A talk: [start, end) in UTC seconds, end = the end row's time, length = its logged talk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Talk {
    /// Whose.
    pub agent: AgentName,
    /// First second.
    pub start: i64,
    /// First second after.
    pub end: i64,
    /// How it was passed on, if it was.
    pub transfer: Option<TransferKind>,
    /// The end is the leg's cdr, not an end row.
    pub estimated: bool,
}

/// Marks of a visit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// Abandoned because the channels could not be made compatible (SYSCOMPAT).
    pub technical: bool,
    /// Made by a closing or end row that found no entry.
    pub own: bool,
    /// Entered under one callid and connected under another.
    pub joined: bool,
    /// Connected, and no end row is known though there should be one.
    pub missing_end: bool,
    /// The talk may go on after a transfer that Asterisk did not see (`/n` Local members).
    pub may_include_transfer: bool,
}

/// One visit. Times are UTC seconds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Visit {
    /// The callid that entered.
    pub callid: SmolStr,
    /// The queue, as first written.
    pub queue: QueueName,
    /// The n-th visit of this callid to this queue, from 1.
    pub n: u32,
    /// The caller's number; empty when withheld or unknown.
    pub number: SmolStr,
    /// When the caller entered. Source: ENTERQUEUE, else row − wait.
    pub entered: i64,
    /// How it ended.
    pub outcome: Outcome,
    /// The logged wait, seconds; 0 while open or unresolved.
    pub wait: i64,
    /// The time of the closing row.
    pub closed: Option<i64>,
    /// Who answered.
    pub agent: Option<AgentName>,
    /// When a connected call without an end row must have ended at the latest, seconds after CONNECT. Shown, never summed.
    pub talk_bound: Option<i64>,
    /// Each agent's status, with the time of the row that gives it.
    pub statuses: Vec<(AgentName, Status, i64)>,
    /// The phones that rang.
    pub rings: Vec<Ring>,
    /// The talks; more than one only where rows repeat.
    pub talks: Vec<Talk>,
    /// Marks.
    pub marks: Marks,
    /// When the visit is to be folded again though no row came: its end is overdue then.
    pub review_at: Option<i64>,
}

impl Visit {
    /// Whole, unsplit talk in seconds.
    pub fn talk(&self) -> i64 {
        self.talks.iter().map(|talk| talk.end - talk.start).sum()
    }
}
