//! Renders pages with sample data into PNG files, so that their look can be judged without a PBX. One picture:
//! `cargo run -p asterflow-ui --example preview -- --page board --size 800x480 --queues 3 --agents 20 --out b.png`,
//! or all of them, with an index: `… -- --gallery FOLDER` (see `make gallery`).
#![allow(missing_docs, clippy::unwrap_used)]

mod agents;
mod desk;
mod draw;
mod floor;
mod gallery;
#[path = "../../../src/kiosk/glyphs.rs"]
mod glyphs;
mod heat;
mod names;
#[path = "../../../src/kiosk/qr.rs"]
mod qr;
mod scene;

use scene::{Scene, Setting};
use slint::{ModelRc, VecModel};

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
    if let Some(folder) = args.value("--gallery") {
        return gallery::draw_all(folder.as_ref(), args.value("--only"));
    }
    let (width, height) = args.value("--size").unwrap_or("1920x1080").split_once('x').ok_or("size is WxH")?;
    let (width, height) = (width.parse()?, height.parse()?);
    let setting = [
        ("--empty", Setting::Empty),
        ("--loading", Setting::Loading),
        ("--lost", Setting::Lost),
        ("--names", Setting::Names),
        ("--before-sync", Setting::BeforeSync),
    ];
    let scene = Scene {
        page: scene::page(args.value("--page").unwrap_or("overview")),
        light: args.has("--light"),
        queues: args.number("--queues").unwrap_or(2),
        agents: args.number("--agents").unwrap_or(6),
        rows: args.number("--rows").unwrap_or(14),
        part: args.number("--part").unwrap_or(0),
        held: args.has("--held"),
        problems: args.has("--problems"),
        setting: setting
            .iter()
            .find(|(word, _)| args.has(word))
            .map_or(Setting::Plain, |(_, setting)| *setting),
    };
    let window = draw::window();
    let app = scene.arrange()?;
    desk::fill(&app, &args);
    let pixels = draw::render(&window, width, height);
    drop(app);
    draw::save(args.value("--out").unwrap_or("preview.png").as_ref(), width, height, &pixels)
}
