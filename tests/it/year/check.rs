//! The program's cells against the generator's.

use std::collections::BTreeMap;

use asterflow::domain::history::cells::{Cell, Measure, Waits};
use asterflow::domain::history::visit::{Outcome, Status};
use asterflow::domain::ids::PbxName;
use asterflow::store::Store;

use super::people::QUEUES;
use super::tally::{Cells, Sums, What, Who};
use super::world::World;

/// What was compared.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Compared {
    pub(super) cells: u64,
    pub(super) differ: u64,
}

fn what(measure: Measure) -> What {
    match measure {
        Measure::Outcome(Outcome::Answered) => What::Answered,
        Measure::Outcome(Outcome::Abandoned) => What::Abandoned,
        Measure::Outcome(Outcome::TimedOut) => What::TimedOut,
        Measure::Outcome(Outcome::LeftByKey) => What::ByKey,
        Measure::Outcome(Outcome::LeftEmpty) => What::Empty,
        Measure::Outcome(Outcome::Withdrawn) => What::Withdrawn,
        Measure::Outcome(Outcome::Open) => What::Waiting,
        Measure::Outcome(Outcome::Unresolved) => What::Unresolved,
        Measure::Technical => What::Technical,
        Measure::TalkWhole => What::TalkWholeSeconds,
        Measure::Status(Status::Answered) => What::AgentAnswered,
        Measure::Status(Status::NoAnswer) => What::AgentNoAnswer,
        Measure::Status(Status::Abandoned) => What::AgentAbandoned,
        Measure::Status(Status::Busy) => What::AgentBusy,
        Measure::Status(Status::LeftByKey) => What::AgentByKey,
        Measure::RangOut => What::RangOut,
        Measure::Refused => What::Refused,
        Measure::Blind => What::Blind,
        Measure::Attended => What::Attended,
        Measure::Talk => What::TalkSeconds,
        Measure::Ring => What::RingSeconds,
        Measure::Paused => What::PausedSeconds,
        Measure::PausedAll => What::PausedAllSeconds,
        Measure::LoggedIn => What::LoggedInSeconds,
        other => panic!("{other:?} is not stored"),
    }
}

fn sums(cell: &Cell) -> Sums {
    let mut sums = Sums::default();
    cell.sums.iter().for_each(|(measure, by)| sums.add(what(*measure), *by));
    for ((whose, seconds), by) in &cell.waits {
        let seconds = i64::from(*seconds);
        let what = match whose {
            Waits::Answered => What::WaitAnswered(seconds),
            Waits::Abandoned => What::WaitAbandoned(seconds),
            Waits::OtherLost => What::WaitOther(seconds),
        };
        sums.add(what, *by);
    }
    sums.reasons = cell.reasons.clone();
    sums
}

/// What stands in one and not as much in the other.
fn difference(got: &Sums, expect: &Sums) -> String {
    let mut told = String::new();
    let keys: std::collections::BTreeSet<What> =
        got.counts.keys().chain(expect.counts.keys()).copied().collect();
    for key in keys {
        let (got, expect) = (got.get(key), expect.get(key));
        if got != expect {
            told += &format!(" {key:?} {got} not {expect};");
        }
    }
    if got.reasons != expect.reasons {
        told += &format!(" reasons {:?} not {:?}", got.reasons, expect.reasons);
    }
    told
}

impl World {
    /// Compares the stored cells that start in [from, to) with `expect`; tells the first that differ.
    pub(super) async fn compare(
        &self,
        store: &Store,
        pbx: &PbxName,
        (from, to): (i64, i64),
        mut expect: Cells,
    ) -> Compared {
        let queues: BTreeMap<String, u8> =
            (0..).zip(QUEUES).map(|(at, names)| (names[0].to_ascii_lowercase(), at)).collect();
        let agents: BTreeMap<&str, u16> =
            (0..).zip(&self.people).map(|(at, one)| (one.name.as_str(), at)).collect();
        let mut compared = Compared::default();
        let mut tell = |told: String| {
            compared.differ += 1;
            if compared.differ <= 12 {
                eprintln!("{told}");
            }
        };
        let mut count = 0;
        let stored = store.cells(pbx, from, to).await.expect("reads");
        for (subject, hour, cell) in stored {
            count += 1;
            let name = format!("{} {:?} {}", self.clock.local(hour.start), subject.queue, subject.agent);
            let queue = (!subject.queue.is_empty()).then(|| queues.get(&subject.queue).copied());
            let agent = (!subject.agent.is_empty()).then(|| agents.get(subject.agent.as_str()).copied());
            if queue == Some(None) || agent == Some(None) {
                tell(format!("{name}: nobody"));
                continue;
            }
            if hour.seconds != self.clock.length(hour.start) {
                tell(format!("{name}: {} seconds long", hour.seconds));
            }
            let who = Who { queue: queue.flatten(), agent: agent.flatten() };
            let expect = expect.remove(&(hour.start, who)).unwrap_or_default();
            let got = sums(&cell);
            if got != expect {
                tell(format!("{name} at {}: {}", hour.start, difference(&got, &expect)));
            }
        }
        for ((start, who), sums) in expect {
            count += 1;
            let agent = who.agent.map(|agent| self.people[usize::from(agent)].name.as_str());
            let queue = who.queue.map(|queue| QUEUES[usize::from(queue)][0]);
            tell(format!(
                "{} {queue:?} {agent:?} at {start} is not stored: {}",
                self.clock.local(start),
                difference(&Sums::default(), &sums)
            ));
        }
        compared.cells = count;
        compared
    }
}
