//! From when on a PBX's history is known, whole, and kept.

use jiff::civil::Date;

use super::{History, HistoryError, zone_of};
use crate::domain::history::query::local;
use crate::domain::ids::PbxName;

impl History {
    /// The UTC second from which on the history of a PBX is known; `None` without any. What is before it is not nothing.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn known_since(&self, pbx: &PbxName) -> Result<Option<i64>, HistoryError> {
        let oldest = self.store.oldest_hour(pbx).await?;
        let Some(whole_from) = self.complete_from(pbx).await? else { return Ok(oldest) };
        let records = self.store.pbxs().await?;
        let Some(record) = records.into_iter().find(|record| record.name == *pbx) else { return Ok(oldest) };
        let start = whole_from.to_zoned(zone_of(&record.zone)?).map(|zoned| zoned.timestamp().as_second());
        Ok(oldest.map(|oldest| start.map_or(oldest, |start| start.max(oldest))))
    }

    /// While the past is still being read: the first date of which everything is known; else `None`.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn complete_from(&self, pbx: &PbxName) -> Result<Option<Date>, HistoryError> {
        let reading = self.store.reading(pbx).await?;
        Ok(reading.and_then(|reading| reading.older).map(|older| older.complete_from()))
    }

    /// The first date of which calls, pauses and phones are kept, where older ones were removed; of these only the sums of
    /// their hours are left. `pbx`: of one; else the latest of all.
    ///
    /// # Errors
    /// When the store refuses.
    pub async fn kept_from(&self, pbx: Option<&PbxName>) -> Result<Option<Date>, HistoryError> {
        let mut first = None;
        for record in
            self.store.pbxs().await?.into_iter().filter(|own| pbx.is_none_or(|one| own.name == *one))
        {
            let Some(edge) = self.store.kept_from(&record.name).await? else { continue };
            // A UTC day begins in the midst of a local one.
            let day = local(&zone_of(&record.zone)?, edge);
            let begun = day.time() != jiff::civil::Time::midnight();
            let day = if begun { day.date().tomorrow().unwrap_or(day.date()) } else { day.date() };
            first = first.max(Some(day));
        }
        Ok(first)
    }
}
