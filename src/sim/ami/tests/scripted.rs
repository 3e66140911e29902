//! A PBX that plays a small script: one call, one waiting caller, and a supervisor's phone that picks up.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::sim::pbx::{
    Bridge, Channel, ChannelState, Clockwork, Command, DeviceState, DialStatus, Entry, Happening, Member,
    Millis, Originate, Party, Pbx, Queue, Refused, State, What,
};

/// How long the supervisor's phone rings.
const RINGS_MS: Millis = 60;

/// The PBX.
pub(super) struct Scripted {
    state: State,
    /// What is to happen, in order.
    plan: Vec<(Millis, What)>,
    now: Millis,
    next: u64,
}

pub(super) fn party(number: &str, name: &str) -> Party {
    Party { number: number.into(), name: name.into() }
}

impl Scripted {
    /// Alice talks, Bob is free, O'Brien is paused, one caller waits.
    pub(super) fn new(now: Millis) -> Self {
        let state = State { queues: vec![queue(now)], ..State::default() };
        let mut pbx = Self { state, plan: Vec::new(), now, next: 1 };
        let caller = pbx.channel("PJSIP/trunk", ChannelState::Up, party("5550001", "C \"one\""));
        let agent = pbx.channel("PJSIP/101", ChannelState::Up, party("101", "Alice Adams"));
        let waiting = pbx.channel("PJSIP/trunk", ChannelState::Up, party("5550002", ""));
        pbx.state.bridges.insert(1, Bridge { id: 1, uniqueid: "b-1".into(), channels: 2 });
        for (id, other) in [(caller, agent), (agent, caller)] {
            let connected = pbx.state.channels[&other].caller.clone();
            let channel = pbx.state.channels.get_mut(&id).expect("made");
            (channel.bridge, channel.connected) = (Some(1), connected);
            channel.linkedid = "1795330864.1".into();
        }
        pbx.state.queues[0].entries =
            vec![Entry { channel: waiting, since: now - 3_500, original_position: 1, priority: 0 }];
        pbx
    }

    fn channel(&mut self, interface: &str, state: ChannelState, caller: Party) -> u64 {
        let id = self.next;
        self.next += 1;
        let uniqueid: Arc<str> = format!("1795330864.{id}").into();
        let channel = Channel {
            id,
            name: format!("{interface}-{id:08x}").into(),
            linkedid: Arc::clone(&uniqueid),
            uniqueid,
            state,
            caller,
            connected: Party::default(),
            context: "agents".into(),
            exten: "s".into(),
            priority: 1,
            application: "Queue".into(),
            data: "sales,t,,,60".into(),
            since: self.now - 65_000,
            bridge: None,
        };
        self.state.channels.insert(id, channel);
        id
    }

    fn plan(&mut self, after: Millis, what: What) {
        self.plan.push((self.now + after, what));
    }

    fn originate(&mut self, asked: &Originate) {
        let id = self.channel(&asked.channel, ChannelState::Down, party("*", "Spy"));
        let mut dest = self.state.channels[&id].clone();
        dest.uniqueid = Arc::clone(&asked.channel_id);
        dest.linkedid = Arc::clone(&asked.channel_id);
        (dest.application, dest.data) = (Arc::clone(&asked.application), Arc::clone(&asked.data));
        self.plan(0, What::Newchannel(dest.clone()));
        self.plan(0, What::DialBegin { caller: None, dest: dest.clone(), dialed: "201".into() });
        dest.state = ChannelState::Up;
        self.state.channels.insert(id, dest.clone());
        self.plan(RINGS_MS, What::Newstate(dest.clone()));
        self.plan(RINGS_MS, What::DialEnd { caller: None, dest: dest.clone(), status: DialStatus::Answer });
        let target = asked.data.split(',').next().unwrap_or_default();
        if let Some(spyee) = self.state.channel_named(target).cloned() {
            self.plan(RINGS_MS + 5, What::ChanSpyStart { spyer: dest.clone(), spyee });
        }
        let what = What::OriginateResponse {
            action_id: Arc::clone(&asked.action_id),
            answered: true,
            reason: 4,
            channel: dest.name,
            application: Arc::clone(&asked.application),
            data: Arc::clone(&asked.data),
            uniqueid: Arc::clone(&asked.channel_id),
            caller_id: Arc::clone(&asked.caller_id),
        };
        self.plan(RINGS_MS + 5, what);
    }

