//! Which cells get the mark *late*, by what comes when: a row of the table that comes more than an hour after its own time,
//! by the newest row that is there, once the table had been read to its end.
//!
//! Decided here, where the definitions leave room: a row of a call marks its queue's cell where the caller entered, and the
//! agent's in every hour of the talk or ring that it ends; a row without a call marks the agent's cell of the queue and his own.
//! Only for a zone whose clock is never changed.

use std::collections::{BTreeSet, HashSet};

use asterflow::domain::history::row::LogRow;
use asterflow::domain::ids::PbxName;
use asterflow::store::Store;

use super::clock::Clock;

/// Behind the clock, seconds.
const HOUR: i64 = 3600;
/// Words of a row that belongs to nobody's call.
const NO_CALL: &[&str] = &["NONE", "MANAGER", "CLI", "REALTIME"];
/// Events of a member, whatever callid they have.
const OF_MEMBER: &[&str] = &[
    "ADDMEMBER",
    "REMOVEMEMBER",
    "AGENTLOGIN",
    "AGENTCALLBACKLOGIN",
    "AGENTLOGOFF",
    "AGENTCALLBACKLOGOFF",
    "PAUSE",
    "PAUSEALL",
    "UNPAUSE",
    "UNPAUSEALL",
    "QUEUESTART",
];

/// A cell: queue, agent, start.
type Spot = (String, String, i64);

/// The marks, and what they follow from.
#[derive(Default)]
pub(super) struct Late {
    /// The newest time of all that came, UTC second.
    newest: i64,
    /// The table was read to its end before.
    synced: bool,
    came: HashSet<String>,
    marks: BTreeSet<Spot>,
    /// Rows that were late.
    rows: usize,
}

fn number(text: &str) -> Option<i64> {
    let digits = !text.is_empty() && text.len() <= 11 && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().expect("a number"))
}

/// Seconds before the row at which the caller entered and at which its talk or ring began; `None`: it counts for nothing.
fn before(row: &LogRow) -> Option<(i64, i64)> {
    let at = |place: usize| number(&row.data[place]);
    match row.event.as_str() {
        "ENTERQUEUE" => Some((0, 0)),
        "CONNECT" => Some((at(0)?, at(2).unwrap_or(0))),
        "COMPLETECALLER" | "COMPLETEAGENT" => Some((at(0)? + at(1)?, at(1)?)),
        "BLINDTRANSFER" | "TRANSFER" => Some((at(2)? + at(3)?, at(3)?)),
        "ATTENDEDTRANSFER" if row.data[0] == "LINK" => {
            let talk = number(row.data[4].split('|').next()?)?;
            Some((at(3)? + talk, talk))
        }
        "ATTENDEDTRANSFER" => Some((at(2)? + at(3)?, at(3)?)),
        "ABANDON" | "EXITWITHTIMEOUT" | "EXITEMPTY" | "WITHDRAW" => Some((at(2)?, 0)),
        "EXITWITHKEY" => Some((at(3)?, 0)),
        "RINGNOANSWER" | "RINGCANCELED" => Some((0, at(0)? / 1000)),
        _ => None,
    }
}

impl Late {
    /// Rows that come together.
    pub(super) fn take(&mut self, clock: &Clock, rows: &[LogRow]) {
        let mut newest = self.newest;
        let mut now = Vec::new();
        for row in rows {
            let at = clock.instant(row.local);
            newest = newest.max(at);
            let text = format!(
                "{at} {} {} {} {} {:?}",
                row.callid,
                row.queue.to_lowercase(),
                row.agent,
                row.event,
                row.data
            );
            if row.id < 0 || self.came.contains(&text) {
                continue;
            }
            now.push(text);
            if self.synced && at + HOUR < self.newest {
                self.mark(clock, row, at);
            }
        }
        self.came.extend(now);
        self.newest = newest;
        self.synced = true;
    }

    fn mark(&mut self, clock: &Clock, row: &LogRow, at: i64) {
        let (queue, agent) = (row.queue.to_ascii_lowercase(), row.agent.to_string());
        let is_somebody = agent != "NONE";
        let before_marks = self.marks.len();
        if OF_MEMBER.contains(&row.event.as_str()) || NO_CALL.contains(&row.callid.as_str()) {
            if is_somebody {
                let cell = clock.cell(at);
                let own = if queue == "none" { String::new() } else { queue };
                self.marks.insert((own, agent.clone(), cell));
                self.marks.insert((String::new(), agent, cell));
            }
        } else if let Some((entered, began)) = before(row) {
            self.marks.insert((queue.clone(), String::new(), clock.cell(at - entered)));
            if is_somebody {
                for (cell, _) in clock.split(at - began, at + 1) {
                    self.marks.insert((queue.clone(), agent.clone(), cell));
                }
            }
        }
        self.rows += usize::from(self.marks.len() > before_marks);
    }

    /// Holds the stored marks against these.
    pub(super) async fn check(self, store: &Store, pbx: &PbxName) {
        let stored = store.late_cells(pbx, 0, i64::MAX).await.expect("reads");
        let stored: BTreeSet<Spot> =
            stored.into_iter().map(|(own, start)| (own.queue, own.agent, start)).collect();
        let missing: Vec<_> = self.marks.difference(&stored).take(5).collect();
        let invented: Vec<_> = stored.difference(&self.marks).take(5).collect();
        assert!(missing.is_empty() && invented.is_empty(), "missing {missing:#?}, invented {invented:#?}");
        assert!(self.marks.len() > 100, "{} marks", self.marks.len());
        eprintln!("{} late marks, {} rows made one", stored.len(), self.rows);
    }
}
