//! What the synchronisation says of itself.

use std::collections::BTreeMap;

use jiff::Timestamp;
use jiff::civil::Date;
use serde::Serialize;

use super::reader::Progress;

/// How the synchronisation of one PBX stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SyncStatus {
    /// When it last reached the end.
    pub last_sync: Option<Timestamp>,
    /// Rows stored since the start of the program.
    pub rows: u64,
    /// Visits that came with them.
    pub visits: u64,
    /// What is odd in the whole history, by kind.
    pub oddities: BTreeMap<String, u64>,
    /// The last position stored: an id, or a second where rows have none.
    pub position: i64,
    /// The last position in the table when it was last looked at; far above `position` while there is much to read.
    pub newest: i64,
    /// What of the past is still being read; `None`: nothing, or nothing is read yet.
    pub older: Option<OlderDays>,
    /// The same of the cdr, which tells of calls that never entered a queue.
    pub older_calls: Option<OlderDays>,
}

/// What of the past is still being read, from the newest day backwards.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OlderDays {
    /// The date that is reached.
    pub reached: Date,
    /// The history is whole from this date on; what is before it is not nothing, but not known yet.
    pub complete_from: Date,
    /// How much of all is read, 0 to 1.
    pub share: f64,
}

impl OlderDays {
    /// In whole percent; 100 only when it is done, so never.
    pub fn percent(&self) -> u8 {
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 99")]
        let percent = (self.share * 100.0).clamp(0.0, 99.0) as u8;
        percent
    }

    /// What is missing of a history that is whole from a date on, in a sentence: all that is known where nobody reads.
    pub fn not_there_yet(complete_from: Date) -> String {
        format!("Days before {} are not there yet.", complete_from.strftime("%-d %b %Y"))
    }

    /// In a sentence, for the wall and the status page.
    pub(super) fn sentence(&self) -> String {
        format!(
            "Reading history: {} …, {} %. {}",
            self.reached.strftime("%Y-%m"),
            self.percent(),
            Self::not_there_yet(self.complete_from)
        )
    }

    /// The same of the cdr.
    fn sentence_of_calls(&self) -> String {
        format!(
            "Reading calls (cdr): {} …, {} %. Calls that never entered a queue are not there yet before {}.",
            self.reached.strftime("%Y-%m"),
            self.percent(),
            self.complete_from.strftime("%-d %b %Y")
        )
    }
}

impl SyncStatus {
    /// What of the past is still being read, in a sentence.
    pub(super) fn note(&self) -> Option<String> {
        self.older
            .map(|older| older.sentence())
            .or_else(|| self.older_calls.map(|calls| calls.sentence_of_calls()))
    }

    pub(super) fn take(&mut self, progress: &Progress) {
        self.rows += progress.rows;
        self.visits += progress.visits;
        self.position = progress.position;
        self.newest = progress.newest;
        self.older = progress.older;
        self.older_calls = progress.older_calls;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_said_in_a_sentence() {
        let date = |month, day| jiff::civil::date(2024, month, day);
        let left = OlderDays { reached: date(3, 14), complete_from: date(3, 15), share: 0.386 };
        let sentence = "Reading history: 2024-03 …, 38 %. Days before 15 Mar 2024 are not there yet.";
        assert_eq!(left.sentence(), sentence);
        assert_eq!(OlderDays { share: 0.9999, ..left }.percent(), 99);
        let mut status = SyncStatus { older_calls: Some(left), ..SyncStatus::default() };
        let calls = "Reading calls (cdr): 2024-03 …, 38 %. Calls that never entered a queue are not there yet before 15 Mar 2024.";
        assert_eq!(status.note().as_deref(), Some(calls));
        status.older = Some(left);
        assert_eq!(status.note().as_deref(), Some(sentence));
    }
}
