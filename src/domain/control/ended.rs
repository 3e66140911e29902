//! Why a supervision is over: a word for programs, a sentence for people.

use crate::domain::time::Moment;

/// Why it is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// Somebody ended it here; who.
    ByUs(String),
    /// The agent's call is over.
    CallOver,
    /// The agent has transferred the call.
    Transferred,
    /// The supervisor's phone has hung up.
    PhoneHungUp,
    /// It has run as long as one may; so many seconds.
    TimeLimit(u64),
    /// It went while the link to the PBX was down.
    LinkLost,
    /// Asterisk was restarted.
    PbxRestarted,
    /// AsterFlow ended, and ended it.
    Shutdown,
    /// AsterFlow was started anew while the phone still rang.
    Restarted,
    /// It went while AsterFlow was not running.
    NotRunning,
    /// It went, and nothing tells why.
    Unknown,
    /// It never attached: the kind of the error, and its sentence.
    NotAttached(&'static str, String),
}

impl Reason {
    /// The word of the API.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::ByUs(_) => "by-us",
            Self::CallOver => "call-over",
            Self::Transferred => "transferred",
            Self::PhoneHungUp => "phone-hung-up",
            Self::TimeLimit(_) => "time-limit",
            Self::LinkLost => "link-lost",
            Self::PbxRestarted => "pbx-restarted",
            Self::Shutdown => "shutdown",
            Self::Restarted => "restarted",
            Self::NotRunning => "not-running",
            Self::Unknown => "unknown",
            Self::NotAttached(kind, _) => kind,
        }
    }

    /// What is told of it, without knowing whom it is about.
    pub fn sentence(&self) -> String {
        match self {
            Self::ByUs(who) => format!("Ended by {who}."),
            Self::CallOver => "The call is over.".into(),
            Self::Transferred => "The agent has transferred the call.".into(),
            Self::PhoneHungUp => "The supervisor's phone has hung up.".into(),
            Self::TimeLimit(seconds) => format!("It has run for {}, as long as one may.", length(*seconds)),
            Self::LinkLost => "It ended while there was no connection to the PBX.".into(),
            Self::PbxRestarted => "Asterisk was restarted.".into(),
            Self::Shutdown => "AsterFlow was ended, and has hung it up.".into(),
            Self::Restarted => "AsterFlow was started anew while the phone rang, and has hung it up.".into(),
            Self::NotRunning => "It ended while AsterFlow was not running.".into(),
            Self::Unknown => "It has ended.".into(),
            Self::NotAttached(_, sentence) => sentence.clone(),
        }
    }
}

/// The end of a supervision.
#[derive(Clone, Debug, PartialEq)]
pub struct Ended {
    /// Why.
    pub reason: Reason,
    /// When.
    pub at: Moment,
}

fn length(seconds: u64) -> String {
    let (number, unit) = match seconds {
        s if s > 0 && s.is_multiple_of(3600) => (s / 3600, "hour"),
        s if s > 0 && s.is_multiple_of(60) => (s / 60, "minute"),
        s => (s, "second"),
    };
    format!("{number} {unit}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_told_in_its_own_unit() {
        let told = |seconds| Reason::TimeLimit(seconds).sentence();
        assert!(told(3600).contains("for 1 hour,"));
        assert!(told(5400).contains("for 90 minutes,"));
        assert!(told(61).contains("for 61 seconds,"));
    }
}
