//! A real Asterisk as a child process.
//!
//! Owns: its process and its instance folder. In: a [`Chroot`], a running [`MariaDb`] and [`AsteriskOptions`]. Out:
//! addresses and users of its manager interface. Everything listens on 127.0.0.1 only.

mod config;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use crate::ami::Ami;
use crate::chroot::{Chroot, Instance};
use crate::mariadb::MariaDb;
use crate::ports;
use crate::process::Process;

const READY: Duration = Duration::from_secs(90);

/// How Asterisk is started.
#[derive(Debug, Clone, Default)]
pub struct AsteriskOptions {
    /// IANA name of the clock's zone; UTC if `None`. queue_log holds this zone's local time.
    pub time_zone: Option<String>,
    /// Also offer AMI over TLS; needs a database started with TLS, whose certificate is shared.
    pub ami_tls: bool,
}

/// A user of manager.conf.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AmiUser {
    /// Login name.
    pub name: &'static str,
    /// Secret in clear.
    pub secret: &'static str,
    /// Classes of events.
    pub read: &'static str,
    /// Classes of actions.
    pub write: &'static str,
}

/// Least rights with which AsterFlow does everything.
pub const ASTERFLOW: AmiUser = AmiUser {
    name: "asterflow",
    secret: "lab-ami",
    read: "call,agent,system,dtmf",
    write: "agent,call,originate,reporting",
};
/// All rights.
pub const FULL: AmiUser = AmiUser { name: "full", secret: "lab-full", read: "all", write: "all" };
/// As AsterFlow, but may call nobody.
pub const CALLS_NOBODY: AmiUser = AmiUser {
    name: "calls-nobody",
    secret: "lab-calls-nobody",
    read: "call,agent,system,dtmf",
    write: "agent,call,reporting",
};
/// Too few rights: sees queues, may do nothing.
pub const POOR: AmiUser = AmiUser { name: "poor", secret: "lab-poor", read: "agent", write: "" };

/// Users that lack one class each, which is the end of the name.
pub const LACKING: [AmiUser; 8] = {
    const fn user(name: &'static str, read: &'static str, write: &'static str) -> AmiUser {
        AmiUser { name, secret: "lab-lacking", read, write }
    }
    const READ: &str = ASTERFLOW.read;
    const WRITE: &str = ASTERFLOW.write;
    [
        user("no-read-call", "agent,system,dtmf", WRITE),
        user("no-read-agent", "call,system,dtmf", WRITE),
        user("no-read-system", "call,agent,dtmf", WRITE),
        user("no-read-dtmf", "call,agent,system", WRITE),
        user("no-write-agent", READ, "call,originate,reporting"),
        user("no-write-call", READ, "agent,originate,reporting"),
        user("no-write-originate", READ, "agent,call,reporting"),
        user("no-write-reporting", READ, "agent,call,originate"),
    ]
};
/// More rights than AsterFlow needs.
pub const RICH: AmiUser = AmiUser {
    name: "rich",
    secret: "lab-rich",
    read: "call,agent,system,dtmf,dialplan",
    write: "agent,call,originate,reporting,command,config",
};

/// Ports of one Asterisk, all on 127.0.0.1.
#[derive(Debug, Clone, Copy)]
pub struct Ports {
    /// SIP over UDP.
    pub sip: u16,
    /// AMI over TCP.
    pub ami: u16,
    /// AMI over TLS, when asked for.
    pub ami_tls: u16,
    /// First and last port for sound.
    pub rtp: (u16, u16),
}

/// A running Asterisk.
#[derive(Debug)]
pub struct Asterisk {
    // Dropped before the folder.
    process: Option<Process>,
    instance: Instance,
    ports: Ports,
    options: AsteriskOptions,
}

impl Asterisk {
    /// Writes the configuration, starts Asterisk and waits until it has fully booted.
    ///
    /// # Errors
    /// When it ends early or has not booted within 90 s; the message holds the end of its log.
    pub async fn start(chroot: &Chroot, database: &MariaDb, options: AsteriskOptions) -> Result<Self> {
        let instance = chroot.instance()?;
        let ports = Ports {
            sip: ports::free()?,
            ami: ports::free()?,
            ami_tls: ports::free()?,
            rtp: ports::rtp_range(),
        };
        let certificate = options.ami_tls.then(|| instance.inside("etc/ami.pem"));
        let users: Vec<AmiUser> =
            [ASTERFLOW, FULL, CALLS_NOBODY, POOR, RICH].into_iter().chain(LACKING).collect();
        config::write(&instance, &config::Plan { chroot, ports, database, users: &users, certificate })?;
        let mut this = Self { process: None, instance, ports, options };
        this.launch().await?;
        Ok(this)
    }

