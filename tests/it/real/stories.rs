//! Every story of the lab against the board and the stored history: what the phones really did is what both tell.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use asterflow::config::{History as Settings, Pbx, Tls};
use asterflow::domain::history::query::{AgentRow, Filter, VisitRow};
use asterflow::domain::ids::QueueName;
use asterflow::domain::live::snapshot::Snapshot;
use asterflow::store::Store;
use asterflow::tasks::history::{History, Thresholds};
use asterflow::tasks::live::{self, Live};
use asterflow::tasks::sync::{Sync, sync_once};
use asterflow_lab::asterisk::ASTERFLOW;
use asterflow_lab::scenario::{self, Outcome, VisitOutcome};
use asterflow_lab::{Lab, floor};
use tokio::sync::watch;

use super::follow::{Who, follow};
use super::{alone, ami, first_picture, lab, supervisor_phones, until};
use crate::history::pbx_of;

/// A scenario, and what the board shows of members meanwhile. `CALLER` stands for the first caller's number, `CALLER2`
/// for the second's. A state that begins with `?` may be seen or not: it lasts for milliseconds.
type Told = (&'static str, &'static [(Who, &'static [&'static str])]);

const ALICE: Who = ("sales", "PJSIP/101");
const BOB: Who = ("sales", "PJSIP/102");
const FRANK: Who = ("vip", "PJSIP/106");
const GRACE: Who = ("vip", "PJSIP/107");
const HEIDI: Who = ("vip", "PJSIP/108");

/// Behind Local channels, as FreePBX makes members.
const LOCAL_ALICE: Who = ("400", "Local/101@from-queue/n");
const LOCAL_BOB: Who = ("400", "Local/102@from-queue/n");

/// Their queue may come with the first of their calls.
const LOCAL_RANG: &[&str] = &["?gone", "?free", "ringing CALLER", "free"];
const LOCAL_TALKED: &[&str] = &["?gone", "?free", "ringing CALLER", "talking CALLER", "free"];

const RANG: &[&str] = &["free", "ringing CALLER", "free"];
const TALKED: &[&str] = &["free", "ringing CALLER", "talking CALLER", "free"];
const HELD: &[&str] =
    &["free", "ringing CALLER", "talking CALLER", "on_hold CALLER", "talking CALLER", "free"];
/// The phone takes both calls from hold before it connects them.
const ASKED: &[&str] = &[
    "free",
    "ringing CALLER",
    "talking CALLER",
    "on_hold CALLER",
    "?talking CALLER",
    "?other_call 108",
    "?other_call 106",
    "free",
];
const ASKED_FOR: &[&str] = &["free", "ringing 101", "ringing CALLER", "talking CALLER", "free"];

/// Played by `make test`.
const QUICK: &[Told] = &[
    ("abandon", &[(("support", "PJSIP/103"), RANG)]),
    ("exit_key", &[]),
    ("answered_agent_hangup", &[(ALICE, TALKED), (BOB, RANG)]),
    ("hold", &[(BOB, HELD)]),
    ("pause_in_call", &[(BOB, &["free", "ringing CALLER", "talking CALLER", "paused", "free"])]),
    ("second_call", &[(BOB, HELD)]),
    ("private_call", &[(ALICE, TALKED), (BOB, &["free", "ringing 108", "other_call 108", "free"])]),
    ("redirect", &[(ALICE, TALKED)]),
    ("blind_into_queue", &[(ALICE, TALKED), (FRANK, TALKED)]),
    ("attended_into_queue", &[(ALICE, ASKED), (FRANK, ASKED_FOR)]),
    ("attended_transfer", &[(ALICE, ASKED)]),
    ("empty", &[(FRANK, &["free", "paused", "free", "ringing CALLER2", "paused", "free"])]),
    ("over_max", &[]),
    ("removed_in_call", &[(HEIDI, &["gone", "free", "ringing CALLER", "talking CALLER", "gone"])]),
    ("rush", &[]),
    ("local_answered", &[(LOCAL_ALICE, LOCAL_TALKED), (LOCAL_BOB, LOCAL_RANG), (ALICE, TALKED)]),
    ("local_blind_transfer", &[(LOCAL_ALICE, LOCAL_TALKED), (LOCAL_BOB, LOCAL_RANG)]),
];

