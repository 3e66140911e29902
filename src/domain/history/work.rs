//! What an agent did with his time: each second counts once, as talk, else ring, wrap-up, pause, idle.
//!
//! In: his talks, rings, pauses and logins, each as UTC seconds [start, end), and how long he wraps up. Out: pieces of
//! time that do not overlap, and the nominal wrap-up of each talk. Ring is a lower bound: losers of a ringall leave no
//! row.

use std::collections::BTreeSet;

use serde::Serialize;

use super::figures::ratio;
use super::fold::NEAR_SECONDS;

/// What a second counts as; the first that fits, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Doing {
    /// Talked.
    Talk,
    /// His phone rang.
    Ring,
    /// Wrapped up after a talk, by the nominal time.
    WrapUp,
    /// Paused.
    Pause,
    /// Logged in and none of the others.
    Idle,
}

impl Doing {
    /// The word of the explanation.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Talk => "talk",
            Self::Ring => "ring",
            Self::WrapUp => "wrap-up",
            Self::Pause => "pause",
            Self::Idle => "idle",
        }
    }

    /// Whether it counts as occupied; a pause counts neither way.
    pub fn is_busy(self) -> bool {
        matches!(self, Self::Talk | Self::Ring | Self::WrapUp)
    }
}

/// A talk or a ring in a queue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span {
    /// First second, UTC.
    pub start: i64,
    /// First second after, UTC.
    pub end: i64,
    /// In ASCII lower case.
    pub queue: String,
    /// Of a ring: he answered, and a talk began then.
    pub answered: bool,
}

/// Pauses and logins, UTC seconds [start, end).
pub(super) type Presence<'a> = (&'a [(i64, i64)], &'a [(i64, i64)]);

/// One agent's spans.
#[derive(Clone, Debug, Default)]
pub struct Work {
    /// His talks.
    pub talks: Vec<Span>,
    /// His phone rang.
    pub rings: Vec<Span>,
    /// Pauses.
    pub pauses: Vec<(i64, i64)>,
    /// Logins.
    pub logins: Vec<(i64, i64)>,
}

impl Work {
    /// The nominal wrap-ups: `after` says for how many seconds he wraps up after a talk in a queue, `None` where that is
    /// not known. The next ring in any queue ends it. One for each talk whose time is known, with the talk's queue; some
    /// are empty.
    pub fn wrap_ups(&self, after: impl Fn(&str) -> Option<u32>) -> Vec<Span> {
        let mut rings: Vec<&Span> = self.rings.iter().collect();
        rings.sort();
        let wrap_up = |talk: &Span| {
            let nominal = i64::from(after(&talk.queue)?);
            let length = next_ring(talk, &rings).map_or(nominal, |ring| nominal.min(ring - talk.end)).max(0);
            Some(Span { start: talk.end, end: talk.end + length, queue: talk.queue.clone(), answered: false })
        };
        self.talks.iter().filter_map(wrap_up).collect()
    }

    /// What he did from `from` to `to`, UTC seconds; times in which he did nothing and was not logged in are left out.
    pub fn pieces(&self, wrap_ups: &[Span], span: (i64, i64)) -> Vec<(i64, i64, Doing)> {
        self.pieces_beside(wrap_ups, (&self.pauses, &self.logins), span)
    }

    /// As [`Self::pieces`], with other pauses and logins than his own.
    pub(super) fn pieces_beside(
        &self,
        wrap_ups: &[Span],
        (pauses, logins): Presence<'_>,
        (from, to): (i64, i64),
    ) -> Vec<(i64, i64, Doing)> {
        let calls = [(&self.talks[..], Doing::Talk), (&self.rings, Doing::Ring), (wrap_ups, Doing::WrapUp)];
        let calls = calls
            .into_iter()
            .flat_map(|(spans, doing)| spans.iter().map(move |span| (span.start, span.end, doing)));
        let presence = [(pauses, Doing::Pause), (logins, Doing::Idle)];
        let presence = presence
            .into_iter()
            .flat_map(|(spans, doing)| spans.iter().map(move |(start, end)| (*start, *end, doing)));
        let cut = calls.chain(presence).map(|(start, end, doing)| (start.max(from), end.min(to), doing));
        first_that_fits(cut.filter(|(start, end, _)| start < end))
    }
}

/// When the phone rang next after a talk began, without the ring that the talk itself began with. (A phone that refuses
/// another call just then rings, too.)
fn next_ring(talk: &Span, rings: &[&Span]) -> Option<i64> {
    let own = |ring: &Span| {
        ring.answered && ring.queue == talk.queue && (ring.end - talk.start).abs() <= NEAR_SECONDS
    };
    let after = rings.partition_point(|ring| ring.start <= talk.start);
    rings[after..].iter().find(|ring| !own(ring)).map(|ring| ring.start)
}

/// Disjoint pieces in the order of time, each as the least [`Doing`] that covers it.
fn first_that_fits(spans: impl Iterator<Item = (i64, i64, Doing)>) -> Vec<(i64, i64, Doing)> {
    // At each edge a span begins (true) or ends (false).
    let mut edges: Vec<(i64, bool, Doing)> = Vec::with_capacity(256);
    for (start, end, doing) in spans {
        edges.push((start, true, doing));
        edges.push((end, false, doing));
    }
    edges.sort_unstable();
    const ALL: [Doing; 5] = [Doing::Talk, Doing::Ring, Doing::WrapUp, Doing::Pause, Doing::Idle];
    // How many of each are open; an end never comes before its own beginning.
    let mut open = [0_u32; ALL.len()];
    let mut pieces: Vec<(i64, i64, Doing)> = Vec::with_capacity(edges.len());
    let mut since = 0;
    for (at, begins, doing) in edges {
        if since < at
            && let Some(first) = ALL.into_iter().find(|doing| open[*doing as usize] > 0)
        {
            match pieces.last_mut() {
                Some(piece) if piece.1 == since && piece.2 == first => piece.1 = at,
                _ => pieces.push((since, at, first)),
            }
        }
        since = at;
        let count = &mut open[doing as usize];
        *count = if begins { *count + 1 } else { count.saturating_sub(1) };
    }
    pieces
}

