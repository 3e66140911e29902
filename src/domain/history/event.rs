//! What a row of `queue_log` says: Asterisk's words and columns → a typed event, with units.
//!
//! An unknown word is no error: it is kept as [`Event::Other`]. A known word whose numbers cannot be read is an
//! [`Oddity`]; it is counted and shown, and never fails a batch.

use smol_str::SmolStr;

use super::row::LogRow;

/// How a call was passed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum TransferKind {
    /// Without asking.
    Blind,
    /// After asking.
    Attended,
}

/// A typed row. Seconds and milliseconds as logged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A caller joined the queue.
    Enter {
        /// The caller's number; empty when withheld.
        number: SmolStr,
    },
    /// An agent and the caller were connected.
    Connect {
        /// Seconds the caller waited.
        hold: i64,
        /// Uniqueid of the member's channel.
        leg: SmolStr,
        /// Seconds the member's phone rang.
        ring: i64,
    },
    /// The call ended by hanging up, or was passed on.
    End {
        /// Seconds the caller had waited; repeats the CONNECT's.
        hold: i64,
        /// Seconds of talk.
        talk: i64,
        /// `None`: hung up.
        transfer: Option<TransferKind>,
    },
    /// The caller left unanswered.
    Leave {
        /// How.
        how: Leave,
        /// Seconds the caller had waited.
        wait: i64,
    },
    /// A phone rang out, or refused.
    RingNoAnswer {
        /// Milliseconds; up to 1000: refused at once.
        millis: i64,
    },
    /// A phone stopped ringing because the caller gave up.
    RingCanceled {
        /// Milliseconds.
        millis: i64,
    },
    /// The agent hung up before being bridged; the caller stays in the queue.
    AgentDump,
    /// The channels could not be made compatible; ABANDON follows.
    SysCompat,
    /// A member was added to a queue.
    AddMember {
        /// Added in pause.
        paused: bool,
        /// Read from the database by Asterisk itself: says nothing about a login.
        realtime: bool,
    },
    /// A member was removed from a queue.
    RemoveMember,
    /// An agent of app_agent_pool logged in.
    Login,
    /// An agent of app_agent_pool logged off.
    Logoff,
    /// Paused in one queue.
    Pause {
        /// As given.
        reason: SmolStr,
    },
    /// Paused in all queues; a row per queue follows.
    PauseAll {
        /// As given.
        reason: SmolStr,
    },
    /// No longer paused in one queue.
    Unpause,
    /// No longer paused in any queue.
    UnpauseAll,
    /// Asterisk started: nothing that was open is open any more.
    QueueStart,
    /// Anything else: kept, not counted.
    Other,
}

/// How a caller left unanswered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Leave {
    /// Hung up.
    Abandon,
    /// The queue's time was over.
    Timeout,
    /// The queue emptied.
    Empty,
    /// Pressed a key.
    Key,
    /// Taken out by an action.
    Withdraw,
}

/// What could not be understood, by kind. Counted and shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Oddity {
    /// A word that this program does not know (also products' own events).
    UnknownEvent,
    /// A known word whose numbers cannot be read.
    BadNumber,
    /// A time that cannot be read, or a zero date.
    BadTime,
    /// A name that fills its column to the last character: it may have been cut.
    Truncated,
    /// A ring without a visit to belong to.
    RingWithoutVisit,
    /// A closing or end row that made a visit of its own.
    OwnVisit,
    /// A visit whose end is unknown.
    Unresolved,
    /// A connected call without an end row.
    MissingEnd,
}

impl Oddity {
    /// The word of the JSON line and of the status page.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::UnknownEvent => "unknown_event",
            Self::BadNumber => "bad_number",
            Self::BadTime => "bad_time",
            Self::Truncated => "truncated",
            Self::RingWithoutVisit => "ring_without_visit",
            Self::OwnVisit => "own_visit",
            Self::Unresolved => "unresolved",
            Self::MissingEnd => "missing_end",
        }
    }
}

/// Words that are known and mean nothing for the figures.
const SILENT: &[&str] = &["CONFIGRELOAD", "PENALTY", "RINGINUSE", "DID", "INFO", "OUTCALL"];

