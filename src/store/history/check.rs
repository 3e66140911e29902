//! Mending sums that a check found wrong.

use super::{Scope, sums};
use crate::domain::history::cells::Cells;
use crate::domain::ids::PbxName;
use crate::domain::time::month_of;
use crate::store::{Store, StoreError};

impl Store {
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
