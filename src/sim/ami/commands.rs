//! Actions that change something → commands to the PBX, and what is said when it takes them.

use std::sync::Arc;

use super::account::Classes;
use super::request::Request;
use crate::sim::pbx::{Command, Originate};

/// How long a phone rings when an Originate does not say, ms.
const RING_MS: u32 = 30_000;
/// Longest uniqueid that an Originate may ask for, bytes.
const ID: usize = 149;
/// Words in *Data* that need the class `system`, as Asterisk checks them: with regard to case, anywhere.
const BLACKLIST: [&str; 7] = ["CURL", "DB", "EVAL", "FILE", "ODBC", "REALTIME", "SHELL"];

/// The command that an action asks for with the sentence of its success; an error is Asterisk's sentence.
pub(super) fn command(
    name: &str,
    request: &Request,
    write: Classes,
) -> Result<(Command, &'static str), &'static str> {
    match name {
        "Originate" => Ok((originate(request, write)?, "Originate successfully queued")),
        "Hangup" => Ok((
            Command::Hangup {
                channel: given(request, "Channel", "No channel specified")?,
                cause: request.get("Cause").parse().unwrap_or(16),
            },
            "Channel Hungup",
        )),
        "PlayDTMF" => {
            let channel = given(request, "Channel", "Channel not specified")?;
            let digit = request.get("Digit").chars().next().ok_or("No digit specified")?;
            Ok((Command::PlayDtmf { channel, digit }, "DTMF successfully queued"))
        }
        "QueuePause" => pause(request),
        "QueueAdd" => Ok((add(request)?, "Added interface to queue")),
        "QueueRemove" => {
            let both = "Need 'Queue' and 'Interface' parameters.";
            let (queue, interface) = (given(request, "Queue", both)?, given(request, "Interface", both)?);
            Ok((Command::QueueRemove { queue, interface }, "Removed interface from queue"))
        }
        "QueuePenalty" => {
            let interface = given(request, "Interface", "Need 'Interface' and 'Penalty' parameters.")?;
            let penalty = given(request, "Penalty", "Need 'Interface' and 'Penalty' parameters.")?;
            let queue = request.given("Queue").map(Arc::from);
            let penalty = penalty.parse().unwrap_or(0);
            let command = Command::QueuePenalty { interface, queue, penalty };
            Ok((command, "Interface penalty set successfully"))
        }
        "QueueChangePriorityCaller" => {
            let command = Command::QueueChangePriority {
                queue: given(request, "Queue", "'Queue' not specified.")?,
                caller: given(request, "Caller", "'Caller' not specified.")?,
                priority: given(request, "Priority", "'Priority' not specified.")?
                    .parse()
                    .map_err(|_| "'Priority' need integer.")?,
                immediate: request.says_yes("Immediate"),
            };
            Ok((command, "Priority change for caller on queue"))
        }
        "QueueWithdrawCaller" => Ok((
            Command::QueueWithdrawCaller {
                queue: given(request, "Queue", "'Queue' not specified.")?,
                caller: given(request, "Caller", "'Caller' not specified.")?,
                info: request.get("WithdrawInfo").into(),
            },
            "Withdraw requested successfully",
        )),
        _ => Err("Not simulated"),
    }
}

fn given(request: &Request, key: &str, missing: &'static str) -> Result<Arc<str>, &'static str> {
    request.given(key).map(Arc::from).ok_or(missing)
}

fn originate(request: &Request, write: Classes) -> Result<Command, &'static str> {
    let channel = given(request, "Channel", "Channel not specified")?;
    let application = request.get("Application");
    if !application.eq_ignore_ascii_case("ChanSpy") {
        return Err("The simulated PBX originates ChanSpy only");
    }
    let data = request.get("Data");
    let is_blacklisted = BLACKLIST.iter().any(|word| data.contains(word));
    if is_blacklisted && !write.holds(Classes::SYSTEM) {
        return Err("Originate Access Forbidden: app or data blacklisted");
    }
    let channel_id = request.get("ChannelId");
    if channel_id.len() > ID {
        return Err("Uniqueid length exceeds maximum of 149");
    }
    let timeout_ms = match request.given("Timeout") {
        Some(text) => text.parse().map_err(|_| "Invalid timeout")?,
        None => RING_MS,
    };
    Ok(Command::Originate(Originate {
        action_id: request.get("ActionID").into(),
        channel,
        application: "ChanSpy".into(),
        data: data.into(),
        channel_id: channel_id.into(),
        caller_id: request.get("CallerID").into(),
        timeout_ms,
    }))
}

fn pause(request: &Request) -> Result<(Command, &'static str), &'static str> {
    let both = "Need 'Interface' and 'Paused' parameters.";
    let interface = given(request, "Interface", both)?;
    request.given("Paused").ok_or(both)?;
    let paused = request.says_yes("Paused");
    let command = Command::QueuePause {
        interface,
        queue: request.given("Queue").map(Arc::from),
        paused,
        reason: request.get("Reason").into(),
    };
    let done = if paused { "Interface paused successfully" } else { "Interface unpaused successfully" };
    Ok((command, done))
}

fn add(request: &Request) -> Result<Command, &'static str> {
    let interface = given(request, "Interface", "'Interface' not specified.")?;
    Ok(Command::QueueAdd {
        queue: given(request, "Queue", "'Queue' not specified.")?,
        name: request.given("MemberName").map_or_else(|| Arc::clone(&interface), Arc::from),
        interface,
        penalty: request.get("Penalty").parse().unwrap_or(0),
        paused: request.says_yes("Paused"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_chanspy_is_originated_and_blacklisted_data_is_refused() {
        let text = |app: &str, data: &str| {
            Request::of(&format!("Channel: PJSIP/201\nApplication: {app}\nData: {data}\nChannelId: x"))
        };
        let ask = |app: &str, data: &str, write| command("Originate", &text(app, data), write);
        assert!(matches!(
            ask("chanspy", "17.4,qES", Classes::ORIGINATE),
            Ok((Command::Originate(Originate { timeout_ms: 30_000, .. }), _))
        ));
        assert!(ask("System", "rm", Classes::ALL).is_err());
        let sales = ask("ChanSpy", "PJSIP/DBsales-1", Classes::ORIGINATE);
        assert_eq!(sales, Err("Originate Access Forbidden: app or data blacklisted"));
        assert!(ask("ChanSpy", "PJSIP/DBsales-1", Classes::ALL).is_ok());
    }

    #[test]
    fn a_pause_without_a_queue_means_all() {
        let request = Request::of("Interface: PJSIP/101\nPaused: true\nReason: Lunch");
        let (asked, done) = command("QueuePause", &request, Classes::AGENT).expect("a command");
        assert!(matches!(asked, Command::QueuePause { queue: None, paused: true, .. }));
        assert_eq!(done, "Interface paused successfully");
        assert!(command("QueuePause", &Request::of("Interface: PJSIP/101"), Classes::AGENT).is_err());
    }
}
