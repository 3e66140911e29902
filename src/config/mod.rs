//! The configuration: as written (`raw`) → checked (`validate`) → as used (the types here).
//!
//! A value set in the web page is kept in the store and wins over the file; `check` shows where each value comes from.

mod duration;
mod load;
mod overlay;
mod raw;
mod report;
mod secret;
mod secret_file;
#[cfg(test)]
mod tests;
mod validate;
mod validate_alarms;
mod validate_pbx;
mod values;

pub use crate::domain::problem::{Problem, Severity};
pub use load::{Loaded, check_overlay, load, load_without_secrets};
pub use overlay::{DAILY, Overlay};
pub use report::{Origin, Source};
pub use secret::Secret;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::domain::alarm;
use crate::domain::ids::PbxName;

pub use crate::domain::act::Rights;

/// The whole configuration as used: every value is valid and complete.
#[derive(Clone, Debug)]
pub struct Config {
    /// The place.
    pub site: Site,
    /// The PBXs, at least one, with distinct names.
    pub pbxs: Vec<Pbx>,
    /// What is kept of the past.
    pub history: History,
    /// What raises a warning or an alarm in a queue, and when nothing does.
    pub alarms: alarm::Settings,
    /// The wall.
    pub wall: Wall,
    /// The phones that may listen.
    pub supervisor_phones: Vec<SupervisorPhone>,
    /// How they may.
    pub supervision: Supervision,
    /// Who may act upon the floor.
    pub rights: Rights,
    /// The web page and API.
    pub admin: Admin,
    /// The table browser.
    pub tables: Tables,
}

/// `[site]`
#[derive(Clone, Debug)]
pub struct Site {
    /// Shown on every page.
    pub name: String,
    /// Language of the wall, `en`.
    pub language: String,
}

/// `[[pbx]]`
#[derive(Clone, Debug)]
pub struct Pbx {
    /// The key of its live state and history.
    pub name: PbxName,
    /// The zone of the PBX's clock.
    pub zone: TimeZone,
    /// The zone's IANA name.
    pub zone_name: String,
    /// The live link.
    pub ami: Ami,
    /// The tables; `None` without `[pbx.database]`.
    pub database: Option<Database>,
}

/// A host and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// Name or address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
}

impl std::fmt::Display for HostPort {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// How a connection is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tls {
    /// TLS, certificate and name checked, against `ca_file` or the system's roots.
    Verify {
        /// A pinned certificate authority, PEM.
        ca_file: Option<PathBuf>,
    },
    /// TLS with any certificate.
    Insecure,
    /// In the clear.
    Off,
}

/// `[pbx.ami]`
#[derive(Clone, Debug)]
pub struct Ami {
    /// Tried in order.
    pub hosts: Vec<HostPort>,
    /// Protection.
    pub tls: Tls,
    /// The manager user.
    pub username: String,
    /// Its secret.
    pub secret: Secret,
}

/// `[pbx.database]`
#[derive(Clone, Debug)]
pub struct Database {
    /// Tried in order.
    pub hosts: Vec<HostPort>,
    /// The schema with queue_log and the realtime tables.
    pub name: String,
    /// The schema with cdr (and queue_log where it lives there), when another one.
    pub cdr_name: Option<String>,
    /// The account.
    pub username: String,
    /// Its password.
    pub password: Secret,
    /// Protection.
    pub tls: Tls,
    /// `table` or `schema.table`; found by introspection when `None`.
    pub queue_log_table: Option<String>,
    /// Whose rows of queue_log are this PBX's, where one table holds several (QueueMetrics); `*`: all.
    pub queue_log_partition: Option<String>,
    /// As `queue_log_table`.
    pub cdr_table: Option<String>,
}

/// `[history]`
#[derive(Clone, Debug)]
pub struct History {
    /// How often queue_log is asked for new rows.
    pub poll: Duration,
    /// How long the rows of calls, pauses and phones are kept; the sums of hours are kept for ever.
    pub keep: Duration,
    /// How long the live model's changes are kept.
    pub replay_keep: Duration,
    /// The service level's seconds where a queue has none of its own.
    pub service_level_seconds: u32,
    /// Abandons shorter than this count as short.
    pub short_abandon_seconds: u32,
    /// Wrap-up after a talk where neither member nor queue has a time of its own, seconds; 0: not known.
    pub wrap_up_seconds: u32,
}

/// A page of the wall.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Page {
    /// Every queue's figures.
    Overview,
    /// Members and callers of each queue.
    Board,
    /// Hour by date.
    Heatmap,
    /// Each agent's breakdown.
    Agents,
}

/// The wall's colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Theme {
    /// Light on dark.
    Dark,
    /// Dark on light.
    Light,
    /// Light by day.
    ByHour,
}

/// `[wall]`
#[derive(Clone, Debug)]
pub struct Wall {
    /// Which pages, in order.
    pub pages: Vec<Page>,
    /// How long each stays; `None`: no rotation.
    pub rotate_every: Option<Duration>,
    /// Colours.
    pub theme: Theme,
    /// The reasons that can be touched when somebody is paused.
    pub pause_reasons: Vec<String>,
}

/// `[[supervisor_phone]]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SupervisorPhone {
    /// What the supervisor dials as, `201`.
    pub extension: String,
    /// The channel to call it by, `PJSIP/201`.
    pub channel: String,
    /// Shown.
    pub name: String,
}

/// `[supervision]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervision {
    /// How long one may listen, whisper or barge at a time; then it is hung up.
    pub longest: Duration,
}

/// How the web page is protected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminTls {
    /// A certificate made at the first start, kept in the state folder.
    SelfSigned,
    /// Certificate and key from files.
    Files {
        /// PEM chain.
        certificate: PathBuf,
        /// PEM key.
        key: PathBuf,
    },
    /// In the clear; accepted on loopback only.
    Off,
}

/// `[admin]`
#[derive(Clone, Debug)]
pub struct Admin {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Host names that are accepted beside addresses, `localhost` and the machine's name.
    pub hosts: Vec<String>,
    /// Protection.
    pub tls: AdminTls,
}

impl Default for Admin {
    /// Where the page listens while there is no usable configuration, so that its problems can be read there.
    fn default() -> Self {
        let everywhere = std::net::Ipv4Addr::UNSPECIFIED;
        Self { listen: SocketAddr::from((everywhere, 8443)), hosts: Vec::new(), tls: AdminTls::SelfSigned }
    }
}

/// `[tables]`
#[derive(Clone, Debug)]
pub struct Tables {
    /// Tables shown; empty: every base table the account sees.
    pub allow: Vec<String>,
    /// Tables that cannot be changed.
    pub read_only: Vec<String>,
}
