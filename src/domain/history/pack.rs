//! Rows ⇄ bytes: how the rows of calls are stored, lossless and small.
//!
//! A row leaves out what it shares with the one in front of it; Asterisk's words are one byte. The bytes do not depend on
//! the PBX's zone: a row of a file is stored with its instant.

use super::row::{LogRow, PackError, civil_of, civil_second};
use smol_str::SmolStr;

/// Asterisk's words by number. Only ever appended to: the numbers are stored.
const WORDS: &[&str] = &[
    "ENTERQUEUE",
    "CONNECT",
    "COMPLETECALLER",
    "COMPLETEAGENT",
    "ABANDON",
    "RINGNOANSWER",
    "RINGCANCELED",
    "BLINDTRANSFER",
    "ATTENDEDTRANSFER",
    "EXITWITHTIMEOUT",
    "EXITWITHKEY",
    "EXITEMPTY",
    "WITHDRAW",
    "SYSCOMPAT",
    "AGENTDUMP",
    "TRANSFER",
    "DID",
    "INFO",
    "HOLD",
    "UNHOLD",
];

/// How many data columns are written.
const FIELDS: u8 = 0b0000_0111;
/// The queue follows; else it is that of the row in front.
const QUEUE: u8 = 0b0000_1000;
/// The agent is the last one that was written.
const AGENT_AGAIN: u8 = 0b0001_0000;
/// The agent follows; without this and [`AGENT_AGAIN`] it is `NONE`.
const AGENT: u8 = 0b0010_0000;
/// The event follows as text; else as its number among [`WORDS`].
const EVENT: u8 = 0b0100_0000;

/// Appends a number: seven bits a byte, the lowest first.
pub fn put_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    bytes.push(number.to_le_bytes()[0]);
}

/// Appends a number that may be negative.
pub fn put_signed(bytes: &mut Vec<u8>, number: i64) {
    put_number(bytes, ((number << 1) ^ (number >> 63)).cast_unsigned());
}

/// Appends a text with its length.
pub fn put_text(bytes: &mut Vec<u8>, text: &str) {
    put_number(bytes, text.len() as u64);
    bytes.extend_from_slice(text.as_bytes());
}

/// Takes apart what the `put_` functions wrote.
#[derive(Clone, Copy, Debug)]
pub struct Parts<'a> {
    bytes: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Over these bytes.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { bytes }
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// One byte.
    ///
    /// # Errors
    /// When nothing is left.
    pub fn byte(&mut self) -> Result<u8, PackError> {
        let (first, rest) = self.bytes.split_first().ok_or(PackError::Damaged)?;
        self.bytes = rest;
        Ok(*first)
    }

    /// A number.
    ///
    /// # Errors
    /// When the bytes end before it does.
    pub fn number(&mut self) -> Result<u64, PackError> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7F) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err(PackError::Damaged)
    }

    /// A number that may be negative.
    ///
    /// # Errors
    /// As [`Self::number`].
    pub fn signed(&mut self) -> Result<i64, PackError> {
        let number = self.number()?;
        Ok((number >> 1).cast_signed() ^ -(number & 1).cast_signed())
    }

    /// So many bytes as their length in front of them says.
    ///
    /// # Errors
    /// When there are fewer.
    pub fn slice(&mut self) -> Result<&'a [u8], PackError> {
        let length = usize::try_from(self.number()?).map_err(|_| PackError::Damaged)?;
        let (slice, rest) = self.bytes.split_at_checked(length).ok_or(PackError::Damaged)?;
        self.bytes = rest;
        Ok(slice)
    }

    /// A text.
    ///
    /// # Errors
    /// When there is none.
    pub fn text(&mut self) -> Result<&'a str, PackError> {
        std::str::from_utf8(self.slice()?).map_err(|_| PackError::Damaged)
    }
}

/// Appends the rows of one callid, in their order. The callid is not part of the bytes.
pub fn pack(bytes: &mut Vec<u8>, rows: &[LogRow]) {
    let (mut id, mut second, mut queue, mut agent) = (0, 0, None::<&str>, None::<&str>);
    for row in rows {
        let fields = row.data.iter().rposition(|text| !text.is_empty()).map_or(0, |last| last + 1);
        let word = WORDS.iter().position(|word| *word == row.event);
        let mut flags = u8::try_from(fields).unwrap_or(0);
        let told = |holds: bool, flag: u8| if holds { flag } else { 0 };
        flags |= told(queue != Some(&row.queue), QUEUE) | told(word.is_none(), EVENT);
        let nobody = row.agent == "NONE";
        let again = !nobody && agent == Some(&row.agent);
        flags |= told(again, AGENT_AGAIN) | told(!nobody && !again, AGENT);
        bytes.push(flags);
        put_signed(bytes, row.id - id);
        let time = row.instant().unwrap_or_else(|| civil_second(row.local));
        put_signed(bytes, time - second);
        (id, second) = (row.id, time);
        if flags & QUEUE != 0 {
            put_text(bytes, &row.queue);
            queue = Some(&row.queue);
        }
        if flags & AGENT != 0 {
            put_text(bytes, &row.agent);
            agent = Some(&row.agent);
        }
        match word.and_then(|word| u8::try_from(word).ok()) {
            Some(word) => bytes.push(word),
            None => put_text(bytes, &row.event),
        }
        row.data[..fields].iter().for_each(|text| put_text(bytes, text));
    }
}

