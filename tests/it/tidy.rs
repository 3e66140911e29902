//! Holds the walls: which module may use what, how long a file may be, and which crates belong where.

use std::path::{Path, PathBuf};

/// A file may be this long at most; 400 is the aim.
const LONGEST: usize = 400;

/// Module → what its files may not name.
const WALLS: &[(&str, &[&str])] = &[
    (
        "domain",
        &[
            "crate::pbx",
            "crate::store",
            "crate::tasks",
            "crate::views",
            "crate::config",
            "crate::clock",
            "tokio",
            "tracing",
        ],
    ),
    ("views", &["crate::pbx", "crate::store", "crate::tasks", "crate::config", "crate::clock", "tokio"]),
    ("config", &["crate::pbx", "crate::store", "crate::tasks", "crate::views", "std::net::TcpStream"]),
    ("pbx", &["crate::store", "crate::tasks", "crate::views", "crate::admin", "crate::kiosk"]),
    ("store", &["crate::pbx", "crate::tasks", "crate::views", "crate::config"]),
    ("tasks", &["crate::kiosk", "crate::admin", "crate::panel", "crate::views"]),
    ("kiosk", &["crate::pbx", "crate::store", "crate::admin", "crate::panel"]),
    ("admin", &["crate::pbx", "crate::store", "crate::kiosk", "crate::panel"]),
    ("sim", &["crate::pbx", "crate::store", "crate::tasks", "crate::views", "crate::admin", "crate::kiosk"]),
];

/// Crate → the folders or files that may use it.
const HOMES: &[(&str, &[&str])] = &[
    ("sqlx", &["pbx", "sim"]),
    ("rusqlite", &["store"]),
    ("slint", &["kiosk"]),
    ("asterflow_ui", &["kiosk"]),
    ("axum", &["admin"]),
    ("hyper", &["admin"]),
    ("embedded_graphics", &["panel"]),
    ("zbus", &["os"]),
    ("systemd", &["os"]),
    ("anyhow", &["main.rs", "daemon.rs", "cli.rs", "daemon", "cli"]),
];

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|kind| kind == "rs" || kind == "slint") {
            found.push(path);
        }
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read_all(folder: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    sources(&root().join(folder), &mut found);
    let relative = |path: &Path| path.strip_prefix(root()).expect("inside").to_string_lossy().into_owned();
    found.iter().map(|path| (relative(path), std::fs::read_to_string(path).expect("text"))).collect()
}

#[test]
fn no_source_file_is_too_long() {
    let long: Vec<String> = ["src", "ui", "tests"]
        .iter()
        .flat_map(|folder| read_all(folder))
        .filter(|(_, text)| text.lines().count() > LONGEST)
        .map(|(path, text)| format!("{path}: {} lines", text.lines().count()))
        .collect();
    assert!(long.is_empty(), "split these: {long:#?}");
}

#[test]
fn modules_use_only_what_their_layer_allows() {
    let mut broken = Vec::new();
    for (path, text) in read_all("src") {
        let module = path.trim_start_matches("src/").split('/').next().unwrap_or_default();
        // A test bench may reach for what the module itself may not.
        if path.contains("/tests") {
            continue;
        }
        if module != "sim" && module != "cli" && text.contains("crate::sim") {
            broken.push(format!("{path}: the simulation is the demo's alone"));
        }
        let banned = WALLS.iter().filter(|(name, _)| *name == module).flat_map(|(_, banned)| *banned);
        for word in banned {
            for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                if line.contains(&format!("{word}::")) || line.contains(&format!("use {word}")) {
                    broken.push(format!("{path}: {}", line.trim()));
                }
            }
        }
    }
    assert!(broken.is_empty(), "these reach over a wall: {broken:#?}");
}

#[test]
fn crates_stay_in_their_homes() {
    let mut strays = Vec::new();
    for (path, text) in read_all("src") {
        let module = path.trim_start_matches("src/").split('/').next().unwrap_or_default();
        for (name, homes) in HOMES.iter().filter(|(_, homes)| !homes.contains(&module)) {
            for line in text.lines().filter(|line| !line.trim_start().starts_with("//")) {
                let words = line.split(|c: char| !(c.is_alphanumeric() || c == '_'));
                let used = line.contains(&format!("{name}::")) && words.clone().any(|word| word == *name);
                if used
                    && !line.contains(&format!("crate::{name}"))
                    && !line.contains(&format!("{name}::{name}"))
                {
                    strays.push(format!("{path}: {} (allowed in {homes:?})", line.trim()));
                }
            }
        }
    }
    assert!(strays.is_empty(), "{strays:#?}");
}
