//! Reading the stored sums, by hour or by month.

use std::collections::BTreeSet;

use rusqlite::{Statement, ToSql, params};

use super::read::CellsOf;
use super::sums::{DAY, Stored, each_stored};
use super::{Scope, record};
use crate::domain::history::cells::{Cell, Subject};
use crate::domain::time::{Hour, month_of, month_start};
use crate::store::StoreError;

/// Takes a cell of an hour.
type EachHour<'a> = dyn FnMut(Subject, Hour, Cell) + 'a;
/// Takes an agent's, or a queue's (agent empty), cell of an hour, packed.
type EachPart<'a> = dyn FnMut(&str, Hour, &Stored<'_>) -> Result<(), StoreError> + 'a;
/// The same of an hour or of a month, and how many times it counts: 1, or −1.
type EachTimes<'a> = dyn FnMut(&str, &Stored<'_>, i64) -> Result<(), StoreError> + 'a;

/// Gives the cells of the hours that begin in [from, to) to `each`, day by day.
pub(super) fn each_hour(
    scope: &Scope<'_>,
    span: (i64, i64),
    of: &CellsOf,
    each: &mut EachHour<'_>,
) -> Result<(), StoreError> {
    each_part_of_days(scope, span, of, &mut |agent, hour, part| {
        each(Subject { queue: part.queue.into(), agent: agent.into() }, hour, part.cell()?);
        Ok(())
    })
}

/// As [`each_hour`], packed as they are stored.
pub(super) fn each_part_of_days(
    scope: &Scope<'_>,
    (from, to): (i64, i64),
    of: &CellsOf,
    each: &mut EachPart<'_>,
) -> Result<(), StoreError> {
    if from >= to {
        return Ok(());
    }
    let days = (from.div_euclid(DAY), (to - 1).div_euclid(DAY));
    each_record(scope, "day", days, of, &mut |day, agent, bytes| {
        each_stored(bytes, |part| {
            let hour = Hour { start: day * DAY + i64::from(part.start), seconds: i64::from(part.seconds) };
            if (from..to).contains(&hour.start) && wanted(of, part.queue) {
                each(agent, hour, &part)?;
            }
            Ok(())
        })
    })
}

/// Gives what the hours that begin in [from, to) sum up to, to `each`: whole months as one, and of a month that begins or ends
/// outside whichever is less, its days inside, or all of it and (−1 times) its days outside.
pub(super) fn each_part(
    scope: &Scope<'_>,
    (from, to): (i64, i64),
    of: &CellsOf,
    each: &mut EachTimes<'_>,
) -> Result<(), StoreError> {
    let Some((oldest, newest)) = edges(scope, "month")? else { return Ok(()) };
    let zone = &scope.zone;
    let from = from.max(month_start(zone, oldest));
    let to = to.min(month_start(zone, newest + 1));
    if from >= to {
        return Ok(());
    }
    // Days without a record cost nothing.
    let end = edges(scope, "day")?.map_or(i64::MAX, |(_, newest)| (newest + 1) * DAY);
    let size = |from: i64, to: i64| (to.min(end) - from).max(0);
    let (first, last) = (month_of(zone, from), month_of(zone, to - 1));
    let mut whole: Vec<i64> = (first + 1..last).collect();
    for month in BTreeSet::from([first, last]) {
        let (start, after) = (month_start(zone, month), month_start(zone, month + 1));
        let (inside, before, behind) = ((from.max(start), to.min(after)), (start, from), (to, after));
        if size(before.0, before.1) + size(behind.0, behind.1) < size(inside.0, inside.1) {
            whole.push(month);
            for outside in [before, behind] {
                each_part_of_days(scope, outside, of, &mut |agent, _, part| each(agent, part, -1))?;
            }
        } else {
            each_part_of_days(scope, inside, of, &mut |agent, _, part| each(agent, part, 1))?;
        }
    }
    let months = whole.iter().copied().min().zip(whole.iter().copied().max());
    let Some(months) = months else { return Ok(()) };
    each_record(scope, "month", months, of, &mut |_, agent, bytes| {
        each_stored(bytes, |part| if wanted(of, part.queue) { each(agent, &part, 1) } else { Ok(()) })
    })
}

