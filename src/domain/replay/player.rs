//! Bytes in, scenes out: a segment is played forward from its beginning.

use std::io::Read as _;

use serde::{Deserialize, Serialize};

use super::change::{Change, apply};
use super::scene::Scene;
use super::{ReplayError, VERSION};

/// No segment is larger unpacked: a faulty one must not fill the memory.
const LARGEST: u64 = 64 << 20;

/// The beginning of a segment.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Begin {
    pub(super) at: i64,
    pub(super) scene: Scene,
}

/// What changed, so many milliseconds after the record before.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    pub(super) after: u64,
    pub(super) changes: Vec<Change>,
}

/// Plays one segment.
#[derive(Debug)]
pub struct Player {
    bytes: Vec<u8>,
    next: usize,
    at: i64,
    scene: Scene,
}

impl Player {
    /// At the beginning of a segment.
    ///
    /// # Errors
    /// When the bytes are no segment.
    pub fn new(bytes: Vec<u8>) -> Result<Self, ReplayError> {
        let (version, rest) = bytes.split_first().ok_or(ReplayError::Damaged)?;
        if *version != VERSION {
            return Err(ReplayError::Version(*version));
        }
        let (Begin { at, scene }, rest) = postcard::take_from_bytes::<Begin>(rest)?;
        let next = bytes.len() - rest.len();
        Ok(Self { next, at, scene: scene.moved(at), bytes })
    }

    /// When the scene came about, milliseconds since the epoch.
    pub fn at(&self) -> i64 {
        self.at
    }

    /// The scene now.
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// Goes on to the next record, if there is one up to `until`. Whether it did.
    ///
    /// # Errors
    /// When the record is damaged.
    pub fn step(&mut self, until: i64) -> Result<bool, ReplayError> {
        if self.next >= self.bytes.len() {
            return Ok(false);
        }
        let (record, rest) = postcard::take_from_bytes::<Record>(&self.bytes[self.next..])?;
        let at = i64::try_from(record.after).ok().and_then(|after| self.at.checked_add(after));
        let at = at.ok_or(ReplayError::Damaged)?;
        if at > until {
            return Ok(false);
        }
        self.next = self.bytes.len() - rest.len();
        self.at = at;
        record.changes.into_iter().try_for_each(|change| apply(&mut self.scene, change, at))?;
        Ok(true)
    }

    /// Goes on to the last record up to `at`.
    ///
    /// # Errors
    /// As [`Self::step`].
    pub fn go_to(&mut self, at: i64) -> Result<(), ReplayError> {
        while self.step(at)? {}
        Ok(())
    }
}

/// A whole segment made small: names and numbers come again and again.
pub fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut small = Vec::new();
    let mut packer = flate2::read::DeflateEncoder::new(bytes, flate2::Compression::default());
    // Reading from memory cannot fail.
    let _ = packer.read_to_end(&mut small);
    small
}

/// What [`packed`] made small.
///
/// # Errors
/// When the bytes are no such thing.
pub fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, ReplayError> {
    let mut whole = Vec::new();
    let mut unpacker = flate2::read::DeflateDecoder::new(bytes).take(LARGEST);
    unpacker.read_to_end(&mut whole).map_err(|_| ReplayError::Damaged)?;
    Ok(whole)
}
