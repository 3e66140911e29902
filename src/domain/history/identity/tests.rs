//! The map: who is who when, what is believed, what is never guessed.

use super::super::row::tests::row;
use super::*;
use crate::domain::ids::QueueName;

fn mapping(interface: &str, from: i64, agents: &[&str], source: Source) -> Mapping {
    let agents = agents.iter().map(AgentName::new).collect();
    Mapping { interface: interface.into(), from, agents, source }
}

fn map(lines: &[(&str, i64, &[&str], Source)]) -> Identities {
    Identities::new(
        lines.iter().map(|(interface, from, agents, source)| mapping(interface, *from, agents, *source)),
    )
}

/// Text and second → agent.
fn check(map: &Identities, expect: &[(&str, i64, &str)]) {
    for (text, at, agent) in expect {
        assert_eq!(map.agent(text, *at).as_str(), *agent, "{text} at {at}");
    }
}

#[test]
fn a_mapping_holds_until_the_next_and_the_first_reaches_back() {
    let map = map(&[
        ("PJSIP/108", 100, &["Ann"], Source::Ami),
        ("PJSIP/108", 200, &["Bob"], Source::Ami),
        ("PJSIP/109", 500, &["Cy"], Source::QueueMembers),
    ]);
    check(
        &map,
        &[
            ("PJSIP/108", 0, "Ann"),
            ("PJSIP/108", 199, "Ann"),
            ("PJSIP/108", 200, "Bob"),
            ("PJSIP/108", 9999, "Bob"),
            ("pjsip/108", 150, "Ann"),
            ("PJSIP/109", 1, "Cy"),
            ("Ann", 250, "Ann"),
            ("PJSIP/110", 1, "PJSIP/110"),
        ],
    );
}

#[test]
fn nothing_is_guessed_from_digits_or_prefixes() {
    let map = map(&[
        ("PJSIP/10", 0, &["Team1 Ann"], Source::Ami),
        ("PJSIP/101-a", 0, &["Team1 Bob"], Source::Ami),
        ("SIP/102", 0, &["102"], Source::Ami),
    ]);
    let own = [
        "PJSIP/101",
        "PJSIP/1",
        "PJSIP/100",
        "PJSIP/101-",
        "SIP/10",
        "10",
        "Team1",
        "PJSIP/102",
        "Team1 Ann",
    ];
    for text in own {
        check(&map, &[(text, 50, text)]);
    }
    check(&map, &[("PJSIP/10", 50, "Team1 Ann"), ("PJSIP/101-A", 50, "Team1 Bob"), ("sip/102", 50, "102")]);
}

#[test]
fn options_are_cut_only_where_they_are_no_part_of_the_endpoint() {
    let map = map(&[
        ("Local/101@from-queue/n", 0, &["Ann"], Source::Ami),
        ("PJSIP/101", 0, &["Bob"], Source::Ami),
        ("PJSIP/trunk/sip:201@gw", 0, &["Cy"], Source::Ami),
    ]);
    check(
        &map,
        &[
            ("Local/101@from-queue", 5, "Ann"),
            ("local/101@from-queue/N", 5, "Ann"),
            ("Local/1012@from-queue/n", 5, "Local/1012@from-queue/n"),
            ("PJSIP/101/sip:101@10.0.0.7", 5, "Bob"),
            ("PJSIP/trunk/sip:201@gw", 5, "Cy"),
            ("PJSIP/trunk/sip:202@gw", 5, "PJSIP/trunk/sip:202@gw"),
            ("PJSIP/trunk", 5, "PJSIP/trunk"),
        ],
    );
    assert_eq!(of_channel("PJSIP/101-a-0000002a"), Some("PJSIP/101-a"));
    assert_eq!(of_channel("Local/101@from-queue-0000001f;1"), Some("Local/101@from-queue"));
    assert_eq!(of_channel("PJSIP/101"), None);
}

