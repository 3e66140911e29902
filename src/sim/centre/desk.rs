//! Supervisors' phones: they ring when asked, are picked up or not, and then listen to exactly one channel.

use std::sync::Arc;

use super::Centre;
use super::agenda::Due;
use super::legs::NewChannel;
use crate::sim::pbx::{ChannelId, ChannelState, DeviceState, DialStatus, Millis, Originate, Party, What};

/// A supervisor's leg.
#[derive(Clone, Debug)]
pub(super) struct Spy {
    asked: Originate,
    /// The channel listened to, once it is.
    target: Option<ChannelId>,
}

/// What happens at a supervisor's phone.
enum Habit {
    /// Somebody picks up after so long.
    PicksUp(Millis),
    /// Nobody is there.
    RingsOut,
    /// Always in use.
    Busy,
    /// Not registered.
    Away,
}

/// 201 is picked up, 202 is not, 203 is busy, everything else is not registered. So every outcome can be seen.
fn habit(phone: &str) -> Habit {
    match phone.rsplit('/').next() {
        Some("201") => Habit::PicksUp(1_800),
        Some("202") => Habit::RingsOut,
        Some("203") => Habit::Busy,
        _ => Habit::Away,
    }
}

impl Centre {
    /// An Originate was accepted; what comes of it is told by and by.
    pub(super) fn originate(&mut self, asked: Originate) {
        let habit = habit(&asked.channel);
        if matches!(habit, Habit::Away) {
            let channel = Arc::clone(&asked.channel);
            return self.originated(&asked, channel, false, 0);
        }
        let exten = asked.channel.rsplit('/').next().unwrap_or_default();
        let uniqueid = Some(Arc::clone(&asked.channel_id)).filter(|id| !id.is_empty());
        let (name, number) = split_caller_id(&asked.caller_id);
        let id = self.new_channel(NewChannel {
            device: &asked.channel,
            state: ChannelState::Down,
            caller: Party { number: exten.into(), name: format!("Desk {exten}").into() },
            connected: Party { number, name },
            context: "agents",
            exten: "s",
            linkedid: None,
            uniqueid,
            application: &asked.application,
            data: &asked.data,
        });
        self.tell(|state| {
            let dest = state.channels.get(&id)?.clone();
            Some(What::DialBegin { caller: None, dest, dialed: exten.into() })
        });
        let timeout = Millis::from(asked.timeout_ms).max(1_000);
        self.spies.insert(id, Spy { asked: asked.clone(), target: None });
        match habit {
            Habit::Busy => {
                self.end_spy_leg(id, 17);
                let channel = Arc::clone(&asked.channel);
                self.originated(&asked, channel, false, 0);
            }
            Habit::PicksUp(after) if after < timeout => {
                self.spy_rings(id, &asked);
                self.agenda.add(self.now + after, Due::SpyAnswers(id));
            }
            _ => {
                self.spy_rings(id, &asked);
                self.agenda.add(self.now + timeout, Due::SpyRingsOut(id));
            }
        }
    }

    fn spy_rings(&mut self, id: ChannelId, asked: &Originate) {
        self.set_state(id, ChannelState::Ringing);
        self.device(&asked.channel, DeviceState::Ringing);
    }

    pub(super) fn spy_answers(&mut self, id: ChannelId) {
        let Some(asked) = self.spies.get(&id).map(|spy| spy.asked.clone()) else { return };
        let name = self.state.channels.get(&id).map(|channel| Arc::clone(&channel.name)).unwrap_or_default();
        self.originated(&asked, name, true, 4);
        self.set_state(id, ChannelState::Up);
        self.tell(|state| {
            let dest = state.channels.get(&id)?.clone();
            Some(What::DialEnd { caller: None, dest, status: DialStatus::Answer })
        });
        self.device(&asked.channel, DeviceState::InUse);
        let wanted = asked.data.split(',').next().unwrap_or_default();
        let target = self.state.channel_named(wanted).map(|channel| channel.id);
        let Some(target) = target else { return self.end_spy_leg(id, 16) };
        if let Some(spy) = self.spies.get_mut(&id) {
            spy.target = Some(target);
        }
        self.tell(|state| {
            let (spyer, spyee) = (state.channels.get(&id)?.clone(), state.channels.get(&target)?.clone());
            Some(What::ChanSpyStart { spyer, spyee })
        });
    }

    pub(super) fn spy_rings_out(&mut self, id: ChannelId) {
        let Some(asked) = self.spies.get(&id).map(|spy| spy.asked.clone()) else { return };
        self.end_spy_leg(id, 0);
        let channel = Arc::clone(&asked.channel);
        self.originated(&asked, channel, false, 3);
    }

    fn originated(&mut self, asked: &Originate, channel: Arc<str>, answered: bool, reason: u8) {
        let asked = asked.clone();
        self.tell(|_| {
            Some(What::OriginateResponse {
                action_id: asked.action_id,
                answered,
                reason,
                channel,
                application: asked.application,
                data: asked.data,
                uniqueid: asked.channel_id,
                caller_id: asked.caller_id,
            })
        });
    }

    /// A supervisor's leg ends; whether it was one.
    pub(super) fn end_spy(&mut self, id: ChannelId) -> bool {
        let is_one = self.spies.contains_key(&id);
        if is_one {
            self.end_spy_leg(id, 16);
        }
        is_one
    }

    fn end_spy_leg(&mut self, id: ChannelId, cause: u8) {
        let Some(spy) = self.spies.remove(&id) else { return };
        if let Some(target) = spy.target {
            self.tell(|state| {
                let (spyer, spyee) = (state.channels.get(&id)?.clone(), state.channels.get(&target)?.clone());
                Some(What::ChanSpyStop { spyer, spyee })
            });
        }
        self.hang_up(id, cause);
        self.device(&spy.asked.channel, DeviceState::NotInUse);
    }

    /// A channel is about to end: nobody listens to it any more.
    pub(super) fn unspy(&mut self, target: ChannelId) {
        let spying = self.spies.iter().filter(|(_, spy)| spy.target == Some(target));
        let spying: Vec<ChannelId> = spying.map(|(id, _)| *id).collect();
        for id in spying {
            self.end_spy_leg(id, 0);
        }
    }
}

/// `"Alice" <101>` → Alice, 101.
fn split_caller_id(text: &str) -> (Arc<str>, Arc<str>) {
    let (name, rest) = text.split_once('<').unwrap_or((text, ""));
    (name.trim().trim_matches('"').into(), rest.trim_end_matches('>').into())
}
