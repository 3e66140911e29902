//! Shifts: logins and pauses, the rows they leave, and what they count.
//!
//! Decided here, where the definitions leave room:
//! - The end of a pause is the next UNPAUSE, UNPAUSEALL or REMOVEMEMBER of its queue, whatever happened before; a start of
//!   Asterisk or a ring ends it only where the next row begins another pause, or none comes.
//! - "In all queues" lasts from PAUSEALL until he is free in one of them, or a member of none.
//! - Rows of one agent in one second (UNPAUSE and PAUSE of a change of reason) have their ids in the order of events.

use super::people::{End, Habit, Kind, Pause, Shift};
use super::tally::{What, Who};
use super::world::World;

/// Milliseconds.
pub(super) const MINUTE: i64 = 60_000;
/// What stands for the queue of an AGENTLOGIN.
const POOL: u8 = u8::MAX;
/// A pause that nobody ends is over after this, seconds.
const LONGEST: i64 = 24 * 3600;

impl World {
    /// Who works on a day begins.
    pub(super) fn begin_shifts(&mut self, day: i64) {
        for at in 0..self.people.len() {
            if self.people[at].days_off < 3 && self.dice.hits(220) {
                self.people[at].days_off += 1;
                continue;
            }
            self.people[at].days_off = 0;
            self.begin_shift(at, day);
        }
    }

    fn begin_shift(&mut self, at: usize, day: i64) {
        let (hour, spread) = match self.people[at].habit {
            Habit::Day => (7, 7200),
            Habit::Late => (13, 3600),
            Habit::Night => (21, 1800),
        };
        let date = self.plan.first.checked_add(jiff::Span::new().days(day)).expect("a date");
        let from = (self.clock.instant(date.at(hour, 0, 0, 0)) + self.dice.between(0, spread)) * 1000;
        let from = from + self.dice.between(0, 999);
        let to = from + 8 * 60 * MINUTE;
        self.end_overnight(at, from);
        self.people[at].shift = Some(Shift { from, to, away: Vec::new() });
        self.log_in_all(at, from);
        self.pauses_of_shift(at, from, to);
        let carries = self.people[at].logins.iter().any(|(_, start)| *start < from / 1000 - 3600);
        let leaves = self.last_pause(at, day, to);
        let forgets = day + 5 < self.plan.days && !carries && !leaves && self.dice.hits(60);
        if !forgets {
            self.log_out_all(at, to);
        }
        let (name, interface) = (self.people[at].name.clone(), self.people[at].interface.clone());
        let queue = self.spelling(self.people[at].queues[0]);
        match self.dice.between(0, 11) {
            0 => self.lone(from + MINUTE, "NONE", &queue, &interface, "PENALTY", &["3"]),
            1 => self.lone(from + MINUTE, "NONE", &queue, &interface, "RINGINUSE", &["0"]),
            2 => self.lone(from + MINUTE, "NONE", "NONE", "NONE", "CONFIGRELOAD", &[]),
            3 => {
                self.lone(from + MINUTE, "NONE", &queue, &name, "AGENTCHECK", &["seen"]);
                self.tally.unknown += 1;
            }
            4 => {
                let callid = self.callid(from);
                self.lone(from + MINUTE, &callid, "NONE", &name, "OUTCALL", &["ANSWER", "35", "5550001"]);
            }
            5 => self.lone(from + MINUTE, "NONE", "NONE", "NONE", "INFO", &["a word | of somebody"]),
            _ => {}
        }
    }

