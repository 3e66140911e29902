//! SIP messages: bytes in, bytes out. Header names are kept as they come and compared without case.

use std::fmt;
use std::str::FromStr;

use anyhow::{Context, Result, bail};

/// What the first line says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Start {
    /// Method and URI.
    Request(String, String),
    /// Status and phrase.
    Response(u16, String),
}

/// One request or response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Message {
    pub(crate) start: Start,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Message {
    pub(crate) fn request(method: &str, uri: &str) -> Self {
        Self {
            start: Start::Request(method.to_owned(), uri.to_owned()),
            headers: Vec::new(),
            body: String::new(),
        }
    }

    /// A response to `request`: the headers that must come back, with `tag` added to To if it has none.
    pub(crate) fn response(request: &Self, code: u16, phrase: &str, tag: &str) -> Self {
        let mut this = Self {
            start: Start::Response(code, phrase.to_owned()),
            headers: Vec::new(),
            body: String::new(),
        };
        for (name, value) in &request.headers {
            match canonical(name) {
                "via" | "from" | "call-id" | "cseq" | "record-route" => this.push(name, value),
                "to" if code > 100 && tag_of(value).is_none() => {
                    this.push(name, &format!("{value};tag={tag}"))
                }
                "to" => this.push(name, value),
                _ => {}
            }
        }
        this
    }

    pub(crate) fn push(&mut self, name: &str, value: &str) {
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.push(name, value);
        self
    }

    pub(crate) fn with_sdp(mut self, body: String) -> Self {
        self.push("Content-Type", "application/sdp");
        self.body = body;
        self
    }

    /// The first value of a header, empty when absent.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.find(name).unwrap_or_default()
    }

    pub(crate) fn find(&self, name: &str) -> Option<&str> {
        let wanted = canonical(name);
        self.headers
            .iter()
            .find(|(key, _)| canonical(key).eq_ignore_ascii_case(wanted))
            .map(|(_, value)| value.as_str())
    }

    /// Replaces a header, or adds it.
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        match self.headers.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case(name)) {
            Some((_, old)) => value.clone_into(old),
            None => self.push(name, value),
        }
    }

    /// The method of a request, or that of the request a response answers.
    pub(crate) fn method(&self) -> &str {
        match &self.start {
            Start::Request(method, _) => method,
            Start::Response(..) => self.get("CSeq").split_whitespace().nth(1).unwrap_or_default(),
        }
    }

    pub(crate) fn cseq(&self) -> u32 {
        self.get("CSeq").split_whitespace().next().and_then(|number| number.parse().ok()).unwrap_or_default()
    }

    pub(crate) fn call_id(&self) -> &str {
        self.get("Call-ID")
    }

    /// The transaction's name: the branch of the topmost Via.
    pub(crate) fn branch(&self) -> &str {
        parameter(self.get("Via"), "branch").unwrap_or_default()
    }

    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }
}

impl fmt::Display for Message {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.start {
            Start::Request(method, uri) => write!(out, "{method} {uri} SIP/2.0\r\n")?,
            Start::Response(code, phrase) => write!(out, "SIP/2.0 {code} {phrase}\r\n")?,
        }
        for (name, value) in &self.headers {
            write!(out, "{name}: {value}\r\n")?;
        }
        write!(out, "Content-Length: {}\r\n\r\n{}", self.body.len(), self.body)
    }
}

impl FromStr for Message {
    type Err = anyhow::Error;

    fn from_str(text: &str) -> Result<Self> {
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((text, ""));
        let mut lines = head.split("\r\n");
        let first = lines.next().unwrap_or_default();
        let mut words = first.splitn(3, ' ');
        let (a, b, c) = (words.next(), words.next(), words.next());
        let start = match (a, b, c) {
            (Some("SIP/2.0"), Some(code), phrase) => Start::Response(
                code.parse().context("a status that is no number")?,
                phrase.unwrap_or_default().to_owned(),
            ),
            (Some(method), Some(uri), Some("SIP/2.0")) => Start::Request(method.to_owned(), uri.to_owned()),
            _ => bail!("not SIP: {first:?}"),
        };
        let mut headers: Vec<(String, String)> = Vec::new();
        for line in lines {
            match (line.starts_with([' ', '\t']), headers.last_mut(), line.split_once(':')) {
                // A folded line continues the value before it.
                (true, Some((_, value)), _) => *value = format!("{value} {}", line.trim()),
                (_, _, Some((name, value))) if canonical(name.trim()) != "content-length" => {
                    headers.push((name.trim().to_owned(), value.trim().to_owned()));
                }
                _ => {}
            }
        }
        Ok(Self { start, headers, body: body.to_owned() })
    }
}

