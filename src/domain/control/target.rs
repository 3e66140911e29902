//! From a wish to the exact channel: always the agent's own phone leg, by its Uniqueid, alive now.

use super::{CallChoice, ControlError, Target};
use crate::domain::ids::{AgentName, Interface, QueueName, UniqueId};
use crate::domain::live::snapshot::{MemberSnapshot, Partner, Snapshot};

/// The leg that will be listened to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Leg {
    /// Its Uniqueid.
    pub channel: UniqueId,
    /// Whose phone it is.
    pub interface: Interface,
    /// Who that is.
    pub agent: AgentName,
    /// The queue whose card led here.
    pub queue: QueueName,
    /// With whom, where known.
    pub partner: Option<Partner>,
}

/// Finds the leg for `target` on the floor.
///
/// # Errors
/// `TargetGone` when there is no such call now, `Ambiguous` when the agent has several, `Forbidden` when the channel is
/// not an agent's own (the caller's leg would let the customer hear the whisper).
pub fn resolve(snapshot: &Snapshot, target: &Target) -> Result<Leg, ControlError> {
    let leg = match target {
        Target::Channel(id) => by_channel(snapshot, id),
        Target::Agent(interface) => by_agent(snapshot, interface),
    }?;
    if is_exact(leg.channel.as_str()) {
        Ok(leg)
    } else {
        Err(ControlError::Forbidden(format!(
            "The channel id {} cannot be named exactly to the PBX.",
            leg.channel
        )))
    }
}

/// Whether `id` can stand in ChanSpy's data as it is. A comma would begin options, an empty text would mean everybody.
fn is_exact(id: &str) -> bool {
    !id.is_empty() && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_'))
}

fn seats(snapshot: &Snapshot) -> impl Iterator<Item = (&QueueName, &MemberSnapshot)> {
    snapshot.queues.iter().flat_map(|queue| queue.members.iter().map(move |member| (&queue.name, member)))
}

fn leg_of(queue: &QueueName, member: &MemberSnapshot, channel: &UniqueId) -> Leg {
    let at = member.legs.iter().position(|leg| leg == channel);
    Leg {
        partner: at.and_then(|at| member.leg_partners.get(at).cloned().flatten()),
        channel: channel.clone(),
        interface: member.interface.clone(),
        agent: member.name.clone(),
        queue: queue.clone(),
    }
}

fn by_channel(snapshot: &Snapshot, id: &UniqueId) -> Result<Leg, ControlError> {
    if let Some((queue, member)) = seats(snapshot).find(|(_, member)| member.legs.contains(id)) {
        return Ok(leg_of(queue, member, id));
    }
    let waits = snapshot.queues.iter().flat_map(|queue| &queue.waiting).any(|caller| caller.channel == *id);
    if waits {
        let why = "That is the caller's channel. Name the channel of the agent's own phone.";
        return Err(ControlError::Forbidden(why.into()));
    }
    Err(ControlError::TargetGone)
}

fn by_agent(snapshot: &Snapshot, interface: &Interface) -> Result<Leg, ControlError> {
    let is_meant =
        |member: &MemberSnapshot| member.interface.as_str().eq_ignore_ascii_case(interface.as_str());
    // A member behind a Local channel may be named by his phone as well.
    let has_phone = |member: &MemberSnapshot| {
        member.phones.iter().any(|phone| phone.eq_ignore_ascii_case(interface.as_str()))
    };
    let named = seats(snapshot).find(|(_, member)| is_meant(member));
    let found = named.or_else(|| seats(snapshot).find(|(_, member)| has_phone(member)));
    let Some((queue, member)) = found else { return Err(ControlError::TargetGone) };
    match member.legs.as_slice() {
        [] => Err(ControlError::TargetGone),
        [only] => Ok(leg_of(queue, member, only)),
        several => {
            let partners = member.leg_partners.iter().cloned().chain(std::iter::repeat(None));
            let choice = |(leg, partner): (&UniqueId, _)| CallChoice { channel: leg.clone(), partner };
            Err(ControlError::Ambiguous(several.iter().zip(partners).map(choice).collect()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::PbxName;
    use crate::domain::live::snapshot::{BoardState, QueueSnapshot, SubState, WaitingCaller};
    use crate::domain::time::Moment;

    fn floor(legs: &[&str]) -> Snapshot {
        let now = Moment::at_millis(0);
        let member = MemberSnapshot {
            interface: "PJSIP/101".into(),
            name: "Alice".into(),
            state: BoardState::Busy,
            sub_state: SubState::Talking,
            since: now,
            paused: false,
            paused_reason: None,
            penalty: 0,
            dynamic: false,
            partner: None,
            channel: legs.first().map(UniqueId::new),
            legs: legs.iter().map(UniqueId::new).collect(),
            leg_partners: vec![None; legs.len()],
            listeners: Vec::new(),
            wrap_up_until: None,
            phones: vec!["pjsip/101".into()],
        };
        let caller = WaitingCaller {
            position: 1,
            number: String::new(),
            name: String::new(),
            since: now,
            channel: "1.9".into(),
            channel_name: "PJSIP/trunk-00000000".into(),
            priority: Some(0),
        };
        let queue = QueueSnapshot {
            name: "sales".into(),
            strategy: String::new(),
            service_level_seconds: None,
            waiting: vec![caller],
            members: vec![member],
        };
        Snapshot { known: true, queues: vec![queue], ..Snapshot::unknown(PbxName::new("pbx"), now) }
    }

    fn check(legs: &[&str], target: Target, expect: Result<&str, &str>) {
        let got = resolve(&floor(legs), &target);
        assert_eq!(got.as_ref().map(|leg| leg.channel.as_str()).map_err(ControlError::kind), expect);
    }

    #[test]
    fn a_member_behind_a_local_channel_is_found_by_his_phone_too() {
        let mut floor = floor(&["1.4"]);
        floor.queues[0].members[0].interface = "Local/101@from-queue/n".into();
        for (name, expect) in [
            ("Local/101@from-queue/n", Ok("1.4")),
            ("PJSIP/101", Ok("1.4")),
            ("PJSIP/10", Err("target-gone")),
            ("PJSIP/1011", Err("target-gone")),
        ] {
            let got = resolve(&floor, &Target::Agent(Interface::new(name)));
            assert_eq!(
                got.as_ref().map(|leg| leg.channel.as_str()).map_err(ControlError::kind),
                expect,
                "{name}"
            );
        }
    }

    #[test]
    fn only_an_agents_own_live_leg_is_a_target() {
        let agent = |text: &str| Target::Agent(Interface::new(text));
        let channel = |text: &str| Target::Channel(UniqueId::new(text));
        check(&["1.4"], agent("PJSIP/101"), Ok("1.4"));
        check(&["1.4"], agent("pjsip/101"), Ok("1.4"));
        check(&["1.4"], agent("PJSIP/10"), Err("target-gone"));
        check(&[], agent("PJSIP/101"), Err("target-gone"));
        check(&["1.4", "1.5"], agent("PJSIP/101"), Err("ambiguous"));
        check(&["1.4", "1.5"], channel("1.5"), Ok("1.5"));
        check(&["1.4"], channel("1.9"), Err("forbidden"));
        check(&["1.4"], channel("1.3"), Err("target-gone"));
        check(&["1,qB"], agent("PJSIP/101"), Err("forbidden"));
    }
}
