//! What is kept of a snapshot: all that the live document shows. Legs for listening are of no use afterwards.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::domain::ids::PbxName;
use crate::domain::link::{LinkState, LinkStatus};
use crate::domain::live::snapshot::{
    BoardState, MemberSnapshot, Partner, QueueSnapshot, Snapshot, SubState, WaitingCaller,
};
use crate::domain::time::{Moment, Tick};

/// States by number. Only ever appended to: the numbers are stored.
const STATES: [BoardState; 4] =
    [BoardState::Online, BoardState::Busy, BoardState::Paused, BoardState::Offline];
/// As above.
const SUB_STATES: [SubState; 8] = [
    SubState::Free,
    SubState::Ringing,
    SubState::Talking,
    SubState::OnHold,
    SubState::WrapUp,
    SubState::OtherCall,
    SubState::Unavailable,
    SubState::LoggedOut,
];
/// As above.
const LINKS: [LinkState; 5] =
    [LinkState::Connecting, LinkState::Live, LinkState::Lost, LinkState::Refused, LinkState::Absent];

/// The floor at a moment. Times are milliseconds since the epoch.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Scene {
    pub(super) known: bool,
    pub(super) link: Link,
    pub(super) queues: Vec<Queue>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Link {
    pub(super) state: u8,
    pub(super) since: i64,
    pub(super) fresh: Option<i64>,
    pub(super) host: Option<String>,
    pub(super) detail: Option<String>,
    pub(super) note: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Queue {
    pub(super) name: String,
    pub(super) strategy: String,
    pub(super) service_level: Option<u32>,
    pub(super) waiting: Vec<Caller>,
    pub(super) members: Vec<Member>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Caller {
    pub(super) channel: String,
    pub(super) position: u32,
    pub(super) number: String,
    pub(super) name: String,
    pub(super) since: i64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Member {
    pub(super) interface: String,
    pub(super) name: String,
    pub(super) paused: bool,
    pub(super) reason: Option<String>,
    pub(super) penalty: u32,
    pub(super) dynamic: bool,
    pub(super) listeners: Vec<String>,
    pub(super) does: Does,
}

/// What changes with every call.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Does {
    /// State and sub-state: sixteen times the number of the one and that of the other.
    pub(super) state: u8,
    pub(super) since: i64,
    pub(super) wrap_up_until: Option<i64>,
    /// Number and name.
    pub(super) partner: Option<(String, String)>,
    pub(super) channel: Option<String>,
}

fn number<T: PartialEq>(of: &T, list: &[T]) -> u8 {
    list.iter().position(|one| one == of).and_then(|at| u8::try_from(at).ok()).unwrap_or(0)
}

fn moment(millis: i64) -> Moment {
    Moment {
        tick: Tick::from_millis(millis),
        wall: Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH),
    }
}

impl Scene {
    /// What is kept of `snapshot`.
    pub fn of(snapshot: &Snapshot) -> Self {
        let ami = &snapshot.ami;
        let link = Link {
            state: number(&ami.state, &LINKS),
            since: ami.since.wall.as_millisecond(),
            fresh: ami.fresh_at.map(|fresh| fresh.wall.as_millisecond()),
            host: ami.host.clone(),
            detail: ami.detail.clone(),
            note: ami.note.clone(),
        };
        Self { known: snapshot.known, link, queues: snapshot.queues.iter().map(Queue::of).collect() }
    }

    /// The floor of `pbx` as it stood at `at`, milliseconds since the epoch. Both clocks of its moments show that time.
    pub fn snapshot(&self, pbx: PbxName, at: i64) -> Snapshot {
        let link = &self.link;
        let ami = LinkStatus {
            state: LINKS.get(usize::from(link.state)).copied().unwrap_or(LinkState::Connecting),
            since: moment(link.since),
            fresh_at: link.fresh.map(moment),
            host: link.host.clone(),
            detail: link.detail.clone(),
            note: link.note.clone(),
        };
        let queues = self.queues.iter().map(Queue::snapshot).collect();
        Snapshot { ami, known: self.known, queues, ..Snapshot::unknown(pbx, moment(at)) }
    }

    /// Moves all times by `by`: from moments to ages and back.
    pub(super) fn moved(mut self, by: i64) -> Self {
        self.link = self.link.moved(by);
        self.queues = self.queues.into_iter().map(|queue| queue.moved(by)).collect();
        self
    }
}

impl Link {
    pub(super) fn moved(mut self, by: i64) -> Self {
        self.since += by;
        self.fresh = self.fresh.map(|fresh| fresh + by);
        self
    }
}

impl Queue {
    fn of(queue: &QueueSnapshot) -> Self {
        Self {
            name: queue.name.to_string(),
            strategy: queue.strategy.clone(),
            service_level: queue.service_level_seconds,
            waiting: queue.waiting.iter().map(Caller::of).collect(),
            members: queue.members.iter().map(Member::of).collect(),
        }
    }

    fn snapshot(&self) -> QueueSnapshot {
        QueueSnapshot {
            name: self.name.as_str().into(),
            strategy: self.strategy.clone(),
            service_level_seconds: self.service_level,
            waiting: self.waiting.iter().map(Caller::snapshot).collect(),
            members: self.members.iter().map(Member::snapshot).collect(),
        }
    }

    pub(super) fn moved(mut self, by: i64) -> Self {
        self.waiting = self.waiting.into_iter().map(|caller| caller.moved(by)).collect();
        self.members = self.members.into_iter().map(|member| member.moved(by)).collect();
        self
    }
}

impl Caller {
    fn of(caller: &WaitingCaller) -> Self {
        Self {
            channel: caller.channel.to_string(),
            position: caller.position,
            number: caller.number.clone(),
            name: caller.name.clone(),
            since: caller.since.wall.as_millisecond(),
        }
    }

    fn snapshot(&self) -> WaitingCaller {
        WaitingCaller {
            position: self.position,
            number: self.number.clone(),
            name: self.name.clone(),
            since: moment(self.since),
            channel: self.channel.as_str().into(),
            // For acts upon the floor, as legs are for listening.
            channel_name: String::new(),
            priority: None,
        }
    }

    pub(super) fn moved(mut self, by: i64) -> Self {
        self.since += by;
        self
    }
}

impl Member {
    fn of(member: &MemberSnapshot) -> Self {
        let does = Does {
            state: number(&member.state, &STATES) * 16 + number(&member.sub_state, &SUB_STATES),
            since: member.since.wall.as_millisecond(),
            wrap_up_until: member.wrap_up_until.map(|until| until.wall.as_millisecond()),
            partner: member.partner.as_ref().map(|partner| (partner.number.clone(), partner.name.clone())),
            channel: member.channel.as_ref().map(ToString::to_string),
        };
        Self {
            interface: member.interface.to_string(),
            name: member.name.to_string(),
            paused: member.paused,
            reason: member.paused_reason.clone(),
            penalty: member.penalty,
            dynamic: member.dynamic,
            listeners: member.listeners.clone(),
            does,
        }
    }

    fn snapshot(&self) -> MemberSnapshot {
        let does = &self.does;
        MemberSnapshot {
            interface: self.interface.as_str().into(),
            name: self.name.as_str().into(),
            state: STATES.get(usize::from(does.state / 16)).copied().unwrap_or(BoardState::Offline),
            sub_state: SUB_STATES.get(usize::from(does.state % 16)).copied().unwrap_or(SubState::Unavailable),
            since: moment(does.since),
            paused: self.paused,
            paused_reason: self.reason.clone(),
            penalty: self.penalty,
            dynamic: self.dynamic,
            partner: does
                .partner
                .as_ref()
                .map(|(number, name)| Partner { number: number.clone(), name: name.clone() }),
            channel: does.channel.as_deref().map(Into::into),
            legs: Vec::new(),
            leg_partners: Vec::new(),
            listeners: self.listeners.clone(),
            wrap_up_until: does.wrap_up_until.map(moment),
            phones: Vec::new(),
        }
    }

    pub(super) fn moved(mut self, by: i64) -> Self {
        self.does = self.does.moved(by);
        self
    }
}

impl Does {
    pub(super) fn moved(mut self, by: i64) -> Self {
        self.since += by;
        self.wrap_up_until = self.wrap_up_until.map(|until| until + by);
        self
    }
}
