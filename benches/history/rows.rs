//! The rows of a made-up call centre, in the order in which Asterisk would insert them: 12 queues, 200 agents, some 9 000
//! calls a working day of twelve hours. 9.5 million rows are about a year. The same number always gives the same rows.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use asterflow::domain::history::row::{LogRow, civil_of};

const QUEUES: [&str; 12] = [
    "sales",
    "support",
    "vip",
    "billing",
    "returns",
    "orders",
    "Technik",
    "first-line",
    "second-line",
    "fr",
    "nl",
    "overflow",
];
const AGENTS: usize = 200;
const DAY: i64 = 86_400;
/// 2025-11-24 07:00, a Monday, as a local time.
const FIRST: i64 = 1_763_942_400 + 7 * 3600;
/// So long the doors are open.
const OPEN: i64 = 12 * 3600;
/// What the zone, Europe/Berlin, is ahead of UTC; in summer it is an hour more, which callids here do not follow.
const OFFSET: i64 = 3600;

/// An iterator over the rows, without end.
pub(crate) struct Rows {
    random: u64,
    day: i64,
    now: i64,
    id: i64,
    serial: u64,
    free: Vec<i64>,
    waiting: BinaryHeap<Reverse<(i64, u64, Waiting)>>,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Waiting {
    callid: String,
    queue: &'static str,
    agent: String,
    event: &'static str,
    data: [String; 5],
}

impl Rows {
    pub(crate) fn new() -> Self {
        let mut rows = Self {
            random: 0x9E37_79B9_7F4A_7C15,
            day: FIRST,
            now: FIRST,
            id: 0,
            serial: 0,
            free: vec![0; AGENTS],
            waiting: BinaryHeap::new(),
        };
        rows.open();
        rows
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        (self.random >> 11) % limit
    }

    fn seconds(&mut self, from: i64, to: i64) -> i64 {
        from + i64::try_from(self.below((to - from).unsigned_abs())).unwrap_or(0)
    }

    fn push(
        &mut self,
        at: i64,
        callid: &str,
        queue: &'static str,
        agent: &str,
        event: &'static str,
        data: &str,
    ) {
        let mut fields: [String; 5] = Default::default();
        fields.iter_mut().zip(data.split('|')).for_each(|(slot, text)| *slot = text.into());
        let row = Waiting { callid: callid.into(), queue, agent: agent.into(), event, data: fields };
        self.serial += 1;
        self.waiting.push(Reverse((at, self.serial, row)));
    }

    /// The morning: members come, and with them the pauses of their day.
    fn open(&mut self) {
        if self.day.div_euclid(DAY) % 7 == FIRST.div_euclid(DAY) % 7 {
            self.push(self.day - 600, "NONE", "NONE", "NONE", "QUEUESTART", "");
        }
        for agent in 0..AGENTS {
            let queue = QUEUES[agent % QUEUES.len()];
            let name = name(agent);
            let start = self.day - self.seconds(0, 300);
            self.push(start, "MANAGER", queue, &name, "ADDMEMBER", "");
            for pause in 0..8 {
                let at = self.day + 1800 + pause * 5000 + self.seconds(0, 1000);
                let reason = ["Lunch", "Coffee", "Training", ""][usize::try_from(pause % 4).unwrap_or(0)];
                self.push(at, "NONE", queue, &name, "PAUSE", reason);
                let end = at + self.seconds(60, 1500);
                self.push(end, "NONE", queue, &name, "UNPAUSE", "");
            }
            let end = self.day + OPEN + self.seconds(1200, 1800);
            self.push(end, "MANAGER", queue, &name, "REMOVEMEMBER", "");
        }
    }

    fn agent(&mut self, at: i64) -> usize {
        for _ in 0..50 {
            let agent = usize::try_from(self.below(AGENTS as u64)).unwrap_or(0);
            if self.free[agent] <= at {
                return agent;
            }
        }
        0
    }

