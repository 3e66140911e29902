//! Who works where, and what is called for: the simulated company, made from a seed and a few numbers.

use std::sync::Arc;

use jiff::tz::TimeZone;

use super::dice::Dice;
use super::names;

/// Most agents that a company can have.
pub const MOST_AGENTS: u16 = 1000;
/// Most queues.
pub const MOST_QUEUES: u16 = 40;

/// What a company is made from.
#[derive(Clone, Debug)]
pub struct Size {
    /// 1 to [`MOST_AGENTS`].
    pub agents: u16,
    /// 1 to [`MOST_QUEUES`]; `None` for as many as suit the agents.
    pub queues: Option<u16>,
    /// Callers in the busiest hour of a weekday; `None` for as many as keep the agents busy.
    pub calls_per_hour: Option<u32>,
    /// The same seed makes the same company and the same calls.
    pub seed: u64,
}

/// How a queue chooses among its free members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Everybody rings.
    RingAll,
    /// In turns.
    RoundRobin,
    /// Whoever has rested longest.
    LeastRecent,
    /// Whoever took the fewest.
    FewestCalls,
    /// Always in the same order.
    Linear,
}

impl Strategy {
    /// Asterisk's word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RingAll => "ringall",
            Self::RoundRobin => "rrmemory",
            Self::LeastRecent => "leastrecent",
            Self::FewestCalls => "fewestcalls",
            Self::Linear => "linear",
        }
    }
}

/// A queue as planned.
#[derive(Clone, Debug)]
pub struct QueuePlan {
    /// Its name.
    pub name: Arc<str>,
    /// The extension that leads to it.
    pub exten: Arc<str>,
    /// How it chooses.
    pub strategy: Strategy,
    /// Its part of all callers, 0–1.
    pub share: f64,
    /// Median talk in milliseconds.
    pub talk_ms: i64,
    /// Median patience of its callers in milliseconds.
    pub patience_ms: i64,
    /// Seconds of the service level.
    pub service_level: u32,
    /// Seconds of wrap-up.
    pub wrap_up: u32,
    /// Seconds after which a caller is sent away; 0 for never.
    pub timeout: u32,
    /// Most waiting callers; 0 for no limit.
    pub max: u32,
    /// Whether callers may leave by a key.
    pub has_key: bool,
}

/// When somebody works.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shift {
    /// From seven.
    Early,
    /// From half past eight.
    Day,
    /// From half past eleven.
    Late,
    /// From ten in the evening.
    Night,
}

/// An agent as planned.
#[derive(Clone, Debug)]
pub struct AgentPlan {
    /// The person.
    pub name: Arc<str>,
    /// `1001`
    pub exten: Arc<str>,
    /// `PJSIP/1001`
    pub interface: Arc<str>,
    /// Queue number and penalty.
    pub queues: Vec<(usize, u32)>,
    /// Logs in and out as a dynamic member.
    pub is_dynamic: bool,
    /// Usual hours.
    pub shift: Shift,
    /// Talks this many times as long as others.
    pub pace: f64,
    /// Median time to pick up, milliseconds.
    pub pick_up_ms: i64,
    /// How often the phone rings out.
    pub no_answer: f64,
    /// How often work at the desk follows a call.
    pub paperwork: f64,
}

/// The company.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Of everything.
    pub seed: u64,
    /// Of the PBX's clock.
    pub zone: TimeZone,
    /// In the order of their names.
    pub queues: Vec<QueuePlan>,
    /// In the order of their extensions.
    pub agents: Vec<AgentPlan>,
    /// Callers in the busiest hour.
    pub calls_per_hour: f64,
}