/// Unpacks what [`pack`] packed of `callid`. Rows of files still have to be given their local time.
///
/// # Errors
/// When the bytes are damaged.
pub fn unpack(callid: &str, bytes: &[u8]) -> Result<Vec<LogRow>, PackError> {
    let callid = SmolStr::new(callid);
    let mut parts = Parts::new(bytes);
    let mut rows: Vec<LogRow> = Vec::with_capacity(4);
    let (mut id, mut second, mut queue, mut agent) = (0_i64, 0_i64, "", "");
    while !parts.is_empty() {
        let flags = parts.byte()?;
        id = id.checked_add(parts.signed()?).ok_or(PackError::Damaged)?;
        second = second.checked_add(parts.signed()?).ok_or(PackError::Damaged)?;
        if flags & QUEUE != 0 {
            queue = parts.text()?;
        }
        if flags & AGENT != 0 {
            agent = parts.text()?;
        }
        let event = if flags & EVENT != 0 {
            parts.text()?
        } else {
            WORDS.get(usize::from(parts.byte()?)).copied().ok_or(PackError::Damaged)?
        };
        let mut data: [SmolStr; 5] = Default::default();
        for slot in data.iter_mut().take(usize::from(flags & FIELDS)) {
            *slot = parts.text()?.into();
        }
        rows.push(LogRow {
            id,
            local: civil_of(second).ok_or(PackError::Time)?,
            callid: callid.clone(),
            queue: queue.into(),
            agent: if flags & (AGENT | AGENT_AGAIN) != 0 { agent } else { "NONE" }.into(),
            event: event.into(),
            data,
        });
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::super::fixture::captured_rows;
    use super::super::row::{file_id, tests::row};
    use super::*;

    fn packed(rows: &[LogRow]) -> Vec<u8> {
        let mut bytes = Vec::new();
        pack(&mut bytes, rows);
        bytes
    }

    #[test]
    fn packed_rows_come_back_as_they_were() {
        let mut rows = vec![
            row(7, "2026-11-22 07:01:04", "1.1", "Sales", "NONE", "ENTERQUEUE", "|555|1"),
            row(8, "2026-11-22 07:01:05", "1.1", "Sales", "Ann", "CONNECT", "1|1.2|1"),
            row(6, "2026-11-22 07:01:02", "1.1", "sales", "Bob", "RINGNOANSWER", "0"),
            row(9, "2026-11-22 07:01:06", "1.1", "vip", "Ann", "A product's own", "||||end"),
            row(12, "2026-11-22 07:01:06", "1.1", "vip", "", "COMPLETEAGENT", ""),
        ];
        assert_eq!(unpack("1.1", &packed(&rows)).expect("unpacks"), rows);
        rows[0].id = file_id(1_795_330_864, 3);
        let mut back = unpack("1.1", &packed(&rows)).expect("unpacks");
        back[0].settle(&jiff::tz::TimeZone::UTC);
        assert_eq!(back, rows);
        assert!(unpack("1.1", &[]).expect("nothing is no rows").is_empty());
    }

    #[test]
    fn all_captured_rows_come_back_one_by_one_and_together() {
        let mut rows = captured_rows();
        rows.iter_mut().for_each(|row| row.callid = "c".into());
        assert_eq!(unpack("c", &packed(&rows)).expect("unpacks"), rows);
        for row in rows.chunks(1) {
            assert_eq!(unpack("c", &packed(row)).expect("unpacks"), row);
        }
    }

    #[test]
    fn damaged_bytes_are_an_error_and_no_panic() {
        let bytes = packed(&[row(7, "2026-11-22 07:01:04", "1.1", "Sales", "Ann", "CONNECT", "1|1.2|1")]);
        for length in 1..bytes.len() {
            assert!(unpack("1.1", &bytes[..length]).is_err(), "{length}");
        }
        for at in 0..bytes.len() {
            let mut hurt = bytes.clone();
            hurt[at] ^= 0xFF;
            let _ = unpack("1.1", &hurt);
        }
    }

    #[test]
    fn numbers_of_any_size() {
        for number in [0, 1, -1, 63, 64, -64, -65, i64::MAX, i64::MIN, 1 << 35] {
            let mut bytes = Vec::new();
            put_signed(&mut bytes, number);
            assert_eq!(Parts::new(&bytes).signed().expect("a number"), number);
        }
    }
}
