//! Bytes → frames. A frame is the block of `Key: Value` lines up to a blank line.
//!
//! In: bytes in any chunking. Out: the banner, then frames that borrow from the buffer. It never looks into values and
//! never grows past [`MESSAGE_LIMIT`].

use memchr::memchr;

/// A line longer than this is no AMI. Asterisk's own longest are a few KiB.
pub const LINE_LIMIT: usize = 64 * 1024;
/// A message longer than this is no AMI.
pub const MESSAGE_LIMIT: usize = 4 * 1024 * 1024;

/// Why a byte stream cannot be AMI. The connection has to be closed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FrameError {
    /// The first line is not Asterisk's greeting.
    #[error("the other side is no Asterisk manager (it greets with {0:?}); check host and port")]
    Banner(String),
    /// A line without end.
    #[error("a line of more than {LINE_LIMIT} bytes came")]
    LineTooLong,
    /// A message without end.
    #[error("a message of more than {MESSAGE_LIMIT} bytes came")]
    MessageTooLong,
}

/// Collects bytes and cuts them into frames.
#[derive(Debug, Default)]
pub struct Decoder {
    buffer: Vec<u8>,
    /// Where the unread part begins.
    start: usize,
    /// Everything before this was searched for line ends already.
    scanned: usize,
    /// Where the current line begins.
    line: usize,
}

impl Decoder {
    /// Adds what came from the socket.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.start > 0 {
            self.buffer.drain(..self.start);
            self.scanned -= self.start;
            self.line -= self.start;
            self.start = 0;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// The greeting line, once it is whole: the AMI version, `11.0.0`.
    ///
    /// # Errors
    /// When the line is not Asterisk's greeting.
    pub fn banner(&mut self) -> Result<Option<String>, FrameError> {
        let rest = &self.buffer[self.start..];
        let Some(end) = memchr(b'\n', rest) else {
            return if rest.len() > 1024 { Err(banner_error(rest)) } else { Ok(None) };
        };
        let line = trim_cr(&rest[..end]);
        let version = line.strip_prefix(b"Asterisk Call Manager/").ok_or_else(|| banner_error(line))?;
        let version = String::from_utf8_lossy(version).into_owned();
        self.start += end + 1;
        self.scanned = self.start;
        self.line = self.start;
        Ok(Some(version))
    }

    /// The next whole frame, if there is one. Empty messages are skipped.
    ///
    /// # Errors
    /// When a line or message is too long.
    pub fn next_frame(&mut self) -> Result<Option<Frame<'_>>, FrameError> {
        while let Some(found) = memchr(b'\n', &self.buffer[self.scanned..]) {
            let end = self.scanned + found;
            let blank = trim_cr(&self.buffer[self.line..end]).is_empty();
            if end - self.line > LINE_LIMIT {
                return Err(FrameError::LineTooLong);
            }
            let (from, to) = (self.start, self.line);
            self.scanned = end + 1;
            self.line = end + 1;
            if blank {
                self.start = end + 1;
                if to > from {
                    return Ok(Some(Frame { bytes: &self.buffer[from..to] }));
                }
            }
        }
        self.scanned = self.buffer.len();
        if self.scanned - self.line > LINE_LIMIT {
            return Err(FrameError::LineTooLong);
        }
        if self.scanned - self.start > MESSAGE_LIMIT {
            return Err(FrameError::MessageTooLong);
        }
        Ok(None)
    }
}

fn banner_error(line: &[u8]) -> FrameError {
    let text: String = String::from_utf8_lossy(line).chars().take(60).collect();
    FrameError::Banner(text)
}

fn trim_cr(line: &[u8]) -> &[u8] {
    line.strip_suffix(b"\r").unwrap_or(line)
}

/// One message: lines with their ends, without the blank line.
#[derive(Clone, Copy, Debug)]
pub struct Frame<'a> {
    bytes: &'a [u8],
}

