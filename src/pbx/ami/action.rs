//! Actions → bytes. Typed, so that nothing a person typed becomes a header.

use md5::{Digest, Md5};

/// Longest value of a header in bytes; Asterisk refuses lines over 1024 with their name and end.
const VALUE_LIMIT: usize = 1000;

/// An action that cannot be sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ActionTextError {
    /// A line end or NUL would become a second header or action.
    #[error("{0} holds a line end or NUL")]
    Control(&'static str),
    /// Asterisk would refuse the line.
    #[error("{0} is longer than {VALUE_LIMIT} bytes")]
    TooLong(&'static str),
}

/// What can be asked of Asterisk. Nothing else is ever sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Asks for the challenge of an MD5 login.
    Challenge,
    /// Logs in with the answer to the challenge.
    Login {
        /// The manager user.
        username: String,
        /// Lower-case hex of md5(challenge, secret).
        key: String,
    },
    /// Says goodbye.
    Logoff,
    /// Asks for a sign of life.
    Ping,
    /// Lists the actions that this user may use.
    ListCommands,
    /// Lists all channels with their bridges.
    CoreShowChannels,
    /// Lists all queues, members and waiting callers.
    QueueStatus,
    /// Lists all hints with their devices.
    ExtensionStateList,
    /// Calls a supervisor's phone and lets it listen.
    Spy {
        /// The phone to call, `PJSIP/201`.
        phone: String,
        /// Data of ChanSpy: the exact channel and options.
        spied: String,
        /// The Uniqueid that the supervisor's channel shall have.
        id: String,
        /// Shown on the supervisor's phone.
        caller_id: String,
        /// How long it rings, in milliseconds.
        timeout_ms: u32,
    },
    /// Hangs up one channel.
    Hangup {
        /// Its Uniqueid or name.
        channel: String,
    },
    /// Lets a channel's application hear a key.
    Key {
        /// The channel's Uniqueid or name.
        channel: String,
        /// The digit.
        digit: char,
    },
}

impl Action {
    /// Asterisk's name of it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Challenge => "Challenge",
            Self::Login { .. } => "Login",
            Self::Logoff => "Logoff",
            Self::Ping => "Ping",
            Self::ListCommands => "ListCommands",
            Self::CoreShowChannels => "CoreShowChannels",
            Self::QueueStatus => "QueueStatus",
            Self::ExtensionStateList => "ExtensionStateList",
            Self::Spy { .. } => "Originate",
            Self::Hangup { .. } => "Hangup",
            Self::Key { .. } => "PlayDTMF",
        }
    }

    /// Whether the answer is a list of events.
    pub fn is_list(&self) -> bool {
        matches!(self, Self::CoreShowChannels | Self::QueueStatus | Self::ExtensionStateList)
    }

    /// The bytes to send.
    ///
    /// # Errors
    /// When a value cannot stand on one line.
    pub fn encode(&self, action_id: &str) -> Result<Vec<u8>, ActionTextError> {
        let mut message = Message::new(self.name(), action_id);
        match self {
            Self::Challenge => message.put("AuthType", "MD5")?,
            Self::Login { username, key } => {
                message.put("AuthType", "MD5")?;
                message.put("Username", username)?;
                message.put("Key", key)?;
                message.put("Events", "on")?;
            }
            Self::Spy { phone, spied, id, caller_id, timeout_ms } => {
                message.put("Channel", phone)?;
                message.put("Application", "ChanSpy")?;
                message.put("Data", spied)?;
                message.put("ChannelId", id)?;
                message.put("CallerID", caller_id)?;
                message.put("Timeout", &timeout_ms.to_string())?;
                message.put("Async", "true")?;
            }
            Self::Hangup { channel } => {
                message.put("Channel", channel)?;
                message.put("Cause", "16")?;
            }
            Self::Key { channel, digit } => {
                message.put("Channel", channel)?;
                message.put("Digit", &digit.to_string())?;
                message.put("Receive", "true")?;
            }
            Self::Logoff
            | Self::Ping
            | Self::ListCommands
            | Self::CoreShowChannels
            | Self::QueueStatus
            | Self::ExtensionStateList => {}
        }
        Ok(message.finish())
    }
}

struct Message {
    text: String,
}

impl Message {
    fn new(action: &str, action_id: &str) -> Self {
        Self { text: format!("Action: {action}\r\nActionID: {action_id}\r\n") }
    }

    fn put(&mut self, key: &'static str, value: &str) -> Result<(), ActionTextError> {
        if value.contains(['\r', '\n', '\0']) {
            return Err(ActionTextError::Control(key));
        }
        if value.len() > VALUE_LIMIT {
            return Err(ActionTextError::TooLong(key));
        }
        self.text.push_str(key);
        self.text.push_str(": ");
        self.text.push_str(value);
        self.text.push_str("\r\n");
        Ok(())
    }

    fn finish(mut self) -> Vec<u8> {
        self.text.push_str("\r\n");
        self.text.into_bytes()
    }
}

/// The answer to a challenge: lower-case hex of md5(challenge, secret).
pub fn challenge_key(challenge: &str, secret: &str) -> String {
    let mut hash = Md5::new();
    hash.update(challenge.as_bytes());
    hash.update(secret.as_bytes());
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_end_in_a_value_is_refused_not_sent() {
        for bad in ["x\r\nAction: Command", "x\ny", "x\0y"] {
            let hangup = Action::Hangup { channel: bad.into() };
            assert_eq!(hangup.encode("a"), Err(ActionTextError::Control("Channel")));
        }
        let long = Action::Hangup { channel: "x".repeat(1001) };
        assert_eq!(long.encode("a"), Err(ActionTextError::TooLong("Channel")));
    }

    #[test]
    fn the_key_is_lower_case_hex_of_challenge_and_secret() {
        // md5 of 840415273secret, by md5sum.
        assert_eq!(challenge_key("840415273", "secret"), "81c3ab5534a432bec402f6d988ee45b4");
    }

    #[test]
    fn spying_is_async_and_exact() {
        let spy = Action::Spy {
            phone: "PJSIP/201".into(),
            spied: "17.4,qESu".into(),
            id: "asterflow-1".into(),
            caller_id: "Listen <101>".into(),
            timeout_ms: 20_000,
        };
        let text = String::from_utf8(spy.encode("a1").expect("bytes")).expect("text");
        assert!(text.starts_with("Action: Originate\r\nActionID: a1\r\nChannel: PJSIP/201\r\n"));
        assert!(text.contains("Async: true\r\n") && text.ends_with("\r\n\r\n"));
    }
}