    fn hang_up(&mut self, named: &str, cause: u8) -> Result<(), Refused> {
        let channel = self.state.channel_named(named).ok_or(Refused::NoSuchChannel)?.clone();
        self.state.channels.remove(&channel.id);
        let spyee = self.state.channels.values().find(|other| &*other.caller.number == "101").cloned();
        if let (true, Some(spyee)) = (&*channel.application == "ChanSpy", spyee) {
            self.plan(1, What::ChanSpyStop { spyer: channel.clone(), spyee });
        }
        self.plan(1, What::Hangup(channel, cause));
        Ok(())
    }

    fn pause(&mut self, interface: &str, paused: bool, reason: &Arc<str>) -> Result<(), Refused> {
        let mut members = self.state.queues.iter_mut().flat_map(|queue| &mut queue.members);
        let member =
            members.find(|member| &*member.interface == interface).ok_or(Refused::InterfaceNotFound)?;
        (member.paused, member.paused_reason) = (paused, Arc::clone(reason));
        let member = member.clone();
        self.plan(0, What::QueueMemberPause(member));
        Ok(())
    }
}

impl Pbx for Scripted {
    fn state(&self) -> &State {
        &self.state
    }

    fn command(&mut self, command: Command) -> Result<(), Refused> {
        match command {
            Command::Originate(asked) => self.originate(&asked),
            Command::Hangup { channel, cause } => self.hang_up(&channel, cause)?,
            Command::PlayDtmf { channel, digit } => {
                let channel = self.state.channel_named(&channel).ok_or(Refused::ChannelNotFound)?.clone();
                self.plan(20, What::DtmfEnd { channel, digit, duration_ms: 100 });
            }
            Command::QueuePause { interface, paused, reason, .. } => {
                self.pause(&interface, paused, &reason)?;
            }
            Command::QueueAdd { .. } => return Err(Refused::AlreadyThere),
            Command::QueueRemove { .. } => return Err(Refused::NotDynamic),
            Command::QueuePenalty { .. } => return Err(Refused::InvalidPenalty),
            Command::QueueChangePriority { .. } => return Err(Refused::NoCallerOfPriority),
            Command::QueueWithdrawCaller { .. } => return Err(Refused::NoSuchCaller),
        }
        Ok(())
    }
}

impl Clockwork for Scripted {
    fn advance(&mut self, now: Millis, out: &mut Vec<Happening>) -> Millis {
        self.now = now;
        self.plan.sort_by_key(|(at, _)| *at);
        let due = self.plan.iter().take_while(|(at, _)| *at <= now).count();
        out.extend(self.plan.drain(..due).map(|(at, what)| Happening { at, what }));
        self.plan.first().map_or(now + 3_600_000, |(at, _)| *at)
    }

    fn restart(&mut self, now: Millis, _: &mut Vec<Happening>) {
        self.now = now;
        self.plan.clear();
        (self.state.channels, self.state.bridges) = (BTreeMap::new(), BTreeMap::new());
        self.state.queues[0].entries.clear();
        for member in &mut self.state.queues[0].members {
            (member.in_call, member.status) = (false, DeviceState::NotInUse);
        }
    }
}

fn queue(now: Millis) -> Queue {
    let mut alice = member("PJSIP/101", "Alice Adams", now);
    (alice.status, alice.in_call) = (DeviceState::InUse, true);
    let bob = member("PJSIP/102", "Bob Brown", now);
    let mut pat = member("PJSIP/103", "Pat O'Brien", now);
    (pat.paused, pat.paused_reason, pat.is_dynamic) = (true, "Lunch".into(), true);
    Queue {
        name: "sales".into(),
        strategy: "ringall",
        max: 0,
        service_level: 20,
        hold_time: 1,
        talk_time: 4,
        completed: 2,
        abandoned: 1,
        completed_in_level: 2,
        abandoned_in_level: 0,
        members: vec![alice, bob, pat],
        entries: Vec::new(),
    }
}

pub(super) fn member(interface: &str, name: &str, now: Millis) -> Member {
    Member {
        queue: "sales".into(),
        interface: interface.into(),
        name: name.into(),
        is_dynamic: false,
        penalty: 0,
        calls_taken: 1,
        last_call: now / 1000 - 100,
        last_pause: 0,
        login_time: now / 1000 - 600,
        in_call: false,
        status: DeviceState::NotInUse,
        paused: false,
        paused_reason: "".into(),
        wrapup_time: 0,
    }
}
