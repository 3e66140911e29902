//! Callers: they come, wait, and leave unanswered. What happens once somebody answers is in `talks`.

use std::sync::Arc;

use super::Centre;
use super::agenda::Due;
use super::agents::Busy;
use super::legs::NewChannel;
use super::offers::Leg;
use super::talks::Talk;
use crate::sim::calendar::{hurried, wave};
use crate::sim::dice::float;
use crate::sim::names;
use crate::sim::pbx::{ChannelId, ChannelState, DialStatus, Entry, Millis, Party, What};
use crate::sim::rows::CdrRow;

/// Candidates for callers come this many times as often as the busiest hour's; the hour decides how many are real.
const CANDIDATES: f64 = 1.9;

/// How far a call is.
#[derive(Clone, Debug)]
pub(super) enum Phase {
    /// Nobody rings.
    Waiting,
    /// Members ring.
    Ringing { round: u64, legs: Vec<Leg> },
    /// A member talks.
    Talking(Talk),
    /// In no queue any more: alone, or with somebody outside.
    Away { dest: Option<ChannelId> },
}

/// A caller in (or after) a queue.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// The queue joined last.
    pub(super) queue: usize,
    /// Tells this stay in a queue from others of the same caller.
    pub(super) visit: u64,
    pub(super) joined: Millis,
    pub(super) original_position: u32,
    /// No new offer before.
    pub(super) next_try: Millis,
    pub(super) phase: Phase,
    /// The caller's uniqueid, the callid of every row.
    pub(super) callid: Arc<str>,
    pub(super) party: Party,
    /// When the part of the call that the next cdr row tells began, and what it dialled.
    pub(super) part_since: Millis,
    pub(super) exten: Arc<str>,
    /// The last member's leg that rang.
    pub(super) last_leg: Arc<str>,
}

impl Centre {
    pub(super) fn next_caller(&mut self, queue: usize) {
        let rate = self.plan.calls_per_hour * self.plan.queues[queue].share * CANDIDATES * self.tempo;
        let gap = self.dice.gap(rate);
        self.agenda.add(self.now + gap, Due::Caller(queue));
    }

    /// A candidate: whether there is a caller at all depends on the hour.
    pub(super) fn caller_comes(&mut self, queue: usize) {
        self.next_caller(queue);
        let load = self.calendar.load(self.now) * wave(self.plan.seed, queue, self.now) / CANDIDATES;
        if !self.dice.chance(load) {
            return;
        }
        let plan = Arc::clone(&self.plan);
        let exten = &plan.queues[queue].exten;
        let (number, name) = names::caller(&mut self.dice);
        let party = Party { number: number.into(), name: name.into() };
        let id = self.new_channel(NewChannel {
            device: "PJSIP/trunk",
            state: ChannelState::Ring,
            caller: party.clone(),
            connected: Party::default(),
            context: "from-trunk",
            exten,
            linkedid: None,
            uniqueid: None,
            application: "Queue",
            data: &format!("{},tT,,,", plan.queues[queue].name),
        });
        self.set_state(id, ChannelState::Up);
        let Some(callid) = self.state.channels.get(&id).map(|channel| Arc::clone(&channel.uniqueid)) else {
            return;
        };
        let call = Call {
            queue,
            visit: 0,
            joined: self.now,
            original_position: 0,
            next_try: self.now,
            phase: Phase::Away { dest: None },
            callid,
            party,
            part_since: self.now,
            exten: Arc::clone(exten),
            last_leg: Arc::clone(&self.empty),
        };
        self.calls.insert(id, call);
        self.join(id, queue);
    }

    /// Puts a caller into a queue, unless it is full.
    pub(super) fn join(&mut self, id: ChannelId, queue: usize) {
        let plan = Arc::clone(&self.plan);
        let q = &plan.queues[queue];
        let waiting = self.state.queues[queue].entries.len();
        if q.max > 0 && waiting >= q.max as usize {
            // A full queue leaves no row and no event; the caller hears that, and goes.
            self.agenda.add(self.now + 3_000, Due::Depart(id));
            return;
        }
        self.next_visit += 1;
        let visit = self.next_visit;
        let position = u32::try_from(waiting + 1).unwrap_or(u32::MAX);
        let Some(call) = self.calls.get_mut(&id) else { return };
        (call.queue, call.visit, call.joined) = (queue, visit, self.now);
        (call.original_position, call.next_try, call.phase) = (position, self.now, Phase::Waiting);
        let (callid, number) = (Arc::clone(&call.callid), Arc::clone(&call.party.number));
        self.state.queues[queue].entries.push(Entry {
            channel: id,
            since: self.now,
            original_position: position,
            priority: 0,
        });
        let name = Arc::clone(&q.name);
        self.tell(|state| {
            let caller = state.channels.get(&id)?.clone();
            Some(What::QueueCallerJoin { caller, queue: name, position, count: position })
        });
        self.log(&callid, &q.name, &self.none.clone(), "ENTERQUEUE", &[&"", &number, &position]);
        self.plan_patience(id, visit, queue);
        self.scan(queue);
    }