    async fn launch(&mut self) -> Result<()> {
        let root = self.instance.root().display().to_string();
        // A mount namespace of its own gives it /proc and its time zone (Asterisk reads /etc/localtime, not TZ) and leaves
        // nothing mounted behind. All steps are exec, so the process keeps one id; setpriv comes last because the steps
        // before may clear the death signal.
        let steps = "mount -t proc proc \"$0/proc\" 2>/dev/null; mount --bind \"$1\" \"$2\" || exit 1; shift 2; \
                     exec setpriv --pdeathsig KILL -- chroot \"$0\" \"$@\"";
        let zone = self.instance.root().join("usr/share/zoneinfo").join(self.time_zone());
        if !zone.is_file() {
            bail!("the time zone {} is unknown in {root}", self.time_zone());
        }
        let (zone, clock) =
            (zone.display().to_string(), local_time_file(self.instance.root()).display().to_string());
        let config = self.instance.inside("etc/asterisk.conf");
        let command = ["/usr/sbin/asterisk", "-f", "-C", &config];
        let argv =
            [&["unshare", "--mount", "--", "sh", "-c", steps, &root, &zone, &clock][..], &command].concat();
        let env = [
            ("TZ", self.time_zone().to_owned()),
            ("ODBCINI", self.instance.inside("odbc/odbc.ini")),
            ("ODBCSYSINI", self.instance.inside("odbc")),
            ("LC_ALL", "C.UTF-8".to_owned()),
        ];
        let mut process =
            Process::spawn("asterisk", &argv, &env, &self.instance.outside("log/console")).await?;
        let deadline = Instant::now() + READY;
        while !self.booted().await {
            if !process.is_alive() || Instant::now() > deadline {
                bail!("Asterisk did not boot: {}", process.log_tail());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        self.process = Some(process);
        Ok(())
    }

    /// Whether a login works and `QueueStatus` is known: the queues come up after the login does.
    async fn booted(&self) -> bool {
        let Ok(ami) = Ami::login(self.ami_address(), &FULL).await else { return false };
        let booted = ami.wait(Duration::from_secs(20), |event| event.is("FullyBooted")).await.is_ok();
        booted && ami.action("QueueStatus", &[]).await.is_ok_and(|answer| answer.is_success())
    }

    /// Kills it as a power cut would: no Shutdown event, no rows for what was going on.
    pub fn kill(&mut self) {
        self.process = None;
    }

    /// Ends it as `core stop now` would, within 10 s.
    pub async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.terminate(Duration::from_secs(10)).await;
        }
    }

    /// Starts it again (stopping it first if it runs) with the same ports and the same astdb.
    ///
    /// # Errors
    /// As [`Asterisk::start`].
    pub async fn restart(&mut self) -> Result<()> {
        self.stop().await;
        self.launch().await
    }

    /// Runs a command of Asterisk's console and returns what it prints.
    ///
    /// # Errors
    /// When Asterisk does not answer.
    pub async fn console(&self, command: &str) -> Result<String> {
        let ami = Ami::login(self.ami_address(), &FULL).await?;
        let answer = ami.action("Command", &[("Command", command)]).await.context("AMI Command")?;
        Ok(answer.all("Output").collect::<Vec<_>>().join("\n"))
    }

    /// Where AMI listens.
    #[must_use]
    pub fn ami_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.ami).into()
    }

    /// Where AMI listens for TLS, when asked for.
    #[must_use]
    pub fn ami_tls_address(&self) -> Option<SocketAddr> {
        self.options.ami_tls.then(|| (Ipv4Addr::LOCALHOST, self.ports.ami_tls).into())
    }

    /// Name of the zone its clock shows.
    #[must_use]
    pub fn time_zone(&self) -> &str {
        self.options.time_zone.as_deref().unwrap_or("UTC")
    }

    /// Where SIP listens.
    #[must_use]
    pub fn sip_address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.ports.sip).into()
    }

    /// The end of Asterisk's own log, for messages.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.instance.outside("log/full")).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

/// The file behind the root's /etc/localtime, which is mostly a link; links are meant as seen from inside.
fn local_time_file(root: &Path) -> PathBuf {
    let mut inside = PathBuf::from("/etc/localtime");
    for _ in 0..8 {
        let outside = root.join(inside.strip_prefix("/").unwrap_or(&inside));
        match std::fs::read_link(&outside) {
            Ok(target) => inside = inside.parent().unwrap_or(Path::new("/")).join(target),
            Err(_) => return outside,
        }
    }
    root.join("etc/localtime")
}
