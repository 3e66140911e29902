//! One caller in one queue, from the call to its [`VisitOutcome`].

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use jiff::Timestamp;

use super::{EndedBy, Ring, VisitOutcome};
use crate::floor;
use crate::lab::Lab;
use crate::phone::{Call, Phone};
use crate::ua::CallRecord;

pub(super) const SHORT: Duration = Duration::from_secs(5);
pub(super) const LONG: Duration = Duration::from_secs(30);

/// A caller who is in.
pub(super) struct Visit<'a> {
    lab: &'a Lab,
    pub(super) call: Call,
    queue: &'static str,
    uniqueid: String,
    joined: Instant,
    joined_at: Timestamp,
    mark: usize,
}

impl<'a> Visit<'a> {
    /// A new caller dials `extension` and is answered by the queue.
    pub(super) async fn begin(lab: &'a Lab, extension: &str) -> Result<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(5_550_001);
        let number = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        let queue = floor::queue_at(extension).with_context(|| format!("no queue at {extension}"))?.name;
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
        let uniqueid = channel.await.context("the caller's channel")?.get("Uniqueid").to_owned();
        Ok(Self { lab, call, queue, uniqueid, joined, joined_at, mark })
    }

    /// Waits until `phone` has answered this caller.
    pub(super) async fn answered_at(&self, phone: &Phone) -> Result<CallRecord> {
        let number = self.call.number();
        let record = phone.wait(LONG, |call| call.number == number && call.answered.is_some());
        record.await.with_context(|| format!("{} should have answered {number}", phone.extension()))
    }

    /// Waits until `phone` is rid of this caller.
    pub(super) async fn left(&self, phone: &Phone) -> Result<CallRecord> {
        let number = self.call.number();
        let record =
            phone.wait(LONG, |call| call.number == number && call.answered.is_some() && call.ended.is_some());
        record.await.with_context(|| format!("{} should be rid of {number}", phone.extension()))
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
        self.lab.database.wait_row(&self.uniqueid, last_event, LONG).await?;
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
        Ok(VisitOutcome {
            number: self.call.number().to_owned(),
            queue: self.queue.to_owned(),
            joined_at: self.joined_at,
            answered_by,
            waited_ms: ms(waited.saturating_duration_since(self.joined)),
            talked_ms,
            ended_by: by,
            rings: self.rings(),
            last_event: last_event.to_owned(),
            uniqueid: self.uniqueid,
        })
    }

    /// As [`Visit::finish`] for a caller who never got in.
    pub(super) async fn refused(self) -> Result<VisitOutcome> {
        self.call.wait_ended(LONG).await?;
        Ok(VisitOutcome {
            number: self.call.number().to_owned(),
            queue: self.queue.to_owned(),
            uniqueid: self.uniqueid,
            joined_at: self.joined_at,
            answered_by: None,
            waited_ms: 0,
            talked_ms: 0,
            ended_by: EndedBy::Pbx,
            rings: Vec::new(),
            last_event: String::new(),
        })
    }

    fn rings(&self) -> Vec<Ring> {
        let mut rings: Vec<(Instant, Ring)> = Vec::new();
        for phone in self.lab.phones() {
            for record in phone.calls().iter().filter(|call| call.number == self.call.number()) {
                let ms = ms(record.ring_time().unwrap_or_default());
                rings.push((record.started, Ring { interface: phone.interface(), ms }));
            }
        }
        rings.sort_by_key(|(started, _)| *started);
        rings.into_iter().map(|(_, ring)| ring).collect()
    }
}

pub(super) fn ms(duration: Duration) -> u64 {
    duration.as_millis() as u64
}

/// Lets the story go on for a while.
pub(super) async fn pass(ms: u64) {
    tokio::time::sleep(Duration::from_millis(ms)).await;
}
