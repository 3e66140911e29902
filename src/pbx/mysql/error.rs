//! What can go wrong with the PBX's database, each with what to do.

/// An error of the PBX's database.
#[derive(Debug, thiserror::Error)]
pub enum MysqlError {
    /// Nobody answers.
    #[error(
        "the database at {hosts} cannot be reached; check that it runs, and that its port is open to this machine"
    )]
    Unreachable {
        /// All hosts that were tried.
        hosts: String,
        /// Why, of the last one.
        #[source]
        source: sqlx::Error,
    },
    /// The connection broke, or a statement took too long.
    #[error("the database stopped answering while {doing}; it is tried again")]
    Interrupted {
        /// What was being done.
        doing: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// Wrong name or password.
    #[error("the database refuses the user {user}; check username and password_file of [pbx.database]")]
    Denied {
        /// The account.
        user: String,
        /// What the server said.
        #[source]
        source: sqlx::Error,
    },
    /// There is no such schema, or the account may not use it.
    #[error(
        "the database has no schema {name} that {user} may use; check `name` and `cdr_name` of [pbx.database], and the rights with `asterflow grants`"
    )]
    NoDatabase {
        /// The schema.
        name: String,
        /// The account.
        user: String,
    },
    /// The server wants the password in a form that would give it away.
    #[error(
        "the database wants the password by {plugin}, which is unsafe without TLS; set tls = \"verify\", or give the account mysql_native_password"
    )]
    Plugin {
        /// The authentication plugin.
        plugin: String,
    },
    /// TLS could not be agreed on.
    #[error("no safe connection to the database: {why}; check `tls` and `ca_file` of [pbx.database]")]
    Tls {
        /// Why, in the words of the library.
        why: String,
    },
    /// The table is not there.
    #[error("the schema {schema} has no table {table}; name it with `{key}` of [pbx.database]")]
    NoTable {
        /// Where it was looked for.
        schema: String,
        /// What was looked for.
        table: String,
        /// The configuration key.
        key: &'static str,
    },
    /// The table lacks columns.
    #[error("the table {table} lacks the columns {}; it is not in a shape that is known", columns.join(", "))]
    MissingColumns {
        /// The table.
        table: String,
        /// Which columns, by their usual names.
        columns: Vec<String>,
    },
    /// A statement took too long, and will the next time, too.
    #[error("{table} cannot be read in bearable time: {why}")]
    TooSlow {
        /// The table.
        table: String,
        /// What it lacks, and how to add it.
        why: String,
    },
    /// Rows of several PBXs lie in one table.
    #[error(
        "{table} holds the rows of several PBXs ({}); say which are this one's with `{key}` of [pbx.database] (\"*\": all)",
        names.join(", ")
    )]
    SeveralPartitions {
        /// The table.
        table: String,
        /// What they are called there.
        names: Vec<String>,
        /// The configuration key.
        key: &'static str,
    },
    /// The account may not read the table.
    #[error(
        "the user {user} may not read {table}; grant it with: GRANT SELECT ON {table} TO the user (see `asterflow grants`)"
    )]
    NoPrivilege {
        /// The table.
        table: String,
        /// The account.
        user: String,
    },
    /// Anything else the server says.
    #[error("the database refused while {doing}: {source}")]
    Query {
        /// What was being done.
        doing: &'static str,
        /// What the server said.
        source: sqlx::Error,
    },
    /// The relay's socket could not be made.
    #[error("the local socket for the database connection could not be made")]
    Relay(#[source] std::io::Error),
}

/// MariaDB's error number of a statement that took too long.
pub(super) const OVER_TIME: u16 = 1969;
/// MySQL's.
pub(super) const OVER_TIME_MYSQL: u16 = 3024;

impl MysqlError {
    /// Whether only a person can help: trying again quickly is of no use.
    pub fn is_refusal(&self) -> bool {
        !matches!(
            self,
            Self::Unreachable { .. } | Self::Interrupted { .. } | Self::Query { .. } | Self::Relay(_)
        )
    }

    /// An error of a statement on an open connection.
    pub(super) fn of_statement(doing: &'static str, table: &str, user: &str, source: sqlx::Error) -> Self {
        match code(&source) {
            Some(1142 | 1143) => Self::NoPrivilege { table: table.into(), user: user.into() },
            // A statement over its time, a server that shuts down, a connection that was killed.
            Some(OVER_TIME | OVER_TIME_MYSQL | 1053 | 1927 | 4031) | None => {
                Self::Interrupted { doing, source }
            }
            Some(_) => Self::Query { doing, source },
        }
    }
}

/// The server's error number.
pub(super) fn code(error: &sqlx::Error) -> Option<u16> {
    let sqlx::Error::Database(server) = error else { return None };
    server.try_downcast_ref::<sqlx::mysql::MySqlDatabaseError>().map(sqlx::mysql::MySqlDatabaseError::number)
}
