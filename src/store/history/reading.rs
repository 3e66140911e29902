//! How far the PBX's `queue_log` is read: both ends of what is read without a gap, kept in the same transaction as the
//! rows, so that a reader that was killed goes on where it was, on both sides.

use jiff::civil::{Date, Time};
use rusqlite::params;

use super::batch::{self, set_cursor};
use super::{Applied, Batch, Scope};
use crate::domain::history::row::civil_of;
use crate::domain::ids::PbxName;
use crate::store::{Store, StoreError};

/// The cursors that hold a [`Reading`].
const NEWEST: &str = "queue_log";
const KIND: &str = "queue_log.kind";
const MARK: &str = "queue_log.mark";
const OLDER: &str = "queue_log.older";
const OLDER_LOCAL: &str = "queue_log.older_local";

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
}

/// Where reading back in time stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Older {
    /// Everything from this position on is read.
    pub reached: i64,
    /// The local time there, as `civil_second` numbers it: the history is whole from the next midnight on.
    pub local: i64,
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
        let pbx = pbx.clone();
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT source, position FROM cursor JOIN pbx ON pbx.id = cursor.pbx
                 WHERE name = ?1 AND source IN (?2, ?3, ?4, ?5, ?6)",
            )?;
            let mut rows = statement.query(params![pbx.as_str(), NEWEST, KIND, MARK, OLDER, OLDER_LOCAL])?;
            let (mut found, mut known) = (Reading::default(), false);
            while let Some(row) = rows.next()? {
                let position: i64 = row.get(1)?;
                match row.get_ref(0)?.as_str().map_err(super::record)? {
                    KIND => found.kind = position,
                    MARK => found.mark = position,
                    OLDER => found.older.get_or_insert_default().reached = position,
                    OLDER_LOCAL => found.older.get_or_insert_default().local = position,
                    _ => (found.newest, known) = (position, true),
                }
            }
            Ok(known.then_some(found))
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
            let applied = batch::apply(&mut scope, batch)?;
            save(&scope, reading)?;
            Ok(applied)
        })
        .await
    }

    /// Forgets how far the table is read, because it is another one now. What it told stays.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn forget_reading(&self, pbx: &PbxName) -> Result<(), StoreError> {
        let pbx = pbx.clone();
        self.write(move |db| {
            let scope = Scope::get(db, &pbx)?;
            forget(&scope, &[NEWEST, KIND, MARK, OLDER, OLDER_LOCAL])
        })
        .await
    }
}

fn save(scope: &Scope<'_>, reading: Reading) -> Result<(), StoreError> {
    set_cursor(scope, NEWEST, reading.newest)?;
    set_cursor(scope, KIND, reading.kind)?;
    set_cursor(scope, MARK, reading.mark)?;
    match reading.older {
        Some(older) => {
            set_cursor(scope, OLDER, older.reached)?;
            set_cursor(scope, OLDER_LOCAL, older.local)
        }
        None => forget(scope, &[OLDER, OLDER_LOCAL]),
    }
}

fn forget(scope: &Scope<'_>, sources: &[&str]) -> Result<(), StoreError> {
    let mut statement = scope.db.prepare_cached("DELETE FROM cursor WHERE pbx = ?1 AND source = ?2")?;
    for source in sources {
        statement.execute(params![scope.pbx, source])?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_date_is_whole_from_its_midnight_on() {
        let midnight = 1_795_305_600;
        let from = |local| Older { reached: 1, local }.complete_from().to_string();
        let whole = [midnight - 1, midnight, midnight + 1].map(from);
        assert_eq!(whole, ["2026-11-22", "2026-11-22", "2026-11-23"]);
    }

    #[tokio::test]
    async fn both_ends_are_kept_and_forgotten() {
        let dir = tempfile::tempdir().expect("a folder");
        let store = Store::open(dir.path()).expect("opens");
        let pbx = PbxName::new("pbx");
        store.register_pbx(&pbx, "UTC").await.expect("registers");
        assert_eq!(store.reading(&pbx).await.expect("reads"), None);
        let empty = || Batch { pbx: pbx.clone(), rows: Vec::new(), oddities: BTreeMap::new(), cursor: None };
        let older = Some(Older { reached: 40, local: 1_795_330_864 });
        for older in [older, None] {
            let reading = Reading { kind: 1, newest: 90, mark: -7, older };
            store.apply_reading(empty(), reading).await.expect("applies");
            assert_eq!(store.reading(&pbx).await.expect("reads"), Some(reading));
        }
        store.forget_reading(&pbx).await.expect("forgets");
        assert_eq!(store.reading(&pbx).await.expect("reads"), None);
        // A state of an older version has only the one end.
        store.apply_batch(Batch { cursor: Some(5), ..empty() }).await.expect("applies");
        let reading = store.reading(&pbx).await.expect("reads");
        assert_eq!(reading, Some(Reading { newest: 5, ..Reading::default() }));
    }
}