/// The long lower-case name of the headers this crate reads; others come back unchanged.
fn canonical(name: &str) -> &str {
    const NAMES: [(&str, &str); 12] = [
        ("v", "via"),
        ("f", "from"),
        ("t", "to"),
        ("i", "call-id"),
        ("m", "contact"),
        ("l", "content-length"),
        ("c", "content-type"),
        ("", "cseq"),
        ("", "record-route"),
        ("r", "refer-to"),
        ("", "reason"),
        ("", "expires"),
    ];
    let found = NAMES
        .iter()
        .find(|(short, long)| name.eq_ignore_ascii_case(long) || name.eq_ignore_ascii_case(short));
    found.map_or(name, |(_, long)| long)
}

/// `;name=value` of a header value.
pub(crate) fn parameter<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    // Parameters inside <…> belong to the URI.
    let outside = value.rsplit('>').next().unwrap_or(value);
    outside.split(';').skip(1).find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then_some(value.trim())
    })
}

pub(crate) fn tag_of(value: &str) -> Option<&str> {
    parameter(value, "tag")
}

/// The URI of a From, To or Contact value.
pub(crate) fn uri_of(value: &str) -> &str {
    match value.split_once('<') {
        Some((_, rest)) => rest.split('>').next().unwrap_or_default(),
        None => value.split(';').next().unwrap_or_default().trim(),
    }
}

/// The user part of a From, To or Contact value.
pub(crate) fn user_of(value: &str) -> &str {
    let uri = uri_of(value);
    let rest = uri.split_once(':').map_or(uri, |(_, rest)| rest);
    rest.split_once('@').map_or("", |(user, _)| user)
}

/// The display name of a From value, without quotes.
pub(crate) fn name_of(value: &str) -> String {
    let name = value.split_once('<').map_or("", |(name, _)| name).trim();
    let bare = name.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    bare.unwrap_or(name).replace("\\\"", "\"")
}

#[cfg(test)]
mod tests {
    use super::*;

    const INVITE: &str = "INVITE sip:101@127.0.0.1:7777 SIP/2.0\r\n\
        v: SIP/2.0/UDP 127.0.0.1:5060;rport;branch=z9hG4bK1\r\n\
        f: \"C \\\"x\\\"\" <sip:5550001@127.0.0.1;tag=no>;tag=abc\r\nTo: <sip:101@127.0.0.1>\r\n\
        Call-ID: c1\r\nCSeq: 17 INVITE\r\nReason: Q.850\r\n ;cause=26\r\nContent-Length: 5\r\n\r\nv=0\r\n";

    #[test]
    fn reads_what_asterisk_sends() {
        let message: Message = INVITE.parse().expect("a good INVITE");
        assert_eq!(message.method(), "INVITE");
        assert_eq!(message.cseq(), 17);
        assert_eq!(message.branch(), "z9hG4bK1");
        assert_eq!(message.get("Reason"), "Q.850 ;cause=26");
        assert_eq!(message.body, "v=0\r\n");
        let from = message.get("From");
        assert_eq!(
            (user_of(from), name_of(from).as_str(), tag_of(from)),
            ("5550001", "C \"x\"", Some("abc"))
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        let message: Message = INVITE.parse().expect("a good INVITE");
        let again: Message = message.to_string().parse().expect("what was written");
        assert_eq!(again, message);
        assert!(message.to_string().contains("Content-Length: 5\r\n"));
    }

    #[test]
    fn a_response_carries_the_dialog_and_a_tag() {
        let message: Message = INVITE.parse().expect("a good INVITE");
        let ok = Message::response(&message, 200, "OK", "mine");
        assert_eq!(tag_of(ok.get("To")), Some("mine"));
        assert_eq!((ok.method(), ok.branch(), ok.call_id()), ("INVITE", "z9hG4bK1", "c1"));
        let trying = Message::response(&message, 100, "Trying", "mine");
        assert_eq!(tag_of(trying.get("To")), None);
    }

    #[test]
    fn noise_is_refused() {
        for noise in ["", "\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "SIP/2.0 abc x\r\n\r\n"] {
            assert!(noise.parse::<Message>().is_err(), "{noise:?}");
        }
    }
}
