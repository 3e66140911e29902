//! Typed reading of a frame's headers: channels, members, numbers. Names come escaped from Asterisk and leave clean.

use smol_str::{SmolStr, format_smolstr};

use super::frame::Frame;
use crate::domain::ids::UniqueId;
use crate::domain::live::event::{
    ChannelInfo, DeviceStatus, EntryInfo, HintInfo, ListedChannel, MemberInfo, QueueInfo,
};

/// A name or number is cut here; nobody's is longer, and a screen has no room for it.
const TEXT_LIMIT: usize = 256;

/// The headers of a frame, read by name and type.
pub struct Fields<'a> {
    headers: Vec<(&'a [u8], &'a [u8])>,
}

impl<'a> Fields<'a> {
    /// Splits the frame once.
    pub fn new(frame: &Frame<'a>) -> Self {
        Self { headers: frame.headers().collect() }
    }

    fn raw(&self, prefix: &str, key: &str) -> &'a [u8] {
        let wanted = |name: &[u8]| {
            name.len() == prefix.len() + key.len()
                && name[..prefix.len()].eq_ignore_ascii_case(prefix.as_bytes())
                && name[prefix.len()..].eq_ignore_ascii_case(key.as_bytes())
        };
        self.headers.iter().find(|(name, _)| wanted(name)).map(|(_, value)| *value).unwrap_or_default()
    }

    /// The text of `key`; empty when absent or unknown.
    pub fn text(&self, key: &str) -> SmolStr {
        known(self.raw("", key))
    }

    /// A channel id.
    pub fn id(&self, key: &str) -> UniqueId {
        UniqueId::new(self.text(key))
    }

    /// A channel id, when there is one.
    pub fn optional_id(&self, key: &str) -> Option<UniqueId> {
        let text = self.text(key);
        (!text.is_empty()).then(|| UniqueId::new(text))
    }

    /// A number; the type's default when absent or nonsense.
    pub fn number<T: std::str::FromStr + Default>(&self, key: &str) -> T {
        number(self.raw("", key))
    }

    /// Whether `key` has this value, without regard to case.
    pub fn is(&self, key: &str, value: &str) -> bool {
        self.raw("", key).eq_ignore_ascii_case(value.as_bytes())
    }

    /// The channel described by the headers that start with `prefix`.
    pub fn channel(&self, prefix: &str) -> ChannelInfo {
        ChannelInfo {
            id: known(self.raw(prefix, "Uniqueid")),
            name: known(self.raw(prefix, "Channel")),
            state: number(self.raw(prefix, "ChannelState")),
            caller_number: known(self.raw(prefix, "CallerIDNum")),
            caller_name: unescape(known(self.raw(prefix, "CallerIDName"))),
            connected_number: known(self.raw(prefix, "ConnectedLineNum")),
            connected_name: unescape(known(self.raw(prefix, "ConnectedLineName"))),
        }
    }

    /// The member described by a list's (`Name`, `Location`) or an event's (`MemberName`, `Interface`) headers.
    pub fn member(&self) -> MemberInfo {
        let either = |one: &str, other: &str| {
            let first = self.text(one);
            if first.is_empty() { self.text(other) } else { first }
        };
        MemberInfo {
            queue: self.text("Queue"),
            interface: either("Interface", "Location"),
            state_interface: self.text("StateInterface"),
            name: either("MemberName", "Name"),
            penalty: self.number("Penalty"),
            last_call: self.number("LastCall"),
            last_pause: self.number("LastPause"),
            in_call: self.is("InCall", "1"),
            status: DeviceStatus(self.number("Status")),
            paused: self.is("Paused", "1"),
            paused_reason: either("PausedReason", "Reason"),
            wrap_up_seconds: self.number("Wrapuptime"),
            dynamic: self.is("Membership", "dynamic"),
        }
    }

    /// The queue described by `QueueParams`.
    pub fn queue(&self) -> QueueInfo {
        QueueInfo {
            name: self.text("Queue"),
            strategy: self.text("Strategy"),
            service_level_seconds: self.number("ServiceLevel"),
        }
    }

    /// The caller described by `QueueEntry`, which sends names raw.
    pub fn entry(&self) -> EntryInfo {
        let text = |key: &str| clean(self.text(key));
        EntryInfo {
            queue: self.text("Queue"),
            position: self.number("Position"),
            channel: ChannelInfo {
                id: self.text("Uniqueid"),
                name: self.text("Channel"),
                state: 6,
                caller_number: text("CallerIDNum"),
                caller_name: text("CallerIDName"),
                connected_number: text("ConnectedLineNum"),
                connected_name: text("ConnectedLineName"),
            },
            wait_seconds: self.number("Wait"),
            priority: self.number("Priority"),
        }
    }

    /// The hint described by `ExtensionStatus`.
    pub fn hint(&self) -> HintInfo {
        let (extension, context) = (self.text("Exten"), self.text("Context"));
        HintInfo { extension: format_smolstr!("{extension}@{context}"), devices: self.text("Hint") }
    }

    /// The channel described by `CoreShowChannel`.
    pub fn listed_channel(&self) -> ListedChannel {
        let application = self.text("Application");
        let arguments = self.text("ApplicationData");
        let first_of = |name: &str| {
            let is_it = application.eq_ignore_ascii_case(name);
            let first = arguments.split(',').next().filter(|_| is_it);
            SmolStr::new(first.unwrap_or_default())
        };
        let chan_spy = first_of("ChanSpy");
        ListedChannel {
            channel: self.channel(""),
            bridge: self.text("BridgeId"),
            age_seconds: clock_seconds(&self.text("Duration")),
            spies_on: if chan_spy.is_empty() { first_of("ExtenSpy") } else { chan_spy },
            pool_agent: first_of("AgentLogin"),
        }
    }
}

