//! History from Asterisk's own files: `queue_log`, as it is written beside or instead of the table.
//!
//! In: files, one after the other, from the oldest. Out: batches to the store, each one transaction; what a batch brought
//! is told as it goes. A row that is known, from a file or from the table, changes nothing, so that a run that was broken
//! off is simply begun again. Memory is bounded by one batch, whatever the files' sizes. It never reaches the PBX.

mod lines;
mod source;

pub use source::Source;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use jiff::tz::TimeZone;
use serde::Serialize;
use tokio::sync::watch;

use crate::clock;
use crate::domain::history::file::{BadLine, Lines};
use crate::domain::history::row::LogRow;
use crate::domain::ids::PbxName;
use crate::store::{Batch, Store, StoreError};

/// Rows stored together. More than a synchronisation takes: rows that are older than what is stored have their agents'
/// later presence folded again, once a batch.
const ROWS: usize = 10_000;
/// Bad lines after which a batch is told of, so that they cannot pile up.
const BAD_LINES: usize = 1000;
/// So much of a bad line is shown, characters.
const SHOWN: usize = 60;

/// Why an import stopped. What was stored before stays.
#[derive(Debug, thiserror::Error)]
pub enum ImportError {
    /// The file.
    #[error("{} cannot be opened", path.display())]
    Open {
        /// Which.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Not a file at all.
    #[error("{} is a folder; name the files in it: {}/queue_log*", path.display(), path.display())]
    Folder {
        /// Which.
        path: PathBuf,
    },
    /// The bytes.
    #[error(
        "{name} cannot be read to its end; what was read before is stored, and counts once when it is read again"
    )]
    Read {
        /// Which.
        name: String,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Packed by something that is not unpacked here.
    #[error("{name} is packed; unpack it into the import: {with} {name} | asterflow import -")]
    Packed {
        /// Which.
        name: String,
        /// The command that unpacks it.
        with: &'static str,
    },
    /// Something else.
    #[error(
        "{name} is no queue_log file: its first line {why} (\"{text}\"); \
         a line looks like 1795330864|1795330864.3|sales|NONE|ENTERQUEUE||5550001|1"
    )]
    Kind {
        /// Which.
        name: String,
        /// What is wrong with the first line.
        why: BadLine,
        /// Its beginning.
        text: String,
    },
    /// The local database.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// What an import brought; the JSON line of `import`.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Imported {
    /// Rows read.
    pub rows: u64,
    /// Of these: rows that were not known, from a file or from the table.
    pub new: u64,
    /// Rows older than what is kept: not taken.
    pub too_old: u64,
    /// Visits that were not there.
    pub visits: u64,
    /// Lines that are no rows.
    pub bad_lines: u64,
    /// How long it took.
    pub seconds: f64,
    /// What is odd in the whole history, by kind.
    pub oddities: BTreeMap<String, u64>,
    /// It was stopped before the end.
    #[serde(skip)]
    pub stopped: bool,
}

/// What is told while it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Said {
    /// A batch is stored.
    Stored {
        /// Of which file.
        name: String,
        /// Rows read so far, of all files.
        rows: u64,
        /// Of these: new.
        new: u64,
        /// The instant of the batch's last row, UTC seconds.
        reached: Option<i64>,
    },
    /// A line is no row.
    BadLine {
        /// Of which file.
        name: String,
        /// Which, from 1.
        number: u64,
        /// Why.
        why: BadLine,
        /// Its beginning.
        text: String,
    },
    /// The last line has no end yet; it is left for the next run.
    Incomplete {
        /// Of which file.
        name: String,
    },
    /// There was not one line.
    Empty {
        /// Which file.
        name: String,
    },
}

