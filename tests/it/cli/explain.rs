//! `asterflow explain`

use super::Place;

const DAY: &[&str] = &["--date", "2026-11-22"];

fn words<'a>(more: &[&'a str]) -> Vec<&'a str> {
    [&["explain"], more, DAY].concat()
}

/// The last number of the last line: the sum.
fn sum(table: &str) -> &str {
    table.lines().last().and_then(|line| line.split_whitespace().last()).expect("a sum")
}

#[test]
fn the_parts_add_up_to_what_report_says() {
    let place = Place::new().with_history();
    for (of, name, figure, value) in [
        ("--agent", "Alice Adams", "talk", "74"),
        ("--agent", "Alice Adams", "paused", "2"),
        ("--agent", "Frank Fox", "attempts", "5"),
        ("--queue", "SALES", "talk-whole", "81"),
        ("--queue", "vip", "offered", "6"),
    ] {
        let said = place.run(&words(&[of, name, "--figure", figure])).good();
        assert!(said.lines().next().expect("a line").contains(&format!(": {value}")), "{said}");
        assert_eq!(sum(&said), value, "{said}");
    }
    let json = place.run(&words(&["--queue", "vip", "--figure", "service-level", "--format", "json"])).good();
    let document: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((document["sum"].as_i64(), document["of"].as_i64()), (Some(2), Some(6)));
    assert_eq!(document["parts"].as_array().expect("parts").len(), 6);
}

#[test]
fn a_calls_rows_stand_as_written_with_what_they_were_taken_for() {
    let place = Place::new().with_history();
    let said = place.run(&["explain", "--visit", "1795330864.3"]).good();
    assert!(said.contains("COMPLETEAGENT") && said.contains("talk 4 s from"), "{said}");
    let said = place.run(&["explain", "--visit", "1.1"]).failed(1);
    assert!(said.contains("no rows of a call 1.1; `asterflow report visits` lists callids"), "{said}");
}

#[test]
fn what_cannot_be_explained_is_refused_with_a_sentence() {
    let place = Place::new().with_history();
    let said = place.run(&words(&["--queue", "sals"])).failed(1);
    assert!(said.contains("no queue named sals; known are sales"), "{said}");
    let said = place.run(&words(&["--agent", "Frank Fox", "--figure", "lost"])).failed(1);
    assert!(said.contains("lost is no figure of an agent"), "{said}");
    place.run(&words(&["--figure", "colour"])).failed(2);
    place.run(&["explain", "--queue", "sales"]).failed(2);
    place.run(&words(&["--hour", "24"])).failed(2);
}
