//! Facts as a real Asterisk gave them, and what is said of them.

use std::collections::BTreeMap;
use std::path::Path;

use super::*;
use crate::config::{Config, Overlay};

const SITE: &str = "[[pbx]]\nname = \"pbx\"\ntime_zone = \"UTC\"\n[pbx.ami]\nhosts = [\"127.0.0.1:1\"]\ntls = \"off\"\n\
    username = \"wall\"\nsecret_file = \"s\"\n[[supervisor_phone]]\nextension = \"201\"\nchannel = \"PJSIP/201\"\n";

pub(in crate::cli::check) fn config(text: &str) -> Config {
    let dir = tempfile::tempdir().expect("a folder");
    let path = dir.path().join("asterflow.toml");
    std::fs::write(&path, text).expect("writes");
    let loaded = crate::config::load_without_secrets(&path, Path::new("/nowhere"), &Overlay::default(), None);
    loaded.config.unwrap_or_else(|| panic!("{:?}", loaded.problems))
}

fn facts() -> Facts {
    let actions = [
        ("QueueStatus", ""),
        ("QueuePause", "agent"),
        ("PlayDTMF", "call"),
        ("Hangup", "system,call"),
        ("Originate", "originate"),
        ("CoreShowChannels", "system,reporting"),
    ];
    let classes = |text: &str| text.split(',').filter(|one| !one.is_empty()).map(str::to_owned).collect();
    Facts {
        ami_version: "11.0.0".into(),
        asterisk_version: "22.10.1".into(),
        commands: actions.iter().map(|(name, text)| ((*name).to_owned(), classes(text))).collect(),
        heard: ["call".to_owned(), "system".to_owned()].into(),
        read: Some(["call", "agent", "system", "dtmf"].map(str::to_owned).into()),
        has_filter: false,
        originated: Some(true),
        heard_originate: true,
        ahead_ms: Some(3),
        devices: Some(BTreeMap::from([("pjsip/201".to_owned(), "NOT_INUSE".to_owned())])),
    }
}

/// What is not good, as level and the first words that matter.
fn complaints(facts: Facts) -> Vec<String> {
    let config = config(SITE);
    let place = Place { config: &config, pbx: &config.pbxs[0], key: "pbx[0]".into() };
    let found = judge(&place, 0, &config.pbxs[0].ami.hosts[0], &Ok(facts));
    assert!(found.iter().any(|one| one.level == Level::Good), "{found:#?}");
    let bad = found.into_iter().filter(|one| one.level != Level::Good);
    bad.map(|one| {
        assert!(!one.cure.is_empty() && one.key.starts_with(['p', 's']), "{one:?}");
        format!("{:?} {} {}", one.level, one.sentence, one.cure)
    })
    .collect()
}

fn check(change: impl FnOnce(&mut Facts), words: &[&str]) {
    let mut facts = facts();
    change(&mut facts);
    let told = complaints(facts);
    assert_eq!(told.len(), words.len(), "{told:#?}");
    for (told, words) in told.iter().zip(words) {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn each_class_that_is_missing_is_named_and_nothing_else() {
    check(|_| {}, &[]);
    for (class, action) in [("agent", "QueuePause"), ("call", "PlayDTMF"), ("originate", "Originate")] {
        check(|facts| drop(facts.commands.remove(action)), &[&format!("lacks write={class}:")]);
    }
    for class in ["agent", "dtmf"] {
        let without = |facts: &mut Facts| {
            facts.read.as_mut().expect("a list").retain(|one| one != class);
        };
        check(without, &[&format!("Problem The AMI user wall lacks read={class}:")]);
    }
    let deaf = |facts: &mut Facts| {
        facts.heard.remove("call");
        facts.read.as_mut().expect("a list").retain(|one| one != "call");
    };
    check(
        deaf,
        &["lacks read=call: calls show only once a minute. Add it in manager.conf, [wall]: read = call,…"],
    );
}

#[test]
fn trying_counts_more_than_what_is_written() {
    let late = |facts: &mut Facts| facts.heard.retain(|class| class != "system");
    check(late, &["read=system, but an event of it that had to come did not"]);
    let unread = |facts: &mut Facts| facts.read = None;
    check(unread, &["read=agent could not be tried", "read=dtmf could not be tried"]);
    let unread_and_deaf = |facts: &mut Facts| {
        facts.read = None;
        facts.heard.clear();
    };
    check(
        unread_and_deaf,
        &["lacks read=call", "could not be tried", "lacks read=system", "could not be tried"],
    );
    check(|facts| facts.originated = Some(false), &["a call that was tried is refused"]);
}

#[test]
fn what_is_too_much_is_warned_of() {
    let rich = |facts: &mut Facts| {
        facts.commands.insert("Command".into(), vec!["command".into()]);
        facts.commands.insert("DBPut".into(), vec!["system".into()]);
        facts.commands.insert("Reload".into(), vec!["system".into(), "config".into()]);
        facts.read.as_mut().expect("a list").push("dialplan".into());
    };
    let words = [
        "Warning The AMI user wall has more than is needed: write=command. Whoever has its secret may run any",
        "write=system",
        "read=dialplan",
    ];
    check(rich, &words);
    check(|facts| facts.has_filter = true, &["eventfilter"]);
}

#[test]
fn phones_clock_and_queues_are_looked_at() {
    let away = |facts: &mut Facts| {
        facts.devices = Some(BTreeMap::from([("pjsip/201".to_owned(), "UNAVAILABLE".to_owned())]));
    };
    check(away, &["PJSIP/201 is not registered"]);
    check(|facts| facts.devices = Some(BTreeMap::new()), &["knows no phone PJSIP/201"]);
    check(|facts| facts.ahead_ms = Some(9_000), &["9.0 s ahead of"]);
    check(|facts| drop(facts.commands.remove("QueueStatus")), &["app_queue"]);
    let config = config(SITE);
    let place = Place { config: &config, pbx: &config.pbxs[0], key: "pbx[0]".into() };
    let host = &config.pbxs[0].ami.hosts[0];
    let refused = judge(&place, 0, host, &Err(ProbeError::Refused("Authentication failed".into())));
    assert_eq!((refused.len(), refused[0].key.as_str()), (1, "pbx[0].ami.username"));
    assert!(refused[0].sentence.contains("refuses the AMI user wall") && !refused[0].is_of_host);
}
