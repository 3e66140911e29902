//! Headers → bytes.

use std::fmt::Display;
use std::io::Write;
use std::sync::Arc;

use crate::sim::ami::account::Classes;
use crate::sim::pbx::Millis;

/// The class of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Class {
    /// FullyBooted, Shutdown, ContactStatus.
    System,
    /// Channels, bridges, dials, transfers, listening, devices.
    Call,
    /// Queues and their members.
    Agent,
    /// Keys.
    Dtmf,
}

impl Class {
    /// Who hears it: an account that reads this class.
    pub const fn mask(self) -> Classes {
        match self {
            Self::System => Classes::SYSTEM,
            Self::Call => Classes::CALL,
            Self::Agent => Classes::AGENT,
            Self::Dtmf => Classes::DTMF,
        }
    }

    /// As the header Privilege spells it.
    pub const fn privilege(self) -> &'static str {
        match self {
            Self::System => "system,all",
            Self::Call => "call,all",
            Self::Agent => "agent,all",
            Self::Dtmf => "dtmf,all",
        }
    }
}

/// An event, spelled once for everybody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Encoded {
    /// Its class.
    pub class: Class,
    /// Its bytes, with the blank line.
    pub bytes: Arc<[u8]>,
}

/// A message being written.
#[derive(Debug)]
pub(in crate::sim::ami) struct Text {
    bytes: Vec<u8>,
    /// An event's class; of no meaning for answers and items of lists.
    class: Class,
}

impl Text {
    /// Begins with one header.
    pub(in crate::sim::ami) fn new(key: &str, value: &str) -> Self {
        // The commonest events have some 600 bytes.
        let mut text = Self { bytes: Vec::with_capacity(768), class: Class::System };
        text.put(key, value);
        text
    }

    /// Begins an event with its Privilege and, where `at` is given, its Timestamp.
    pub(super) fn event(name: &str, class: Class, at: Option<Millis>) -> Self {
        let mut text = Self { class, ..Self::new("Event", name) };
        text.put("Privilege", class.privilege());
        if let Some(at) = at {
            text.timestamp(at);
        }
        text
    }

    /// `Timestamp: 1795330864.120000`
    pub(in crate::sim::ami) fn timestamp(&mut self, at: Millis) {
        self.put("Timestamp", format_args!("{}.{:03}000", at.div_euclid(1000), at.rem_euclid(1000)));
    }

    /// Adds a header.
    pub(in crate::sim::ami) fn put(&mut self, key: &str, value: impl Display) {
        self.put_after("", key, value);
    }

    /// Adds a header whose name has a prefix, `Dest` or `Spyer`.
    pub(super) fn put_after(&mut self, prefix: &str, key: &str, value: impl Display) {
        self.bytes.extend_from_slice(prefix.as_bytes());
        self.bytes.extend_from_slice(key.as_bytes());
        // Writing into memory cannot fail.
        let _ = write!(self.bytes, ": {value}\r\n");
    }

    /// Adds the ActionID when the action had one.
    pub(in crate::sim::ami) fn action_id(&mut self, id: &str) {
        if !id.is_empty() {
            self.put("ActionID", id);
        }
    }

    /// Ends the message.
    pub(in crate::sim::ami) fn finish(mut self) -> Vec<u8> {
        self.bytes.extend_from_slice(b"\r\n");
        self.bytes
    }

    /// Ends an event.
    pub(super) fn encoded(self) -> Encoded {
        Encoded { class: self.class, bytes: self.finish().into() }
    }
}

/// `text`, or what Asterisk writes for nothing.
pub(super) fn or_unknown(text: &str) -> &str {
    if text.is_empty() { "<unknown>" } else { text }
}

/// A name with C escapes, as the blocks of channels spell it.
pub(super) struct Escaped<'a>(pub(super) &'a str);

impl Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut rest = self.0;
        while let Some(at) = rest.find(|c: char| escape(c).is_some()) {
            f.write_str(&rest[..at])?;
            let mut chars = rest[at..].chars();
            if let Some(letter) = chars.next().and_then(escape) {
                f.write_str("\\")?;
                f.write_str(letter)?;
            }
            rest = chars.as_str();
        }
        f.write_str(rest)
    }
}

fn escape(c: char) -> Option<&'static str> {
    Some(match c {
        '\u{7}' => "a",
        '\u{8}' => "b",
        '\u{b}' => "v",
        '\u{c}' => "f",
        '\n' => "n",
        '\r' => "r",
        '\t' => "t",
        '\\' => "\\",
        '\'' => "'",
        '"' => "\"",
        '?' => "?",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_as_in_c() {
        assert_eq!(Escaped("O'Brien \"Pat\"\r\n").to_string(), "O\\'Brien \\\"Pat\\\"\\r\\n");
        assert_eq!(Escaped("Eve Évans").to_string(), "Eve Évans");
    }

    #[test]
    fn timestamps_have_six_places() {
        let mut text = Text::new("Event", "X");
        text.timestamp(1_795_330_864_007);
        assert_eq!(text.finish(), b"Event: X\r\nTimestamp: 1795330864.007000\r\n\r\n");
    }
}