/// Imports files into the history of one PBX, the oldest first, until `stop` becomes true. The caller holds the
/// [`crate::store::StateLock`].
///
/// # Errors
/// At the first file that cannot be read to its end, or when the store refuses; what was stored stays.
pub async fn import(
    store: &Store,
    (pbx, zone): (&PbxName, &str),
    mut sources: Vec<Source>,
    mut stop: watch::Receiver<bool>,
    said: &mut (dyn FnMut(&Said) + Send),
) -> Result<Imported, ImportError> {
    let began = clock::now().tick;
    let mut imported = Imported::default();
    store.register_pbx(pbx, zone).await?;
    let zone = TimeZone::get(zone).map_err(|error| StoreError::Record(error.to_string()))?;
    sources.sort_by_key(|source| source.first);
    'files: for source in sources {
        let mut file = Reading { source, lines: Lines::new(zone.clone()) };
        loop {
            // Reading may wait for a pipe; a stop does not.
            let reading = tokio::task::spawn_blocking(move || {
                let part = file.part();
                (file, part)
            });
            let part;
            tokio::select! {
                biased;
                _ = stop.wait_for(|stop| *stop) => { imported.stopped = true; break 'files }
                done = reading => (file, part) = done.map_err(|_| StoreError::Stopped)?,
            }
            let ended = part.ended;
            take(store, pbx, &file, part, &mut imported, said).await?;
            if ended {
                break;
            }
        }
    }
    store.checkpoint().await?;
    imported.oddities = store.oddities(pbx).await?;
    let millis = clock::now().tick.since(began);
    imported.seconds = f64::from(u32::try_from(millis).unwrap_or(u32::MAX)) / 1000.0;
    Ok(imported)
}

/// Stores a part of a file, and tells of it.
async fn take(
    store: &Store,
    pbx: &PbxName,
    file: &Reading,
    part: Part,
    imported: &mut Imported,
    said: &mut (dyn FnMut(&Said) + Send),
) -> Result<(), ImportError> {
    let name = file.source.name.clone();
    imported.bad_lines += u64::try_from(part.bad.len()).unwrap_or(0);
    part.bad.iter().for_each(&mut *said);
    if !part.rows.is_empty() {
        let reached = part.rows.last().and_then(LogRow::instant);
        imported.rows += u64::try_from(part.rows.len()).unwrap_or(0);
        let batch = Batch { pbx: pbx.clone(), rows: part.rows, oddities: BTreeMap::new(), cursor: None };
        let applied = store.apply_batch(batch).await?;
        imported.new += applied.rows;
        imported.too_old += applied.too_old;
        imported.visits += applied.visits;
        said(&Said::Stored { name: name.clone(), rows: imported.rows, new: imported.new, reached });
    }
    if let Some(source) = part.failed {
        return Err(ImportError::Read { name, source });
    }
    if part.ended && file.source.reader.incomplete() {
        said(&Said::Incomplete { name });
    } else if part.ended && file.source.reader.number() == 0 {
        said(&Said::Empty { name });
    }
    Ok(())
}

/// A file, as far as it is read.
struct Reading {
    source: Source,
    lines: Lines,
}

/// Some lines of a file.
#[derive(Default)]
struct Part {
    rows: Vec<LogRow>,
    bad: Vec<Said>,
    ended: bool,
    failed: Option<io::Error>,
}

impl Reading {
    fn part(&mut self) -> Part {
        let mut part = Part::default();
        while part.rows.len() < ROWS && part.bad.len() < BAD_LINES {
            let number = self.source.reader.number() + 1;
            let line = match self.source.reader.next() {
                Ok(Some(line)) => line,
                Ok(None) => {
                    part.ended = true;
                    break;
                }
                Err(error) => {
                    part.failed = Some(error);
                    break;
                }
            };
            let text = line.unwrap_or_default();
            match line.and_then(|line| self.lines.row(line)) {
                Ok(row) => part.rows.push(row),
                Err(why) => part.bad.push(Said::BadLine {
                    name: self.source.name.clone(),
                    number,
                    why,
                    text: excerpt(text),
                }),
            }
        }
        part
    }
}

/// The beginning of a line, fit for a terminal.
fn excerpt(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(&line[..line.len().min(4 * SHOWN)]);
    let shown: String = text.chars().filter(|letter| !letter.is_control()).take(SHOWN).collect();
    if shown.chars().count() == SHOWN { format!("{shown}…") } else { shown }
}

#[cfg(test)]
mod tests;
