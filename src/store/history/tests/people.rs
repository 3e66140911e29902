//! Who is who: the stored tables are those of a recount from nothing with the same map, whatever the order of rows and
//! edits; talks whose end only the cdr knows.

use jiff::Timestamp;
use proptest::prelude::*;

use super::cdr::cdr_rows;
use super::*;
use crate::domain::account::Actor;
use crate::domain::history::cells::Measure;
use crate::domain::history::identity::{Membership, Source, Why};
use crate::domain::history::visit::Visit;
use crate::domain::ids::QueueName;

/// What rows and map give, beside the rows themselves.
const GIVEN: &[&str] = &["pending", "loose", "presence", "span", "day", "month", "spelling", "mention"];

/// An administrator's word: interface, from, agent.
type Word<'a> = (&'a str, i64, &'a str);

async fn say(store: &Store, word: Word<'_>) -> bool {
    store.set_identity(Timestamp::UNIX_EPOCH, &Actor::console(), &pbx(), word).await.expect("sets")
}

async fn take_back(store: &Store, interface: &str, from: Option<i64>) -> usize {
    let now = Timestamp::UNIX_EPOCH;
    store.remove_identity(now, &Actor::console(), &pbx(), interface, from).await.expect("removes")
}

/// A store that knew the map before the first row.
async fn recount(zone: &str, words: &[Word<'_>], rows: &[LogRow]) -> BTreeMap<&'static str, Vec<String>> {
    let (_dir, store) = empty(zone).await;
    for word in words {
        say(&store, *word).await;
    }
    take(&store, rows, rows.len().max(1)).await;
    dump(&store).await
}

fn check_given(
    got: &BTreeMap<&'static str, Vec<String>>,
    expect: &BTreeMap<&'static str, Vec<String>>,
    what: &str,
) {
    for table in GIVEN {
        assert_eq!(got[table], expect[table], "{table}, {what}");
    }
}

/// Seconds of a measure of one agent over all hours: over all queues for a login or pause, else in them.
async fn sum(store: &Store, agent: &str, measure: Measure) -> i64 {
    let cells = store.cells(&pbx(), 0, i64::MAX).await.expect("reads");
    let over_all = matches!(measure, Measure::LoggedIn | Measure::Paused);
    let own = cells.iter().filter(|(of, ..)| of.agent == agent && of.queue.is_empty() == over_all);
    own.map(|(.., cell)| cell.get(measure)).sum()
}

async fn visits(store: &Store) -> Vec<Visit> {
    store.visits(&pbx(), VisitFilter { to: i64::MAX, ..VisitFilter::default() }).await.expect("reads")
}

/// Ann logs in by her interface and takes calls by her name; at noon Bob sits down at the same phone. The phone in q2 has
/// no name at all.
fn shared_phone() -> Vec<LogRow> {
    story(&[
        "2026-11-20 08:00:00,MANAGER,q1,PJSIP/108,ADDMEMBER,",
        "2026-11-20 08:10:00,1795162200.1,q1,NONE,ENTERQUEUE,|5551|1",
        "2026-11-20 08:10:10,1795162200.1,q1,Ann,CONNECT,10|x|4",
        "2026-11-20 08:20:10,1795162200.1,q1,Ann,COMPLETEAGENT,10|600|1",
        "2026-11-20 09:00:00,NONE,q1,Ann,PAUSE,coffee",
        "2026-11-20 09:30:00,1795167000.2,q2,NONE,ENTERQUEUE,|5552|1",
        "2026-11-20 09:30:05,1795167000.2,q2,PJSIP/108,RINGNOANSWER,5000",
        "2026-11-20 09:30:20,1795167000.2,q2,PJSIP/108,CONNECT,20|y|5",
        "2026-11-20 09:31:20,1795167000.2,q2,PJSIP/108,COMPLETECALLER,20|60|1",
        "2026-11-20 09:45:00,NONE,q1,Ann,UNPAUSE,",
        "2026-11-20 11:00:00,MANAGER,q1,pjsip/108,REMOVEMEMBER,",
        "2026-11-20 12:00:00,MANAGER,q1,PJSIP/108,ADDMEMBER,PAUSED",
        "2026-11-20 12:30:00,NONE,q1,PJSIP/108,UNPAUSE,",
        "2026-11-20 13:00:00,1795179600.3,q2,NONE,ENTERQUEUE,|5553|1",
        "2026-11-20 13:00:10,1795179600.3,q2,PJSIP/108,CONNECT,10|z|5",
        "2026-11-20 13:00:30,1795179600.3,q2,PJSIP/10,RINGCANCELED,1500",
        "2026-11-20 13:02:10,1795179600.3,q2,PJSIP/108,COMPLETECALLER,10|120|1",
        "2026-11-20 14:00:00,MANAGER,q1,PJSIP/108,REMOVEMEMBER,",
    ])
}

/// 2026-11-20 11:30 UTC.
const NOON: i64 = 1_795_174_200;

#[tokio::test]
async fn the_captured_dynamic_member_gets_his_name() {
    let (_dir, store) = empty("UTC").await;
    take(&store, &captured_rows(), 9).await;
    assert_eq!(sum(&store, "PJSIP/108", Measure::LoggedIn).await, 2);
    let open = store.unresolved(&pbx()).await.expect("reads");
    assert_eq!(
        open.iter().map(|one| (one.interface.as_str(), one.why)).collect::<Vec<_>>(),
        [("PJSIP/101", Why::Unclaimed), ("PJSIP/108", Why::Unclaimed)]
    );
    assert!(say(&store, ("pjsip/108", 0, "Hugo Hill")).await);
    assert_eq!(sum(&store, "PJSIP/108", Measure::LoggedIn).await, 0);
    assert_eq!(sum(&store, "Hugo Hill", Measure::LoggedIn).await, 2);
    assert_eq!(store.unresolved(&pbx()).await.expect("reads").len(), 1);
    let expect = recount("UTC", &[("pjsip/108", 0, "Hugo Hill")], &captured_rows()).await;
    check_given(&dump(&store).await, &expect, "a name");
    assert!(!say(&store, ("PJSIP/108", 0, "Hugo Hill")).await, "said again it changes nothing");
    assert_eq!(take_back(&store, "PJSIP/108", None).await, 1);
    check_given(&dump(&store).await, &recount("UTC", &[], &captured_rows()).await, "taken back");
}

#[tokio::test]
async fn one_phone_and_two_people_one_after_the_other() {
    let words: [Word<'_>; 2] = [("PJSIP/108", 0, "Ann"), ("PJSIP/108", NOON, "Bob")];
    let (_dir, store) = empty("UTC").await;
    take(&store, &shared_phone(), 3).await;
    for word in words {
        assert!(say(&store, word).await);
    }
    let expect = [
        ("Ann", Measure::LoggedIn, 3 * 3600),
        ("Ann", Measure::Paused, 45 * 60),
        ("Ann", Measure::Talk, 660),
        ("Bob", Measure::LoggedIn, 2 * 3600),
        ("Bob", Measure::Paused, 30 * 60),
        ("Bob", Measure::Talk, 120),
        ("PJSIP/108", Measure::LoggedIn, 0),
        ("PJSIP/108", Measure::Talk, 0),
    ];
    for (agent, measure, seconds) in expect {
        assert_eq!(sum(&store, agent, measure).await, seconds, "{agent} {measure:?}");
    }
    let who: Vec<String> =
        visits(&store).await.iter().map(|visit| visit.agent.clone().expect("one").to_string()).collect();
    assert_eq!(who, ["Ann", "Ann", "Bob"]);
    check_given(&dump(&store).await, &recount("UTC", &words, &shared_phone()).await, "both");
    // The rows themselves stay as they were written.
    let rows = store.rows_of_call(&pbx(), "1795179600.3").await.expect("reads");
    assert_eq!(rows[1].agent, "PJSIP/108");
    assert_eq!(take_back(&store, "PJSIP/108", Some(NOON)).await, 1);
    assert_eq!(take_back(&store, "PJSIP/108", Some(NOON)).await, 0);
    check_given(&dump(&store).await, &recount("UTC", &words[..1], &shared_phone()).await, "one taken back");
    store.rebuild_history(&pbx()).await.expect("rebuilds");
    check_given(&dump(&store).await, &recount("UTC", &words[..1], &shared_phone()).await, "made anew");
}

fn member(queue: &str, interface: &str, name: &str) -> Membership {
    Membership { queue: QueueName::new(queue), interface: interface.into(), name: name.into() }
}

#[tokio::test]
async fn lists_of_members_name_their_interfaces_and_an_administrator_wins() {
    let (_dir, store) = empty("UTC").await;
    take(&store, &shared_phone(), 30).await;
    let list = |name: &str| vec![member("q1", "PJSIP/108", name), member("q2", "PJSIP/108", name)];
    let note = |source, at, members| {
        let store = store.clone();
        async move { store.note_members(&pbx(), source, at, members).await.expect("notes").expect("a history") }
    };
    assert!(note(Source::QueueMembers, NOON + 90_000, list("Ann")).await);
    assert!(!note(Source::QueueMembers, NOON + 90_060, list("Ann")).await);
    check_given(
        &dump(&store).await,
        &recount("UTC", &[("PJSIP/108", 0, "Ann")], &shared_phone()).await,
        "reaches back",
    );
    // Begun before what was found, the word reaches back in its stead.
    assert!(say(&store, ("PJSIP/108", NOON, "Bob")).await);
    assert!(!note(Source::Ami, NOON + 95_000, list("Ann")).await, "what is found later does not win");
    let bob = recount("UTC", &[("PJSIP/108", 0, "Bob")], &shared_phone()).await;
    check_given(&dump(&store).await, &bob, "an administrator's word");
    assert!(say(&store, ("PJSIP/108", 0, "Ann")).await);
    let words = [("PJSIP/108", 0, "Ann"), ("PJSIP/108", NOON, "Bob")];
    check_given(&dump(&store).await, &recount("UTC", &words, &shared_phone()).await, "two words");
    let contested = vec![member("q1", "Local/7@a/n", "Team1 Ann"), member("q1", "Local/7@a", "Team1 Bob")];
    assert!(!note(Source::Ami, NOON + 96_000, contested).await, "no row has it");
    let open = store.unresolved(&pbx()).await.expect("reads");
    let shown: Vec<(&str, &str)> =
        open.iter().map(|one| (one.interface.as_str(), one.why.as_str())).collect();
    assert_eq!(shown, [("Local/7@a/n", "contested"), ("PJSIP/10", "unclaimed")]);
    let nowhere = store.note_members(&PbxName::new("new"), Source::Ami, 0, list("Ann")).await;
    assert_eq!(nowhere.expect("no history yet"), None);
}

#[tokio::test]
async fn captured_calls_tell_whose_phone_it_is() {
    let (_dir, store) = empty("UTC").await;
    take(&store, &captured_rows(), 50).await;
    let told = |identities: &crate::domain::history::identity::Identities| -> Vec<(String, String)> {
        let one =
            |m: &crate::domain::history::identity::Mapping| (m.interface.clone(), m.agents[0].to_string());
        identities.mappings().map(one).collect()
    };
    for _ in 0..2 {
        store.apply_cdr(&pbx(), cdr_rows(), None).await.expect("applies");
        let identities = store.identities(&pbx()).await.expect("reads");
        // Bob answered two calls, Grace two, Dave one: too few.
        assert_eq!(told(&identities), [("PJSIP/101".to_owned(), "Alice Adams".to_owned())]);
    }
    let from = store.identities(&pbx()).await.expect("reads").mappings().map(|m| m.from).min();
    assert_eq!(from, Some(1_795_330_865), "her first call");
    // Rows read in any order tell the same.
    let (_dir, other) = empty("UTC").await;
    take(&other, &captured_rows(), 50).await;
    for row in cdr_rows().into_iter().rev() {
        other.apply_cdr(&pbx(), vec![row], None).await.expect("applies");
    }
    assert_eq!(
        other.identities(&pbx()).await.expect("reads"),
        store.identities(&pbx()).await.expect("reads")
    );
}

#[tokio::test]
async fn words_are_journalled_with_what_was_before() {
    let (_dir, store) = empty("UTC").await;
    say(&store, ("PJSIP/108", 0, "Ann")).await;
    say(&store, ("PJSIP/108", NOON, "Bob")).await;
    take_back(&store, "pjsip/108", None).await;
    take_back(&store, "pjsip/109", None).await;
    let rows = store.journal_page(None, 10).await.expect("reads");
    let told: Vec<_> = rows
        .iter()
        .map(|row| (row.entry.target.as_str(), row.entry.before.as_deref(), row.entry.after.as_deref()))
        .collect();
    let both = "Ann; Bob from 2026-11-20T11:30:00Z";
    let expect = [
        ("pbx pjsip/108", Some(both), None),
        ("pbx PJSIP/108", Some("Ann"), Some(both)),
        ("pbx PJSIP/108", None, Some("Ann")),
    ];
    assert_eq!(told, expect);
}

/// A call whose end was not logged, and a start of Asterisk that shows it.
fn endless() -> Vec<LogRow> {
    story(&[
        "2026-11-20 08:00:00,1795161600.1,q1,NONE,ENTERQUEUE,|5551|1",
        "2026-11-20 08:00:10,1795161600.1,q1,Ann,CONNECT,10|1795161601.2|4",
        "2026-11-20 09:00:00,NONE,NONE,NONE,QUEUESTART,",
    ])
}

fn leg(start: &str, end: Option<&str>, seconds: i64) -> LegRow {
    LegRow {
        uniqueid: "1795161601.2".into(),
        start: parse_local(start).expect("a time"),
        end: end.and_then(parse_local),
        seconds,
    }
}

#[tokio::test]
async fn the_cdr_of_the_leg_estimates_an_end_and_the_end_row_wins() {
    let (_dir, store) = empty("UTC").await;
    take(&store, &endless()[..2], 1).await;
    let wanted = |now| {
        let store = store.clone();
        async move { store.wanted_legs(&pbx(), now, 10).await.expect("reads") }
    };
    assert_eq!(wanted(0).await, [""; 0], "a talk that may go on is not asked for");
    take(&store, &endless()[2..], 1).await;
    let shown = |visits: Vec<Visit>| {
        let visit = &visits[0];
        let estimated = visit.talks.iter().any(|talk| talk.estimated);
        (visit.talk(), estimated, visit.talk_bound, visit.marks.missing_end)
    };
    assert_eq!(shown(visits(&store).await), (0, false, Some(3590), true));
    assert_eq!(wanted(0).await, ["1795161601.2"]);
    let asked = vec!["1795161601.2".to_owned()];
    assert!(!store.apply_legs(&pbx(), 1000, asked.clone(), vec![]).await.expect("applies"));
    assert_eq!(wanted(1059).await, [""; 0], "asked in vain it is left alone for a while");
    assert_eq!(wanted(1060).await, ["1795161601.2"]);
    let rows = vec![
        leg("2026-11-20 08:00:02", Some("2026-11-20 08:00:09"), 7),
        leg("2026-11-20 08:20:10", Some("2026-11-20 08:30:00"), 590),
        leg("2026-11-20 08:00:10", None, 1200),
    ];
    assert!(store.apply_legs(&pbx(), 2000, asked, rows).await.expect("applies"));
    assert_eq!(shown(visits(&store).await), (1200, true, None, true));
    assert_eq!(sum(&store, "Ann", Measure::Talk).await, 1200);
    assert_eq!(wanted(i64::MAX).await, [""; 0]);
    let end = story(&["2026-11-20 08:05:10,1795161600.1,q1,Ann,COMPLETECALLER,10|300|1"]);
    take(&store, &[LogRow { id: 9, ..end[0].clone() }], 1).await;
    assert_eq!(shown(visits(&store).await), (300, false, None, false));
    assert_eq!(sum(&store, "Ann", Measure::Talk).await, 300);
}

#[tokio::test]
async fn a_talk_behind_a_local_channel_may_include_a_transfer() {
    let rows = story(&[
        "2026-11-20 08:00:00,1795161600.1,q1,NONE,ENTERQUEUE,|5551|1",
        "2026-11-20 08:00:10,1795161600.1,q1,Ann,CONNECT,10|u|4",
        "2026-11-20 08:10:10,1795161600.1,q1,Ann,COMPLETECALLER,10|600|1",
    ]);
    let (_dir, store) = empty("UTC").await;
    take(&store, &rows, 3).await;
    let marked = |visits: Vec<Visit>| visits[0].marks.may_include_transfer;
    assert!(!marked(visits(&store).await));
    store
        .note_members(&pbx(), Source::Ami, 5, vec![member("q1", "Local/101@from-queue/n", "Ann")])
        .await
        .expect("notes");
    assert!(marked(visits(&store).await), "known by the map");
    let (_dir, store) = empty("UTC").await;
    take(&store, &rows, 3).await;
    let cdr = CdrRow {
        start: parse_local("2026-11-20 08:00:00").expect("a time"),
        uniqueid: "1795161600.1".into(),
        linkedid: "1795161600.1".into(),
        src: String::new(),
        dcontext: "in".into(),
        dst: "1".into(),
        lastapp: "Queue".into(),
        lastdata: "q1,t".into(),
        disposition: "ANSWERED".into(),
        dstchannel: "Local/101@from-queue-00000001;1".into(),
    };
    store.apply_cdr(&pbx(), vec![cdr], None).await.expect("applies");
    assert!(marked(visits(&store).await), "known by the cdr");
}

#[tokio::test]
async fn an_interface_without_a_name_is_one_agent_however_it_is_written() {
    let (_dir, store) = empty("UTC").await;
    for row in shared_phone() {
        take(&store, &[row], 1).await;
    }
    assert_eq!(sum(&store, "PJSIP/108", Measure::LoggedIn).await, 5 * 3600);
    assert_eq!(sum(&store, "pjsip/108", Measure::LoggedIn).await, 0);
    check_given(&dump(&store).await, &recount("UTC", &[], &shared_phone()).await, "row by row");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, failure_persistence: None, ..ProptestConfig::default() })]

    /// Rows in any order and batches, words among them in any order, some taken back again.
    #[test]
    fn any_order_of_rows_and_words_gives_the_same(
        order in Just((0..400_usize).collect::<Vec<_>>()).prop_shuffle(),
        words in proptest::collection::btree_map((0..3_usize, 0..5_i64), (0..4_usize, any::<bool>(), 0..30_usize), 1..7),
        at_once in 1..40_usize,
        hidden in 0..5_i64,
    ) {
        const PHONES: [&str; 3] = ["PJSIP/1", "pjsip/2", "Local/3@a/n"];
        const NAMES: [&str; 4] = ["Ann", "Bob", "Cy", "PJSIP/1"];
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let mut rows = [shared_phone(), hard(), pauses(), captured_rows()].concat();
        for (row, id) in rows.iter_mut().zip(1..) {
            row.id = id;
            // Now and then the same people by their interfaces.
            let phone = match row.agent.as_str() {
                "Ann" if id % 5 >= hidden => ["PJSIP/1", "pjsip/1"][usize::from(id % 7 == 0)],
                "Bob" | "Alice Adams" if id % 5 >= hidden => "PJSIP/2",
                "Cy" | "PJSIP/108" if id % 5 >= hidden => ["Local/3@a", "Local/3@A/n"][usize::from(id % 3 == 0)],
                "Frank Fox" | "Eve" if id % 5 >= hidden => ["SIP/4", "sip/4", "Sip/4"][usize::from(id % 11 == 0)],
                other => other,
            };
            row.agent = phone.into();
        }
        let words: Vec<(Word<'_>, bool, usize)> = words
            .iter()
            .map(|((phone, day), (name, kept, place))| {
                ((PHONES[*phone], day * (1_793_600_000 + 400_000 * day), NAMES[*name]), *kept, *place)
            })
            .collect();
        let shuffled: Vec<LogRow> = order.iter().filter_map(|at| rows.get(*at).cloned()).collect();
        let got = runtime.block_on(async {
            let (_dir, store) = empty("UTC").await;
            for (at, some) in shuffled.chunks(at_once).enumerate() {
                for (word, kept, place) in &words {
                    if *place == at {
                        say(&store, *word).await;
                    }
                    if *place + 2 == at && !kept {
                        take_back(&store, word.0, Some(word.1)).await;
                    }
                }
                take(&store, some, some.len()).await;
            }
            for (word, kept, _) in &words {
                if *kept {
                    say(&store, *word).await;
                } else {
                    take_back(&store, word.0, Some(word.1)).await;
                }
            }
            dump(&store).await
        });
        let last: Vec<Word<'_>> = words.iter().filter(|(_, kept, _)| *kept).map(|(word, ..)| *word).collect();
        let expect = runtime.block_on(recount("UTC", &last, &rows));
        for table in GIVEN {
            prop_assert_eq!(&got[table], &expect[table], "{}", table);
        }
    }
}
