//! What a password or PIN must be, and its hash. No rules of composition: length, and not one of those that are tried
//! first.

use std::sync::Arc;
use std::time::Duration;

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use tokio::sync::Semaphore;

use super::AccountError;

/// Memory of one hash, KiB: OWASP's least for argon2id with two passes.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Hashes at once: 38 MiB, and a core left for the wall.
const AT_ONCE: usize = 2;
/// Who has not had a turn by then is told to come again.
const PATIENCE: Duration = Duration::from_secs(8);

const PASSWORD_SHORTEST: usize = 15;
const PASSWORD_LONGEST: usize = 1024;
const PIN_SHORTEST: usize = 6;
const PIN_LONGEST: usize = 32;

/// What guessing programs join together. A password must have enough beside them.
const COMMON: [&str; 26] = [
    "passwort",
    "password",
    "passw0rd",
    "p@ssw0rd",
    "letmein",
    "welcome",
    "administrator",
    "admin",
    "changeme",
    "qwertyuiop",
    "qwertzuiop",
    "qwerty",
    "qwertz",
    "asdfghjkl",
    "zxcvbnm",
    "yxcvbnm",
    "iloveyou",
    "secret",
    "asterisk",
    "asterflow",
    "callcenter",
    "callcentre",
    "freepbx",
    "abcdefghijklmnopqrstuvwxyz",
    "1234567890",
    "12345678",
];
/// Letters that must be left when the common words are taken out.
const LEFT_OVER: usize = 8;
/// Different letters that a password must have.
const DIFFERENT: usize = 6;

/// Checks a new password; `names` (the account, the site) must not make up most of it.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check_password(password: &str, names: &[&str]) -> Result<(), AccountError> {
    let letters = password.chars().count();
    if letters < PASSWORD_SHORTEST {
        return Err(AccountError::Password(format!(
            "it has {letters} characters; take at least {PASSWORD_SHORTEST}, several words for example"
        )));
    }
    if letters > PASSWORD_LONGEST {
        return Err(AccountError::Password(format!("it is longer than {PASSWORD_LONGEST} characters")));
    }
    let mut rest = password.to_lowercase();
    let words = names.iter().flat_map(|name| name.split([' ', '@', '.', '-', '_'])).chain(COMMON);
    let mut words: Vec<String> = words.filter(|w| w.chars().count() >= 3).map(str::to_lowercase).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    for word in &words {
        rest = rest.replace(word.as_str(), "");
    }
    let mut different: Vec<char> = rest.chars().collect();
    different.sort_unstable();
    different.dedup();
    if rest.chars().count() < LEFT_OVER || different.len() < DIFFERENT || runs(&rest) {
        return Err(AccountError::Password(
            "it is one of the first that are guessed; take several words that do not belong together".into(),
        ));
    }
    Ok(())
}

/// Whether most letters follow their neighbour in a row (abc, 321) or repeat it.
fn runs(text: &str) -> bool {
    let letters: Vec<u32> = text.chars().map(u32::from).collect();
    let steps = letters.windows(2).filter(|pair| pair[0].abs_diff(pair[1]) <= 1).count();
    steps * 3 > letters.len() * 2
}

/// Checks a new PIN.
///
/// # Errors
/// What is wrong with it.
pub(super) fn check_pin(pin: &str) -> Result<(), AccountError> {
    let length = pin.len();
    if !pin.bytes().all(|byte| byte.is_ascii_digit()) || !(PIN_SHORTEST..=PIN_LONGEST).contains(&length) {
        return Err(AccountError::Pin(format!("it must be {PIN_SHORTEST} to {PIN_LONGEST} digits")));
    }
    let mut different: Vec<u8> = pin.bytes().collect();
    different.sort_unstable();
    different.dedup();
    if different.len() < 3 || runs(pin) {
        return Err(AccountError::Pin("it is one of the first that are guessed; take other digits".into()));
    }
    Ok(())
}

