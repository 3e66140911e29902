//! The stored rows themselves, for who explains or recounts: as they came, of tables and of files.

use std::collections::BTreeMap;

use super::ledger::Ledger;
use super::{Scope, lone, visits};
use crate::domain::history::query::local;
use crate::domain::history::row::{LogRow, civil_second};
use crate::domain::ids::PbxName;
use crate::store::{Store, StoreError};

/// Rows are picked by local time with this much on both sides, so that no change of offset hides one.
const MARGIN: i64 = 3 * 3600;

/// Reads lone rows of an agent between two local times.
type ReadLone = fn(&Scope<'_>, &str, (i64, i64)) -> Result<Vec<LogRow>, StoreError>;

impl Store {
    /// The stored rows of some callids, as they came.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn stored_rows(
        &self,
        pbx: &PbxName,
        callids: Vec<String>,
    ) -> Result<BTreeMap<String, Vec<LogRow>>, StoreError> {
        self.of(pbx, move |scope| {
            let mut ledger = Ledger::new(scope);
            let load = |callid: String| Ok((callid.clone(), ledger.rows(&callid)?));
            callids.into_iter().map(load).collect()
        })
        .await
    }

    /// The callids that a callid is folded with, itself among them, in order.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn folded_with(&self, pbx: &PbxName, callid: &str) -> Result<Vec<String>, StoreError> {
        let callid = callid.to_owned();
        self.of(pbx, move |scope| visits::group_of(scope, &callid)).await
    }

    /// The stored rows of pause and login with this text in the agent column from `from` to `to`, UTC seconds, and somewhat
    /// around, as they came.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn lone_rows(
        &self,
        pbx: &PbxName,
        agent: &str,
        from: i64,
        to: i64,
    ) -> Result<Vec<LogRow>, StoreError> {
        self.lone(pbx, agent, (from, to), lone::between).await
    }

    /// An agent's stored rows of pause and login from `from` to `to`, UTC seconds, and somewhat around, as they came: those with
    /// his name, and those of the interfaces that were his.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn rows_of_agent(
        &self,
        pbx: &PbxName,
        agent: &str,
        from: i64,
        to: i64,
    ) -> Result<Vec<LogRow>, StoreError> {
        self.lone(pbx, agent, (from, to), lone::of_agent).await
    }

    async fn lone(
        &self,
        pbx: &PbxName,
        agent: &str,
        (from, to): (i64, i64),
        read: ReadLone,
    ) -> Result<Vec<LogRow>, StoreError> {
        let agent = agent.to_owned();
        self.of(pbx, move |scope| {
            let second = |at: i64| civil_second(local(&scope.zone, at));
            read(scope, &agent, (second(from) - MARGIN, second(to).saturating_add(MARGIN)))
        })
        .await
    }
}
