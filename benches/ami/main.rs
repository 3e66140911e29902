//! A million events of a real Asterisk: from bytes to the whole live model, beside the floor, which only finds every header
//! and keeps the queues' members.
//!
//! `cargo bench --bench ami`; `ASTERFLOW_BENCH_EVENTS` says how many, else a million. The recordings hold all classes of
//! events; a login as `asterflow grants` prints it gets less than half of them. Quote the ratio: both run in the same minutes.

#![allow(clippy::print_stdout, reason = "a bench tells what it measured")]

#[path = "../history/meter.rs"]
mod meter;

use std::collections::HashMap;
use std::path::Path;

use asterflow::domain::ids::PbxName;
use asterflow::domain::link::LinkStatus;
use asterflow::domain::live::Floor;
use asterflow::domain::live::event::Picture;
use asterflow::domain::time::Moment;
use asterflow::pbx::ami::event::decode;
use asterflow::pbx::ami::fields::Fields;
use asterflow::pbx::ami::frame::Decoder;
use memchr::memchr;

use meter::{Cost, Meter};

/// As much as the socket gives at once.
const CHUNK: usize = 64 * 1024;
/// How often each is measured; the quickest counts.
const RUNS: usize = 3;

fn main() {
    let wanted = std::env::var("ASTERFLOW_BENCH_EVENTS").ok().and_then(|text| text.parse().ok());
    let wanted: usize = wanted.unwrap_or(1_000_000);
    let mut round = Round::new();
    let rounds = wanted.div_ceil(round.events);
    let (events, bytes) = (rounds * round.events, rounds * round.bytes.len());
    println!("{events} events, {} MB, {} recordings", bytes / 1_000_000, round.recordings);
    let model = quickest(|| model(&mut round, rounds));
    let floor = quickest(|| least(&mut round, rounds));
    tell("model", events, model);
    tell("floor", events, floor);
    println!("ratio      {:.2} x the floor's CPU", model.cpu / floor.cpu);
}

fn tell(name: &str, events: usize, cost: Cost) {
    let thousands = f64::from(u32::try_from(events).unwrap_or(u32::MAX)) / cost.cpu / 1000.0;
    println!(
        "{name:10} {:.2} s CPU, {:.2} s wall, {thousands:.0} k events a CPU second, peak {:.0} MB",
        cost.cpu, cost.wall, cost.peak_mb
    );
}

fn quickest(mut run: impl FnMut() -> Cost) -> Cost {
    let costs = (0..RUNS).map(|_| run());
    costs.min_by(|one, other| one.cpu.total_cmp(&other.cpu)).unwrap_or_default()
}

/// All recordings after which the floor is empty again, one after the other.
struct Round {
    bytes: Vec<u8>,
    events: usize,
    recordings: usize,
    /// Where channel ids begin: their first digits make those of each round different.
    ids: Vec<usize>,
    idle: Picture,
}

impl Round {
    fn new() -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ami");
        let files = std::fs::read_dir(folder).expect("the recordings");
        let mut names: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
        names.sort();
        let texts: Vec<Vec<u8>> = names.iter().map(|name| std::fs::read(name).expect("bytes")).collect();
        let snapshot = names.iter().position(|name| name.ends_with("snapshot.ami.txt")).expect("a snapshot");
        let idle = picture(&texts[snapshot]);
        let mut round = Self { bytes: Vec::new(), events: 0, recordings: 0, ids: Vec::new(), idle };
        for text in &texts {
            let mut floor = round.floor();
            let events = take(&mut floor, &mut Decoder::default(), text);
            if floor.channel_count() == 0 {
                round.bytes.extend_from_slice(text);
                round.events += events;
                round.recordings += 1;
            }
        }
        let is_id = |at: &usize| {
            let text = &round.bytes[*at..];
            text.len() > 11
                && text.starts_with(b"1795")
                && text[..10].iter().all(u8::is_ascii_digit)
                && text[10] == b'.'
        };
        round.ids = (0..round.bytes.len()).filter(is_id).collect();
        round
    }

    fn floor(&self) -> Floor {
        let mut floor = Floor::new([]);
        floor.replace(self.idle.clone(), Moment::at_millis(0));
        floor
    }

    /// Gives the channels of round `number` ids of their own.
    fn number(&mut self, number: usize) {
        let digits = format!("{:04}", 1000 + number % 9000);
        for at in &self.ids {
            self.bytes[*at..at + 4].copy_from_slice(digits.as_bytes());
        }
    }
}