/// `HH:MM:SS`, hours without bound, as seconds.
fn clock_seconds(text: &str) -> i64 {
    text.split(':').fold(0, |sum: i64, part| sum.saturating_mul(60).saturating_add(part.parse().unwrap_or(0)))
}

fn number<T: std::str::FromStr + Default>(bytes: &[u8]) -> T {
    std::str::from_utf8(bytes).ok().and_then(|text| text.trim().parse().ok()).unwrap_or_default()
}

/// The value as text, empty where Asterisk says that it does not know.
fn known(bytes: &[u8]) -> SmolStr {
    if bytes == b"<unknown>" || bytes == b"unknown" {
        return SmolStr::default();
    }
    let text = String::from_utf8_lossy(bytes);
    if text.len() <= TEXT_LIMIT { SmolStr::new(text) } else { text.chars().take(TEXT_LIMIT).collect() }
}

/// Undoes C escapes, then drops control characters: a name is shown on one line.
fn unescape(text: SmolStr) -> SmolStr {
    if !text.contains('\\') {
        return clean(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(next) = chars.next() {
        match (next, next == '\\') {
            (_, true) => match chars.next() {
                Some('n' | 't' | 'r' | 'a' | 'b' | 'f' | 'v') | None => {}
                Some(other) => out.push(other),
            },
            (plain, false) => out.push(plain),
        }
    }
    clean(out.into())
}

/// Drops control characters.
fn clean(text: SmolStr) -> SmolStr {
    if text.chars().any(char::is_control) { text.chars().filter(|c| !c.is_control()).collect() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_and_an_event_describe_the_same_member() {
        let list = "Event: QueueMember\nQueue: q\nName: Ann\nLocation: PJSIP/1\nStatus: 6\nPaused: 1\nPausedReason: Lunch\n";
        let event = "Event: QueueMemberPause\nQueue: q\nMemberName: Ann\nInterface: PJSIP/1\nStatus: 6\nPaused: 1\nReason: Lunch\n";
        let member = |text: &str| Fields::new(&Frame::from_lines(text.as_bytes())).member();
        assert_eq!(member(list), member(event));
        assert_eq!(member(list).paused_reason, "Lunch");
    }

    #[test]
    fn a_spying_channel_names_its_target() {
        let text = "Channel: PJSIP/201-00000001\nApplication: ChanSpy\nApplicationData: 17.4,qESu\nDuration: 01:02:03\n";
        let listed = Fields::new(&Frame::from_lines(text.as_bytes())).listed_channel();
        assert_eq!((listed.spies_on.as_str(), listed.age_seconds), ("17.4", 3723));
    }
}