/// The others, for `make test-full`.
const SLOW: &[Told] = &[
    ("answered_caller_hangup", &[(BOB, TALKED)]),
    ("no_answer", &[(FRANK, &["free", "ringing CALLER", "free", "ringing CALLER", "free"])]),
    ("timeout_alone", &[(FRANK, &["free", "paused", "free"])]),
    ("rna_then_next", &[]),
    ("busy_agent", &[(GRACE, TALKED)]),
    ("declined", &[(GRACE, TALKED)]),
    ("unregistered_agent", &[(FRANK, &["free", "unavailable", "free"]), (GRACE, TALKED)]),
    ("pause_unpause", &[(ALICE, &["free", "paused", "free"])]),
    ("dynamic_member", &[(HEIDI, &["gone", "free", "ringing CALLER", "talking CALLER", "free", "gone"])]),
    ("penalty", &[]),
    ("realtime_member", &[]),
    ("blind_transfer", &[(ALICE, TALKED)]),
    ("blind_to_busy", &[(ALICE, TALKED)]),
    ("consult_busy", &[(ALICE, HELD)]),
    ("local_no_answer", &[(LOCAL_ALICE, LOCAL_RANG), (LOCAL_BOB, LOCAL_RANG)]),
    ("local_hold", &[(LOCAL_BOB, LOCAL_RANG), (ALICE, HELD)]),
];

#[test]
fn the_board_and_the_history_tell_each_story() {
    alone(async {
        let mut bench = Bench::start().await;
        bench.wrap_up().await;
        bench.play(QUICK).await;
        bench.nothing_was_corrected();
        bench.history_tells().await;
    });
}

#[test]
#[ignore = "make test-full: takes minutes"]
fn the_board_and_the_history_tell_the_other_stories() {
    alone(async {
        let mut bench = Bench::start().await;
        bench.play(SLOW).await;
        bench.nothing_was_corrected();
        bench.history_tells().await;
    });
}

#[test]
fn both_lists_together_are_all_stories() {
    let mut played: Vec<&str> = QUICK.iter().chain(SLOW).map(|(name, _)| *name).chain(["wrap_up"]).collect();
    let mut all: Vec<&str> = scenario::ALL.iter().map(|(name, _)| *name).collect();
    played.sort_unstable();
    all.sort_unstable();
    assert_eq!(played, all);
}

struct Bench {
    lab: Lab,
    live: Live,
    pbx: Pbx,
    store: Store,
    wrap_ups: watch::Sender<Arc<BTreeMap<QueueName, u32>>>,
    stop: watch::Sender<bool>,
    _folder: tempfile::TempDir,
    played: Vec<Outcome>,
    /// Where the board told another story: all of them are worth knowing after minutes of playing.
    wrong: Vec<String>,
}

impl Bench {
    async fn start() -> Self {
        let lab = lab().await;
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        let pbx = pbx_of(&lab.database, &lab.database.reader(), Tls::Off);
        let (stop, wrap_ups) = (watch::Sender::new(false), watch::Sender::new(Arc::default()));
        let phones = supervisor_phones();
        let live =
            live::start("lab".into(), ami(&lab, &ASTERFLOW), &phones, wrap_ups.subscribe(), stop.subscribe());
        first_picture(&live).await;
        Self { lab, live, pbx, store, wrap_ups, stop, _folder: folder, played: Vec::new(), wrong: Vec::new() }
    }

    async fn play(&mut self, stories: &[Told]) {
        for (name, members) in stories {
            self.check(name, members).await;
        }
    }

    async fn check(&mut self, name: &str, members: &[(Who, &[&str])]) {
        let followed: Vec<_> =
            members.iter().map(|(who, states)| (states, follow(&self.live, *who))).collect();
        let sales = ["PJSIP/101", "PJSIP/102", "PJSIP/103"].map(|phone| follow(&self.live, ("sales", phone)));
        let outcome =
            scenario::run(&self.lab, name).await.unwrap_or_else(|error| panic!("{name}: {error:#}"));
        until(&self.live, "quiet", is_quiet).await;
        for (states, follow) in followed {
            let (who, expected) = (follow.who, named(states, &outcome));
            let told = follow.end().await;
            if !is_told(&expected, &told) {
                self.wrong.push(format!("{name}: {who:?} was {told:?}, not {expected:?}"));
            }
        }
        for follow in sales {
            let (who, told) = (follow.who, follow.end().await);
            if name == "rush" {
                self.wrong.extend(only_his_callers(who, &told, &outcome));
            }
        }
        self.played.push(outcome);
    }

