//! Stays as calls, and what each agent did: what no cell holds.
//!
//! Decided here, where the definitions leave room:
//! - A call that nobody answered ends as its last stay did, and is technical where that is.
//! - Lost after a transfer: a stay after the first that was answered ended lost.
//! - The wrap-up of a call is that of all its talks, each by the queue in which it was.

use std::collections::BTreeMap;

use super::tally::{Cells, Sums, What, Who};
use super::world::World;

/// A talk, seconds.
#[derive(Clone, Debug)]
pub(super) struct Talk {
    pub(super) queue: u8,
    pub(super) span: (i64, i64),
    /// The ring that it began with, by its place.
    pub(super) ring: Option<usize>,
}

/// What an agent did, seconds.
#[derive(Clone, Debug, Default)]
pub(super) struct Spent {
    pub(super) talks: Vec<Talk>,
    pub(super) rings: Vec<(i64, i64)>,
    pub(super) pauses: Vec<(i64, i64)>,
    pub(super) logins: Vec<(i64, i64)>,
}

/// A stay that is over.
#[derive(Clone, Debug)]
pub(super) struct Made {
    pub(super) queue: u8,
    pub(super) entered: i64,
    pub(super) outcome: What,
    pub(super) wait: i64,
    pub(super) technical: bool,
    /// Who talked, and the place of the talk among his.
    pub(super) talk: Option<(u16, usize)>,
}

/// Everything of a short plan; nothing of a long one.
pub(super) struct Ledger {
    keeps: bool,
    pub(super) stays: BTreeMap<String, Vec<Made>>,
    pub(super) spent: Vec<Spent>,
}

impl Ledger {
    pub(super) fn new(agents: usize, keeps: bool) -> Self {
        Self { keeps, stays: BTreeMap::new(), spent: vec![Spent::default(); agents] }
    }

    pub(super) fn stay(&mut self, callid: &str, made: Made) {
        if self.keeps {
            self.stays.entry(callid.to_owned()).or_default().push(made);
        }
    }

    /// The last stay of the callid was technical.
    pub(super) fn technical(&mut self, callid: &str) {
        if let Some(made) = self.stays.get_mut(callid).and_then(|stays| stays.last_mut()) {
            made.technical = true;
        }
    }

    fn of(&mut self, agent: u16) -> Option<&mut Spent> {
        self.keeps.then(|| &mut self.spent[usize::from(agent)])
    }

    /// The place of the ring.
    pub(super) fn rang(&mut self, agent: u16, span: (i64, i64)) -> usize {
        self.of(agent).map_or(0, |spent| {
            spent.rings.push(span);
            spent.rings.len() - 1
        })
    }

    /// The place of the talk.
    pub(super) fn talked(&mut self, agent: u16, talk: Talk) -> usize {
        self.of(agent).map_or(0, |spent| {
            spent.talks.push(talk);
            spent.talks.len() - 1
        })
    }

    pub(super) fn paused(&mut self, agent: u16, span: (i64, i64)) {
        self.of(agent).into_iter().for_each(|spent| spent.pauses.push(span));
    }

    pub(super) fn logged_in(&mut self, agent: u16, span: (i64, i64)) {
        self.of(agent).into_iter().for_each(|spent| spent.logins.push(span));
    }
}

/// Whether a stay ended lost.
fn lost(made: &Made) -> bool {
    matches!(made.outcome, What::Abandoned | What::TimedOut | What::Empty | What::Withdrawn)
}

impl World {
    /// What a stay gives to its queue beside the wrap-up: the same as is counted of visits.
    fn given(&self, made: &Made) -> Sums {
        let mut sums = Sums::default();
        sums.add(made.outcome, 1);
        match made.outcome {
            What::Answered => sums.add(What::WaitAnswered(made.wait), 1),
            What::Abandoned => sums.add(What::WaitAbandoned(made.wait), 1),
            _ if lost(made) => sums.add(What::WaitOther(made.wait), 1),
            _ => {}
        }
        if made.technical {
            sums.add(What::Technical, 1);
        }
        sums
    }

    /// The cells of queues, each callid counted once, in the hour and queue of its first stay.
    pub(super) fn by_call(&self) -> Cells {
        let mut cells = Cells::new();
        for stays in self.ledger.stays.values() {
            let first = &stays[0];
            let answer = stays.iter().position(|made| made.outcome == What::Answered);
            let waited = answer.map_or(&stays[..], |at| &stays[..=at]);
            let mut call = stays.last().expect("a stay").clone();
            call.outcome = answer.map_or(call.outcome, |_| What::Answered);
            call.technical &= call.outcome == What::Abandoned;
            call.wait = waited.iter().map(|made| made.wait).sum();
            let mut sums = self.given(&call);
            for (agent, talk) in stays.iter().filter_map(|made| made.talk) {
                let (from, to) = self.ledger.spent[usize::from(agent)].talks[talk].span;
                sums.add(What::TalkWholeSeconds, to - from);
                sums.add(What::WrapUpSeconds, self.wrap_up(agent, talk));
            }
            if answer.is_some_and(|at| stays[at + 1..].iter().any(lost)) {
                sums.add(What::LostAfter, 1);
            }
            let key = (self.clock.cell(first.entered), Who::queue(first.queue));
            cells.entry(key).or_default().merge(&sums);
        }
        cells
    }

    /// The wrap-up of every queue's answered stays.
    pub(super) fn wrap_up_of_queues(&self) -> Cells {
        let mut cells = Cells::new();
        for made in self.ledger.stays.values().flatten() {
            let Some((agent, talk)) = made.talk else { continue };
            let key = (self.clock.cell(made.entered), Who::queue(made.queue));
            cells.entry(key).or_default().add(What::WrapUpSeconds, self.wrap_up(agent, talk));
        }
        cells
    }
}