#[test]
fn an_administrators_word_wins_and_can_say_that_it_is_nobodys() {
    let map = map(&[
        ("PJSIP/108", 100, &["Ann"], Source::Ami),
        ("PJSIP/108", 300, &["Ann"], Source::Ami),
        ("PJSIP/108", 200, &["Bob"], Source::Admin),
        ("PJSIP/109", 100, &["Cy"], Source::Ami),
        ("PJSIP/109", 0, &["PJSIP/109"], Source::Admin),
        ("PJSIP/110", 50, &["Di"], Source::Cdr),
        ("PJSIP/110", 100, &["Ed"], Source::Ami),
    ]);
    check(
        &map,
        &[
            ("PJSIP/108", 150, "Ann"),
            ("PJSIP/108", 250, "Bob"),
            ("PJSIP/108", 350, "Bob"),
            ("Pjsip/109", 150, "Pjsip/109"),
            ("PJSIP/110", 60, "Di"),
            ("PJSIP/110", 10, "Di"),
            ("PJSIP/110", 100, "Ed"),
        ],
    );
}

#[test]
fn two_names_at_once_are_nobody() {
    let members = |names: &[(&str, &str)]| -> Vec<Membership> {
        let member = |(queue, name): &(&str, &str)| Membership {
            queue: QueueName::new(queue),
            interface: "Local/101@a/n".into(),
            name: (*name).into(),
        };
        names.iter().map(member).collect()
    };
    let mut all = observe(
        &Identities::default(),
        Source::Ami,
        100,
        &members(&[("q1", "Team1 Ann"), ("q2", "Team1 Ann")]),
    );
    let known = Identities::new(all.clone());
    assert_eq!(observe(&known, Source::Ami, 150, &members(&[("q2", "Team1 Ann")])), vec![]);
    let mut both = members(&[("q1", "Team1 Ann")]);
    both.push(Membership { interface: "Local/101@a".into(), ..members(&[("q1", "Team1 Bob")])[0].clone() });
    all.extend(observe(&known, Source::Ami, 200, &both));
    let known = Identities::new(all);
    check(&known, &[("Local/101@a/n", 199, "Team1 Ann"), ("Local/101@a/n", 200, "Local/101@a/n")]);
    let open = unresolved(&known, ["PJSIP/7", "local/101@a", "pjsip/7"]);
    let shown: Vec<_> =
        open.iter().map(|one| (one.interface.as_str(), one.why.as_str(), one.names.len())).collect();
    assert_eq!(shown, vec![("Local/101@a/n", "contested", 2), ("PJSIP/7", "unclaimed", 0)]);
}

#[test]
fn members_without_a_name_say_nothing() {
    let member = |interface: &str, name: &str| Membership {
        queue: QueueName::new("q"),
        interface: interface.into(),
        name: name.into(),
    };
    let members =
        [member("PJSIP/1", ""), member("PJSIP/2", "pjsip/2"), member("", "Ann"), member("PJSIP/3", " Bob ")];
    let found = observe(&Identities::default(), Source::QueueMembers, 7, &members);
    assert_eq!(found, vec![mapping("PJSIP/3", 7, &["Bob"], Source::QueueMembers)]);
}

fn witnesses(lines: &[(&str, &str, i64)]) -> Vec<Witness> {
    let one = |(at, (interface, agent, second)): (usize, &(&str, &str, i64))| Witness {
        interface: (*interface).into(),
        agent: AgentName::new(agent),
        at: *second,
        callid: format!("17.{at}"),
    };
    lines.iter().enumerate().map(one).collect()
}

#[test]
fn three_calls_must_agree_and_none_may_say_otherwise() {
    let three = [("PJSIP/101", "Ann", 30), ("pjsip/101", "Ann", 10), ("PJSIP/101", "Ann", 20)];
    let found = infer(&witnesses(&three));
    assert_eq!(found, vec![mapping("pjsip/101", 10, &["Ann"], Source::Cdr)]);
    assert_eq!(infer(&witnesses(&three[..2])), vec![]);
    let against = [&three[..], &[("PJSIP/101", "Bob", 40)]].concat();
    assert_eq!(infer(&witnesses(&against)), vec![]);
    let elsewhere = [&three[..], &[("PJSIP/10", "Bob", 40), ("PJSIP/102", "Ann", 50)]].concat();
    assert_eq!(infer(&witnesses(&elsewhere)).len(), 1);
    let mut twice = witnesses(&three);
    twice.iter_mut().for_each(|witness| witness.callid = "17.1".into());
    twice.iter_mut().for_each(|witness| witness.at = 10);
    twice.iter_mut().for_each(|witness| witness.interface = "PJSIP/101".into());
    assert_eq!(infer(&twice), vec![], "one call is one witness");
}