impl<'a> Frame<'a> {
    /// A frame of these lines, for tests.
    pub fn from_lines(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// The headers in order; repeated ones repeat. Lines without a colon are passed over.
    pub fn headers(&self) -> Headers<'a> {
        Headers { rest: self.bytes }
    }

    /// The first value of `key`, which is compared without regard to case.
    pub fn get(&self, key: &str) -> Option<&'a [u8]> {
        self.headers().find(|(name, _)| name.eq_ignore_ascii_case(key.as_bytes())).map(|(_, value)| value)
    }

    /// The first value of `key` as text; bytes that are no UTF-8 are replaced.
    pub fn text(&self, key: &str) -> Option<String> {
        self.get(key).map(|value| String::from_utf8_lossy(value).into_owned())
    }

    /// The event's name, when the frame is an event.
    pub fn event(&self) -> Option<&'a [u8]> {
        let (key, value) = self.headers().next()?;
        key.eq_ignore_ascii_case(b"Event").then_some(value)
    }
}

/// The headers of a frame.
#[derive(Clone, Debug)]
pub struct Headers<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for Headers<'a> {
    type Item = (&'a [u8], &'a [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        while !self.rest.is_empty() {
            let end = memchr(b'\n', self.rest).unwrap_or(self.rest.len());
            let line = trim_cr(&self.rest[..end]);
            self.rest = self.rest.get(end + 1..).unwrap_or_default();
            // The first colon: values hold colons too (IPv6, `Agent:101`).
            if let Some(colon) = memchr(b':', line) {
                let value = &line[colon + 1..];
                return Some((&line[..colon], value.strip_prefix(b" ").unwrap_or(value)));
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn frames(chunks: &[&[u8]]) -> Vec<String> {
        let mut decoder = Decoder::default();
        let mut seen = Vec::new();
        for chunk in chunks {
            decoder.push(chunk);
            while let Some(frame) = decoder.next_frame().expect("frames") {
                let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
                seen.push(
                    frame
                        .headers()
                        .map(|(k, v)| format!("{}={}", text(k), text(v)))
                        .collect::<Vec<_>>()
                        .join(";"),
                );
            }
        }
        seen
    }

    #[test]
    fn any_line_end_and_any_chunking_give_the_same_frames() {
        let whole: &[u8] = b"A: 1\r\nB:2\n\r\n\r\n\n\nC: x:y\r\n\n";
        let expect = vec!["A=1;B=2".to_owned(), "C=x:y".to_owned()];
        assert_eq!(frames(&[whole]), expect);
        let single: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(frames(&single), expect);
    }

    #[test]
    fn lines_without_a_colon_are_passed_over() {
        assert_eq!(frames(&[b"A: 1\r\nnonsense\r\nB: 2\r\n\r\n"]), vec!["A=1;B=2"]);
    }

    #[test]
    fn a_line_or_message_without_end_is_an_error() {
        let mut decoder = Decoder::default();
        decoder.push(&vec![b'x'; LINE_LIMIT + 1]);
        assert_eq!(decoder.next_frame().err(), Some(FrameError::LineTooLong));
        let mut decoder = Decoder::default();
        let line = [b'y'; 1000].iter().copied().chain(*b"\n").collect::<Vec<_>>();
        decoder.push(&line.repeat(MESSAGE_LIMIT / 1001 + 1));
        assert_eq!(decoder.next_frame().err(), Some(FrameError::MessageTooLong));
    }

    #[test]
    fn only_asterisk_greets_like_asterisk() {
        let mut decoder = Decoder::default();
        decoder.push(b"Asterisk Call Manager/11.0");
        assert_eq!(decoder.banner(), Ok(None));
        decoder.push(b".0\r\nResponse: Success\r\n\r\n");
        assert_eq!(decoder.banner(), Ok(Some("11.0.0".into())));
        assert!(decoder.next_frame().expect("a frame").is_some());
        let mut decoder = Decoder::default();
        decoder.push(b"220 mail.example ESMTP\r\n");
        assert!(matches!(decoder.banner(), Err(FrameError::Banner(_))));
    }
}
