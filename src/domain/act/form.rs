//! The form of what was typed: short, one line, and nothing that Asterisk or queue_log would read as something else.

use super::{Act, ActError, Victim};

/// Longest reason, name or note in bytes: `queue_members.reason_paused` and `membername` hold 80.
const LONGEST: usize = 80;
/// Longest interface or queue name in bytes.
const LONGEST_NAME: usize = 128;
/// Highest penalty: Asterisk's own rules stop there.
const PENALTY: u32 = 1_000_000;
/// What dials one phone and nothing else. (`PJSIP/0900@trunk` or `SIP/trunk/0900` would dial out.)
const PHONES: [&str; 6] = ["PJSIP", "SIP", "IAX2", "DAHDI", "SCCP", "Agent"];

impl Act {
    /// Whether its texts can be sent as they are.
    ///
    /// # Errors
    /// `Invalid`, saying which and why.
    pub fn check(&self) -> Result<(), ActError> {
        match self {
            Self::Pause { agent, queue, reason } => {
                name("agent", agent.as_str())?;
                queue.iter().try_for_each(|queue| name("queue", queue.as_str()))?;
                reason.iter().try_for_each(|reason| text("reason", reason))
            }
            Self::Unpause { agent, queue } => {
                name("agent", agent.as_str())?;
                queue.iter().try_for_each(|queue| name("queue", queue.as_str()))
            }
            Self::Penalty { queue, agent, penalty } => {
                name("agent", agent.as_str())?;
                queue.iter().try_for_each(|queue| name("queue", queue.as_str()))?;
                penalty_is_sane(*penalty)
            }
            Self::Add { queue, agent, name: member, penalty, state_interface } => {
                name("queue", queue.as_str())?;
                phone(agent.as_str())?;
                member.iter().try_for_each(|member| text("name", member))?;
                state_interface.iter().try_for_each(|device| device_is_plain(device))?;
                penalty_is_sane(*penalty)
            }
            Self::Remove { queue, agent } => {
                name("queue", queue.as_str())?;
                name("agent", agent.as_str())
            }
            Self::MoveUp { caller } => channel(caller.as_str()),
            Self::Withdraw { caller, note } => {
                channel(caller.as_str())?;
                note.iter().try_for_each(|note| text("note", note))
            }
            Self::HangUp(Victim::Channel(id)) => channel(id.as_str()),
            Self::HangUp(Victim::Agent(agent)) => name("agent", agent.as_str()),
        }
    }
}

fn invalid(sentence: String) -> ActError {
    ActError::Invalid(sentence)
}

/// A reason, a member's name, a note.
fn text(key: &str, value: &str) -> Result<(), ActError> {
    if value.trim().is_empty() || value.chars().any(char::is_control) {
        return Err(invalid(format!(
            "\"{key}\" is empty or has line ends or control characters. Write one line."
        )));
    }
    if value.len() > LONGEST {
        return Err(invalid(format!("\"{key}\" is longer than {LONGEST} bytes. Shorten it.")));
    }
    if value.contains('|') {
        return Err(invalid(format!(
            "\"{key}\" may not hold a | : queue_log separates its columns by it. Write something else."
        )));
    }
    Ok(())
}

/// The name of a queue or interface, which has to be known on the floor anyway.
fn name(key: &str, value: &str) -> Result<(), ActError> {
    let is_plain = |c: char| !c.is_control() && c != '|';
    if value.trim().is_empty() || value.len() > LONGEST_NAME || !value.chars().all(is_plain) {
        return Err(invalid(format!("\"{key}\" is empty, too long, or has a | or control characters.")));
    }
    Ok(())
}

fn penalty_is_sane(penalty: u32) -> Result<(), ActError> {
    if penalty <= PENALTY { Ok(()) } else { Err(invalid(format!("\"penalty\" is over {PENALTY}."))) }
}

/// A Uniqueid: what starts with / would be a pattern over all channels.
fn channel(id: &str) -> Result<(), ActError> {
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_');
    if id.is_empty() || id.len() > LONGEST_NAME || !id.bytes().all(is_plain) {
        return Err(invalid("The channel is given by its Uniqueid, such as 1795330864.4.".into()));
    }
    Ok(())
}

