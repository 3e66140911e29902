//! Agents' days: they come, pause, and go home; between calls and never in the middle of one.

use std::sync::Arc;

use jiff::civil::Date;

use super::Centre;
use super::agenda::Due;
use crate::sim::calendar::{self, hurried};
use crate::sim::pbx::{ChannelId, DeviceState, Millis, What};
use crate::sim::plan::AgentPlan;

/// What an agent's phone does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Busy {
    Free,
    /// Rings for this call.
    Ringing(ChannelId),
    /// Talks with this caller.
    Talking(ChannelId),
    /// Talks outside the queues, on this channel.
    Private(ChannelId),
}

/// An agent's place in a queue.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) queue: usize,
    pub(super) penalty: u32,
    pub(super) paused: Option<Arc<str>>,
    pub(super) is_dynamic: bool,
}

/// An agent now.
#[derive(Clone, Debug)]
pub(super) struct Agent {
    pub(super) at_work: bool,
    pub(super) busy: Busy,
    pub(super) places: Vec<Place>,
    /// The queue whose call is up.
    pub(super) in_call_of: Option<usize>,
    pub(super) taken: u32,
    pub(super) last_call: Option<Millis>,
    pub(super) last_pause: Option<Millis>,
    pub(super) login: Millis,
    /// No new call before.
    pub(super) rests_until: Millis,
    /// Counts pauses, so that the end of an old one does not end a new one.
    pause_serial: u32,
    /// A break that became due during a call.
    wants_break: Option<(&'static str, Millis)>,
    wants_home: bool,
}

impl Agent {
    pub(super) fn new(plan: &AgentPlan) -> Self {
        let place = |(queue, penalty): &(usize, u32)| Place {
            queue: *queue,
            penalty: *penalty,
            paused: None,
            is_dynamic: plan.is_dynamic,
        };
        Self {
            at_work: false,
            busy: Busy::Free,
            places: plan.queues.iter().map(place).collect(),
            in_call_of: None,
            taken: 0,
            last_call: None,
            last_pause: None,
            login: 0,
            rests_until: 0,
            pause_serial: 0,
            wants_break: None,
            wants_home: false,
        }
    }

    pub(super) fn status(&self) -> DeviceState {
        match self.busy {
            _ if !self.at_work => DeviceState::Unavailable,
            Busy::Free => DeviceState::NotInUse,
            Busy::Ringing(_) => DeviceState::Ringing,
            Busy::Talking(_) | Busy::Private(_) => DeviceState::InUse,
        }
    }

    pub(super) fn is_paused(&self) -> bool {
        self.places.iter().any(|place| place.paused.is_some())
    }

    /// Whether a call of this queue may ring here.
    pub(super) fn is_free_for(&self, queue: usize, now: Millis) -> Option<u32> {
        let place = self.places.iter().find(|place| place.queue == queue)?;
        let free =
            self.at_work && self.busy == Busy::Free && place.paused.is_none() && now >= self.rests_until;
        free.then_some(place.penalty)
    }
}

impl Centre {
    pub(super) fn begin_day(&mut self) {
        let today = self.calendar.date(self.now);
        self.plan_day(today);
        let midnight = self.calendar.instant(today, 1440).max(self.now + 3_600_000);
        self.agenda.add(midnight, Due::Day);
    }

    /// Puts a day's comings, goings and breaks on the agenda; what already began is as if it had come about.
    pub(super) fn plan_day(&mut self, date: Date) {
        for agent in 0..self.agents.len() {
            let Some(day) =
                calendar::day(&self.calendar, self.plan.seed, agent, &self.plan.agents[agent], date)
            else {
                continue;
            };
            if day.to <= self.now {
                continue;
            }
            self.agenda.add(day.from.max(self.now), Due::Arrive(agent));
            self.agenda.add(day.to, Due::GoHome(agent));
            for pause in day.breaks.iter().filter(|pause| pause.to > self.now) {
                let due = Due::Break { agent, reason: pause.reason, until: pause.to };
                self.agenda.add(pause.from.max(self.now + 1), due);
            }
        }
    }

    pub(super) fn arrive(&mut self, agent: usize) {
        if self.agents[agent].at_work {
            return;
        }
        let plan = Arc::clone(&self.plan);
        let who = &plan.agents[agent];
        let now = self.now;
        let mine = &mut self.agents[agent];
        (mine.at_work, mine.wants_home, mine.login) = (true, false, now);
        self.tell(|_| Some(What::ContactStatus { endpoint: Arc::clone(&who.exten), reachable: true }));
        if who.is_dynamic {
            let callid: Arc<str> = "MANAGER".into();
            for place in 0..self.agents[agent].places.len() {
                let queue = Arc::clone(&plan.queues[self.agents[agent].places[place].queue].name);
                self.log(&callid, &queue, &who.interface, "ADDMEMBER", &[]);
            }
            if self.live {
                self.seat(agent);
                for place in 0..self.agents[agent].places.len() {
                    let member = self.member(agent, place);
                    self.tell(|_| Some(What::QueueMemberAdded(member)));
                }
            }
        }
        self.refresh(agent);
        self.scan_all_of(agent);
        let gap = self.dice.gap(super::private::PER_HOUR * self.tempo);
        self.agenda.add(now + gap, Due::Private(agent));
    }

