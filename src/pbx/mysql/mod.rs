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
//! | `queue_log` | rows by `id > last` |
//! | `cdr` | calls by their start, gently; queues' own service levels |
//! | `members` | members' own wrap-up times |
//! | `grants` | the least rights that all of this needs, as statements |

mod cdr;
mod error;
mod grants;
mod members;
mod names;
mod pool;
mod queue_log;
mod relay;

pub use cdr::{Call, Cdr, QueueSettings, queue_settings};
pub use error::MysqlError;
pub use grants::{Account, script};
pub use members::member_wrap_ups;
pub use pool::Mysql;
pub use queue_log::{QueueLog, Read};
