//! Supervision by touch and by keyboard, found by labels: card, sheet, buttons, PIN pad, bar.
#![allow(missing_docs, clippy::unwrap_used)]

use std::cell::RefCell;
use std::rc::Rc;

use asterflow_ui::{AppWindow, Board, Desk, DeskMode, DeskRunning, DeskStage, DeskWhy, Page, Wall};
use i_slint_backend_testing::{AccessibleRole, ElementHandle};
use slint::platform::{Key, WindowEvent};
use slint::{ComponentHandle, LogicalSize, SharedString};

type Told = Rc<RefCell<Vec<String>>>;

/// The board with its sample data, and what was told. As Rust does, a touched card opens the sheet.
fn window() -> (AppWindow, Told) {
    i_slint_backend_testing::init_no_event_loop();
    let app = AppWindow::new().unwrap();
    app.window().dispatch_event(WindowEvent::Resized { size: LogicalSize::new(1920.0, 1080.0) });
    app.show().unwrap();
    app.global::<Wall>().set_page(Page::Board);
    let told = Told::default();
    let note = |what: &'static str| {
        let told = Rc::clone(&told);
        move || told.borrow_mut().push(what.to_owned())
    };
    let note_text = |what: &'static str| {
        let told = Rc::clone(&told);
        move |text: SharedString| told.borrow_mut().push(format!("{what} {text}"))
    };
    let desk = app.global::<Desk>();
    desk.on_close(note("close"));
    desk.on_erase(note("erase"));
    desk.on_enter(note("enter"));
    desk.on_lock(note("lock"));
    desk.on_end(note("end"));
    desk.on_open_running(note("open"));
    desk.on_digit(note_text("digit"));
    desk.on_choose_phone(note_text("phone"));
    desk.on_choose_call(note_text("call"));
    let pressed = Rc::clone(&told);
    desk.on_press(move |mode| pressed.borrow_mut().push(format!("{mode:?}")));
    let turned = Rc::clone(&told);
    app.global::<Wall>().on_next_page(move || turned.borrow_mut().push("next page".to_owned()));
    let weak = app.as_weak();
    app.global::<Board>()
        .on_select_member(move |_, _, _| weak.unwrap().global::<Desk>().set_sheet_open(true));
    (app, told)
}

fn find(app: &AppWindow, label: &str) -> Option<ElementHandle> {
    ElementHandle::find_by_accessible_label(app, label).next()
}

/// A figure on the board may read as a key of the pad does.
fn press(app: &AppWindow, label: &str) {
    ElementHandle::find_by_accessible_label(app, label)
        .find(|element| element.accessible_role() == Some(AccessibleRole::Button))
        .unwrap_or_else(|| panic!("nothing is labelled {label:?}"))
        .invoke_accessible_default_action();
}

fn key(app: &AppWindow, text: impl Into<SharedString>) {
    let text = text.into();
    app.window().dispatch_event(WindowEvent::KeyPressed { text: text.clone() });
    app.window().dispatch_event(WindowEvent::KeyReleased { text });
}

fn take(told: &Told) -> Vec<String> {
    std::mem::take(&mut *told.borrow_mut())
}

#[test]
fn a_card_opens_the_sheet_and_its_buttons_say_what_is_wished() {
    let (app, told) = window();
    assert!(find(&app, "Whisper").is_none());
    press(&app, "Alice Adams, Talking");
    for label in ["Listen", "Whisper", "Barge", "Desk 202", "Close"] {
        press(&app, label);
    }
    assert_eq!(take(&told), ["Listen", "Whisper", "Barge", "phone 202", "close"]);
}

#[test]
fn buttons_are_large_and_dead_where_there_is_nothing_to_listen_to() {
    let (app, told) = window();
    app.global::<Desk>().set_sheet_open(true);
    let size = find(&app, "Barge").unwrap().size();
    assert!(size.width >= 72.0 && size.height >= 72.0, "{size:?}");
    let mut sheet = app.global::<Desk>().get_sheet();
    sheet.why = DeskWhy::Free;
    app.global::<Desk>().set_sheet(sheet);
    press(&app, "Listen");
    key(&app, Key::Tab);
    key(&app, Key::Tab);
    key(&app, Key::Tab);
    key(&app, Key::Return);
    assert!(take(&told).is_empty());
    let why = "Alice Adams has no call now. You can listen as soon as there is one.";
    assert!(find(&app, why).is_some(), "the reason is not said");
}

