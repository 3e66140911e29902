//! Frames → what happened. The one place where Asterisk's event and header names become ours.
//!
//! Events the floor does not want are `None`; the commonest of them are told by their name, before any header is read.

use super::fields::Fields;
use super::frame::Frame;
use crate::domain::ids::{BridgeId, Interface, QueueName};
use crate::domain::live::event::{AgentEnd, Event};

/// The commonest events that say nothing about the floor: more than half of all where the login reads `dialplan`.
const NOISE: [&[u8]; 8] = [
    b"VarSet",
    b"Newexten",
    b"DeviceStateChange",
    b"RTCPSent",
    b"RTCPReceived",
    b"MusicOnHoldStart",
    b"MusicOnHoldStop",
    b"DialState",
];

/// Reads one event. `None` for events that change nothing on the floor.
pub fn decode(frame: &Frame<'_>) -> Option<Event> {
    let name = frame.event()?;
    if NOISE.contains(&name) {
        return None;
    }
    let fields = Fields::new(frame);
    match name {
        b"Newchannel" | b"Newstate" | b"NewCallerid" | b"NewConnectedLine" => {
            Some(Event::Channel(fields.channel("")))
        }
        b"Rename" => Some(Event::Renamed { id: fields.id("Uniqueid"), name: fields.text("Newname") }),
        b"Hangup" => Some(Event::HungUp { id: fields.id("Uniqueid"), cause: fields.number("Cause") }),
        b"Hold" => Some(Event::Hold { id: fields.id("Uniqueid"), held: true }),
        b"Unhold" => Some(Event::Hold { id: fields.id("Uniqueid"), held: false }),
        b"OriginateResponse" => Some(Event::Originated {
            id: fields.id("Uniqueid"),
            answered: fields.is("Response", "Success"),
            reason: fields.number("Reason"),
        }),
        b"ChanSpyStart" => {
            Some(Event::SpyStarted { spy: fields.channel("Spyer"), target: fields.id("SpyeeUniqueid") })
        }
        b"ChanSpyStop" => Some(Event::SpyStopped { spy: fields.id("SpyerUniqueid") }),
        b"DTMFEnd" => Some(Event::Key {
            id: fields.id("Uniqueid"),
            digit: fields.text("Digit").chars().next().unwrap_or('?'),
        }),
        b"LocalBridge" => {
            Some(Event::Paired { one: fields.id("LocalOneUniqueid"), two: fields.id("LocalTwoUniqueid") })
        }
        b"ExtensionStatus" => Some(Event::Hinted(fields.hint())),
        b"FullyBooted" | b"Reload" => Some(Event::Resync),
        b"Shutdown" => Some(Event::ShuttingDown),
        _ if name.starts_with(b"Bridge") => bridge(name, &fields),
        _ if name.starts_with(b"Dial") => dial(name, &fields),
        _ if name.starts_with(b"Queue") => queue(name, &fields),
        _ if name.starts_with(b"Agent") => agent(name, &fields),
        _ => None,
    }
}

fn bridge(name: &[u8], fields: &Fields<'_>) -> Option<Event> {
    let bridge = || BridgeId::new(fields.text("BridgeUniqueid"));
    match name {
        // Parked, or an agent who waits in app_agent_pool: together with others, and in no call with them.
        b"BridgeEnter" if fields.is("BridgeTechnology", "holding_bridge") => {
            Some(Event::Channel(fields.channel("")))
        }
        b"BridgeEnter" => Some(Event::BridgeEntered {
            bridge: bridge(),
            channel: fields.channel(""),
            swapped: fields.optional_id("SwapUniqueid"),
        }),
        b"BridgeLeave" => Some(Event::BridgeLeft { bridge: bridge(), id: fields.id("Uniqueid") }),
        b"BridgeDestroy" => Some(Event::BridgeDestroyed(bridge())),
        b"BridgeMerge" => Some(Event::BridgesMerged {
            from: BridgeId::new(fields.text("FromBridgeUniqueid")),
            to: BridgeId::new(fields.text("ToBridgeUniqueid")),
        }),
        _ => None,
    }
}

fn dial(name: &[u8], fields: &Fields<'_>) -> Option<Event> {
    let dest = fields.channel("Dest");
    match name {
        b"DialBegin" => {
            let caller = fields.channel("");
            Some(Event::DialBegun { caller: (!caller.id.is_empty()).then_some(caller), dest })
        }
        b"DialEnd" => Some(Event::DialEnded { dest, answered: fields.is("DialStatus", "ANSWER") }),
        _ => None,
    }
}