/// The interface of a new member: one phone. What would dial a number through a trunk, or into any context, is refused;
/// a Local channel is held against the contexts that members use already (see `plan`).
fn phone(interface: &str) -> Result<(), ActError> {
    let cure =
        "Write one phone, such as PJSIP/101, or Local/101@from-queue/n where members are called that way.";
    let wrong = || Err(invalid(format!("\"agent\" is no phone that can be a member. {cure}")));
    let Some((technology, rest)) = interface.split_once('/') else { return wrong() };
    if interface.len() > LONGEST_NAME {
        return wrong();
    }
    if technology.eq_ignore_ascii_case("Local") {
        return if local_context(interface).is_some() { Ok(()) } else { wrong() };
    }
    let is_phone = PHONES.iter().any(|known| known.eq_ignore_ascii_case(technology));
    if is_phone && !rest.is_empty() && rest.bytes().all(is_of_a_word) { Ok(()) } else { wrong() }
}

fn is_of_a_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')
}

/// The context that `Local/101@context/n` dials into; `None` for what is written in another way.
pub(super) fn local_context(interface: &str) -> Option<&str> {
    let (technology, rest) = interface.split_once('/')?;
    let (number, place) = rest.split_once('@')?;
    let (context, options) = place.split_once('/').unwrap_or((place, ""));
    let is_word = |text: &str| !text.is_empty() && text.bytes().all(is_of_a_word);
    let is_local =
        technology.eq_ignore_ascii_case("Local") && options.bytes().all(|b| b.is_ascii_lowercase());
    (is_local && is_word(number) && is_word(context)).then_some(context)
}

/// `PJSIP/101`, `hint:101@ext-local`, `Custom:DND101`.
fn device_is_plain(device: &str) -> Result<(), ActError> {
    let is_plain = |b: u8| is_of_a_word(b) || matches!(b, b'/' | b':' | b'@');
    if device.is_empty() || device.len() > LONGEST_NAME || !device.bytes().all(is_plain) {
        return Err(invalid(
            "\"state_interface\" is no device. Write it as PJSIP/101 or hint:101@ext-local.".into(),
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(interface: &str) -> Act {
        Act::Add {
            queue: "sales".into(),
            agent: interface.into(),
            name: None,
            penalty: 0,
            state_interface: None,
        }
    }

    #[test]
    fn only_one_phone_can_become_a_member() {
        for good in
            ["PJSIP/101", "pjsip/101-a", "SIP/bob.b", "DAHDI/1", "Local/101@from-queue/n", "Local/101@q"]
        {
            assert_eq!(add(good).check(), Ok(()), "{good}");
        }
        for bad in [
            "101",
            "PJSIP/",
            "PJSIP/0900@trunk",
            "PJSIP/trunk/sip:0900@elsewhere",
            "SIP/trunk/0900",
            "DAHDI/g1/0900",
            "Local/101@from-queue/n&PJSIP/9",
            "Local/${SHELL(id)}@x",
            "Local/101",
            "AudioSocket/1",
            "PJSIP/101,30",
            "PJSIP/101\r\nAction: Command",
            "",
        ] {
            assert_eq!(add(bad).check().map_err(|error| error.kind()), Err("invalid"), "{bad}");
        }
    }

    #[test]
    fn a_reason_is_one_short_line_without_a_pipe() {
        let pause =
            |reason: &str| Act::Pause { agent: "PJSIP/101".into(), queue: None, reason: Some(reason.into()) };
        assert_eq!(pause("Lunch, then meeting: 14:00 – späť").check(), Ok(()));
        for bad in ["a|b", "a\r\nb", "a\0b", "a\nAction: Originate", " ", &"x".repeat(81)] {
            assert!(pause(bad).check().is_err(), "{bad:?}");
        }
        let told = pause("Lunch|x").check().expect_err("refused").to_string();
        assert!(told.contains("queue_log"), "{told}");
    }

    #[test]
    fn a_channel_is_no_pattern_over_all_channels() {
        let hang_up = |id: &str| Act::HangUp(Victim::Channel(id.into())).check();
        assert_eq!(hang_up("pbx1-1795330864.4"), Ok(()));
        for bad in ["/.*/", "", "1.1\nAction: x", "PJSIP/101-1", "a,b"] {
            assert!(hang_up(bad).is_err(), "{bad}");
        }
    }
}
