//! A private MariaDB with Asterisk's realtime schema.
//!
//! Owns: its data folder, socket and port. In: [`MariaOptions`]. Out: a server that can be killed and started again on
//! the same port with the same rows. It never touches a MariaDB of the machine.

use std::os::unix::fs::chown;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::cert::Certificate;
use crate::process::{Process, run};
use crate::{floor, leftovers, ports};

/// The name of the one database.
pub(crate) const DATABASE: &str = "asterisk";
const SCHEMA: &str = include_str!("schema.sql");
const READY: Duration = Duration::from_secs(40);

/// How the server is started.
#[derive(Debug, Clone, Default)]
pub struct MariaOptions {
    /// Offer TLS with a certificate for 127.0.0.1 signed by [`MariaDb::ca_file`].
    pub tls: bool,
    /// The server's own time zone as an offset such as `+01:00`; UTC if `None`.
    pub time_zone: Option<String>,
}

/// A name with its password.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// Login name.
    pub user: String,
    /// Password in clear.
    pub password: String,
}

impl Account {
    pub(crate) fn new(user: &str, password: &str) -> Self {
        Self { user: user.to_owned(), password: password.to_owned() }
    }
}

/// A running private server.
#[derive(Debug)]
pub struct MariaDb {
    // Dropped before the folder.
    process: Option<Process>,
    folder: TempDir,
    port: u16,
    options: MariaOptions,
    certificate: Option<Certificate>,
}

impl MariaDb {
    /// Installs an empty server, starts it, loads the schema and the floor (queues, members, phones), makes the accounts.
    ///
    /// # Errors
    /// When mariadb-server is not installed or the server is not ready within 40 s.
    pub async fn start(options: MariaOptions) -> Result<Self> {
        leftovers::sweep(&std::env::temp_dir(), "asterflow-db-");
        let folder = TempDir::with_prefix(format!("asterflow-db-{}-", std::process::id()))?;
        let certificate = match options.tls {
            true => Some(Certificate::new(folder.path()).await?),
            false => None,
        };
        let mut this = Self { process: None, folder, port: ports::free()?, options, certificate };
        this.install().await?;
        this.launch().await?;
        this.script(&setup()).await.context("load the schema")?;
        Ok(this)
    }

    async fn install(&self) -> Result<()> {
        let data = self.path("data");
        std::fs::create_dir(&data)?;
        // A starting server removes what looks like a dead one's temporary tables: never share the folder for them.
        std::fs::create_dir(self.path("tmp"))?;
        let mut argv = vec![
            "mariadb-install-db".to_owned(),
            "--no-defaults".into(),
            format!("--datadir={}", data.display()),
            format!("--tmpdir={}", self.path("tmp").display()),
            "--auth-root-authentication-method=normal".into(),
            "--skip-test-db".into(),
            "--skip-name-resolve".into(),
            "--innodb-log-file-size=8M".into(),
        ];
        if let Some((uid, gid)) = mysql_ids().await? {
            for path in std::fs::read_dir(self.folder.path())?.flatten().map(|entry| entry.path()) {
                chown(path, Some(uid), Some(gid))?;
            }
            chown(self.folder.path(), Some(uid), Some(gid))?;
            argv.push("--user=mysql".into());
        }
        let argv: Vec<&str> = argv.iter().map(String::as_str).collect();
        run(&argv, None).await.map(drop).context("install an empty MariaDB (is mariadb-server installed?)")
    }

