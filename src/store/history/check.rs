//! Mending cells that a check found wrong.

use super::{Scope, sums};
use crate::domain::history::cells::Cells;
use crate::domain::ids::PbxName;
use crate::store::{Store, StoreError};

impl Store {
    /// Adds differences to cells: what a recount gave less what was stored. As cells are sums, this is right also where rows came
    /// meanwhile.
    ///
    /// # Errors
    /// When the PBX was never registered or the database refuses.
    pub async fn mend_cells(&self, pbx: &PbxName, changes: Cells) -> Result<(), StoreError> {
        let pbx = pbx.clone();
        self.write(move |db| sums::apply(&Scope::get(db, &pbx)?, &changes)).await
    }
}
