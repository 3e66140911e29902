//! What was seen live against what queue_log says, by queue and day: a lost row, or a time in which nothing was seen.
//!
//! In: the visits as seen on the manager interface, and the visits of queue_log. Out: what is in one and not in the
//! other, each with the call it concerns. A visit is matched by callid and queue, the nearest in time first.

use std::collections::BTreeMap;

use serde::Serialize;

use super::visit::{Outcome, Visit};
use crate::domain::ids::QueueName;
use crate::domain::live::seen::{SeenLog, SeenVisit};

/// The two clocks may differ, and rows are cut to seconds: nothing this near to an edge is judged, seconds.
pub const SLACK: i64 = 60;
/// So many differences are listed; all are counted.
const MOST: usize = 200;

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// Seen live, and queue_log knows nothing of it: a row was lost.
    NotInLog,
    /// In queue_log, and not seen live though the link was up.
    NotSeen,
    /// Seen answered, and queue_log says otherwise.
    AnsweredLiveOnly,
    /// Answered in queue_log, and not seen so though the link was up.
    AnsweredInLogOnly,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] =
        [Self::NotInLog, Self::NotSeen, Self::AnsweredLiveOnly, Self::AnsweredInLogOnly];

    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NotInLog => "not_in_log",
            Self::NotSeen => "not_seen",
            Self::AnsweredLiveOnly => "answered_live_only",
            Self::AnsweredInLogOnly => "answered_in_log_only",
        }
    }

    /// What it means, for people.
    pub fn sentence(self) -> &'static str {
        match self {
            Self::NotInLog => "seen live, not in queue_log: a row was lost",
            Self::NotSeen => "in queue_log, not seen live",
            Self::AnsweredLiveOnly => "seen answered, not answered in queue_log",
            Self::AnsweredInLogOnly => "answered in queue_log, not seen answered",
        }
    }
}

/// One call that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// How.
    pub kind: Kind,
    /// In which queue.
    pub queue: QueueName,
    /// Which call.
    pub callid: String,
    /// When it entered, UTC seconds.
    pub at: i64,
}

/// A queue's counts on both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// Which.
    pub queue: QueueName,
    /// Visits in queue_log.
    pub log_entered: u64,
    /// Of these: answered.
    pub log_answered: u64,
    /// Visits seen live.
    pub live_entered: u64,
    /// Of these: answered.
    pub live_answered: u64,
    /// In queue_log, while the link was down.
    pub while_down: u64,
    /// How many calls differ.
    pub differences: u64,
}

/// What was compared, and what differs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Reconciliation {
    /// From when on was compared, UTC seconds.
    pub from: i64,
    /// Up to when: the end of the last settled hour.
    pub to: i64,
    /// By queue.
    pub queues: Vec<Tally>,
    /// The calls that differ, in the order of time, at most 200.
    pub differences: Vec<Difference>,
    /// How many differ, by kind; all of them.
    pub counts: BTreeMap<&'static str, u64>,
}

impl Reconciliation {
    /// How many calls differ.
    pub fn number(&self) -> u64 {
        self.counts.values().sum()
    }
}

/// What was seen, and what was logged, of one callid in one queue.
type Sides<'v> = (Vec<&'v SeenVisit>, Vec<&'v Visit>);

