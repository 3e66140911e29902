//! `queue_log` and `cdr` as Asterisk writes them, into a MariaDB.
//!
//! ```text
//!  centre ──Row──> mpsc ──> Writer ──INSERT of many──> queue_log, cdr
//! ```

mod row;
mod tables;
mod writer;

pub use row::{CdrRow, LogRow, Row, RowSink};
pub use tables::{Database, DatabaseError};
pub use writer::{Sent, Writer};