    fn call(&mut self) {
        let serial = self.below(90) + 10;
        let callid = format!("{}.{}", self.now - OFFSET - self.seconds(5, 40), self.serial * 100 + serial);
        let number = format!("0{}", 3_000_000_000 + self.below(999_999_999));
        let queue = QUEUES[usize::try_from(self.below(12).min(self.below(12))).unwrap_or(0)];
        self.visit(self.now, &callid, &number, queue, true);
    }

    fn visit(&mut self, at: i64, callid: &str, number: &str, queue: &'static str, may_pass: bool) {
        self.push(at, callid, queue, "NONE", "ENTERQUEUE", &format!("|{number}|1"));
        let mut wait = self.seconds(2, 60);
        let kind = self.below(100);
        if kind < 14 {
            self.push(at + wait, callid, queue, "NONE", "ABANDON", &format!("1|1|{wait}"));
            return;
        }
        if kind < 18 {
            self.push(at + 120, callid, queue, "NONE", "EXITWITHTIMEOUT", "1|1|120");
            return;
        }
        let mut rang = self.below(100);
        while rang < 30 {
            let agent = name(self.agent(at + wait));
            let millis = if rang < 3 { 0 } else { 15_000 };
            wait += millis / 1000;
            self.push(at + wait, callid, queue, &agent, "RINGNOANSWER", &millis.to_string());
            rang = self.below(100);
        }
        let chosen = self.agent(at + wait);
        let agent = name(chosen);
        let ring = self.seconds(1, 9);
        wait += ring;
        let talk = self.seconds(20, 400);
        let connected = at + wait;
        self.free[chosen] = connected + talk + 5;
        let leg = format!("{}.{}", connected - ring - OFFSET, self.serial);
        self.push(connected, callid, queue, &agent, "CONNECT", &format!("{wait}|{leg}|{ring}"));
        let end = connected + talk;
        match kind {
            95.. if may_pass => {
                let other = QUEUES[usize::try_from(self.below(12)).unwrap_or(0)];
                let data = format!("{other}|ext-queues|{wait}|{talk}|1");
                self.push(end, callid, queue, &agent, "BLINDTRANSFER", &data);
                self.visit(end + 1, callid, number, other, false);
            }
            93..95 => {
                let data = format!("BRIDGE|b{}|{wait}|{talk}|1", self.serial);
                self.push(end, callid, queue, &agent, "ATTENDEDTRANSFER", &data);
            }
            60.. => self.push(end, callid, queue, &agent, "COMPLETEAGENT", &format!("{wait}|{talk}|1")),
            _ => self.push(end, callid, queue, &agent, "COMPLETECALLER", &format!("{wait}|{talk}|1")),
        }
    }

    fn go_on(&mut self) {
        self.now += self.seconds(1, 9);
        if self.now > self.day + OPEN {
            // Friday is followed by Monday.
            let weekday = (self.day.div_euclid(DAY) - FIRST.div_euclid(DAY)) % 7;
            self.day += if weekday == 4 { 3 * DAY } else { DAY };
            self.now = self.day;
            self.open();
        }
        self.call();
    }
}

/// An agent's name.
pub(crate) fn name(agent: usize) -> String {
    const FIRST_NAMES: [&str; 10] =
        ["Alice", "Bob", "Carol", "Dave", "Erin", "Frank", "Grace", "Heidi", "Ivan", "Judy"];
    format!("{} Nr. {agent:03}", FIRST_NAMES[agent % 10])
}

impl Iterator for Rows {
    type Item = LogRow;

    fn next(&mut self) -> Option<LogRow> {
        // Everything before the morning of the day, or before the last call, is complete.
        while self.waiting.peek().is_none_or(|Reverse((at, ..))| *at > self.now) {
            self.go_on();
        }
        let Reverse((at, _, row)) = self.waiting.pop()?;
        self.id += 1;
        let Waiting { callid, queue, agent, event, data } = row;
        let local = civil_of(at).unwrap_or_default();
        let [callid, agent] = [callid, agent].map(Into::into);
        let data = data.map(Into::into);
        Some(LogRow { id: self.id, local, callid, queue: queue.into(), agent, event: event.into(), data })
    }
}
