//! From the file as written to the configuration as used. Each function reads one section whole, so that one start
//! shows every problem; a section with an error gives `None`.

use std::path::{Path, PathBuf};

use super::raw::Section;
use super::report::Wrong;
use super::secret_file::Places;
use super::validate_alarms::alarms;
use super::validate_pbx::pbxs;
use super::{
    Admin, AdminTls, Config, History, Site, Supervision, SupervisorPhone, Tables, Wall, overlay, values,
};
use crate::domain::account::Role;
use crate::domain::act::{Right, Rights};

/// So many reasons have room on the wall.
const MOST_REASONS: usize = 6;
const DAY: u64 = 86_400;

/// Reads everything. `None` when any part that is needed is missing; the report says why.
pub(super) fn config(root: Section<'_>, places: &Places<'_>) -> Option<Config> {
    let site = site(&root);
    let pbxs = pbxs(&root, places);
    let history = history(&root);
    let alarms = alarms(&root, pbxs.as_deref());
    let wall = wall(&root);
    let supervisor_phones = supervisor_phones(&root);
    let supervision = supervision(&root);
    let rights = rights(&root);
    let admin = admin(&root, places.base);
    let tables = tables(&root);
    for (key, _) in root.report.overlay.pairs().filter(|(key, _)| !overlay::Overlay::takes(key)) {
        root.report.warning(key, None, overlay::not_daily(key));
    }
    root.finish();
    Some(Config {
        site: site?,
        pbxs: pbxs?,
        history: history?,
        alarms: alarms?,
        wall: wall?,
        supervisor_phones: supervisor_phones?,
        supervision: supervision?,
        rights: rights?,
        admin: admin?,
        tables: tables?,
    })
}

fn site(root: &Section<'_>) -> Option<Site> {
    let section = root.table("site");
    let name = section.text("name", Some("AsterFlow"), values::name);
    let language = section
        .text("language", Some("en"), |text| values::one_of(text, "language", &[("en", String::from("en"))]));
    section.finish();
    Some(Site { name: name?, language: language? })
}

fn history(root: &Section<'_>) -> Option<History> {
    let section = root.table("history");
    let poll = section.text("poll", Some("5s"), |text| values::length(text, 1..=300));
    let keep = section.text("keep", Some("5 years"), |text| values::length(text, DAY..=100 * 365 * DAY));
    let replay_keep =
        section.text("replay_keep", Some("30 days"), |text| values::length(text, 3600..=365 * DAY));
    let service_level = section.text("service_level", Some("20s"), |text| values::length(text, 1..=3600));
    let short_abandon = section.text("short_abandon", Some("5s"), |text| values::length(text, 0..=300));
    let wrap_up = section.text("wrap_up", Some("0s"), |text| values::length(text, 0..=3600));
    section.finish();
    let seconds = |length: std::time::Duration| u32::try_from(length.as_secs()).ok();
    Some(History {
        poll: poll?,
        keep: keep?,
        replay_keep: replay_keep?,
        service_level_seconds: seconds(service_level?)?,
        short_abandon_seconds: seconds(short_abandon?)?,
        wrap_up_seconds: seconds(wrap_up?)?,
    })
}

fn wall(root: &Section<'_>) -> Option<Wall> {
    let section = root.table("wall");
    let pages = section.list("pages", Some(&["overview", "board", "heatmap"]), values::page);
    let rotate_every = section.text("rotate_every", Some("20s"), values::rotation);
    let theme = section.text("theme", Some("dark"), values::theme);
    let reasons = section.list("pause_reasons", Some(&["Lunch", "Break", "Meeting"]), values::pause_reason);
    if let Some(pages) = &pages {
        let line = section.line_of("pages");
        if pages.is_empty() {
            let wrong = Wrong::new("The wall has no page.", "Name at least one, such as \"overview\".");
            section.report.error(&section.key("pages"), line, wrong);
        } else if (1..pages.len()).any(|index| pages[..index].contains(&pages[index])) {
            let wrong = Wrong::new("A page is named twice.", "Name each page once.");
            section.report.warning(&section.key("pages"), line, wrong);
        }
    }
    if reasons.as_ref().is_some_and(|reasons| reasons.len() > MOST_REASONS) {
        let wrong = Wrong::new(
            format!("There are more than {MOST_REASONS} reasons: the wall has no room for them."),
            "Keep those that are used most; the API takes any.",
        );
        section.report.error(&section.key("pause_reasons"), section.line_of("pause_reasons"), wrong);
    }
    section.finish();
    Some(Wall { pages: pages?, rotate_every: rotate_every?, theme: theme?, pause_reasons: reasons? })
}

fn rights(root: &Section<'_>) -> Option<Rights> {
    let section = root.table("rights");
    let least = |key: &'static str| {
        let words = [("supervisor", Some(Role::Supervisor)), ("admin", Some(Role::Admin)), ("nobody", None)];
        section.text(key, Some("supervisor"), |text| values::one_of(text, "right", &words))
    };
    let [pause, members, callers, hang_up] = Right::ALL.map(|right| least(right.key()));
    section.finish();
    Some(Rights { pause: pause?, members: members?, callers: callers?, hang_up: hang_up? })
}

