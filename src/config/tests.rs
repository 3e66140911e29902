//! The folders of examples: what is valid parses without a problem, what is invalid gives exactly its problems.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::*;

/// A folder with the example and the secrets it names, and one with credentials.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let bench = Self { folder };
        for (name, text, mode) in [
            ("secrets/ami", "manager-secret\n", 0o600),
            ("secrets/database", "database-secret", 0o600),
            ("secrets/ca.pem", "-----BEGIN CERTIFICATE-----", 0o644),
            ("secrets/empty", "\n", 0o600),
            ("secrets/two-lines", "one\ntwo\n", 0o600),
            ("secrets/open", "open", 0o644),
            ("credentials/ami", "credential", 0o600),
            ("credentials/database", "credential", 0o600),
        ] {
            bench.write(name, text, mode);
        }
        bench
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn write(&self, name: &str, text: &str, mode: u32) {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().expect("a parent")).expect("a folder");
        std::fs::write(&path, text).expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).expect("rights");
    }

    fn load(&self, text: &str, overlay: &Overlay) -> Loaded {
        self.write("asterflow.toml", text, 0o600);
        let credentials = self.path("credentials");
        load(&self.path("asterflow.toml"), &self.path("state"), overlay, Some(&credentials))
    }
}

fn examples(folder: &str) -> Vec<(String, String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config").join(folder);
    let mut list = Vec::new();
    for entry in std::fs::read_dir(folder).expect("the folder of examples") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|ending| ending == "toml") {
            let name = path.file_stem().expect("a name").to_string_lossy().into_owned();
            list.push((name, std::fs::read_to_string(&path).expect("an example"), path));
        }
    }
    assert!(list.len() >= 3, "the folder of examples is (nearly) empty");
    list
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

#[test]
fn every_valid_example_parses_without_a_problem() {
    for (name, text, _) in examples("valid") {
        let loaded = Bench::new().load(&text, &Overlay::default());
        assert!(loaded.problems.is_empty(), "{name}:\n{}", lines(&loaded.problems));
        assert!(loaded.config.is_some(), "{name}");
    }
}

#[test]
fn every_invalid_example_gives_exactly_its_problems() {
    for (name, text, path) in examples("invalid") {
        let expected = std::fs::read_to_string(path.with_extension("expect")).expect(&name);
        let loaded = Bench::new().load(&text, &Overlay::default());
        assert!(loaded.config.is_none(), "{name} was accepted");
        let mut left = loaded.problems.clone();
        for line in expected.lines() {
            let (key, part) = line.split_once('|').expect("key | part of the sentence");
            let (key, part) = (key.trim(), part.trim());
            let at = left.iter().position(|p| p.key == key && p.to_string().contains(part));
            let at = at.unwrap_or_else(|| panic!("{name}: no {line}\nin\n{}", lines(&loaded.problems)));
            left.remove(at);
        }
        assert!(left.is_empty(), "{name}: not expected:\n{}", lines(&left));
        for problem in &loaded.problems {
            assert!(!problem.cure.is_empty() && problem.sentence.ends_with(['.', '?']), "{name}: {problem}");
            assert!(!problem.to_string().contains("do-not-show-me"), "{name}: shows a secret");
            assert!(!problem.to_string().contains("hunter2"), "{name}: shows a secret");
        }
    }
}

#[test]
fn the_commented_example_that_ships_is_valid() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("systemd/asterflow.toml");
    let text = std::fs::read_to_string(path).expect("the example");
    let shipped = Bench::new().load(&text, &Overlay::default());
    assert!(shipped.problems.is_empty(), "{}", lines(&shipped.problems));
    // What is commented out are defaults and examples: with one # removed it must be valid too.
    let bench = Bench::new();
    let pem = bench.path("secrets/ca.pem");
    let opened: String = text.lines().map(|line| format!("{}\n", opened(line))).collect();
    let opened = opened
        .replace("/etc/asterflow/pbx-ca.pem", &pem.to_string_lossy())
        .replace("/etc/asterflow/tls/fullchain.pem", &pem.to_string_lossy())
        .replace("/etc/asterflow/tls/key.pem", &pem.to_string_lossy());
    let loaded = bench.load(&opened, &Overlay::default());
    assert!(loaded.problems.is_empty(), "{}\n{opened}", lines(&loaded.problems));
}

fn opened(line: &str) -> &str {
    let bare = line.strip_prefix("# ").unwrap_or(line);
    let is_key = bare.split_once(" = ").is_some_and(|(key, _)| !key.contains(' '));
    if is_key || bare.starts_with("[[") { bare } else { line }
}

