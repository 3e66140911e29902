//! The database of the simulated PBX: Asterisk's realtime tables, with the company's queues and members in them.

use sqlx::mysql::{MySqlConnectOptions, MySqlPool, MySqlPoolOptions};
use sqlx::{AssertSqlSafe, Row as _};

use crate::sim::pbx::Millis;
use crate::sim::plan::Plan;

/// The realtime schema of Asterisk 22, as MariaDB prints it back.
const SCHEMA: &str = include_str!("../../../tests/lab/src/schema.sql");
/// One connection writes, one looks.
const CONNECTIONS: u32 = 2;
/// A server on this machine answers sooner, or not at all.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// Why the simulated PBX has no database.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// The address.
    #[error("{0} is no address of a database; write it as mysql://user:password@127.0.0.1:3306/name")]
    Url(String, #[source] sqlx::Error),
    /// The server.
    #[error("the database of the simulated PBX failed while {1}")]
    Statement(#[source] sqlx::Error, &'static str),
    /// The tables hold another company's history.
    #[error(
        "the table queue_log of {0} holds rows that were not written by this simulation; give it an empty database"
    )]
    Foreign(String),
}

/// The simulated PBX's database.
#[derive(Clone, Debug)]
pub struct Database {
    pool: MySqlPool,
    name: String,
}

impl Database {
    /// Connects to `url`, `mysql://user:password@host:port/name`. The database must exist.
    ///
    /// # Errors
    /// When the address is wrong or the server does not answer within 10 s.
    pub async fn connect(url: &str) -> Result<Self, DatabaseError> {
        let shown = url.rsplit('@').next().unwrap_or_default().to_owned();
        let options: MySqlConnectOptions = url.parse().map_err(|error| DatabaseError::Url(shown, error))?;
        let name = options.get_database().unwrap_or_default().to_owned();
        let pool = MySqlPoolOptions::new().max_connections(CONNECTIONS).acquire_timeout(PATIENCE);
        let pool = pool.connect_with(options).await;
        Ok(Self { pool: pool.map_err(|error| DatabaseError::Statement(error, "connecting"))?, name })
    }

    pub(super) fn pool(&self) -> &MySqlPool {
        &self.pool
    }

    /// Makes the tables where there are none, and puts the company's queues and members into them.
    ///
    /// # Errors
    /// When the server refuses, or the tables hold something else.
    pub async fn prepare(&self, plan: &Plan) -> Result<(), DatabaseError> {
        let failed = |error| DatabaseError::Statement(error, "making the tables");
        let count = "SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'queue_log'";
        let known: i64 = sqlx::query_scalar(count).fetch_one(&self.pool).await.map_err(failed)?;
        if known == 0 {
            for statement in SCHEMA.split(";\n").map(str::trim).filter(|statement| !statement.is_empty()) {
                sqlx::query(AssertSqlSafe(statement)).execute(&self.pool).await.map_err(failed)?;
            }
        }
        self.check_ours(plan).await?;
        self.fill_queues(plan).await.map_err(|error| DatabaseError::Statement(error, "writing the queues"))
    }

    /// Refuses to write into a table that somebody else's Asterisk writes into.
    async fn check_ours(&self, plan: &Plan) -> Result<(), DatabaseError> {
        let failed = |error| DatabaseError::Statement(error, "looking at queue_log");
        let sql = "SELECT DISTINCT queuename FROM (SELECT queuename FROM queue_log ORDER BY id LIMIT 1000) first \
                   WHERE queuename <> 'NONE'";
        let rows = sqlx::query(sql).fetch_all(&self.pool).await.map_err(failed)?;
        let ours = |name: &str| plan.queues.iter().any(|queue| *queue.name == *name);
        let strange = rows.iter().any(|row| !ours(&row.try_get::<String, _>(0).unwrap_or_default()));
        if strange { Err(DatabaseError::Foreign(self.name.clone())) } else { Ok(()) }
    }

    async fn fill_queues(&self, plan: &Plan) -> Result<(), sqlx::Error> {
        let mut all = self.pool.begin().await?;
        for queue in &plan.queues {
            sqlx::query(
                "REPLACE INTO queues (name, strategy, servicelevel, wrapuptime, maxlen, timeout, retry, ringinuse, autofill) \
                 VALUES (?, ?, ?, ?, ?, 15, 2, 'no', 'yes')",
            )
            .bind(&*queue.name)
            .bind(queue.strategy.as_str())
            .bind(queue.service_level)
            .bind(queue.wrap_up)
            .bind(queue.max)
            .execute(&mut *all)
            .await?;
        }
        for agent in plan.agents.iter() {
            sqlx::query("REPLACE INTO ps_aors (id, max_contacts, remove_existing) VALUES (?, 1, 'yes')")
                .bind(&*agent.exten)
                .execute(&mut *all)
                .await?;
            sqlx::query(
                "REPLACE INTO ps_endpoints (id, aors, auth, context, disallow, allow, callerid) \
                 VALUES (?, ?, ?, 'agents', 'all', 'alaw,ulaw', ?)",
            )
            .bind(&*agent.exten)
            .bind(&*agent.exten)
            .bind(&*agent.exten)
            .bind(format!("\"{}\" <{}>", agent.name, agent.exten))
            .execute(&mut *all)
            .await?;
            for (queue, penalty) in agent.queues.iter().filter(|_| !agent.is_dynamic) {
                sqlx::query(
                    "INSERT INTO queue_members (queue_name, interface, membername, penalty, paused) VALUES (?, ?, ?, ?, 0) \
                     ON DUPLICATE KEY UPDATE membername = VALUES(membername), penalty = VALUES(penalty)",
                )
                .bind(&*plan.queues[*queue].name)
                .bind(&*agent.interface)
                .bind(&*agent.name)
                .bind(penalty)
                .execute(&mut *all)
                .await?;
            }
        }
        all.commit().await
    }

    /// The local time of the newest row as milliseconds of the local clock; `None` in an empty table.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn newest(&self) -> Result<Option<Millis>, DatabaseError> {
        let sql = "SELECT CAST(TIMESTAMPDIFF(SECOND, '1970-01-01', time) AS SIGNED) FROM queue_log ORDER BY id DESC LIMIT 1";
        let newest: Option<Option<i64>> = sqlx::query_scalar(sql)
            .fetch_optional(&self.pool)
            .await
            .map_err(|error| DatabaseError::Statement(error, "looking at queue_log"))?;
        Ok(newest.flatten().map(|seconds| seconds * 1000))
    }

    /// Forgets the history: another one will be written.
    ///
    /// # Errors
    /// When the server refuses.
    pub async fn forget(&self) -> Result<(), DatabaseError> {
        for sql in ["TRUNCATE TABLE queue_log", "TRUNCATE TABLE cdr"] {
            let done = sqlx::query(sql).execute(&self.pool).await;
            done.map_err(|error| DatabaseError::Statement(error, "emptying queue_log"))?;
        }
        Ok(())
    }
}
