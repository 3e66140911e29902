//! One caller in one queue, from the call to its [`VisitOutcome`].

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use jiff::Timestamp;

use super::{EndedBy, Ring, VisitOutcome};
use crate::ami::Message;
use crate::floor;
use crate::lab::Lab;
use crate::phone::{Call, Phone};
use crate::ua::CallRecord;

pub(super) const SHORT: Duration = Duration::from_secs(5);
pub(super) const LONG: Duration = Duration::from_secs(30);
/// Asterisk stamps an event a little before or after the phone sees the packet that goes with it.
const SKEW: Duration = Duration::from_millis(200);

/// A caller who is in.
pub(super) struct Visit<'a> {
    lab: &'a Lab,
    pub(super) call: Call,
    /// As the queue was shown it.
    number: String,
    queue: &'static str,
    uniqueid: String,
    /// The callid under which the end is written; another one when the caller took over a consulting agent's place.
    closing_id: String,
    /// Or this one, see [`Visit::may_end_as`].
    other_id: Option<String>,
    /// The caller's channel.
    pub(super) channel: String,
    joined: Instant,
    joined_at: Timestamp,
    mark: usize,
}

impl<'a> Visit<'a> {
    /// A new caller dials `extension` and is answered by the queue.
    pub(super) async fn begin(lab: &'a Lab, extension: &str) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(5_550_001);
        let number = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        let queue = queue_at(extension)?;
        let mark = lab.ami().mark();
        let call = lab.call(&number, extension).await?;
        let record = call.wait_answered(SHORT).await?;
        let joined_at = Timestamp::now();
        let joined = record.answered.context("an answered call")?;
        let channel = lab.ami().wait_since(mark, SHORT, |event| {
            event.is("Newchannel")
                && event.get("CallerIDNum") == number
                && event.get("Channel").starts_with("PJSIP/trunk-")
        });
        let channel = channel.await.context("the caller's channel")?;
        let uniqueid = channel.get("Uniqueid").to_owned();
        let closing_id = uniqueid.clone();
        let channel = channel.get("Channel").to_owned();
        Ok(Self {
            lab,
            call,
            number,
            queue,
            uniqueid,
            closing_id,
            other_id: None,
            channel,
            joined,
            joined_at,
            mark,
        })
    }

