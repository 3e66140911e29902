//! Supervision as somebody does it at the wall: touch the card, press, type the PIN, pick up, change, end — on a real call.

use std::sync::Arc;
use std::time::Duration;

use asterflow::clock;
use asterflow::domain::account::{Actor, Role};
use asterflow::domain::control::Mode;
use asterflow::domain::history::figures::Today;
use asterflow::domain::link::LinkStatus;
use asterflow::kiosk::desk::{Desk, Touch, Unlock};
use asterflow::kiosk::feed::{Light, Source};
use asterflow::kiosk::{Action, Feed, HeatAnswer};
use asterflow::store::Store;
use asterflow::tasks::PbxView;
use asterflow::tasks::accounts::{Accounts, Identity};
use asterflow::tasks::control::Control;
use asterflow::tasks::live::Live;
use asterflow::views::desk::{Desk as Shown, Ending, Running, Seat, Sheet, Stage, Why};
use asterflow::views::wall::{Page, Setup, Wall};
use asterflow_lab::phone::Call;
use asterflow_lab::{Behaviour, Lab};
use jiff::tz::TimeZone;
use tokio::sync::{mpsc, watch};

use super::{LONG, alone, lab, live_link, member, supervisor_phones, until};

const PIN: &str = "402817";

/// A running wall, as a person before it has it.
struct Screen {
    walls: watch::Receiver<Arc<Wall>>,
    touches: mpsc::Sender<Action>,
}

impl Screen {
    fn start(live: &Live, desk: Desk, stop: &watch::Sender<bool>) -> Self {
        let view = PbxView {
            name: live.pbx.clone(),
            zone: TimeZone::UTC,
            live: live.snapshot.clone(),
            today: watch::channel(Arc::new(Today::default())).1,
            alarms: watch::channel(Arc::default()).1,
            database: watch::channel(LinkStatus::connecting(clock::now())).1,
            reconciled: watch::channel(std::sync::Arc::default()).1,
        };
        let feed = Feed {
            site: "Lab".into(),
            zone: TimeZone::UTC,
            sources: vec![Source { view, address: String::new() }],
            pages: vec![Page::Board, Page::Overview],
            rotate_every: Some(Duration::from_secs(1)),
            light: Light::Never,
            service_level_seconds: 20,
            problems: Vec::new(),
            setup: watch::channel(Setup::default()).1,
            heat: Arc::new(|_| Box::pin(async { HeatAnswer::default() })),
            acts: None,
            desk: Some(desk),
        };
        let (publish, walls) = watch::channel(Arc::new(Wall::default()));
        let (touches, touched) = mpsc::channel(32);
        tokio::spawn(feed.run(publish, touched, stop.subscribe()));
        Self { walls, touches }
    }

    async fn touch(&self, touch: Touch) {
        self.touches.send(Action::Desk(touch)).await.expect("the feed runs");
    }

    async fn type_pin(&self, pin: &str) {
        for digit in pin.chars() {
            self.touch(Touch::Digit(digit)).await;
        }
        self.touch(Touch::Enter).await;
    }

    /// Waits until supervision is shown as wished.
    async fn until(&self, wish: &str, fits: impl Fn(&Shown) -> bool) -> Shown {
        let mut walls = self.walls.clone();
        match tokio::time::timeout(LONG, walls.wait_for(|wall| fits(&wall.desk))).await {
            Ok(Ok(wall)) => wall.desk.clone(),
            _ => panic!("the wall did not show {wish}; it shows {:#?}", self.walls.borrow().desk),
        }
    }

    async fn until_here(&self, wish: &str, fits: impl Fn(&Running) -> bool) -> Running {
        let shown = self.until(wish, |desk| here(desk).is_some_and(&fits)).await;
        here(&shown).cloned().expect("it was there")
    }
}

fn sheet(desk: &Shown) -> Option<&Sheet> {
    desk.sheet.as_ref()
}

fn here(desk: &Shown) -> Option<&Running> {
    sheet(desk)?.running.as_ref()
}

fn alice() -> Action {
    Action::SelectMember(Seat {
        pbx: String::new(),
        queue: "sales".to_owned(),
        interface: "PJSIP/101".to_owned(),
    })
}

async fn running_call(lab: &Lab, live: &Live) -> Call {
    lab.phone("101").behave(Behaviour::answer_after_ms(300)).await.expect("a phone");
    let call = lab.call("5550800", "800").await.expect("a call");
    until(live, "in a call", |floor| !member(floor, "sales", "PJSIP/101").legs.is_empty()).await;
    call
}

