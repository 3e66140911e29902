//! The pauses of a shift: every way in which one begins and ends.

use super::people::{End, Habit, Kind};
use super::presence::MINUTE;
use super::world::World;

const REASONS: &[&str] = &["Lunch", "Coffee", "Training", "", "Auto-Pause", "Besprechung – kurz"];

impl World {
    pub(super) fn pauses_of_shift(&mut self, at: usize, from: i64, to: i64) {
        self.around_restarts(at, from, to);
        self.in_a_repeated_hour(at, from, to);
        let mut now = from + self.dice.between(20, 40) * MINUTE;
        while now + 130 * MINUTE < to - 40 * MINUTE {
            let clear = |at: i64| at < now - 50 * MINUTE || at > now + 150 * MINUTE;
            let quiet = self.restarts.iter().all(|restart| clear(*restart));
            if quiet && self.clock.repeat_near(now / 1000 + 3600, 3 * 3600).is_none() {
                now = self.one(at, now) + self.dice.between(50, 120) * MINUTE;
            } else {
                now += 30 * MINUTE;
            }
        }
    }

    /// One pause, or several that belong together; when they are over.
    fn one(&mut self, at: usize, now: i64) -> i64 {
        let several = self.people[at].queues.len() > 1;
        let queue = *self.dice.pick(&self.people[at].queues.clone());
        let reason = *self.dice.pick(REASONS);
        // All rows of one pause are told by one source.
        let reason =
            if self.told(now - MINUTE) == self.told(now + MINUTE) { self.shifted(reason) } else { reason };
        let end = now + self.dice.between(1, 25) * MINUTE + self.dice.between(0, 999);
        match self.dice.between(0, 99) {
            0..=29 => self.in_one(at, queue, (now, end), reason),
            30..=49 => self.in_all(at, (now, end), reason, false),
            50..=59 if several => self.in_all(at, (now, end), reason, true),
            60..=74 => self.change(at, queue, (now, end), false),
            75..=84 => self.change(at, queue, (now, end), true),
            85..=92 => return self.forgotten(at, queue, now, reason),
            _ if several => return self.two_queues(at, now),
            _ => self.in_one(at, queue, (now, end), reason),
        }
        end + MINUTE
    }

    fn tell_pause(&mut self, at: usize, when: i64, queue: u8, event: &'static str, reason: &str) {
        let (name, spelling) = (self.people[at].name.clone(), self.spelling(queue));
        self.lone(when, "NONE", &spelling, &name, event, &[reason]);
    }

    fn in_one(&mut self, at: usize, queue: u8, (from, to): (i64, i64), reason: &str) {
        self.tell_pause(at, from, queue, "PAUSE", reason);
        self.tell_pause(at, to, queue, "UNPAUSE", "");
        self.pause(at, Some(queue), from, End::At(self.stamp(to)), reason);
        self.away(at, (from, to), Some(queue));
    }

    /// PAUSEALL with a row a queue, which take its time; `partly`: one queue is freed before the others.
    fn in_all(&mut self, at: usize, (from, to): (i64, i64), reason: &str, partly: bool) {
        let name = self.people[at].name.clone();
        let half = self.stamp(from + (to - from) / 2);
        let end = End::At(self.stamp(to));
        let start = self.stamp(from) * 1000;
        self.lone(from, "NONE", "NONE", &name, "PAUSEALL", &[reason]);
        self.lone(to, "NONE", "NONE", &name, "UNPAUSEALL", &[""]);
        for (n, queue) in (0..).zip(self.people[at].queues.clone()) {
            self.tell_pause(at, from + n * 700, queue, "PAUSE", reason);
            if partly && n == 0 {
                self.tell_pause(at, from + (to - from) / 2, queue, "UNPAUSE", "");
                self.pause(at, Some(queue), start, End::At(half), reason);
            } else {
                self.tell_pause(at, to + n * 700, queue, "UNPAUSE", "");
                self.pause(at, Some(queue), start, end, reason);
            }
        }
        self.pause(at, None, start, if partly { End::At(half) } else { end }, reason);
        self.away(at, (from, to + 3_000), None);
    }

    /// Another reason while paused; some releases write an UNPAUSE in front, in the same second.
    fn change(&mut self, at: usize, queue: u8, (from, to): (i64, i64), unpauses: bool) {
        let half = from + (to - from) / 3;
        self.tell_pause(at, from, queue, "PAUSE", "Lunch");
        if unpauses {
            self.tell_pause(at, half, queue, "UNPAUSE", "Auto-Unpause");
        }
        self.tell_pause(at, half, queue, "PAUSE", "Meeting");
        self.tell_pause(at, to, queue, "UNPAUSE", "");
        if self.dice.hits(300) {
            self.tell_pause(at, to + 1_500, queue, "UNPAUSE", "");
        }
        self.pause(at, Some(queue), from, End::At(self.stamp(half)), "Lunch");
        self.pause(at, Some(queue), half, End::At(self.stamp(to)), "Meeting");
        self.away(at, (from, to + 2_000), Some(queue));
    }

