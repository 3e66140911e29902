//! Random secrets that we give out, and the hashes by which we know them again.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

use super::AccountError;

/// Letters of a setup code: none that is taken for another.
const LETTERS: &[u8] = b"ABCDEFGHJKMNPQRSTUVWXYZ23456789";
/// Letters in a setup code: 31^10 ≈ 2^49.
const CODE_LENGTH: usize = 10;

/// 256 random bits as URL-safe text.
pub(super) fn token() -> Result<String, AccountError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|_| AccountError::Random)?;
    Ok(URL_SAFE_NO_PAD.encode(bytes))
}

/// A code that a person reads off the wall, `ABCDE-FGHJK`.
pub(super) fn code() -> Result<String, AccountError> {
    let mut text = String::new();
    let mut letters = 0;
    while letters < CODE_LENGTH {
        let mut byte = [0_u8; 1];
        getrandom::fill(&mut byte).map_err(|_| AccountError::Random)?;
        // A byte beyond the last whole run would make some letters likelier.
        let whole = 256 / LETTERS.len() * LETTERS.len();
        if usize::from(byte[0]) < whole {
            text.extend(LETTERS.get(usize::from(byte[0]) % LETTERS.len()).map(|letter| char::from(*letter)));
            letters += 1;
            if letters == CODE_LENGTH / 2 {
                text.push('-');
            }
        }
    }
    Ok(text)
}

/// A code as typed, in the form it is compared in.
pub(super) fn plain_code(text: &str) -> String {
    text.chars().filter(char::is_ascii_alphanumeric).map(|letter| letter.to_ascii_uppercase()).collect()
}

/// What is stored of a random secret: it needs no slow hash.
pub(super) fn fingerprint(secret: &str) -> [u8; 32] {
    Sha256::digest(secret.as_bytes()).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_long_differ_and_codes_survive_retyping() {
        let (one, two) = (token().expect("a token"), token().expect("a token"));
        assert_eq!(one.len(), 43);
        assert_ne!(one, two);
        let code = code().expect("a code");
        assert_eq!(code.len(), 11);
        assert_eq!(plain_code(&code.to_lowercase().replace('-', " ")), plain_code(&code));
    }
}