/// Compares the visits that entered in [from, to), UTC seconds. `log` may hold others around them.
pub fn reconcile(seen: &SeenLog, log: &[Visit], from: i64, to: i64) -> Reconciliation {
    let from = seen.since().map_or(to, |since| from.max(since)).min(to);
    let mut by_call: BTreeMap<(&str, String), Sides<'_>> = BTreeMap::new();
    for visit in seen.visits() {
        by_call.entry((visit.callid.as_str(), visit.queue.folded())).or_default().0.push(visit);
    }
    for visit in log {
        by_call.entry((&visit.callid, visit.queue.folded())).or_default().1.push(visit);
    }
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut found: Vec<Difference> = Vec::new();
    for (lives, logs) in by_call.into_values() {
        for (live, logged) in pairs(lives, logs) {
            let at = logged.map(|visit| visit.entered).or(live.map(|visit| visit.joined)).unwrap_or(0);
            if !(from..to).contains(&at) {
                continue;
            }
            let Some(queue) = logged.map(|visit| &visit.queue).or(live.map(|visit| &visit.queue)) else {
                continue;
            };
            let tally = tallies.entry(queue.folded()).or_insert_with(|| Tally {
                queue: queue.clone(),
                log_entered: 0,
                log_answered: 0,
                live_entered: 0,
                live_answered: 0,
                while_down: 0,
                differences: 0,
            });
            count(tally, live, logged);
            // Near an edge the two clocks may disagree whether it counts.
            let judged = (from + SLACK..to - SLACK).contains(&at);
            let Some(kind) = differs(seen, live, logged) else { continue };
            match kind {
                Some(kind) if judged => {
                    tally.differences += 1;
                    let callid = logged.map(|visit| visit.callid.to_string());
                    let callid =
                        callid.or(live.map(|visit| visit.callid.as_str().to_owned())).unwrap_or_default();
                    found.push(Difference { kind, queue: queue.clone(), callid, at });
                }
                Some(_) => {}
                None => tally.while_down += 1,
            }
        }
    }
    found.sort_by(|a, b| (a.at, &a.callid).cmp(&(b.at, &b.callid)));
    let mut counts: BTreeMap<&'static str, u64> = BTreeMap::new();
    found.iter().for_each(|difference| *counts.entry(difference.kind.as_str()).or_default() += 1);
    found.truncate(MOST);
    Reconciliation { from, to, queues: tallies.into_values().collect(), differences: found, counts }
}

fn count(tally: &mut Tally, live: Option<&SeenVisit>, logged: Option<&Visit>) {
    if let Some(visit) = live {
        tally.live_entered += 1;
        tally.live_answered += u64::from(visit.answered.is_some());
    }
    if let Some(visit) = logged {
        tally.log_entered += 1;
        tally.log_answered += u64::from(visit.outcome == Outcome::Answered);
    }
}

/// How the two differ: `None` not at all, `Some(None)` because the link was down.
#[allow(clippy::option_option, reason = "not at all, for a reason, for none")]
fn differs(seen: &SeenLog, live: Option<&SeenVisit>, logged: Option<&Visit>) -> Option<Option<Kind>> {
    match (live, logged) {
        (Some(_), None) => Some(Some(Kind::NotInLog)),
        (None, Some(visit)) => {
            let up = seen.was_up(visit.entered - SLACK, visit.entered + SLACK);
            Some(up.then_some(Kind::NotSeen))
        }
        (Some(live), Some(logged)) => {
            let in_log = logged.outcome == Outcome::Answered;
            match (live.answered.is_some(), in_log) {
                (true, false) if logged.outcome != Outcome::Open => Some(Some(Kind::AnsweredLiveOnly)),
                (false, true) => {
                    let at = logged.closed.unwrap_or(logged.entered);
                    Some(seen.was_up(at - SLACK, at + SLACK).then_some(Kind::AnsweredInLogOnly))
                }
                _ => None,
            }
        }
        (None, None) => None,
    }
}

