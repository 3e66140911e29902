//! Digest authentication (MD5, with and without qop=auth).

use std::fmt::Write as _;

use md5::{Digest as _, Md5};

/// What a server asks for in WWW-Authenticate or Proxy-Authenticate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Challenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    qop: bool,
}

impl Challenge {
    /// Reads `Digest realm="…", nonce="…"`; `None` for other schemes and algorithms.
    pub(crate) fn parse(value: &str) -> Option<Self> {
        let fields = value.trim().strip_prefix("Digest ")?;
        let field = |name: &str| {
            split_quoted(fields).into_iter().find_map(|part| {
                let (key, value) = part.split_once('=')?;
                key.trim().eq_ignore_ascii_case(name).then(|| value.trim().trim_matches('"').to_owned())
            })
        };
        if field("algorithm").is_some_and(|algorithm| !algorithm.eq_ignore_ascii_case("MD5")) {
            return None;
        }
        let qop = field("qop").is_some_and(|list| list.split(',').any(|one| one.trim() == "auth"));
        Some(Self { realm: field("realm")?, nonce: field("nonce")?, opaque: field("opaque"), qop })
    }

    /// The value of the Authorization header for one request.
    pub(crate) fn answer(&self, login: (&str, &str), method: &str, uri: &str, cnonce: &str) -> String {
        let (user, password) = login;
        let Self { realm, nonce, .. } = self;
        let ha1 = hex(&format!("{user}:{realm}:{password}"));
        let ha2 = hex(&format!("{method}:{uri}"));
        let response = match self.qop {
            true => hex(&format!("{ha1}:{nonce}:00000001:{cnonce}:auth:{ha2}")),
            false => hex(&format!("{ha1}:{nonce}:{ha2}")),
        };
        let mut value = format!(
            "Digest username=\"{user}\", realm=\"{realm}\", nonce=\"{nonce}\", uri=\"{uri}\", response=\"{response}\", algorithm=MD5"
        );
        if self.qop {
            // A String cannot refuse what is written to it.
            let _ = write!(value, ", qop=auth, nc=00000001, cnonce=\"{cnonce}\"");
        }
        if let Some(opaque) = &self.opaque {
            let _ = write!(value, ", opaque=\"{opaque}\"");
        }
        value
    }
}

/// Splits at commas that are not inside quotes.
fn split_quoted(text: &str) -> Vec<&str> {
    let mut quoted = false;
    text.split(|character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    })
    .collect()
}

fn hex(text: &str) -> String {
    Md5::digest(text.as_bytes()).iter().fold(String::new(), |mut out, byte| {
        let _ = write!(out, "{byte:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 2617, section 3.5.
    #[test]
    fn answers_like_the_rfc() {
        let challenge = Challenge::parse(
            "Digest realm=\"testrealm@host.com\", qop=\"auth,auth-int\", \
             nonce=\"dcd98b7102dd2f0e8b11d0f600bfb0c093\", opaque=\"5ccc069c403ebaf9f0171e9517f40e41\"",
        )
        .expect("a digest challenge");
        let answer = challenge.answer(("Mufasa", "Circle Of Life"), "GET", "/dir/index.html", "0a4f113b");
        assert!(answer.contains("response=\"6629fae49393a05397450978507c4ef1\""), "{answer}");
        assert!(answer.contains("opaque=\"5ccc069c403ebaf9f0171e9517f40e41\""), "{answer}");
    }

    #[test]
    fn refuses_what_it_cannot_answer() {
        assert_eq!(Challenge::parse("Basic realm=\"x\""), None);
        assert_eq!(Challenge::parse("Digest realm=\"x\", nonce=\"y\", algorithm=SHA-256"), None);
    }
}