#[test]
fn who_touches_a_card_and_knows_a_pin_listens_to_that_call() {
    alone(async {
        let lab = lab().await;
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        let accounts = Accounts::new(store.clone(), "Lab");
        accounts.add(&Actor::console(), "anna", Role::Supervisor, None).await.expect("an account");
        accounts.set_pin(&Actor::console(), "anna", Some(PIN)).await.expect("a PIN");
        let stop = watch::Sender::new(false);
        let live = live_link(&lab, &stop).await;
        let control = Control::new(vec![live.clone()], supervisor_phones(), store.clone());
        let desk = Desk::new(control.clone(), Unlock::ByPin(accounts), "wall");
        let screen = Screen::start(&live, desk, &stop);

        screen.touches.send(alice()).await.expect("touched");
        screen.until("a free agent", |desk| sheet(desk).is_some_and(|sheet| sheet.why == Why::Free)).await;
        let call = running_call(&lab, &live).await;
        screen.until("a call", |desk| sheet(desk).is_some_and(|sheet| sheet.why == Why::Ready)).await;

        listen_by_pin(&lab, &live, &screen).await;
        change_and_end(&lab, &live, &screen).await;
        fails_in_words(&lab, &live, &screen).await;
        ends_with_the_call(&lab, &screen, call).await;

        let rows = store.journal_page(None, 100).await.expect("the journal");
        let by_anna = rows
            .iter()
            .filter(|row| row.entry.actor == "anna" && row.entry.action.starts_with("supervision"));
        let (turned, by_anna): (Vec<_>, Vec<_>) =
            by_anna.partition(|row| row.entry.action == "supervision mode");
        // By the button: opened and closed; by a key of the phone: noted.
        let turns: Vec<_> = turned.iter().filter_map(|row| row.entry.after.as_deref()).collect();
        assert_eq!(turns, ["barge", "whisper", "whisper"], "{rows:#?}");
        let by_anna = by_anna.into_iter();
        let (opened, closed): (Vec<_>, Vec<_>) = by_anna.partition(|row| row.result.is_none());
        assert_eq!(opened.len(), 5, "one Originate an attempt: {rows:#?}");
        assert!(opened.iter().all(|row| row.entry.origin == "wall") && closed.len() == 5, "{rows:#?}");
        let _ = stop.send(true);
    });
}

async fn listen_by_pin(lab: &Lab, live: &Live, screen: &Screen) {
    lab.phone("201").behave(Behaviour::answer_after_ms(1500)).await.expect("a phone");
    let before = lab.phone("201").count();
    screen.touch(Touch::Press(Mode::Listen)).await;
    screen.until("the PIN pad", |desk| desk.pad.is_some()).await;
    screen.type_pin("135790").await;
    screen.until("a wrong PIN", |desk| desk.pad.as_ref().is_some_and(|pad| pad.wrong)).await;
    screen.type_pin(PIN).await;
    for _ in 0..3 {
        screen.touch(Touch::Press(Mode::Listen)).await;
    }
    screen.until_here("a ringing phone", |run| run.stage == Stage::Ringing).await;
    let unlocked = screen.until("who unlocked", |desk| desk.unlocked.is_some()).await;
    assert_eq!(unlocked.unlocked.expect("somebody").name, "anna");
    let run = screen.until_here("attached", |run| run.stage == Stage::Attached).await;
    assert_eq!((run.agent.as_str(), run.phone.as_str()), ("Alice Adams", "Desk 201"));
    assert!(run.partner.contains("5550800"), "{run:?}");
    until(live, "listened to", |floor| member(floor, "sales", "PJSIP/101").listeners == ["Desk 201"]).await;
    assert_eq!(lab.phone("201").count(), before + 1, "it rang once");
    assert_eq!(screen.walls.borrow().page, Page::Board, "the page has not turned");
}

async fn change_and_end(lab: &Lab, live: &Live, screen: &Screen) {
    screen.touch(Touch::Press(Mode::Whisper)).await;
    screen.until_here("a whisper", |run| run.mode == Mode::Whisper && !run.changing).await;
    // By the keys of the phone itself.
    lab.phone("201").dtmf('6').await.expect("a key");
    screen.until_here("barging", |run| run.mode == Mode::Barge).await;
    screen.touch(Touch::Close).await;
    let shown = screen.until("no sheet", |desk| desk.sheet.is_none()).await;
    assert_eq!(shown.bar.map(|bar| bar.stage), Some(Stage::Attached), "the bar stays");
    screen.touch(Touch::OpenRunning).await;
    screen.until("the sheet again", |desk| here(desk).is_some()).await;
    screen.touch(Touch::End).await;
    screen.until_here("the end", |run| run.stage == Stage::Ended && run.ending == Ending::ByUs).await;
    lab.phone("201").wait_idle(LONG).await.expect("the phone is free again");
    until(live, "alone", |floor| member(floor, "sales", "PJSIP/101").listeners.is_empty()).await;
}

