//! What the floor remembers, and the small steps that keep its indexes true.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};

use super::event::{ChannelInfo, MemberInfo};
use super::snapshot::{BoardState, SubState};
use crate::domain::ids::{BridgeId, Interface, QueueName, UniqueId};
use crate::domain::time::Moment;

/// So many hung-up channels are remembered. What is said of one late comes within milliseconds.
const GONE: usize = 1024;

/// The floor of one PBX.
#[derive(Clone, Debug, Default)]
pub struct Floor {
    /// Whether a whole picture was ever had.
    pub(super) known: bool,
    pub(super) queues: BTreeMap<QueueName, Queue>,
    pub(super) channels: HashMap<UniqueId, Channel>,
    pub(super) bridges: HashMap<BridgeId, BTreeSet<UniqueId>>,
    /// Channels that hung up lately, oldest first: Asterisk may still tell of one (a connected line after a refusal),
    /// and it must not come back by that.
    pub(super) gone: VecDeque<UniqueId>,
    /// Channels by the endpoint they belong to (lower case): an agent's legs.
    pub(super) legs: HashMap<String, Vec<UniqueId>>,
    /// Memberships by endpoint (lower case).
    pub(super) seats: HashMap<String, Vec<(QueueName, Interface)>>,
    /// Who listens (key) to whom.
    pub(super) spies: HashMap<UniqueId, UniqueId>,
    /// The queues' own wrap-up times in seconds, where set.
    pub(super) wrap_ups: BTreeMap<QueueName, u32>,
    /// Names of the supervisors' phones by endpoint (lower case).
    pub(super) phone_names: HashMap<String, String>,
}

#[derive(Clone, Debug)]
pub(super) struct Queue {
    pub(super) strategy: String,
    pub(super) service_level_seconds: u32,
    pub(super) callers: Vec<Caller>,
    pub(super) members: BTreeMap<Interface, Member>,
}

#[derive(Clone, Debug)]
pub(super) struct Caller {
    pub(super) id: UniqueId,
    pub(super) number: String,
    pub(super) name: String,
    pub(super) since: Moment,
    pub(super) channel_name: String,
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
    pub(super) endpoint: String,
    pub(super) bridge: Option<BridgeId>,
    /// Its phone has put the other side on hold.
    pub(super) held: bool,
    pub(super) since: Moment,
    /// The call of a queue that this leg serves.
    pub(super) part: Option<Part>,
    /// The other end while dialling.
    pub(super) peer: Option<UniqueId>,
}

/// A leg's part in a queue's call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Part {
    pub(super) queue: QueueName,
    pub(super) caller: UniqueId,
    pub(super) connected: bool,
    /// The queue has said that it is over; the leg has yet to go.
    pub(super) over: bool,
}

/// The endpoint of a channel name in lower case: cut at the last dash, `PJSIP/101-0000002a` → `pjsip/101`.
pub(super) fn endpoint_of(channel_name: &str) -> String {
    let base = channel_name.rsplit_once('-').map_or(channel_name, |(base, _)| base);
    base.to_ascii_lowercase()
}

/// The endpoint whose legs are this member's, in lower case.
pub(super) fn seat_of(info: &MemberInfo) -> String {
    let device = info.state_interface.as_str();
    let is_device = !device.is_empty() && !device.starts_with("hint:") && !device.starts_with("Custom:");
    let interface = Interface::new(if is_device { device } else { &info.interface });
    interface.endpoint().to_ascii_lowercase()
}

impl Floor {
    /// An empty floor, nothing known. `phones` are the supervisors' phones: channel (`PJSIP/201`) and name.
    pub fn new<'a>(phones: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let lower = |(channel, name): (&str, &str)| (channel.to_ascii_lowercase(), name.to_owned());
        Self { phone_names: phones.into_iter().map(lower).collect(), ..Self::default() }
    }

    /// Adds or updates a channel; returns its endpoint. An empty id names no channel, and who has hung up stays away.
    pub(super) fn put_channel(&mut self, info: ChannelInfo, now: Moment) -> Option<String> {
        if info.id.is_empty() {
            return None;
        }
        let id = info.unique_id();
        if let Some(channel) = self.channels.get_mut(&id) {
            let renamed = channel.info.name != info.name && !info.name.is_empty();
            let name = if renamed { info.name.clone() } else { channel.info.name.clone() };
            channel.info = ChannelInfo { name: channel.info.name.clone(), ..info };
            let endpoint = channel.endpoint.clone();
            return Some(if renamed { self.rename(&id, &name) } else { endpoint });
        }
        if self.gone.contains(&id) {
            return None;
        }
        let endpoint = endpoint_of(&info.name);
        self.legs.entry(endpoint.clone()).or_default().push(id.clone());
        let channel = Channel {
            info,
            endpoint: endpoint.clone(),
            bridge: None,
            held: false,
            since: now,
            part: None,
            peer: None,
        };
        self.channels.insert(id, channel);
        Some(endpoint)
    }

    /// Gives a channel another name; returns the endpoint it now belongs to.
    pub(super) fn rename(&mut self, id: &UniqueId, name: &str) -> String {
        let endpoint = endpoint_of(name);
        if let Some(channel) = self.channels.get_mut(id) {
            channel.info.name = name.to_owned();
            let before = std::mem::replace(&mut channel.endpoint, endpoint.clone());
            self.forget_leg(&before, id);
            self.legs.entry(endpoint.clone()).or_default().push(id.clone());
        }
        endpoint
    }

    fn forget_leg(&mut self, endpoint: &str, id: &UniqueId) {
        if let Some(legs) = self.legs.get_mut(endpoint) {
            legs.retain(|leg| leg != id);
            if legs.is_empty() {
                self.legs.remove(endpoint);
            }
        }
    }

    /// Removes a channel from everywhere, for good; returns its endpoint.
    pub(super) fn remove_channel(&mut self, id: &UniqueId) -> Option<String> {
        if self.gone.len() >= GONE {
            self.gone.pop_front();
        }
        self.gone.push_back(id.clone());
        let channel = self.channels.remove(id)?;
        self.forget_leg(&channel.endpoint, id);
        if let Some(bridge) = &channel.bridge {
            self.leave_bridge(bridge, id);
        }
        self.spies.remove(id);
        self.spies.retain(|_, target| target != id);
        Some(channel.endpoint)
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

    /// Notes where an endpoint is a member, and how long it wraps up there.
    pub(super) fn seat(&mut self, queue: &QueueName, info: &MemberInfo) {
        let of_queue = self.wrap_ups.get(queue).copied().unwrap_or(0);
        let known = self.queues.get_mut(queue);
        if let Some(member) = known.and_then(|known| known.members.get_mut(&Interface::new(&info.interface)))
        {
            member.wrap_up_by(of_queue);
        }
        let seats = self.seats.entry(seat_of(info)).or_default();
        let seat = (queue.clone(), Interface::new(&info.interface));
        if !seats.contains(&seat) {
            seats.push(seat);
        }
    }

    /// The legs of an endpoint, oldest first.
    pub(super) fn legs_of(&self, endpoint: &str) -> impl Iterator<Item = &Channel> {
        self.legs.get(endpoint).into_iter().flatten().filter_map(|id| self.channels.get(id))
    }
}