    /// The same caller in the queue at `extension`, to which an agent has passed him.
    pub(super) async fn moved_to(&self, extension: &str) -> Result<Visit<'a>> {
        let id = self.uniqueid.clone();
        self.next(extension, &self.number, |event| event.get("Uniqueid") == id).await
    }

    /// The caller in the queue at `extension`, where `agent` asks for him. The queue knows the agent's call until both
    /// are connected, and writes the end under the caller's own.
    pub(super) async fn asked_at(&self, extension: &str, agent: &Phone) -> Result<Visit<'a>> {
        let number = agent.extension();
        self.next(extension, number, |event| event.get("CallerIDNum") == number).await
    }

    async fn next(
        &self,
        extension: &str,
        number: &str,
        fits: impl Fn(&Message) -> bool,
    ) -> Result<Visit<'a>> {
        let queue = queue_at(extension)?;
        let joined = self.lab.ami().wait_since(self.mark, SHORT, |event| {
            event.is("QueueCallerJoin") && event.get("Queue") == queue && fits(event)
        });
        let event = joined.await.with_context(|| format!("the caller should have joined {queue}"))?;
        let (joined, joined_at) = stamp(&event)?;
        Ok(Visit {
            lab: self.lab,
            call: self.call.clone(),
            number: number.to_owned(),
            queue,
            uniqueid: event.get("Uniqueid").to_owned(),
            closing_id: self.closing_id.clone(),
            other_id: None,
            channel: self.channel.clone(),
            joined,
            joined_at,
            mark: self.mark,
        })
    }

    /// The caller took over the place of a consulting agent's call. Asterisk writes the end of the first talk before or
    /// after it exchanges the two, so under the one callid or the other.
    pub(super) fn may_end_as(self, other: &Visit<'_>) -> Self {
        Self { other_id: Some(other.uniqueid.clone()), ..self }
    }

    /// Waits until `phone` has answered this caller.
    pub(super) async fn answered_at(&self, phone: &Phone) -> Result<CallRecord> {
        let record = phone.wait(LONG, |call| self.is_mine(call) && call.answered.is_some());
        record.await.with_context(|| format!("{} should have answered {}", phone.extension(), self.number))
    }

    /// Waits until the queue has connected somebody, and returns his phone: of several that pick up in the same moment
    /// only Asterisk knows whose it was.
    pub(super) async fn connected(&self) -> Result<&'a Phone> {
        let event = self.lab.ami().wait_since(self.mark, LONG, |event| {
            event.is("AgentConnect")
                && event.get("Queue") == self.queue
                && event.get("Uniqueid") == self.closing_id
        });
        let interface = event.await.context("the AgentConnect event")?.get("Interface").to_owned();
        self.lab.phones().find(|phone| phone.interface() == interface).context("a phone of the lab")
    }

    /// Waits until `phone` is rid of this caller.
    pub(super) async fn left(&self, phone: &Phone) -> Result<CallRecord> {
        let record =
            phone.wait(LONG, |call| self.is_mine(call) && call.answered.is_some() && call.ended.is_some());
        record.await.with_context(|| format!("{} should be rid of {}", phone.extension(), self.number))
    }

    fn is_mine(&self, call: &CallRecord) -> bool {
        call.number == self.number && call.started + SKEW >= self.joined
    }

    /// Waits for the last row and tells what happened. `agent` is the phone whose record counts as the talk.
    pub(super) async fn finish(
        self,
        agent: Option<&Phone>,
        by: EndedBy,
        last_event: &str,
    ) -> Result<VisitOutcome> {
        self.end(None, agent, by, last_event).await
    }

    /// As [`Visit::finish`] where Asterisk does not see that the agent is out of the call: it writes the time up to the
    /// caller's end as his talk.
    pub(super) async fn finish_unseen(
        self,
        agent: &Phone,
        by: EndedBy,
        last_event: &str,
    ) -> Result<VisitOutcome> {
        let ended = self.call.wait_ended(LONG).await?.ended.context("an ended call")?;
        let answered = self.left(agent).await?.answered.context("an answered call")?;
        let mut outcome = self.end(None, Some(agent), by, last_event).await?;
        outcome.logged_talk_ms = ms(ended.saturating_duration_since(answered));
        Ok(outcome)
    }

    /// As [`Visit::finish`] for a caller whom Asterisk takes out of the queue: the goodbye it plays is no waiting.
    pub(super) async fn thrown_out(self, last_event: &str) -> Result<VisitOutcome> {
        let uniqueid = &self.uniqueid;
        let left = self.lab.ami().wait_since(self.mark, LONG, |event| {
            event.is("QueueCallerLeave") && event.get("Uniqueid") == uniqueid
        });
        left.await.context("the QueueCallerLeave event")?;
        let left = Instant::now();
        self.end(Some(left), None, EndedBy::Pbx, last_event).await
    }

    async fn end(
        self,
        left: Option<Instant>,
        agent: Option<&Phone>,
        by: EndedBy,
        last_event: &str,
    ) -> Result<VisitOutcome> {
        let ids: Vec<&str> =
            [&self.closing_id].into_iter().chain(&self.other_id).map(String::as_str).collect();
        self.lab.database.wait_row_in(&ids, self.queue, last_event, LONG).await?;
        let (mut answered_by, mut talked_ms) = (None, 0);
        if agent.is_none() {
            self.call.wait_ended(LONG).await?;
        }
        let waited = match agent {
            Some(phone) => {
                let record = self.left(phone).await?;
                answered_by = Some(phone.interface());
                talked_ms = ms(record.talk_time().unwrap_or_default());
                record.answered.context("an answered call")?
            }
            None => left.map_or_else(|| self.call.record().ended.context("an ended call"), Ok)?,
        };
        let rings = self.rings();
        let waited_ms = ms(waited.saturating_duration_since(self.joined));
        Ok(self.outcome(answered_by, waited_ms, talked_ms, by, rings, last_event))
    }

    /// As [`Visit::finish`] for a caller who never got in.
    pub(super) async fn refused(self) -> Result<VisitOutcome> {
        self.call.wait_ended(LONG).await?;
        Ok(self.outcome(None, 0, 0, EndedBy::Pbx, Vec::new(), ""))
    }

    /// As it stands, for a call that Asterisk's own end will cut off: its last row is there already.
    pub(super) async fn so_far(self, agent: Option<&Phone>, last_event: &str) -> Result<VisitOutcome> {
        self.lab.database.wait_row_in(&[&self.uniqueid], self.queue, last_event, LONG).await?;
        let rings = self.rings();
        let Some(agent) = agent else {
            let waited_ms = ms(self.joined.elapsed());
            return Ok(self.outcome(None, waited_ms, 0, EndedBy::Pbx, rings, last_event));
        };
        let record = self.answered_at(agent).await?;
        let answered = record.answered.context("an answered call")?;
        let (waited, talked) = (answered.saturating_duration_since(self.joined), answered.elapsed());
        Ok(self.outcome(Some(agent.interface()), ms(waited), ms(talked), EndedBy::Pbx, rings, last_event))
    }

    fn outcome(
        self,
        answered_by: Option<String>,
        waited_ms: u64,
        talked_ms: u64,
        ended_by: EndedBy,
        rings: Vec<Ring>,
        last_event: &str,
    ) -> VisitOutcome {
        VisitOutcome {
            number: self.number,
            queue: self.queue.to_owned(),
            uniqueid: self.uniqueid,
            joined_at: self.joined_at,
            answered_by,
            waited_ms,
            talked_ms,
            logged_talk_ms: talked_ms,
            ended_by,
            rings,
            last_event: last_event.to_owned(),
        }
    }

    fn rings(&self) -> Vec<Ring> {
        let mut rings: Vec<(Instant, Ring)> = Vec::new();
        for phone in self.lab.phones() {
            for record in phone.calls().iter().filter(|call| self.is_mine(call)) {
                let ms = ms(record.ring_time().unwrap_or_default());
                rings.push((record.started, Ring { interface: phone.interface(), ms }));
            }
        }
        rings.sort_by_key(|(started, _)| *started);
        rings.into_iter().map(|(_, ring)| ring).collect()
    }
}

fn queue_at(extension: &str) -> Result<&'static str> {
    Ok(floor::queue_at(extension).with_context(|| format!("no queue at {extension}"))?.name)
}

/// When Asterisk says that an event was, on both clocks.
fn stamp(event: &Message) -> Result<(Instant, Timestamp)> {
    let text = event.get("Timestamp");
    let seconds: f64 = text.parse().with_context(|| format!("{text:?} is no time"))?;
    let at = Timestamp::from_microsecond((seconds * 1e6) as i64)?;
    let ago = Timestamp::now().duration_since(at).unsigned_abs();
    Ok((Instant::now().checked_sub(ago).context("a moment before this process")?, at))
}

/// Sends a command and insists on its success.
pub(super) async fn command(lab: &Lab, name: &str, fields: &[(&str, &str)]) -> Result<()> {
    let answer = lab.ami().action(name, fields).await?;
    if !answer.is_success() {
        bail!("{name}: {}", answer.get("Message"));
    }
    Ok(())
}

pub(super) fn ms(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

/// Lets the story go on for a while.
pub(super) async fn pass(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
