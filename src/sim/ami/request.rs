//! Bytes from a client → actions, within Asterisk's limits.

/// Longest line in bytes, with its end.
const LINE: usize = 1024;
/// Most headers of an action.
const HEADERS: usize = 128;

/// An action as it came: headers in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Request {
    headers: Vec<(String, String)>,
}

impl Request {
    /// The first value of `key`, without regard to case; empty when absent.
    pub(super) fn get(&self, key: &str) -> &str {
        let found = self.headers.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
        found.map_or("", |(_, value)| value.as_str())
    }

    /// The first value of `key`, when it is there and not empty.
    pub(super) fn given(&self, key: &str) -> Option<&str> {
        Some(self.get(key)).filter(|value| !value.is_empty())
    }

    /// Whether the value says yes in one of Asterisk's words.
    pub(super) fn says_yes(&self, key: &str) -> bool {
        ["yes", "true", "y", "t", "1", "on"].iter().any(|word| self.get(key).eq_ignore_ascii_case(word))
    }

    /// An action for tests.
    #[cfg(test)]
    pub(super) fn of(text: &str) -> Self {
        let headers = text.lines().filter_map(split).collect();
        Self { headers }
    }
}

/// What a client sent: an action, or something that breaks a limit, with Asterisk's words for it.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A whole action.
    Action(Request),
    /// An action that cannot be taken.
    Malformed(Request, &'static str),
}

/// Collects bytes and cuts them into actions.
#[derive(Debug, Default)]
pub(super) struct Parser {
    line: Vec<u8>,
    request: Request,
    line_too_long: bool,
    too_many: bool,
}

impl Parser {
    /// Takes what the socket gave.
    pub(super) fn push(&mut self, bytes: &[u8], out: &mut Vec<Asked>) {
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            // What is over the limit is dropped at once, so that a line without end needs no memory.
            let room = LINE.saturating_sub(self.line.len());
            self.line_too_long |= piece.len() > room;
            self.line.extend_from_slice(&piece[..piece.len().min(room)]);
            if piece.ends_with(b"\n") {
                let line = std::mem::take(&mut self.line);
                out.extend(self.take(&line, piece.len() > room));
            }
        }
    }

    fn take(&mut self, line: &[u8], is_cut: bool) -> Option<Asked> {
        let line = line.strip_suffix(b"\n").unwrap_or(line);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // A NUL ends a text in C.
        let line = line.split(|byte| *byte == 0).next().unwrap_or_default();
        if is_cut {
            return None;
        }
        if !line.is_empty() {
            self.too_many |= self.request.headers.len() >= HEADERS;
            if !self.too_many {
                self.request.headers.extend(split(&String::from_utf8_lossy(line)));
            }
            return None;
        }
        let request = std::mem::take(&mut self.request);
        let (too_many, too_long) =
            (std::mem::take(&mut self.too_many), std::mem::take(&mut self.line_too_long));
        Some(match (too_many, too_long) {
            (true, _) => Asked::Malformed(request, "Too many lines in message or allocation failure"),
            (_, true) => Asked::Malformed(request, "Failed to parse message: line too long"),
            (false, false) => Asked::Action(request),
        })
    }
}

fn split(line: &str) -> Option<(String, String)> {
    let (key, value) = line.split_once(':')?;
    Some((key.to_owned(), value.trim_start_matches([' ', '\t']).to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(chunks: &[&[u8]]) -> Vec<Asked> {
        let (mut parser, mut out) = (Parser::default(), Vec::new());
        chunks.iter().for_each(|chunk| parser.push(chunk, &mut out));
        out
    }

    #[test]
    fn actions_come_in_any_chunks_with_either_line_end() {
        let whole: &[u8] = b"Action: Ping\r\nActionID: 1\r\n\r\naction:Ping\nActionID: 2\n\n";
        let expected = parse(&[whole]);
        assert_eq!(expected.len(), 2);
        let bytes: Vec<&[u8]> = whole.chunks(1).collect();
        assert_eq!(parse(&bytes), expected);
        let Asked::Action(second) = &expected[1] else { panic!("an action") };
        assert_eq!((second.get("Action"), second.get("actionid"), second.get("Queue")), ("Ping", "2", ""));
    }

    #[test]
    fn a_line_of_1024_bytes_passes_and_one_more_does_not() {
        let line = |length: usize| format!("K: {}\r\n", "x".repeat(length - 5)).into_bytes();
        assert!(matches!(parse(&[&line(1024), b"\r\n"])[..], [Asked::Action(_)]));
        let refused = parse(&[&line(1025), b"\r\n", b"Action: Ping\r\n\r\n"]);
        assert!(matches!(refused[0], Asked::Malformed(_, "Failed to parse message: line too long")));
        assert!(matches!(refused[1], Asked::Action(_)), "the next action is taken again");
        assert!(parse(&[&[b'x'; 100_000]]).is_empty());
    }

    #[test]
    fn headers_are_counted_and_a_nul_cuts() {
        let many = |count: usize| [b"K: v\r\n".repeat(count), b"\r\n".to_vec()].concat();
        assert!(matches!(parse(&[&many(128)])[..], [Asked::Action(_)]));
        assert!(matches!(parse(&[&many(129)])[..], [Asked::Malformed(..)]));
        let cut = parse(&[b"Action: Ping\0Pong\r\n\r\n"]);
        assert_eq!(cut, [Asked::Action(Request::of("Action: Ping"))]);
    }
}
