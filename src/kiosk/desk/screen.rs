//! Supervision's half of the screen: its view → the global `Desk` of `ui/api/desk.slint`, and its touches back.

use asterflow_ui as ui;
use slint::ComponentHandle;
use tokio::sync::mpsc;

use crate::domain::control::Mode;
use crate::views::desk::{
    ActButton, ActStage, Acts, CallerSheet, Choice, Desk, Ending, PadView, Running, Sheet, Stage, Why,
};

use super::super::apply::Rows;
use super::super::convert::drawn;
use super::super::{Action, convert};
use super::{ActTouch, Touch};

/// The models of one window.
pub(in crate::kiosk) struct DeskRows {
    phones: Rows<ui::DeskChoice>,
    calls: Rows<ui::DeskChoice>,
}

impl DeskRows {
    /// Takes the place of the sample data.
    pub(in crate::kiosk) fn new(app: &ui::AppWindow) -> Self {
        let rows = Self { phones: Rows::new(), calls: Rows::new() };
        let desk = app.global::<ui::Desk>();
        desk.set_phones(rows.phones.model());
        desk.set_calls(rows.calls.model());
        rows
    }

    /// Shows `new`. A part that is closed keeps its last words, which nobody sees.
    pub(in crate::kiosk) fn apply(&self, app: &ui::AppWindow, old: &Desk, new: &Desk) {
        let desk = app.global::<ui::Desk>();
        if let Some(sheet) = &new.sheet {
            let before = old.sheet.as_ref();
            self.phones.follow(before.map_or(&[], |sheet| &sheet.phones), &sheet.phones, choice);
            self.calls.follow(before.map_or(&[], |sheet| &sheet.calls), &sheet.calls, choice);
            desk.set_here(sheet.running.as_ref().map(running).unwrap_or_default());
            desk.set_sheet(self::sheet(sheet));
            self.acts(app, &sheet.acts);
        }
        if new.caller.is_some() || old.caller.is_some() {
            Self::caller(app, new.caller.as_ref());
        }
        if let Some(pad) = &new.pad {
            desk.set_pad(self::pad(pad));
            let acts = app.global::<ui::Acts>();
            acts.set_pin(pad.act.is_some());
            acts.set_pin_for(pad.act.map(button).unwrap_or_default());
        }
        if let Some(unlocked) = &new.unlocked {
            desk.set_who(drawn(&unlocked.name));
            desk.set_seconds(convert::int(unlocked.seconds));
        }
        if let Some(bar) = &new.bar {
            desk.set_bar(running(bar));
        }
        desk.set_sheet_open(new.sheet.is_some());
        desk.set_pad_open(new.pad.is_some());
        desk.set_unlocked(new.unlocked.is_some());
        desk.set_bar_open(new.bar.is_some());
    }
}

impl DeskRows {
    fn acts(&self, app: &ui::AppWindow, acts: &Acts) {
        let shown = app.global::<ui::Acts>();
        shown.set_shown(acts.is_shown());
        shown.set_pause(acts.pause);
        shown.set_resume(acts.resume);
        shown.set_hang_up(acts.hang_up);
        shown.set_remove(acts.remove);
        if !acts.reasons.is_empty() {
            let reasons: Vec<slint::SharedString> = acts.reasons.iter().map(|reason| drawn(reason)).collect();
            shown.set_reasons(slint::ModelRc::new(slint::VecModel::from(reasons)));
        }
        stage(&shown, &acts.stage);
    }

    fn caller(app: &ui::AppWindow, sheet: Option<&CallerSheet>) {
        let shown = app.global::<ui::Acts>();
        shown.set_caller_open(sheet.is_some());
        let Some(sheet) = sheet else { return };
        // Who waits no more keeps the name that was read last.
        if sheet.position > 0 {
            shown.set_caller(drawn(&sheet.who));
        }
        shown.set_caller_queue(drawn(&sheet.queue));
        shown.set_caller_position(convert::int(sheet.position));
        shown.set_caller_waiting(convert::int(sheet.waiting));
        shown.set_caller_wait(sheet.wait.as_str().into());
        shown.set_caller_live(sheet.live);
        stage(&shown, &sheet.stage);
    }
}

fn stage(shown: &ui::Acts<'_>, told: &ActStage) {
    let (stage, asks, failed, sentence) = match told {
        ActStage::Idle => (ui::ActStage::Idle, None, false, ""),
        ActStage::Reasons => (ui::ActStage::Reasons, None, false, ""),
        ActStage::Confirm(asks) => (ui::ActStage::Confirm, Some(*asks), false, ""),
        ActStage::Sent => (ui::ActStage::Sent, None, false, ""),
        ActStage::Told(worked, sentence, _) => (ui::ActStage::Told, None, !worked, sentence.as_str()),
    };
    if let Some(asks) = asks {
        shown.set_asks(button(asks));
    }
    shown.set_stage(stage);
    shown.set_failed(failed);
    shown.set_sentence(drawn(sentence));
}

