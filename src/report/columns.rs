//! The columns of each report: their names in CSV and JSON, which stay, and how they are shown to the eye.

use super::Kind;

/// One column.
#[derive(Debug)]
pub(super) struct Column {
    /// In CSV, and the field in JSON.
    pub(super) name: &'static str,
    /// In the table, with the unit; `|` is where its two lines part. Empty: not in the table.
    pub(super) head: &'static str,
    /// How its values are shown in the table.
    pub(super) shown: Shown,
}

/// How a value is shown to the eye.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// As it is.
    Text,
    /// A word with underscores.
    Word,
    /// A whole number, its thousands apart. A column of zeros alone is left out.
    Count,
    /// As [`Self::Count`], and shown also where all are 0.
    Always,
    /// A mean, one decimal.
    Mean,
    /// A ratio as percent, one decimal.
    Percent,
    /// Seconds as h:mm:ss.
    Span,
}

const fn column(name: &'static str, head: &'static str, shown: Shown) -> Column {
    Column { name, head, shown }
}

use Shown::{Always, Count, Mean, Percent, Span, Text, Word};

const QUEUES: &[Column] = &[
    column("pbx", "PBX", Text),
    column("bucket", "when", Text),
    column("queue", "queue", Text),
    column("offered", "offered", Always),
    column("answered", "answered", Always),
    column("abandoned", "abandoned", Always),
    column("abandoned_short", "of it|short", Count),
    column("timed_out", "timed|out", Count),
    column("left_by_key", "left|by key", Count),
    column("left_empty", "left|empty", Count),
    column("withdrawn", "with-|drawn", Count),
    column("still_waiting", "still|waiting", Count),
    column("unresolved", "unre-|solved", Count),
    column("lost", "", Count),
    column("not_entered", "not|entered", Count),
    column("service_level_s", "within|s", Count),
    column("service_level_a", "service|level %", Percent),
    column("service_level_b", "", Percent),
    column("service_level_c", "", Percent),
    column("service_level_d", "", Percent),
    column("abandon_rate", "abandon|rate %", Percent),
    column("average_speed_of_answer_s", "speed of|answer s", Mean),
    column("median_wait_s", "median|wait s", Count),
    column("p90_wait_s", "90 %|wait s", Count),
    column("longest_wait_s", "longest|wait s", Count),
    column("wait_s", "", Span),
    column("average_wait_abandoned_s", "", Mean),
    column("average_handle_time_s", "handle|time s", Mean),
    column("talk_s", "talk|h:mm:ss", Span),
    column("technical", "tech-|nical", Count),
    column("lost_after_transfer", "lost after|transfer", Count),
    column("wrap_up_s", "", Span),
];
const AGENTS: &[Column] = &[
    column("pbx", "PBX", Text),
    column("bucket", "when", Text),
    column("agent", "agent", Text),
    column("answered", "answered", Always),
    column("no_answer", "no|answer", Always),
    column("abandoned", "abandoned", Always),
    column("busy", "busy", Always),
    column("attempts", "attempts", Count),
    column("attempts_rang_out", "rang|out", Count),
    column("attempts_refused", "refused", Count),
    column("left_by_key", "left|by key", Count),
    column("talk_s", "talk|h:mm:ss", Span),
    column("transferred_blind", "passed on|blind", Count),
    column("transferred_attended", "passed on|attended", Count),
    column("paused_s", "paused|h:mm:ss", Span),
    column("paused_all_queues_s", "of it in|all queues", Span),
    column("logged_in_s", "logged in|h:mm:ss", Span),
    column("wait_s", "", Span),
    column("average_speed_of_answer_s", "speed of|answer s", Mean),
    column("ring_s", "ring|h:mm:ss", Span),
    column("wrap_up_s", "wrap-up|h:mm:ss", Span),
    column("idle_s", "idle|h:mm:ss", Span),
    column("occupancy", "occu-|pancy %", Percent),
    column("busy_elsewhere", "busy|elsewhere", Count),
];
const HEATMAP: &[Column] = &[
    column("agent", "agent", Text),
    column("date", "date", Text),
    column("hour", "", Count),
    column("start_utc", "", Text),
    column("seconds_in_hour", "", Count),
    column("value", "", Mean),
    column("late", "", Text),
    column("overlapping", "", Text),
];
const VISITS: &[Column] = &[
    column("pbx", "PBX", Text),
    column("entered", "entered", Text),
    column("queue", "queue", Text),
    column("number", "caller", Text),
    column("outcome", "outcome", Word),
    column("wait_s", "wait|s", Always),
    column("agent", "agent", Text),
    column("talk_s", "talk|h:mm:ss", Span),
    column("transferred", "passed|on", Text),
    column("marks", "marks", Text),
    column("talk_bound_s", "talk at|most s", Count),
    column("callid", "callid", Text),
    column("n", "", Count),
];

/// The columns of a report.
pub(super) fn columns(kind: Kind) -> &'static [Column] {
    match kind {
        Kind::Queues => QUEUES,
        Kind::Agents => AGENTS,
        Kind::Heatmap => HEATMAP,
        Kind::Visits => VISITS,
    }
}