fn supervisor_phones(root: &Section<'_>) -> Option<Vec<SupervisorPhone>> {
    let mut phones: Vec<SupervisorPhone> = Vec::new();
    let mut whole = true;
    for section in root.tables("supervisor_phone") {
        let extension =
            section.required("extension", "Write the number that rings the phone.", values::extension);
        let channel =
            section.required("channel", "Write the phone's channel, such as \"PJSIP/201\".", values::channel);
        let name = section.text("name", None, values::name);
        let named = section.has("name");
        for (key, value, taken) in [
            ("extension", &extension, phones.iter().map(|phone| &phone.extension).collect::<Vec<_>>()),
            ("channel", &channel, phones.iter().map(|phone| &phone.channel).collect()),
        ] {
            if let Some(value) = value.as_ref().filter(|value| taken.contains(value)) {
                let wrong = Wrong::new(
                    format!("Two supervisor phones have the {key} \"{value}\"."),
                    "Keep one of them, or correct the other.",
                );
                section.report.error(&section.key(key), section.line_of(key), wrong);
            }
        }
        section.finish();
        match (extension, channel) {
            (Some(extension), Some(channel)) if name.is_some() || !named => {
                let name = name.unwrap_or_else(|| format!("Phone {extension}"));
                phones.push(SupervisorPhone { extension, channel, name });
            }
            _ => whole = false,
        }
    }
    whole.then_some(phones)
}

fn supervision(root: &Section<'_>) -> Option<Supervision> {
    let section = root.table("supervision");
    let longest = section.text("longest", Some("1h"), |text| values::length(text, 10..=DAY));
    section.finish();
    Some(Supervision { longest: longest? })
}

#[derive(Clone, Copy)]
enum TlsWord {
    SelfSigned,
    Files,
    Off,
}

fn admin(root: &Section<'_>, base: &Path) -> Option<Admin> {
    let section = root.table("admin");
    let listen = section.text("listen", Some("0.0.0.0:8443"), values::listen);
    let hosts = section.list("hosts", Some(&[]), values::web_host);
    let word = section.text("tls", Some("self-signed"), |text| {
        values::one_of(
            text,
            "protection",
            &[("self-signed", TlsWord::SelfSigned), ("files", TlsWord::Files), ("off", TlsWord::Off)],
        )
    });
    let certificate = section.text("certificate_file", None, |text| readable(base, text));
    let key = section.text("key_file", None, |text| readable(base, text));
    let tls = match word {
        Some(TlsWord::SelfSigned) => Some(AdminTls::SelfSigned),
        Some(TlsWord::Files) => {
            for missing in ["certificate_file", "key_file"].into_iter().filter(|key| !section.has(key)) {
                let wrong = Wrong::new(
                    format!("With tls = \"files\", \"{missing}\" is missing."),
                    "Write the path of the PEM file.",
                );
                section.report.error(&section.key(missing), section.line_of("tls"), wrong);
            }
            certificate.zip(key).map(|(certificate, key)| AdminTls::Files { certificate, key })
        }
        Some(TlsWord::Off) => off_on_loopback(&section, listen),
        None => None,
    };
    section.finish();
    Some(Admin { listen: listen?, hosts: hosts?, tls: tls? })
}

fn off_on_loopback(section: &Section<'_>, listen: Option<std::net::SocketAddr>) -> Option<AdminTls> {
    if listen.is_none_or(|listen| listen.ip().is_loopback()) {
        return Some(AdminTls::Off);
    }
    let wrong = Wrong::new(
        "Without TLS, passwords would cross the network in the clear.",
        "Write tls = \"self-signed\", or listen = \"127.0.0.1:8080\".",
    );
    section.report.error(&section.key("tls"), section.line_of("tls"), wrong);
    None
}

/// A file that is there now.
pub(super) fn readable(base: &Path, text: &str) -> Result<PathBuf, Wrong> {
    let path = base.join(text);
    match std::fs::File::open(&path).and_then(|file| file.metadata()) {
        Ok(about) if about.is_file() => Ok(path),
        Ok(_) => Err(Wrong::new(format!("{} is no file.", path.display()), "Name a PEM file.")),
        Err(error) => Err(Wrong::new(
            format!("The file {} cannot be read: {error}.", path.display()),
            "Put the PEM file there, readable by the user that runs asterflow.",
        )),
    }
}

fn tables(root: &Section<'_>) -> Option<Tables> {
    let section = root.table("tables");
    let allow = section.list("allow", Some(&[]), values::table);
    let read_only = section.list("read_only", Some(&["cdr", "queue_log", "ps_contacts"]), values::table);
    section.finish();
    Some(Tables { allow: allow?, read_only: read_only? })
}