/// The queues as a recording lists them.
fn picture(text: &[u8]) -> Picture {
    let mut decoder = Decoder::default();
    decoder.push(text);
    let mut picture = Picture { channels: Some(Vec::new()), ..Picture::default() };
    while let Some(frame) = decoder.next_frame().expect("frames") {
        let fields = Fields::new(&frame);
        match frame.event() {
            Some(b"QueueParams") => picture.queues.push(fields.queue()),
            Some(b"QueueMember") => picture.members.push(fields.member()),
            Some(b"QueueStatusComplete") => break,
            _ => {}
        }
    }
    picture
}

/// Reads bytes into the floor; how many events there were.
fn take(floor: &mut Floor, decoder: &mut Decoder, bytes: &[u8]) -> usize {
    let (mut events, now) = (0, Moment::at_millis(1));
    for chunk in bytes.chunks(CHUNK) {
        decoder.push(chunk);
        while let Some(frame) = decoder.next_frame().expect("frames") {
            events += usize::from(frame.event().is_some());
            if let Some(event) = decode(&frame) {
                floor.apply(event, now);
            }
        }
    }
    events
}

fn model(round: &mut Round, rounds: usize) -> Cost {
    let (mut floor, mut decoder) = (round.floor(), Decoder::default());
    let (mut events, mut first) = (0, None);
    let meter = Meter::start();
    for number in 0..rounds {
        round.number(number);
        events += take(&mut floor, &mut decoder, &round.bytes);
        first.get_or_insert_with(|| board(&floor));
    }
    let cost = meter.stop();
    assert_eq!(events, rounds * round.events, "nothing is lost");
    assert_eq!(first, Some(board(&floor)), "every round ends as the first did");
    assert_eq!(floor.channel_count(), 0, "nobody is left");
    cost
}

fn board(floor: &Floor) -> Vec<(String, &'static str)> {
    let now = Moment::at_millis(2);
    let snapshot = floor.snapshot(&PbxName::new("pbx"), &LinkStatus::connecting(now), now);
    let members = snapshot.queues.iter().flat_map(|queue| &queue.members);
    members.map(|member| (member.interface.to_string(), member.sub_state.as_str())).collect()
}

/// The least: every line end and every colon is found, and the members' states are kept.
fn least(round: &mut Round, rounds: usize) -> Cost {
    let mut states: HashMap<(Vec<u8>, Vec<u8>), u8> = HashMap::new();
    let (mut events, mut headers) = (0, 0_usize);
    let meter = Meter::start();
    for number in 0..rounds {
        round.number(number);
        let mut rest = round.bytes.as_slice();
        let (mut is_member, mut queue, mut interface): (bool, &[u8], &[u8]) = (false, b"", b"");
        while let Some(end) = memchr(b'\n', rest) {
            let line = rest[..end].strip_suffix(b"\r").unwrap_or(&rest[..end]);
            rest = &rest[end + 1..];
            let Some(colon) = memchr(b':', line) else { continue };
            headers += 1;
            let value = line[colon + 1..].strip_prefix(b" ").unwrap_or(&line[colon + 1..]);
            match &line[..colon] {
                b"Event" => {
                    events += 1;
                    is_member = value.starts_with(b"QueueMember");
                }
                b"Queue" if is_member => queue = value,
                b"Interface" if is_member => interface = value,
                b"Status" if is_member => {
                    states
                        .insert((queue.to_vec(), interface.to_vec()), value.first().copied().unwrap_or(b'0'));
                }
                _ => {}
            }
        }
    }
    let cost = meter.stop();
    assert!(events >= rounds * round.events && headers > events && !states.is_empty());
    cost
}
