//! Connections: hosts in order, protection as configured, and the settings of every session.

use std::time::Duration;

use sqlx::mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions, MySqlSslMode};
use sqlx::{ConnectOptions, Connection, Executor};

use super::error::{MysqlError, code};
use super::relay::{self, Relay};
use crate::config::{Database, HostPort, Tls};

/// Connections at most: the reader, a table page and one spare.
const CONNECTIONS: u32 = 3;
/// How long a statement may take, seconds.
const STATEMENT: u32 = 5;
/// And one that has to read a whole table, because nothing in it is numbered or has an index, seconds.
const PATIENT: u32 = 30;
/// How long anybody waits for a connection; the library's own 30 s would look like a stop.
const ACQUIRE: Duration = Duration::from_secs(5);

/// A connection pool to one PBX's database. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Mysql {
    pool: MySqlPool,
    patient: MySqlPool,
    database: Database,
    host: String,
    /// Lives as long as the pool, which connects through it.
    _relay: Option<std::sync::Arc<Relay>>,
}

impl Mysql {
    /// Connects to the first host that answers.
    ///
    /// # Errors
    /// When none answers, or one refuses.
    pub async fn connect(database: &Database) -> Result<Self, MysqlError> {
        let mut last = None;
        for host in &database.hosts {
            match Self::connect_to(database, host).await {
                Ok(mysql) => return Ok(mysql),
                Err(error) if error.is_refusal() => return Err(error),
                Err(error) => last = Some(error),
            }
        }
        let hosts: Vec<String> = database.hosts.iter().map(ToString::to_string).collect();
        Err(match last {
            Some(MysqlError::Unreachable { source, .. }) => {
                MysqlError::Unreachable { hosts: hosts.join(", "), source }
            }
            Some(other) => other,
            None => MysqlError::Unreachable { hosts: "no host".into(), source: sqlx::Error::PoolClosed },
        })
    }

    async fn connect_to(database: &Database, host: &HostPort) -> Result<Self, MysqlError> {
        let relay = match database.tls {
            Tls::Off => Some(std::sync::Arc::new(Relay::start(host).map_err(MysqlError::Relay)?)),
            Tls::Verify { .. } | Tls::Insecure => None,
        };
        let options = options(database, host, relay.as_deref());
        // One connection by itself first: a pool would try a refused password again until its time is over.
        let first = tokio::time::timeout(ACQUIRE, options.connect()).await;
        let refused = |source| of_connect(database, host, source);
        first.map_err(|_| refused(sqlx::Error::PoolTimedOut))?.map_err(refused)?.close().await.ok();
        let pool = |connections: u32, statement: u32, wait: Duration| {
            MySqlPoolOptions::new()
                .max_connections(connections)
                .acquire_timeout(wait)
                .idle_timeout(Duration::from_secs(300))
                .after_connect(move |connection, _| Box::pin(settle(connection, statement)))
                .connect_lazy_with(options.clone())
        };
        let patience = ACQUIRE + Duration::from_secs(PATIENT.into());
        let (pool, patient) = (pool(CONNECTIONS, STATEMENT, ACQUIRE), pool(1, PATIENT, patience));
        Ok(Self { pool, patient, database: database.clone(), host: host.to_string(), _relay: relay })
    }

    /// The same with other deadlines of statements, in seconds: the usual one, and that of a whole table.
    #[must_use]
    pub fn with_deadlines(mut self, statement: u32, patient: u32) -> Self {
        let again = |pool: &MySqlPool, seconds: u32| {
            let options = pool.options().clone();
            let options = options.after_connect(move |connection, _| Box::pin(settle(connection, seconds)));
            options.connect_lazy_with((*pool.connect_options()).clone())
        };
        (self.pool, self.patient) = (again(&self.pool, statement), again(&self.patient, patient));
        self
    }

    /// The pool.
    pub fn pool(&self) -> &MySqlPool {
        &self.pool
    }

    /// The one connection whose statements may take longer: for tables that each question reads as a whole.
    pub(super) fn patient(&self) -> &MySqlPool {
        &self.patient
    }

    /// The host that answered.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The account.
    pub fn user(&self) -> &str {
        &self.database.username
    }

    /// The section that this was connected by.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// The schemas to look for tables in, the one of the cdr first.
    pub(super) fn schemas(&self) -> Vec<String> {
        let mut schemas: Vec<String> = self.database.cdr_name.iter().cloned().collect();
        schemas.push(self.database.name.clone());
        schemas.dedup();
        schemas
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.pool.close().await;
        self.patient.close().await;
    }
}

fn options(database: &Database, host: &HostPort, relay: Option<&Relay>) -> MySqlConnectOptions {
    let mut options = MySqlConnectOptions::new()
        .host(&host.host)
        .port(host.port)
        .username(&database.username)
        .password(database.password.expose())
        // The server's own zone, as in the sessions of Asterisk: a column of type TIMESTAMP then gives back the local
        // time that was written into it.
        .timezone(None)
        .database(&database.name)
        // What is slow is noticed by those who wait; the library would print whole statements.
        .disable_statement_logging();
    options = match &database.tls {
        Tls::Verify { ca_file } => {
            let verified = options.ssl_mode(MySqlSslMode::VerifyIdentity);
            match ca_file {
                Some(file) => verified.ssl_ca(file),
                None => verified,
            }
        }
        Tls::Insecure => options.ssl_mode(MySqlSslMode::Required),
        Tls::Off => options.ssl_mode(MySqlSslMode::Disabled),
    };
    match relay {
        Some(relay) => options.socket(relay.path()),
        None => options,
    }
}

/// The settings of every session: strict, with limits on everything that could wait for ever.
async fn settle(connection: &mut sqlx::MySqlConnection, seconds: u32) -> Result<(), sqlx::Error> {
    let version: String = sqlx::query_scalar("SELECT version()").fetch_one(&mut *connection).await?;
    let time = if version.to_ascii_lowercase().contains("mariadb") {
        format!("SET SESSION max_statement_time = {seconds}")
    } else {
        format!("SET SESSION max_execution_time = {seconds}000")
    };
    connection.execute(sqlx::AssertSqlSafe(time)).await?;
    connection
        .execute(
            "SET SESSION sql_mode = CONCAT(@@sql_mode, ',STRICT_ALL_TABLES'), innodb_lock_wait_timeout = 3,
             lock_wait_timeout = 5, sql_safe_updates = 1",
        )
        .await?;
    Ok(())
}

fn of_connect(database: &Database, host: &HostPort, source: sqlx::Error) -> MysqlError {
    match (&source, code(&source)) {
        (sqlx::Error::Database(server), Some(relay::REFUSED_PLUGIN)) => {
            MysqlError::Plugin { plugin: server.message().to_owned() }
        }
        (_, Some(1045 | 1698)) => MysqlError::Denied { user: database.username.clone(), source },
        (_, Some(1044 | 1049)) => {
            MysqlError::NoDatabase { name: database.name.clone(), user: database.username.clone() }
        }
        (sqlx::Error::Tls(why), _) => MysqlError::Tls { why: why.to_string() },
        (sqlx::Error::Configuration(why), _) => MysqlError::Tls { why: why.to_string() },
        _ => MysqlError::Unreachable { hosts: host.to_string(), source },
    }
}
