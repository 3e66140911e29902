//! How far the PBX's `queue_log` and its cdr are read: both ends of what is read without a gap, and the gaps behind, kept in
//! the same transaction as the rows, so that a reader that was killed goes on where it was, on both sides.

use std::collections::BTreeMap;

use jiff::civil::{Date, Time};
use rusqlite::params;

use super::batch::{self, set_cursor};
use super::{Applied, Batch, Scope};
use crate::domain::history::row::civil_of;
use crate::domain::ids::PbxName;
use crate::store::{Store, StoreError};

/// The cursors of one table: its own name for the newest end, and names behind it, parted by a point, for the rest.
#[derive(Clone, Copy)]
pub(super) struct Cursors(&'static str);

/// Of `queue_log`.
pub(super) const QUEUE_LOG: Cursors = Cursors("queue_log");
/// Of the cdr. (`cdr` alone was the cursor of a version that read only the last days.)
pub(super) const CDR: Cursors = Cursors("cdr.read");

/// Gaps that are remembered behind the one that is being read; two that are further away are read as one.
const DEEPER: usize = 3;

/// What of a table is read. Positions are the table's own: numbers of rows, or seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reading {
    /// What positions are; a table that counts otherwise is another table. 0: numbers of rows.
    pub kind: i64,
    /// Everything up to here is read, down to [`Older::reached`].
    pub newest: i64,
    /// What tells whether the row at `newest` is still the same; 0: not known.
    pub mark: i64,
    /// What is not read yet; `None`: everything is.
    pub older: Option<Older>,
    /// What is not read either, before that: there are several gaps after an outage. The newest first.
    pub deeper: [Option<Older>; DEEPER],
}

impl Reading {
    /// Leaves a gap behind what is read next, to be read backwards.
    #[must_use]
    pub fn leave(mut self, gap: Older) -> Self {
        if let Some(older) = self.older.replace(gap) {
            if let [.., Some(near), Some(far)] = &mut self.deeper {
                // What lies between the two is read once more.
                near.floor = far.floor;
            }
            self.deeper.rotate_right(1);
            self.deeper[0] = Some(older);
        }
        self
    }

    /// Goes back to here; with `None` the gap is closed, and the next one is read.
    #[must_use]
    pub fn back_to(mut self, next: Option<Older>) -> Self {
        self.older = next;
        if next.is_none() {
            self.older = self.deeper[0].take();
            self.deeper.rotate_left(1);
        }
        self
    }
}

/// Where reading back in time stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Older {
    /// Everything from this position on is read.
    pub reached: i64,
    /// The local time there, as `civil_second` numbers it: the history is whole from the next midnight on.
    pub local: i64,
    /// Below this position everything is read again; the least number where nothing is.
    pub floor: i64,
}

impl Default for Older {
    fn default() -> Self {
        Self { reached: 0, local: 0, floor: i64::MIN }
    }
}

impl Older {
    /// The first date that is read as a whole.
    pub fn complete_from(&self) -> Date {
        let local = civil_of(self.local).unwrap_or_default();
        let date = local.date();
        if local.time() == Time::midnight() { date } else { date.tomorrow().unwrap_or(date) }
    }
}

impl Store {
    /// How far `queue_log` is read; `None` before the first batch.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn reading(&self, pbx: &PbxName) -> Result<Option<Reading>, StoreError> {
        self.reading_of(pbx, QUEUE_LOG).await
    }

    /// How far the cdr is read; `None` before the first batch.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn cdr_reading(&self, pbx: &PbxName) -> Result<Option<Reading>, StoreError> {
        self.reading_of(pbx, CDR).await
    }

    async fn reading_of(&self, pbx: &PbxName, of: Cursors) -> Result<Option<Reading>, StoreError> {
        let pbx = pbx.clone();
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT source, position FROM cursor JOIN pbx ON pbx.id = cursor.pbx
                 WHERE name = ?1 AND (source = ?2 OR source GLOB ?2 || '.*')",
            )?;
            let mut rows = statement.query(params![pbx.as_str(), of.0])?;
            let mut found = BTreeMap::new();
            while let Some(row) = rows.next()? {
                found.insert(row.get::<_, String>(0)?, row.get::<_, i64>(1)?);
            }
            let at = |name: String| found.get(&name).copied();
            let Some(newest) = at(of.0.to_owned()) else { return Ok(None) };
            let gap = |n: usize| {
                let gap = of.gap(n);
                let floor = at(format!("{gap}_floor")).unwrap_or(i64::MIN);
                Some(Older { reached: at(gap.clone())?, local: at(format!("{gap}_local"))?, floor })
            };
            Ok(Some(Reading {
                kind: at(format!("{}.kind", of.0)).unwrap_or(0),
                newest,
                mark: at(format!("{}.mark", of.0)).unwrap_or(0),
                older: gap(0),
                deeper: std::array::from_fn(|n| gap(n + 1)),
            }))
        })
        .await
    }

    /// Stores a batch as [`Store::apply_batch`] does, and with it how far the table is read.
    ///
    /// # Errors
    /// When the PBX was never registered or the database refuses; nothing is stored then.
    pub async fn apply_reading(&self, batch: Batch, reading: Reading) -> Result<Applied, StoreError> {
        self.write(move |db| {
            let mut scope = Scope::get(db, &batch.pbx)?;
            let applied = batch::apply(&mut scope, batch, true)?;
            QUEUE_LOG.save(&scope, reading)?;
            Ok(applied)
        })
        .await
    }

    /// Forgets how far `queue_log` is read, because it is another one now. What it told stays.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_reading(&self, pbx: &PbxName) -> Result<(), StoreError> {
        let pbx = pbx.clone();
        self.write(move |db| QUEUE_LOG.forget(&Scope::get(db, &pbx)?, "")).await
    }
}

