//! Mending pauses, logins and sums that a check found wrong.

use std::collections::BTreeSet;

use super::agents::{self, Touched, touch};
use super::{Scope, sums};
use crate::domain::history::cells::Cells;
use crate::domain::ids::PbxName;
use crate::domain::time::month_of;
use crate::store::{Store, StoreError};

/// Pauses and logins begin at most so long before a day for their beginning to be counted again with it, seconds.
const BEFORE: i64 = 7 * 86_400;

/// What counting pauses and logins again found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recounted {
    /// Intervals that were not what the rows give.
    pub wrong: u64,
    /// From the start of the first of them to the end of the last, UTC seconds; one that goes on ends with the log.
    pub reach: Option<(i64, i64)>,
}

impl Store {
    /// Folds the pauses and logins of some agents, as the rows write them, again from the week before [from, to), UTC
    /// seconds, to its end, and puts right what is stored. The sums are left as they are.
    ///
    /// # Errors
    /// When the PBX was never registered or the database refuses.
    pub async fn recount_presence(
        &self,
        pbx: &PbxName,
        (from, to): (i64, i64),
        texts: Vec<String>,
    ) -> Result<Recounted, StoreError> {
        let pbx = pbx.clone();
        self.write(move |db| {
            let scope = Scope::get(db, &pbx)?;
            let identities = scope.identities()?;
            let mut touched = Touched::new();
            for agent in texts.iter().flat_map(|text| identities.ever(text)) {
                touch(&mut touched, agent.as_str(), from - BEFORE);
                touch(&mut touched, agent.as_str(), to);
            }
            let mut found = Recounted::default();
            let last = scope.log_clock();
            agents::fold_touched(&scope, &touched, &scope.queue_starts()?, &mut |_, old, new| {
                let [old, new]: [BTreeSet<_>; 2] = [old, new].map(|all| all.iter().collect());
                let (gone, more) = (old.difference(&new).count(), new.difference(&old).count());
                found.wrong += u64::try_from(gone.max(more)).unwrap_or(0);
                for interval in old.symmetric_difference(&new) {
                    let end = interval.end.unwrap_or(last).max(interval.start);
                    let (from, to) = found.reach.get_or_insert((interval.start, end));
                    (*from, *to) = ((*from).min(interval.start), (*to).max(end));
                }
            })?;
            Ok(found)
        })
        .await
    }

    /// Adds differences to cells of the hours that begin in [from, to), UTC seconds: what a recount gave less what was stored.
    /// As cells are sums, this is right also where rows came meanwhile. Then the sums of the months are added up again
    /// from their days; says how many of them were wrong although no cell was.
    ///
    /// # Errors
    /// When the PBX was never registered or the database refuses.
    pub async fn mend_cells(
        &self,
        pbx: &PbxName,
        (from, to): (i64, i64),
        changes: Cells,
    ) -> Result<u64, StoreError> {
        let pbx = pbx.clone();
        self.write(move |db| {
            let scope = Scope::get(db, &pbx)?;
            let mut months = 0;
            for month in month_of(&scope.zone, from)..=month_of(&scope.zone, to - 1) {
                months += sums::add_up_again(&scope, month)?;
            }
            // A month that was added up from wrong cells takes the same difference as they do.
            let mut sums = sums::Changes::default();
            sums.merge(&changes);
            sums.save(&scope)?;
            Ok(if changes.is_empty() { months } else { 0 })
        })
        .await
    }
}
