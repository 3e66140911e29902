//! What one callid's rows leave open and another's may complete: a call that entered under one callid and was connected
//! under another is folded as one.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::params;

use super::Scope;
use super::calls::Call;
use crate::domain::history::fold::{Folded, Loose, NEAR_SECONDS};
use crate::store::StoreError;

/// A call, and what its rows alone give, as they were and as they are.
pub(super) struct Alone<'r> {
    pub call: Call<'r>,
    pub old: Folded,
    pub new: Folded,
}

/// Queue, time, kind and second time of a loose end as stored; an end has two of them.
fn stored(loose: &Loose) -> Vec<(&str, i64, i64, i64)> {
    match loose {
        Loose::Entry { queue, at } => vec![(queue, *at, 1, 0)],
        Loose::Connect { queue, entered } => vec![(queue, *entered, 2, 0)],
        Loose::Talk { queue, at } => vec![(queue, *at, 3, 0)],
        Loose::End { queue, connected, entered } => {
            vec![(queue, *connected, 4, *entered), (queue, *entered, 5, *connected)]
        }
    }
}

/// Stores what is loose of a callid in place of what was.
pub(super) fn replace(
    scope: &Scope<'_>,
    callid: &str,
    old: &[Loose],
    new: &[Loose],
) -> Result<(), StoreError> {
    let [old, new] = [old, new].map(|loose| loose.iter().flat_map(stored).collect::<BTreeSet<_>>());
    let mut remove = scope.db.prepare_cached(
        "DELETE FROM loose WHERE pbx = ?1 AND queue = ?2 AND at = ?3 AND kind = ?4 AND callid = ?5 AND second = ?6",
    )?;
    for (queue, at, kind, second) in old.difference(&new) {
        remove.execute(params![scope.pbx, queue, at, kind, callid, second])?;
    }
    let mut insert = scope.db.prepare_cached(
        "INSERT OR IGNORE INTO loose (pbx, queue, at, kind, callid, second) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?;
    for (queue, at, kind, second) in new.difference(&old) {
        insert.execute(params![scope.pbx, queue, at, kind, callid, second])?;
    }
    Ok(())
}

/// The callids with something that fits a loose end.
pub(super) fn neighbours(scope: &Scope<'_>, loose: &Loose) -> Result<Vec<String>, StoreError> {
    // What each kind may be matched with: an entry with a CONNECT or an end, a talk with an end.
    let wanted: &[(&str, i64, [i64; 2])] = &match loose {
        Loose::Entry { queue, at } => vec![(queue.as_str(), *at, [2, 5])],
        Loose::Connect { queue, entered } => vec![(queue.as_str(), *entered, [1, 1])],
        Loose::Talk { queue, at } => vec![(queue.as_str(), *at, [4, 4])],
        Loose::End { queue, connected, entered } => {
            vec![(queue.as_str(), *connected, [3, 3]), (queue.as_str(), *entered, [1, 1])]
        }
    };
    let mut statement = scope.db.prepare_cached(
        "SELECT callid FROM loose WHERE pbx = ?1 AND queue = ?2 AND at BETWEEN ?3 AND ?4 AND kind IN (?5, ?6)",
    )?;
    let mut found = Vec::new();
    for (queue, at, kinds) in wanted {
        let (from, to) = (at - NEAR_SECONDS, at + NEAR_SECONDS);
        let rows =
            statement.query_map(params![scope.pbx, queue, from, to, kinds[0], kinds[1]], |row| row.get(0))?;
        for row in rows {
            found.push(row?);
        }
    }
    Ok(found)
}

/// The callids in groups that are folded as one, each group in order.
pub(super) fn groups<'a>(alone: &BTreeMap<&'a str, &[Loose]>) -> Vec<Vec<&'a str>> {
    // Only what is loose at nearly the same time can hang together.
    let mut by_time: Vec<(i64, &str, &Loose)> = Vec::new();
    for (callid, own) in alone {
        for loose in *own {
            by_time.extend(stored(loose).into_iter().map(|(_, at, ..)| (at, *callid, loose)));
        }
    }
    by_time.sort_by_key(|(at, ..)| *at);
    let near = |at: i64| {
        let from = by_time.partition_point(|(other, ..)| *other < at - NEAR_SECONDS);
        by_time[from..].iter().take_while(move |(other, ..)| *other <= at + NEAR_SECONDS)
    };
    let mut left: BTreeSet<&str> = alone.keys().copied().collect();
    let mut groups = Vec::new();
    while let Some(first) = left.pop_first() {
        let mut group = vec![first];
        let mut at = 0;
        while at < group.len() {
            for own in alone[group[at]] {
                for (_, time, ..) in stored(own) {
                    for (_, other, loose) in near(time) {
                        if own.fits(loose) && left.remove(other) {
                            group.push(other);
                        }
                    }
                }
            }
            at += 1;
        }
        group.sort_unstable();
        groups.push(group);
    }
    groups
}
