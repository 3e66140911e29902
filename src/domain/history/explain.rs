//! Why a figure is what it is: the visits and times that make it up, each with what it gives.
//!
//! A contribution is what the cells themselves would take of a visit, so that the contributions of all visits add up to
//! the figure. A share is explained by two sums: what counts, of what is counted.
//!
//! | file | does |
//! |---|---|
//! | `figure` | which figures can be explained, and what of a cell each takes |
//! | `taken` | what each row of a call was taken for |

mod figure;
mod taken;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::answer::VisitRow;
use super::query::Count;
use crate::domain::ids::{AgentName, PbxName, QueueName};

pub use figure::{Figure, Given, Unit};
pub use taken::{Taken, taken};

/// What is to be explained: one figure of a queue, of an agent (in a queue), or of all, on a date or in a clock hour of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// Which PBX.
    pub pbx: PbxName,
    /// The date in the PBX's zone.
    pub date: Date,
    /// A local clock hour of it; a repeated one is both.
    pub hour: Option<i8>,
    /// The clock hour that starts at this UTC second alone: tells the two of a repeated hour apart.
    pub start: Option<i64>,
    /// Of one queue.
    pub queue: Option<QueueName>,
    /// Of one agent.
    pub agent: Option<AgentName>,
    /// Which figure.
    pub figure: Figure,
    /// What is counted of queues: visits, or calls; an agent has one status a visit, whatever is counted.
    pub count: Count,
    /// The service level's seconds for all queues, instead of each queue's own.
    pub service_level: Option<u32>,
}

/// One visit, call or stretch of time, and what it gives.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Part {
    /// `visit`, `call`, `not entered`, `busy elsewhere`; or of time: `pause`, `login`, `talk`, `ring`, `wrap-up`, `idle`.
    pub kind: &'static str,
    /// What it gives: visits or seconds.
    pub part: i64,
    /// Of a share or a mean: of what.
    pub of: Option<i64>,
    /// In words.
    pub what: String,
    /// When it began, RFC 3339.
    pub start: String,
    /// When it ended, RFC 3339; `None` while it goes on, and where it has no length.
    pub end: Option<String>,
    /// The visit; of a call all its visits as one.
    pub visit: Option<VisitRow>,
    /// The visits of a call, in the order of time; empty where visits are counted.
    pub visits: Vec<VisitRow>,
    /// The rows behind a stretch of time; those of a visit are a question of their own.
    pub rows: Vec<RowShown>,
}

/// A row as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RowShown {
    /// Its place in the table; `None` for a row of a file.
    pub id: Option<i64>,
    /// Local time as written.
    pub time: String,
    /// As written.
    pub callid: String,
    /// As written.
    pub queue: String,
    /// As written.
    pub agent: String,
    /// As written.
    pub event: String,
    /// data1 to data5 as written.
    pub data: [String; 5],
}

impl RowShown {
    /// Shows a row.
    pub fn of(row: &super::row::LogRow) -> Self {
        Self {
            id: row.instant().is_none().then_some(row.id),
            time: row.local.strftime("%Y-%m-%d %H:%M:%S").to_string(),
            callid: row.callid.to_string(),
            queue: row.queue.to_string(),
            agent: row.agent.to_string(),
            event: row.event.to_string(),
            data: row.data.clone().map(String::from),
        }
    }
}

/// A figure and everything that makes it up.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Explanation {
    /// Which PBX.
    pub pbx: PbxName,
    /// Which queue; `None`: all.
    pub queue: Option<QueueName>,
    /// Which agent; `None`: nobody's, or all where only agents have the figure.
    pub agent: Option<AgentName>,
    /// Which figure.
    pub figure: &'static str,
    /// What it is counted in.
    pub unit: &'static str,
    /// Whether visits or calls are counted.
    pub count: Count,
    /// Whether it is a figure of queues, which can be counted by visit or by call; else of agents.
    #[serde(skip)]
    pub by_queue: bool,
    /// The date.
    pub date: Date,
    /// The local clock hour, where one was asked for.
    pub hour: Option<i8>,
    /// From when on, UTC.
    pub from: Timestamp,
    /// Up to when, UTC.
    pub to: Timestamp,
    /// The figure as every report gives it; `None` where its denominator is 0.
    pub value: Option<f64>,
    /// The sum of what the parts give.
    pub sum: i64,
    /// Of a share or a mean: the sum of what they are counted of.
    pub of: Option<i64>,
    /// Whether the parts add up to the figure. If not, the stored sums are wrong; the hourly check mends them.
    pub adds_up: bool,
    /// What has to be known to read it: the service level's seconds, a lower bound.
    pub notes: Vec<String>,
    /// The parts, in the order of time.
    pub parts: Vec<Part>,
}

impl Explanation {
    /// The figure with its unit, and what it is made of.
    pub fn value_in_words(&self) -> String {
        let Some(value) = self.value else { return "– (nothing to divide by)".into() };
        let (sum, of) = (self.sum, self.of.unwrap_or(0));
        match self.unit {
            "share" => format!("{:.1} % ({sum} of {of})", value * 100.0),
            "seconds on average" => format!("{value:.1} s ({sum} s by {of})"),
            "seconds" => format!("{value:.0} s"),
            _ => format!("{value:.0}"),
        }
    }
}

/// A visit's rows, and what became of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CallExplained {
    /// Which PBX.
    pub pbx: PbxName,
    /// The callid asked for.
    pub callid: String,
    /// The callids folded with it, itself among them.
    pub callids: Vec<String>,
    /// What the rows were folded to.
    pub visits: Vec<VisitRow>,
    /// Why each mark stands, in words.
    pub why: Vec<String>,
    /// The rows as written, in the order of time.
    pub rows: Vec<RowTaken>,
}

/// A row with what it was taken for.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RowTaken {
    /// As written.
    #[serde(flatten)]
    pub row: RowShown,
    /// The instant, RFC 3339.
    pub at: String,
    /// What it was taken for, in words.
    pub taken_for: String,
}
