//! A PBX with a `systemname`: its events name it, and its uniqueids begin with it. The board is the same.

use asterflow::domain::ids::PbxName;
use asterflow::domain::link::LinkStatus;
use asterflow::domain::live::snapshot::Snapshot;
use asterflow::domain::time::Moment;

use crate::captures::{Heard, all, idle_floor, read};

const PREFIX: &str = "pbx1-";

/// A recording as a PBX with a system name would have sent it.
fn named(bytes: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(bytes);
    let mut told = String::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with("Timestamp:") {
            told += line;
            continue;
        }
        told += &with_prefix(line);
        if line.starts_with("Event:") {
            told += "SystemName: pbx1\r\n";
        }
    }
    told.into_bytes()
}

/// Every uniqueid of a line (ten digits, a dot, digits) with the prefix in front.
fn with_prefix(line: &str) -> String {
    let bytes = line.as_bytes();
    let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
    let mut told = String::new();
    for (at, letter) in line.char_indices() {
        let begins = (at == 0 || !bytes[at - 1].is_ascii_alphanumeric() && bytes[at - 1] != b'.')
            && (0..10).all(|step| digit(at + step))
            && bytes.get(at + 10) == Some(&b'.')
            && digit(at + 11);
        if begins {
            told += PREFIX;
        }
        told.push(letter);
    }
    told
}

fn boards(bytes: &[u8]) -> Vec<Snapshot> {
    let at = |step: usize| Moment::at_millis(i64::try_from(step).expect("small") * 100);
    let mut floor = idle_floor(at(0));
    let mut shown = Vec::new();
    for (step, heard) in (1..).zip(read([bytes])) {
        match heard {
            Heard::Event(event) => drop(floor.apply(event, at(step))),
            Heard::Queues(picture) => floor.replace(picture, at(step)),
        }
        floor.verify().expect("a floor that holds together");
        shown.push(floor.snapshot(&PbxName::new("pbx"), &LinkStatus::connecting(at(0)), at(step)));
    }
    shown
}

#[test]
fn a_system_name_in_front_of_every_uniqueid_changes_nothing_on_the_board() {
    let mut ids = 0;
    for (name, bytes) in all() {
        let (plain, named) = (boards(&bytes), boards(&named(&bytes)));
        assert_eq!(plain.len(), named.len(), "{name}");
        for (step, (plain, named)) in plain.iter().zip(&named).enumerate() {
            let told = format!("{named:?}");
            ids += told.matches(PREFIX).count();
            assert_eq!(told.replace(PREFIX, ""), format!("{plain:?}"), "{name}, step {step}");
        }
    }
    assert!(ids > 1_000, "only {ids} uniqueids had a name in front");
}
