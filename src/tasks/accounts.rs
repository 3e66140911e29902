//! Accounts: who may come in and as what. Owns password rules, sessions, tokens, PINs, the one-time setup code and the
//! slowing of guesses; the store keeps them. It never holds a password longer than its hash takes.

mod manage;
mod password;
mod secret;
mod sessions;
mod setup;
mod throttle;

pub use crate::domain::account::{Actor, Role};
pub use crate::store::{AccountRow, JournalId, JournalRow, JournalVerdict, SessionRow, TokenRow};
pub use sessions::{Identity, Login};

use std::sync::{Arc, Mutex};

use jiff::Timestamp;
use tokio::sync::watch;

use crate::clock;
use crate::store::{JournalEntry, Store, StoreError};

/// Why something about an account cannot be. Each says what to do.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Name or password (or PIN, link, code) is wrong; it does not say which.
    #[error("That is not right. Check what you typed and try again.")]
    Wrong,
    /// Too many wrong tries.
    #[error("There were too many wrong tries. Wait {seconds} seconds and try again.")]
    TooSoon {
        /// Whole seconds to wait.
        seconds: u32,
    },
    /// Too many hashes wait.
    #[error("Too many people are logging in at once. Try again in a moment.")]
    Crowded,
    /// The name cannot be used.
    #[error("\"{0}\" is no name for it. Take 1 to 32 letters, digits, dots, dashes, underscores or @.")]
    Name(String),
    /// The password cannot be used.
    #[error("This password cannot be used: {0}.")]
    Password(String),
    /// The PIN cannot be used.
    #[error("This PIN cannot be used: {0}.")]
    Pin(String),
    /// Only who may listen has a use for a PIN.
    #[error("{0} is a viewer; only supervisors and administrators have a PIN. Change the role first.")]
    NoPinForViewers(String),
    /// There is one already.
    #[error("There is already one named {0}. Take another name.")]
    Taken(String),
    /// There is none.
    #[error("There is none named {0}. List them to see the names.")]
    Unknown(String),
    /// Nobody could manage the appliance any more.
    #[error("{0} is the last administrator. Make another one first.")]
    LastAdmin(String),
    /// There are accounts already.
    #[error("The appliance is set up already. Log in instead.")]
    SetUp,
    /// The operating system gives no random numbers.
    #[error("the operating system gives no random numbers")]
    Random,
    /// Hashing failed.
    #[error("the password could not be hashed")]
    Hash,
    /// The local database.
    #[error("the local database failed")]
    Store(#[from] StoreError),
}

/// Handle to the accounts. Cheap to clone.
#[derive(Clone)]
pub struct Accounts {
    inner: Arc<Inner>,
}

struct Inner {
    store: Store,
    site: String,
    hasher: password::Hasher,
    throttle: Mutex<throttle::Throttle>,
    setup: setup::Setup,
}

impl Accounts {
    /// Accounts over `store`. `site` is the site's name, which no password may lean on.
    pub fn new(store: Store, site: &str) -> Self {
        Self {
            inner: Arc::new(Inner {
                store,
                site: site.to_owned(),
                hasher: password::Hasher::new(),
                throttle: Mutex::default(),
                setup: setup::Setup::default(),
            }),
        }
    }

    /// The one-time setup code while there is one: the wall shows it.
    pub fn setup_code(&self) -> watch::Receiver<Option<String>> {
        self.inner.setup.watch()
    }

    /// At most `limit` rows of the journal before `before` (or the newest), the newest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn journal(
        &self,
        before: Option<JournalId>,
        limit: u32,
    ) -> Result<Vec<JournalRow>, AccountError> {
        Ok(self.inner.store.journal_page(before, limit).await?)
    }

    /// Reads the whole journal and says whether it is as it was written.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn verify_journal(&self) -> Result<JournalVerdict, AccountError> {
        Ok(self.inner.store.journal_verify().await?)
    }

    /// Begins an attempt that counts as failed until [`Self::clear`].
    fn attempt(&self, keys: &[String]) -> Result<(), AccountError> {
        let mut throttle = self.inner.throttle.lock().map_err(|_| AccountError::Crowded)?;
        throttle.attempt(keys, clock::now().tick).map_err(|seconds| AccountError::TooSoon { seconds })
    }

    fn clear(&self, keys: &[String]) {
        if let Ok(mut throttle) = self.inner.throttle.lock() {
            throttle.succeed(keys);
        }
    }

    /// Journals an attempt that failed. What was typed as a name is a stranger's text, and may be a password typed into
    /// the wrong field: only names that exist are written.
    async fn refused(&self, action: &str, account: Option<&str>, origin: &str) -> Result<(), AccountError> {
        let actor = Actor { name: account.unwrap_or("unknown").to_owned(), origin: origin.to_owned() };
        let entry = JournalEntry::new(&actor, action, account.unwrap_or_default());
        self.inner.store.journal_record(now(), entry, "refused").await?;
        Ok(())
    }
}

fn now() -> Timestamp {
    clock::now().wall
}

/// Checks the name of an account or token.
fn check_name(name: &str) -> Result<(), AccountError> {
    let plain = |letter: char| letter.is_ascii_alphanumeric() || matches!(letter, '.' | '-' | '_' | '@');
    if name.is_empty() || name.len() > 32 || name.starts_with('-') || !name.chars().all(plain) {
        return Err(AccountError::Name(name.chars().take(40).flat_map(char::escape_debug).collect()));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