    fn plan_patience(&mut self, id: ChannelId, visit: u64, queue: usize) {
        let plan = Arc::clone(&self.plan);
        let q = &plan.queues[queue];
        let patience = if self.dice.chance(0.025) {
            // Some have dialled a wrong number and hang up at once.
            self.dice.between(1_000, 5_000)
        } else {
            self.dice.about(q.patience_ms, 0.8)
        };
        let give_up = self.now + hurried(patience, self.tempo);
        self.agenda.add(give_up, Due::GiveUp { call: id, visit });
        if q.timeout > 0 {
            let at = self.now + Millis::from(q.timeout) * 1000;
            self.agenda.add(at, Due::TimeOut { call: id, visit });
        }
        if q.has_key && self.dice.chance(0.05) {
            let at = self.now + hurried(self.dice.between(20_000, 150_000), self.tempo);
            self.agenda.add(at, Due::Key { call: id, visit });
        }
    }

    /// Whether this stay still waits for an answer.
    pub(super) fn waits(&self, id: ChannelId, visit: u64) -> bool {
        self.calls.get(&id).is_some_and(|call| {
            call.visit == visit && matches!(call.phase, Phase::Waiting | Phase::Ringing { .. })
        })
    }

    pub(super) fn gives_up(&mut self, id: ChannelId, visit: u64) {
        if !self.waits(id, visit) {
            return;
        }
        self.tell_of(id, What::HangupRequest);
        let rang = self.cancel_ringing(id, "RINGCANCELED", 0);
        let (position, original, wait) = self.abandon(id);
        let Some(call) = self.calls.get(&id) else { return };
        let (callid, queue) = (Arc::clone(&call.callid), call.queue);
        let name = Arc::clone(&self.plan.queues[queue].name);
        self.log(&callid, &name, &self.none.clone(), "ABANDON", &[&position, &original, &wait]);
        self.caller_gone(id, rang);
    }

    pub(super) fn times_out(&mut self, id: ChannelId, visit: u64) {
        if !self.waits(id, visit) {
            return;
        }
        self.cancel_ringing(id, "RINGNOANSWER", 0);
        let (position, original, wait) = self.abandon(id);
        let Some(call) = self.calls.get(&id) else { return };
        let (callid, queue) = (Arc::clone(&call.callid), call.queue);
        let name = Arc::clone(&self.plan.queues[queue].name);
        self.log(&callid, &name, &self.none.clone(), "EXITWITHTIMEOUT", &[&position, &original, &wait]);
        self.goes_away(id, 6_000);
    }

    pub(super) fn presses_key(&mut self, id: ChannelId, visit: u64) {
        if !self.waits(id, visit) {
            return;
        }
        self.tell_of(id, |channel| What::DtmfEnd { channel, digit: '1', duration_ms: 120 });
        self.cancel_ringing(id, "RINGCANCELED", 0);
        let (position, original, wait) = self.leave_queue(id);
        let Some(call) = self.calls.get(&id) else { return };
        let (callid, queue) = (Arc::clone(&call.callid), call.queue);
        let name = Arc::clone(&self.plan.queues[queue].name);
        self.log(&callid, &name, &self.none.clone(), "EXITWITHKEY", &[&"1", &position, &original, &wait]);
        // To the voicemail.
        let long = self.dice.between(8_000, 40_000);
        self.goes_away(id, long);
    }

    /// The caller leaves unanswered: counted by the queue as abandoned, whatever the row will say.
    pub(super) fn abandon(&mut self, id: ChannelId) -> (u32, u32, u32) {
        let Some(call) = self.calls.get(&id) else { return (0, 0, 0) };
        let (queue, wait, original_position) =
            (call.queue, self.seconds_since(call.joined), call.original_position);
        let position = self.position(id, queue);
        let state = &mut self.state.queues[queue];
        state.abandoned += 1;
        state.abandoned_in_level += u32::from(wait <= state.service_level);
        let name = Arc::clone(&state.name);
        self.tell(|state| {
            let caller = state.channels.get(&id)?.clone();
            Some(What::QueueCallerAbandon {
                caller,
                queue: name,
                position,
                original_position,
                hold_seconds: wait,
            })
        });
        self.leave_queue(id)
    }

    /// Takes the caller out of the line: position, original position, seconds waited.
    pub(super) fn leave_queue(&mut self, id: ChannelId) -> (u32, u32, u32) {
        let Some(call) = self.calls.get(&id) else { return (0, 0, 0) };
        let (queue, original, wait) = (call.queue, call.original_position, self.seconds_since(call.joined));
        let position = self.position(id, queue);
        let state = &mut self.state.queues[queue];
        state.entries.retain(|entry| entry.channel != id);
        let (name, count) = (Arc::clone(&state.name), u32::try_from(state.entries.len()).unwrap_or(u32::MAX));
        self.tell(|state| {
            let caller = state.channels.get(&id)?.clone();
            Some(What::QueueCallerLeave { caller, queue: name, position, count })
        });
        (position, original, wait)
    }

