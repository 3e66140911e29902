//! The recorded changes of the live model, by PBX and segment. What the bytes mean is known by `domain::replay`.

use rusqlite::{Connection, OptionalExtension, params};

use super::{Store, StoreError};
use crate::domain::ids::PbxName;
use crate::domain::replay::{Recorded, packed, unpacked};

/// So many segments are removed in one step.
const STEP: i64 = 100;

/// One segment, unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Segment {
    /// When it begins, milliseconds since the epoch.
    pub begin: i64,
    /// What it shows holds at least until then.
    pub until: i64,
    /// Its records.
    pub bytes: Vec<u8>,
}

impl Store {
    /// Adds a part to a segment; part 0 begins it.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn replay_append(
        &self,
        pbx: &PbxName,
        segment: i64,
        part: u32,
        until: i64,
        bytes: Vec<u8>,
    ) -> Result<(), StoreError> {
        let pbx = pbx.clone();
        self.write(move |tx| {
            if part == 0 {
                // A clock that was set back comes by again.
                tx.execute("DELETE FROM replay WHERE pbx = ?1 AND segment = ?2", params![pbx.as_str(), segment])?;
            }
            tx.prepare_cached(
                "INSERT OR REPLACE INTO replay (pbx, segment, part, until, packed, bytes) VALUES (?1, ?2, ?3, ?4, 0, ?5)",
            )?
            .execute(params![pbx.as_str(), segment, part, until, bytes])?;
            Ok(())
        })
        .await
    }

    /// Makes every segment but `open` one packed part, the oldest first, some at a time. How many are left.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn replay_pack(&self, pbx: &PbxName, open: i64) -> Result<i64, StoreError> {
        let pbx = pbx.clone();
        self.write(move |tx| {
            let loose = |limit: i64| -> Result<Vec<i64>, StoreError> {
                let mut statement = tx.prepare_cached(
                    "SELECT DISTINCT segment FROM replay WHERE pbx = ?1 AND packed = 0 AND segment <> ?2
                     ORDER BY segment LIMIT ?3",
                )?;
                let rows = statement.query_map(params![pbx.as_str(), open, limit], |row| row.get(0))?;
                Ok(rows.collect::<Result<_, _>>()?)
            };
            for segment in loose(4)? {
                let Some(whole) = read(tx, pbx.as_str(), segment)? else { continue };
                tx.execute("DELETE FROM replay WHERE pbx = ?1 AND segment = ?2", params![pbx.as_str(), segment])?;
                tx.execute(
                    "INSERT INTO replay (pbx, segment, part, until, packed, bytes) VALUES (?1, ?2, 0, ?3, 1, ?4)",
                    params![pbx.as_str(), segment, whole.until, packed(&whole.bytes)],
                )?;
            }
            Ok(i64::try_from(loose(STEP)?.len()).unwrap_or(STEP))
        })
        .await
    }

    /// Removes segments that ended before `before`, and the oldest ones beyond `most` bytes; some at a time. How many were
    /// removed: nothing is left to do at 0.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn replay_purge(&self, pbx: &PbxName, before: i64, most: i64) -> Result<i64, StoreError> {
        let pbx = pbx.clone();
        self.write(move |tx| {
            let mut statement = tx.prepare_cached(
                "SELECT segment, max(until), sum(length(bytes)) FROM replay WHERE pbx = ?1 GROUP BY segment ORDER BY segment",
            )?;
            let rows = statement.query_map([pbx.as_str()], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
            let all: Vec<(i64, i64, i64)> = rows.collect::<Result<_, _>>()?;
            let mut bytes: i64 = all.iter().map(|(.., bytes)| bytes).sum();
            let mut removed = 0;
            for (segment, until, size) in all {
                if removed == STEP || (until >= before && bytes <= most) {
                    break;
                }
                tx.execute("DELETE FROM replay WHERE pbx = ?1 AND segment = ?2", params![pbx.as_str(), segment])?;
                bytes -= size;
                removed += 1;
            }
            Ok(removed)
        })
        .await
    }

    /// The segment in which the moment `at` lies, or the last one before it.
    ///
    /// # Errors
    /// When the database cannot be read, or the segment is damaged.
    pub async fn replay_segment(&self, pbx: &PbxName, at: i64) -> Result<Option<Segment>, StoreError> {
        let pbx = pbx.clone();
        self.read(move |db| {
            let found: Option<i64> = db.query_row(
                "SELECT max(segment) FROM replay WHERE pbx = ?1 AND segment <= ?2",
                params![pbx.as_str(), at],
                |row| row.get(0),
            )?;
            found.map_or(Ok(None), |segment| read(db, pbx.as_str(), segment))
        })
        .await
    }

    /// When the segments begin that show anything of `[from, to)`, in order.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn replay_segments(&self, pbx: &PbxName, from: i64, to: i64) -> Result<Vec<i64>, StoreError> {
        let pbx = pbx.clone();
        self.read(move |db| {
            let mut statement = db.prepare_cached(
                "SELECT segment FROM replay WHERE pbx = ?1 AND segment < ?3
                 GROUP BY segment HAVING max(until) >= ?2 ORDER BY segment",
            )?;
            let rows = statement.query_map(params![pbx.as_str(), from, to], |row| row.get(0))?;
            Ok(rows.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// What is recorded of a PBX; `None` for nothing.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn replay_recorded(&self, pbx: &PbxName) -> Result<Option<Recorded>, StoreError> {
        let pbx = pbx.clone();
        self.read(move |db| {
            let found = db
                .query_row(
                    "SELECT min(segment), max(until), sum(length(bytes)) FROM replay WHERE pbx = ?1",
                    [pbx.as_str()],
                    |row| {
                        Ok((
                            row.get::<_, Option<i64>>(0)?,
                            row.get::<_, Option<i64>>(1)?,
                            row.get::<_, Option<i64>>(2)?,
                        ))
                    },
                )
                .optional()?;
            let Some((Some(from), Some(until), bytes)) = found else { return Ok(None) };
            Ok(Some(Recorded { from, until, bytes: bytes.unwrap_or(0) }))
        })
        .await
    }
}

/// All parts of a segment, together.
fn read(db: &Connection, pbx: &str, segment: i64) -> Result<Option<Segment>, StoreError> {
    let mut statement = db.prepare_cached(
        "SELECT until, packed, bytes FROM replay WHERE pbx = ?1 AND segment = ?2 ORDER BY part",
    )?;
    let mut rows = statement.query(params![pbx, segment])?;
    let mut whole: Option<Segment> = None;
    while let Some(row) = rows.next()? {
        let (until, is_packed): (i64, bool) = (row.get(0)?, row.get(1)?);
        let bytes = row.get_ref(2)?.as_blob().map_err(|error| StoreError::Record(error.to_string()))?;
        let whole = whole.get_or_insert(Segment { begin: segment, until, bytes: Vec::new() });
        whole.until = whole.until.max(until);
        if is_packed {
            let bytes = unpacked(bytes).map_err(|error| StoreError::Record(error.to_string()))?;
            whole.bytes.extend(bytes);
        } else {
            whole.bytes.extend_from_slice(bytes);
        }
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bench() -> (tempfile::TempDir, Store, PbxName) {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("opens");
        (folder, store, "pbx".into())
    }

    #[tokio::test]
    async fn parts_are_one_segment_before_and_after_packing() {
        let (_folder, store, pbx) = bench();
        let other: PbxName = "other".into();
        for (part, bytes) in [vec![1; 500], vec![2; 500], vec![3; 500]].into_iter().enumerate() {
            let part = u32::try_from(part).expect("small");
            store.replay_append(&pbx, 1_000, part, 2_000 + i64::from(part), bytes).await.expect("appends");
        }
        store.replay_append(&pbx, 5_000, 0, 5_000, vec![4]).await.expect("appends");
        store.replay_append(&other, 1_500, 0, 1_600, vec![9]).await.expect("appends");
        let whole = Segment { begin: 1_000, until: 2_002, bytes: [[1; 500], [2; 500], [3; 500]].concat() };
        assert_eq!(store.replay_segment(&pbx, 4_999).await.expect("reads"), Some(whole.clone()));
        let loose = store.replay_recorded(&pbx).await.expect("reads").expect("recorded");
        assert_eq!((loose.from, loose.until, loose.bytes), (1_000, 5_000, 1_501));
        assert_eq!(store.replay_pack(&pbx, 5_000).await.expect("packs"), 0);
        assert_eq!(store.replay_segment(&pbx, 1_000).await.expect("reads"), Some(whole));
        assert!(store.replay_recorded(&pbx).await.expect("reads").expect("recorded").bytes < 100);
        assert_eq!(store.replay_segment(&pbx, 999).await.expect("reads"), None);
        assert_eq!(store.replay_segments(&pbx, 2_002, 5_001).await.expect("reads"), [1_000, 5_000]);
        assert_eq!(store.replay_segments(&pbx, 2_003, 5_000).await.expect("reads"), [0_i64; 0]);
    }

    #[tokio::test]
    async fn the_oldest_go_by_age_and_by_size() {
        let (_folder, store, pbx) = bench();
        for begin in 0..10 {
            store
                .replay_append(&pbx, begin * 1_000, 0, begin * 1_000 + 500, vec![0; 100])
                .await
                .expect("appends");
        }
        let from = async || store.replay_recorded(&pbx).await.expect("reads").expect("recorded").from;
        assert_eq!(store.replay_purge(&pbx, 2_500, 10_000).await.expect("purges"), 2);
        assert_eq!(
            (from().await, store.replay_purge(&pbx, 2_500, 10_000).await.expect("purges")),
            (2_000, 0)
        );
        assert_eq!(store.replay_purge(&pbx, 0, 350).await.expect("purges"), 5);
        assert_eq!(from().await, 7_000);
    }
}
