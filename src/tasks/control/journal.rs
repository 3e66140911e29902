//! What the journal says of listening, so that people read it and the next run of the program knows it again.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Shared;
use crate::clock;
use crate::domain::account::Actor;
use crate::domain::control::{Mode, Reason, Supervision, SupervisionState};
use crate::domain::ids::{AgentName, Interface, PbxName, QueueName, UniqueId};
use crate::domain::live::snapshot::Partner;
use crate::domain::time::Moment;
use crate::store::{JournalEntry, JournalId, JournalRow, StoreError};

/// The acts that may go on while this program does not run.
pub const OVER_RESTARTS: &[&str] = &["supervision listen", "supervision whisper", "supervision barge", SEEN];
/// Somebody listens who was not started here.
const SEEN: &str = "listening seen";
/// A change of mode.
const MODE: &str = "supervision mode";

/// What an opening row keeps.
#[derive(Debug, Serialize, Deserialize)]
struct Kept {
    id: UniqueId,
    pbx: PbxName,
    channel: UniqueId,
    interface: Interface,
    agent: AgentName,
    with: Option<(String, String)>,
    queue: Option<QueueName>,
    mode: Option<Mode>,
    supervisor: String,
}

/// What a closing row tells beside its sentence.
#[derive(Debug, Serialize)]
struct Closed {
    reason: &'static str,
    mode: Option<Mode>,
    seconds: i64,
}

/// An act of an earlier run that is still open.
pub(super) struct Open {
    pub(super) row: JournalId,
    pub(super) held: Supervision,
}

impl Shared {
    /// Writes that `held` is about to be tried, or (foreign) was seen.
    pub(super) async fn journal_open(
        &self,
        held: &Supervision,
        phone: &str,
    ) -> Result<JournalId, StoreError> {
        let action = match held.mode {
            Some(mode) => format!("supervision {}", mode.as_str()),
            None => SEEN.to_owned(),
        };
        let entry = JournalEntry {
            actor: held.actor.clone(),
            origin: held.origin.clone(),
            action,
            target: whom(held, phone),
            before: None,
            after: serde_json::to_string(&kept(held)).ok(),
        };
        self.store.journal_open(clock::now().wall, entry).await
    }

    /// Writes how it ended. A journal that cannot be written keeps nobody listening.
    pub(super) async fn journal_end(&self, row: JournalId, held: &Supervision, reason: &Reason) {
        let now = clock::now();
        let is_attached = !matches!(reason, Reason::NotAttached(..));
        let seconds = if is_attached { now.seconds_since(held.since).max(0) } else { 0 };
        let closed = Closed { reason: reason.kind(), mode: held.mode, seconds };
        let after = serde_json::to_string(&closed).ok();
        if let Err(error) = self.store.journal_close(now.wall, row, &reason.sentence(), after).await {
            tracing::error!(%error, id = %held.id, "the end of a supervision could not be journalled");
        }
    }

    /// Writes that a change to `mode` is about to be tried.
    pub(super) async fn journal_mode(
        &self,
        held: &Supervision,
        mode: Mode,
        by: &Actor,
    ) -> Result<JournalId, StoreError> {
        self.store.journal_open(clock::now().wall, turn(held, held.mode, mode, by)).await
    }

    /// Writes what came of it.
    pub(super) async fn journal_mode_end(&self, row: JournalId, result: &str, mode: Option<Mode>) {
        let after = mode.map(|mode| mode.as_str().to_owned());
        if let Err(error) = self.store.journal_close(clock::now().wall, row, result, after).await {
            tracing::error!(%error, "a change of mode could not be journalled");
        }
    }

    /// Writes that somebody has pressed a key on the supervisor's phone.
    pub(super) async fn journal_key(&self, held: &Supervision, before: Option<Mode>, mode: Mode) {
        let by = Actor { name: held.actor.clone(), origin: format!("phone {}", held.supervisor) };
        let entry = turn(held, before, mode, &by);
        if let Err(error) = self.store.journal_record(clock::now().wall, entry, "ok").await {
            tracing::error!(%error, "a change of mode could not be journalled");
        }
    }

