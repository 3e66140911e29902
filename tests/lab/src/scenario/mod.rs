//! Calls by name. Each plays one story on a running [`Lab`] and says what the phones really did, so that a test can hold
//! the board and the history against it.
//!
//! A scenario begins with quiet phones, uses caller numbers of its own, and returns only when Asterisk has written the
//! last queue_log row of the story.

mod answered;
mod floor_work;
mod lost;
mod visit;

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use jiff::Timestamp;
use serde::Serialize;

use crate::lab::Lab;

/// Who ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EndedBy {
    /// The caller hung up.
    Caller,
    /// The agent hung up.
    Agent,
    /// The agent passed the caller on.
    Transfer,
    /// Asterisk ended it: timeout, key, full queue.
    Pbx,
}

/// One attempt to reach a member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ring {
    /// `PJSIP/106`.
    pub interface: String,
    /// From the phone's first ringing to its answer or the end; 0 when it refused at once.
    pub ms: u64,
}

/// One caller in one queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VisitOutcome {
    /// The caller's number.
    pub number: String,
    /// The queue dialled.
    pub queue: String,
    /// Asterisk's uniqueid of the caller's channel, which is queue_log's callid.
    pub uniqueid: String,
    /// When the caller's phone saw the call answered by the queue.
    pub joined_at: Timestamp,
    /// The interface that answered.
    pub answered_by: Option<String>,
    /// From joining to the agent's answer, or to the end when nobody answered.
    pub waited_ms: u64,
    /// How long the agent's phone was in the call, up to a transfer.
    pub talked_ms: u64,
    /// Who ended the agent's part, or the wait.
    pub ended_by: EndedBy,
    /// Every ringing of a phone for this caller, in order of time; the target of a transfer too.
    pub rings: Vec<Ring>,
    /// The queue_log event that ended the visit; empty when there is none (a full queue).
    pub last_event: String,
}

/// A pause that began and ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PauseOutcome {
    /// `PJSIP/101`.
    pub interface: String,
    /// `None` is all queues of the member.
    pub queue: Option<String>,
    /// As given.
    pub reason: String,
    /// Between the two commands' responses.
    pub paused_ms: u64,
}

/// What a scenario did.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Outcome {
    /// Its name.
    pub scenario: &'static str,
    /// When it began.
    pub began_at: Timestamp,
    /// How long it took.
    pub took_ms: u64,
    /// Callers in order of arrival.
    pub visits: Vec<VisitOutcome>,
    /// Pauses in order.
    pub pauses: Vec<PauseOutcome>,
}

/// What one story leaves behind.
#[derive(Debug, Default)]
struct Story {
    visits: Vec<VisitOutcome>,
    pauses: Vec<PauseOutcome>,
}

impl From<VisitOutcome> for Story {
    fn from(visit: VisitOutcome) -> Self {
        Self { visits: vec![visit], pauses: Vec::new() }
    }
}

/// Names of all scenarios with what happens in them.
pub const ALL: [(&str, &str); 15] = [
    ("answered_agent_hangup", "sales: 101 answers, talks, hangs up"),
    ("answered_caller_hangup", "sales: 102 answers, the caller hangs up"),
    ("abandon", "support: the caller gives up while a phone rings"),
    ("no_answer", "vip: 106 rings out twice, the caller is thrown out after 12 s"),
    ("rna_then_next", "support: the first phone rings out, the next one answers"),
    ("busy_agent", "vip: 106 is busy, 107 answers"),
    ("declined", "vip: 106 declines, 107 answers"),
    ("unregistered_agent", "vip: 106 is away, 107 answers"),
    ("pause_unpause", "sales: 101 pauses for lunch, 103 in all queues, then both return"),
    ("dynamic_member", "vip: 108 joins by command, takes a call and leaves"),
    ("exit_key", "support: the caller leaves with key 1"),
    ("over_max", "vip: the third caller finds the queue full, the others give up"),
    ("blind_transfer", "sales: 101 answers and passes the caller to 108"),
    ("attended_transfer", "sales: 101 answers, asks 108, and connects both"),
    ("hold", "sales: 102 answers, holds for 2 s, the caller hangs up"),
];

/// Plays one scenario.
///
/// # Errors
/// When the name is unknown, or something did not happen within its deadline.
pub async fn run(lab: &Lab, name: &str) -> Result<Outcome> {
    let Some((scenario, _)) = ALL.iter().find(|(known, _)| *known == name) else {
        bail!("no scenario is named {name}; there are {}", ALL.map(|(known, _)| known).join(", "));
    };
    lab.quiet().await?;
    lab.wait_free(Duration::from_secs(20)).await?;
    let (began, began_at) = (Instant::now(), Timestamp::now());
    let story = match *scenario {
        "answered_agent_hangup" => answered::agent_hangs_up(lab).await,
        "answered_caller_hangup" => answered::caller_hangs_up(lab).await,
        "blind_transfer" => answered::blind_transfer(lab).await,
        "attended_transfer" => answered::attended_transfer(lab).await,
        "hold" => answered::hold(lab).await,
        "abandon" => lost::abandon(lab).await,
        "no_answer" => lost::no_answer(lab).await,
        "exit_key" => lost::exit_key(lab).await,
        "over_max" => lost::over_max(lab).await,
        "rna_then_next" => floor_work::rna_then_next(lab).await,
        "busy_agent" => floor_work::refused(lab, crate::Behaviour::Busy).await,
        "declined" => floor_work::refused(lab, crate::Behaviour::Decline).await,
        "unregistered_agent" => floor_work::unregistered(lab).await,
        "pause_unpause" => floor_work::pause_unpause(lab).await,
        "dynamic_member" => floor_work::dynamic_member(lab).await,
        other => bail!("{other} is listed but not written"),
    };
    let Story { visits, pauses } = story.map_err(|error| error.context(format!("scenario {scenario}")))?;
    lab.quiet().await?;
    let took_ms = began.elapsed().as_millis() as u64;
    Ok(Outcome { scenario, began_at, took_ms, visits, pauses })
}
