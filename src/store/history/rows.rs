//! The stored rows themselves, for who explains or recounts: as they came, of tables and of files.

use std::collections::BTreeMap;

use rusqlite::{OptionalExtension, params};

use super::{Scope, calls, lone};
use crate::domain::history::place::Hint;
use crate::domain::history::query::local;
use crate::domain::history::row::{LogRow, civil_second};
use crate::domain::ids::PbxName;
use crate::store::{Store, StoreError};

/// Rows are picked by local time with this much on both sides, so that no change of offset hides one.
const MARGIN: i64 = 3 * 3600;

/// What a fold knows beside the rows.
#[derive(Clone, Debug, Default)]
pub struct FoldContext {
    /// The newest row known, UTC.
    pub log_clock: i64,
    /// When Asterisk started, UTC, ascending.
    pub queue_starts: Vec<i64>,
    /// Rows of known instant near a repeated hour.
    pub hints: Vec<Hint>,
}

/// The stored rows of a callid, as they came.
pub(super) fn of_call(scope: &Scope<'_>, callid: &str) -> Result<Vec<LogRow>, StoreError> {
    calls::load(scope, callid)
}

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
            let load = |callid: String| Ok((callid.clone(), of_call(scope, &callid)?));
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
        self.of(pbx, move |scope| {
            let sql = "SELECT joined FROM call WHERE pbx = ?1 AND callid = ?2";
            let joined: Option<Option<String>> = scope
                .db
                .prepare_cached(sql)?
                .query_row(params![scope.pbx, callid], |row| row.get(0))
                .optional()?;
            let Some(joined) = joined else { return Ok(Vec::new()) };
            let Some(joined) = joined else { return Ok(vec![callid]) };
            let mut statement = scope
                .db
                .prepare_cached("SELECT callid FROM call WHERE pbx = ?1 AND joined = ?2 ORDER BY callid")?;
            let found = statement.query_map(params![scope.pbx, joined], |row| row.get(0))?;
            Ok(found.collect::<Result<_, _>>()?)
        })
        .await
    }

    /// An agent's stored rows of pause and login from `from` to `to`, UTC seconds, and somewhat around, as they came.
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
        let agent = agent.to_owned();
        self.of(pbx, move |scope| {
            let second = |at: i64| civil_second(local(&scope.zone, at));
            lone::between(scope, &agent, (second(from) - MARGIN, second(to).saturating_add(MARGIN)))
        })
        .await
    }

    /// What a fold knows beside the rows.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn fold_context(&self, pbx: &PbxName) -> Result<FoldContext, StoreError> {
        self.of(pbx, |scope: &Scope<'_>| {
            Ok(FoldContext {
                log_clock: scope.log_clock(),
                queue_starts: scope.queue_starts()?,
                hints: scope.hints()?,
            })
        })
        .await
    }
}
