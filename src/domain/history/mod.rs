//! What happened: `queue_log` rows → visits, talks, intervals → cells of one clock hour → figures.
//!
//! | file | does |
//! |---|---|
//! | `time_text` | the time of a row as it is spelled |
//! | `row` | one row as written, its identity |
//! | `pack`, `cell_pack` | rows and sums ⇄ stored bytes |
//! | `file` | a line of a `queue_log` file → a row |
//! | `twice` | which row of a file is which row of a table |
//! | `event` | what a row says |
//! | `place` | local times → UTC, also in a repeated hour |
//! | `visit` | what a visit is |
//! | `fold` | the rows of calls → visits |
//! | `agent` | the rows of an agent → pauses and logins |
//! | `identity` | which agent an interface is, and since when |
//! | `work` | what an agent did with his time; wrap-up |
//! | `cells` | visits and intervals → sums per queue, agent and clock hour |
//! | `figures` | sums → the numbers that are shown |
//! | `explain` | why a figure is what it is |
//! | `reconcile` | what was seen live against what queue_log says |
//! | `query` | what is asked |
//! | `answer` | the shape of what is answered |
//!
//! Two rules hold all of it together: a result is a function of the *set* of rows, and a cell changes by the
//! difference between what a visit gave before and what it gives now.

pub mod agent;
pub mod answer;
pub mod cell_pack;
pub mod cells;
pub mod event;
pub mod explain;
pub mod figures;
pub mod file;
#[cfg(test)]
pub(crate) mod fixture;
pub mod fold;
pub mod identity;
pub mod pack;
pub mod place;
pub mod query;
pub mod reconcile;
pub mod row;
pub mod tally;
pub mod time_text;
pub mod twice;
pub mod visit;
pub mod work;
pub mod work_day;
