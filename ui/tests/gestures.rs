//! Fingers on the wall: empty ground holds the page, a finger drawn across turns it, and nothing under that finger is
//! pressed; the heads of the agents page sort.
#![allow(missing_docs, clippy::unwrap_used)]

use std::cell::RefCell;
use std::rc::Rc;

use asterflow_ui::{AgentColumn, Agents, AppWindow, Board, Overview, Page, Stay, Wall};
use i_slint_backend_testing::ElementHandle;
use slint::platform::{Key, PointerEventButton, WindowEvent};
use slint::{ComponentHandle, LogicalPosition, PhysicalSize};

type Told = Rc<RefCell<Vec<String>>>;

/// A window of 1920×1080 with its sample data on a page, and what it told.
fn window(page: Page) -> (AppWindow, Told) {
    i_slint_backend_testing::init_no_event_loop();
    let app = AppWindow::new().unwrap();
    app.window().set_size(PhysicalSize::new(1920, 1080));
    let told: Told = Rc::default();
    let tell = |what: &'static str| {
        let told = Rc::clone(&told);
        move || told.borrow_mut().push(what.to_owned())
    };
    let wall = app.global::<Wall>();
    wall.set_page(page);
    wall.on_touched(tell("touched"));
    wall.on_next_page(tell("next"));
    wall.on_previous_page(tell("previous"));
    let pressed = tell("a card");
    app.global::<Board>().on_select_member(move |_, _, _| pressed());
    let pressed = tell("a tile");
    app.global::<Overview>().on_select_queue(move |_| pressed());
    let sorted = Rc::clone(&told);
    app.global::<Agents>().on_sort(move |column| sorted.borrow_mut().push(format!("{column:?}")));
    app.show().unwrap();
    (app, told)
}

fn send(app: &AppWindow, event: WindowEvent) {
    app.window().dispatch_event(event);
}

/// A finger that goes through the points, one after the other.
fn draw(app: &AppWindow, points: &[(f32, f32)]) {
    let button = PointerEventButton::Left;
    let at = |(x, y): (f32, f32)| LogicalPosition::new(x, y);
    send(app, WindowEvent::PointerMoved { position: at(points[0]) });
    send(app, WindowEvent::PointerPressed { position: at(points[0]), button });
    for point in points {
        send(app, WindowEvent::PointerMoved { position: at(*point) });
    }
    send(app, WindowEvent::PointerReleased { position: at(points[points.len() - 1]), button });
    send(app, WindowEvent::PointerExited);
}

/// The middle of what is labelled so.
fn middle(app: &AppWindow, label: &str) -> (f32, f32) {
    let element = ElementHandle::find_by_accessible_label(app, label).next();
    let element = element.unwrap_or_else(|| panic!("nothing is labelled {label:?}"));
    let (at, size) = (element.absolute_position(), element.size());
    (at.x + size.width / 2.0, at.y + size.height / 2.0)
}

#[test]
fn a_tap_on_empty_ground_holds_and_a_tap_on_a_card_presses_it() {
    let (app, told) = window(Page::Board);
    draw(&app, &[(960.0, 1077.0)]);
    draw(&app, &[middle(&app, "Alice Adams, Talking")]);
    assert_eq!(*told.borrow(), ["touched", "a card"]);
}

#[test]
fn a_finger_drawn_across_turns_the_page_and_presses_nothing() {
    let (app, told) = window(Page::Board);
    let (x, y) = middle(&app, "Alice Adams, Talking");
    draw(&app, &[(x, y), (x + 40.0, y), (x + 160.0, y + 10.0), (x + 300.0, y + 12.0)]);
    draw(&app, &[(x + 300.0, y), (x + 200.0, y), (x + 20.0, y), (x, y)]);
    assert_eq!(*told.borrow(), ["previous", "next"]);
}

