//! Calls by name. Each plays one story on a running [`Lab`] and says what the phones really did, so that a test can hold
//! the board and the history against it.
//!
//! A scenario begins with quiet phones, uses caller numbers of its own, and returns only when Asterisk has written the
//! last queue_log row of the story.

mod answered;
mod floor_work;
mod local;
mod lost;
mod members;
mod restart;
mod transfer;
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
    /// A command took the caller away.
    Command,
    /// Asterisk ended it: timeout, key, full or empty queue, its own end.
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
    /// What Asterisk can know of that: longer where it does not see that the agent is out (Redirect, Local members).
    pub logged_talk_ms: u64,
    /// Who ended the agent's part, or the wait.
    pub ended_by: EndedBy,
    /// Every ringing of a phone for this caller since joining, in order of time; the target of a transfer too.
    pub rings: Vec<Ring>,
    /// The last queue_log event of the visit; empty when there is none (a full queue). `ENTERQUEUE` or `CONNECT` when
    /// Asterisk logged no end.
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

/// Names of the scenarios that leave Asterisk running, with what happens in them.
pub const ALL: [(&str, &str); 34] = [
    ("answered_agent_hangup", "sales: 101 answers, talks, hangs up"),
    ("answered_caller_hangup", "sales: 102 answers, the caller hangs up"),
    ("abandon", "support: the caller gives up while a phone rings"),
    ("no_answer", "vip: 106 rings out twice, the caller is thrown out after 12 s"),
    ("timeout_alone", "vip: all are paused, the caller is thrown out after 12 s"),
    ("empty", "vip: nobody may enter while all are paused, and who is in is sent away"),
    ("rna_then_next", "support: the first phone rings out, the next one answers"),
    ("busy_agent", "vip: 106 is busy, 107 answers"),
    ("declined", "vip: 106 declines, 107 answers"),
    ("unregistered_agent", "vip: 106 is away, 107 answers"),
    ("pause_unpause", "sales: 101 pauses for lunch, 103 in all queues, then both return"),
    ("pause_in_call", "sales: 102 pauses in a call and is away after it"),
    ("wrap_up", "vip: 106 wraps up for 4 s, the next caller goes to 107"),
    ("dynamic_member", "vip: 108 joins by command, takes a call and leaves"),
    ("removed_in_call", "vip: 108 joins by command and is removed in the middle of a call"),
    ("penalty", "sales: 103's penalty goes up and back by command"),
    ("realtime_member", "vip: 108 joins by a row in the table, takes a call and is deleted"),
    ("exit_key", "support: the caller leaves with key 1"),
    ("over_max", "vip: the third caller finds the queue full, the others give up"),
    ("rush", "sales: three callers at once, phones pick up in the same moment"),
    ("second_call", "sales: 102 holds the caller for a private call that comes in between"),
    ("private_call", "sales: 102 is in a private call, 101 answers"),
    ("hold", "sales: 102 answers, holds for 2 s, the caller hangs up"),
    ("blind_transfer", "sales: 101 answers and passes the caller to 108"),
    ("attended_transfer", "sales: 101 answers, asks 108, and connects both"),
    ("blind_into_queue", "sales: 101 answers and passes the caller into vip, where 106 answers"),
    ("attended_into_queue", "sales: 101 answers, asks in vip, connects while 106 rings there"),
    ("redirect", "sales: a command takes the caller away from 101"),
    ("blind_to_busy", "sales: 101 passes the caller to 108, who is busy"),
    ("consult_busy", "sales: 101 asks 108, who is busy, and goes on with the caller"),
    ("local_answered", "400: 101 answers behind a Local channel and hangs up"),
    ("local_no_answer", "400: two phones behind Local channels ring out, the caller gives up"),
    ("local_blind_transfer", "400: 101 behind a Local channel passes the caller to 108"),
    ("local_hold", "400: 101 behind a Local channel holds the caller for 2 s"),
];

/// Names of the scenarios in which Asterisk itself ends and comes back.
pub const RESTARTS: [(&str, &str); 2] = [
    ("restart_kill", "Asterisk is killed while one caller talks and one waits"),
    ("restart_stop", "Asterisk is stopped while one caller talks and one waits"),
];

