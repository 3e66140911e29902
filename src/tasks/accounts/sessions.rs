//! Coming in: by password, by one-time link, by API token, by PIN at the wall; and staying in, for a while.

use std::time::Duration;

use super::{AccountError, Accounts, Actor, Role, SessionRow, now, secret, throttle};
use crate::store::JournalEntry;

/// A session nobody used for so long is over.
const IDLE_SECONDS: i64 = 8 * 3600;
/// A session is over after so long in any case.
const LONGEST_SECONDS: i64 = 7 * 24 * 3600;
/// A session made so far in the future comes from a clock that was wrong.
const CLOCK_SLACK_SECONDS: i64 = 300;
/// "Last seen" is written at most so often: each write is a sync of the disk.
const SEEN_SECONDS: i64 = 60;
const USED_SECONDS: i64 = 300;
/// How every API token begins, so that one that leaks is recognised.
const TOKEN_PREFIX: &str = "asterflow_";
/// Who is listed as logged in was seen within.
const PRESENT_SECONDS: i64 = 15 * 60;

/// Who somebody is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The account, or the token's name.
    pub name: String,
    /// What it may do.
    pub role: Role,
}

/// A session that has just begun. The token goes to the browser and nowhere else.
pub struct Login {
    /// Who.
    pub identity: Identity,
    /// The session's secret.
    pub token: String,
}

impl Accounts {
    /// Logs in by name and password.
    ///
    /// # Errors
    /// [`AccountError::Wrong`] without telling which; [`AccountError::TooSoon`] after too many of those.
    pub async fn login(&self, name: &str, password: &str, origin: &str) -> Result<Login, AccountError> {
        let origin_key = [throttle::origin_key(origin)];
        let account_key = [throttle::account_key(name)];
        // The address first: who is held back there cannot fill the list of accounts.
        self.attempt(&origin_key)?;
        self.attempt(&account_key)?;
        let account = self.inner.store.account(name).await?;
        let hash = account.as_ref().and_then(|account| account.password.clone());
        let right = self.inner.hasher.verify(password, hash).await?;
        let known = account.as_ref().map(|account| account.name.as_str());
        match known.filter(|_| right) {
            Some(name) => {
                self.clear(&origin_key);
                self.clear(&account_key);
                self.begin_session(name, origin, "login").await
            }
            None => {
                self.refused("login", known, origin).await?;
                Err(AccountError::Wrong)
            }
        }
    }

    /// Makes a link's secret that logs `name` in once, within `valid`. Only somebody at the machine can.
    ///
    /// # Errors
    /// When there is no such account, or the database fails.
    pub async fn make_link(&self, name: &str, valid: Duration) -> Result<String, AccountError> {
        let account = self.inner.store.account(name).await?;
        let account = account.ok_or_else(|| AccountError::Unknown(name.to_owned()))?;
        let token = secret::token()?;
        let expires = now().as_second().saturating_add_unsigned(valid.as_secs());
        let entry = JournalEntry::new(&Actor::console(), "account link", &account.name);
        self.inner.store.journal_record(now(), entry, "ok").await?;
        self.inner.store.add_link(secret::fingerprint(&token), &account.name, expires).await?;
        Ok(token)
    }

    /// Logs in by a one-time link's secret, which is gone afterwards.
    ///
    /// # Errors
    /// As [`Self::login`].
    pub async fn login_by_link(&self, link: &str, origin: &str) -> Result<Login, AccountError> {
        let keys = [throttle::origin_key(origin)];
        self.attempt(&keys)?;
        match self.inner.store.take_link(secret::fingerprint(link), now().as_second()).await? {
            Some(name) => {
                self.clear(&keys);
                self.begin_session(&name, origin, "login by link").await
            }
            None => {
                self.refused("login by link", None, origin).await?;
                Err(AccountError::Wrong)
            }
        }
    }

    /// Who unlocks the wall with this PIN: only supervisors and administrators have one.
    ///
    /// # Errors
    /// As [`Self::login`].
    pub async fn unlock(&self, pin: &str, origin: &str) -> Result<Identity, AccountError> {
        let keys = [throttle::origin_key(origin)];
        self.attempt(&keys)?;
        let accounts = self.inner.store.accounts().await?;
        for account in accounts.iter().filter(|account| account.role >= Role::Supervisor) {
            if account.pin.is_some() && self.inner.hasher.verify(pin, account.pin.clone()).await? {
                self.clear(&keys);
                let identity = Identity { name: account.name.clone(), role: account.role };
                let actor = Actor { name: account.name.clone(), origin: origin.to_owned() };
                let entry = JournalEntry::new(&actor, "unlock", &identity.name);
                self.inner.store.journal_record(now(), entry, "ok").await?;
                return Ok(identity);
            }
        }
        self.refused("unlock", None, origin).await?;
        Err(AccountError::Wrong)
    }

