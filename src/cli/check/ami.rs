//! What is judged of an AMI login: reached, allowed what is needed, and nothing beyond.

use std::collections::BTreeSet;

use super::Place;
use super::finding::{Finding, Level, clock};
use crate::config::{HostPort, Tls};
use crate::pbx::ami::probe::{Facts, ProbeError};

/// Classes of actions: an action that shows each, and what is off without it.
const WRITE: [(&str, &str, &str); 4] = [
    ("agent", "QueuePause", "pausing, adding and removing members is off"),
    ("call", "PlayDTMF", "hanging up and changing how one listens are off"),
    ("originate", "Originate", "listening to calls is off"),
    ("reporting", "CoreShowChannels", "calls that began before the start stay unknown"),
];
/// Classes of events, and what is off without each.
const READ: [(&str, &str); 4] = [
    ("call", "calls show only once a minute"),
    ("agent", "queues and members show only once a minute"),
    ("system", "restarts of Asterisk are noticed late"),
    ("dtmf", "a change between listening, whispering and barging is not confirmed"),
];
/// What whoever has the secret could do with a class that is not needed.
const DANGERS: [(&str, &str); 6] = [
    ("command", "run any command of Asterisk's console"),
    ("config", "rewrite Asterisk's configuration files"),
    ("system", "unload modules, change the dialplan and Asterisk's own database"),
    ("agi", "run AGI commands on calls"),
    ("message", "send messages to phones"),
    ("user", "send events of their own"),
];

/// Everything about one host.
pub(super) fn judge(
    place: &Place<'_>,
    at: usize,
    host: &HostPort,
    looked: &Result<Facts, ProbeError>,
) -> Vec<Finding> {
    let facts = match looked {
        Ok(facts) => facts,
        Err(error) => return vec![refused(place, at, host, error)],
    };
    let key = host_key(place, at);
    let version = match facts.asterisk_version.as_str() {
        "" => format!("An Asterisk (AMI {})", facts.ami_version),
        version => format!("Asterisk {version}"),
    };
    let user = &place.pbx.ami.username;
    let mut findings =
        vec![Finding::good(key.clone(), format!("{version} at {host} answers and lets {user} in."))];
    findings.push(protection(place, host));
    findings.extend(writing(place, facts));
    findings.extend(reading(place, facts));
    findings.push(clock(key, &format!("the PBX at {host}"), facts.ahead_ms));
    findings.extend(phones(place, facts));
    findings
}

/// The host took longer than everything together may take.
pub(super) fn late(place: &Place<'_>, at: usize, host: &HostPort) -> Finding {
    let sentence = format!("The PBX at {host} answers too slowly: the check was given up after 30 s.");
    let cure = "Look at its load, and at the network between.";
    Finding { is_of_host: true, ..Finding::problem(host_key(place, at), sentence, cure) }
}

fn host_key(place: &Place<'_>, at: usize) -> String {
    let several = place.pbx.ami.hosts.len() > 1;
    place.key(&if several { format!("ami.hosts[{at}]") } else { "ami.hosts".into() })
}

fn refused(place: &Place<'_>, at: usize, host: &HostPort, error: &ProbeError) -> Finding {
    let user = &place.pbx.ami.username;
    match error {
        ProbeError::Refused(said) => Finding::problem(
            place.key("ami.username"),
            format!("The PBX at {host} refuses the AMI user {user} ({said})."),
            format!(
                "Check username and secret against manager.conf, [{user}], and its deny and permit lines; \
                 `asterflow grants --only manager` prints the user as it is needed."
            ),
        ),
        other => {
            let cure = match other {
                ProbeError::Connect(_) => "",
                _ => "Check host and port of [pbx.ami], and what listens there.",
            };
            let sentence = match other {
                ProbeError::Connect(error) => error.to_string(),
                other => format!("{host}: {other}"),
            };
            Finding { is_of_host: true, ..Finding::problem(host_key(place, at), sentence, cure) }
        }
    }
}

fn protection(place: &Place<'_>, host: &HostPort) -> Finding {
    let key = place.key("ami.tls");
    let is_near = host.host == "localhost"
        || host.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback());
    match &place.pbx.ami.tls {
        Tls::Verify { .. } => Finding::good(key, "The link is encrypted, and the certificate is checked."),
        Tls::Off if is_near => Finding::good(key, "The link is in the clear, on this machine only."),
        Tls::Insecure => Finding::warning(
            key,
            "The link is encrypted, but to whoever answers: any certificate is taken.",
            "Write tls = \"verify\" and the PBX's certificate authority as ca_file.",
        ),
        Tls::Off => Finding::warning(
            key,
            "The link is in the clear: names and numbers can be read on the network.",
            "Set tlsenable = yes in manager.conf and tls = \"verify\" here.",
        ),
    }
}

fn add_class(user: &str, kind: &str, class: &str) -> String {
    format!("Add it in manager.conf, [{user}]: {kind} = {class},… and run `manager reload`.")
}

