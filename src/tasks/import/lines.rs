//! Bytes → lines of bounded length, with their numbers. What is still being written is no line yet.

use std::io::{self, BufRead};

use crate::domain::history::file::{BadLine, LONGEST};

/// Splits a reader into lines, in memory for one line of usual length.
pub(super) struct LineReader<R> {
    from: R,
    line: Vec<u8>,
    number: u64,
    incomplete: bool,
}

impl<R: BufRead> LineReader<R> {
    pub(super) fn new(from: R) -> Self {
        Self { from, line: Vec::with_capacity(LONGEST + 2), number: 0, incomplete: false }
    }

    /// The number of the line that was read last, from 1.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether the end came in the middle of a line.
    pub(super) fn incomplete(&self) -> bool {
        self.incomplete
    }

    /// The next line without its line feed, or why it is none; `None` at the end.
    ///
    /// A file that was cut while Asterisk wrote on (`copytruncate`) begins with a hole of NULs: they are left out.
    pub(super) fn next(&mut self) -> io::Result<Option<Result<&[u8], BadLine>>> {
        self.line.clear();
        let mut too_long = false;
        loop {
            let bytes = match self.from.fill_buf() {
                Ok(bytes) => bytes,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(error),
            };
            if bytes.is_empty() {
                self.incomplete = too_long || !self.line.is_empty();
                return Ok(None);
            }
            let end = memchr::memchr(b'\n', bytes);
            let part = &bytes[..end.unwrap_or(bytes.len())];
            let hole =
                if self.line.is_empty() { part.iter().take_while(|byte| **byte == 0).count() } else { 0 };
            let room = (LONGEST + 2).saturating_sub(self.line.len());
            let part = &part[hole..];
            too_long |= part.len() > room;
            self.line.extend_from_slice(&part[..part.len().min(room)]);
            let used = end.map_or(bytes.len(), |end| end + 1);
            self.from.consume(used);
            if end.is_some() {
                self.number += 1;
                return Ok(Some(if too_long { Err(BadLine::TooLong) } else { Ok(&self.line) }));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as text, `!` for one that is too long, and whether the end is missing.
    fn lines(bytes: &[u8], at_once: usize) -> (Vec<String>, bool) {
        let mut reader = LineReader::new(io::BufReader::with_capacity(at_once, bytes));
        let mut found = Vec::new();
        while let Some(line) = reader.next().expect("reads") {
            found.push(line.map_or("!".into(), |line| String::from_utf8_lossy(line).into_owned()));
        }
        assert_eq!(reader.number(), found.len() as u64);
        (found, reader.incomplete())
    }

    #[test]
    fn lines_are_cut_at_line_feeds_whatever_the_buffer() {
        for at_once in [1, 3, 4096] {
            assert_eq!(lines(b"", at_once), (vec![], false));
            assert_eq!(lines(b"a\n\nb\r\n", at_once), (vec!["a".into(), "".into(), "b\r".into()], false));
            assert_eq!(lines(b"a\nhalf", at_once), (vec!["a".into()], true));
            assert_eq!(lines(b"\0\0\0a\nb\0c\n", at_once), (vec!["a".into(), "b\0c".into()], false));
        }
    }

    #[test]
    fn a_line_without_end_costs_no_memory() {
        let mut bytes = vec![b'x'; 5 * LONGEST];
        bytes.extend_from_slice(b"\nnext\n");
        assert_eq!(lines(&bytes, 1000), (vec!["!".into(), "next".into()], false));
        assert_eq!(lines(&bytes[..LONGEST * 2], 1000), (vec![], true));
        let mut reader = LineReader::new(bytes.as_slice());
        let _ = reader.next().expect("reads");
        assert!(reader.line.capacity() < 2 * LONGEST);
    }
}
