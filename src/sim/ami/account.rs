//! Who may log in, and which classes of events and actions that account has.

use crate::config::Secret;

/// A set of Asterisk's classes, as `read=` and `write=` in manager.conf.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Classes(u16);

/// Names and bits, in Asterisk's order.
const NAMES: [(&str, Classes); 12] = [
    ("system", Classes::SYSTEM),
    ("call", Classes::CALL),
    ("log", Classes(1 << 2)),
    ("verbose", Classes(1 << 3)),
    ("agent", Classes::AGENT),
    ("user", Classes(1 << 5)),
    ("config", Classes(1 << 6)),
    ("command", Classes(1 << 7)),
    ("dtmf", Classes::DTMF),
    ("reporting", Classes::REPORTING),
    ("dialplan", Classes(1 << 10)),
    ("originate", Classes::ORIGINATE),
];

impl Classes {
    /// None: what every login may do.
    pub const NONE: Self = Self(0);
    /// `system`
    pub const SYSTEM: Self = Self(1);
    /// `call`
    pub const CALL: Self = Self(1 << 1);
    /// `agent`
    pub const AGENT: Self = Self(1 << 4);
    /// `dtmf`
    pub const DTMF: Self = Self(1 << 8);
    /// `reporting`
    pub const REPORTING: Self = Self(1 << 9);
    /// `originate`
    pub const ORIGINATE: Self = Self(1 << 11);
    /// `all`
    pub const ALL: Self = Self(u16::MAX);

    /// These and `other`.
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// What both have.
    pub const fn both(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether there is any.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether all of `other` are here: the rule for events.
    pub const fn holds(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The set as manager.conf writes it.
    pub fn words(self) -> String {
        if self == Self::ALL {
            return "all".to_owned();
        }
        let held = NAMES.iter().filter(|(_, class)| self.holds(*class));
        held.map(|(name, _)| *name).collect::<Vec<_>>().join(",")
    }

    /// The set written as `call,agent`; `on` and `all` are all, `off` and `none` are none. `None` for a word that is no
    /// class.
    pub fn parse(text: &str) -> Option<Self> {
        let one = |word: &str| match word.trim().to_ascii_lowercase().as_str() {
            "on" | "all" | "true" | "yes" | "1" => Some(Self::ALL),
            "off" | "none" | "false" | "no" | "0" => Some(Self::NONE),
            word => NAMES.iter().find(|(name, _)| *name == word).map(|(_, class)| *class),
        };
        text.split(',').try_fold(Self::NONE, |sum, word| Some(sum.with(one(word)?)))
    }
}

/// A manager user.
#[derive(Clone, Debug)]
pub struct Account {
    /// Its name.
    pub username: String,
    /// Its secret.
    pub secret: Secret,
    /// Which events it hears.
    pub read: Classes,
    /// Which actions it may use.
    pub write: Classes,
}

impl Account {
    /// The least that the wall needs: `read=call,agent,system,dtmf`, `write=agent,call,originate,reporting`.
    pub fn for_wall(username: &str, secret: Secret) -> Self {
        let (call, agent) = (Classes::CALL, Classes::AGENT);
        Self {
            username: username.to_owned(),
            secret,
            read: call.with(agent).with(Classes::SYSTEM).with(Classes::DTMF),
            write: call.with(agent).with(Classes::ORIGINATE).with(Classes::REPORTING),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_of_classes_are_read_as_in_manager_conf() {
        assert_eq!(Classes::parse("call, agent"), Some(Classes::CALL.with(Classes::AGENT)));
        assert_eq!(Classes::parse("on"), Some(Classes::ALL));
        assert_eq!(Classes::parse("off"), Some(Classes::NONE));
        assert_eq!(Classes::parse("calls"), None);
        assert!(!Classes::CALL.holds(Classes::CALL.with(Classes::AGENT)));
    }
}
