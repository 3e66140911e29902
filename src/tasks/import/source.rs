//! A file that is to be read: opened, unpacked, and looked at before anything of it is stored.

use std::fs::File;
use std::io::{self, BufReader, Cursor, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;
use jiff::tz::TimeZone;

use super::ImportError;
use super::lines::LineReader;
use crate::domain::history::file::{BadLine, Lines};

/// So much of a file is looked at to tell whether it is a `queue_log`, bytes.
const HEAD: u64 = 64 * 1024;
/// So many of its lines.
const HEAD_LINES: u64 = 100;
/// How packed files begin, and what unpacks them. (gzip is unpacked here.)
const PACKED: &[(&[u8], &str)] = &[
    (b"\xfd7zXZ\0", "xz -dc"),
    (b"BZh", "bzip2 -dc"),
    (b"\x28\xb5\x2f\xfd", "zstd -dc"),
    (b"PK\x03\x04", "unzip -p"),
];

type Bytes = Box<dyn Read + Send>;

/// A file that looks like a `queue_log`, from its beginning.
pub struct Source {
    pub(super) name: String,
    pub(super) reader: LineReader<BufReader<Bytes>>,
    /// The instant of its first row, UTC seconds.
    pub(super) first: Option<i64>,
}

impl Source {
    /// Opens a file, also one packed by gzip; `-` is stdin.
    ///
    /// # Errors
    /// When it cannot be read, or is no `queue_log`.
    pub fn open(path: &Path) -> Result<Self, ImportError> {
        if path == Path::new("-") {
            return Self::of("stdin".into(), Box::new(io::stdin()));
        }
        let name = path.display().to_string();
        let failed = |source| ImportError::Open { path: PathBuf::from(path), source };
        let file = File::open(path).map_err(failed)?;
        if file.metadata().map_err(failed)?.is_dir() {
            return Err(ImportError::Folder { path: path.into() });
        }
        Self::of(name, Box::new(file))
    }

    /// Takes bytes from anywhere; `name` is how they are spoken of.
    ///
    /// # Errors
    /// As [`Self::open`].
    pub fn of(name: String, bytes: Bytes) -> Result<Self, ImportError> {
        let failed = |source| ImportError::Read { name: name.clone(), source };
        let (head, rest) = head(bytes).map_err(failed)?;
        if let Some((_, with)) = PACKED.iter().find(|(magic, _)| head.starts_with(magic)) {
            return Err(ImportError::Packed { name, with });
        }
        let bytes: Bytes = Box::new(Cursor::new(head.clone()).chain(rest));
        let (head, bytes) = if head.starts_with(&[0x1f, 0x8b]) {
            let unpacked = MultiGzDecoder::new(BufReader::new(bytes));
            let (head, rest) = self::head(Box::new(unpacked)).map_err(failed)?;
            (head.clone(), Box::new(Cursor::new(head).chain(rest)) as Bytes)
        } else {
            (head, bytes)
        };
        let first = look(&name, &head)?;
        Ok(Self { name, reader: LineReader::new(BufReader::new(bytes)), first })
    }
}

fn head(mut bytes: Bytes) -> io::Result<(Vec<u8>, Bytes)> {
    let mut head = Vec::new();
    bytes.by_ref().take(HEAD).read_to_end(&mut head)?;
    Ok((head, bytes))
}

/// The instant of the first row; `None` where there is none yet.
fn look(name: &str, head: &[u8]) -> Result<Option<i64>, ImportError> {
    let mut lines = Lines::new(TimeZone::UTC);
    let mut reader = LineReader::new(head);
    let mut wrong: Option<(BadLine, String)> = None;
    let wrong_kind = |(why, text)| ImportError::Kind { name: name.into(), why, text };
    while reader.number() < HEAD_LINES {
        // Reading from memory does not fail.
        let Some(line) = reader.next().unwrap_or_default() else { break };
        let text = super::excerpt(line.unwrap_or_default());
        match line.and_then(|line| lines.row(line)) {
            Ok(row) => return Ok(row.instant()),
            Err(why) => {
                wrong.get_or_insert((why, text));
            }
        }
    }
    match wrong {
        Some(wrong) => Err(wrong_kind(wrong)),
        // Not even one line has an end: what there is may be the beginning of one.
        None if head.iter().take_while(|byte| **byte != b'|').all(|byte| b"0123456789.\0".contains(byte)) => {
            Ok(None)
        }
        None => Err(wrong_kind((BadLine::Time, super::excerpt(head)))),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const ROW: &[u8] = b"1795330864|NONE|NONE|NONE|QUEUESTART|\n";

    fn open(bytes: &[u8]) -> Result<Option<i64>, String> {
        let source = Source::of("file".into(), Box::new(Cursor::new(bytes.to_vec())));
        source.map(|source| source.first).map_err(|error| error.to_string())
    }

    #[test]
    fn a_queue_log_is_known_by_its_lines() {
        assert_eq!(open(ROW), Ok(Some(1_795_330_864)));
        assert_eq!(open(&[b"cut off line|x\n" as &[u8], ROW].concat()), Ok(Some(1_795_330_864)));
        assert_eq!(open(b""), Ok(None));
        assert_eq!(open(b"1795330864|NONE|NO"), Ok(None));
    }

    #[test]
    fn another_kind_of_file_is_refused_with_what_it_is() {
        for bytes in [b"id,time,callid\n1,2,3\n" as &[u8], b"hello", b"\x7fELF\0\0\0\n\0\n", b"\n\n"] {
            let said = open(bytes).expect_err("no queue_log");
            assert!(said.contains("is no queue_log"), "{said}");
        }
        let said = open(b"\xfd7zXZ\0\0\0\n").expect_err("packed");
        assert!(said.contains("xz -dc file | asterflow import -"), "{said}");
    }

    #[test]
    fn gzip_is_unpacked_also_in_several_parts() {
        let pack = |bytes: &[u8]| {
            let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
            packer.write_all(bytes).expect("packs");
            packer.finish().expect("packs")
        };
        let bytes = [pack(ROW), pack(ROW)].concat();
        let mut source = Source::of("file".into(), Box::new(Cursor::new(bytes))).expect("opens");
        assert_eq!(source.first, Some(1_795_330_864));
        for _ in 0..2 {
            assert!(source.reader.next().expect("reads").is_some());
        }
        assert!(source.reader.next().expect("reads").is_none());
    }
}
