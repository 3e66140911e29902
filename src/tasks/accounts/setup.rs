//! The first account: made with a one-time code that only somebody before the wall can read.

use std::sync::Mutex;

use subtle::ConstantTimeEq;
use tokio::sync::watch;

use super::{AccountError, Accounts, Actor, Login, Role, check_name, now, password, secret, throttle};
use crate::store::{AccountRow, JournalEntry};

/// Wrong tries after which the wall shows another code.
const TRIES: u32 = 10;

/// The code that is valid now.
pub(super) struct Setup {
    code: watch::Sender<Option<String>>,
    wrong: Mutex<u32>,
}

impl Default for Setup {
    fn default() -> Self {
        Self { code: watch::Sender::new(None), wrong: Mutex::new(0) }
    }
}

impl Setup {
    pub(super) fn watch(&self) -> watch::Receiver<Option<String>> {
        self.code.subscribe()
    }

    fn renew(&self) -> Result<(), AccountError> {
        let code = secret::code()?;
        if let Ok(mut wrong) = self.wrong.lock() {
            *wrong = 0;
        }
        self.code.send_replace(Some(code));
        Ok(())
    }

    fn is_right(&self, typed: &str) -> Result<bool, AccountError> {
        let code = self.code.borrow().clone().ok_or(AccountError::SetUp)?;
        let (code, typed) = (secret::plain_code(&code), secret::plain_code(typed));
        if bool::from(code.as_bytes().ct_eq(typed.as_bytes())) {
            return Ok(true);
        }
        let spent = self.wrong.lock().is_ok_and(|mut wrong| {
            *wrong += 1;
            *wrong >= TRIES
        });
        if spent {
            self.renew()?;
        }
        Ok(false)
    }
}

impl Accounts {
    /// Whether the appliance waits for its first account. Makes the code when it does, and drops it when an account
    /// was made meanwhile (on the machine's own shell).
    ///
    /// # Errors
    /// When the database cannot be read, or there are no random numbers.
    pub async fn offer_setup(&self) -> Result<bool, AccountError> {
        let none = self.inner.store.accounts().await?.is_empty();
        let shown = self.inner.setup.code.borrow().is_some();
        match (none, shown) {
            (true, false) => self.inner.setup.renew()?,
            (false, true) => {
                self.inner.setup.code.send_replace(None);
            }
            _ => {}
        }
        Ok(none)
    }

    /// Makes the first account, an administrator, with the code that the wall shows, and logs it in. The code is gone
    /// afterwards.
    ///
    /// # Errors
    /// When the code is wrong, the name or password cannot be used, or there is an account already.
    pub async fn set_up(
        &self,
        code: &str,
        name: &str,
        new_password: &str,
        origin: &str,
    ) -> Result<Login, AccountError> {
        if !self.offer_setup().await? {
            return Err(AccountError::SetUp);
        }
        // Form first: a bad password must not cost a try, and tells nothing about the code.
        check_name(name)?;
        password::check_password(new_password, &[name, &self.inner.site])?;
        let keys = [throttle::origin_key(origin)];
        self.attempt(&keys)?;
        if !self.inner.setup.is_right(code)? {
            self.refused("setup", None, origin).await?;
            return Err(AccountError::Wrong);
        }
        let hash = self.inner.hasher.hash(new_password).await?;
        let account = AccountRow {
            name: name.to_owned(),
            role: Role::Admin,
            password: Some(hash),
            pin: None,
            created: now().as_second(),
            last_login: None,
        };
        let actor = Actor { name: name.to_owned(), origin: origin.to_owned() };
        let entry = JournalEntry::new(&actor, "setup", name).changing(None, Some(Role::Admin.to_string()));
        if !self.inner.store.first_account(now(), account, entry).await? {
            return Err(AccountError::SetUp);
        }
        self.inner.setup.code.send_replace(None);
        self.clear(&keys);
        self.begin_session(name, origin, "login").await
    }
}
