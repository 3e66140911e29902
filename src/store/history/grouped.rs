//! The rows of a batch by what they are folded with: those of one callid together, as they came, without a copy of any.

use smol_str::SmolStr;

use crate::domain::history::event::Belongs;
use crate::domain::history::row::LogRow;
use crate::domain::quick::QuickMap;

/// Rows in groups.
pub(super) struct Grouped {
    rows: Vec<LogRow>,
    /// Where each callid's rows begin.
    starts: Vec<usize>,
}

impl Grouped {
    /// Brings the rows of each callid together; those that belong to no call come last, by agent and time.
    pub(super) fn of(mut rows: Vec<LogRow>) -> Self {
        let mut numbers: QuickMap<&SmolStr, usize> = QuickMap::default();
        let mut counts: Vec<usize> = Vec::new();
        // Of each row the number of its call; without one: none.
        let mut places: Vec<usize> = rows
            .iter()
            .map(|row| {
                if row.belongs() == Belongs::Agent {
                    return usize::MAX;
                }
                let number = *numbers.entry(&row.callid).or_insert_with(|| {
                    counts.push(0);
                    counts.len() - 1
                });
                counts[number] += 1;
                number
            })
            .collect();
        let mut end = 0;
        let mut starts: Vec<usize> = Vec::with_capacity(counts.len() + 1);
        for count in counts {
            starts.push(end);
            end += count;
        }
        starts.push(end);
        let mut next = starts.clone();
        for place in &mut places {
            let next = next.get_mut(*place).unwrap_or(&mut end);
            *place = *next;
            *next += 1;
        }
        for at in 0..rows.len() {
            while places[at] != at {
                let to = places[at];
                rows.swap(at, to);
                places.swap(at, to);
            }
        }
        let lone = &mut rows[starts[starts.len() - 1]..];
        // Neighbours in the table one after the other.
        lone.sort_by(|a, b| (&a.agent, a.local).cmp(&(&b.agent, b.local)));
        Self { rows, starts }
    }

    /// The rows of one callid after the other, none of them empty.
    pub(super) fn calls(&self) -> impl Iterator<Item = &[LogRow]> {
        self.starts.windows(2).map(|pair| &self.rows[pair[0]..pair[1]])
    }

    /// The rows that belong to no call.
    pub(super) fn lone(&self) -> &[LogRow] {
        &self.rows[self.starts[self.starts.len() - 1]..]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::history::row::tests::row;

    #[test]
    fn rows_of_a_call_come_together_as_they_came_and_no_row_is_lost() {
        let at = "2026-11-22 07:00:00";
        let made =
            |id, callid: &str, agent: &str, event: &str| row(id, at, callid, "q", agent, event, "1|1|1");
        let rows = vec![
            made(1, "1795330864.1", "NONE", "ENTERQUEUE"),
            made(2, "NONE", "Bob", "PAUSE"),
            made(3, "1795330864.2", "NONE", "ENTERQUEUE"),
            made(4, "1795330864.1", "Ann", "CONNECT"),
            made(9, "NONE", "Ann", "PAUSE"),
            made(6, "1795330864.3", "NONE", "ENTERQUEUE"),
            made(5, "1795330864.2", "Bob", "CONNECT"),
            made(7, "1795330864.1", "Ann", "COMPLETEAGENT"),
        ];
        let grouped = Grouped::of(rows);
        let ids = |rows: &[LogRow]| rows.iter().map(|row| row.id).collect::<Vec<_>>();
        assert_eq!(grouped.calls().map(ids).collect::<Vec<_>>(), [vec![1, 4, 7], vec![3, 5], vec![6]]);
        assert_eq!(ids(grouped.lone()), [9, 2], "by agent");
        let none = Grouped::of(Vec::new());
        assert_eq!((none.calls().count(), none.lone().len()), (0, 0));
    }
}
