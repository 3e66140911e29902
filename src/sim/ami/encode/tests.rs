//! Every event, spelled again from what a real Asterisk sent: byte for byte.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::encode;
use crate::sim::ami::tests::captures;
use crate::sim::pbx::{
    Bridge, Channel, ChannelState, DeviceState, DialStatus, Happening, Member, Offer, Party, Reason, What,
};

/// The headers of a recorded event.
struct Seen<'a>(Vec<(&'a str, &'a str)>);

impl<'a> Seen<'a> {
    fn of(text: &'a str) -> Self {
        Self(text.lines().filter_map(|line| line.split_once(": ")).collect())
    }

    fn find(&self, key: &str) -> Option<&'a str> {
        self.0.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }

    fn text(&self, key: &str) -> Option<Arc<str>> {
        self.find(key).map(|value| Arc::from(if value == "<unknown>" { "" } else { value }))
    }

    fn number<T: std::str::FromStr>(&self, key: &str) -> Option<T> {
        self.find(key)?.parse().ok()
    }

    fn channel(&self, prefix: &str) -> Option<Channel> {
        let text = |key: &str| self.text(&format!("{prefix}{key}"));
        Some(Channel {
            id: 0,
            name: text("Channel")?,
            uniqueid: text("Uniqueid")?,
            linkedid: text("Linkedid")?,
            state: match &*text("ChannelState")? {
                "0" => ChannelState::Down,
                "4" => ChannelState::Ring,
                "5" => ChannelState::Ringing,
                "6" => ChannelState::Up,
                _ => return None,
            },
            caller: Party { number: text("CallerIDNum")?, name: text("CallerIDName")? },
            connected: Party { number: text("ConnectedLineNum")?, name: text("ConnectedLineName")? },
            context: text("Context")?,
            exten: text("Exten")?,
            priority: text("Priority")?.parse().ok()?,
            application: "".into(),
            data: "".into(),
            since: 0,
            bridge: None,
        })
    }

    fn bridge(&self, prefix: &str) -> Option<Bridge> {
        let key = |key: &str| format!("{prefix}{key}");
        let uniqueid = self.text(&key("BridgeUniqueid"))?;
        Some(Bridge { id: 0, uniqueid, channels: self.number(&key("BridgeNumChannels"))? })
    }

    fn offer(&self) -> Option<Offer> {
        Some(Offer {
            caller: self.channel("")?,
            dest: self.channel("Dest")?,
            queue: self.text("Queue")?,
            interface: self.text("Interface")?,
            member: self.text("MemberName")?,
        })
    }

    fn member(&self) -> Option<Member> {
        let status = self.number::<u8>("Status")?;
        Some(Member {
            queue: self.text("Queue")?,
            interface: self.text("Interface")?,
            name: self.text("MemberName")?,
            is_dynamic: self.find("Membership") == Some("dynamic"),
            penalty: self.number("Penalty")?,
            calls_taken: self.number("CallsTaken")?,
            last_call: self.number("LastCall")?,
            last_pause: self.number("LastPause")?,
            login_time: self.number("LoginTime")?,
            in_call: self.find("InCall") == Some("1"),
            status: devices().into_iter().find(|device| device.spelled().0 == status)?,
            paused: self.find("Paused") == Some("1"),
            paused_reason: self.text("PausedReason")?,
            wrapup_time: self.number("Wrapuptime")?,
        })
    }

    fn agent_event(&self) -> Option<What> {
        let queue = || self.text("Queue");
        let caller = self.channel("");
        Some(match self.find("Event")? {
            "QueueCallerJoin" => What::QueueCallerJoin {
                caller: caller?,
                queue: queue()?,
                position: self.number("Position")?,
                count: self.number("Count")?,
            },
            "QueueCallerLeave" => What::QueueCallerLeave {
                caller: caller?,
                queue: queue()?,
                position: self.number("Position")?,
                count: self.number("Count")?,
            },
            "QueueCallerAbandon" => What::QueueCallerAbandon {
                caller: caller?,
                queue: queue()?,
                position: self.number("Position")?,
                original_position: self.number("OriginalPosition")?,
                hold_seconds: self.number("HoldTime")?,
            },
            "AgentCalled" => What::AgentCalled(self.offer()?),
            "AgentRingNoAnswer" => {
                What::AgentRingNoAnswer { offer: self.offer()?, ring_ms: self.number("RingTime")? }
            }
            "AgentConnect" => What::AgentConnect {
                offer: self.offer()?,
                hold_seconds: self.number("HoldTime")?,
                ring_seconds: self.number("RingTime")?,
            },
            "AgentComplete" => What::AgentComplete {
                offer: self.offer()?,
                hold_seconds: self.number("HoldTime")?,
                talk_seconds: self.number("TalkTime")?,
                reason: match self.find("Reason")? {
                    "agent" => Reason::Agent,
                    "caller" => Reason::Caller,
                    _ => Reason::Transfer,
                },
            },
            "QueueMemberStatus" => What::QueueMemberStatus(self.member()?),
            "QueueMemberAdded" => What::QueueMemberAdded(self.member()?),
            "QueueMemberRemoved" => What::QueueMemberRemoved(self.member()?),
            "QueueMemberPause" => What::QueueMemberPause(self.member()?),
            _ => return None,
        })
    }

    fn channel_event(&self) -> Option<What> {
        let channel = || self.channel("");
        Some(match self.find("Event")? {
            "Newchannel" => What::Newchannel(channel()?),
            "Newstate" => What::Newstate(channel()?),
            "NewConnectedLine" => What::NewConnectedLine(channel()?),
            "HangupRequest" => What::HangupRequest(channel()?),
            "Hold" => What::Hold(channel()?),
            "Unhold" => What::Unhold(channel()?),
            "Hangup" => What::Hangup(channel()?, self.number("Cause")?),
            "DialBegin" => What::DialBegin {
                caller: channel(),
                dest: self.channel("Dest")?,
                dialed: self.text("DialString")?,
            },
            "DialEnd" => What::DialEnd {
                caller: channel(),
                dest: self.channel("Dest")?,
                status: match self.find("DialStatus")? {
                    "ANSWER" => DialStatus::Answer,
                    "BUSY" => DialStatus::Busy,
                    "CANCEL" => DialStatus::Cancel,
                    "NOANSWER" => DialStatus::NoAnswer,
                    "CHANUNAVAIL" => DialStatus::Unavailable,
                    _ => return None,
                },
            },
            "BridgeCreate" => What::BridgeCreate(self.bridge("")?),
            "BridgeDestroy" => What::BridgeDestroy(self.bridge("")?),
            "BridgeEnter" => What::BridgeEnter(self.bridge("")?, channel()?),
            "BridgeLeave" => What::BridgeLeave(self.bridge("")?, channel()?),
            "DTMFEnd" => What::DtmfEnd {
                channel: channel()?,
                digit: self.find("Digit")?.chars().next()?,
                duration_ms: self.number("DurationMs")?,
            },
            _ => return None,
        })
    }

    fn other_event(&self) -> Option<What> {
        Some(match self.find("Event")? {
            "ChanSpyStart" => {
                What::ChanSpyStart { spyer: self.channel("Spyer")?, spyee: self.channel("Spyee")? }
            }
            "ChanSpyStop" => {
                What::ChanSpyStop { spyer: self.channel("Spyer")?, spyee: self.channel("Spyee")? }
            }
            "DeviceStateChange" => {
                let state = self.find("State")?;
                let state = devices().into_iter().find(|device| device.spelled().1 == state)?;
                What::DeviceStateChange(self.text("Device")?, state)
            }
            "ContactStatus" => What::ContactStatus {
                endpoint: self.text("EndpointName")?,
                reachable: self.find("ContactStatus") == Some("Reachable"),
            },
            "BlindTransfer" => What::BlindTransfer {
                transferer: self.channel("Transferer")?,
                transferee: self.channel("Transferee")?,
                bridge: self.bridge("")?,
                exten: self.text("Extension")?,
                context: self.text("Context")?,
            },
            "AttendedTransfer" => What::AttendedTransfer {
                first: self.channel("OrigTransferer")?,
                second: self.channel("SecondTransferer")?,
                first_bridge: self.bridge("Orig")?,
                second_bridge: self.bridge("Second")?,
                transferee: self.channel("Transferee")?,
                target: self.channel("TransferTarget")?,
            },
            "OriginateResponse" => What::OriginateResponse {
                action_id: self.text("ActionID")?,
                answered: self.find("Response") == Some("Success"),
                reason: self.number("Reason")?,
                channel: self.text("Channel")?,
                application: self.text("Application")?,
                data: self.text("Data")?,
                uniqueid: self.text("Uniqueid")?,
                caller_id: format!("\"{}\" <{}>", self.text("CallerIDName")?, self.text("CallerIDNum")?)
                    .into(),
            },
            _ => return None,
        })
    }

    fn happening(&self) -> Option<Happening> {
        let (seconds, micros) = self.find("Timestamp")?.split_once('.')?;
        let at = seconds.parse::<i64>().ok()? * 1000 + micros.parse::<i64>().ok()? / 1000;
        let what = self.agent_event().or_else(|| self.channel_event()).or_else(|| self.other_event())?;
        Some(Happening { at, what })
    }
}