async fn fails_in_words(lab: &Lab, live: &Live, screen: &Screen) {
    for (behaviour, words) in [(Behaviour::Busy, "is busy"), (Behaviour::Decline, "declined")] {
        lab.phone("201").behave(behaviour).await.expect("a phone");
        screen.touch(Touch::Press(Mode::Listen)).await;
        let fits = |run: &Running| run.ending == Ending::Refused && run.sentence.contains(words);
        screen.until_here(words, fits).await;
    }
    lab.phone("201").behave(Behaviour::Ring).await.expect("a phone");
    screen.touch(Touch::Press(Mode::Listen)).await;
    lab.phone("201").wait_ringing(LONG).await.expect("it rings");
    screen.touch(Touch::End).await;
    screen.until_here("given up", |run| run.stage == Stage::Ended && run.ending == Ending::ByUs).await;
    lab.phone("201").wait_idle(LONG).await.expect("it rings no more");
    assert!(!member(&live.snapshot.borrow(), "sales", "PJSIP/101").legs.is_empty(), "the call goes on");
}

async fn ends_with_the_call(lab: &Lab, screen: &Screen, call: Call) {
    lab.phone("202").behave(Behaviour::answer_after_ms(200)).await.expect("a phone");
    screen.touch(Touch::Phone("202".to_owned())).await;
    screen.touch(Touch::Press(Mode::Barge)).await;
    let run = screen.until_here("attached", |run| run.stage == Stage::Attached).await;
    assert_eq!((run.mode, run.phone.as_str()), (Mode::Barge, "Desk 202"));
    call.hang_up().await.expect("hung up");
    screen.until_here("why it ended", |run| run.ending == Ending::CallOver).await;
    lab.phone("202").wait_idle(LONG).await.expect("the phone is free again");
    screen.touch(Touch::Lock).await;
    screen.until("a locked wall", |desk| desk.unlocked.is_none()).await;
}

#[test]
fn who_has_logged_in_needs_no_pin_and_a_viewer_is_refused() {
    alone(async {
        let lab = lab().await;
        let folder = tempfile::tempdir().expect("a folder");
        let store = Store::open(folder.path()).expect("a store");
        let stop = watch::Sender::new(false);
        let live = live_link(&lab, &stop).await;
        let control = Control::new(vec![live.clone()], supervisor_phones(), store.clone());
        let as_role = |role| {
            let identity = Identity { name: "vera".to_owned(), role };
            Desk::new(control.clone(), Unlock::Always(identity), "192.0.2.7")
        };
        let call = running_call(&lab, &live).await;
        lab.phone("201").behave(Behaviour::answer_after_ms(200)).await.expect("a phone");

        let viewer = Screen::start(&live, as_role(Role::Viewer), &stop);
        viewer.touches.send(alice()).await.expect("touched");
        viewer.touch(Touch::Press(Mode::Listen)).await;
        let fits = |desk: &Shown| sheet(desk).is_some_and(|sheet| sheet.why == Why::NotAllowed);
        let shown = viewer.until("a refusal", fits).await;
        assert!(shown.pad.is_none() && shown.bar.is_none(), "{shown:#?}");
        assert!(store.journal_page(None, 9).await.expect("the journal").is_empty(), "nothing was tried");

        let supervisor = Screen::start(&live, as_role(Role::Supervisor), &stop);
        supervisor.touches.send(alice()).await.expect("touched");
        supervisor.touch(Touch::Press(Mode::Listen)).await;
        supervisor.until_here("attached", |run| run.stage == Stage::Attached).await;
        // The phone hangs up by itself.
        lab.phone("201").hang_up().await.expect("hung up");
        supervisor.until_here("why it ended", |run| run.ending == Ending::PhoneLeft).await;
        let rows = store.journal_page(None, 9).await.expect("the journal");
        assert!(
            rows.iter().all(|row| row.entry.actor == "vera" && row.entry.origin == "192.0.2.7"),
            "{rows:#?}"
        );
        call.hang_up().await.expect("hung up");
        let _ = stop.send(true);
    });
}
