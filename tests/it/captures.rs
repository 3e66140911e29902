//! Raw bytes that a real Asterisk sent, scenario by scenario, and how to read them as the session would.

use std::collections::BTreeMap;
use std::path::PathBuf;

use asterflow::domain::live::Floor;
use asterflow::domain::live::event::{Event, Picture};
use asterflow::domain::time::Moment;
use asterflow::pbx::ami::event::decode;
use asterflow::pbx::ami::fields::Fields;
use asterflow::pbx::ami::frame::{Decoder, Frame};

/// A line of a recording: an event, or a whole queue status.
#[allow(clippy::large_enum_variant, reason = "nearly all are events")]
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Heard {
    Event(Event),
    Queues(Picture),
}

/// All recordings by name.
pub(crate) fn all() -> BTreeMap<String, Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ami");
    let files = std::fs::read_dir(&folder).expect("the recordings");
    files
        .map(|entry| entry.expect("a file").path())
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().replace(".ami.txt", "");
            (name, std::fs::read(&path).expect("bytes"))
        })
        .collect()
}

/// Reads a recording in the given chunks. Recordings of several sessions hold several greetings, which are passed over
/// like any line without meaning.
pub(crate) fn read<'a>(chunks: impl IntoIterator<Item = &'a [u8]>) -> Vec<Heard> {
    let mut decoder = Decoder::default();
    let mut heard = Vec::new();
    let mut picture = Picture { channels: Some(Vec::new()), ..Picture::default() };
    for chunk in chunks {
        decoder.push(chunk);
        while let Some(frame) = decoder.next_frame().expect("well-formed bytes") {
            take(&frame, &mut picture, &mut heard);
        }
    }
    heard
}

fn take(frame: &Frame<'_>, picture: &mut Picture, heard: &mut Vec<Heard>) {
    let fields = Fields::new(frame);
    match frame.event() {
        Some(b"QueueParams") => picture.queues.push(fields.queue()),
        Some(b"QueueMember") => picture.members.push(fields.member()),
        Some(b"QueueEntry") => picture.entries.push(fields.entry()),
        Some(b"QueueStatusComplete") => heard.push(Heard::Queues(std::mem::take(picture))),
        _ => heard.extend(decode(frame).map(Heard::Event)),
    }
}

/// The floor before every recording: all members idle, as the recording `snapshot` lists them.
pub(crate) fn idle_floor(now: Moment) -> Floor {
    let all = all();
    let Some(Heard::Queues(picture)) =
        read([all["snapshot"].as_slice()]).into_iter().find(|heard| matches!(heard, Heard::Queues(_)))
    else {
        panic!("the recording holds a queue status")
    };
    let mut floor = Floor::new([("PJSIP/201", "Desk 201")]);
    floor.replace(picture, now);
    floor
}
