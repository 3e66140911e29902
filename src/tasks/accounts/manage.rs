//! Managing accounts and tokens: the verbs of `asterflow user` and `asterflow token`, and of the web page.

use super::{AccountError, AccountRow, Accounts, Actor, Role, TokenRow, check_name, now, password};
use crate::store::{AccountChange, Changed, JournalEntry};

impl Accounts {
    /// All accounts, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn list(&self) -> Result<Vec<AccountRow>, AccountError> {
        Ok(self.inner.store.accounts().await?)
    }

    /// Makes an account. Without a password nobody can log in to it, but it can have a PIN.
    ///
    /// # Errors
    /// When name or password cannot be used, or the name is taken.
    pub async fn add(
        &self,
        actor: &Actor,
        name: &str,
        role: Role,
        new_password: Option<&str>,
    ) -> Result<(), AccountError> {
        check_name(name)?;
        let hash = match new_password {
            Some(text) => {
                password::check_password(text, &[name, &self.inner.site])?;
                Some(self.inner.hasher.hash(text).await?)
            }
            None => None,
        };
        let account = AccountRow {
            name: name.to_owned(),
            role,
            password: hash,
            pin: None,
            created: now().as_second(),
            last_login: None,
        };
        let entry = JournalEntry::new(actor, "account add", name).changing(None, Some(role.to_string()));
        self.change(name, AccountChange::Add(account), entry).await?;
        self.offer_setup().await.map(|_| ())
    }

    /// Gives an account a new password and ends its sessions.
    ///
    /// # Errors
    /// When there is no such account, or the password cannot be used.
    pub async fn set_password(&self, actor: &Actor, name: &str, text: &str) -> Result<(), AccountError> {
        self.find(name).await?;
        password::check_password(text, &[name, &self.inner.site])?;
        let hash = self.inner.hasher.hash(text).await?;
        let entry = JournalEntry::new(actor, "account password", name);
        self.change(name, AccountChange::Password(hash), entry).await
    }

    /// Gives a supervisor's account a PIN for the wall, or takes it away. A PIN alone says who somebody is, so no two
    /// may have the same.
    ///
    /// # Errors
    /// When there is no such account, it is a viewer's, or the PIN cannot be used.
    pub async fn set_pin(&self, actor: &Actor, name: &str, pin: Option<&str>) -> Result<(), AccountError> {
        let account = self.find(name).await?;
        if account.role < Role::Supervisor {
            return Err(AccountError::NoPinForViewers(account.name));
        }
        let hash = match pin {
            Some(pin) => {
                password::check_pin(pin)?;
                for other in self.list().await?.into_iter().filter(|other| other.name != account.name) {
                    if other.pin.is_some() && self.inner.hasher.verify(pin, other.pin).await? {
                        return Err(AccountError::Pin("take other digits".into()));
                    }
                }
                Some(self.inner.hasher.hash(pin).await?)
            }
            None => None,
        };
        let action = if hash.is_some() { "account pin" } else { "account pin away" };
        let entry = JournalEntry::new(actor, action, name);
        self.change(name, AccountChange::Pin(hash), entry).await
    }

    /// Gives an account another role.
    ///
    /// # Errors
    /// When there is no such account, or it is the last administrator.
    pub async fn set_role(&self, actor: &Actor, name: &str, role: Role) -> Result<(), AccountError> {
        let account = self.find(name).await?;
        let entry = JournalEntry::new(actor, "account role", name)
            .changing(Some(account.role.to_string()), Some(role.to_string()));
        self.change(name, AccountChange::Role(role), entry).await
    }

    /// Removes an account and ends its sessions.
    ///
    /// # Errors
    /// When there is no such account, or it is the last administrator.
    pub async fn remove(&self, actor: &Actor, name: &str) -> Result<(), AccountError> {
        let account = self.find(name).await?;
        let entry =
            JournalEntry::new(actor, "account remove", name).changing(Some(account.role.to_string()), None);
        self.change(name, AccountChange::Remove, entry).await
    }

    /// All tokens, by name.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn tokens(&self) -> Result<Vec<TokenRow>, AccountError> {
        Ok(self.inner.store.tokens().await?)
    }

    /// Revokes a token at once.
    ///
    /// # Errors
    /// When there is none of this name.
    pub async fn revoke_token(&self, actor: &Actor, name: &str) -> Result<(), AccountError> {
        let entry = JournalEntry::new(actor, "token revoke", name);
        if self.inner.store.revoke_token(now(), name, entry).await? {
            Ok(())
        } else {
            Err(AccountError::Unknown(name.to_owned()))
        }
    }

    async fn find(&self, name: &str) -> Result<AccountRow, AccountError> {
        let account = self.inner.store.account(name).await?;
        account.ok_or_else(|| AccountError::Unknown(name.to_owned()))
    }

    async fn change(
        &self,
        name: &str,
        change: AccountChange,
        entry: JournalEntry,
    ) -> Result<(), AccountError> {
        match self.inner.store.change_account(now(), name, change, entry).await? {
            Changed::Done => Ok(()),
            Changed::Taken => Err(AccountError::Taken(name.to_owned())),
            Changed::Unknown => Err(AccountError::Unknown(name.to_owned())),
            Changed::LastAdmin => Err(AccountError::LastAdmin(name.to_owned())),
        }
    }
}
