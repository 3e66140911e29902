//! The PBX's MySQL or MariaDB: connections, and the reading of `queue_log` and `cdr`.
//!
//! In: the `[pbx.database]` section. Out: rows as domain types, errors with cause and cure. Values are always bound;
//! table and column names come from `information_schema` of this connection and are quoted in `names`.
//!
//! | file | does |
//! |---|---|
//! | `pool` | hosts in order, protection, session settings |
//! | `relay` | keeps a password from a rogue server where there is no TLS |
//! | `names` | finds tables and columns, quotes them |
//! | `shape` | what `queue_log` looks like here, and how its rows are read |
//! | `queue_log` | rows in order, both ways; all rows of a range of time |
//! | `cdr` | calls by their start, gently; queues' own service levels |
//! | `people` | members with their names and wrap-up times; ends of single channels |
//! | `grants` | the least rights that all of this needs, as statements |
//! | `probe` | what the account may do, by trying |

mod cdr;
mod error;
mod grants;
mod names;
mod people;
mod pool;
pub mod probe;
mod queue_log;
mod relay;
mod shape;

pub use cdr::{Call, Calls, Cdr, QueueSettings, queue_settings};
pub use error::MysqlError;
pub use grants::{Account, Needed, needed, qualified, quoted_name, script};
pub use people::{Ended, Members, ends_of, queue_members};
pub use pool::Mysql;
pub use queue_log::{Between, Key, QueueLog, Read, Seen};