/// The first UTC day with sums, as days since 1970.
pub(super) fn oldest_day(scope: &Scope<'_>) -> Result<Option<i64>, StoreError> {
    Ok(edges(scope, "day")?.map(|(oldest, _)| oldest))
}

/// The UTC second at which the oldest clock hour with a row starts.
pub(super) fn oldest_hour(scope: &Scope<'_>) -> Result<Option<i64>, StoreError> {
    let Some((day, _)) = edges(scope, "day")? else { return Ok(None) };
    let mut oldest = None;
    each_part_of_days(scope, (day * DAY, (day + 1) * DAY), &CellsOf::All, &mut |_, hour, _| {
        oldest = oldest.into_iter().chain([hour.start]).min();
        Ok(())
    })?;
    Ok(oldest)
}

/// Whether a cell of this queue in somebody's record is asked for.
fn wanted(of: &CellsOf, own: &str) -> bool {
    match of {
        CellsOf::Agents { queue: Some(queue), .. } => queue == own,
        _ => true,
    }
}

/// The first and the last day or month with sums.
fn edges(scope: &Scope<'_>, table: &str) -> Result<Option<(i64, i64)>, StoreError> {
    let edge = |which: &str| -> Result<Option<i64>, StoreError> {
        let sql = format!("SELECT {which}({table}) FROM {table} WHERE pbx = ?1");
        Ok(scope.db.prepare_cached(&sql)?.query_row(params![scope.pbx], |row| row.get(0))?)
    };
    Ok(edge("min")?.zip(edge("max")?))
}

/// Takes a record: day or month, agent (none of a queue's), bytes.
type EachRecord<'a> = dyn FnMut(i64, &str, &[u8]) -> Result<(), StoreError> + 'a;

/// Gives the records of days or months, both ends included, to `each`.
fn each_record(
    scope: &Scope<'_>,
    table: &str,
    (from, to): (i64, i64),
    of: &CellsOf,
    each: &mut EachRecord<'_>,
) -> Result<(), StoreError> {
    let Some((oldest, newest)) = edges(scope, table)? else { return Ok(()) };
    let (from, to) = (from.max(oldest), to.min(newest));
    let select = format!("SELECT {table}, agent, cells FROM {table} WHERE pbx = ?1 AND {table}");
    let none = "";
    match of {
        CellsOf::All | CellsOf::Agents { agent: None, .. } => {
            let whose = if *of == CellsOf::All { "" } else { "AND agent <> ''" };
            let sql = format!("{select} BETWEEN ?2 AND ?3 {whose} ORDER BY {table}");
            rows(&mut *scope.db.prepare_cached(&sql)?, params![scope.pbx, from, to], each)
        }
        CellsOf::Queues { queue: None } => {
            let mut statement = scope.db.prepare_cached(&format!("{select} = ?2 AND agent = ''"))?;
            (from..=to).try_for_each(|time| rows(&mut statement, params![scope.pbx, time], each))
        }
        CellsOf::Queues { queue } | CellsOf::Agents { agent: queue, .. } => {
            // One record a day: looked up, because a day's records of the others lie between.
            let one = queue.as_deref().unwrap_or(none);
            let (agent, queue) = if matches!(of, CellsOf::Queues { .. }) { (none, one) } else { (one, none) };
            let sql = format!("{select} = ?2 AND agent = ?3 AND queue = ?4");
            let mut statement = scope.db.prepare_cached(&sql)?;
            (from..=to)
                .try_for_each(|time| rows(&mut statement, params![scope.pbx, time, agent, queue], each))
        }
    }
}

fn rows(
    statement: &mut Statement<'_>,
    bound: &[&dyn ToSql],
    each: &mut EachRecord<'_>,
) -> Result<(), StoreError> {
    let mut rows = statement.query(bound)?;
    while let Some(row) = rows.next()? {
        let agent = row.get_ref(1)?.as_str().map_err(record)?;
        each(row.get(0)?, agent, row.get_ref(2)?.as_blob().map_err(record)?)?;
    }
    Ok(())
}
