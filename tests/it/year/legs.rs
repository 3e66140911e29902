//! The cdr of agents' legs: where an end row is missing it knows the end of some talks.
//!
//! Decided here, where the definitions leave room: of several rows of a leg the first that ends after the answer is the
//! talk; an end before the answer (seconds are cut, or rounded) is none.

use std::collections::BTreeMap;

use asterflow::domain::ids::PbxName;
use asterflow::store::{LegRow, Store};

use super::calls::Call;
use super::world::World;

/// So many are asked for at once.
const AT_ONCE: u32 = 400;

/// What the cdr holds, by the uniqueid of the leg: when it was made, milliseconds, and its rows.
#[derive(Default)]
pub(super) struct Legs(BTreeMap<String, (i64, Vec<LegRow>)>);

impl Legs {
    /// Nobody asks for a leg any more that was made before `at`, milliseconds.
    pub(super) fn forget_before(&mut self, at: i64) {
        self.0.retain(|_, (made, _)| *made >= at);
    }
}

impl World {
    /// The cdr writes a leg that began to ring at `rang`, or not. Its end, UTC second, where it is known. Milliseconds.
    pub(super) fn note_leg(
        &mut self,
        call: &Call,
        leg: &str,
        (rang, connect, end): (i64, i64, i64),
    ) -> Option<i64> {
        if !self.plan.legs || call.is_near_repeat() || end >= call.cut || !self.dice.hits(550) {
            return None;
        }
        let second = |at: i64| at.div_euclid(1000);
        let row = |from: i64, to: i64, with_end: bool| LegRow {
            uniqueid: leg.to_owned(),
            start: self.clock.local(second(from)),
            end: with_end.then(|| self.clock.local(second(to))),
            seconds: second(to) - second(from),
        };
        let with_end = second(end) % 2 == 0;
        let mut rows = vec![row(rang, end, with_end)];
        if second(end) % 3 == 0 {
            // Transferred: another row goes on.
            rows.insert(0, row(end, end + 70_000, with_end));
        }
        if second(rang) % 3 == 0 {
            rows.push(row(rang - 40_000, rang - 10_000, with_end));
        }
        self.legs.0.insert(leg.to_owned(), (connect, rows));
        Some(second(end))
    }
}

/// Asks the cdr for every leg that the store wants to know, at a second of the wall's clock.
pub(super) async fn ask(store: &Store, pbx: &PbxName, world: &World, now: i64) {
    loop {
        let wanted = store.wanted_legs(pbx, now, AT_ONCE).await.expect("reads");
        if wanted.is_empty() {
            return;
        }
        let known = wanted.iter().filter_map(|leg| world.legs.0.get(leg));
        let found = known.flat_map(|(_, rows)| rows.iter().cloned()).collect();
        store.apply_legs(pbx, now, wanted, found).await.expect("applies");
    }
}