#[test]
fn an_interface_is_one_agent_all_through_a_call() {
    let at = |text: &str| moment(&TimeZone::UTC, &row(1, text, "", "", "", "", ""));
    let map = map(&[
        ("PJSIP/108", at("2026-11-22 09:00:00"), &["Ann"], Source::Ami),
        ("PJSIP/108", at("2026-11-22 10:05:00"), &["Bob"], Source::Ami),
    ]);
    let rows = vec![
        row(1, "2026-11-22 10:00:00", "1.1", "q", "NONE", "ENTERQUEUE", ""),
        row(2, "2026-11-22 10:00:09", "1.1", "q", "PJSIP/108", "CONNECT", "9|x|2"),
        row(3, "2026-11-22 10:10:09", "1.1", "q", "pjsip/108", "RINGCANCELED", "9"),
        row(4, "2026-11-22 10:10:09", "1.1", "q", "PJSIP/108", "COMPLETEAGENT", "9|600|1"),
    ];
    let named = map.name_call(&TimeZone::UTC, &rows);
    let agents: Vec<&str> = named.iter().map(|row| row.agent.as_str()).collect();
    assert_eq!(agents, ["NONE", "Ann", "Ann", "Ann"]);
    assert_eq!(*Identities::default().name_call(&TimeZone::UTC, &rows), rows[..]);
}

#[test]
fn talks_behind_a_local_channel_that_stays_may_include_a_transfer() {
    let rows = [
        row(1, "2026-11-22 10:00:00", "1.1", "q", "NONE", "ENTERQUEUE", ""),
        row(2, "2026-11-22 10:00:09", "1.1", "q", "Ann", "CONNECT", "9|x|2"),
        row(3, "2026-11-22 10:10:09", "1.1", "q", "Ann", "COMPLETEAGENT", "9|600|1"),
    ];
    let passed_on = row(3, "2026-11-22 10:10:09", "1.1", "q", "Ann", "BLINDTRANSFER", "8|c|9|600|1");
    let marked = |map: &Identities, by_cdr: bool, end: Option<&LogRow>| {
        let mut rows = rows.to_vec();
        if let Some(end) = end {
            rows[2] = end.clone();
        }
        let legs = BTreeMap::new();
        let zone = TimeZone::UTC;
        let context = crate::domain::history::fold::Context {
            zone: &zone,
            log_clock: 0,
            queue_starts: &[],
            leg_ends: &legs,
        };
        let mut visits = crate::domain::history::fold::fold(&rows, &context).visits;
        let calls = by_cdr.then(|| "1.1".to_owned()).into_iter().collect();
        map.mark(&mut visits, &calls);
        visits[0].marks.may_include_transfer
    };
    let of = |interface: &str, source| map(&[(interface, 0, &["Ann"], source)]);
    assert!(marked(&of("Local/101@a/n", Source::Ami), false, None));
    assert!(!marked(&of("Local/101@a/n", Source::Ami), false, Some(&passed_on)));
    assert!(
        !marked(&of("Local/101@a", Source::Ami), true, None),
        "optimised away: Asterisk sees its transfers"
    );
    assert!(!marked(&of("Local/101@a/j", Source::Ami), false, None));
    assert!(!marked(&of("PJSIP/101", Source::Ami), true, None));
    assert!(marked(&of("Local/101@a", Source::Cdr), true, None));
    assert!(marked(&Identities::default(), true, None));
    assert!(!marked(&Identities::default(), false, None));
}

#[test]
fn an_interface_without_a_name_is_one_agent_however_it_is_written() {
    let texts = ["pjsip/108", "PJSIP/108", "Local/1@a/n", "SIP/9"].map(str::to_owned);
    let map = Identities::default().with_spellings(texts);
    check(
        &map,
        &[
            ("pjsip/108", 5, "PJSIP/108"),
            ("Local/1@a", 5, "Local/1@a"),
            ("sip/9", 5, "sip/9"),
            ("108", 5, "108"),
        ],
    );
    let own = Identities::new([mapping("PJSIP/108", 0, &["pjsip/108"], Source::Admin)]);
    check(
        &own.with_spellings(["pjsip/108", "PJSIP/108"].map(str::to_owned)),
        &[("pjsip/108", 5, "PJSIP/108")],
    );
}