    fn position(&self, id: ChannelId, queue: usize) -> u32 {
        let at = self.state.queues[queue].entries.iter().position(|entry| entry.channel == id);
        at.and_then(|at| u32::try_from(at + 1).ok()).unwrap_or(0)
    }

    /// Stops every phone that rings for this caller; whether any did.
    pub(super) fn cancel_ringing(&mut self, id: ChannelId, event: &'static str, cause: u8) -> bool {
        let Some(call) = self.calls.get_mut(&id) else { return false };
        // No longer waiting: an agent who is freed below must not be given to this very caller.
        let away = Phase::Away { dest: None };
        let Phase::Ringing { legs, .. } = std::mem::replace(&mut call.phase, away) else { return false };
        let (callid, queue) = (Arc::clone(&call.callid), call.queue);
        let plan = Arc::clone(&self.plan);
        for leg in &legs {
            let ms = self.now - leg.since;
            self.log(&callid, &plan.queues[queue].name, &plan.agents[leg.agent].name, event, &[&ms]);
            self.end_leg(id, leg, DialStatus::Cancel, cause);
        }
        !legs.is_empty()
    }

    /// One phone stops ringing; its agent may take another call.
    pub(super) fn end_leg(&mut self, caller: ChannelId, leg: &Leg, status: DialStatus, cause: u8) {
        self.dial_ended(caller, leg.channel, status);
        self.hang_up(leg.channel, cause);
        if self.agents[leg.agent].busy == Busy::Ringing(caller) {
            self.freed(leg.agent, 0);
        }
    }

    /// The caller left the queue but not the PBX: a voice says something, and that was it.
    pub(super) fn goes_away(&mut self, id: ChannelId, for_millis: Millis) {
        if let Some(call) = self.calls.get_mut(&id) {
            call.phase = Phase::Away { dest: None };
        }
        self.agenda.add(self.now + hurried(for_millis, self.tempo), Due::Depart(id));
    }

    /// A caller who is in no queue any more hangs up, with whoever was at the other end.
    pub(super) fn depart(&mut self, id: ChannelId) {
        let Some(call) = self.calls.get(&id) else { return };
        let Phase::Away { dest } = call.phase else { return };
        self.tell_of(id, What::HangupRequest);
        self.leave(id);
        if let Some(dest) = dest {
            let device = self.state.channels.get(&dest).map(|channel| Arc::clone(&channel.name));
            self.hang_up(dest, 16);
            if let Some((device, _)) = device.as_deref().and_then(|name| name.rsplit_once('-')) {
                self.device(device, crate::sim::pbx::DeviceState::NotInUse);
            }
        }
        self.caller_gone(id, dest.is_some());
    }

    /// The caller's channel ends, and its cdr row is written.
    pub(super) fn caller_gone(&mut self, id: ChannelId, rang: bool) {
        let Some(call) = self.calls.remove(&id) else { return };
        let disposition = if rang { "NO ANSWER" } else { "ANSWERED" };
        let in_queue = call.visit > 0;
        let row = self.cdr(id, &call, if in_queue { "Queue" } else { "Hangup" }, disposition);
        self.hang_up(id, 16);
        if let Some(row) = row {
            self.write_cdr(row);
        }
    }

    /// The cdr row of a caller's part that ends now.
    pub(super) fn cdr(
        &self,
        id: ChannelId,
        call: &Call,
        lastapp: &'static str,
        disposition: &'static str,
    ) -> Option<CdrRow> {
        let channel = self.state.channels.get(&id)?;
        Some(CdrRow {
            start: call.part_since,
            answer: Some(call.part_since),
            end: self.now,
            src: Arc::clone(&call.party.number),
            clid: format!("\"{}\" <{}>", call.party.name, call.party.number).into(),
            dst: Arc::clone(&call.exten),
            dcontext: "from-trunk".into(),
            channel: Arc::clone(&channel.name),
            dstchannel: Arc::clone(&call.last_leg),
            lastapp,
            lastdata: Arc::clone(&channel.data),
            disposition,
            uniqueid: Arc::clone(&call.callid),
            linkedid: Arc::clone(&channel.linkedid),
            sequence: 0,
        })
    }

    /// A queue's running means, as Asterisk makes them: three quarters of the old one and a quarter of the new.
    pub(super) fn note_mean(mean: &mut u32, new: u32) {
        let mixed = (float(i64::from(*mean)) * 3.0 + float(i64::from(new))) / 4.0;
        *mean = u32::try_from(crate::sim::dice::whole(mixed)).unwrap_or(0);
    }
}