/// Reads a row.
///
/// # Errors
/// The oddity that keeps the row from being counted; it is still stored.
pub fn parse(row: &LogRow) -> Result<Event, Oddity> {
    let text = |at: usize| row.data[at].trim();
    let number = |at: usize| -> Result<i64, Oddity> { count(text(at)).ok_or(Oddity::BadNumber) };
    let leave = |how: Leave, at: usize| Ok(Event::Leave { how, wait: number(at)? });
    match row.event.trim() {
        "ENTERQUEUE" => Ok(Event::Enter { number: text(1).into() }),
        "CONNECT" => {
            Ok(Event::Connect { hold: number(0)?, leg: text(1).into(), ring: count(text(2)).unwrap_or(0) })
        }
        "COMPLETECALLER" | "COMPLETEAGENT" => {
            Ok(Event::End { hold: number(0)?, talk: number(1)?, transfer: None })
        }
        "BLINDTRANSFER" | "TRANSFER" => {
            Ok(Event::End { hold: number(2)?, talk: number(3)?, transfer: Some(TransferKind::Blind) })
        }
        "ATTENDEDTRANSFER" => attended(row),
        "ABANDON" => leave(Leave::Abandon, 2),
        "EXITWITHTIMEOUT" => leave(Leave::Timeout, 2),
        "EXITEMPTY" => leave(Leave::Empty, 2),
        "WITHDRAW" => leave(Leave::Withdraw, 2),
        "EXITWITHKEY" => leave(Leave::Key, 3),
        "RINGNOANSWER" => Ok(Event::RingNoAnswer { millis: number(0)? }),
        "RINGCANCELED" => Ok(Event::RingCanceled { millis: number(0)? }),
        "AGENTDUMP" => Ok(Event::AgentDump),
        "SYSCOMPAT" => Ok(Event::SysCompat),
        "ADDMEMBER" => Ok(Event::AddMember {
            paused: text(0).eq_ignore_ascii_case("PAUSED"),
            realtime: row.callid.eq_ignore_ascii_case("REALTIME"),
        }),
        "REMOVEMEMBER" => Ok(Event::RemoveMember),
        "AGENTLOGIN" | "AGENTCALLBACKLOGIN" => Ok(Event::Login),
        "AGENTLOGOFF" | "AGENTCALLBACKLOGOFF" => Ok(Event::Logoff),
        "PAUSE" => Ok(Event::Pause { reason: text(0).into() }),
        "PAUSEALL" => Ok(Event::PauseAll { reason: text(0).into() }),
        "UNPAUSE" => Ok(Event::Unpause),
        "UNPAUSEALL" => Ok(Event::UnpauseAll),
        "QUEUESTART" => Ok(Event::QueueStart),
        word if SILENT.contains(&word) => Ok(Event::Other),
        _ => Err(Oddity::UnknownEvent),
    }
}

/// `LINK` has six values in five columns: the last column holds talk and position, with the pipe between them.
fn attended(row: &LogRow) -> Result<Event, Oddity> {
    let (hold, talk) = if row.data[0].trim().eq_ignore_ascii_case("LINK") {
        (row.data[3].as_str(), row.data[4].split('|').next().unwrap_or(""))
    } else {
        (row.data[2].as_str(), row.data[3].as_str())
    };
    let number = |text: &str| count(text.trim()).ok_or(Oddity::BadNumber);
    Ok(Event::End { hold: number(hold)?, talk: number(talk)?, transfer: Some(TransferKind::Attended) })
}

/// A count of seconds or milliseconds; a fraction is cut, a sign or anything longer than a year in milliseconds is
/// no count.
fn count(text: &str) -> Option<i64> {
    let whole = text.split_once('.').map_or(text, |(whole, _)| whole);
    whole.parse::<i64>().ok().filter(|n| (0..=31_622_400_000).contains(n))
}

/// Seconds before a row at which the visit that it closes must have been entered, by what it logs; 0 for an entry; `None` for
/// a row that makes no visit.
pub fn entered_before(row: &LogRow) -> Option<i64> {
    match row.event.as_str() {
        // The words of nearly all rows, without the rest of what they say.
        "ENTERQUEUE" => Some(0),
        "CONNECT" => count(row.data[0].trim()),
        "RINGNOANSWER" | "RINGCANCELED" => None,
        _ => match parse(row).ok()? {
            Event::Enter { .. } => Some(0),
            Event::Connect { hold, .. } => Some(hold),
            Event::Leave { wait, .. } => Some(wait),
            Event::End { hold, talk, .. } => Some(hold + talk),
            _ => None,
        },
    }
}

/// Where a row is stored and folded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Belongs {
    /// To the call of its callid.
    Call,
    /// To its agent (pause, login, …), or to nobody (`NONE`: starts, reloads).
    Agent,
}

