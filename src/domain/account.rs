//! Who may do what: three roles, each with everything the one before it may.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What an account or token may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Sees the wall and reads the API.
    Viewer,
    /// Also listens, whispers, barges.
    Supervisor,
    /// Also changes tables, settings and accounts.
    Admin,
}

impl Role {
    /// All, the least first.
    pub const ALL: [Self; 3] = [Self::Viewer, Self::Supervisor, Self::Admin];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Supervisor => "supervisor",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A word that is no role.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no such role; choose viewer, supervisor or admin")]
pub struct NoRole;

impl FromStr for Role {
    type Err = NoRole;

    fn from_str(text: &str) -> Result<Self, NoRole> {
        Self::ALL.into_iter().find(|role| role.as_str() == text).ok_or(NoRole)
    }
}

/// Who does something, and from where: for the journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The account, or `console` for somebody at the machine.
    pub name: String,
    /// The address, `wall` or `console`.
    pub origin: String,
}

impl Actor {
    /// Somebody at the machine's own shell.
    pub fn console() -> Self {
        Self { name: "console".into(), origin: "console".into() }
    }
}
