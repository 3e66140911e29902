//! One stay of a caller in a queue: its rows, and what it counts.
//!
//! Decided here, where the definitions leave room:
//! - The ring of an answered call lies before its CONNECT, as long as CONNECT says; of RINGNOANSWER and RINGCANCELED it is
//!   the milliseconds, cut to seconds, before the row.
//! - An agent has one status in a stay, also where the caller left by a key: ringing then counts only where nothing else
//!   does.
//! - A lost CONNECT whose end is known: the answer was at end − talk, and nothing is known of the ring.

use std::collections::BTreeMap;

use super::calling::{Made, Talk};
use super::calls::Fate;
use super::tally::{What, Who};
use super::world::World;

/// How a stay ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    Abandon,
    Timeout,
    Key,
    Empty,
    Withdraw,
}

impl Left {
    fn what(self) -> What {
        match self {
            Self::Abandon => What::Abandoned,
            Self::Timeout => What::TimedOut,
            Self::Key => What::ByKey,
            Self::Empty => What::Empty,
            Self::Withdraw => What::Withdrawn,
        }
    }
}

/// What an agent's rows say in a stay, each with the time of the first.
#[derive(Clone, Copy, Debug, Default)]
struct Part {
    answered: Option<i64>,
    rang_out: Option<i64>,
    gave_up: Option<i64>,
    refused: Option<i64>,
}

/// One stay while it is made.
#[derive(Clone)]
pub(super) struct Stay {
    pub(super) queue: u8,
    /// Milliseconds.
    pub(super) enter: i64,
    pub(super) callid: String,
    /// ENTERQUEUE is in the table.
    pub(super) entered: bool,
    /// From here on nothing was logged (a restart), milliseconds.
    pub(super) cut: i64,
    parts: BTreeMap<u16, Part>,
}

impl Stay {
    pub(super) fn new(callid: &str, queue: u8, enter: i64, cut: i64) -> Self {
        Self { queue, enter, callid: callid.into(), entered: enter < cut, cut, parts: BTreeMap::new() }
    }

    fn part(&mut self, agent: u16) -> &mut Part {
        self.parts.entry(agent).or_default()
    }

    /// The logged wait until a moment: differences of whole seconds.
    pub(super) fn wait(&self, until: i64) -> i64 {
        until.div_euclid(1000) - self.enter.div_euclid(1000)
    }
}

fn first(slot: &mut Option<i64>, at: i64) {
    *slot = Some(slot.map_or(at, |known| known.min(at)));
}

impl World {
    fn name(&self, agent: u16) -> String {
        self.people[usize::from(agent)].name.clone()
    }

    /// A row of a call; says whether it was logged before the restart.
    pub(super) fn tell(
        &mut self,
        stay: &Stay,
        (at, callid): (i64, &str),
        agent: Option<u16>,
        event: &'static str,
        data: &[&str],
    ) -> bool {
        if at >= stay.cut {
            return false;
        }
        let queue = self.spelling(stay.queue);
        let agent = agent.map_or_else(|| "NONE".to_owned(), |agent| self.name(agent));
        let row = self.row(at, callid, queue, &agent, event, data);
        self.mail.post(&self.clock, row);
        true
    }

    /// ENTERQUEUE, where it is not lost.
    pub(super) fn enter(&mut self, stay: &Stay) {
        if stay.entered {
            let number = if self.dice.hits(50) {
                String::new()
            } else {
                format!("555{:04}", self.dice.between(0, 9999))
            };
            let at = (stay.enter, stay.callid.as_str());
            let name = if self.dice.hits(200) { "Zoë _ of Ünal" } else { "" };
            self.tell(stay, at, None, "ENTERQUEUE", &["", &number, "1", name]);
        }
    }

    /// The place of the ring among his.
    fn rang(&mut self, stay: &Stay, agent: u16, at: i64, seconds: i64) -> usize {
        self.tally.seconds(Who::member(stay.queue, agent), (at - seconds, at), What::RingSeconds);
        self.people[usize::from(agent)].rings.push((stay.queue, at - seconds));
        self.ledger.rang(agent, (at - seconds, at))
    }

    /// RINGNOANSWER: rang out, or refused at once.
    pub(super) fn no_answer(&mut self, stay: &mut Stay, callid: &str, agent: u16, at: i64, millis: i64) {
        if !self.tell(stay, (at, callid), Some(agent), "RINGNOANSWER", &[&millis.to_string()]) {
            return;
        }
        if self.dice.hits(10) {
            // Two rows that are equal count once.
            self.tell(stay, (at, callid), Some(agent), "RINGNOANSWER", &[&millis.to_string()]);
        }
        let at = self.stamp(at);
        let who = Who::member(stay.queue, agent);
        if millis > 1000 {
            first(&mut stay.part(agent).rang_out, at);
            self.tally.once(who, at, What::RangOut);
        } else {
            first(&mut stay.part(agent).refused, at);
            self.tally.once(who, at, What::Refused);
        }
        self.rang(stay, agent, at, millis / 1000);
    }

    /// RINGCANCELED: the caller gave up while the phone rang.
    pub(super) fn canceled(&mut self, stay: &mut Stay, agent: u16, at: i64, millis: i64) {
        let callid = stay.callid.clone();
        if self.tell(stay, (at, &callid), Some(agent), "RINGCANCELED", &[&millis.to_string()]) {
            let at = self.stamp(at);
            first(&mut stay.part(agent).gave_up, at);
            self.rang(stay, agent, at, millis / 1000);
        }
    }