/// Pairs of one callid and queue, the nearest in time first; what is left stands alone.
fn pairs<'v>(
    mut lives: Vec<&'v SeenVisit>,
    mut logs: Vec<&'v Visit>,
) -> Vec<(Option<&'v SeenVisit>, Option<&'v Visit>)> {
    let mut pairs = Vec::new();
    while let Some((_, live, log)) = lives
        .iter()
        .enumerate()
        .flat_map(|(live, seen)| {
            logs.iter().enumerate().map(move |(log, visit)| ((seen.joined - visit.entered).abs(), live, log))
        })
        .min()
    {
        pairs.push((Some(lives.remove(live)), Some(logs.remove(log))));
    }
    pairs.extend(lives.into_iter().map(|live| (Some(live), None)));
    pairs.extend(logs.into_iter().map(|log| (None, Some(log))));
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::history::fixture::{captured_rows, whole};
    use crate::domain::live::event::{ChannelInfo, Event};

    /// The captured day as it would be seen, the link up all day.
    fn seen(visits: &[Visit]) -> SeenLog {
        let mut log = SeenLog::default();
        log.link(true, 0);
        let mut order: Vec<&Visit> = visits.iter().collect();
        order.sort_by_key(|visit| visit.entered);
        order.into_iter().for_each(|visit| see(&mut log, visit));
        log
    }

    fn see(log: &mut SeenLog, visit: &Visit) {
        let channel = ChannelInfo { id: visit.callid.as_str().into(), ..ChannelInfo::default() };
        let queue = visit.queue.clone();
        let joined = Event::CallerJoined { queue: queue.clone(), position: 1, channel: channel.clone() };
        log.take(&joined, visit.entered);
        if visit.outcome == Outcome::Answered {
            let (caller, leg) = (channel.clone(), ChannelInfo::default());
            let interface = "PJSIP/1".into();
            let connected = Event::AgentConnected { queue: queue.clone(), interface, caller, leg };
            log.take(&connected, visit.entered + visit.wait);
        }
        log.take(&Event::CallerLeft { queue, id: channel.id.as_str().into() }, visit.entered + visit.wait);
    }

    const DAY: (i64, i64) = (1_795_305_600, 1_795_392_000);

    fn kinds(reconciled: &Reconciliation) -> Vec<(&'static str, &str)> {
        let kinds = reconciled.differences.iter();
        kinds.map(|difference| (difference.kind.as_str(), difference.callid.as_str())).collect()
    }

    #[test]
    fn a_day_that_was_seen_whole_has_no_difference() {
        let visits = whole(&captured_rows()).visits;
        let reconciled = reconcile(&seen(&visits), &visits, DAY.0, DAY.1);
        assert_eq!(kinds(&reconciled), []);
        let sums: Vec<(&str, u64, u64)> = reconciled
            .queues
            .iter()
            .map(|tally| (tally.queue.as_str(), tally.log_entered, tally.live_answered))
            .collect();
        assert_eq!(sums, [("sales", 15, 15), ("support", 3, 1), ("vip", 6, 2)]);
    }

    #[test]
    fn a_visit_without_rows_and_one_that_was_not_seen_are_named() {
        let visits = whole(&captured_rows()).visits;
        let (lost, rest) = visits.split_first().expect("visits");
        let reconciled = reconcile(&seen(&visits), rest, DAY.0, DAY.1);
        assert_eq!(kinds(&reconciled), [("not_in_log", lost.callid.as_str())]);
        let reconciled = reconcile(&seen(rest), &visits, DAY.0, DAY.1);
        assert_eq!(kinds(&reconciled), [("not_seen", lost.callid.as_str())]);
        assert_eq!((reconciled.number(), reconciled.counts["not_seen"]), (1, 1));
    }

    #[test]
    fn what_was_not_seen_while_the_link_was_down_is_no_difference() {
        let visits = whole(&captured_rows()).visits;
        let (lost, rest) = visits.split_first().expect("visits");
        let mut log = SeenLog::default();
        log.link(true, DAY.0);
        log.link(false, lost.entered - 10);
        log.link(true, lost.entered + 10);
        rest.iter().for_each(|visit| see(&mut log, visit));
        let reconciled = reconcile(&log, &visits, DAY.0, DAY.1);
        assert_eq!(kinds(&reconciled), []);
        assert_eq!(reconciled.queues.iter().map(|tally| tally.while_down).sum::<u64>(), 1);
    }

    #[test]
    fn another_outcome_is_a_difference() {
        let visits = whole(&captured_rows()).visits;
        let log = seen(&visits);
        let mut changed = visits.clone();
        let answered = changed.iter().position(|visit| visit.outcome == Outcome::Answered).expect("one");
        let gone = changed.iter().position(|visit| visit.outcome == Outcome::Abandoned).expect("one");
        changed[answered].outcome = Outcome::Unresolved;
        changed[gone].outcome = Outcome::Answered;
        let mut expect = [
            ("answered_live_only", visits[answered].callid.as_str()),
            ("answered_in_log_only", visits[gone].callid.as_str()),
        ];
        expect.sort_by_key(|(_, callid)| *callid);
        let reconciled = reconcile(&log, &changed, DAY.0, DAY.1);
        let mut found = kinds(&reconciled);
        found.sort_by_key(|(_, callid)| *callid);
        assert_eq!(found, expect);
    }

    #[test]
    fn nothing_is_judged_before_anything_was_seen_or_beyond_the_range() {
        let visits = whole(&captured_rows()).visits;
        assert_eq!(reconcile(&SeenLog::default(), &visits, DAY.0, DAY.1).number(), 0);
        let rest = &visits[1..];
        assert_eq!(reconcile(&seen(&visits), rest, DAY.0 - 86_400, DAY.0).number(), 0);
        let mut late = SeenLog::default();
        late.link(true, DAY.1 - 3600);
        assert_eq!(reconcile(&late, &visits, DAY.0, DAY.1).number(), 0);
    }
}
