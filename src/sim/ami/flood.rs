//! Far more events than a PBX has, all of them true: the members and channels as they are, told again and again.

use std::sync::Arc;

use super::account::Classes;
use super::connection::{Out, SessionId};
use super::encode::{Encoded, encode};
use super::hub::Hub;
use crate::domain::time::Tick;
use crate::sim::pbx::{DeviceState, Happening, What};

/// How often a part of the flood leaves.
const BEAT_MS: i64 = 20;
/// After a standstill no more than this is made up for.
const CATCH_UP_MS: i64 = 1_000;
/// Events spelled for each beat at most, and joined at least: one message holds that many.
const JOINED: usize = 256;

/// A flood that goes on.
#[derive(Debug)]
pub(super) struct Flood {
    events_per_second: i64,
    until: Tick,
    last: Tick,
    /// Thousandths of events that are owed.
    owed: i64,
}

impl Flood {
    /// From now on.
    pub(super) fn new(events_per_second: u32, seconds: u32, now: Tick) -> Self {
        let until = now.plus_millis(i64::from(seconds) * 1000);
        Self { events_per_second: i64::from(events_per_second), until, last: now, owed: 0 }
    }

    /// When it goes on.
    pub(super) fn next(&self) -> Tick {
        self.last.plus_millis(BEAT_MS)
    }

    /// How many events are due.
    fn take(&mut self, now: Tick) -> usize {
        let now = now.min(self.until);
        self.owed += now.since(self.last).min(CATCH_UP_MS) * self.events_per_second;
        self.last = now;
        let count = self.owed / 1000;
        self.owed %= 1000;
        usize::try_from(count).unwrap_or(0)
    }
}

/// The same events as one message for all who hear the same classes.
struct Part {
    events: Classes,
    whole: Arc<[u8]>,
    /// The beginning of `whole` that makes up the count.
    rest: Arc<[u8]>,
}

impl Hub {
    /// Sends what is due of a flood.
    pub(super) fn pump_flood(&mut self, now: Tick) {
        let Some(flood) = self.flood.as_mut().filter(|flood| now >= flood.next()) else { return };
        let count = flood.take(now);
        if now >= flood.until {
            self.flood = None;
        }
        let spelled = self.true_events(now);
        let (wholes, rest) = (count / JOINED, count % JOINED);
        let mut parts: Vec<Part> = Vec::new();
        let mut pushes: Vec<(SessionId, Out)> = Vec::new();
        for (id, session) in self.sessions.iter().filter(|(_, session)| !session.events.is_empty()) {
            if !parts.iter().any(|part| part.events == session.events) {
                parts.push(part(&spelled, session.events, rest));
            }
            let Some(part) = parts.iter().find(|part| part.events == session.events) else { continue };
            let whole = (0..wholes).map(|_| Out::Bytes(Arc::clone(&part.whole)));
            pushes.extend(whole.chain([Out::Bytes(Arc::clone(&part.rest))]).map(|out| (*id, out)));
        }
        pushes.into_iter().for_each(|(id, out)| self.push(id, out));
    }

    /// Up to [`JOINED`] events that change nothing.
    fn true_events(&self, now: Tick) -> Vec<Encoded> {
        let state = self.pbx.state();
        let members = state.queues.iter().flat_map(|queue| &queue.members);
        let members = members.map(|member| What::QueueMemberStatus(member.clone()));
        let channels = state.channels.values().map(|channel| What::Newstate(channel.clone()));
        // A PBX without anything still has a device.
        let device = What::DeviceStateChange("Custom:flood".into(), DeviceState::NotInUse);
        let all = channels.chain([device]).chain(members).take(JOINED);
        let at = self.millis(now);
        all.map(|what| encode(&Happening { at, what }, self.settings.timestamps)).collect()
    }
}

fn part(spelled: &[Encoded], events: Classes, rest: usize) -> Part {
    let heard: Vec<&Encoded> = spelled.iter().filter(|event| events.holds(event.class.mask())).collect();
    let join = |count: usize| -> Arc<[u8]> {
        let bytes: Vec<u8> =
            heard.iter().cycle().take(count).flat_map(|event| event.bytes.iter().copied()).collect();
        bytes.into()
    };
    Part { events, whole: join(JOINED), rest: join(rest) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flood_keeps_its_rate_over_uneven_beats() {
        let mut flood = Flood::new(1_234, 10, Tick::from_millis(0));
        let beats = [20, 40, 61, 100, 500, 777, 1_000];
        let sum: usize = beats.iter().map(|at| flood.take(Tick::from_millis(*at))).sum();
        assert_eq!(sum, 1_234);
        assert_eq!(flood.take(Tick::from_millis(9_000)), 1_234, "a standstill is not made up for");
        assert_eq!(flood.take(Tick::from_millis(60_000)), 1_234, "nothing comes after its end");
        assert_eq!(flood.take(Tick::from_millis(60_000)), 0);
    }
}