    /// The UNPAUSE is lost; the phone rings again, and there is a later pause.
    fn forgotten(&mut self, at: usize, queue: u8, now: i64, reason: &str) -> i64 {
        self.tell_pause(at, now, queue, "PAUSE", reason);
        self.pause(at, Some(queue), now, End::Unseen, reason);
        self.away(at, (now, now + 8 * MINUTE), Some(queue));
        let later = now + self.dice.between(60, 100) * MINUTE;
        self.in_one(at, queue, (later, later + 10 * MINUTE), "Later");
        later + 11 * MINUTE
    }

    /// Two reasons in two queues overlap.
    fn two_queues(&mut self, at: usize, now: i64) -> i64 {
        let queues = self.people[at].queues.clone();
        self.in_one(at, queues[0], (now, now + 10 * MINUTE), "First");
        self.in_one(at, queues[1], (now + 5 * MINUTE, now + 15 * MINUTE), "Second");
        now + 16 * MINUTE
    }

    /// A pause that a start of Asterisk ends; members that have to be added anew.
    fn around_restarts(&mut self, at: usize, from: i64, to: i64) {
        let inside = |restart: &i64| *restart > from + 30 * MINUTE && *restart < to - 90 * MINUTE;
        let restarts: Vec<i64> = self.restarts.iter().copied().filter(inside).collect();
        for restart in restarts {
            let queue = self.people[at].queues[0];
            match self.people[at].kind {
                Kind::Fixed | Kind::Realtime if self.dice.hits(400) => {
                    let start = restart - 10 * MINUTE;
                    self.tell_pause(at, start, queue, "PAUSE", "Restart");
                    self.pause(at, Some(queue), start, End::Unseen, "Restart");
                    self.away(at, (start, restart + MINUTE), Some(queue));
                    self.in_one(at, queue, (restart + 30 * MINUTE, restart + 40 * MINUTE), "After");
                }
                Kind::Dynamic if self.dice.hits(400) => {
                    let (name, spelling) = (self.people[at].name.clone(), self.spelling(queue));
                    let when = restart + MINUTE + MINUTE / 2;
                    self.lone(when, "MANAGER", &spelling, &name, "ADDMEMBER", &[]);
                    self.log_in(at, queue, self.stamp(when));
                }
                _ => {}
            }
        }
    }

    /// Rows without a callid in an hour that comes twice.
    fn in_a_repeated_hour(&mut self, at: usize, from: i64, to: i64) {
        if self.plan.disorder || self.people[at].habit != Habit::Night {
            return;
        }
        let Some((first, last)) = self.clock.repeat_near(from / 1000 + 4 * 3600, 5 * 3600) else { return };
        let quarter = (last - first) * 1000 / 8;
        let span = *self.dice.pick(&[(1, 6), (1, 3), (5, 7), (2, 5)]);
        let (start, end) = (first * 1000 + span.0 * quarter, first * 1000 + span.1 * quarter);
        if start > from + 5 * MINUTE && end < to - 5 * MINUTE {
            let queue = self.people[at].queues[0];
            self.in_one(at, queue, (start, end), "Night");
        }
    }

    /// The pause in which a shift ends: over midnight, never ended, or ended by leaving; `true` for that.
    pub(super) fn last_pause(&mut self, at: usize, day: i64, to: i64) -> bool {
        let (queue, start) = (self.people[at].queues[0], to - 5 * MINUTE);
        let quiet = self.restarts.iter().all(|restart| (restart - start).abs() > 20 * MINUTE);
        if !quiet || day + 5 >= self.plan.days || self.clock.repeat_near(start / 1000, 3 * 3600).is_some() {
            return false;
        }
        self.away(at, (start, to + MINUTE), None);
        match (self.people[at].kind, self.dice.between(0, 9)) {
            (Kind::Fixed | Kind::Realtime | Kind::Pool | Kind::Callback, 0..=2) => {
                self.tell_pause(at, start, queue, "PAUSE", "Home");
                self.pause(at, Some(queue), start, End::Later, "Home");
            }
            (Kind::Fixed | Kind::Realtime | Kind::Pool | Kind::Callback, 3..=4) => {
                self.tell_pause(at, start, queue, "PAUSE", "Never ended");
                self.pause(at, Some(queue), start, End::Unseen, "Never ended");
            }
            (Kind::Dynamic | Kind::Paused, 0..=2) => {
                self.tell_pause(at, start, queue, "PAUSE", "Gone");
                self.pause(at, Some(queue), start, End::At(self.stamp(to)), "Gone");
                return true;
            }
            (Kind::Dynamic | Kind::Paused, 3..=4) => {
                self.leave_in_pause(at, start, to);
                return true;
            }
            _ => {}
        }
        false
    }

    /// PAUSEALL, and then he is removed from one queue after the other.
    fn leave_in_pause(&mut self, at: usize, start: i64, to: i64) {
        let name = self.people[at].name.clone();
        self.lone(start, "NONE", "NONE", &name, "PAUSEALL", &["Gone"]);
        let mut last = to;
        for (n, queue) in (0..).zip(self.people[at].queues.clone()) {
            last = to + n * 700;
            self.tell_pause(at, start, queue, "PAUSE", "Gone");
            self.pause(at, Some(queue), start, End::At(self.stamp(last)), "Gone");
        }
        self.pause(at, None, start, End::At(self.stamp(last)), "Gone");
    }
}
