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
    /// It would end the function that it stands in.
    #[error("{0} is no plain word")]
    NoWord(&'static str),
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
    /// Pauses or unpauses a member.
    QueuePause {
        /// Who.
        interface: String,
        /// Where; all queues of his without it.
        queue: Option<String>,
        /// Paused, or not.
        paused: bool,
        /// Why.
        reason: Option<String>,
    },
    /// Adds a dynamic member.
    QueueAdd {
        /// Where.
        queue: String,
        /// Who.
        interface: String,
        /// Member name.
        name: Option<String>,
        /// Whose state counts.
        state_interface: Option<String>,
        /// Penalty.
        penalty: u32,
    },
    /// Removes a dynamic member.
    QueueRemove {
        /// Where.
        queue: String,
        /// Who.
        interface: String,
    },
    /// Changes a member's penalty.
    QueuePenalty {
        /// Where; all queues of his without it.
        queue: Option<String>,
        /// Who.
        interface: String,
        /// The penalty.
        penalty: u32,
    },
    /// Gives a waiting caller another priority, and with it another place in the line at once (Asterisk 18 and later).
    QueueMoveUp {
        /// Where.
        queue: String,
        /// The channel's name; a Uniqueid finds nobody.
        channel_name: String,
        /// Higher is served first.
        priority: i64,
    },
    /// Sends a waiting caller on in the dialplan (Asterisk 16.25 and later).
    QueueWithdraw {
        /// Where.
        queue: String,
        /// The channel's name; a Uniqueid finds nobody.
        channel_name: String,
        /// For the dialplan.
        note: Option<String>,
    },
    /// Tells versions of Asterisk.
    CoreSettings,
    /// Lists the states of devices.
    DeviceStateList,
    /// Reads what manager.conf says of a user: the classes that it reads or writes, or its filters.
    ManagerConf {
        /// Which user.
        user: String,
        /// Which key.
        key: ManagerKey,
    },
    /// Lets a channel's application hear a key.
    Key {
        /// The channel's Uniqueid or name.
        channel: String,
        /// The digit.
        digit: char,
    },
}

/// What may be read of manager.conf. Never its secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ManagerKey {
    /// Classes of events.
    Read,
    /// Classes of actions.
    Write,
    /// Filters of events.
    EventFilter,
}

impl ManagerKey {
    fn as_str(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::EventFilter => "eventfilter",
        }
    }
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
            Self::QueuePause { .. } => "QueuePause",
            Self::QueueAdd { .. } => "QueueAdd",
            Self::QueueRemove { .. } => "QueueRemove",
            Self::QueuePenalty { .. } => "QueuePenalty",
            Self::QueueMoveUp { .. } => "QueueChangePriorityCaller",
            Self::QueueWithdraw { .. } => "QueueWithdrawCaller",
            Self::CoreSettings => "CoreSettings",
            Self::DeviceStateList => "DeviceStateList",
            Self::ManagerConf { .. } => "Getvar",
        }
    }

    /// Whether the answer is a list of events.
    pub fn is_list(&self) -> bool {
        matches!(
            self,
            Self::CoreShowChannels | Self::QueueStatus | Self::ExtensionStateList | Self::DeviceStateList
        )
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
            Self::ManagerConf { user, key } => {
                if !user.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_')) {
                    return Err(ActionTextError::NoWord("username"));
                }
                message.put("Variable", &format!("AST_CONFIG(manager.conf,{user},{})", key.as_str()))?;
            }
            Self::Logoff
            | Self::Ping
            | Self::ListCommands
            | Self::CoreShowChannels
            | Self::CoreSettings
            | Self::DeviceStateList
            | Self::ExtensionStateList
            | Self::QueueStatus => {}
            of_queue => of_queue.encode_queue(&mut message)?,
        }
        Ok(message.finish())
    }

    /// The headers of the actions upon queues.
    fn encode_queue(&self, message: &mut Message) -> Result<(), ActionTextError> {
        match self {
            Self::QueuePause { interface, queue, paused, reason } => {
                message.put_some("Queue", queue.as_deref())?;
                message.put("Interface", interface)?;
                message.put("Paused", if *paused { "true" } else { "false" })?;
                message.put_some("Reason", reason.as_deref())
            }
            Self::QueueAdd { queue, interface, name, state_interface, penalty } => {
                message.put("Queue", queue)?;
                message.put("Interface", interface)?;
                message.put("Penalty", &penalty.to_string())?;
                message.put_some("MemberName", name.as_deref())?;
                message.put_some("StateInterface", state_interface.as_deref())
            }
            Self::QueueRemove { queue, interface } => {
                message.put("Queue", queue)?;
                message.put("Interface", interface)
            }
            Self::QueuePenalty { queue, interface, penalty } => {
                message.put_some("Queue", queue.as_deref())?;
                message.put("Interface", interface)?;
                message.put("Penalty", &penalty.to_string())
            }
            Self::QueueMoveUp { queue, channel_name, priority } => {
                message.put("Queue", queue)?;
                message.put("Caller", channel_name)?;
                message.put("Priority", &priority.to_string())?;
                message.put("Immediate", "yes")
            }
            Self::QueueWithdraw { queue, channel_name, note } => {
                message.put("Queue", queue)?;
                message.put("Caller", channel_name)?;
                message.put_some("WithdrawInfo", note.as_deref())
            }
            _ => Ok(()),
        }
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

    fn put_some(&mut self, key: &'static str, value: Option<&str>) -> Result<(), ActionTextError> {
        value.map_or(Ok(()), |value| self.put(key, value))
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
mod tests;
