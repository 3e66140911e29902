//! What was seen live of today's visits, to be held against queue_log: who joined which queue, and whether an agent was
//! connected. Bounded: the oldest are forgotten.
//!
//! `QueueCallerAbandon` is not listened to: it comes for every unanswered exit. Who left without a connection was not
//! answered, however he left.

use std::collections::{BTreeMap, VecDeque};

use super::event::Event;
use crate::domain::ids::{QueueName, UniqueId};

/// So many visits are remembered: more than a large call centre has in a day; some megabytes.
const MOST: usize = 20_000;
/// Older visits are forgotten, seconds.
const KEEP: i64 = 30 * 3600;
/// So many stretches of a link that was up are remembered.
const MOST_LINKS: usize = 200;

/// One stay in a queue as it was seen. Times are UTC seconds of this machine's clock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeenVisit {
    /// Which queue.
    pub queue: QueueName,
    /// The caller's channel: queue_log's callid.
    pub callid: UniqueId,
    /// When he joined.
    pub joined: i64,
    /// When an agent was connected.
    pub answered: Option<i64>,
    /// When he left the queue, answered or not.
    pub left: Option<i64>,
}

/// What was seen, and when the link was up.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SeenLog {
    /// In the order in which they joined.
    visits: VecDeque<SeenVisit>,
    /// The place of the last visit of a callid in a queue (lower case), counted from the first that was ever seen.
    last: BTreeMap<(UniqueId, String), u64>,
    /// How many were forgotten.
    forgotten: u64,
    /// [from, to) in which the link was up, UTC seconds; the last may go on.
    links: VecDeque<(i64, Option<i64>)>,
}

impl SeenLog {
    /// Takes an event that came at `now`, UTC seconds.
    pub fn take(&mut self, event: &Event, now: i64) {
        match event {
            Event::CallerJoined { queue, channel, .. } => self.join(queue, &UniqueId::new(&channel.id), now),
            Event::AgentConnected { queue, caller, .. } => {
                if let Some(visit) = self.visit(&UniqueId::new(&caller.id), queue) {
                    visit.answered.get_or_insert(now);
                }
            }
            Event::CallerLeft { queue, id } => {
                if let Some(visit) = self.visit(id, queue) {
                    visit.left.get_or_insert(now);
                }
            }
            _ => {}
        }
    }

    /// The link came up, or went down.
    pub fn link(&mut self, up: bool, now: i64) {
        let is_up = self.links.back().is_some_and(|(_, to)| to.is_none());
        if up && !is_up {
            self.links.push_back((now, None));
            if self.links.len() > MOST_LINKS {
                self.links.pop_front();
            }
        } else if let (false, Some(last)) = (up, self.links.back_mut()) {
            last.1.get_or_insert(now);
        }
    }

    fn join(&mut self, queue: &QueueName, callid: &UniqueId, now: i64) {
        self.forget(now);
        let place = self.forgotten + u64::try_from(self.visits.len()).unwrap_or(0);
        self.last.insert((callid.clone(), queue.folded()), place);
        let (queue, callid) = (queue.clone(), callid.clone());
        self.visits.push_back(SeenVisit { queue, callid, joined: now, answered: None, left: None });
    }

    fn forget(&mut self, now: i64) {
        while self.visits.len() >= MOST || self.visits.front().is_some_and(|visit| visit.joined < now - KEEP)
        {
            let Some(old) = self.visits.pop_front() else { return };
            let key = (old.callid, old.queue.folded());
            if self.last.get(&key) == Some(&self.forgotten) {
                self.last.remove(&key);
            }
            self.forgotten += 1;
        }
    }

    fn visit(&mut self, callid: &UniqueId, queue: &QueueName) -> Option<&mut SeenVisit> {
        let place = *self.last.get(&(callid.clone(), queue.folded()))?;
        self.visits.get_mut(usize::try_from(place.checked_sub(self.forgotten)?).ok()?)
    }

    /// The visits that are remembered, in the order in which they joined.
    pub fn visits(&self) -> impl Iterator<Item = &SeenVisit> {
        self.visits.iter()
    }

    /// Whether the link was up all the time from `from` to `to`.
    pub fn was_up(&self, from: i64, to: i64) -> bool {
        self.links.iter().any(|(up, down)| *up <= from && down.is_none_or(|down| down >= to))
    }

    /// From when on something is known; `None` before the link was up for the first time.
    pub fn since(&self) -> Option<i64> {
        let first = self.links.front().map(|(up, _)| *up)?;
        // What was forgotten is known no more.
        let oldest = self.visits.front().filter(|_| self.forgotten > 0).map(|visit| visit.joined);
        Some(oldest.map_or(first, |oldest| oldest.max(first)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::live::event::ChannelInfo;

    fn channel(id: &str) -> ChannelInfo {
        ChannelInfo { id: id.into(), ..ChannelInfo::default() }
    }

    fn joined(id: &str) -> Event {
        Event::CallerJoined { queue: "Sales".into(), position: 1, channel: channel(id) }
    }

    fn left(id: &str) -> Event {
        Event::CallerLeft { queue: "sales".into(), id: UniqueId::new(id) }
    }

    #[test]
    fn a_second_stay_is_a_second_visit() {
        let mut log = SeenLog::default();
        log.take(&joined("1.1"), 10);
        log.take(&left("1.1"), 20);
        log.take(&joined("1.1"), 30);
        log.take(&left("1.1"), 40);
        log.take(&left("9.9"), 50);
        let seen: Vec<(i64, Option<i64>)> = log.visits().map(|visit| (visit.joined, visit.left)).collect();
        assert_eq!(seen, [(10, Some(20)), (30, Some(40))]);
    }

    #[test]
    fn it_is_bounded_and_forgets_the_oldest() {
        let mut log = SeenLog::default();
        log.link(true, 0);
        for n in 0..MOST + 10 {
            log.take(&joined(&format!("1.{n}")), i64::try_from(n).expect("a number"));
        }
        assert_eq!((log.visits().count(), log.last.len(), log.since()), (MOST, MOST, Some(10)));
        log.take(&left("1.3"), 99);
        log.take(&left(&format!("1.{}", MOST + 9)), 99);
        assert_eq!(log.visits().filter(|visit| visit.left.is_some()).count(), 1);
        log.take(&joined("2.1"), 10 * KEEP);
        assert_eq!((log.visits().count(), log.last.len()), (1, 1));
    }

    #[test]
    fn it_knows_when_the_link_was_up() {
        let mut log = SeenLog::default();
        assert_eq!(log.since(), None);
        log.link(true, 10);
        log.link(true, 15);
        log.link(false, 20);
        log.link(false, 25);
        log.link(true, 30);
        assert!(log.was_up(12, 18) && log.was_up(31, 99) && !log.was_up(18, 22) && !log.was_up(5, 12));
        assert_eq!(log.since(), Some(10));
    }
}