    /// The wrap-up time as the synchronisation reads it from the table, and what the board makes of it.
    async fn wrap_up(&mut self) {
        self.lab
            .database
            .query("UPDATE queues SET wrapuptime = 4 WHERE name = 'vip'")
            .await
            .expect("a queue");
        let (sync, mut handle) = Sync::new(self.store.clone(), self.pbx.clone(), &settings());
        let (done, stopped) = watch::channel(false);
        let task = tokio::spawn(sync.run(stopped));
        let read = tokio::time::timeout(super::LONG, handle.wrap_ups.wait_for(|times| !times.is_empty()));
        let times = read.await.expect("in time").expect("runs").clone();
        assert_eq!(times.get(&QueueName::new("vip")), Some(&4));
        let _ = done.send(true);
        task.await.expect("it ends");
        self.wrap_ups.send_replace(times);
        let one = ["free", "ringing CALLER", "talking CALLER", "wrap_up", "free"];
        let two = ["free", "ringing CALLER2", "talking CALLER2", "wrap_up", "free"];
        self.check("wrap_up", &[(FRANK, &one), (GRACE, &two)]).await;
        self.wrap_ups.send_replace(Arc::default());
    }

    /// Nothing that a fresh picture had to mend, after all that was played.
    fn nothing_was_corrected(&self) {
        assert_eq!(
            self.live.snapshot.borrow().corrected,
            0,
            "a fresh picture corrected the floor: see the log"
        );
    }

    /// Reads the PBX's tables once and holds what is stored against what the phones did.
    async fn history_tells(&self) {
        let played = &self.played[..];
        sync_once(&self.store, std::slice::from_ref(&self.pbx), &mut |_| ()).await.expect("synchronises");
        let today = asterflow::clock::now().wall.to_zoned(jiff::tz::TimeZone::UTC).date();
        // A test may run over midnight.
        let filter = Filter::new(today.yesterday().expect("a date"), today);
        let history = History::new(self.store.clone(), Thresholds::default());
        let rows = history.visits(&filter).await.expect("answers");
        let visits: Vec<&VisitOutcome> = played.iter().flat_map(|outcome| &outcome.visits).collect();
        for visit in &visits {
            let same = |row: &&VisitRow| row.callid == visit.uniqueid && row.queue.as_str() == visit.queue;
            let [row] = rows.iter().filter(same).collect::<Vec<_>>()[..] else {
                panic!("not one row for {visit:?} in {rows:#?}")
            };
            agrees(row, visit);
        }
        // An agent's call to a colleague, which a transfer joins with a queue's call, can have a cdr from before the
        // joining and then pass for a call that never entered.
        let from_outside = |row: &&VisitRow| row.outcome != "not_entered" || row.number.starts_with("555");
        assert_eq!(rows.iter().filter(from_outside).count(), visits.len(), "{rows:#?}");
        let agents = history.agents(&filter).await.expect("answers");
        for (extension, name) in floor::PHONES {
            agent_agrees(extension, agents.iter().find(|row| row.agent.as_str() == name), played);
        }
        let _ = self.stop.send(true);
        assert!(self.wrong.is_empty(), "{}", self.wrong.join("\n"));
    }
}

fn settings() -> Settings {
    let second = Duration::from_secs(1);
    Settings {
        poll: second,
        keep: second,
        replay_keep: second,
        service_level_seconds: 20,
        short_abandon_seconds: 5,
        wrap_up_seconds: 0,
    }
}

fn is_quiet(floor: &Snapshot) -> bool {
    floor.queues.iter().all(|queue| {
        let counts = queue.counts();
        queue.waiting.is_empty() && counts.online == counts.total()
    })
}

/// The expected states with the callers' numbers.
fn named(states: &[&str], outcome: &Outcome) -> Vec<String> {
    let number = |at: usize| outcome.visits.get(at).map_or("", |visit| visit.number.as_str());
    states.iter().map(|told| told.replace("CALLER2", number(1)).replace("CALLER", number(0))).collect()
}

/// Whether the states are the expected ones, in their order.
fn is_told(expected: &[String], told: &[String]) -> bool {
    let Some((first, rest)) = expected.split_first() else { return told.is_empty() };
    let (may_lack, state) = match first.strip_prefix('?') {
        Some(state) => (true, state),
        None => (false, first.as_str()),
    };
    told.split_first().is_some_and(|(one, more)| one == state && is_told(rest, more))
        || (may_lack && is_told(rest, told))
}

