//! `asterflow import`

use std::io::Write;
use std::process::{Command, Stdio};

use serde_json::Value;

use super::{Place, Ran, TWO, captured_file, until};

fn json(ran: Ran) -> Value {
    serde_json::from_str(ran.good().trim_end()).expect("one JSON line")
}

const SALES: &[&str] =
    &["report", "queues", "--from", "2026-11-22", "--to", "2026-11-22", "--queue", "sales"];

#[test]
fn a_file_is_imported_once_however_often_without_a_pbx_or_secrets() {
    let place = Place::new();
    let file = place.file("queue_log", captured_file());
    let rows = captured_file().lines().count();
    let first = json(place.run(&["import", &file]));
    assert_eq!((&first["rows"], &first["new"], &first["visits"]), (&rows.into(), &rows.into(), &24.into()));
    assert!(first["seconds"].as_f64().is_some() && first["oddities"].is_object(), "{first}");
    let again = json(place.run(&["import", &file]));
    assert_eq!((&again["rows"], &again["new"], &again["visits"]), (&rows.into(), &0.into(), &0.into()));
    let fed = json(place.feed(&["import", "-"], captured_file().as_bytes()));
    assert_eq!(fed["new"], 0);
    let report = place.run(&[SALES, &["--format", "csv"]].concat()).good();
    assert!(report.contains(",sales,15,15,0,"), "{report}");
}

#[test]
fn rotated_and_packed_files_come_in_any_order() {
    let place = Place::new();
    let text = captured_file();
    let half = text.len() / 2 + text[text.len() / 2..].find('\n').expect("a line") + 1;
    let newer = place.file("queue_log", &text[half..]);
    let older = place.file("queue_log.1", &text[..half]);
    let packed = Command::new("gzip").arg(&older).status().expect("packs");
    assert!(packed.success());
    let both = json(place.run(&["import", &newer, &format!("{older}.gz")]));
    assert_eq!((both["new"].as_u64(), both["visits"].as_u64()), (both["rows"].as_u64(), Some(24)));
}

#[test]
fn what_is_wrong_with_a_file_is_said_on_stderr() {
    let place = Place::new();
    let mut text = captured_file();
    text.insert_str(0, "1795330000|NONE|NONE|NONE|QUEUESTART|\nnot a line at all\n");
    text.push_str("1795340000|NONE|sales|Alice Ad");
    let file = place.file("queue_log", text);
    let ran = place.run(&["import", &file]);
    assert!(ran.err.contains("queue_log, line 2: has fewer than the five fields"), "{}", ran.err);
    assert!(ran.err.contains("the last line has no end yet"), "{}", ran.err);
    assert!(!ran.err.contains('\r'), "progress without a terminal: {}", ran.err);
    assert_eq!(json(ran)["bad_lines"], 1);
    let empty = place.file("empty", "");
    let ran = place.run(&["import", &empty]);
    assert!(ran.err.contains("is empty"), "{}", ran.err);
    assert_eq!(json(ran)["rows"], 0);
    for (name, bytes, words) in [
        ("cdr.csv", b"a,b,c\n1,2,3\n" as &[u8], "is no queue_log file: its first line has fewer"),
        ("log.xz", b"\xfd7zXZ\0\0\x04", "xz -dc"),
        ("log.bz2", b"BZh91AY", "bzip2 -dc"),
        ("picture", b"\x89PNG\r\n\x1a\n\0\0", "is no queue_log file"),
    ] {
        let file = place.file(name, bytes);
        let said = place.run(&["import", &file]).failed(1);
        assert!(said.contains(words), "{said}");
    }
    let folder = place.path("").display().to_string();
    assert!(place.run(&["import", &folder]).failed(1).contains("is a folder; name the files in it"));
    assert!(
        place.run(&["import", "/no/such/queue_log"]).failed(1).contains("cannot be opened: No such file")
    );
}

#[test]
fn of_several_pbxs_one_is_named() {
    let place = Place::new();
    place.configure(TWO);
    let file = place.file("queue_log", captured_file());
    let said = place.run(&["import", &file]).failed(2);
    assert!(said.contains("--pbx: pbx, branch"), "{said}");
    let said = place.run(&["import", "--pbx", "brunch", &file]).failed(2);
    assert!(said.contains("no PBX named brunch") && said.contains("pbx, branch"), "{said}");
    assert_eq!(json(place.run(&["import", "--pbx", "branch", &file]))["visits"], 24);
    // 07:01 in UTC is 08:01 in Berlin.
    let words = ["report", "visits", "--from", "2026-11-22", "--to", "2026-11-22", "--format", "csv"];
    let visits = place.run(&words).good();
    assert!(visits.contains("branch,2026-11-22T08:01:04+01:00,sales,5550001,answered,1,"), "{visits}");
}

#[test]
fn it_refuses_while_another_program_holds_the_state() {
    let place = Place::new();
    let file = place.file("queue_log", captured_file());
    std::fs::create_dir(place.path("state")).expect("a folder");
    let lock = std::fs::File::create(place.path("state/asterflow.lock")).expect("a lock");
    lock.lock().expect("locks");
    let said = place.run(&["import", &file]).failed(1);
    assert!(said.contains("is in use by another asterflow; stop it first"), "{said}");
    drop(lock);
    place.run(&["import", &file]).good();
}

#[test]
fn ctrl_c_keeps_what_is_in_and_the_next_run_goes_on() {
    let place = Place::new();
    let call = |n: u32| {
        let at = 1_790_000_000 + n * 40;
        format!("{at}|{at}.{n}|q|NONE|ENTERQUEUE||555|1\n{}|{at}.{n}|q|NONE|ABANDON|1|1|9\n", at + 9)
    };
    let text: String = (0..7000).map(call).collect();
    let mut child = place.command(&["import", "-"]).stdin(Stdio::piped()).spawn().expect("runs");
    let mut pipe = child.stdin.take().expect("a pipe");
    pipe.write_all(text.as_bytes()).expect("writes");
    // The first batch is stored when its rows can be read beside it.
    let words = ["report", "queues", "--from", "2026-09-01", "--to", "2026-12-31", "--format", "csv"];
    assert!(until(|| place.run(&words).out.contains(",q,5000,")));
    let id = child.id().to_string();
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("signals").success());
    let ran = Ran::of(child.wait_with_output().expect("ends"));
    drop(pipe);
    assert_eq!(ran.code, 1, "{}", ran.err);
    assert!(ran.err.contains("Stopped before the end"), "{}", ran.err);
    let said: Value = serde_json::from_str(ran.out.trim_end()).expect("one JSON line");
    assert_eq!((&said["rows"], &said["new"]), (&10_000.into(), &10_000.into()));
    let rest = json(place.feed(&["import", "-"], text.as_bytes()));
    assert_eq!((&rest["rows"], &rest["new"]), (&14_000.into(), &4_000.into()));
}
