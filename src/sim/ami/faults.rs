//! Faults on request: what a network and a PBX can do to a client.

use super::connection::{Out, SessionId};
use super::flood::Flood;
use super::hub::Hub;
use super::request::Request;
use crate::domain::time::Tick;

/// Longest fault, seconds.
const LONGEST: u32 = 600;
/// Fastest flood, events a second.
const FASTEST: u32 = 200_000;
/// Seconds of a fault when none are asked for.
const SECONDS: u32 = 10;
/// Events a second of a flood when no rate is asked for.
const RATE: u32 = 5_000;

/// A fault that strikes every client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// All connections break at once.
    Drop,
    /// Asterisk stands still: connections stay open, nothing is said.
    Stall {
        /// How long.
        seconds: u32,
    },
    /// Asterisk ends and begins anew: nobody listens for 2 s, queues are unknown for 1.5 s more, all calls are gone.
    Restart,
    /// Many events; all of them true.
    Flood {
        /// How many a second.
        events_per_second: u32,
        /// How long.
        seconds: u32,
    },
    /// Bytes without a meaning, once.
    Garbage,
    /// Single bytes, so that lines and messages come in pieces.
    Trickle {
        /// How long.
        seconds: u32,
    },
}

/// A fault that is not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// No such fault.
    #[error("There is no fault {0:?}. Use drop, stall, restart, flood, garbage or trickle.")]
    Unknown(String),
    /// A number out of bounds.
    #[error("{0} is no number from 1 to {1}.")]
    Number(&'static str, u32),
}

impl Fault {
    /// The fault of this name; `seconds` and `rate` (events a second, of a flood) where given.
    ///
    /// # Errors
    /// When there is no such fault, or a number is zero or too large.
    pub fn named(name: &str, seconds: Option<u32>, rate: Option<u32>) -> Result<Self, FaultError> {
        let bounded = |what, given: Option<u32>, usual, most| {
            let number = given.unwrap_or(usual);
            if (1..=most).contains(&number) { Ok(number) } else { Err(FaultError::Number(what, most)) }
        };
        let seconds = bounded("Seconds", seconds, SECONDS, LONGEST)?;
        let events_per_second = bounded("Rate", rate, RATE, FASTEST)?;
        Ok(match name.to_ascii_lowercase().as_str() {
            "drop" => Self::Drop,
            "stall" => Self::Stall { seconds },
            "restart" => Self::Restart,
            "flood" => Self::Flood { events_per_second, seconds },
            "garbage" => Self::Garbage,
            "trickle" => Self::Trickle { seconds },
            _ => return Err(FaultError::Unknown(name.to_owned())),
        })
    }

    /// The fault that an action SimFault asks for.
    pub(super) fn read(request: &Request) -> Result<Self, FaultError> {
        let number = |key, most| match request.given(key) {
            Some(text) => text.parse().map(Some).map_err(|_| FaultError::Number(key, most)),
            None => Ok(None),
        };
        Self::named(request.get("Fault"), number("Seconds", LONGEST)?, number("Rate", FASTEST)?)
    }

    /// The headers that ask for it.
    pub(super) fn headers(self) -> String {
        match self {
            Self::Drop => "Fault: drop\r\n".into(),
            Self::Restart => "Fault: restart\r\n".into(),
            Self::Garbage => "Fault: garbage\r\n".into(),
            Self::Stall { seconds } => format!("Fault: stall\r\nSeconds: {seconds}\r\n"),
            Self::Trickle { seconds } => format!("Fault: trickle\r\nSeconds: {seconds}\r\n"),
            Self::Flood { events_per_second, seconds } => {
                format!("Fault: flood\r\nSeconds: {seconds}\r\nRate: {events_per_second}\r\n")
            }
        }
    }
}

impl Hub {
    /// Brings a fault about, for every client; what `asker` was answered is still written.
    pub(super) fn strike(&mut self, fault: Fault, asker: SessionId, now: Tick) {
        tracing::info!(?fault, "the simulated PBX has a fault");
        let all: Vec<SessionId> = self.sessions.keys().copied().collect();
        let after = |seconds: u32| now.plus_millis(i64::from(seconds) * 1000);
        match fault {
            Fault::Drop => {
                for id in all {
                    if id == asker { self.close(id) } else { self.cut(id) }
                }
            }
            Fault::Stall { seconds } => {
                self.stalled_until = Some(after(seconds));
                all.into_iter().for_each(|id| self.push(id, Out::Pause(after(seconds))));
            }
            Fault::Trickle { seconds } => {
                all.into_iter().for_each(|id| self.push(id, Out::Trickle(after(seconds))));
            }
            Fault::Garbage => all.into_iter().for_each(|id| self.reply(id, garbage())),
            Fault::Flood { events_per_second, seconds } => {
                self.flood = Some(Flood::new(events_per_second, seconds, now));
            }
            Fault::Restart => self.restart(now),
        }
    }
}

/// The same noise every time: any bytes, half events, a very long line. It ends with a blank line, so that the next event
/// is whole.
fn garbage() -> Vec<u8> {
    let mut seed = 0x9e37_79b9_u32;
    let mut noise = |length: usize| -> Vec<u8> {
        std::iter::repeat_with(|| {
            // xorshift: enough for noise.
            seed ^= seed << 13;
            seed ^= seed >> 17;
            seed ^= seed << 5;
            seed.to_le_bytes()[0]
        })
        .take(length)
        .collect()
    };
    let mut bytes = noise(8 * 1024);
    bytes.extend_from_slice(
        b"\r\n\r\nEvent\r\n\r\nEvent:\r\n\r\nEvent: Hangup\r\n\r\n: : :\r\n\r\n\0\0\0\r\n\r\n",
    );
    bytes.extend(noise(40 * 1024).into_iter().filter(|byte| *byte != b'\n'));
    bytes.extend_from_slice(b"\r\n\r\n");
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_reads_the_headers_that_ask_for_it() {
        let all = [
            Fault::Drop,
            Fault::Stall { seconds: 7 },
            Fault::Restart,
            Fault::Flood { events_per_second: 50_000, seconds: 3 },
            Fault::Garbage,
            Fault::Trickle { seconds: 2 },
        ];
        for fault in all {
            assert_eq!(Fault::read(&Request::of(&fault.headers())), Ok(fault));
        }
        assert!(Fault::named("stall", Some(0), None).is_err());
        assert!(Fault::named("stall", Some(601), None).is_err());
        assert_eq!(Fault::named("boom", None, None), Err(FaultError::Unknown("boom".into())));
    }

    #[test]
    fn garbage_has_no_line_over_what_a_client_reads() {
        let longest = garbage().split(|byte| *byte == b'\n').map(<[u8]>::len).max();
        assert!(longest.is_some_and(|length| length > 32 * 1024 && length < 64 * 1024));
        assert!(garbage().ends_with(b"\r\n\r\n"));
    }
}
