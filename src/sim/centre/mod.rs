//! What people do in the simulated call centre: callers call, wait and give up, agents answer, talk, pass on, pause and
//! go home, supervisors pick up their phones. Owns the PBX's state and its time; has no clock and no sockets.
//!
//! In: a moment, commands. Out: happenings (when somebody looks) and rows (always). The same seed and the same moments
//! give the same days.

mod agenda;
mod agents;
mod callers;
mod commands;
mod desk;
mod legs;
mod offers;
mod private;
mod talks;
mod transfers;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::sim::calendar::Calendar;
use crate::sim::dice::Dice;
use crate::sim::pbx::{BridgeId, ChannelId, Clockwork, Happening, Millis, Queue, State, What};
use crate::sim::plan::Plan;
use crate::sim::rows::{CdrRow, LogRow, Row, RowSink};

use agenda::{Agenda, Due};
use agents::Agent;
use callers::Call;
use desk::Spy;
use private::Private;

/// Nothing due for so long means that something forgot to be due; days begin at least daily.
const FAR: Millis = 48 * 3_600_000;

/// The simulated call centre.
pub struct Centre {
    plan: Arc<Plan>,
    state: State,
    now: Millis,
    /// What began before leaves no rows.
    logs_from: Millis,
    agenda: Agenda,
    agents: Vec<Agent>,
    /// Agents of each queue, in the order in which they are asked; and whose turn it is.
    lines: Vec<Line>,
    /// By the caller's channel.
    calls: BTreeMap<ChannelId, Call>,
    /// Calls outside the queues, by the agent's channel.
    privates: BTreeMap<ChannelId, Private>,
    /// Supervisors' legs, by their channel.
    spies: BTreeMap<ChannelId, Spy>,
    next_channel: ChannelId,
    next_bridge: BridgeId,
    next_unique: u64,
    next_sequence: u64,
    next_visit: u64,
    dice: Dice,
    calendar: Calendar,
    tempo: f64,
    /// Somebody listens: happenings are kept. History is made without.
    live: bool,
    out: Vec<Happening>,
    rows: RowSink,
    empty: Arc<str>,
    none: Arc<str>,
}

/// A queue's own memory.
#[derive(Debug, Default)]
struct Line {
    agents: Vec<usize>,
    turn: usize,
}

impl Centre {
    /// The company at the moment `start`, with everybody where the plan of that day has them. Rows go to `rows` from the
    /// moment `logs_from` on; the first says that Asterisk started, and calls that began before leave none at all. So the
    /// company can be in the middle of its day when its history goes on after a gap.
    pub fn new(plan: Arc<Plan>, start: Millis, logs_from: Millis, rows: RowSink) -> Self {
        let state = State { queues: plan.queues.iter().map(queue).collect(), ..State::default() };
        let mut lines: Vec<Line> = plan.queues.iter().map(|_| Line::default()).collect();
        for (at, agent) in plan.agents.iter().enumerate() {
            agent.queues.iter().for_each(|(queue, _)| lines[*queue].agents.push(at));
        }
        let mut centre = Self {
            agents: plan.agents.iter().map(Agent::new).collect(),
            state,
            now: start,
            logs_from,
            agenda: Agenda::default(),
            lines,
            calls: BTreeMap::new(),
            privates: BTreeMap::new(),
            spies: BTreeMap::new(),
            next_channel: 0,
            next_bridge: 0,
            next_unique: 0,
            next_sequence: 0,
            next_visit: 0,
            dice: Dice::of(plan.seed, &[4, start.cast_unsigned()]),
            calendar: Calendar::new(plan.zone.clone()),
            tempo: 1.0,
            live: false,
            out: Vec::new(),
            rows,
            empty: "".into(),
            none: "NONE".into(),
            plan,
        };
        centre.agenda.add(logs_from.max(start), Due::Started);
        centre.begin();
        centre
    }

    /// From now on somebody looks: happenings are told, and people hurry by `tempo`.
    pub fn go_live(&mut self, tempo: f64) {
        self.live = true;
        self.tempo = tempo.clamp(0.05, 100.0);
        for agent in 0..self.agents.len() {
            self.seat(agent);
        }
        self.out.clear();
    }

    /// The first entries of the agenda.
    fn begin(&mut self) {
        let today = self.calendar.date(self.now);
        let yesterday = today.yesterday().unwrap_or(today);
        self.plan_day(yesterday);
        self.plan_day(today);
        self.agenda.add(self.calendar.instant(today, 1440), Due::Day);
        for queue in 0..self.plan.queues.len() {
            self.next_caller(queue);
        }
    }