/// Whom a member is seen talking with is whom it answered, in that order: a phone that picked up too late never talked.
/// Says what is wrong.
fn only_his_callers(who: Who, story: &[String], outcome: &Outcome) -> Option<String> {
    let talked: Vec<&str> = story.iter().filter_map(|told| told.strip_prefix("talking ")).collect();
    let mut his: Vec<&VisitOutcome> =
        outcome.visits.iter().filter(|visit| visit.answered_by.as_deref() == Some(who.1)).collect();
    his.sort_by_key(|visit| visit.joined_at + Duration::from_millis(visit.waited_ms));
    let his: Vec<&str> = his.iter().map(|visit| visit.number.as_str()).collect();
    (talked != his).then(|| format!("{}: {who:?} answered {his:?} and was {story:?}", outcome.scenario))
}

/// Whole seconds that were cut, against what the phones measured.
fn near(seconds: i64, ms: u64) -> bool {
    (seconds as f64 - ms as f64 / 1000.0).abs() <= 1.5
}

fn agrees(row: &VisitRow, visit: &VisitOutcome) {
    let outcome = match visit.last_event.as_str() {
        "" => "not_entered",
        "ABANDON" => "abandoned",
        "EXITWITHTIMEOUT" => "timed_out",
        "EXITWITHKEY" => "left_by_key",
        "EXITEMPTY" => "left_empty",
        _ => "answered",
    };
    assert_eq!((row.outcome, &row.number), (outcome, &visit.number), "{row:?} {visit:?}");
    assert!(near(row.wait_s, visit.waited_ms), "waited: {row:?} {visit:?}");
    assert!(near(row.talk_s, visit.logged_talk_ms), "talked: {row:?} {visit:?}");
    let name = visit.answered_by.as_deref().map(name_at);
    assert_eq!(row.agent.as_ref().map(|agent| agent.as_str()), name, "{row:?} {visit:?}");
    let transferred = match visit.last_event.as_str() {
        "BLINDTRANSFER" => Some("blind"),
        "ATTENDEDTRANSFER" => Some("attended"),
        _ => None,
    };
    assert_eq!(row.transferred, transferred, "{row:?} {visit:?}");
}

/// Who sits at `PJSIP/101` or `Local/101@from-queue/n`.
fn name_at(interface: &str) -> &'static str {
    floor::name_of(interface.split(['/', '@']).nth(1).unwrap_or_default())
}

/// What an agent's figures sum up, against all stories.
fn agent_agrees(extension: &str, row: Option<&AgentRow>, played: &[Outcome]) {
    let name = floor::name_of(extension);
    let his: Vec<&VisitOutcome> = played
        .iter()
        .flat_map(|outcome| &outcome.visits)
        .filter(|visit| visit.answered_by.as_deref().map(name_at) == Some(name))
        .collect();
    let paused: Vec<u64> = played
        .iter()
        .flat_map(|outcome| &outcome.pauses)
        .filter(|pause| name_at(&pause.interface) == name)
        .map(|pause| pause.paused_ms)
        .collect();
    let Some(row) = row else {
        assert!(his.is_empty() && paused.is_empty(), "{name} has no figures");
        return;
    };
    let figures = &row.figures;
    let transferred = |by: &str| his.iter().filter(|visit| visit.last_event == by).count() as u64;
    assert_eq!(figures.answered, his.len() as u64, "{name} answered: {figures:?}");
    assert_eq!(figures.transferred_blind, transferred("BLINDTRANSFER"), "{name}: {figures:?}");
    assert_eq!(figures.transferred_attended, transferred("ATTENDEDTRANSFER"), "{name}: {figures:?}");
    let talked: u64 = his.iter().map(|visit| visit.logged_talk_ms).sum();
    let off = (figures.talk_s as f64 - talked as f64 / 1000.0).abs();
    assert!(off <= 1.5 * his.len() as f64, "{name} talked {talked} ms: {figures:?}");
    let off = (figures.paused_s as f64 - paused.iter().sum::<u64>() as f64 / 1000.0).abs();
    assert!(off <= 1.5 * paused.len() as f64, "{name} paused {paused:?} ms: {figures:?}");
}
