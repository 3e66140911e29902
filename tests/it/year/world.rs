//! The year that is invented: day by day, calls and people, the rows they leave and what they count.

use std::collections::HashSet;
use std::sync::Arc;

use asterflow::domain::history::row::LogRow;
use jiff::civil::Date;
use jiff::tz::TimeZone;

use super::arrive::{Mail, Row, Told};
use super::calling::Ledger;
use super::clock::{Clock, Dice};
use super::legs::Legs;
use super::people::{Agent, QUEUES, agents};
use super::tally::{Cells, Tally};

/// What is to be invented.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) zone: &'static str,
    pub(super) first: Date,
    pub(super) days: i64,
    pub(super) calls_a_day: i64,
    /// As MySQL does with a fraction of a second: rounds it. MariaDB cuts it.
    pub(super) rounds: bool,
    /// Around a repeated hour rows come in disorder too, and there are none without a callid: those go by their neighbours.
    pub(super) disorder: bool,
    /// Some rows are told by the file too, or by the file alone.
    pub(super) files: bool,
    /// The table has one column for all data.
    pub(super) joined: bool,
    /// The cdr knows the ends of some talks.
    pub(super) legs: bool,
    /// Somebody may talk twice at once.
    pub(super) doubles: bool,
    pub(super) seed: u64,
}

/// What is counted of a day is complete after so many more: logins and pauses that nobody ended reach so far.
const SETTLED_DAYS: i64 = 11;
/// At the end nothing is left half done for so long, milliseconds: it would be "still waiting", not unresolved.
const LAST: i64 = 14 * 3_600_000;

/// The state of the invention.
pub(super) struct World {
    pub(super) plan: Plan,
    pub(super) clock: Arc<Clock>,
    pub(super) dice: Dice,
    pub(super) people: Vec<Agent>,
    pub(super) tally: Tally,
    pub(super) mail: Mail,
    /// What the cdr says of agents' legs.
    pub(super) legs: Legs,
    /// The stays call by call, and what each agent did; of short plans alone.
    pub(super) ledger: Ledger,
    /// Starts of Asterisk, milliseconds.
    pub(super) restarts: Vec<i64>,
    /// The last part of a callid.
    serial: u64,
    /// Entries that a row of another call could be mistaken to belong to: queue, eights of seconds.
    loose: HashSet<(u8, i64)>,
    day: i64,
    /// The end of the last day, milliseconds.
    pub(super) end: i64,
    /// Calls made.
    pub(super) calls: u64,
}

impl World {
    pub(super) fn new(plan: Plan) -> Self {
        let zone = TimeZone::get(plan.zone).expect("a zone");
        let clock = Arc::new(Clock::new(zone, plan.first, plan.days));
        let mut dice = Dice::new(plan.seed);
        let people = agents(&mut dice);
        let mut this = Self {
            people,
            tally: Tally::new(Arc::clone(&clock)),
            mail: Mail::new(plan.seed ^ 0x55, plan.disorder),
            legs: Legs::default(),
            ledger: Ledger::new(200, plan.days <= 31),
            restarts: Vec::new(),
            serial: 0,
            loose: HashSet::new(),
            day: 0,
            end: 0,
            calls: 0,
            plan,
            clock,
            dice,
        };
        this.end = this.midnight(this.plan.days) * 1000;
        this.plan_restarts();
        this
    }

    /// The UTC second at which the n-th day begins.
    pub(super) fn midnight(&self, n: i64) -> i64 {
        let date = self.plan.first.checked_add(jiff::Span::new().days(n)).expect("a date");
        self.clock.instant(date.at(0, 0, 0, 0))
    }

    /// Asterisk starts anew once in some days, never near a repeated hour or the end.
    fn plan_restarts(&mut self) {
        let mut day = 2;
        while day < self.plan.days - 2 {
            let at = self.midnight(day) + self.dice.between(8, 20) * 3600 + self.dice.between(0, 3599);
            if self.clock.repeat_near(at, 8 * 3600).is_none() {
                self.restarts.push(at * 1000);
                self.lone(at * 1000, "NONE", "NONE", "NONE", "QUEUESTART", &[]);
            }
            day += self.dice.between(2, 9);
        }
    }

    /// The first start at or after a time, with those that were less than `before` milliseconds ago.
    pub(super) fn restart_near(&self, at: i64, before: i64) -> Option<i64> {
        self.restarts.iter().copied().find(|restart| *restart + before >= at)
    }

    /// Which source tells what happens at a moment in milliseconds: by turns, never so around a repeated hour.
    pub(super) fn told(&self, at: i64) -> Told {
        const STRETCH: i64 = 5 * 3_600_000;
        if !self.plan.files || self.clock.repeat_near(at / 1000, 12 * 3600).is_some() {
            return Told::Table;
        }
        match at.div_euclid(STRETCH).rem_euclid(7) {
            1 => Told::Both,
            4 => Told::File,
            _ => Told::Table,
        }
    }

