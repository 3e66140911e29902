//! Renders a page with sample data into a PNG, so that its look can be judged without a PBX:
//! `cargo run -p asterflow-ui --example preview -- --page board --size 800x480 --queues 3 --agents 20 --out b.png`
#![allow(missing_docs, clippy::unwrap_used)]

mod desk;
mod draw;
mod floor;
mod heat;

use asterflow_ui::*;
use slint::{ComponentHandle, ModelRc, VecModel};

pub fn model<T: Clone + 'static>(rows: Vec<T>) -> ModelRc<T> {
    ModelRc::new(VecModel::from(rows))
}

pub struct Args(Vec<String>);
impl Args {
    pub fn value(&self, name: &str) -> Option<&str> {
        let at = self.0.iter().position(|word| word == name)?;
        self.0.get(at + 1).map(String::as_str)
    }
    pub fn number(&self, name: &str) -> Option<usize> {
        self.value(name)?.parse().ok()
    }
    pub fn has(&self, name: &str) -> bool {
        self.0.iter().any(|word| word == name)
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let args = Args(std::env::args().skip(1).collect());
    let (width, height) = args.value("--size").unwrap_or("1920x1080").split_once('x').ok_or("size is WxH")?;
    let window = draw::window();
    let app = AppWindow::new()?;
    let wall = app.global::<Wall>();
    wall.set_page(match args.value("--page").unwrap_or("overview") {
        "board" => Page::Board,
        "heatmap" => Page::Heatmap,
        "setup" => Page::Setup,
        _ => Page::Overview,
    });
    app.global::<Theme>().set_light(args.has("--light"));
    if args.number("--queues").is_some() || args.number("--agents").is_some() {
        let queues = args.number("--queues").unwrap_or(2);
        floor::fill(&app, queues, args.number("--agents").unwrap_or(6));
    }
    if args.has("--empty") {
        app.global::<Overview>().set_queues(model(vec![]));
        app.global::<Board>().set_queues(model(vec![]));
    }
    wall.set_loading(args.has("--loading"));
    if args.has("--lost") {
        floor::lose(&app);
    }
    if args.has("--problems") {
        wall.set_problems(app.global::<Setup>().get_problems());
    }
    if let Some(part) = args.number("--part") {
        app.global::<Board>().set_part(part as i32);
        app.global::<Overview>().set_part(part as i32);
    }
    heat::fill(&app, args.number("--rows").unwrap_or(14));
    desk::fill(&app, &args);
    app.show()?;
    let (width, height) = (width.parse()?, height.parse()?);
    let pixels = draw::render(&window, width, height);
    draw::save(args.value("--out").unwrap_or("preview.png"), width, height, &pixels)?;
    Ok(())
}