/// What may be done: ListCommands names exactly the actions that the login may use.
fn writing(place: &Place<'_>, facts: &Facts) -> Vec<Finding> {
    let user = &place.pbx.ami.username;
    let key = || place.key("ami.username");
    let listens = !place.config.supervisor_phones.is_empty();
    let mut findings = Vec::new();
    if !facts.commands.contains_key("QueueStatus") {
        findings.push(Finding::problem(
            key(),
            "This Asterisk knows no queues: the action QueueStatus is missing.",
            "Load app_queue (module load app_queue.so), or wait until Asterisk has started.",
        ));
        return findings;
    }
    let mut held = Vec::new();
    for (class, action, effect) in WRITE {
        if facts.commands.contains_key(action) {
            held.push(class);
            continue;
        }
        let sentence = format!("The AMI user {user} lacks write={class}: {effect}.");
        let finding = Finding::problem(key(), sentence, add_class(user, "write", class));
        // Without a phone that may listen nobody is called.
        let is_needed = class != "originate" || listens;
        findings.push(if is_needed { finding } else { Finding { level: Level::Warning, ..finding } });
    }
    if facts.originated == Some(false) {
        findings.push(Finding::problem(
            key(),
            format!("The AMI user {user} has write=originate, but a call that was tried is refused."),
            "Look for [originate] restrictions in manager.conf and in Asterisk's log.",
        ));
    }
    if !held.is_empty() {
        findings.push(Finding::good(key(), format!("{user} has write={}.", held.join(","))));
    }
    // An action of one class only proves that class.
    let alone: BTreeSet<&str> = facts
        .commands
        .values()
        .filter(|classes| classes.len() == 1)
        .map(|classes| classes[0].as_str())
        .filter(|class| !WRITE.iter().any(|(needed, _, _)| needed == class))
        .collect();
    findings.extend(alone.into_iter().map(|class| too_much(place, "write", class)));
    findings
}

fn too_much(place: &Place<'_>, kind: &str, class: &str) -> Finding {
    let user = &place.pbx.ami.username;
    let danger = DANGERS.iter().find(|(known, _)| *known == class && kind == "write");
    let could = danger.map(|(_, danger)| format!(" Whoever has its secret may {danger}."));
    let sentence =
        format!("The AMI user {user} has more than is needed: {kind}={class}.{}", could.unwrap_or_default());
    let cure = format!("Take it away in manager.conf, [{user}], and run `manager reload`.");
    Finding::warning(place.key("ami.username"), sentence, cure)
}

/// What is told: by events that came, by events that had to come and did not, and by manager.conf.
fn reading(place: &Place<'_>, facts: &Facts) -> Vec<Finding> {
    let user = &place.pbx.ami.username;
    let key = || place.key("ami.username");
    let mut findings = Vec::new();
    let mut held = Vec::new();
    let listens = !place.config.supervisor_phones.is_empty();
    for (class, effect) in READ {
        match told(facts, class) {
            Told::Proven => held.push(class.to_owned()),
            Told::Written => held.push(format!("{class} (by manager.conf)")),
            Told::Missing => {
                let sentence = format!("The AMI user {user} lacks read={class}: {effect}.");
                let finding = Finding::problem(key(), sentence, add_class(user, "read", class));
                let is_needed = class != "dtmf" || listens;
                findings.push(if is_needed { finding } else { Finding { level: Level::Warning, ..finding } });
            }
            Told::Silent => findings.push(Finding::problem(
                key(),
                format!(
                    "manager.conf gives {user} read={class}, but an event of it that had to come did not."
                ),
                "Run `manager reload`, and look for eventfilter and disabledevents in manager.conf.",
            )),
            Told::Unknown => findings.push(Finding::warning(
                key(),
                format!("Whether {user} has read={class} could not be tried: no such event came meanwhile."),
                format!("Look into manager.conf, [{user}]: read = call,agent,system,dtmf."),
            )),
        }
    }
    if !held.is_empty() {
        findings.push(Finding::good(key(), format!("{user} has read={}.", held.join(", "))));
    }
    if facts.has_filter {
        findings.push(Finding::warning(
            key(),
            format!("manager.conf filters the events of {user} (eventfilter)."),
            "Take the filter away, unless it lets Queue*, Agent*, channel, bridge and DTMF events pass.",
        ));
    }
    let read = facts.read.iter().flatten().map(String::as_str);
    let beyond = read.filter(|class| !class.is_empty() && !READ.iter().any(|(needed, _)| needed == class));
    findings.extend(beyond.map(|class| too_much(place, "read", class)));
    findings
}

/// How it stands with a class of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// An event of it came.
    Proven,
    /// manager.conf has it.
    Written,
    /// It is not given.
    Missing,
    /// manager.conf has it, and an event that had to come did not.
    Silent,
    /// Nothing tells.
    Unknown,
}

fn told(facts: &Facts, class: &str) -> Told {
    if facts.heard.contains(class) {
        return Told::Proven;
    }
    // FullyBooted is told to every login that reads `system`; the failed call to every one that reads `call`.
    let had_to_come = class == "system" || (class == "call" && facts.originated == Some(true));
    match &facts.read {
        Some(read) => {
            let has = read.iter().any(|word| word == class || word == "all" || word == "on");
            match (has, had_to_come) {
                (false, _) => Told::Missing,
                (true, true) => Told::Silent,
                (true, false) => Told::Written,
            }
        }
        None if had_to_come => Told::Missing,
        None => Told::Unknown,
    }
}

/// Whether the phones that may listen are known and there.
fn phones(place: &Place<'_>, facts: &Facts) -> Vec<Finding> {
    let Some(devices) = &facts.devices else { return Vec::new() };
    let phones = place.config.supervisor_phones.iter().enumerate();
    phones
        .map(|(at, phone)| {
            let key = format!("supervisor_phone[{at}].channel");
            let channel = &phone.channel;
            match devices.get(&channel.to_ascii_lowercase()).map(String::as_str) {
                None | Some("INVALID") => Finding::warning(
                    key,
                    format!("Asterisk knows no phone {channel}."),
                    "Check the channel, or register the phone once.",
                ),
                Some("UNAVAILABLE") => Finding::warning(
                    key,
                    format!("The phone {channel} is not registered: it cannot listen now."),
                    "Switch it on, or check its account.",
                ),
                Some(state) => {
                    let state = state.to_ascii_lowercase().replace('_', " ");
                    Finding::good(key, format!("The phone {channel} is there ({state})."))
                }
            }
        })
        .collect()
}

#[cfg(test)]
pub(super) mod tests;
