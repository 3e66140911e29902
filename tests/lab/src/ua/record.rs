//! What a phone remembers of each call, and how it behaves when one comes.

use std::fmt;
use std::time::{Duration, Instant};

use crate::sip::media::Ear;

/// What a phone does with a call that comes in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Behaviour {
    /// Rings and never answers by itself.
    Ring,
    /// Rings for `after`, answers, and hangs up after `talk` if given.
    Answer {
        /// Ring time.
        after: Duration,
        /// Talk time before it hangs up; for ever if `None`.
        talk: Option<Duration>,
    },
    /// Refuses with 486 Busy Here.
    Busy,
    /// Refuses with 603 Decline.
    Decline,
}

impl Behaviour {
    /// Answers after this many milliseconds and keeps talking.
    #[must_use]
    pub fn answer_after_ms(ms: u64) -> Self {
        Self::Answer { after: Duration::from_millis(ms), talk: None }
    }
}

/// Who began a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Direction {
    /// The phone was called.
    In,
    /// The phone dialled.
    Out,
}

/// Who ended a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// This phone.
    Us,
    /// Asterisk or the party behind it.
    Them,
}

/// Where a call stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CallState {
    /// Dialled, nothing heard.
    Trying,
    /// Ringing here or there.
    Ringing,
    /// Answered.
    Up,
    /// Over.
    Ended,
}

/// One call as a phone saw it. Times are this process's monotonic clock.
#[derive(Clone)]
pub struct CallRecord {
    /// Its number among this phone's calls, from 0.
    pub place: usize,
    /// SIP Call-ID.
    pub sip_id: String,
    /// Who began it.
    pub direction: Direction,
    /// The other party's number as shown.
    pub number: String,
    /// The other party's name as shown; empty if none.
    pub name: String,
    /// The INVITE was sent or received.
    pub started: Instant,
    /// First ringing.
    pub ringing: Option<Instant>,
    /// Answered.
    pub answered: Option<Instant>,
    /// Over.
    pub ended: Option<Instant>,
    /// Who ended it.
    pub ended_by: Option<Side>,
    /// Final SIP status of the INVITE: 200, 486, 487 (cancelled), 603, …; 0 while open.
    pub status: u16,
    /// Reason header of the CANCEL or BYE, such as `Q.850;cause=26`.
    pub reason: String,
    /// This phone put the other side on hold.
    pub on_hold: bool,
    /// This phone asked for a transfer.
    pub referred: Option<Instant>,
    /// The last status of a transfer of this call: 100 under way, 200 done, 4xx and above failed.
    pub transfer_status: Option<u16>,
    pub(crate) ear: Ear,
}

impl CallRecord {
    pub(crate) fn new(place: usize, sip_id: &str, direction: Direction, number: &str, name: String) -> Self {
        Self {
            place,
            sip_id: sip_id.to_owned(),
            direction,
            number: number.to_owned(),
            name,
            started: Instant::now(),
            ringing: None,
            answered: None,
            ended: None,
            ended_by: None,
            status: 0,
            reason: String::new(),
            on_hold: false,
            referred: None,
            transfer_status: None,
            ear: Ear::default(),
        }
    }

    /// Where it stands.
    #[must_use]
    pub fn state(&self) -> CallState {
        match (self.ended, self.answered, self.ringing) {
            (Some(_), _, _) => CallState::Ended,
            (_, Some(_), _) => CallState::Up,
            (_, _, Some(_)) => CallState::Ringing,
            _ => CallState::Trying,
        }
    }

    /// Time from the first ringing to the answer or the end, if it rang.
    #[must_use]
    pub fn ring_time(&self) -> Option<Duration> {
        Some(self.answered.or(self.ended)?.duration_since(self.ringing?))
    }

    /// Time from the answer to the transfer, to the end, or to now.
    #[must_use]
    pub fn talk_time(&self) -> Option<Duration> {
        Some(self.referred.or(self.ended).unwrap_or_else(Instant::now).duration_since(self.answered?))
    }

    /// How loud a tone was in the last half second heard, in dB against what phones send; −80 is silence.
    #[must_use]
    pub fn heard(&self, hertz: f64) -> f64 {
        self.ear.level(hertz)
    }

    /// RTP packets received so far.
    #[must_use]
    pub fn packets_heard(&self) -> u64 {
        self.ear.packets()
    }

    /// Forgets the sound heard so far, so that [`CallRecord::heard`] speaks of what comes now.
    pub fn listen_anew(&self) {
        self.ear.clear();
    }
}

impl fmt::Debug for CallRecord {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { place, direction, number, status, reason, ended_by, .. } = self;
        write!(
            out,
            "call {place} {direction:?} {number} {:?} status {status} {reason:?} ended by {ended_by:?}",
            self.state()
        )
    }
}