    fn log_in_all(&mut self, at: usize, from: i64) {
        let name = self.people[at].name.clone();
        let kind = self.people[at].kind;
        for (n, queue) in (0..).zip(self.people[at].queues.clone()) {
            let (when, spelling) = (from + n * 700, self.spelling(queue));
            let callid = match self.dice.between(0, 3) {
                0 => "CLI".to_owned(),
                1 => "MANAGER".to_owned(),
                _ => self.callid(when),
            };
            match kind {
                Kind::Dynamic => self.lone(when, &callid, &spelling, &name, "ADDMEMBER", &[""]),
                Kind::Paused => {
                    self.lone(when, &callid, &spelling, &name, "ADDMEMBER", &["PAUSED"]);
                    let until = from + 4 * MINUTE + n * 700;
                    self.lone(until, "NONE", &spelling, &name, "UNPAUSE", &[""]);
                    self.pause(at, Some(queue), when, End::At(self.stamp(until)), "");
                    self.away(at, (when, until), None);
                }
                Kind::Realtime => self.lone(when, "REALTIME", &spelling, &name, "ADDMEMBER", &[""]),
                Kind::Fixed | Kind::Pool | Kind::Callback => {}
            }
            if matches!(kind, Kind::Dynamic | Kind::Paused) {
                self.log_in(at, queue, self.stamp(when));
            }
        }
        let (event, from_where) = match kind {
            Kind::Pool => ("AGENTLOGIN", "PJSIP/9-1"),
            Kind::Callback => ("AGENTCALLBACKLOGIN", "300@internal"),
            _ => return,
        };
        let callid = self.callid(from);
        self.lone(from, &callid, "NONE", &name, event, &[from_where]);
        self.log_in(at, POOL, self.stamp(from));
    }

    fn log_out_all(&mut self, at: usize, to: i64) {
        let name = self.people[at].name.clone();
        match self.people[at].kind {
            Kind::Dynamic | Kind::Paused => {
                for (n, queue) in (0..).zip(self.people[at].queues.clone()) {
                    let (when, spelling) = (to + n * 700, self.spelling(queue));
                    self.lone(when, "MANAGER", &spelling, &name, "REMOVEMEMBER", &[]);
                    self.log_out(at, queue, self.stamp(when));
                }
            }
            Kind::Pool => {
                let callid = self.callid(to);
                self.lone(to, &callid, "NONE", &name, "AGENTLOGOFF", &["PJSIP/9-1", "28800"]);
                self.log_out(at, POOL, self.stamp(to));
            }
            Kind::Callback => {
                let (callid, why) = (self.callid(to), if self.dice.hits(500) { "" } else { "Autologoff" });
                let data = ["300@internal", "28800", why];
                self.lone(to, &callid, "NONE", &name, "AGENTCALLBACKLOGOFF", &data);
                self.log_out(at, POOL, self.stamp(to));
            }
            Kind::Fixed | Kind::Realtime => {}
        }
    }

    /// Added. While already a member: a start of Asterisk since then had ended that.
    pub(super) fn log_in(&mut self, at: usize, queue: u8, second: i64) {
        let open = self.people[at].logins.iter().position(|(other, _)| *other == queue);
        let Some(open) = open else { return self.people[at].logins.push((queue, second)) };
        let start = self.people[at].logins[open].1;
        let restart = self.restarts.iter().map(|at| at / 1000).rfind(|at| *at > start && *at <= second);
        if let Some(restart) = restart {
            self.session(at, queue, (start, restart));
            self.people[at].logins[open].1 = second;
        }
    }

    fn log_out(&mut self, at: usize, queue: u8, second: i64) {
        let Some(open) = self.people[at].logins.iter().position(|(other, _)| *other == queue) else { return };
        let (_, start) = self.people[at].logins.remove(open);
        self.session(at, queue, (start, second));
        if self.people[at].logins.is_empty() {
            let mut sessions = std::mem::take(&mut self.people[at].sessions);
            sessions.sort_unstable();
            let mut until = i64::MIN;
            for (start, end) in sessions {
                let span = (start.max(until), end);
                until = until.max(end);
                self.tally.seconds(Who::agent(index(at)), span, What::LoggedInSeconds);
                self.ledger.logged_in(index(at), span);
            }
        }
    }

    fn session(&mut self, at: usize, queue: u8, span: (i64, i64)) {
        if queue != POOL {
            self.tally.seconds(Who::member(queue, index(at)), span, What::LoggedInSeconds);
        }
        self.people[at].sessions.push(span);
    }

    pub(super) fn pause(&mut self, at: usize, queue: Option<u8>, when: i64, end: End, reason: &str) {
        let start = self.stamp(when);
        let reason = self.counted(when, reason);
        self.people[at].pauses.push(Pause { queue, start, end, reason });
    }