    /// The second that counts for a moment in milliseconds: the file cuts, the table may round.
    pub(super) fn stamp(&self, at: i64) -> i64 {
        if self.told(at) == Told::Table { self.in_table(at) } else { at.div_euclid(1000) }
    }

    /// The second that the table holds.
    fn in_table(&self, at: i64) -> i64 {
        if self.plan.rounds { (at + 500).div_euclid(1000) } else { at.div_euclid(1000) }
    }

    /// A new callid of a channel made at `at` milliseconds; some systems put their name in front.
    pub(super) fn callid(&mut self, at: i64) -> String {
        self.serial += 1;
        let system = if self.dice.hits(100) { "pbx-2-" } else { "" };
        format!("{system}{}.{}", at.div_euclid(1000), self.serial)
    }

    /// A queue as one of its spellings has it.
    pub(super) fn spelling(&mut self, queue: u8) -> String {
        (*self.dice.pick(QUEUES[usize::from(queue)])).to_owned()
    }

    pub(super) fn row(
        &mut self,
        at: i64,
        callid: &str,
        queue: String,
        agent: &str,
        event: &'static str,
        data: &[&str],
    ) -> Row {
        let mut fields: [String; 5] = Default::default();
        fields.iter_mut().zip(data).for_each(|(field, text)| (*text).clone_into(field));
        Row {
            at: self.stamp(at),
            table_at: self.in_table(at),
            told: self.told(at),
            line: None,
            callid: callid.into(),
            queue,
            agent: agent.into(),
            event,
            data: fields,
            said: None,
        }
    }

    /// A row that belongs to no call.
    pub(super) fn lone(
        &mut self,
        at: i64,
        callid: &str,
        queue: &str,
        agent: &str,
        event: &'static str,
        data: &[&str],
    ) {
        let mut row = self.row(at, callid, queue.to_owned(), agent, event, data);
        if event.starts_with("PAUSE") {
            self.say(&mut row);
        }
        self.mail.post_in_order(&self.clock, row);
    }

    /// Whether a hazard may be played with an entry at this UTC second: no other one is so near that its rows could be
    /// mistaken for it.
    pub(super) fn claim(&mut self, queue: u8, entered: i64) -> bool {
        let eighth = entered.div_euclid(8);
        let free = (-1..=1).all(|off| !self.loose.contains(&(queue, eighth + off)));
        free && self.loose.insert((queue, eighth))
    }

    /// Whether what is begun now can be left half done.
    pub(super) fn may_lose(&self, at: i64) -> bool {
        at < self.end - LAST
            && self.restarts.iter().all(|restart| at > *restart + 60_000 || at < *restart - 4 * 3_600_000)
    }

    /// Invents the next day. The rows committed until its end; `None` after the last.
    pub(super) fn next_day(&mut self) -> Option<Vec<LogRow>> {
        if self.day > self.plan.days {
            return None;
        }
        let (from, to) = (self.midnight(self.day) * 1000, self.midnight(self.day + 1) * 1000);
        if self.day == self.plan.days {
            self.settle_people(i64::MAX);
            self.day += 1;
            return Some(self.mail.take_before(&self.clock, i64::MAX));
        }
        self.legs.forget_before(from - 5 * 86_400_000);
        self.loose.retain(|(_, eighth)| eighth * 8000 > from - 86_400_000);
        self.begin_shifts(self.day);
        for at in self.call_times(from, to) {
            self.call(at);
        }
        self.settle_people(from);
        self.day += 1;
        // Rows of the next day may be committed with the last of this one, but none before the next is invented.
        Some(self.mail.take_before(&self.clock, to))
    }

    /// The cells that nothing can change any more; all after the last day.
    pub(super) fn finished(&mut self) -> Cells {
        self.tally.take_before(self.finished_until())
    }

    /// Until when.
    pub(super) fn finished_until(&self) -> i64 {
        if self.day > self.plan.days { i64::MAX } else { self.midnight(self.day - SETTLED_DAYS) }
    }

    fn call_times(&mut self, from: i64, to: i64) -> Vec<i64> {
        let mut times: Vec<i64> = (0..self.plan.calls_a_day)
            .map(|_| {
                let busy = self.dice.hits(880);
                if busy {
                    self.dice.between(from + 7 * 3_600_000, to - 3 * 3_600_000)
                } else {
                    self.dice.between(from, to - 1)
                }
            })
            .collect();
        // Around a repeated hour there are always calls: rows without a callid go by them.
        let mut at = from;
        while at < to {
            if self.clock.repeat_near(at / 1000, 1800).is_some() {
                times.push(at);
                at += self.dice.between(8_000, 25_000);
            } else {
                at += 300_000;
            }
        }
        times.sort_unstable();
        times
    }
}