#[test]
fn a_touch_beside_the_sheet_closes_it_and_chooses_no_other_card() {
    let (app, told) = window();
    app.global::<Desk>().set_sheet_open(true);
    let card = find(&app, "Alice Adams, Talking").unwrap();
    let at = card.absolute_position();
    let (position, button) =
        (slint::LogicalPosition::new(at.x + 20.0, at.y + 20.0), slint::platform::PointerEventButton::Left);
    app.window().dispatch_event(WindowEvent::PointerPressed { position, button });
    app.window().dispatch_event(WindowEvent::PointerReleased { position, button });
    assert_eq!(take(&told), ["close"]);
}

#[test]
fn the_pin_pad_takes_fingers_and_keys() {
    let (app, told) = window();
    app.global::<Desk>().set_sheet_open(true);
    app.global::<Desk>().set_pad_open(true);
    for label in ["4", "0", "Delete the last digit", "OK", "Cancel"] {
        press(&app, label);
    }
    assert_eq!(take(&told), ["digit 4", "digit 0", "erase", "enter", "close"]);
    for text in ["7", "x", "."] {
        key(&app, text);
    }
    key(&app, Key::Backspace);
    key(&app, Key::Return);
    key(&app, Key::RightArrow);
    key(&app, Key::Escape);
    assert_eq!(take(&told), ["digit 7", "erase", "enter", "close"]);
    assert!(find(&app, "4 digits").is_some(), "dots, never the digits themselves");
}

#[test]
fn the_keyboard_goes_round_the_sheet_and_turns_no_page() {
    let (app, told) = window();
    key(&app, Key::RightArrow);
    assert_eq!(take(&told), ["next page"]);
    app.global::<Desk>().set_sheet_open(true);
    // Phone 201, phone 202, Listen, Whisper, Barge, ×, and round.
    for _ in 0..4 {
        key(&app, Key::Tab);
    }
    key(&app, Key::Return);
    key(&app, Key::RightArrow);
    key(&app, " ");
    key(&app, Key::Backtab);
    key(&app, Key::LeftArrow);
    key(&app, Key::Return);
    key(&app, Key::Escape);
    assert_eq!(take(&told), ["Whisper", "Barge", "Listen", "close"]);
}

#[test]
fn what_runs_can_be_changed_and_ended_in_the_sheet_and_on_every_page() {
    let (app, told) = window();
    let desk = app.global::<Desk>();
    let running = |stage, mode| DeskRunning {
        stage,
        mode,
        agent: "Alice Adams".into(),
        partner: "5550001".into(),
        phone: "Desk 201".into(),
        time: "0:42".into(),
        ..DeskRunning::default()
    };
    desk.set_sheet_open(true);
    desk.set_here(running(DeskStage::Ringing, DeskMode::Listen));
    press(&app, "Whisper");
    assert!(take(&told).is_empty(), "one attempt at a time");
    assert!(find(&app, "Desk 201 rings: pick it up. to listen to Alice Adams  ·  0:42").is_some());
    press(&app, "Give up");
    assert_eq!(take(&told), ["end"]);
    desk.set_here(running(DeskStage::Attached, DeskMode::Listen));
    assert!(find(&app, "Listening to Alice Adams. with 5550001  ·  0:42").is_some());
    for label in ["Listen", "Whisper", "End"] {
        press(&app, label);
    }
    assert_eq!(take(&told), ["Whisper", "end"]);
    desk.set_sheet_open(false);
    app.global::<Wall>().set_page(Page::Heatmap);
    desk.set_bar(running(DeskStage::Attached, DeskMode::Listen));
    desk.set_bar_open(true);
    press(&app, "End");
    press(&app, "Desk 201 listens to Alice Adams 0:42");
    desk.set_unlocked(true);
    press(&app, "Lock, unlocked by anna, 57 seconds left");
    assert_eq!(take(&told), ["end", "open", "lock"]);
}