fn button(button: ActButton) -> ui::ActButton {
    match button {
        ActButton::Pause => ui::ActButton::Pause,
        ActButton::Resume => ui::ActButton::Resume,
        ActButton::HangUp => ui::ActButton::HangUp,
        ActButton::Remove => ui::ActButton::Remove,
        ActButton::MoveUp => ui::ActButton::MoveUp,
        ActButton::Withdraw => ui::ActButton::Withdraw,
    }
}

fn button_back(button: ui::ActButton) -> ActButton {
    match button {
        ui::ActButton::Pause => ActButton::Pause,
        ui::ActButton::Resume => ActButton::Resume,
        ui::ActButton::HangUp => ActButton::HangUp,
        ui::ActButton::Remove => ActButton::Remove,
        ui::ActButton::MoveUp => ActButton::MoveUp,
        ui::ActButton::Withdraw => ActButton::Withdraw,
    }
}

fn choice(choice: &Choice) -> ui::DeskChoice {
    ui::DeskChoice { key: choice.key.as_str().into(), name: drawn(&choice.name), chosen: choice.chosen }
}

fn mode(mode: Mode) -> ui::DeskMode {
    match mode {
        Mode::Listen => ui::DeskMode::Listen,
        Mode::Whisper => ui::DeskMode::Whisper,
        Mode::Barge => ui::DeskMode::Barge,
    }
}

fn mode_back(mode: ui::DeskMode) -> Mode {
    match mode {
        ui::DeskMode::Listen => Mode::Listen,
        ui::DeskMode::Whisper => Mode::Whisper,
        ui::DeskMode::Barge => Mode::Barge,
    }
}

fn why(why: Why) -> ui::DeskWhy {
    match why {
        Why::Ready => ui::DeskWhy::Ready,
        Why::Free => ui::DeskWhy::Free,
        Why::Ringing => ui::DeskWhy::Ringing,
        Why::Offline => ui::DeskWhy::Offline,
        Why::Gone => ui::DeskWhy::Gone,
        Why::LinkDown => ui::DeskWhy::LinkDown,
        Why::Choose => ui::DeskWhy::Choose,
        Why::NoPhone => ui::DeskWhy::NoPhone,
        Why::NotAllowed => ui::DeskWhy::NotAllowed,
        Why::Elsewhere => ui::DeskWhy::Elsewhere,
    }
}

fn sheet(sheet: &Sheet) -> ui::DeskSheet {
    ui::DeskSheet {
        seated: sheet.card.is_some(),
        card: sheet.card.as_ref().map(convert::card).unwrap_or_default(),
        agent: drawn(&sheet.agent),
        queues: drawn(&sheet.queues),
        phone: drawn(&sheet.phone),
        why: why(sheet.why),
        whom: drawn(&sheet.whom),
        locked: sheet.locked,
    }
}

fn running(running: &Running) -> ui::DeskRunning {
    ui::DeskRunning {
        stage: match running.stage {
            Stage::Idle => ui::DeskStage::Idle,
            Stage::Ringing => ui::DeskStage::Ringing,
            Stage::Attached => ui::DeskStage::Attached,
            Stage::Ended => ui::DeskStage::Ended,
        },
        mode: mode(running.mode),
        agent: drawn(&running.agent),
        partner: drawn(&running.partner),
        phone: drawn(&running.phone),
        time: running.time.as_str().into(),
        changing: running.changing,
        ending: match running.ending {
            Ending::Unsettled => ui::DeskEnding::Unsettled,
            Ending::ByUs => ui::DeskEnding::ByUs,
            Ending::CallOver => ui::DeskEnding::CallOver,
            Ending::Transferred => ui::DeskEnding::Transferred,
            Ending::PhoneLeft => ui::DeskEnding::PhoneLeft,
            Ending::Refused => ui::DeskEnding::Refused,
            Ending::Said => ui::DeskEnding::Said,
        },
        sentence: drawn(&running.sentence),
    }
}

fn pad(pad: &PadView) -> ui::DeskPad {
    ui::DeskPad {
        mode: mode(pad.mode),
        agent: drawn(&pad.agent),
        digits: convert::int(pad.digits),
        checking: pad.checking,
        wait: convert::int(pad.wait_seconds),
        wrong: pad.wrong,
        no_pins: pad.no_pins,
        sentence: drawn(&pad.sentence),
    }
}