    pub(super) fn go_home(&mut self, agent: usize) {
        if !self.agents[agent].at_work {
            return;
        }
        if self.agents[agent].busy != Busy::Free {
            self.agents[agent].wants_home = true;
            return;
        }
        if self.agents[agent].is_paused() {
            self.unpause(agent, None);
        }
        let plan = Arc::clone(&self.plan);
        let who = &plan.agents[agent];
        let mine = &mut self.agents[agent];
        (mine.at_work, mine.wants_home, mine.wants_break) = (false, false, None);
        if who.is_dynamic {
            let callid: Arc<str> = "MANAGER".into();
            for place in 0..self.agents[agent].places.len() {
                let queue = self.agents[agent].places[place].queue;
                let name = Arc::clone(&plan.queues[queue].name);
                self.log(&callid, &name, &who.interface, "REMOVEMEMBER", &[]);
                let members = &mut self.state.queues[queue].members;
                if let Some(at) = members.iter().position(|member| member.interface == who.interface) {
                    let member = members.remove(at);
                    self.tell(|_| Some(What::QueueMemberRemoved(member)));
                }
            }
        }
        self.tell(|_| Some(What::ContactStatus { endpoint: Arc::clone(&who.exten), reachable: false }));
        self.refresh(agent);
    }

    pub(super) fn break_due(&mut self, agent: usize, reason: &'static str, until: Millis) {
        let mine = &mut self.agents[agent];
        if !mine.at_work || until <= self.now {
            return;
        }
        if mine.busy == Busy::Free {
            self.pause_until(agent, reason, until);
        } else {
            mine.wants_break = Some((reason, until));
        }
    }

    pub(super) fn pause_until(&mut self, agent: usize, reason: &str, until: Millis) {
        self.pause(agent, None, reason);
        let serial = self.agents[agent].pause_serial;
        self.agenda.add(until, Due::Back { agent, serial });
    }

    pub(super) fn come_back(&mut self, agent: usize, serial: u32) {
        let mine = &self.agents[agent];
        if mine.pause_serial == serial && mine.at_work && mine.is_paused() {
            self.unpause(agent, None);
            self.refresh(agent);
            self.scan_all_of(agent);
        }
    }

    /// Pauses in one queue or all; the rows as Asterisk writes them.
    pub(super) fn pause(&mut self, agent: usize, queue: Option<usize>, reason: &str) {
        let plan = Arc::clone(&self.plan);
        let (name, none) = (&plan.agents[agent].name, Arc::clone(&self.none));
        if queue.is_none() {
            self.log(&none, &none, name, "PAUSEALL", &[&reason]);
        }
        self.agents[agent].pause_serial += 1;
        self.agents[agent].last_pause = Some(self.now);
        for place in 0..self.agents[agent].places.len() {
            let at = self.agents[agent].places[place].queue;
            if queue.is_none_or(|queue| queue == at) {
                self.log(&none, &plan.queues[at].name, name, "PAUSE", &[&reason]);
                self.agents[agent].places[place].paused = Some(reason.into());
            }
        }
        self.refresh(agent);
    }

    /// Ends a pause in one queue or all.
    pub(super) fn unpause(&mut self, agent: usize, queue: Option<usize>) {
        let plan = Arc::clone(&self.plan);
        let (name, none) = (&plan.agents[agent].name, Arc::clone(&self.none));
        if queue.is_none() {
            self.log(&none, &none, name, "UNPAUSEALL", &[]);
        }
        for place in 0..self.agents[agent].places.len() {
            let at = self.agents[agent].places[place].queue;
            if queue.is_none_or(|queue| queue == at) {
                self.log(&none, &plan.queues[at].name, name, "UNPAUSE", &[]);
                self.agents[agent].places[place].paused = None;
            }
        }
        self.refresh(agent);
    }

    /// A call is over: home, a break, paperwork, or the next call.
    pub(super) fn freed(&mut self, agent: usize, wrap_up_seconds: u32) {
        let mine = &mut self.agents[agent];
        mine.busy = Busy::Free;
        mine.in_call_of = None;
        if wrap_up_seconds > 0 {
            mine.rests_until = self.now + Millis::from(wrap_up_seconds) * 1000;
        }
        let rests_until = mine.rests_until;
        self.refresh(agent);
        let mine = &mut self.agents[agent];
        if mine.wants_home {
            self.go_home(agent);
        } else if let Some((reason, until)) = mine.wants_break.take().filter(|(_, until)| *until > self.now) {
            self.pause_until(agent, reason, until);
        } else if wrap_up_seconds > 0 && self.dice.chance(self.plan.agents[agent].paperwork) {
            let long = hurried(self.dice.about(150_000, 0.5), self.tempo);
            self.pause_until(agent, "Admin", self.now + long);
        } else if rests_until > self.now {
            for place in 0..self.agents[agent].places.len() {
                self.agenda.add(rests_until, Due::Scan(self.agents[agent].places[place].queue));
            }
        } else {
            self.scan_all_of(agent);
        }
    }

    pub(super) fn scan_all_of(&mut self, agent: usize) {
        for place in 0..self.agents[agent].places.len() {
            self.scan(self.agents[agent].places[place].queue);
        }
    }
}
