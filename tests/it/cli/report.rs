//! `asterflow report`

use super::Place;

const DAY: &[&str] = &["--from", "2026-11-22", "--to", "2026-11-22"];

fn words<'a>(kind: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    [&["report", kind], DAY, more].concat()
}

#[test]
fn every_combination_is_answered() {
    let place = Place::new().with_history();
    for kind in ["queues", "agents", "heatmap", "visits"] {
        for format in ["table", "csv", "json"] {
            for by in ["hour", "day", "weekday", "range"] {
                for count in ["visits", "calls"] {
                    let more = ["--by", by, "--count", count, "--service-level", "20", "--format", format];
                    let out = place.run(&words(kind, &more)).good();
                    assert!(out.lines().count() > 1, "{kind} {more:?}: {out}");
                }
            }
        }
    }
}

#[test]
fn a_name_that_nobody_has_is_told_with_those_that_are_known() {
    let place = Place::new().with_history();
    let said = place.run(&words("queues", &["--queue", "sale", "--format", "csv"])).failed(1);
    assert!(said.contains("no queue named sale; known are sales, newq, vip, support"), "{said}");
    let said = place.run(&words("agents", &["--agent", "Frank"])).failed(1);
    assert!(said.contains("no agent named Frank; the nearest of 7 are Frank Fox, "), "{said}");
    let said = place.run(&words("heatmap", &["--agent", "alice adams"])).failed(1);
    assert!(said.contains("are Alice Adams, "), "{said}");
    let said = place.run(&words("queues", &["--pbx", "main"])).failed(1);
    assert!(said.contains("no history of a PBX named main; the only one known is pbx"), "{said}");
    place.run(&words("queues", &["--queue", "SALES"])).good();
}

#[test]
fn an_empty_range_is_said_on_stderr_and_is_no_error() {
    let place = Place::new().with_history();
    let ran = place.run(&["report", "queues", "--from", "2026-11-01", "--to", "2026-11-02"]);
    assert!(ran.err.contains("Nothing was counted from 2026-11-01 to 2026-11-02."), "{}", ran.err);
    assert!(ran.err.contains("The history reaches from 2026-11-22 to 2026-11-22."), "{}", ran.err);
    assert_eq!(ran.good(), "");
}

#[test]
fn without_a_history_it_says_how_to_get_one() {
    let said = Place::new().run(&words("queues", &[])).failed(1);
    assert!(said.contains("there is no history at") && said.contains("asterflow import"), "{said}");
}

#[test]
fn what_changes_nothing_is_noted() {
    let place = Place::new().with_history();
    for (kind, more, note) in [
        ("queues", ["--metric", "talk"], "--metric is for heatmaps only"),
        ("heatmap", ["--by", "day"], "always by clock hour"),
        ("visits", ["--by", "day"], "--by changes nothing"),
        ("agents", ["--count", "calls"], "--count calls changes nothing"),
        ("agents", ["--service-level", "9"], "--service-level changes nothing"),
    ] {
        let ran = place.run(&words(kind, &more));
        assert!(ran.err.contains(note), "{kind} {more:?}: {}", ran.err);
    }
    assert_eq!(place.run(&words("queues", &["--service-level", "9s", "--count", "calls"])).err, "");
}