impl Cursors {
    /// The name of the `n`-th gap, the one that is being read first.
    fn gap(self, n: usize) -> String {
        if n == 0 { format!("{}.older", self.0) } else { format!("{}.older.{n}", self.0) }
    }

    /// Keeps how far the table is read.
    pub(super) fn save(self, scope: &Scope<'_>, reading: Reading) -> Result<(), StoreError> {
        set_cursor(scope, self.0, reading.newest)?;
        set_cursor(scope, &format!("{}.kind", self.0), reading.kind)?;
        set_cursor(scope, &format!("{}.mark", self.0), reading.mark)?;
        self.forget(scope, ".older")?;
        for (n, gap) in std::iter::once(&reading.older).chain(&reading.deeper).enumerate() {
            let (Some(gap), name) = (gap, self.gap(n)) else { continue };
            set_cursor(scope, &name, gap.reached)?;
            set_cursor(scope, &format!("{name}_local"), gap.local)?;
            set_cursor(scope, &format!("{name}_floor"), gap.floor)?;
        }
        Ok(())
    }

    /// Forgets the cursors whose names begin like this.
    fn forget(self, scope: &Scope<'_>, part: &str) -> Result<(), StoreError> {
        let name = format!("{}{part}", self.0);
        scope
            .db
            .prepare_cached("DELETE FROM cursor WHERE pbx = ?1 AND source GLOB ?2 || '*'")?
            .execute(params![scope.pbx, name])?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_whole_from_its_midnight_on() {
        let midnight = 1_795_305_600;
        let from = |local| Older { reached: 1, local, floor: 0 }.complete_from().to_string();
        let whole = [midnight - 1, midnight, midnight + 1].map(from);
        assert_eq!(whole, ["2026-11-22", "2026-11-22", "2026-11-23"]);
    }

    #[test]
    fn gaps_are_closed_the_newest_first_and_the_furthest_become_one() {
        let gap = |n: i64| Older { reached: n * 10, local: n, floor: n * 10 - 5 };
        let mut reading = Reading { newest: 100, ..Reading::default() };
        for n in 1..=6 {
            reading = reading.leave(gap(n));
        }
        let mut closed = Vec::new();
        while let Some(older) = reading.older {
            closed.push((older.reached, older.floor));
            reading = reading.back_to(None);
        }
        assert_eq!(closed, [(60, 55), (50, 45), (40, 35), (30, 5)]);
        let further =
            Reading::default().leave(gap(1)).leave(gap(2)).back_to(Some(Older { reached: 17, ..gap(2) }));
        assert_eq!((further.older.map(|older| older.reached), further.deeper[0]), (Some(17), Some(gap(1))));
    }

    #[tokio::test]
    async fn both_ends_and_the_gaps_are_kept_and_forgotten() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(dir.path()).expect("opens");
        let pbx = PbxName::new("pbx");
        store.register_pbx(&pbx, "UTC").await.expect("registers");
        assert_eq!(store.reading(&pbx).await.expect("reads"), None);
        let empty = || Batch { pbx: pbx.clone(), rows: Vec::new(), oddities: BTreeMap::new(), cursor: None };
        let gap = |n: i64| Older { reached: n, local: 1_795_330_864, floor: n - 9 };
        let whole = Reading { kind: 1, newest: 90, mark: -7, ..Reading::default() };
        let one = whole.leave(Older { floor: i64::MIN, ..gap(40) });
        for reading in [one, one.leave(gap(80)).leave(gap(85)), one.leave(gap(80)), whole] {
            store.apply_reading(empty(), reading).await.expect("applies");
            assert_eq!(store.reading(&pbx).await.expect("reads"), Some(reading));
            store.apply_cdr(&pbx, Vec::new(), Some(Reading { newest: 7, ..reading })).await.expect("applies");
            let calls = store.cdr_reading(&pbx).await.expect("reads");
            assert_eq!(calls, Some(Reading { newest: 7, ..reading }));
        }
        store.forget_reading(&pbx).await.expect("forgets");
        assert_eq!(store.reading(&pbx).await.expect("reads"), None);
        assert!(store.cdr_reading(&pbx).await.expect("reads").is_some());
        // A state of an older version has only the one end.
        store.apply_batch(Batch { cursor: Some(5), ..empty() }).await.expect("applies");
        let reading = store.reading(&pbx).await.expect("reads");
        assert_eq!(reading, Some(Reading { newest: 5, ..Reading::default() }));
    }
}