/// Plays one scenario.
///
/// # Errors
/// When the name is unknown, or something did not happen within its deadline.
pub async fn run(lab: &Lab, name: &str) -> Result<Outcome> {
    let Some((scenario, _)) = ALL.iter().find(|(known, _)| *known == name) else {
        bail!("no scenario is named {name}; there are {}", ALL.map(|(known, _)| known).join(", "));
    };
    if scenario.starts_with("local_") {
        lab.open_local_queue().await?;
    }
    let start = Start::when_quiet(lab).await?;
    let story = play(lab, scenario).await;
    start.tell(lab, scenario, story).await
}

/// As [`run`], also for the scenarios of [`RESTARTS`].
///
/// # Errors
/// As [`run`].
pub async fn run_any(lab: &mut Lab, name: &str) -> Result<Outcome> {
    let Some((scenario, _)) = RESTARTS.iter().find(|(known, _)| *known == name) else {
        return run(lab, name).await;
    };
    let start = Start::when_quiet(lab).await?;
    let story = restart::restart(lab, *scenario == "restart_kill").await;
    start.tell(lab, scenario, story).await
}

/// When a story began.
struct Start(Instant, Timestamp);

impl Start {
    async fn when_quiet(lab: &Lab) -> Result<Self> {
        lab.quiet().await?;
        lab.wait_free(Duration::from_secs(20)).await?;
        Ok(Self(Instant::now(), Timestamp::now()))
    }

    async fn tell(self, lab: &Lab, scenario: &'static str, story: Result<Story>) -> Result<Outcome> {
        let Story { visits, pauses } =
            story.map_err(|error| error.context(format!("scenario {scenario}")))?;
        lab.quiet().await?;
        Ok(Outcome {
            scenario,
            began_at: self.1,
            took_ms: self.0.elapsed().as_millis() as u64,
            visits,
            pauses,
        })
    }
}

async fn play(lab: &Lab, scenario: &str) -> Result<Story> {
    match scenario {
        "answered_agent_hangup" => answered::agent_hangs_up(lab).await,
        "answered_caller_hangup" => answered::caller_hangs_up(lab).await,
        "hold" => answered::hold(lab).await,
        "wrap_up" => answered::wrap_up(lab).await,
        "blind_transfer" => transfer::blind(lab).await,
        "attended_transfer" => transfer::attended(lab).await,
        "blind_into_queue" => transfer::blind_into_queue(lab).await,
        "attended_into_queue" => transfer::attended_into_queue(lab).await,
        "redirect" => transfer::redirect(lab).await,
        "blind_to_busy" => transfer::blind_to_busy(lab).await,
        "consult_busy" => transfer::consult_busy(lab).await,
        "abandon" => lost::abandon(lab).await,
        "no_answer" => lost::no_answer(lab).await,
        "timeout_alone" => lost::timeout_alone(lab).await,
        "empty" => lost::empty(lab).await,
        "exit_key" => lost::exit_key(lab).await,
        "over_max" => lost::over_max(lab).await,
        "rna_then_next" => floor_work::rna_then_next(lab).await,
        "busy_agent" => floor_work::refused(lab, crate::Behaviour::Busy).await,
        "declined" => floor_work::refused(lab, crate::Behaviour::Decline).await,
        "unregistered_agent" => floor_work::unregistered(lab).await,
        "second_call" => floor_work::second_call(lab).await,
        "private_call" => floor_work::private_call(lab).await,
        "rush" => floor_work::rush(lab).await,
        "pause_unpause" => members::pause_unpause(lab).await,
        "pause_in_call" => members::pause_in_call(lab).await,
        "dynamic_member" => members::dynamic_member(lab).await,
        "removed_in_call" => members::removed_in_call(lab).await,
        "penalty" => members::penalty(lab).await,
        "realtime_member" => members::realtime_member(lab).await,
        "local_answered" => local::answered(lab).await,
        "local_no_answer" => local::no_answer(lab).await,
        "local_blind_transfer" => local::blind_transfer(lab).await,
        "local_hold" => local::hold(lab).await,
        other => bail!("{other} is listed but not written"),
    }
}