/// Seconds of an agent, each counted once, of the hours in which he was logged in; and his nominal wrap-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Worked {
    /// Talking, ringing or wrapping up.
    pub busy: u64,
    /// Logged in and idle.
    pub idle: u64,
    /// Whether he was logged in at all.
    pub logged_in: bool,
    /// Nominal wrap-up; `None` where no wrap-up time is set.
    pub wrap_up: Option<u64>,
}

impl Worked {
    /// Adds another stretch, or another agent.
    pub fn add(&mut self, other: &Self) {
        self.busy += other.busy;
        self.idle += other.idle;
        self.logged_in |= other.logged_in;
        self.wrap_up = match (self.wrap_up, other.wrap_up) {
            (None, None) => None,
            (one, another) => Some(one.unwrap_or(0) + another.unwrap_or(0)),
        };
    }

    /// 0–1; `None` where logged in is undefined.
    pub fn occupancy(&self) -> Option<f64> {
        ratio(self.busy, self.busy + self.idle).filter(|_| self.logged_in)
    }
}

/// For how long members wrap up, seconds: by queue and by member, where it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WrapUpTimes {
    /// A member's own: queue in lower case, agent. 0 is none of its own, as Asterisk has it.
    pub members: std::collections::BTreeMap<(String, String), u32>,
    /// The queue's, in lower case. 0 is not set.
    pub queues: std::collections::BTreeMap<String, u32>,
    /// The setting; 0 is not set.
    pub setting: u32,
}

impl WrapUpTimes {
    /// The member's own, else the queue's, else the setting; `None` where none is set.
    pub fn of(&self, queue: &str, agent: &str) -> Option<u32> {
        let own = self.members.get(&(queue.to_owned(), agent.to_owned())).copied();
        let queues = self.queues.get(queue).copied();
        [own, queues, Some(self.setting)].into_iter().flatten().find(|seconds| *seconds > 0)
    }

    /// The longest of all; 0 where none is set.
    pub fn longest(&self) -> u32 {
        let all: BTreeSet<u32> =
            self.members.values().chain(self.queues.values()).copied().chain([self.setting]).collect();
        all.last().copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(start: i64, end: i64) -> Span {
        Span { start, end, queue: "q".into(), answered: false }
    }

    fn seconds(pieces: &[(i64, i64, Doing)], doing: Doing) -> i64 {
        pieces.iter().filter(|(.., own)| *own == doing).map(|(start, end, _)| end - start).sum()
    }

    #[test]
    fn each_second_counts_once_as_the_first_that_fits() {
        let work = Work {
            talks: vec![span(100, 200), span(150, 220)],
            rings: vec![span(90, 100), span(210, 240)],
            pauses: vec![(230, 300)],
            logins: vec![(0, 400)],
        };
        let wraps = vec![span(220, 260)];
        let pieces = work.pieces(&wraps, (0, 1000));
        let shown: Vec<(i64, i64, &str)> =
            pieces.iter().map(|(start, end, doing)| (*start, *end, doing.as_str())).collect();
        assert_eq!(
            shown,
            [
                (0, 90, "idle"),
                (90, 100, "ring"),
                (100, 220, "talk"),
                (220, 240, "ring"),
                (240, 260, "wrap-up"),
                (260, 300, "pause"),
                (300, 400, "idle")
            ]
        );
        assert_eq!(seconds(&work.pieces(&wraps, (200, 230)), Doing::Talk), 20, "cut at the edges");
    }

    #[test]
    fn the_next_ring_in_any_queue_ends_a_wrap_up() {
        let other = |start, end| Span { queue: "other".into(), ..span(start, end) };
        let work = |rings: Vec<Span>| Work { talks: vec![span(100, 200)], rings, ..Work::default() };
        let length = |rings, after: Option<u32>| {
            work(rings).wrap_ups(|_| after).first().map(|wrap| wrap.end - wrap.start)
        };
        assert_eq!(length(vec![span(95, 100)], Some(30)), Some(30));
        assert_eq!(length(vec![span(95, 100), other(212, 215)], Some(30)), Some(12));
        assert_eq!(length(vec![span(95, 100), span(199, 205)], Some(30)), Some(0), "rang in the talk");
        let own = Span { answered: true, ..span(101, 102) };
        assert_eq!(length(vec![own.clone()], Some(30)), Some(30), "its own ring, cut to a second");
        assert_eq!(length(vec![span(300, 305)], Some(30)), Some(30));
        assert_eq!(
            length(vec![own, span(101, 101)], Some(30)),
            Some(0),
            "and refused another call just then"
        );
        assert_eq!(length(vec![], None), None, "not known");
    }

    #[test]
    fn the_members_own_time_goes_before_the_queues_and_the_setting() {
        let mut times = WrapUpTimes { setting: 7, ..WrapUpTimes::default() };
        assert_eq!((times.of("q", "Ann"), times.longest()), (Some(7), 7));
        times.queues.insert("q".into(), 20);
        times.members.insert(("q".into(), "Ann".into()), 5);
        times.members.insert(("q".into(), "Bob".into()), 0);
        assert_eq!(times.of("q", "Ann"), Some(5));
        assert_eq!((times.of("q", "Bob"), times.of("r", "Ann"), times.longest()), (Some(20), Some(7), 20));
        assert_eq!(WrapUpTimes::default().of("q", "Ann"), None);
    }
}