#[test]
fn values_arrive_as_written_and_defaults_where_nothing_is_written() {
    let all = examples("valid");
    let text = |name: &str| &all.iter().find(|(held, ..)| held == name).expect(name).1;
    let bench = Bench::new();
    let config = bench.load(text("everything"), &Overlay::default()).config.expect("a configuration");
    let north = &config.pbxs[0];
    assert_eq!(north.name.as_str(), "north");
    assert_eq!(north.zone_name, "Australia/Lord_Howe");
    assert_eq!(north.ami.hosts[1].to_string(), "pbx-b.example:5039");
    assert_eq!(north.ami.secret.expose(), "manager-secret");
    assert_eq!(north.ami.tls, Tls::Verify { ca_file: Some(bench.path("secrets/ca.pem")) });
    let database = north.database.as_ref().expect("a database");
    assert_eq!(database.password.expose(), "database-secret");
    assert_eq!(database.queue_log_table.as_deref(), Some("asteriskcdrdb.queue_log"));
    assert_eq!(config.pbxs[1].ami.secret.expose(), "credential");
    assert!(config.pbxs[1].database.is_none());
    assert_eq!(config.history.short_abandon_seconds, 0);
    let rules = |pbx: &str, queue: &str| config.alarms.rules(&pbx.into(), &queue.into()).clone();
    let all = rules("north", "other").limits;
    assert_eq!(
        (all.waiting.warning, all.waiting.critical, all.longest_wait),
        (Some(3), None, Default::default())
    );
    assert_eq!((all.service_level.warning, all.service_level.critical), (Some(80), Some(50)));
    assert_eq!((rules("north", "other").hold_seconds, rules("north", "other").quiet.0.len()), (0, 2));
    let own = rules("north", "verkauf");
    assert_eq!(
        (own.limits.waiting.warning, own.limits.waiting.critical, own.quiet.0.len()),
        (Some(3), Some(9), 0)
    );
    assert_eq!(rules("south", "Verkauf").limits.no_agent_free, Default::default());
    assert_eq!(config.wall.pages, [Page::Agents, Page::Board]);
    assert_eq!(config.wall.rotate_every, None);
    assert_eq!(config.supervisor_phones[0].name, "Phone 201");
    assert_eq!(config.supervision.longest, Duration::from_secs(1800));
    assert_eq!(config.admin.hosts, ["wall.example"]);
    assert!(!format!("{config:?}").contains("manager-secret"));

    let least = bench.load(text("least"), &Overlay::default()).config.expect("a configuration");
    assert_eq!(least.history.poll, Duration::from_secs(5));
    assert_eq!(least.history.keep, Duration::from_secs(5 * 365 * 86_400));
    assert_eq!(least.history.service_level_seconds, 20);
    assert_eq!(least.wall.pages, [Page::Overview, Page::Board, Page::Heatmap]);
    assert_eq!(
        least.alarms,
        crate::domain::alarm::Settings::default(),
        "what is written as default is the default"
    );
    assert_eq!(least.admin.listen.to_string(), "0.0.0.0:8443");
    assert_eq!(least.tables.read_only, ["cdr", "queue_log", "ps_contacts"]);
}

#[test]
fn the_web_page_wins_over_the_file_for_daily_keys_only() {
    let text = examples("valid").into_iter().find(|(name, ..)| name == "contract").expect("contract").1;
    let pair = |key: &str, value: &str| (key.to_owned(), value.to_owned());
    let overlay = Overlay::new([
        pair("wall.theme", "light"),
        pair("wall.pages", "agents, overview"),
        pair("history.service_level", "45s"),
        pair("wall.rotate_every", "fast"),
        pair("admin.listen", "1.2.3.4:1"),
    ]);
    let loaded = Bench::new().load(&text, &overlay);
    let config = loaded.config.expect("a configuration");
    assert_eq!(config.wall.theme, Theme::Light);
    assert_eq!(config.wall.pages, [Page::Agents, Page::Overview]);
    assert_eq!(config.history.service_level_seconds, 45);
    assert_eq!(config.wall.rotate_every, Some(Duration::from_secs(20)), "a bad value leaves the file's");
    assert_eq!(config.admin.listen.to_string(), "0.0.0.0:8443");
    let keys: Vec<&str> = loaded.problems.iter().map(|problem| problem.key.as_str()).collect();
    assert_eq!(keys, ["wall.rotate_every", "admin.listen"]);
    let source = |key: &str| {
        let found = loaded.origins.iter().find(|origin| origin.key == key);
        found.map(|origin| format!("{} {}", origin.shown, origin.source)).expect(key)
    };
    assert_eq!(source("wall.theme"), "light page");
    assert_eq!(source("history.poll"), "5s file:19");
    assert_eq!(source("history.short_abandon"), "5s default");
    assert!(source("pbx[0].ami.secret").starts_with("*** /"));
    assert!(check_overlay("wall.theme", "light").is_ok());
    assert!(check_overlay("wall.pages", "agents,nothing").is_err());
    assert!(check_overlay("admin.listen", "127.0.0.1:1").is_err());
}

#[test]
fn a_missing_file_is_a_problem_with_a_cure() {
    let bench = Bench::new();
    let loaded = load(&bench.path("nowhere.toml"), &bench.path("state"), &Overlay::default(), None);
    assert!(loaded.config.is_none());
    assert!(loaded.problems[0].sentence.contains("There is no configuration at"), "{:?}", loaded.problems);
    assert!(loaded.problems[0].cure.contains("--config"));
}

#[test]
fn what_was_typed_into_the_web_page_is_found_in_the_state_folder() {
    let bench = Bench::new();
    let text = examples("valid").into_iter().find(|(name, ..)| name == "least").expect("least").1;
    bench.write("asterflow.toml", &text, 0o600);
    let without = load(&bench.path("asterflow.toml"), &bench.path("state"), &Overlay::default(), None);
    assert_eq!(without.problems.len(), 1, "{}", lines(&without.problems));
    bench.write("state/secrets/pbx-ami", "typed", 0o600);
    let with = load(&bench.path("asterflow.toml"), &bench.path("state"), &Overlay::default(), None);
    assert_eq!(with.config.expect("a configuration").pbxs[0].ami.secret.expose(), "typed");
}