fn devices() -> [DeviceState; 5] {
    use DeviceState::{InUse, NotInUse, OnHold, Ringing, Unavailable};
    [NotInUse, InUse, Unavailable, Ringing, OnHold]
}

/// What the simulation never says, and what it says in one way only.
fn as_simulated(key: &str, value: &str) -> String {
    match key {
        "Timestamp" => format!("{}000", &value[..value.len() - 3]),
        "Membership" if value == "static" => "realtime".into(),
        "ContactStatus" if value != "Reachable" => "Unreachable".into(),
        "RoundtripUsec" if value != "0" => "1500".into(),
        "StateInterface" | "Ringinuse" | "URI" => String::new(),
        key if key.ends_with("BridgeTechnology") => "simple_bridge".into(),
        _ => value.to_owned(),
    }
}

fn lines(text: &str) -> Vec<(String, String)> {
    let pairs = text.lines().filter_map(|line| line.split_once(": "));
    pairs.map(|(key, value)| (key.to_owned(), as_simulated(key, value))).collect()
}

#[test]
fn every_recorded_event_is_spelled_again_byte_for_byte() {
    let optional = ["SwapUniqueid", "TechCause"];
    let mut spelled: BTreeMap<String, usize> = BTreeMap::new();
    for event in captures() {
        let seen = Seen::of(&event);
        let name = seen.find("Event").unwrap_or_default().to_owned();
        let is_richer = optional.iter().any(|key| seen.find(key).is_some())
            || (name == "HangupRequest" && seen.find("Cause").is_some());
        let Some(happening) = seen.happening().filter(|_| !is_richer) else { continue };
        let ours = encode(&happening, true);
        let bytes = String::from_utf8(ours.bytes.to_vec()).expect("text");
        assert!(bytes.ends_with("\r\n\r\n") && !bytes.replace("\r\n", "").contains(['\r', '\n']));
        assert_eq!(lines(&bytes), lines(&event), "{name}");
        assert_eq!(Some(ours.class.privilege()), seen.find("Privilege"));
        *spelled.entry(name).or_default() += 1;
    }
    let expected: BTreeSet<&str> = BTreeSet::from([
        "AgentCalled",
        "AgentComplete",
        "AgentConnect",
        "AgentRingNoAnswer",
        "AttendedTransfer",
        "BlindTransfer",
        "BridgeCreate",
        "BridgeDestroy",
        "BridgeEnter",
        "BridgeLeave",
        "ChanSpyStart",
        "ChanSpyStop",
        "ContactStatus",
        "DTMFEnd",
        "DeviceStateChange",
        "DialBegin",
        "DialEnd",
        "Hangup",
        "HangupRequest",
        "Hold",
        "NewConnectedLine",
        "Newchannel",
        "Newstate",
        "OriginateResponse",
        "QueueCallerAbandon",
        "QueueCallerJoin",
        "QueueCallerLeave",
        "QueueMemberAdded",
        "QueueMemberPause",
        "QueueMemberRemoved",
        "QueueMemberStatus",
        "Unhold",
    ]);
    assert_eq!(spelled.keys().map(String::as_str).collect::<BTreeSet<_>>(), expected);
    assert!(spelled.values().sum::<usize>() > 2_000, "{spelled:?}");
}

#[test]
fn without_timestampevents_only_the_time_is_missing() {
    let what = What::DeviceStateChange("PJSIP/101".into(), DeviceState::InUse);
    let bytes = encode(&Happening { at: 5, what }, false).bytes;
    let expected: &[u8] =
        b"Event: DeviceStateChange\r\nPrivilege: call,all\r\nDevice: PJSIP/101\r\nState: INUSE\r\n\r\n";
    assert_eq!(&*bytes, expected);
}
