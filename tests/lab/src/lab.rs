//! Everything together: database, Asterisk, registered phones.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::{Context, Result};

use crate::ami::Ami;
use crate::asterisk::{self, Asterisk, AsteriskOptions};
use crate::chroot::{Chroot, Suite};
use crate::floor;
use crate::mariadb::{MariaDb, MariaOptions};
use crate::phone::{Call, Phone};
use crate::ua::Behaviour;

/// How long Asterisk may take to see that all phones are there.
const QUALIFIED: Duration = Duration::from_secs(20);

/// What a lab is started with.
#[derive(Debug, Clone, Default)]
pub struct LabOptions {
    /// The database.
    pub database: MariaOptions,
    /// Asterisk.
    pub asterisk: AsteriskOptions,
    /// Which release of Asterisk; whatever is there if `None`.
    pub suite: Option<Suite>,
}

/// A running call centre. Everything ends when it is dropped.
#[derive(Debug)]
pub struct Lab {
    // The order of the fields is the order in which they end: phones say goodbye to a living Asterisk.
    phones: BTreeMap<&'static str, Phone>,
    ami: Ami,
    /// The Asterisk; kill, stop and restart it here, or use [`Lab::restart_asterisk`].
    pub asterisk: Asterisk,
    /// The database; kill and restart it here.
    pub database: MariaDb,
}

impl Lab {
    /// Starts database and Asterisk and registers the phones 101–108, 201 and 202, which ring without answering.
    ///
    /// # Errors
    /// When one of the parts does not come up; the message says which and why.
    pub async fn start(options: LabOptions) -> Result<Self> {
        let chroot = match options.suite {
            Some(suite) => Chroot::ensure_suite(suite).await?,
            None => Chroot::ensure().await?,
        };
        let database = MariaDb::start(options.database).await.context("start MariaDB")?;
        let asterisk =
            Asterisk::start(&chroot, &database, options.asterisk).await.context("start Asterisk")?;
        let ami = Ami::login(asterisk.ami_address(), &asterisk::FULL).await?;
        let mut phones = BTreeMap::new();
        for (extension, name) in floor::PHONES {
            let phone = Phone::start(asterisk.sip_address(), extension, name, floor::PHONE_PASSWORD).await?;
            phones.insert(extension, phone);
        }
        let lab = Self { phones, ami, asterisk, database };
        lab.register_all().await?;
        Ok(lab)
    }

    /// Registers every phone and waits until the queues see all their members as reachable.
    ///
    /// # Errors
    /// When a phone is refused, or a member is not free after 20 s.
    pub async fn register_all(&self) -> Result<()> {
        for phone in self.phones.values() {
            phone.register().await.with_context(|| format!("register {}", phone.extension()))?;
        }
        self.wait_free(QUALIFIED).await
    }

    /// Waits until every queue member is free and no caller waits.
    ///
    /// # Errors
    /// When that is not so after `within`; the message names who is not free.
    pub async fn wait_free(&self, within: Duration) -> Result<()> {
        let deadline = tokio::time::Instant::now() + within;
        loop {
            let events = self.ami.list("QueueStatus", &[]).await?;
            let busy: Vec<&str> = events
                .iter()
                .filter(|event| {
                    event.is("QueueEntry") || (event.is("QueueMember") && event.get("Status") != "1")
                })
                .map(
                    |event| if event.is("QueueEntry") { event.get("Channel") } else { event.get("Location") },
                )
                .collect();
            if busy.is_empty() {
                return Ok(());
            }
            if tokio::time::Instant::now() > deadline {
                anyhow::bail!("these are not free after {within:?}: {}", busy.join(", "));
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    /// The phone of an extension.
    ///
    /// # Panics
    /// When the lab has no such phone; see [`floor::PHONES`].
    #[must_use]
    pub fn phone(&self, extension: &str) -> &Phone {
        self.phones.get(extension).unwrap_or_else(|| panic!("the lab has no phone {extension}"))
    }

    /// All phones.
    pub fn phones(&self) -> impl Iterator<Item = &Phone> {
        self.phones.values()
    }

    /// Calls `extension` from outside as `number`, shown as "C number".
    ///
    /// # Errors
    /// When no socket can be opened.
    pub async fn call(&self, number: &str, extension: &str) -> Result<Call> {
        Call::place(self.asterisk.sip_address(), number, &format!("C {number}"), extension).await
    }

    /// The lab's own manager connection, with all rights and all events since the start.
    #[must_use]
    pub fn ami(&self) -> &Ami {
        &self.ami
    }

    /// Ends all calls and lets every phone ring without answering again.
    ///
    /// # Errors
    /// When a phone still has a call after 5 s.
    pub async fn quiet(&self) -> Result<()> {
        for phone in self.phones.values() {
            phone.behave(Behaviour::Ring).await?;
            phone.hang_up().await?;
        }
        for phone in self.phones.values() {
            phone.wait_idle(Duration::from_secs(5)).await?;
        }
        Ok(())
    }

    /// Adds the queue [`floor::LOCAL`], whose members are behind Local channels. It stays.
    ///
    /// # Errors
    /// When the database does not answer.
    pub async fn open_local_queue(&self) -> Result<()> {
        self.database.script(&format!("USE asterisk;\n{}", floor::local_sql())).await
    }

    /// Adds the queue [`floor::ALIKE`] with its phones, registered. They stay.
    ///
    /// # Errors
    /// When the database does not answer, or a phone is refused.
    pub async fn open_alike_queue(&mut self) -> Result<()> {
        self.database.script(&format!("USE asterisk;\n{}", floor::alike_sql())).await?;
        for (extension, name) in floor::ALIKE_PHONES {
            let phone =
                Phone::start(self.asterisk.sip_address(), extension, name, floor::PHONE_PASSWORD).await?;
            self.phones.insert(extension, phone);
        }
        self.register_all().await
    }

    /// Restarts Asterisk (killing it first if `hard`), logs in again and registers the phones again.
    ///
    /// # Errors
    /// As [`Lab::start`].
    pub async fn restart_asterisk(&mut self, hard: bool) -> Result<()> {
        if hard {
            self.asterisk.kill();
        }
        self.asterisk.restart().await?;
        self.ami = Ami::login(self.asterisk.ami_address(), &asterisk::FULL).await?;
        self.register_all().await
    }
}
