//! `asterflow user` and `asterflow token`

use std::io::{Read, Write};
use std::process::{Command, Stdio};

use super::{Place, Ran, until};

const PASSWORD: &[u8] = b"seven green bicycles\n";

#[test]
fn accounts_are_made_listed_changed_and_removed() {
    let place = Place::new();
    let ran = place.feed(&["user", "add", "alice", "--role", "admin"], PASSWORD);
    assert!(ran.err.contains("alice can log in as admin"), "{}", ran.err);
    assert_eq!(ran.good(), "");
    place.feed(&["user", "add", "bob", "--role", "supervisor"], PASSWORD).good();
    place.feed(&["user", "pin", "bob"], b"482913\n").good();
    let list = place.run(&["user", "list"]).good();
    assert_eq!(list, "alice\tadmin\tno PIN\tnever\nbob\tsupervisor\tPIN\tnever\n");
    place.feed(&["user", "pin", "bob"], b"\n").good();
    place.feed(&["user", "passwd", "Bob"], b"eleven yellow bicycles").good();
    assert!(place.run(&["user", "list"]).good().contains("bob\tsupervisor\tno PIN"));
    place.run(&["user", "remove", "bob"]).good();
    assert_eq!(place.run(&["user", "list"]).good().lines().count(), 1);
}

#[test]
fn what_cannot_be_is_refused_with_1_and_a_sentence() {
    let place = Place::new();
    place.feed(&["user", "add", "alice", "--role", "admin"], PASSWORD).good();
    let check = |ran: Ran, words: &str| {
        let said = ran.failed(1);
        assert!(said.contains(words), "{said}");
    };
    check(place.feed(&["user", "add", "alice"], PASSWORD), "already one named alice");
    check(place.feed(&["user", "add", "bob"], b"short\n"), "at least 15");
    check(place.feed(&["user", "add", "bob"], b""), "stdin held no password");
    check(place.feed(&["user", "add", "bo b"], PASSWORD), "is no name");
    let alise = place.feed(&["user", "passwd", "alise"], PASSWORD);
    check(alise, "no account named alise; the only one known is alice");
    check(place.run(&["user", "remove", "alice"]), "last administrator");
    check(place.feed(&["user", "pin", "alice"], b"12\n"), "PIN cannot be used");
    check(place.run(&["token", "revoke", "x"]), "no token named x; none is known yet");
}

#[test]
fn a_token_is_the_last_line_of_stdout_and_never_shown_again() {
    let place = Place::new();
    let out = place.run(&["token", "add", "--role", "supervisor", "dashboard"]).good();
    let token = out.lines().last().expect("a line").to_owned();
    assert!(token.len() >= 43 && !token.contains(' '), "{out}");
    let list = place.run(&["token", "list"]).good();
    assert_eq!(list, "dashboard\tsupervisor\tconsole\tnever\n");
    let said = place.run(&["token", "add", "dashboard"]).failed(1);
    assert!(said.contains("already one named dashboard"), "{said}");
    place.run(&["token", "revoke", "dashboard"]).good();
    assert_eq!(place.run(&["token", "list"]).good(), "");
}

#[test]
fn accounts_can_be_made_beside_a_running_appliance() {
    let place = Place::new();
    place.secrets();
    place.configure("[admin]\nlisten = \"127.0.0.1:0\"\ntls = \"off\"\n");
    let mut running = place.command(&["run", "--screen", "headless"]).spawn().expect("runs");
    let held = until(|| place.run(&["sync", "--once"]).err.contains("is in use by another asterflow"));
    let added = place.feed(&["user", "add", "alice", "--role", "admin"], PASSWORD);
    let token = place.run(&["token", "add", "t"]);
    let listed = place.run(&["user", "list"]);
    running.kill().expect("ends");
    running.wait().expect("ends");
    assert!(held);
    added.good();
    token.good();
    assert!(listed.good().starts_with("alice\tadmin"));
}

/// Runs a verb on a terminal of its own (util-linux' `script`), types `lines` as they are asked for, and gives what was
/// shown, and whether it ended well.
fn on_a_terminal(place: &Place, words: &str, lines: &[&str]) -> (String, bool) {
    let program = env!("CARGO_BIN_EXE_asterflow");
    let command = format!("{program} {words} --state-dir {}", place.path("state").display());
    let mut child = Command::new("script")
        .args(["--quiet", "--return", "--command", &command, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("script is installed (util-linux)");
    let mut keyboard = child.stdin.take().expect("a pipe");
    let mut screen = child.stdout.take().expect("a pipe");
    let mut shown = String::new();
    let mut bytes = [0_u8; 256];
    for line in lines {
        while !shown.ends_with(": ") {
            match screen.read(&mut bytes).expect("reads") {
                0 => break,
                read => shown.push_str(&String::from_utf8_lossy(&bytes[..read])),
            }
        }
        keyboard.write_all(format!("{line}\n").as_bytes()).expect("types");
        shown.push('\n');
    }
    screen.read_to_string(&mut shown).expect("reads");
    (shown, child.wait().expect("ends").success())
}

#[test]
fn at_a_terminal_a_password_is_asked_for_twice_and_not_shown() {
    let place = Place::new();
    let (shown, good) =
        on_a_terminal(&place, "user add alice", &["seven green bicycles", "seven green bicycles"]);
    assert!(good && shown.contains("New password: ") && shown.contains("again: "), "{shown}");
    assert!(!shown.contains("bicycles"), "{shown}");
    let (shown, good) =
        on_a_terminal(&place, "user passwd alice", &["one green bicycle", "two green bicycles"]);
    assert!(!good && shown.contains("the two differ"), "{shown}");
    assert!(!shown.contains("bicycle"), "{shown}");
}