#[test]
fn a_short_or_a_steep_stroke_does_not_turn_the_page() {
    let (app, told) = window(Page::Overview);
    let (x, y) = middle(&app, "Sales, 3 callers waiting");
    draw(&app, &[(x, y), (x + 15.0, y), (x + 30.0, y)]);
    assert_eq!(*told.borrow(), ["touched"]);
    told.borrow_mut().clear();
    draw(&app, &[(x, y), (x + 10.0, y + 60.0), (x + 20.0, y + 140.0)]);
    assert!(!told.borrow().iter().any(|what| what == "next" || what == "previous"), "{:?}", told.borrow());
}

#[test]
fn arrow_keys_turn_the_page() {
    let (app, told) = window(Page::Heatmap);
    send(&app, WindowEvent::WindowActiveChanged(true));
    for key in [Key::RightArrow, Key::LeftArrow] {
        send(&app, WindowEvent::KeyPressed { text: key.into() });
        send(&app, WindowEvent::KeyReleased { text: key.into() });
    }
    assert_eq!(*told.borrow(), ["next", "previous"]);
}

#[test]
fn heads_and_totals_sort_the_agents() {
    let (app, told) = window(Page::Agents);
    for label in ["Sort by name", "Sort by no answer", "Sort by paused time", "Sort by speed of answer"] {
        draw(&app, &[middle(&app, label)]);
    }
    let columns = [AgentColumn::Name, AgentColumn::NoAnswer, AgentColumn::Paused, AgentColumn::SpeedOfAnswer];
    assert_eq!(*told.borrow(), columns.map(|column| format!("{column:?}")));
}

#[test]
fn an_agents_line_says_all_of_it_in_words() {
    let (app, _) = window(Page::Agents);
    let said = "Alice Adams, Free, 33 answered, 0 no answer, 1 busy, 0 abandoned";
    assert!(ElementHandle::find_by_accessible_label(&app, said).next().is_some());
    app.global::<Agents>().set_rows(slint::ModelRc::default());
    assert!(ElementHandle::find_by_accessible_label(&app, "Sort by name").next().is_none());
}

#[test]
fn only_a_held_page_says_that_it_stays() {
    let (app, _) = window(Page::Overview);
    let says =
        |app: &AppWindow| ElementHandle::find_by_accessible_label(app, "The page stays").next().is_some();
    assert!(!says(&app));
    app.global::<Wall>().set_stay(Stay::Held);
    assert!(says(&app));
}

#[test]
fn every_agent_is_on_one_part() {
    let (app, _) = window(Page::Agents);
    let row = |at: i32| asterflow_ui::AgentRow { name: format!("Agent {at}").into(), ..Default::default() };
    let rows: Vec<_> = (0..300).map(row).collect();
    app.global::<Agents>().set_rows(slint::ModelRc::new(slint::VecModel::from(rows)));
    let mut seen = Vec::new();
    for part in 0..40 {
        app.global::<Agents>().set_part(part);
        let mut on_it: Vec<i32> = ElementHandle::find_by_element_type_name(&app, "AgentLine")
            .filter_map(|line| line.accessible_label()?.strip_prefix("Agent ")?.parse().ok())
            .collect();
        on_it.sort_unstable();
        assert!(on_it.len() > 20, "part {part} shows only {on_it:?}");
        if seen.first() == on_it.first() {
            break;
        }
        seen.extend(on_it);
    }
    assert_eq!(seen, (0..300).collect::<Vec<_>>());
}

#[test]
fn another_order_begins_with_its_first_part() {
    let (app, _) = window(Page::Agents);
    let row = |at: i32| asterflow_ui::AgentRow { name: format!("Agent {at}").into(), ..Default::default() };
    let agents = app.global::<Agents>();
    agents.set_rows(slint::ModelRc::new(slint::VecModel::from((0..300).map(row).collect::<Vec<_>>())));
    agents.set_round(2);
    agents.set_part(1);
    i_slint_backend_testing::mock_elapsed_time(std::time::Duration::from_millis(10));
    let is_there = || ElementHandle::find_by_accessible_label(&app, "Agent 0").next().is_some();
    assert!(!is_there());
    agents.set_sorted_by(AgentColumn::Talk);
    i_slint_backend_testing::mock_elapsed_time(std::time::Duration::from_millis(10));
    assert!(is_there());
}