fn queue(name: &[u8], fields: &Fields<'_>) -> Option<Event> {
    let queue = || QueueName::new(fields.text("Queue"));
    match name {
        b"QueueCallerJoin" => Some(Event::CallerJoined {
            queue: queue(),
            position: fields.number("Position"),
            channel: fields.channel(""),
        }),
        b"QueueCallerLeave" => Some(Event::CallerLeft { queue: queue(), id: fields.id("Uniqueid") }),
        b"QueueMemberStatus"
        | b"QueueMemberAdded"
        | b"QueueMemberPause"
        | b"QueueMemberPenalty"
        | b"QueueMemberRinginuse" => Some(Event::Member(fields.member())),
        b"QueueMemberRemoved" => {
            Some(Event::MemberRemoved { queue: queue(), interface: Interface::new(fields.text("Interface")) })
        }
        _ => None,
    }
}

fn agent(name: &[u8], fields: &Fields<'_>) -> Option<Event> {
    match name {
        b"AgentLogin" => {
            return Some(Event::PoolAgent {
                agent: fields.text("Agent"),
                channel: fields.optional_id("Uniqueid"),
            });
        }
        b"AgentLogoff" => return Some(Event::PoolAgent { agent: fields.text("Agent"), channel: None }),
        _ => {}
    }
    let queue = QueueName::new(fields.text("Queue"));
    let interface = Interface::new(fields.text("Interface"));
    let (caller, leg) = (fields.channel(""), fields.channel("Dest"));
    match name {
        b"AgentCalled" => Some(Event::AgentCalled { queue, interface, caller, leg }),
        b"AgentConnect" => Some(Event::AgentConnected { queue, interface, caller, leg }),
        b"AgentRingNoAnswer" => Some(Event::AgentEnded { queue, interface, leg, end: AgentEnd::NoAnswer }),
        b"AgentDump" => Some(Event::AgentEnded { queue, interface, leg, end: AgentEnd::Dumped }),
        b"AgentComplete" => Some(Event::AgentEnded { queue, interface, leg, end: AgentEnd::Completed }),
        _ => None,
    }
}

/// The classes of events that a login reads, as far as they have shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Classes {
    /// Queue* and Agent*.
    pub agent: bool,
    /// Channels, bridges, dials, spying.
    pub call: bool,
    /// FullyBooted, Shutdown.
    pub system: bool,
}

impl Classes {
    /// Notes the class that an event proves.
    pub fn note(&mut self, frame: &Frame<'_>) {
        if self.agent && self.call && self.system {
            return;
        }
        let Some(privilege) = frame.get("Privilege") else { return };
        match privilege.split(|byte| *byte == b',').next() {
            Some(b"agent") => self.agent = true,
            Some(b"call") => self.call = true,
            Some(b"system") => self.system = true,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(text: &str) -> Option<Event> {
        decode(&Frame::from_lines(text.as_bytes()))
    }

    #[test]
    fn names_are_unescaped_and_unknown_is_empty() {
        let Some(Event::Channel(channel)) = event(
            "Event: Newchannel\nUniqueid: pbx1-17.3\nChannel: PJSIP/1-00000001\nChannelState: 4\nCallerIDNum: <unknown>\nCallerIDName: Jo \\\"X\\\" \\n\u{7}B\n",
        ) else {
            panic!("a channel")
        };
        assert_eq!((channel.id.as_str(), channel.state), ("pbx1-17.3", 4));
        assert_eq!((channel.caller_number.as_str(), channel.caller_name.as_str()), ("", "Jo \"X\" B"));
    }

    #[test]
    fn noise_is_told_by_its_name() {
        assert_eq!(event("Event: VarSet\nVariable: x\n"), None);
        assert_eq!(event("Event: QueueCallerAbandon\nQueue: q\n"), None);
        assert_eq!(event("Response: Success\n"), None);
    }

    #[test]
    fn a_numeric_field_with_nonsense_is_zero() {
        let Some(Event::HungUp { cause, .. }) = event("Event: Hangup\nUniqueid: 1.1\nCause: many\n") else {
            panic!("a hangup")
        };
        assert_eq!(cause, 0);
    }
}
