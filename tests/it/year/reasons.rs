//! Reasons of pauses with pipes in them, which free text may have: what lands in which column, and what counts.
//!
//! Decided here, where the definitions leave room: the reason is what stands in the first column, of the row that counts. On the
//! way into five columns brackets and quotes hold pipes together, and quotes are eaten; a file, and a table with one column for
//! all, have the text as it was said.

use super::arrive::{Row, Told};
use super::world::World;

/// What was said, and the five columns that it makes.
const SHIFTED: &[(&str, [&str; 5])] = &[
    ("Lunch|late|again", ["Lunch", "late", "again", "", ""]),
    ("|only a note", ["", "only a note", "", "", ""]),
    ("Meeting (a|b)|c", ["Meeting (a|b)", "c", "", "", ""]),
    ("\"Ann|Bob\" away", ["Ann|Bob away", "", "", "", ""]),
    ("a|b|c|d|e|f", ["a", "b", "c", "d", "e|f"]),
];

/// Says as rows of one column have it, cut into five at its pipes.
pub(super) fn cut(said: &str) -> [String; 5] {
    let mut columns: [String; 5] = Default::default();
    columns.iter_mut().zip(said.splitn(5, '|')).for_each(|(column, part)| part.clone_into(column));
    columns
}

impl World {
    /// Now and then a reason with pipes.
    pub(super) fn shifted(&mut self, reason: &'static str) -> &'static str {
        if self.dice.hits(150) { self.dice.pick(SHIFTED).0 } else { reason }
    }

    /// The columns of a pause's row with what was said.
    pub(super) fn say(&self, row: &mut Row) {
        if let Some((said, columns)) = SHIFTED.iter().find(|(said, _)| *said == row.data[0]) {
            row.said = Some((*said).to_owned());
            row.data = if self.plan.joined { cut(said) } else { columns.map(str::to_owned) };
        }
    }

    /// The reason that counts of a pause that is told at `at`, milliseconds.
    pub(super) fn counted(&self, at: i64, reason: &str) -> String {
        let Some((said, columns)) = SHIFTED.iter().find(|(said, _)| *said == reason) else {
            return reason.to_owned();
        };
        if self.plan.joined || self.told(at) != Told::Table {
            cut(said)[0].clone()
        } else {
            columns[0].to_owned()
        }
    }
}
