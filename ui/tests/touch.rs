//! What can be touched is found by its label, as a screen reader finds it, and tells Rust what was chosen.
#![allow(missing_docs, clippy::unwrap_used)]

use std::cell::RefCell;
use std::rc::Rc;

use asterflow_ui::{AppWindow, Board, HeatMetric, Heatmap, Overview, Page, Wall};
use i_slint_backend_testing::ElementHandle;
use slint::ComponentHandle;

/// The window with its sample data, and what it told.
fn window() -> (AppWindow, Rc<RefCell<Vec<String>>>) {
    i_slint_backend_testing::init_no_event_loop();
    let app = AppWindow::new().unwrap();
    let told = Rc::new(RefCell::new(Vec::new()));
    let tell = |told: &Rc<RefCell<Vec<String>>>| {
        let told = Rc::clone(told);
        move |what: String| told.borrow_mut().push(what)
    };
    let note = tell(&told);
    app.global::<Wall>().on_show_page(move |page| note(format!("{page:?}")));
    let note = tell(&told);
    app.global::<Board>().on_select_member(move |_, queue, member| note(format!("{queue} {member}")));
    let note = tell(&told);
    app.global::<Overview>().on_select_queue(move |queue| note(queue.to_string()));
    let note = tell(&told);
    app.global::<Heatmap>().on_choose_metric(move |metric| note(format!("{metric:?}")));
    (app, told)
}

fn press(app: &AppWindow, label: &str) {
    let element = ElementHandle::find_by_accessible_label(app, label).next();
    element.unwrap_or_else(|| panic!("nothing is labelled {label:?}")).invoke_accessible_default_action();
}

#[test]
fn a_tab_chooses_its_page() {
    let (app, told) = window();
    press(&app, "Heatmap");
    press(&app, "Queue board");
    assert_eq!(*told.borrow(), [format!("{:?}", Page::Heatmap), format!("{:?}", Page::Board)]);
}

#[test]
fn a_tile_names_its_callers_in_the_right_number() {
    let (app, told) = window();
    press(&app, "VIP, 1 caller waiting");
    press(&app, "Sales, 3 callers waiting");
    assert_eq!(*told.borrow(), ["VIP", "Sales"]);
}

#[test]
fn a_card_selects_its_member() {
    let (app, told) = window();
    app.global::<Wall>().set_page(Page::Board);
    press(&app, "Alice Adams, Talking");
    press(&app, "Γιώργος Παπαδόπουλος, Paused");
    assert_eq!(*told.borrow(), ["Sales PJSIP/101", "Sales PJSIP/104"]);
}

#[test]
fn the_heatmap_says_that_it_is_empty_and_then_offers_its_metrics() {
    let (app, told) = window();
    app.global::<Wall>().set_page(Page::Heatmap);
    assert!(ElementHandle::find_by_accessible_label(&app, "Call volume").next().is_none());
    let row = asterflow_ui::HeatRow { date: "22 Nov".into(), ..Default::default() };
    app.global::<Heatmap>().set_rows(slint::ModelRc::new(slint::VecModel::from(vec![row])));
    press(&app, "Call volume");
    assert_eq!(*told.borrow(), [format!("{:?}", HeatMetric::Calls)]);
}
