//! Who works there: twelve queues, two hundred agents, their habits.

use super::clock::Dice;

/// Queues as they are written; a queue with several spellings is one queue.
pub(super) const QUEUES: &[&[&str]] = &[
    &["sales", "Sales", "SALES"],
    &["support"],
    &["Billing", "billing"],
    &["vip"],
    &["night-desk"],
    &["Español", "ESPAñOL"],
    &["Team_A"],
    &["team_b"],
    &["600"],
    &["6000"],
    &["returns & claims"],
    &["o'hara"],
];

/// How an agent comes to be a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// ADDMEMBER and REMOVEMEMBER.
    Dynamic,
    /// The same, added in pause.
    Paused,
    /// Written in the configuration: no rows.
    Fixed,
    /// Read from the database by Asterisk: rows that say nothing.
    Realtime,
    /// AGENTLOGIN and AGENTLOGOFF.
    Pool,
    /// AGENTCALLBACKLOGIN and AGENTCALLBACKLOGOFF, of long ago.
    Callback,
}

/// When an agent works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Habit {
    Day,
    Late,
    Night,
}

/// A stretch of work. Milliseconds.
#[derive(Clone, Debug)]
pub(super) struct Shift {
    pub(super) from: i64,
    pub(super) to: i64,
    /// When no phone of his rings: from, to, in one queue or in all.
    pub(super) away: Vec<(i64, i64, Option<u8>)>,
}

/// How a pause ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum End {
    /// By a row.
    At(i64),
    /// No row tells it.
    Unseen,
    /// Not decided yet.
    Later,
}

/// A pause in a queue, or (no queue) by PAUSEALL. UTC seconds as logged.
#[derive(Clone, Debug)]
pub(super) struct Pause {
    pub(super) queue: Option<u8>,
    pub(super) start: i64,
    pub(super) end: End,
    pub(super) reason: String,
}

/// One agent.
pub(super) struct Agent {
    pub(super) name: String,
    pub(super) interface: String,
    pub(super) queues: Vec<u8>,
    pub(super) kind: Kind,
    pub(super) habit: Habit,
    pub(super) shift: Option<Shift>,
    pub(super) days_off: i64,
    /// When he is free again, milliseconds.
    pub(super) free: i64,
    /// When his last talk began, milliseconds.
    pub(super) since: i64,
    /// When his phone began to ring, as logged: queue, UTC second.
    pub(super) rings: Vec<(u8, i64)>,
    pub(super) pauses: Vec<Pause>,
    /// Logins that go on: queue, UTC second.
    pub(super) logins: Vec<(u8, i64)>,
    /// Logins that are over, and that touch one that goes on or were not yet counted.
    pub(super) sessions: Vec<(i64, i64)>,
}

/// Names that are near each other without being the same.
const NEAR: &[&str] = &[
    "10",
    "101",
    "1010",
    "Team1 Ann",
    "Team1 Bob",
    "Team1",
    "Ann Lee",
    "ann lee",
    "Zoë Ünal",
    "O'Neil, Pat",
];

/// All agents.
pub(super) fn agents(dice: &mut Dice) -> Vec<Agent> {
    (0..200_i64)
        .map(|n| {
            let interface = match n % 10 {
                8 => format!("Local/{}@from-queue/n", 300 + n),
                9 => format!("SIP/{}", 300 + n),
                _ => format!("PJSIP/{}", 300 + n),
            };
            let index = usize::try_from(n).expect("fits");
            // One in four has no name: Asterisk then writes the interface.
            let name = match NEAR.get(index) {
                Some(name) => (*name).to_owned(),
                None if n % 4 == 3 || n % 10 == 8 => interface.clone(),
                None => format!("Agent {n:03} Of-Them"),
            };
            let kind = *dice.pick(&[
                Kind::Dynamic,
                Kind::Dynamic,
                Kind::Paused,
                Kind::Fixed,
                Kind::Realtime,
                Kind::Pool,
                Kind::Callback,
            ]);
            let habit = match n % 8 {
                0..=4 => Habit::Day,
                5 | 6 => Habit::Late,
                _ => Habit::Night,
            };
            let mut queues: Vec<u8> = (0..dice.between(1, 3)).map(|_| queue(dice)).collect();
            queues.sort_unstable();
            queues.dedup();
            Agent {
                name,
                interface,
                queues,
                kind,
                habit,
                shift: None,
                days_off: 0,
                free: 0,
                since: 0,
                rings: Vec::new(),
                pauses: Vec::new(),
                logins: Vec::new(),
                sessions: Vec::new(),
            }
        })
        .collect()
}

/// Any queue.
pub(super) fn queue(dice: &mut Dice) -> u8 {
    u8::try_from(dice.between(0, i64::try_from(QUEUES.len()).expect("fits") - 1)).expect("fits")
}

impl Agent {
    /// Whether his phone may ring in a queue all the time from `from` to `to`, milliseconds, and five seconds around it:
    /// seconds are cut, and a ring must not seem to begin just after a pause in which it did not.
    pub(super) fn rings_in(&self, queue: u8, from: i64, to: i64) -> bool {
        self.free <= from && self.is_there(queue, from, to)
    }

    /// Whether it might, did he not talk already: for a quarter of an hour more, and not since just now.
    pub(super) fn rings_twice_in(&self, queue: u8, from: i64, to: i64) -> bool {
        self.free > from + 900_000 && self.since < from - 30_000 && self.is_there(queue, from, to)
    }

    fn is_there(&self, queue: u8, from: i64, to: i64) -> bool {
        const CLEAR: i64 = 5_000;
        let (from, to) = (from - CLEAR, to + CLEAR);
        let Some(shift) = &self.shift else { return false };
        let here = |other: &Option<u8>| other.is_none_or(|other| other == queue);
        self.queues.contains(&queue)
            && shift.from <= from
            && to <= shift.to
            && !shift.away.iter().any(|(start, end, other)| here(other) && *start < to && from < *end)
    }
}