    pub(super) fn away(&mut self, at: usize, span: (i64, i64), queue: Option<u8>) {
        if let Some(shift) = &mut self.people[at].shift {
            shift.away.push((span.0, span.1, queue));
        }
    }

    /// A pause that began at the end of an earlier shift ends before this one.
    fn end_overnight(&mut self, at: usize, from: i64) {
        let open = self.people[at].pauses.iter().position(|pause| pause.end == End::Later);
        if let Some(open) = open {
            let name = self.people[at].name.clone();
            let queue = self.people[at].pauses[open].queue.expect("a queue");
            let spelling = self.spelling(queue);
            self.lone(from - MINUTE, "NONE", &spelling, &name, "UNPAUSE", &[""]);
            self.people[at].pauses[open].end = End::At(self.stamp(from - MINUTE));
        }
    }

    /// Counts what is decided: pauses begun two days before a time, milliseconds; or all.
    pub(super) fn settle_people(&mut self, now: i64) {
        let until = if now == i64::MAX { now } else { now / 1000 - 2 * 86_400 };
        for at in 0..self.people.len() {
            self.people[at].pauses.sort_by_key(|pause| (pause.start, pause.queue));
            while let Some(number) = self.together(at, until) {
                let pauses: Vec<Pause> = self.people[at].pauses.iter().take(number).cloned().collect();
                let ends: Vec<i64> = pauses.iter().map(|pause| self.end_of(at, pause)).collect();
                self.count(at, &pauses, &ends);
                self.people[at].pauses.drain(..number);
            }
            let known = self.people[at].pauses.first().map_or(until, |pause| pause.start.min(until));
            self.people[at].rings.retain(|(_, start)| *start >= known);
        }
    }

    /// How many of the first pauses overlap each other, if all of them are decided.
    fn together(&self, at: usize, until: i64) -> Option<usize> {
        let mut end = i64::MIN;
        let mut number = 0;
        for pause in &self.people[at].pauses {
            if number > 0 && pause.start >= end {
                break;
            }
            if pause.start >= until || pause.end == End::Later {
                return None;
            }
            end = end.max(self.end_of(at, pause));
            number += 1;
        }
        (number > 0).then_some(number)
    }

    /// Where a pause ends: at its row, else at the first of a start of Asterisk, a ring in its queue that began after it,
    /// the next pause there, a day.
    fn end_of(&self, at: usize, pause: &Pause) -> i64 {
        if let End::At(end) = pause.end {
            return end;
        }
        let agent = &self.people[at];
        let restarts = self.restarts.iter().map(|restart| restart / 1000);
        let rings =
            agent.rings.iter().filter(|(queue, _)| Some(*queue) == pause.queue).map(|(_, start)| *start);
        let next = agent.pauses.iter().filter(|other| other.queue == pause.queue).map(|other| other.start);
        let all = restarts.chain(rings).chain(next).filter(|end| *end > pause.start);
        all.min().unwrap_or(i64::MAX).min(pause.start + LONGEST)
    }

    fn count(&mut self, at: usize, pauses: &[Pause], ends: &[i64]) {
        let who = Who::agent(index(at));
        for (pause, end) in pauses.iter().zip(ends) {
            self.ledger.paused(index(at), (pause.start, *end));
            match pause.queue {
                Some(queue) => {
                    self.tally.pause(Who::member(queue, index(at)), (pause.start, *end), &pause.reason);
                }
                None => self.tally.seconds(who, (pause.start, *end), What::PausedAllSeconds),
            }
        }
        let mut edges: Vec<i64> =
            pauses.iter().map(|pause| pause.start).chain(ends.iter().copied()).collect();
        edges.sort_unstable();
        edges.dedup();
        for span in edges.windows(2) {
            // Where reasons overlap the last begun counts.
            let over =
                pauses.iter().zip(ends).filter(|(pause, end)| pause.start <= span[0] && **end >= span[1]);
            if let Some((last, _)) = over.max_by_key(|(pause, _)| pause.start) {
                self.tally.pause(who, (span[0], span[1]), &last.reason);
            }
        }
    }
}

fn index(at: usize) -> u16 {
    u16::try_from(at).expect("fits")
}