    /// Who a session's token belongs to; `None` where it is unknown or over.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn session(&self, token: &str) -> Result<Option<Identity>, AccountError> {
        let hash = secret::fingerprint(token);
        let Some(session) = self.inner.store.session(hash).await? else { return Ok(None) };
        let now = now().as_second();
        if !is_alive(&session, now) {
            return Ok(None);
        }
        if now - session.seen >= SEEN_SECONDS {
            // A full disk must not lock people out of looking.
            if let Err(error) = self.inner.store.touch_session(hash, now).await {
                tracing::warn!(%error, "a session's last use could not be written");
            }
        }
        Ok(Some(Identity { name: session.account, role: session.role }))
    }

    /// Who an API token belongs to; `None` where it is unknown or revoked.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn bearer(&self, token: &str) -> Result<Option<Identity>, AccountError> {
        let Some(secret) = token.strip_prefix(TOKEN_PREFIX) else { return Ok(None) };
        let hash = secret::fingerprint(secret);
        let Some(row) = self.inner.store.token(hash).await? else { return Ok(None) };
        let now = now().as_second();
        if row.last_used.is_none_or(|used| (now - used).abs() >= USED_SECONDS)
            && let Err(error) = self.inner.store.touch_token(hash, now).await
        {
            tracing::warn!(%error, "a token's last use could not be written");
        }
        Ok(Some(Identity { name: row.name, role: row.role }))
    }

    /// Ends a session.
    ///
    /// # Errors
    /// When it could not be made durable.
    pub async fn logout(&self, token: &str, actor: &Actor) -> Result<(), AccountError> {
        let entry = JournalEntry::new(actor, "logout", &actor.name);
        Ok(self.inner.store.end_session(now(), secret::fingerprint(token), entry).await?)
    }

    /// Who was there within the last quarter of an hour, the latest first.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub async fn present(&self) -> Result<Vec<SessionRow>, AccountError> {
        let now = now().as_second();
        let sessions = self.inner.store.sessions(now - PRESENT_SECONDS).await?;
        Ok(sessions.into_iter().filter(|session| is_alive(session, now)).collect())
    }

    /// Forgets what is over. Called now and then.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn tend(&self) -> Result<(), AccountError> {
        let now = now().as_second();
        self.inner.store.purge_sessions(now - LONGEST_SECONDS, now - IDLE_SECONDS, now).await?;
        self.offer_setup().await.map(|_| ())
    }

    pub(super) async fn begin_session(
        &self,
        name: &str,
        origin: &str,
        action: &str,
    ) -> Result<Login, AccountError> {
        let token = secret::token()?;
        let actor = Actor { name: name.to_owned(), origin: origin.to_owned() };
        let entry = JournalEntry::new(&actor, action, name);
        let hash = secret::fingerprint(&token);
        if !self.inner.store.add_session(now(), hash, name, entry).await? {
            return Err(AccountError::Wrong);
        }
        let account = self.inner.store.account(name).await?.ok_or(AccountError::Wrong)?;
        Ok(Login { identity: Identity { name: account.name, role: account.role }, token })
    }

    /// Makes an API token; the text is shown once and never again.
    ///
    /// # Errors
    /// When the name cannot be used or is taken.
    pub async fn add_token(&self, actor: &Actor, name: &str, role: Role) -> Result<String, AccountError> {
        super::check_name(name)?;
        let token = secret::token()?;
        let entry = JournalEntry::new(actor, "token add", name).changing(None, Some(role.to_string()));
        let hash = secret::fingerprint(&token);
        if !self.inner.store.add_token(now(), name, role, hash, entry).await? {
            return Err(AccountError::Taken(name.to_owned()));
        }
        Ok(format!("{TOKEN_PREFIX}{token}"))
    }
}

fn is_alive(session: &SessionRow, now: i64) -> bool {
    let (idle, age) = (now - session.seen, now - session.created);
    idle < IDLE_SECONDS && age < LONGEST_SECONDS && age > -CLOCK_SLACK_SECONDS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_by_rest_by_age_and_by_a_clock_that_jumped_back() {
        let session = |created, seen| SessionRow {
            account: "anna".into(),
            role: Role::Viewer,
            created,
            seen,
            origin: String::new(),
        };
        let now = 10_000_000;
        assert!(is_alive(&session(now, now), now));
        assert!(is_alive(&session(now - 6 * 86_400, now - 60), now));
        assert!(!is_alive(&session(now - 6 * 86_400, now - IDLE_SECONDS), now));
        assert!(!is_alive(&session(now - LONGEST_SECONDS, now), now));
        assert!(!is_alive(&session(now + 86_400, now + 86_400), now));
    }
}