/// Name, strategy, weight, talk s, patience s, service level s, wrap-up s, timeout s, key.
type Kind = (&'static str, Strategy, f64, i64, i64, u32, u32, u32, bool);

const KINDS: &[Kind] = &[
    ("support", Strategy::RoundRobin, 26.0, 260, 240, 30, 20, 900, true),
    ("sales", Strategy::LeastRecent, 22.0, 200, 150, 20, 10, 0, false),
    ("billing", Strategy::FewestCalls, 16.0, 180, 170, 30, 15, 600, true),
    ("orders", Strategy::RoundRobin, 14.0, 150, 140, 20, 10, 0, false),
    ("returns", Strategy::LeastRecent, 9.0, 170, 120, 30, 10, 480, false),
    ("vip", Strategy::RingAll, 5.0, 300, 200, 10, 20, 0, false),
    ("technical", Strategy::Linear, 8.0, 420, 300, 60, 30, 900, true),
    ("español", Strategy::RoundRobin, 6.0, 230, 160, 30, 15, 0, false),
    ("complaints", Strategy::FewestCalls, 5.0, 380, 260, 60, 45, 0, false),
    ("partners", Strategy::LeastRecent, 4.0, 240, 220, 20, 10, 0, false),
    ("deliveries", Strategy::RoundRobin, 6.0, 130, 110, 30, 10, 300, false),
    ("appointments", Strategy::Linear, 5.0, 160, 140, 30, 10, 0, false),
];

impl Plan {
    /// The company of this size, in this zone.
    pub fn new(size: &Size, zone: TimeZone) -> Self {
        let agents = usize::from(size.agents.clamp(1, MOST_AGENTS));
        let usual = match agents {
            0..=12 => 3,
            13..=150 => 6,
            _ => 12,
        };
        let count = size.queues.map_or(usual, |count| usize::from(count.clamp(1, MOST_QUEUES)));
        let queues = queues(count);
        let calls_per_hour = size.calls_per_hour.map_or(float(agents) * 5.7, f64::from);
        let agents = (0..agents).map(|at| agent(size.seed, at, agents, &queues)).collect();
        Self { seed: size.seed, zone, queues, agents, calls_per_hour }
    }
}

#[allow(clippy::cast_precision_loss, reason = "a thousand agents")]
fn float(count: usize) -> f64 {
    count as f64
}

fn queues(count: usize) -> Vec<QueuePlan> {
    let kinds: Vec<_> = (0..count).map(|at| (at, &KINDS[at % KINDS.len()])).collect();
    let weights: f64 = kinds.iter().map(|(_, kind)| kind.2).sum();
    let mut queues: Vec<QueuePlan> = kinds
        .into_iter()
        .map(|(at, (name, strategy, weight, talk, patience, level, wrap, timeout, key))| {
            let floor = at / KINDS.len();
            QueuePlan {
                name: if floor == 0 { (*name).into() } else { format!("{name}-{}", floor + 1).into() },
                exten: (800 + at).to_string().into(),
                strategy: *strategy,
                share: weight / weights,
                talk_ms: talk * 1000,
                patience_ms: patience * 1000,
                service_level: *level,
                wrap_up: *wrap,
                timeout: *timeout,
                max: if *name == "vip" { 6 } else { 0 },
                has_key: *key,
            }
        })
        .collect();
    queues.sort_by(|a, b| a.name.cmp(&b.name));
    queues
}

fn agent(seed: u64, at: usize, of: usize, queues: &[QueuePlan]) -> AgentPlan {
    let mut dice = Dice::of(seed, &[1, at as u64]);
    let exten = 1001 + at;
    // First the queues are manned in proportion to their callers and their talks; then by who else can help.
    let work: f64 = queues.iter().map(|queue| queue.share * float_ms(queue.talk_ms)).sum();
    let mut rest = (float(at) + 0.5) / float(of) * work;
    let home = queues.iter().position(|queue| {
        rest -= queue.share * float_ms(queue.talk_ms);
        rest <= 0.0
    });
    let home = home.unwrap_or(queues.len() - 1);
    let mut places = vec![(home, 0)];
    for (penalty, chance) in [(1, 0.75), (2, 0.35)] {
        let other = usize::try_from(dice.between(0, 999)).unwrap_or(0) % queues.len();
        if dice.chance(chance) && places.iter().all(|(queue, _)| *queue != other) {
            places.push((other, penalty));
        }
    }
    places.sort_unstable();
    AgentPlan {
        name: names::person(at + usize::try_from(seed % 61).unwrap_or(0)).into(),
        exten: exten.to_string().into(),
        interface: format!("PJSIP/{exten}").into(),
        queues: places,
        is_dynamic: dice.chance(0.3),
        shift: match at % 20 {
            7 => Shift::Night,
            0 | 3 | 6 | 10 | 13 | 16 => Shift::Early,
            2 | 4 | 5 | 9 | 12 | 14 | 18 => Shift::Late,
            _ => Shift::Day,
        },
        pace: 0.75 + dice.share() * 0.6,
        pick_up_ms: dice.between(2_500, 5_500),
        no_answer: 0.005 + dice.share() * dice.share() * 0.07,
        paperwork: dice.share() * 0.08,
    }
}

#[allow(clippy::cast_precision_loss, reason = "a talk of some minutes")]
fn float_ms(millis: i64) -> f64 {
    millis as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(agents: u16) -> Plan {
        Plan::new(&Size { agents, queues: None, calls_per_hour: None, seed: 1 }, TimeZone::UTC)
    }

    #[test]
    fn every_queue_has_members_and_the_shares_are_a_whole() {
        for agents in [6, 60, 1000] {
            let plan = plan(agents);
            assert_eq!(plan.agents.len(), usize::from(agents));
            let shares: f64 = plan.queues.iter().map(|queue| queue.share).sum();
            assert!((shares - 1.0).abs() < 1e-9);
            for (at, queue) in plan.queues.iter().enumerate() {
                let members = plan.agents.iter().filter(|agent| agent.queues.iter().any(|(q, _)| *q == at));
                assert!(members.count() > 0, "{} has nobody with {agents} agents", queue.name);
            }
        }
    }

    #[test]
    fn queues_beyond_the_known_ones_have_names_of_their_own() {
        let size = Size { agents: 200, queues: Some(40), calls_per_hour: Some(10), seed: 1 };
        let plan = Plan::new(&size, TimeZone::UTC);
        let names: std::collections::BTreeSet<_> =
            plan.queues.iter().map(|queue| queue.name.clone()).collect();
        assert_eq!(names.len(), 40);
    }
}