/// Makes and checks hashes, a few at a time, off the async threads.
#[derive(Clone)]
pub(super) struct Hasher {
    turns: Arc<Semaphore>,
}

impl Hasher {
    pub(super) fn new() -> Self {
        Self { turns: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// The hash of a password or PIN, a PHC string.
    pub(super) async fn hash(&self, secret: &str) -> Result<String, AccountError> {
        let secret = secret.to_owned();
        self.turn(move |argon2| {
            let hash: PasswordHash =
                argon2.hash_password(secret.as_bytes()).map_err(|_| AccountError::Hash)?;
            Ok(hash.to_string())
        })
        .await
    }

    /// Whether `secret` has this hash. Without one it takes as long and is wrong.
    pub(super) async fn verify(&self, secret: &str, hash: Option<String>) -> Result<bool, AccountError> {
        if secret.chars().count() > PASSWORD_LONGEST {
            return Ok(false);
        }
        let secret = secret.to_owned();
        self.turn(move |argon2| match hash {
            Some(hash) => {
                let hash = PasswordHash::new(&hash).map_err(|_| AccountError::Hash)?;
                Ok(argon2.verify_password(secret.as_bytes(), &hash).is_ok())
            }
            None => {
                let spent: Result<PasswordHash, _> = argon2.hash_password(secret.as_bytes());
                std::hint::black_box(spent.is_ok());
                Ok(false)
            }
        })
        .await
    }

    async fn turn<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Argon2<'_>) -> Result<T, AccountError> + Send + 'static,
    ) -> Result<T, AccountError> {
        let turn = tokio::time::timeout(PATIENCE, self.turns.clone().acquire_owned()).await;
        let turn = turn.map_err(|_| AccountError::Crowded)?.map_err(|_| AccountError::Crowded)?;
        let task = tokio::task::spawn_blocking(move || {
            let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|_| AccountError::Hash)?;
            let result = work(&Argon2::new(Algorithm::Argon2id, Version::V0x13, params));
            drop(turn);
            result
        });
        task.await.map_err(|_| AccountError::Hash)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_are_long_and_not_the_first_to_be_guessed() {
        for good in [
            "correct horse battery",
            "Wir fahren 3 mal um den See",
            "xK9#mQ2$vL5@nR8",
            "日本語の長いパスワードを使います",
        ] {
            assert_eq!(
                check_password(good, &["anna", "Main office"]).map_err(|e| e.to_string()),
                Ok(()),
                "{good}"
            );
        }
        for bad in [
            "short",
            "fourteen chars",
            "passwordpassword",
            "aaaaaaaaaaaaaaaaaaa",
            "123456789012345678",
            "abcdefghijklmnopqrs",
            "Password1234567890!",
            "annaannaannaanna1",
            "Main office admin 1",
            "qwertyuiopasdfghjkl",
        ] {
            assert!(check_password(bad, &["anna", "Main office"]).is_err(), "{bad}");
        }
        assert!(check_password(&"word salad ".repeat(90), &[]).is_ok());
        assert!(check_password(&"word salad ".repeat(100), &[]).is_err(), "longer than 1024");
    }

    #[test]
    fn pins_are_digits_and_not_a_row() {
        assert!(check_pin("402817").is_ok());
        for bad in ["12345", "12345a", "123456", "987654", "111111", "121212", ""] {
            assert!(check_pin(bad).is_err(), "{bad}");
        }
    }

    #[tokio::test]
    async fn a_hash_is_argon2id_with_enough_memory_and_only_its_secret_fits() {
        let hasher = Hasher::new();
        let hash = hasher.hash("correct horse battery").await.expect("a hash");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(hasher.verify("correct horse battery", Some(hash.clone())).await.expect("an answer"));
        assert!(!hasher.verify("correct horse batterz", Some(hash)).await.expect("an answer"));
        assert!(!hasher.verify("correct horse battery", None).await.expect("an answer"));
    }
}
