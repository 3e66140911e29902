//! What the floor remembers, and the small steps that keep its indexes true.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use smol_str::SmolStr;

use super::event::{ChannelInfo, MemberInfo};
use super::snapshot::{BoardState, SubState};
use crate::domain::ids::{BridgeId, Interface, QueueName, UniqueId};
use crate::domain::quick::QuickMap;
use crate::domain::time::Moment;

/// So many hung-up channels are remembered. What is said of one late comes within milliseconds.
const GONE: usize = 1024;

/// The floor of one PBX.
#[derive(Clone, Debug, Default)]
pub struct Floor {
    /// Whether a whole picture was ever had.
    pub(super) known: bool,
    /// When Asterisk was started, where it has said so.
    pub(super) booted: Option<Moment>,
    /// Whether the last picture had the channels.
    pub(super) lists_channels: bool,
    pub(super) queues: BTreeMap<QueueName, Queue>,
    pub(super) channels: QuickMap<UniqueId, Channel>,
    pub(super) bridges: QuickMap<BridgeId, BTreeSet<UniqueId>>,
    pub(super) gone: Gone,
    /// Channels by what they are found under ([`super::keys`]): their endpoint, and the member they were offered to.
    pub(super) legs: QuickMap<SmolStr, Vec<UniqueId>>,
    /// Memberships by what their legs are found under.
    pub(super) seats: QuickMap<SmolStr, Vec<(QueueName, Interface)>>,
    /// Who listens (key) to whom.
    pub(super) spies: QuickMap<UniqueId, UniqueId>,
    /// The queues' own wrap-up times in seconds, where set.
    pub(super) wrap_ups: BTreeMap<QueueName, u32>,
    /// The devices of hints as written, by extension and context in lower case.
    pub(super) hints: QuickMap<SmolStr, SmolStr>,
    /// Names of the supervisors' phones by endpoint (lower case).
    pub(super) phone_names: HashMap<String, String>,
}

/// Channels that hung up lately: Asterisk may still tell of one (a connected line after a refusal), and it must not come
/// back by that.
#[derive(Clone, Debug, Default)]
pub(super) struct Gone {
    order: VecDeque<UniqueId>,
    ids: QuickMap<UniqueId, ()>,
}

impl Gone {
    fn note(&mut self, id: &UniqueId) {
        if self.ids.insert(id.clone(), ()).is_some() {
            return;
        }
        self.order.push_back(id.clone());
        if self.order.len() > GONE
            && let Some(oldest) = self.order.pop_front()
        {
            self.ids.remove(&oldest);
        }
    }

    pub(super) fn has(&self, id: &UniqueId) -> bool {
        self.ids.contains_key(id)
    }
}

#[derive(Clone, Debug)]
pub(super) struct Queue {
    pub(super) strategy: SmolStr,
    pub(super) service_level_seconds: u32,
    pub(super) callers: Vec<Caller>,
    pub(super) members: BTreeMap<Interface, Member>,
}

#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) id: UniqueId,
    pub(super) number: SmolStr,
    pub(super) name: SmolStr,
    pub(super) since: Moment,
    pub(super) channel_name: SmolStr,
    /// Known from a whole picture only.
    pub(super) priority: Option<i64>,
}

#[derive(Clone, Debug)]
pub(super) struct Member {
    pub(super) info: MemberInfo,
    /// Effective wrap-up in seconds: the member's own, else the queue's.
    pub(super) wrap_up_seconds: u32,
    pub(super) board: Board,
    /// When the last call of this queue ended, where that was seen or listed.
    pub(super) ended: Option<Moment>,
    /// What its legs are found under.
    pub(super) keys: Vec<SmolStr>,
    /// How much its keys tell.
    pub(super) phones: Phones,
}

/// What is known of a member's phones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Phones {
    /// All of them: without a channel of theirs the member is idle.
    #[default]
    All,
    /// All, but something else speaks in the device's state, too (a switch for "do not disturb").
    Mixed,
    /// None: its legs are known by their calls alone (`Local/103@from-queue/n` without a hint).
    ByCall,
}

/// A member's state, and since when.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Board {
    pub(super) state: BoardState,
    pub(super) sub_state: SubState,
    pub(super) since: Moment,
}

#[derive(Clone, Debug)]
pub(super) struct Channel {
    pub(super) info: ChannelInfo,
    /// Its endpoint in lower case; empty for one that is being taken apart.
    pub(super) endpoint: SmolStr,
    /// What it is found under besides.
    pub(super) alias: Option<SmolStr>,
    pub(super) bridge: Option<BridgeId>,
    /// Its phone has put the other side on hold.
    pub(super) held: bool,
    pub(super) since: Moment,
    /// The call of a queue that this leg serves.
    pub(super) part: Option<Part>,
    /// The other end while dialling.
    pub(super) peer: Option<UniqueId>,
    /// The other end of a Local channel.
    pub(super) pair: Option<UniqueId>,
    /// Of a Local channel's first end: the phone that answered behind it first. Whoever the caller is passed on to
    /// later, behind the same Local channel, is somebody else.
    pub(super) answered_by: Option<UniqueId>,
}

/// A leg's part in a queue's call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) queue: QueueName,
    pub(super) interface: Interface,
    pub(super) caller: UniqueId,
    pub(super) connected: bool,
    /// The queue has said that it is over; the leg has yet to go.
    pub(super) over: bool,
}