/// Sends what is touched of it to `actions`. As with every touch, a full mailbox loses one.
pub(in crate::kiosk) fn connect(app: &ui::AppWindow, actions: &mpsc::Sender<Action>) {
    let desk = app.global::<ui::Desk>();
    let sender = || {
        let actions = actions.clone();
        move |touch: Touch| drop(actions.try_send(Action::Desk(touch)))
    };
    let send = sender();
    desk.on_close(move || send(Touch::Close));
    let send = sender();
    desk.on_choose_phone(move |extension| send(Touch::Phone(extension.into())));
    let send = sender();
    desk.on_choose_call(move |channel| send(Touch::Call(channel.into())));
    let send = sender();
    desk.on_press(move |mode| send(Touch::Press(mode_back(mode))));
    let send = sender();
    desk.on_digit(move |text| {
        if let Some(digit) = text.chars().next() {
            send(Touch::Digit(digit));
        }
    });
    let send = sender();
    desk.on_erase(move || send(Touch::Erase));
    let send = sender();
    desk.on_enter(move || send(Touch::Enter));
    let send = sender();
    desk.on_lock(move || send(Touch::Lock));
    let send = sender();
    desk.on_end(move || send(Touch::End));
    let send = sender();
    desk.on_open_running(move || send(Touch::OpenRunning));
    let acts = app.global::<ui::Acts>();
    let send = sender();
    acts.on_press(move |button| send(Touch::Act(ActTouch::Press(button_back(button)))));
    let send = sender();
    acts.on_reason(move |at| send(Touch::Act(ActTouch::Reason(usize::try_from(at).unwrap_or(usize::MAX)))));
    let send = sender();
    acts.on_back(move || send(Touch::Act(ActTouch::Back)));
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::kiosk::{Painter, Rotation};
    use crate::views::desk::{ActStand, Attempt, Lock, Pad, Phone, Seat, Stand, desk};
    use crate::views::fixture::{at, picture};
    use crate::views::wall::{Page, Wall};

    const LONG: std::time::Duration = std::time::Duration::from_secs(10);

    /// Alice's sheet over the board; she has one call.
    fn wall(pad: Option<Pad>) -> Arc<Wall> {
        let mut picture = picture();
        let alice = &mut Arc::make_mut(&mut picture.live).queues[0].members[0];
        alice.legs = vec!["1.4".into()];
        let phone = |number: &str| Phone { extension: number.to_owned(), name: format!("Desk {number}") };
        let stand = Stand {
            phones: vec![phone("201"), phone("202")],
            phone: 0,
            seat: Some(Seat {
                pbx: String::new(),
                queue: "Sales".to_owned(),
                interface: "PJSIP/Alice".to_owned(),
            }),
            call: None,
            pad,
            lock: Lock::Locked,
            attempt: Attempt::None,
            listening: Vec::new(),
            acts: ActStand::default(),
        };
        let desk = desk(&[picture], &stand, at(100));
        Arc::new(Wall { page: Page::Board, desk, ..Wall::default() })
    }

    #[tokio::test]
    async fn what_is_touched_in_a_drawn_sheet_and_pad_is_told() {
        let (actions, mut touched) = mpsc::channel(8);
        let painter = Painter::spawn(Some(actions)).expect("a painter");
        let size = (1920, 1080);
        let empty = painter.paint(Arc::default(), size, Rotation::None).await.expect("a picture");
        let sheet = painter.paint(wall(None), size, Rotation::None).await.expect("a picture");
        assert!(empty != sheet);
        let check = async |x: f32, y: f32, touched: &mut mpsc::Receiver<Action>, told: Touch| {
            painter.touch(x, y).await.expect("a touch");
            let action = tokio::time::timeout(LONG, touched.recv()).await.expect("something is told");
            assert_eq!(action, Some(Action::Desk(told)), "at {x}, {y}");
        };
        check(1254.0, 880.0, &mut touched, Touch::Press(Mode::Listen)).await;
        check(1690.0, 642.0, &mut touched, Touch::Phone("202".to_owned())).await;
        check(400.0, 600.0, &mut touched, Touch::Close).await;
        let pad = Pad { digits: 2, checking: false, refused: None, mode: Mode::Listen };
        painter.paint(wall(Some(pad)), size, Rotation::None).await.expect("a picture");
        check(1214.0, 508.0, &mut touched, Touch::Digit('5')).await;
        check(1400.0, 815.0, &mut touched, Touch::Enter).await;
        // What lies under the pad is not reached through it.
        check(1254.0, 940.0, &mut touched, Touch::Close).await;
    }
}