    /// What earlier runs left open, with the last mode that is known of each; rows that cannot be read are closed.
    pub(super) async fn journal_left_open(&self) -> Result<Vec<Open>, StoreError> {
        let rows = self.store.journal_open_acts(OVER_RESTARTS).await?;
        let Some(first) = rows.first() else { return Ok(Vec::new()) };
        let modes = self.store.journal_after(first.id, MODE).await?;
        let mut all = Vec::new();
        for row in rows {
            match known_again(&row, &modes) {
                Some(held) => all.push(Open { row: row.id, held }),
                None => {
                    let sentence = Reason::NotRunning.sentence();
                    self.store.journal_close(clock::now().wall, row.id, &sentence, None).await?;
                }
            }
        }
        Ok(all)
    }
}

fn kept(held: &Supervision) -> Kept {
    Kept {
        id: held.id.clone(),
        pbx: held.pbx.clone(),
        channel: held.channel.clone(),
        interface: held.interface.clone(),
        agent: held.agent.clone(),
        with: held.partner.as_ref().map(|side| (side.number.clone(), side.name.clone())),
        queue: held.queue.clone(),
        mode: held.mode,
        supervisor: held.supervisor.clone(),
    }
}

/// `pbx: Alice Adams (PJSIP/101) of sales with 5550001, call 17.4, by phone PJSIP/201`
fn whom(held: &Supervision, phone: &str) -> String {
    let agent = match (held.agent.as_str(), held.interface.as_str()) {
        ("", _) => "nobody that is known".to_owned(),
        (name, interface) if name == interface => name.to_owned(),
        (name, interface) => format!("{name} ({interface})"),
    };
    let queue = held.queue.as_ref().map(|queue| format!(" of {queue}")).unwrap_or_default();
    let with = held.partner.as_ref().map(|side| {
        let shown = if side.number.is_empty() { &side.name } else { &side.number };
        format!(" with {shown}")
    });
    format!(
        "{}: {agent}{queue}{}, call {}, by phone {phone}",
        held.pbx,
        with.unwrap_or_default(),
        held.channel
    )
}

fn turn(held: &Supervision, before: Option<Mode>, mode: Mode, by: &Actor) -> JournalEntry {
    let word = |mode: Mode| mode.as_str().to_owned();
    JournalEntry::new(by, MODE, format!("{}: {}", held.id, whom(held, &held.supervisor)))
        .changing(before.map(word), Some(word(mode)))
}

fn known_again(row: &JournalRow, modes: &[JournalRow]) -> Option<Supervision> {
    let kept: Kept = serde_json::from_str(row.entry.after.as_deref()?).ok()?;
    let own = format!("{}: ", kept.id);
    let mode_of = |row: &JournalRow| Mode::by_word(row.entry.after.as_deref()?);
    let turned = modes
        .iter()
        .filter(|turn| turn.result.as_deref() == Some("ok") && turn.entry.target.starts_with(&own))
        .filter_map(mode_of)
        .next_back();
    Some(Supervision {
        id: kept.id,
        pbx: kept.pbx,
        state: SupervisionState::Lost,
        foreign: row.entry.action == SEEN,
        channel: kept.channel,
        interface: kept.interface,
        agent: kept.agent,
        partner: kept.with.map(|(number, name)| Partner { number, name }),
        queue: kept.queue,
        mode: turned.or(kept.mode),
        supervisor: kept.supervisor,
        actor: row.entry.actor.clone(),
        origin: row.entry.origin.clone(),
        since: moment_of(row.at),
        ended: None,
    })
}

/// When a row was written, as a moment of this run.
fn moment_of(at: Timestamp) -> Moment {
    let now = clock::now();
    now.minus_seconds(now.wall.as_second() - at.as_second())
}
