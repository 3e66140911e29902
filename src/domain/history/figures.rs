//! The numbers that are shown, by the definitions of the field. A figure whose denominator is 0 is `None`: a dash,
//! never 0 % and never 100 %.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::domain::ids::{AgentName, PbxName, QueueName};

/// The variants of the service level; `s` is the threshold in seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
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
    /// Whole talk and wrap-up of the answered visits by their number, seconds.
    pub average_handle_time_s: Option<f64>,
    /// Talk of the visits that entered in the range, unsplit, seconds.
    pub talk_s: u64,
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
