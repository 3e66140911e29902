//! The actions that are known, with the classes that may use them and Asterisk's words about them.

use super::account::Classes;

/// An action of Asterisk's that is simulated.
pub(super) struct Known {
    /// Its name.
    pub(super) name: &'static str,
    /// Any of these classes may use it; none: every login.
    pub(super) classes: Classes,
    /// As ListCommands spells it.
    pub(super) synopsis: &'static str,
}

impl Known {
    /// Whether an account that writes `classes` may use it.
    pub(super) fn is_allowed(&self, classes: Classes) -> bool {
        self.classes.is_empty() || !self.classes.both(classes).is_empty()
    }
}

const fn known(name: &'static str, classes: Classes, synopsis: &'static str) -> Known {
    Known { name, classes, synopsis }
}

const SHOW: Classes = Classes::SYSTEM.with(Classes::REPORTING);

/// All of them, in Asterisk's order.
pub(super) const ACTIONS: [Known; 24] = [
    known("BridgeList", Classes::NONE, "Get a list of bridges in the system.  (Priv: <none>)"),
    known("Challenge", Classes::NONE, "Generate Challenge for MD5 Auth.  (Priv: <none>)"),
    known("CoreSettings", SHOW, "Show PBX core settings (version etc).  (Priv: system,reporting,all)"),
    known("CoreShowChannels", SHOW, "List currently active channels.  (Priv: system,reporting,all)"),
    known("CoreStatus", SHOW, "Show PBX core status variables.  (Priv: system,reporting,all)"),
    known(
        "DeviceStateList",
        Classes::CALL.with(Classes::REPORTING),
        "List the current known device states.  (Priv: call,reporting,all)",
    ),
    known("Events", Classes::NONE, "Control Event Flow.  (Priv: <none>)"),
    known(
        "Getvar",
        Classes::CALL.with(Classes::REPORTING),
        "Gets a channel variable or function value.  (Priv: call,reporting,all)",
    ),
    known("Hangup", Classes::SYSTEM.with(Classes::CALL), "Hangup channel.  (Priv: system,call,all)"),
    known("ListCommands", Classes::NONE, "List available manager commands.  (Priv: <none>)"),
    known("Login", Classes::NONE, "Login Manager.  (Priv: <none>)"),
    known("Logoff", Classes::NONE, "Logoff Manager.  (Priv: <none>)"),
    known("Originate", Classes::ORIGINATE, "Originate a call.  (Priv: originate,all)"),
    known("Ping", Classes::NONE, "Keepalive command.  (Priv: <none>)"),
    known("PlayDTMF", Classes::CALL, "Play DTMF signal on a specific channel.  (Priv: call,all)"),
    known("QueueAdd", Classes::AGENT, "Add interface to queue.  (Priv: agent,all)"),
    known(
        "QueueChangePriorityCaller",
        Classes::NONE,
        "Change priority of a caller on queue.  (Priv: <none>)",
    ),
    known("QueuePause", Classes::AGENT, "Makes a queue member temporarily unavailable.  (Priv: agent,all)"),
    known("QueuePenalty", Classes::AGENT, "Set the penalty for a queue member.  (Priv: agent,all)"),
    known("QueueRemove", Classes::AGENT, "Remove interface from queue.  (Priv: agent,all)"),
    known("QueueStatus", Classes::NONE, "Show queue status.  (Priv: <none>)"),
    known("QueueSummary", Classes::NONE, "Show queue summary.  (Priv: <none>)"),
    known(
        "QueueWithdrawCaller",
        Classes::NONE,
        "Request to withdraw a caller from the queue back to the dialplan.  (Priv: <none>)",
    ),
    known("SimFault", Classes::NONE, "Bring about a fault of the simulated PBX.  (Priv: <none>)"),
];

/// The action of this name, without regard to case.
pub(super) fn find(name: &str) -> Option<&'static Known> {
    ACTIONS.iter().find(|known| known.name.eq_ignore_ascii_case(name))
}
