//! What happened → the bytes of Asterisk 22's event of the same name. Tests hold every name, order and class against
//! recordings of a real one; nothing about the format is made up here.

mod channel;
mod queue;
mod spy;
mod text;
mod transfer;

#[cfg(test)]
mod tests;

use crate::sim::pbx::{DeviceState, Happening, Millis, What};
use queue::agent_event;
use spy::Originated;
pub(super) use text::Text;
pub use text::{Class, Encoded};

/// Spells one happening; with its time where `timestamps` (timestampevents in manager.conf).
pub fn encode(happening: &Happening, timestamps: bool) -> Encoded {
    let at = timestamps.then_some(happening.at);
    match call_event(&happening.what, at) {
        Some(text) => text.encoded(),
        None => agent_event(&happening.what, at).encoded(),
    }
}

fn call_event(what: &What, at: Option<Millis>) -> Option<Text> {
    Some(match what {
        What::Newchannel(channel) => channel::plain("Newchannel", channel, at),
        What::Newstate(channel) => channel::plain("Newstate", channel, at),
        What::NewConnectedLine(channel) => channel::plain("NewConnectedLine", channel, at),
        What::HangupRequest(channel) => channel::plain("HangupRequest", channel, at),
        What::Unhold(channel) => channel::plain("Unhold", channel, at),
        What::Hold(channel) => channel::hold(channel, at),
        What::Hangup(channel, cause) => channel::hangup(channel, *cause, at),
        What::DialBegin { caller, dest, dialed } => channel::dial_begin(caller.as_ref(), dest, dialed, at),
        What::DialEnd { caller, dest, status } => channel::dial_end(caller.as_ref(), dest, *status, at),
        What::BridgeCreate(bridge) => channel::bridge("BridgeCreate", bridge, None, at),
        What::BridgeDestroy(bridge) => channel::bridge("BridgeDestroy", bridge, None, at),
        What::BridgeEnter(bridge, channel) => channel::bridge("BridgeEnter", bridge, Some(channel), at),
        What::BridgeLeave(bridge, channel) => channel::bridge("BridgeLeave", bridge, Some(channel), at),
        What::DeviceStateChange(device, state) => device_state(device, *state, at),
        What::ContactStatus { endpoint, reachable } => contact(endpoint, *reachable, at),
        What::DtmfEnd { channel, digit, duration_ms } => spy::key(channel, *digit, *duration_ms, at),
        What::ChanSpyStart { spyer, spyee } => spy::spying("ChanSpyStart", spyer, spyee, at),
        What::ChanSpyStop { spyer, spyee } => spy::spying("ChanSpyStop", spyer, spyee, at),
        What::BlindTransfer { transferer, transferee, bridge, exten, context } => {
            transfer::blind(transferer, transferee, bridge, (context, exten), at)
        }
        What::AttendedTransfer { first, second, first_bridge, second_bridge, transferee, target } => {
            transfer::attended((first, first_bridge), (second, second_bridge), transferee, target, at)
        }
        What::OriginateResponse {
            action_id,
            answered,
            reason,
            channel,
            application,
            data,
            uniqueid,
            caller_id,
        } => {
            let (answered, reason) = (*answered, *reason);
            let what =
                Originated { action_id, answered, reason, channel, application, data, uniqueid, caller_id };
            spy::originated(&what, at)
        }
        What::QueueCallerJoin { .. }
        | What::QueueCallerLeave { .. }
        | What::QueueCallerAbandon { .. }
        | What::AgentCalled(_)
        | What::AgentRingNoAnswer { .. }
        | What::AgentConnect { .. }
        | What::AgentComplete { .. }
        | What::QueueMemberStatus(_)
        | What::QueueMemberAdded(_)
        | What::QueueMemberRemoved(_)
        | What::QueueMemberPenalty(_)
        | What::QueueMemberPause(_) => return None,
    })
}

fn device_state(device: &str, state: DeviceState, at: Option<Millis>) -> Text {
    let mut text = Text::event("DeviceStateChange", Class::Call, at);
    text.put("Device", device);
    text.put("State", state.spelled().1);
    text
}

fn contact(endpoint: &str, reachable: bool, at: Option<Millis>) -> Text {
    let mut text = Text::event("ContactStatus", Class::System, at);
    text.put("URI", format_args!("sip:{endpoint}@127.0.0.1:5060"));
    text.put("ContactStatus", if reachable { "Reachable" } else { "Unreachable" });
    text.put("AOR", endpoint);
    text.put("EndpointName", endpoint);
    text.put("RoundtripUsec", if reachable { 1500 } else { 0 });
    text
}

/// Asterisk ends; the sockets close next.
pub fn shutdown(at: Millis, timestamps: bool) -> Encoded {
    let mut text = Text::event("Shutdown", Class::System, timestamps.then_some(at));
    text.put("Shutdown", "Cleanly");
    text.put("Restart", "True");
    text.encoded()
}

/// Asterisk has finished its start, told to those who logged in before.
pub fn fully_booted(uptime_seconds: i64, at: Millis, timestamps: bool) -> Encoded {
    let mut text = Text::event("FullyBooted", Class::System, timestamps.then_some(at));
    text.put("Status", "Fully Booted");
    text.put("Uptime", uptime_seconds);
    text.put("LastReload", uptime_seconds);
    text.encoded()
}

/// The same, told with a login: never with a time, and in another order.
pub fn booted_at_login(uptime_seconds: i64) -> Encoded {
    let mut text = Text::event("FullyBooted", Class::System, None);
    text.put("Uptime", uptime_seconds);
    text.put("LastReload", uptime_seconds);
    text.put("Status", "Fully Booted");
    text.encoded()
}
