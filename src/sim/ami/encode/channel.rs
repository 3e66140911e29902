//! Events of channels, dials and bridges, and the blocks that describe a channel or bridge in any event.

use super::text::{Class, Escaped, Text, or_unknown};
use crate::sim::pbx::{Bridge, Channel, DialStatus, Millis};

impl Text {
    /// The block that describes a channel; `prefix` is empty, `Dest`, `Spyer` and so on.
    pub(in crate::sim::ami) fn channel(&mut self, prefix: &str, channel: &Channel) {
        let (number, word) = channel.state.spelled();
        self.put_after(prefix, "Channel", &channel.name);
        self.put_after(prefix, "ChannelState", number);
        self.put_after(prefix, "ChannelStateDesc", word);
        self.put_after(prefix, "CallerIDNum", or_unknown(&channel.caller.number));
        self.put_after(prefix, "CallerIDName", Escaped(or_unknown(&channel.caller.name)));
        self.put_after(prefix, "ConnectedLineNum", or_unknown(&channel.connected.number));
        self.put_after(prefix, "ConnectedLineName", Escaped(or_unknown(&channel.connected.name)));
        self.put_after(prefix, "Language", "en");
        self.put_after(prefix, "AccountCode", "");
        self.put_after(prefix, "Context", &channel.context);
        self.put_after(prefix, "Exten", &channel.exten);
        self.put_after(prefix, "Priority", channel.priority);
        self.put_after(prefix, "Uniqueid", &channel.uniqueid);
        self.put_after(prefix, "Linkedid", &channel.linkedid);
    }

    /// The block that describes a bridge.
    pub(in crate::sim::ami) fn bridge(&mut self, prefix: &str, bridge: &Bridge) {
        self.put_after(prefix, "BridgeUniqueid", &bridge.uniqueid);
        self.put_after(prefix, "BridgeType", "basic");
        self.put_after(prefix, "BridgeTechnology", "simple_bridge");
        self.put_after(prefix, "BridgeCreator", "<unknown>");
        self.put_after(prefix, "BridgeName", "<unknown>");
        self.put_after(prefix, "BridgeNumChannels", bridge.channels);
        self.put_after(prefix, "BridgeVideoSourceMode", "none");
    }
}

/// An event that describes one channel.
pub(super) fn plain(name: &str, channel: &Channel, at: Option<Millis>) -> Text {
    let mut text = Text::event(name, Class::Call, at);
    text.channel("", channel);
    text
}

/// Somebody waits.
pub(super) fn hold(channel: &Channel, at: Option<Millis>) -> Text {
    let mut text = plain("Hold", channel, at);
    text.put("MusicClass", "default");
    text
}

/// The end of a channel.
pub(super) fn hangup(channel: &Channel, cause: u8, at: Option<Millis>) -> Text {
    let mut text = plain("Hangup", channel, at);
    text.put("Cause", cause);
    text.put("Cause-txt", cause_text(cause));
    text
}

/// Asterisk's words for a cause.
fn cause_text(cause: u8) -> &'static str {
    match cause {
        1 => "Unallocated (unassigned) number",
        16 => "Normal Clearing",
        17 => "User busy",
        18 => "No user responding",
        19 => "User alerting, no answer",
        20 => "Subscriber absent",
        21 => "Call Rejected",
        26 => "Answered elsewhere",
        _ => "Unknown",
    }
}

fn dial(name: &str, caller: Option<&Channel>, dest: &Channel, at: Option<Millis>) -> Text {
    let mut text = Text::event(name, Class::Call, at);
    if let Some(caller) = caller {
        text.channel("", caller);
    }
    text.channel("Dest", dest);
    text
}

/// A phone is called.
pub(super) fn dial_begin(caller: Option<&Channel>, dest: &Channel, dialed: &str, at: Option<Millis>) -> Text {
    let mut text = dial("DialBegin", caller, dest, at);
    text.put("DialString", dialed);
    text
}

/// And no more.
pub(super) fn dial_end(
    caller: Option<&Channel>,
    dest: &Channel,
    status: DialStatus,
    at: Option<Millis>,
) -> Text {
    let mut text = dial("DialEnd", caller, dest, at);
    text.put(
        "DialStatus",
        match status {
            DialStatus::Answer => "ANSWER",
            DialStatus::Busy => "BUSY",
            DialStatus::Cancel => "CANCEL",
            DialStatus::NoAnswer => "NOANSWER",
            DialStatus::Unavailable => "CHANUNAVAIL",
        },
    );
    text
}

/// A bridge, and whoever enters or leaves it.
pub(super) fn bridge(name: &str, bridge: &Bridge, channel: Option<&Channel>, at: Option<Millis>) -> Text {
    let mut text = Text::event(name, Class::Call, at);
    text.bridge("", bridge);
    if let Some(channel) = channel {
        text.channel("", channel);
    }
    text
}