    fn happen(&mut self, due: Due) {
        match due {
            Due::Started => self.log_start(),
            Due::Day => self.begin_day(),
            Due::Caller(queue) => self.caller_comes(queue),
            Due::Scan(queue) => self.scan(queue),
            Due::Answer { call, round, agent } => self.answer(call, round, agent),
            Due::Unanswered { call, round, agent, refused } => self.unanswered(call, round, agent, refused),
            Due::GiveUp { call, visit } => self.gives_up(call, visit),
            Due::TimeOut { call, visit } => self.times_out(call, visit),
            Due::Key { call, visit } => self.presses_key(call, visit),
            Due::TalkEnds { call, visit } => self.talk_ends(call, visit),
            Due::Hold { call, visit, begins } => self.hold(call, visit, begins),
            Due::Consult { call, visit } => self.consult_answered(call, visit),
            Due::Depart(call) => self.depart(call),
            Due::Arrive(agent) => self.arrive(agent),
            Due::GoHome(agent) => self.go_home(agent),
            Due::Break { agent, reason, until } => self.break_due(agent, reason, until),
            Due::Back { agent, serial } => self.come_back(agent, serial),
            Due::Private(agent) => self.dial_out(agent),
            Due::PrivateAnswered(channel) => self.dial_answered(channel),
            Due::PrivateEnds(channel) => self.dial_ends(channel),
            Due::SpyAnswers(channel) => self.spy_answers(channel),
            Due::SpyRingsOut(channel) => self.spy_rings_out(channel),
        }
    }

    /// Tells what happened, if anybody listens.
    fn tell(&mut self, what: impl FnOnce(&State) -> Option<What>) {
        if self.live
            && let Some(what) = what(&self.state)
        {
            self.out.push(Happening { at: self.now, what });
        }
    }

    /// Seconds of the clock since a moment, as Asterisk counts: whole seconds of both ends.
    fn seconds_since(&self, since: Millis) -> u32 {
        u32::try_from(self.now.div_euclid(1000) - since.div_euclid(1000)).unwrap_or(0)
    }

    fn log_start(&mut self) {
        let none = Arc::clone(&self.none);
        self.log(&none, &none, &none, "QUEUESTART", &[]);
    }

    /// Whether something that is happening to a call (by its callid, which begins with its epoch) or to an agent is written.
    fn is_logged(&self, callid: &str) -> bool {
        let began = callid.split('.').next().and_then(|epoch| epoch.parse::<i64>().ok());
        // Calls whose epoch is the very second in which the rows begin are left out, too.
        self.now >= self.logs_from && began.is_none_or(|began| began * 1000 >= self.logs_from)
    }

    fn log(
        &mut self,
        callid: &Arc<str>,
        queue: &Arc<str>,
        agent: &Arc<str>,
        event: &'static str,
        data: &[&dyn std::fmt::Display],
    ) {
        if !self.is_logged(callid) {
            return;
        }
        let mut texts: [Arc<str>; 5] = std::array::from_fn(|_| Arc::clone(&self.empty));
        for (slot, value) in texts.iter_mut().zip(data) {
            *slot = value.to_string().into();
        }
        let (callid, queue, agent) = (Arc::clone(callid), Arc::clone(queue), Arc::clone(agent));
        (self.rows)(Row::Log(LogRow { at: self.now, callid, queue, agent, event, data: texts }));
    }

    fn write_cdr(&mut self, mut row: CdrRow) {
        if !self.is_logged(&row.uniqueid) {
            return;
        }
        self.next_sequence += 1;
        row.sequence = self.next_sequence;
        (self.rows)(Row::Cdr(Box::new(row)));
    }
}

impl Clockwork for Centre {
    fn advance(&mut self, now: Millis, out: &mut Vec<Happening>) -> Millis {
        while let Some((at, due)) = self.agenda.next(now) {
            self.now = self.now.max(at);
            self.happen(due);
        }
        self.now = self.now.max(now);
        out.append(&mut self.out);
        self.agenda.when().unwrap_or(now + FAR)
    }

    fn restart(&mut self, now: Millis, out: &mut Vec<Happening>) {
        self.advance(now, out);
        self.calls.clear();
        self.privates.clear();
        self.spies.clear();
        self.agenda = Agenda::default();
        let plan = Arc::clone(&self.plan);
        self.state = State { queues: plan.queues.iter().map(queue).collect(), ..State::default() };
        self.agents = plan.agents.iter().map(Agent::new).collect();
        self.next_unique = 0;
        self.log_start();
        self.begin();
        for agent in 0..self.agents.len() {
            self.seat(agent);
        }
        self.out.clear();
    }
}

fn queue(plan: &crate::sim::plan::QueuePlan) -> Queue {
    Queue {
        name: Arc::clone(&plan.name),
        strategy: plan.strategy.as_str(),
        max: plan.max,
        service_level: plan.service_level,
        hold_time: 0,
        talk_time: 0,
        completed: 0,
        abandoned: 0,
        completed_in_level: 0,
        abandoned_in_level: 0,
        members: Vec::new(),
        entries: Vec::new(),
    }
}
