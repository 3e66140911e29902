//! What can be listened to at a seat now.

use crate::domain::ids::{PbxName, UniqueId};
use crate::domain::link::LinkState;
use crate::domain::live::snapshot::{BoardState, MemberSnapshot, Partner, QueueSnapshot, SubState};

use super::super::Picture;
use super::super::board::other_side;

/// A card on the board: an interface in a queue of a PBX.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seat {
    /// The PBX's name; empty where there is one only.
    pub pbx: String,
    /// The queue.
    pub queue: String,
    /// The member's interface.
    pub interface: String,
}

impl Seat {
    /// Whether the same person sits there; the queue does not matter.
    pub fn is_same_person(&self, other: &Self) -> bool {
        self.pbx == other.pbx && self.interface.eq_ignore_ascii_case(&other.interface)
    }
}

/// A call on the agent's own phone leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    /// The leg.
    pub channel: UniqueId,
    /// Name or number of the other side; empty when unknown.
    pub partner: String,
}

/// What the floor says about listening at a seat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Floor {
    /// There is a call.
    Call,
    /// Nothing to hear.
    Free,
    /// The phone rings and nobody has answered.
    Ringing,
    /// The phone is not reachable.
    Offline,
    /// Nobody sits there any more.
    Gone,
    /// The floor is an old picture.
    LinkDown,
}

/// What can be listened to at a seat.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reach {
    /// Which PBX.
    pub pbx: PbxName,
    /// Who sits there; the interface when nobody does.
    pub agent: String,
    /// The calls, in the order in which they began to be known.
    pub calls: Vec<Call>,
    /// What the floor says.
    pub floor: Floor,
}

/// Looks at a seat.
pub fn reach(pictures: &[Picture], seat: &Seat) -> Reach {
    let Some((picture, _, member)) = sitting(pictures, seat) else {
        let pbx = PbxName::new(&seat.pbx);
        return Reach { pbx, agent: seat.interface.clone(), calls: Vec::new(), floor: Floor::Gone };
    };
    let partners = member.leg_partners.iter().map(Option::as_ref).chain(std::iter::repeat(None));
    let calls: Vec<Call> = member
        .legs
        .iter()
        .zip(partners)
        .map(|(leg, partner): (_, Option<&Partner>)| Call {
            channel: leg.clone(),
            partner: partner.map(other_side).unwrap_or_default(),
        })
        .collect();
    let floor = if picture.live.ami.state != LinkState::Live {
        Floor::LinkDown
    } else if !calls.is_empty() {
        Floor::Call
    } else if member.state == BoardState::Offline {
        Floor::Offline
    } else if member.sub_state == SubState::Ringing {
        Floor::Ringing
    } else {
        Floor::Free
    };
    Reach { pbx: picture.live.pbx.clone(), agent: member.name.to_string(), calls, floor }
}

/// Whether a leg is still up on the floor.
pub fn is_up(pictures: &[Picture], seat: &Seat, channel: &UniqueId) -> bool {
    sitting(pictures, seat).is_some_and(|(_, _, member)| member.legs.contains(channel))
}

/// The picture, queue and member of a seat. Where the member has left that queue, any other queue of his will do.
pub(super) fn sitting<'a>(
    pictures: &'a [Picture],
    seat: &Seat,
) -> Option<(&'a Picture, &'a QueueSnapshot, &'a MemberSnapshot)> {
    let mut there = pictures
        .iter()
        .filter(|picture| seat.pbx.is_empty() || picture.live.pbx.as_str() == seat.pbx)
        .flat_map(|picture| picture.live.queues.iter().map(move |queue| (picture, queue)))
        .flat_map(|(picture, queue)| queue.members.iter().map(move |member| (picture, queue, member)))
        .filter(|(_, _, member)| member.interface.as_str() == seat.interface);
    let first = there.next()?;
    let is_meant = |queue: &QueueSnapshot| queue.name.as_str() == seat.queue;
    if is_meant(first.1) { Some(first) } else { Some(there.find(|one| is_meant(one.1)).unwrap_or(first)) }
}
