//! `asterflow identity`

use super::Place;

const DAY: [&str; 4] = ["--from", "2026-11-22", "--to", "2026-11-22"];

/// The agents' figures of the captured day by name: answered, logged in seconds.
fn logged_in(place: &Place) -> Vec<(String, String)> {
    let words = [&["report", "agents", "--format", "csv"], &DAY[..]].concat();
    let text = place.run(&words).good();
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let head = lines.next().expect("a head");
    let column = |name: &str| head.iter().position(|word| word == name).expect("a column");
    let (agent, login) = (column("agent"), column("logged_in_s"));
    lines
        .map(|line| (line[agent].clone(), line[login].clone()))
        .filter(|(_, login)| !login.is_empty())
        .collect()
}

#[test]
fn the_captured_dynamic_member_gets_and_loses_a_name() {
    let place = Place::new().with_history();
    assert_eq!(place.run(&["identity", "list"]).good(), "");
    let open = place.run(&["identity", "unresolved"]).good();
    assert_eq!(open, "pbx\tPJSIP/101\tno name claims it\npbx\tPJSIP/108\tno name claims it\n");
    let two = |agent: &str| vec![(agent.to_owned(), "2".to_owned())];
    assert_eq!(logged_in(&place), two("PJSIP/108"));
    let set = place.run(&["identity", "set", "PJSIP/108", "Hugo Hill", "--from", "2026-11-01"]);
    assert!(set.err.contains("PJSIP/108 is Hugo Hill from 2026-11-01 on. What was logged"), "{}", set.err);
    assert_eq!(set.good(), "");
    assert_eq!(logged_in(&place), two("Hugo Hill"));
    let list = place.run(&["identity", "list"]).good();
    assert_eq!(list, "pbx\tPJSIP/108\tHugo Hill\t2026-11-01T00:00:00+00:00\tadmin\n");
    let again = place.run(&["identity", "set", "pjsip/108", "Hugo Hill", "--from", "2026-11-01"]);
    assert!(again.err.contains("Nothing that is stored changes"), "{}", again.err);
    place.run(&["identity", "remove", "PJSIP/108"]).good();
    assert_eq!(logged_in(&place), two("PJSIP/108"));
}

#[test]
fn what_cannot_be_is_refused_with_a_sentence() {
    let place = Place::new();
    let said = place.run(&["identity", "list"]).failed(1);
    assert!(said.contains("there is no history"), "{said}");
    let said = place.run(&["identity", "set", "PJSIP/1", "Ann"]).failed(1);
    assert!(said.contains("there is no history"), "{said}");
    let place = place.with_history();
    let check = |words: &[&str], code: i32, expect: &str| {
        let said = place.run(&[&["identity"], words].concat()).failed(code);
        assert!(said.contains(expect), "{words:?}: {said}");
    };
    check(&["set", "Alice Adams", "Alice"], 2, "is no interface but a name");
    check(&["set", "101", "Alice"], 2, "is no interface but a name");
    check(&["set", "PJSIP/101", "NONE"], 2, "nobody's name");
    check(&["set", "PJSIP/101", "Alice", "--from", "today"], 2, "2026-11-22");
    check(&["set", "PJSIP/101", "Alice", "--pbx", "pbc"], 1, "the only one known is pbx");
    check(&["remove", "PJSIP/101"], 1, "no administrator said anything of PJSIP/101; nothing is known of it");
}

#[test]
fn while_the_state_is_held_nothing_is_changed() {
    let place = Place::new().with_history();
    let _held = asterflow::store::StateLock::take(&place.path("state")).expect("free");
    for words in [&["set", "PJSIP/108", "Hugo Hill"][..], &["remove", "PJSIP/108"]] {
        let said = place.run(&[&["identity"], words].concat()).failed(1);
        assert!(said.contains("/api/v1/history/identities") && said.contains("in use"), "{said}");
    }
    assert_eq!(place.run(&["identity", "list"]).good(), "");
}