impl LogRow {
    /// Whether the row is folded with its call or with its agent.
    pub fn belongs(&self) -> Belongs {
        let words = ["NONE", "MANAGER", "CLI", "REALTIME"];
        let real =
            !self.callid.is_empty() && !words.iter().any(|word| self.callid.eq_ignore_ascii_case(word));
        match self.event.trim() {
            "ADDMEMBER"
            | "REMOVEMEMBER"
            | "AGENTLOGIN"
            | "AGENTCALLBACKLOGIN"
            | "AGENTLOGOFF"
            | "AGENTCALLBACKLOGOFF"
            | "PAUSE"
            | "PAUSEALL"
            | "UNPAUSE"
            | "UNPAUSEALL"
            | "QUEUESTART" => Belongs::Agent,
            _ if !real => Belongs::Agent,
            _ => Belongs::Call,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::row::tests::row;
    use super::*;

    fn check(event: &str, data: &str, expect: Result<Event, Oddity>) {
        let row = row(1, "2026-11-22 07:00:00", "1795330864.3", "q", "A", event, data);
        assert_eq!(parse(&row), expect, "{event} {data}");
    }

    fn end(hold: i64, talk: i64, transfer: Option<TransferKind>) -> Result<Event, Oddity> {
        Ok(Event::End { hold, talk, transfer })
    }

    #[test]
    fn trap_3_milliseconds_and_seconds() {
        check("RINGNOANSWER", "15000", Ok(Event::RingNoAnswer { millis: 15_000 }));
        check("CONNECT", "20|u|5", Ok(Event::Connect { hold: 20, leg: "u".into(), ring: 5 }));
    }

    #[test]
    fn trap_12_the_six_values_of_a_link_transfer() {
        let row = LogRow {
            data: ["LINK", "ch1", "ch2", "10", "80|1"].map(SmolStr::from),
            ..row(1, "2026-11-22 07:00:00", "1795330864.3", "q", "A", "ATTENDEDTRANSFER", "")
        };
        assert_eq!(parse(&row), end(10, 80, Some(TransferKind::Attended)));
        check("ATTENDEDTRANSFER", "BRIDGE|b|1|5|1", end(1, 5, Some(TransferKind::Attended)));
        check("ATTENDEDTRANSFER", "APP|Dial|1|5|1", end(1, 5, Some(TransferKind::Attended)));
        check("BLINDTRANSFER", "200|ctx|5|40|1", end(5, 40, Some(TransferKind::Blind)));
    }

    #[test]
    fn the_wait_stands_in_its_own_column() {
        check("ABANDON", "1|1|12", Ok(Event::Leave { how: Leave::Abandon, wait: 12 }));
        check("EXITWITHKEY", "1|2|3|7", Ok(Event::Leave { how: Leave::Key, wait: 7 }));
        check("WITHDRAW", "1|1|9|why", Ok(Event::Leave { how: Leave::Withdraw, wait: 9 }));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        check("HOLD", "", Err(Oddity::UnknownEvent));
        check("ABANDON", "1|1|", Err(Oddity::BadNumber));
        check("CONNECT", "-1|u|1", Err(Oddity::BadNumber));
        for word in ["PENALTY", "RINGINUSE", "CONFIGRELOAD", "DID", "INFO", "OUTCALL"] {
            check(word, "5", Ok(Event::Other));
        }
        for (login, logoff) in [("AGENTLOGIN", "AGENTLOGOFF"), ("AGENTCALLBACKLOGIN", "AGENTCALLBACKLOGOFF")]
        {
            check(login, "300@internal", Ok(Event::Login));
            check(logoff, "300@internal|5", Ok(Event::Logoff));
        }
    }

    #[test]
    fn rows_without_a_call_belong_to_their_agent() {
        let at = "2026-11-22 07:00:00";
        assert_eq!(row(1, at, "MANAGER", "q", "A", "ADDMEMBER", "").belongs(), Belongs::Agent);
        assert_eq!(row(1, at, "1795330864.3", "q", "A", "ADDMEMBER", "").belongs(), Belongs::Agent);
        assert_eq!(row(1, at, "NONE", "q", "A", "HOLD", "").belongs(), Belongs::Agent);
        assert_eq!(row(1, at, "1795330864.3", "q", "A", "HOLD", "").belongs(), Belongs::Call);
        assert_eq!(row(1, at, "1795330864.3", "q", "NONE", "ENTERQUEUE", "").belongs(), Belongs::Call);
    }
}