    async fn launch(&mut self) -> Result<()> {
        let mut argv: Vec<String> = vec!["setpriv".into(), "--pdeathsig".into(), "KILL".into()];
        if mysql_ids().await?.is_some() {
            argv.extend(["--reuid", "mysql", "--regid", "mysql", "--init-groups"].map(String::from));
        }
        argv.extend(["--".into(), "mariadbd".into(), "--no-defaults".into()]);
        let path = |name: &str| self.path(name).display().to_string();
        argv.extend([
            format!("--datadir={}", path("data")),
            format!("--tmpdir={}", path("tmp")),
            format!("--socket={}", path("sock")),
            format!("--pid-file={}", path("pid")),
            format!("--port={}", self.port),
            "--bind-address=127.0.0.1".into(),
            "--skip-name-resolve".into(),
            "--skip-log-bin".into(),
            "--character-set-server=utf8mb4".into(),
            "--performance-schema=off".into(),
            "--innodb-buffer-pool-size=32M".into(),
            "--innodb-log-file-size=8M".into(),
            // A lab's rows need not survive a power failure, only a kill.
            "--innodb-flush-log-at-trx-commit=2".into(),
            "--innodb-doublewrite=0".into(),
            format!("--default-time-zone={}", self.options.time_zone.as_deref().unwrap_or("+00:00")),
        ]);
        if let Some(certificate) = &self.certificate {
            argv.extend(certificate.mariadb_arguments());
        }
        let mut process = Process::spawn("mariadbd", &argv, &[], &self.path("log")).await?;
        let deadline = Instant::now() + READY;
        while self.query("SELECT 1").await.is_err() {
            if !process.is_alive() || Instant::now() > deadline {
                bail!("MariaDB did not become ready: {}", process.log_tail());
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        self.process = Some(process);
        Ok(())
    }

    /// Kills the server as a power cut would; the port stays reserved for [`MariaDb::restart`].
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Starts it again with the same port and rows, after [`MariaDb::kill`] or while it runs.
    ///
    /// # Errors
    /// When it is not ready within 40 s.
    pub async fn restart(&mut self) -> Result<()> {
        self.process = None;
        self.launch().await
    }

    /// TCP port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// What Asterisk logs in with: all rights on the database.
    #[must_use]
    pub fn asterisk(&self) -> Account {
        Account::new("asterisk", "lab-asterisk")
    }

    /// AsterFlow's account: reads everything, writes the realtime tables but not queue_log, cdr and ps_contacts.
    #[must_use]
    pub fn account(&self) -> Account {
        Account::new("asterflow", "lab-asterflow")
    }

    /// The least account for history: reads queue_log, cdr, queues and queue_members, nothing else.
    #[must_use]
    pub fn reader(&self) -> Account {
        Account::new("reader", "lab-reader")
    }

    /// A `mysql://` URL for `account`.
    #[must_use]
    pub fn url(&self, account: &Account) -> String {
        format!("mysql://{}:{}@{}/{DATABASE}", account.user, account.password, self.address())
    }

    /// The certificate authority, when TLS is on.
    #[must_use]
    pub fn ca_file(&self) -> Option<PathBuf> {
        self.certificate.as_ref().map(Certificate::ca_file)
    }

    /// Certificate and key of the server, when TLS is on.
    pub(crate) fn bundle(&self) -> Result<Option<String>> {
        self.certificate.as_ref().map(Certificate::bundle).transpose()
    }

    /// Runs one statement as the server's root and returns its rows; NULL comes back as the text `NULL`.
    ///
    /// # Errors
    /// When the server does not answer or refuses the statement.
    pub async fn query(&self, sql: &str) -> Result<Vec<Vec<String>>> {
        let socket = format!("--socket={}", self.path("sock").display());
        let argv = [
            "mariadb",
            "--no-defaults",
            &socket,
            "-uroot",
            "--default-character-set=utf8mb4",
            "-N",
            "-B",
            "-e",
            sql,
        ];
        let mut argv = argv.to_vec();
        if self.path("data").join(DATABASE).is_dir() {
            argv.push(DATABASE);
        }
        let text = run(&argv, None).await?;
        Ok(text.lines().map(|line| line.split('\t').map(str::to_owned).collect()).collect())
    }

    /// Runs a script of statements as the server's root.
    ///
    /// # Errors
    /// When a statement is refused.
    pub async fn script(&self, sql: &str) -> Result<()> {
        let socket = format!("--socket={}", self.path("sock").display());
        run(
            &["mariadb", "--no-defaults", &socket, "-uroot", "--default-character-set=utf8mb4"],
            Some(sql.as_bytes()),
        )
        .await
        .map(drop)
    }

    /// The queue_log rows of a call, oldest first: queuename, agent, event, data1 to data5.
    ///
    /// # Errors
    /// As [`MariaDb::query`].
    pub async fn queue_log(&self, callid: &str) -> Result<Vec<Vec<String>>> {
        let columns = "queuename, agent, event, data1, data2, data3, data4, data5";
        self.query(&format!("SELECT {columns} FROM queue_log WHERE callid = '{callid}' ORDER BY id")).await
    }

    /// Waits until queue_log holds `event` of a call in a queue, under one of its callids.
    ///
    /// # Errors
    /// When it does not within `within`; the message shows the events that are there.
    pub async fn wait_row_in(
        &self,
        callids: &[&str],
        queue: &str,
        event: &str,
        within: Duration,
    ) -> Result<()> {
        let deadline = Instant::now() + within;
        loop {
            let mut there = Vec::new();
            for callid in callids {
                there.extend(self.queue_log(callid).await?);
            }
            if there.iter().any(|row| (row[0].as_str(), row[2].as_str()) == (queue, event)) {
                return Ok(());
            }
            if Instant::now() > deadline {
                let there: Vec<String> = there.iter().map(|row| format!("{} {}", row[0], row[2])).collect();
                bail!(
                    "call {callids:?} has no row {queue} {event} after {within:?}, only {}",
                    there.join(", ")
                );
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

/// Everything that is loaded into the empty server.
fn setup() -> String {
    let mut sql = format!(
        "CREATE DATABASE {DATABASE} CHARACTER SET utf8mb4;\nUSE {DATABASE};\n{SCHEMA}\n{}",
        floor::sql()
    );
    sql.push_str(
        "CREATE USER asterisk@'127.0.0.1' IDENTIFIED BY 'lab-asterisk';
         GRANT ALL ON asterisk.* TO asterisk@'127.0.0.1';
         CREATE USER asterflow@'127.0.0.1' IDENTIFIED BY 'lab-asterflow';
         GRANT SELECT ON asterisk.* TO asterflow@'127.0.0.1';
         CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'lab-reader';\n",
    );
    for table in ["queue_log", "cdr", "queues", "queue_members"] {
        sql.push_str(&format!("GRANT SELECT ON asterisk.{table} TO reader@'127.0.0.1';\n"));
    }
    for table in SCHEMA.lines().filter_map(|line| line.strip_prefix("CREATE TABLE `")?.split('`').next()) {
        if !["queue_log", "cdr", "ps_contacts"].contains(&table) && !table.starts_with("alembic") {
            sql.push_str(&format!(
                "GRANT INSERT, UPDATE, DELETE ON asterisk.{table} TO asterflow@'127.0.0.1';\n"
            ));
        }
    }
    sql
}

/// User and group of the mysql account, or `None` when this process is not root and keeps its own.
async fn mysql_ids() -> Result<Option<(u32, u32)>> {
    if run(&["id", "-u"], None).await?.trim() != "0" {
        return Ok(None);
    }
    let id = |flag: &'static str| async move {
        let text = run(&["id", flag, "mysql"], None)
            .await
            .context("there is no user mysql: install mariadb-server")?;
        anyhow::Ok(text.trim().parse::<u32>()?)
    };
    Ok(Some((id("-u").await?, id("-g").await?)))
}
