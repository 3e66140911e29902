//! The same row, told by the table and by the file.
//!
//! A row of a file equals a row of the table if all but the time agree and the times are at most two seconds apart (a
//! table may round its times). Both kinds are stored as they came; which of them are one is found here, from the set of
//! all of them, so that it does not matter which came first. The row of the file is the one that counts: its time is an
//! instant, and its columns are as Asterisk wrote them.

use std::borrow::Borrow;
use std::collections::{BTreeMap, BTreeSet};

use super::fold::NEAR_SECONDS;
use super::row::{LogRow, civil_second, unique};

/// The *set* of rows: what one source says twice, or two sources say, once; in the order of ids.
pub fn distinct<R: Borrow<LogRow>>(rows: impl IntoIterator<Item = R>) -> Vec<R> {
    let rows = unique(rows);
    let files = rows.partition_point(|row| row.borrow().instant().is_some());
    if files == 0 || files == rows.len() {
        return rows;
    }
    let told = told_by_file(&rows);
    rows.into_iter().enumerate().filter(|(at, _)| !told.contains(at)).map(|(_, row)| row).collect()
}

/// All that two rows have to agree in.
type Content<'a> = (&'a str, String, &'a str, &'a str, String);

/// What a row says beside its time. On its way into a table Asterisk eats quotes and backslashes, and what stands in
/// brackets keeps its pipes: the columns may differ, their text joined by pipes does not.
fn content(row: &LogRow) -> Content<'_> {
    let mut data = row.data.join("|");
    data.retain(|letter| !matches!(letter, '"' | '\\'));
    data.truncate(data.trim_end_matches(['|', ' ']).len());
    (row.callid.trim(), row.queue.trim().to_ascii_lowercase(), row.agent.trim(), row.event.trim(), data)
}

/// Whether two rows say the same, whenever.
pub fn same_content(one: &LogRow, other: &LogRow) -> bool {
    content(one) == content(other)
}

/// The places of the table's rows that a file tells too: as many pairs as there can be, each row in one.
fn told_by_file<R: Borrow<LogRow>>(rows: &[R]) -> BTreeSet<usize> {
    let mut groups: BTreeMap<Content<'_>, [Vec<(i64, usize)>; 2]> = BTreeMap::new();
    for (at, row) in rows.iter().map(Borrow::borrow).enumerate() {
        let kind = usize::from(row.instant().is_none());
        groups.entry(content(row)).or_default()[kind].push((civil_second(row.local), at));
    }
    let mut told = BTreeSet::new();
    for [mut files, mut tables] in groups.into_values() {
        files.sort_unstable();
        tables.sort_unstable();
        let mut left = files.into_iter().peekable();
        for (second, at) in tables {
            while left.next_if(|(file, _)| *file < second - NEAR_SECONDS).is_some() {}
            if left.next_if(|(file, _)| *file <= second + NEAR_SECONDS).is_some() {
                told.insert(at);
            }
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::super::row::{file_id, tests::row};
    use super::*;

    const BASE: i64 = 1_795_330_800;

    fn table(id: i64, second: i64, data: &str) -> LogRow {
        let mut made = row(id, "2026-11-22 07:00:00", "1.1", "sales", "A", "RINGNOANSWER", data);
        made.local = super::super::row::civil_of(BASE + second).expect("a time");
        made
    }

    fn file(second: i64, data: &str) -> LogRow {
        LogRow { id: file_id(BASE + second, 0), ..table(1, second, data) }
    }

    /// Seconds of the file's and of the table's rows → seconds of what is left.
    fn check(files: &[i64], tables: &[i64], expect: &[i64]) {
        let rows = files.iter().map(|second| file(*second, "0"));
        let rows = rows.chain(tables.iter().zip(1..).map(|(second, id)| table(id, *second, "0")));
        let mut left: Vec<i64> = distinct(rows).iter().map(|row| civil_second(row.local) - BASE).collect();
        left.sort_unstable();
        assert_eq!(left, expect, "file {files:?}, table {tables:?}");
    }

    #[test]
    fn a_row_of_both_sources_counts_once_up_to_two_seconds_apart() {
        check(&[10], &[10], &[10]);
        check(&[10], &[12], &[10]);
        check(&[10], &[8], &[10]);
        check(&[10], &[13], &[10, 13]);
        check(&[], &[10, 11], &[10, 11]);
        check(&[10, 11], &[], &[10, 11]);
    }

    #[test]
    fn each_row_has_one_partner_and_as_many_as_can_have_one() {
        check(&[10, 11, 12], &[11, 12, 13], &[10, 11, 12]);
        check(&[10, 12], &[8, 10], &[10, 12]);
        check(&[10], &[9, 11], &[10, 11]);
        check(&[10, 11], &[11], &[10, 11]);
    }

    #[test]
    fn columns_may_be_cut_otherwise_but_not_say_otherwise() {
        let once = |one: &str, other: &str| distinct([file(1, one), table(1, 1, other)]).len() == 1;
        assert!(once("LINK|a|b|10|80|1", "LINK|a|b|10|80|1"));
        assert!(once("5|u|1|", "5|u|1"));
        assert!(once("a \"quoted\" reason", "a quoted reason"));
        assert!(!once("0", "1000"));
        let (mut shifted, mut plain) = (table(1, 1, ""), file(1, "a(b|c)|d"));
        shifted.data = ["a(b|c)", "d", "", "", ""].map(Into::into);
        assert_eq!(distinct([shifted, plain.clone()]), vec![plain.clone()]);
        plain.queue = "SALES".into();
        assert_eq!(distinct([table(1, 1, "a(b|c)|d"), plain.clone()]), vec![plain]);
    }
}