impl Channel {
    fn new(info: ChannelInfo, endpoint: SmolStr, now: Moment) -> Self {
        Self {
            info,
            endpoint,
            alias: None,
            bridge: None,
            held: false,
            since: now,
            part: None,
            peer: None,
            pair: None,
            answered_by: None,
        }
    }

    /// What it is found under.
    pub(super) fn keys(&self) -> impl Iterator<Item = &SmolStr> {
        [Some(&self.endpoint), self.alias.as_ref()].into_iter().flatten().filter(|key| !key.is_empty())
    }
}

impl Floor {
    /// An empty floor, nothing known. `phones` are the supervisors' phones: channel (`PJSIP/201`) and name.
    pub fn new<'a>(phones: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let lower = |(channel, name): (&str, &str)| (channel.to_ascii_lowercase(), name.to_owned());
        Self { phone_names: phones.into_iter().map(lower).collect(), ..Self::default() }
    }

    /// How many channels there are.
    pub fn channel_count(&self) -> usize {
        self.channels.len()
    }

    /// Adds or updates a channel. An empty id names no channel, and who has hung up stays away.
    pub(super) fn put_channel(&mut self, info: ChannelInfo, now: Moment) {
        if info.id.is_empty() {
            return;
        }
        let id = info.unique_id();
        if let Some(channel) = self.channels.get_mut(&id) {
            if channel.info.name == info.name || info.name.is_empty() {
                let name = channel.info.name.clone();
                channel.info = ChannelInfo { name, ..info };
            } else {
                let name = info.name.clone();
                channel.info = info;
                self.rename(&id, &name);
            }
            return;
        }
        if self.gone.has(&id) {
            return;
        }
        let endpoint = super::keys::endpoint_of(&info.name);
        self.legs.entry(endpoint.clone()).or_default().push(id.clone());
        self.channels.insert(id, Channel::new(info, endpoint, now));
    }

    /// Gives a channel another name.
    pub(super) fn rename(&mut self, id: &UniqueId, name: &SmolStr) {
        let endpoint = super::keys::endpoint_of(name);
        let Some(channel) = self.channels.get_mut(id) else { return };
        channel.info.name = name.clone();
        if channel.endpoint == endpoint {
            return;
        }
        let before = std::mem::replace(&mut channel.endpoint, endpoint.clone());
        self.forget_leg(&before, id);
        self.legs.entry(endpoint).or_default().push(id.clone());
    }

    /// Lets a channel be found under `alias`, too.
    pub(super) fn call_also(&mut self, id: &UniqueId, alias: Option<SmolStr>) {
        let Some(channel) = self.channels.get_mut(id) else { return };
        if channel.alias == alias {
            return;
        }
        let before = std::mem::replace(&mut channel.alias, alias.clone());
        if let Some(before) = before {
            self.forget_leg(&before, id);
        }
        if let Some(alias) = alias {
            self.legs.entry(alias).or_default().push(id.clone());
        }
    }

    fn forget_leg(&mut self, key: &SmolStr, id: &UniqueId) {
        if let Some(legs) = self.legs.get_mut(key) {
            legs.retain(|leg| leg != id);
            if legs.is_empty() {
                self.legs.remove(key);
            }
        }
    }

    /// Removes a channel from everywhere, for good.
    pub(super) fn remove_channel(&mut self, id: &UniqueId) {
        self.gone.note(id);
        let Some(channel) = self.channels.remove(id) else { return };
        for key in [Some(channel.endpoint), channel.alias].into_iter().flatten() {
            self.forget_leg(&key, id);
        }
        if let Some(bridge) = &channel.bridge {
            self.leave_bridge(bridge, id);
        }
        if !self.spies.is_empty() {
            self.spies.remove(id);
            self.spies.retain(|_, target| target != id);
        }
    }

    /// Puts a known channel into a bridge, out of any other.
    pub(super) fn enter_bridge(&mut self, bridge: &BridgeId, id: &UniqueId) {
        let Some(channel) = self.channels.get_mut(id) else { return };
        if let Some(before) = channel.bridge.replace(bridge.clone())
            && before != *bridge
        {
            self.leave_bridge(&before, id);
        }
        self.bridges.entry(bridge.clone()).or_default().insert(id.clone());
    }

    /// Takes a channel out of a bridge; an empty bridge is forgotten.
    pub(super) fn leave_bridge(&mut self, bridge: &BridgeId, id: &UniqueId) {
        if let Some(channel) = self.channels.get_mut(id)
            && channel.bridge.as_ref() == Some(bridge)
        {
            channel.bridge = None;
        }
        if let Some(inside) = self.bridges.get_mut(bridge) {
            inside.remove(id);
            if inside.is_empty() {
                self.bridges.remove(bridge);
            }
        }
    }

    /// Takes over the queues' wrap-up times.
    pub fn set_wrap_ups(&mut self, wrap_ups: &BTreeMap<QueueName, u32>, now: Moment) {
        self.wrap_ups.clone_from(wrap_ups);
        for (name, queue) in &mut self.queues {
            let of_queue = wrap_ups.get(name).copied().unwrap_or(0);
            queue.members.values_mut().for_each(|member| member.wrap_up_by(of_queue));
        }
        self.refresh_all(now);
    }

    /// A membership.
    pub(super) fn member_at(&self, queue: &QueueName, interface: &Interface) -> Option<&Member> {
        self.queues.get(queue)?.members.get(interface)
    }

    /// A membership, to change it.
    pub(super) fn member_mut(&mut self, queue: &QueueName, interface: &Interface) -> Option<&mut Member> {
        self.queues.get_mut(queue)?.members.get_mut(interface)
    }
}
