//! Names and identifiers as distinct types, so that a queue cannot be passed where an agent is meant.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::{Deserialize, Serialize};
use smol_str::{SmolStr, StrExt as _};

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(SmolStr);

        impl $name {
            /// Takes the text as it is.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(SmolStr::new(text))
            }

            /// The text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Debug::fmt(&*self.0, f)
            }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self {
                Self::new(text)
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }
    };
}

text_id!(
    /// The name of a PBX in the configuration: the first part of every key.
    PbxName
);
text_id!(
    /// An agent (a person): the member name, or the interface where a member has no name.
    AgentName
);
text_id!(
    /// A member's interface as Asterisk spells it, `PJSIP/101`.
    Interface
);
text_id!(
    /// A channel's Uniqueid. Text, not a number: a system name may stand in front.
    UniqueId
);
text_id!(
    /// A bridge's BridgeUniqueid.
    BridgeId
);

/// A queue's name. Compared without regard to ASCII case, shown as first written.
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct QueueName(SmolStr);

impl QueueName {
    /// Takes the text as it is.
    pub fn new(text: impl AsRef<str>) -> Self {
        Self(SmolStr::new(text))
    }

    /// The text as first written.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text in ASCII lower case: the form that keys in the store use.
    pub fn folded(&self) -> String {
        self.0.to_ascii_lowercase()
    }

    /// As [`QueueName::folded`], where no text of one's own is needed: most names are short, and written that way.
    pub fn key(&self) -> SmolStr {
        if self.0.bytes().any(|byte| byte.is_ascii_uppercase()) {
            self.0.to_ascii_lowercase_smolstr()
        } else {
            self.0.clone()
        }
    }
}

impl PartialEq for QueueName {
    fn eq(&self, other: &Self) -> bool {
        self.0.eq_ignore_ascii_case(&other.0)
    }
}

impl Eq for QueueName {}

impl Hash for QueueName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        for byte in self.0.bytes() {
            state.write_u8(byte.to_ascii_lowercase());
        }
    }
}

impl PartialOrd for QueueName {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for QueueName {
    fn cmp(&self, other: &Self) -> Ordering {
        let [own, others] = [self, other].map(|name| name.0.bytes().map(|byte| byte.to_ascii_lowercase()));
        own.cmp(others)
    }
}

impl fmt::Display for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for QueueName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl From<&str> for QueueName {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

impl Interface {
    /// Whether `channel` (a full channel name such as `PJSIP/101-0000002a`) is a channel of this interface: the name
    /// is cut at its *last* dash and compared whole, so that 10, 101 and 101-a are never confused.
    pub fn owns_channel(&self, channel: &str) -> bool {
        channel.rsplit_once('-').is_some_and(|(base, _)| base.eq_ignore_ascii_case(self.endpoint()))
    }

    /// The interface without dial options: `PJSIP/101/sip:…` → `PJSIP/101`; Local channels keep their `/n` off.
    pub fn endpoint(&self) -> &str {
        let text = self.as_str();
        let mut slashes = text.match_indices('/').map(|(at, _)| at);
        match (slashes.next(), slashes.next()) {
            (Some(_), Some(second)) => &text[..second],
            _ => text,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_owns_only_its_own_channels() {
        let interface = Interface::new("PJSIP/101");
        assert!(interface.owns_channel("PJSIP/101-0000002a"));
        assert!(interface.owns_channel("pjsip/101-0000002a"));
        assert!(!interface.owns_channel("PJSIP/101-a-0000002a"));
        assert!(!interface.owns_channel("PJSIP/1011-0000002a"));
        assert!(!interface.owns_channel("PJSIP/101"));
        assert!(Interface::new("PJSIP/101/sip:x@y").owns_channel("PJSIP/101-00000001"));
    }

    #[test]
    fn queue_names_compare_without_case_and_keep_their_spelling() {
        assert_eq!(QueueName::new("Sales"), QueueName::new("sALES"));
        assert_eq!(QueueName::new("Sales").to_string(), "Sales");
        assert_ne!(QueueName::new("sales"), QueueName::new("sale"));
    }
}