    /// The caller left unanswered; `by` is the agent that ABANDON names. Says whether the row tells it.
    pub(super) fn leave(&mut self, mut stay: Stay, how: Left, at: i64, by: Option<u16>, fate: Fate) -> bool {
        let wait = if fate == Fate::Spoilt { self.no_number() } else { stay.wait(at).to_string() };
        let (event, data): (&'static str, Vec<&str>) = match how {
            Left::Abandon => ("ABANDON", vec!["1", "2", &wait]),
            Left::Timeout => ("EXITWITHTIMEOUT", vec!["1", "2", &wait]),
            Left::Empty => ("EXITEMPTY", vec!["1", "2", &wait]),
            Left::Withdraw => ("WITHDRAW", vec!["1", "2", &wait, "moved by hand"]),
            Left::Key => ("EXITWITHKEY", vec!["1", "1", "2", &wait]),
        };
        let callid = stay.callid.clone();
        let told = fate != Fate::Lost && self.tell(&stay, (at, &callid), by, event, &data);
        if !told || fate == Fate::Spoilt {
            self.tally.bad += u64::from(told);
            self.unresolved(&stay);
            return false;
        }
        let at = self.stamp(at);
        if let Some(agent) = by {
            first(&mut stay.part(agent).gave_up, at);
        }
        let wait = stay_wait(&wait);
        let entered = if stay.entered { self.stamp(stay.enter) } else { at - wait };
        let who = Who::queue(stay.queue);
        let (queue, outcome) = (stay.queue, how.what());
        let made = Made { queue, entered, outcome, wait, technical: false, talk: None };
        self.ledger.stay(&callid, made);
        self.tally.once(who, entered, outcome);
        match how {
            Left::Abandon => self.tally.once(who, entered, What::WaitAbandoned(wait)),
            Left::Key => {}
            Left::Timeout | Left::Empty | Left::Withdraw => {
                self.tally.once(who, entered, What::WaitOther(wait))
            }
        }
        self.statuses(&stay, Some(how));
        true
    }

    /// A stay of which no end is known.
    pub(super) fn unresolved(&mut self, stay: &Stay) {
        if stay.entered {
            let entered = self.stamp(stay.enter);
            let what = if stay.enter > self.end - 3_600_000 { What::Waiting } else { What::Unresolved };
            self.tally.once(Who::queue(stay.queue), entered, what);
            let made =
                Made { queue: stay.queue, entered, outcome: what, wait: 0, technical: false, talk: None };
            self.ledger.stay(&stay.callid, made);
        }
        self.statuses(stay, None);
    }

    /// A stay that was answered. `end`: the second of the end row and its talk. `connect`: the second of CONNECT and its
    /// ring. One of them at least.
    pub(super) fn answered(
        &mut self,
        mut stay: Stay,
        agent: u16,
        hold: i64,
        connect: Option<(i64, i64)>,
        end: Option<(i64, i64)>,
    ) {
        let at = connect.map(|(at, _)| at).or(end.map(|(at, talk)| at - talk)).expect("a row");
        stay.part(agent).answered = Some(at);
        let entered = if stay.entered { self.stamp(stay.enter) } else { at - hold };
        let queue = Who::queue(stay.queue);
        let who = Who::member(stay.queue, agent);
        self.tally.once(queue, entered, What::Answered);
        self.tally.once(queue, entered, What::WaitAnswered(hold));
        self.tally.once(who, at, What::WaitAnswered(hold));
        let ring = connect.map(|(at, ring)| self.rang(&stay, agent, at, ring));
        let mut talked = None;
        if let Some((at, talk)) = end {
            let span = (at - talk, at);
            self.tally.add(queue, entered, What::TalkWholeSeconds, talk);
            self.tally.seconds(who, span, What::TalkSeconds);
            talked = Some((agent, self.ledger.talked(agent, Talk { queue: stay.queue, span, ring })));
        }
        let (queue, outcome) = (stay.queue, What::Answered);
        let made = Made { queue, entered, outcome, wait: hold, technical: false, talk: talked };
        self.ledger.stay(&stay.callid, made);
        self.statuses(&stay, None);
    }

    /// One status for each agent: answered, no answer, abandoned, busy; left by a key apart.
    fn statuses(&mut self, stay: &Stay, left: Option<Left>) {
        for (agent, part) in &stay.parts {
            let who = Who::member(stay.queue, *agent);
            if let Some(at) = part.answered {
                self.tally.once(who, at, What::AgentAnswered);
            } else if let Some(at) = part.rang_out {
                self.tally.once(who, at, What::AgentNoAnswer);
            } else if let (Some(at), Some(Left::Abandon)) = (part.gave_up, left) {
                self.tally.once(who, at, What::AgentAbandoned);
            } else if let Some(at) = part.refused {
                self.tally.once(who, at, What::AgentBusy);
            } else if let (Some(at), Some(Left::Key)) = (part.gave_up, left) {
                self.tally.once(who, at, What::AgentByKey);
            }
        }
    }
}

fn stay_wait(text: &str) -> i64 {
    text.parse().expect("a number")
}
