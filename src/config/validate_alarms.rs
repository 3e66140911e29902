//! `[alarms]` and `[[alarms.queue]]`: limits in two steps, and quiet hours. A queue takes what it does not say from
//! `[alarms]`, which takes what it does not say from the defaults.

use crate::domain::alarm::{Kind, Limit, Limits, Quiet, Rules, Settings, Span, Step};
use crate::domain::ids::{PbxName, QueueName};

use super::raw::Section;
use super::report::Wrong;
use super::{Pbx, values};

/// Most callers in a limit.
const CALLERS: u32 = 10_000;
/// Longest time in a limit, seconds.
const LONGEST: u64 = 86_400;

/// Reads both. `None` when something is wrong; the report says what.
pub(super) fn alarms(root: &Section<'_>, pbxs: Option<&[Pbx]>) -> Option<Settings> {
    let section = root.table("alarms");
    let (all, shown) = rules(&section, &Rules::default(), true);
    let mut queues: Vec<(Option<PbxName>, QueueName, Rules)> = Vec::new();
    let mut whole = shown;
    for own in section.tables("queue") {
        let name = own.required("name", "Write the queue's name as the PBX has it.", values::name);
        let pbx = own.text("pbx", None, |text| known(text, pbxs));
        let named = own.has("pbx");
        let (rules, good) = rules(&own, &all, false);
        let name = name.map(QueueName::new);
        if let Some(name) =
            name.as_ref().filter(|name| queues.iter().any(|(of, held, _)| *of == pbx && held == *name))
        {
            let wrong = Wrong::new(
                format!("The queue \"{name}\" has alarms of its own twice."),
                "Put both into one section, or say with \"pbx\" whose queue each is.",
            );
            own.report.error(&own.key("name"), own.line_of("name"), wrong);
            whole = false;
        }
        own.finish();
        match name {
            Some(name) if good && (pbx.is_some() || !named) => queues.push((pbx, name, rules)),
            _ => whole = false,
        }
    }
    section.finish();
    whole.then_some(Settings { all, queues })
}

/// The rules of a section, and whether all that it says is good. With `shown`, defaults are told as origins.
fn rules(section: &Section<'_>, from: &Rules, shown: bool) -> (Rules, bool) {
    let mut rules = from.clone();
    let mut good = true;
    for kind in [Kind::Waiting, Kind::LongestWait, Kind::ServiceLevel, Kind::NoAgentFree] {
        match limit(section, kind, from.limits.of(kind), shown) {
            Some(limit) => set(&mut rules.limits, kind, limit),
            None => good = false,
        }
    }
    let default = |text: &'static str| shown.then_some(text);
    if section.has("hold") || shown {
        let hold = section.text("hold", default("10s"), |text| values::length(text, 0..=3600));
        match hold.and_then(|hold| u32::try_from(hold.as_secs()).ok()) {
            Some(hold) => rules.hold_seconds = hold,
            None => good = false,
        }
    }
    if section.has("service_level_from") || shown {
        match section.figure("service_level_from", default("10"), |text| whole(text, 1, CALLERS, "visits")) {
            Some(from) => rules.service_level_from = from,
            None => good = false,
        }
    }
    if section.has("quiet") || shown {
        match section.list("quiet", shown.then_some(&[]), span) {
            Some(spans) => rules.quiet = Quiet(spans),
            None => good = false,
        }
    }
    (rules, good)
}

fn set(limits: &mut Limits, kind: Kind, limit: Limit) {
    match kind {
        Kind::NoAgentFree => limits.no_agent_free = limit,
        Kind::LongestWait => limits.longest_wait = limit,
        Kind::Waiting => limits.waiting = limit,
        Kind::ServiceLevel => limits.service_level = limit,
    }
}

/// Both steps of a kind.
fn limit(section: &Section<'_>, kind: Kind, from: Limit, shown: bool) -> Option<Limit> {
    if section.is_off(kind.as_str()) {
        return Some(Limit::default());
    }
    let steps = section.table(kind.as_str());
    let step = |step: Step| {
        if !steps.has(step.as_str()) && !shown {
            return Some(from.of(step));
        }
        let default = from.of(step).map_or_else(|| "off".to_owned(), |limit| written(kind, limit));
        steps.figure(step.as_str(), Some(default.as_str()), |text| figure(kind, text))
    };
    let (warning, critical) = (step(Step::Warning), step(Step::Critical));
    let line = steps.line_of(Step::Critical.as_str());
    let (key, report) = (section.key(kind.as_str()), section.report);
    steps.finish();
    let limit = Limit { warning: warning?, critical: critical? };
    let (Some(mild), Some(hard)) = (limit.warning, limit.critical) else { return Some(limit) };
    let falls = kind == Kind::ServiceLevel;
    if (falls && hard <= mild) || (!falls && hard >= mild) {
        return Some(limit);
    }
    let wrong = Wrong::new(
        format!(
            "The critical step ({}) would be reached before the warning ({}).",
            written(kind, hard),
            written(kind, mild)
        ),
        if falls {
            "Write a critical share that is not higher than that of the warning."
        } else {
            "Write a critical limit that is not lower than that of the warning."
        },
    );
    report.error(&key, line, wrong);
    None
}

/// A limit as it is written.
fn written(kind: Kind, limit: u32) -> String {
    match kind {
        Kind::Waiting => limit.to_string(),
        Kind::ServiceLevel => format!("{limit} %"),
        Kind::LongestWait | Kind::NoAgentFree => {
            super::duration::shown(std::time::Duration::from_secs(u64::from(limit)))
        }
    }
}

/// A limit in the unit of its kind; `None` for "off".
fn figure(kind: Kind, text: &str) -> Result<Option<u32>, Wrong> {
    if text == "off" {
        return Ok(None);
    }
    let or_off = |wrong: Wrong| Wrong::new(wrong.sentence, format!("{} Or \"off\".", wrong.cure));
    let limit = match kind {
        Kind::Waiting => whole(text, 1, CALLERS, "callers"),
        Kind::ServiceLevel => share(text),
        Kind::LongestWait | Kind::NoAgentFree => values::length(text, 1..=LONGEST)
            .map(|length| u32::try_from(length.as_secs()).unwrap_or(u32::MAX)),
    };
    limit.map(Some).map_err(or_off)
}

fn whole(text: &str, least: u32, most: u32, what: &str) -> Result<u32, Wrong> {
    text.parse().ok().filter(|number| (least..=most).contains(number)).ok_or_else(|| {
        Wrong::new(
            format!("\"{}\" is no number of {what}.", text.escape_debug()),
            format!("Write a whole number from {least} to {most}."),
        )
    })
}

/// `80 %`, `80%` or `80`.
fn share(text: &str) -> Result<u32, Wrong> {
    let bare = text.strip_suffix('%').unwrap_or(text).trim_end();
    bare.parse().ok().filter(|percent| (1..=100).contains(percent)).ok_or_else(|| {
        Wrong::new(format!("\"{}\" is no share.", text.escape_debug()), "Write percent, such as \"80 %\".")
    })
}

fn span(text: &str) -> Result<Span, Wrong> {
    Span::parse(text).map_err(|why| {
        Wrong::new(
            format!("\"{}\" is no span of quiet hours: {why}.", text.escape_debug()),
            "Write days and hours of the PBX's clock, such as \"Mon-Fri 20:00-07:00\", \"Sat,Sun\" or \"22:00-06:00\".",
        )
    })
}

/// The name of a PBX of this file.
fn known(text: &str, pbxs: Option<&[Pbx]>) -> Result<PbxName, Wrong> {
    let name = values::pbx_name(text)?;
    // Where the PBXs themselves have problems, their names are not known here.
    let Some(pbxs) = pbxs.filter(|pbxs| pbxs.iter().all(|pbx| pbx.name != name)) else { return Ok(name) };
    let names: Vec<String> = pbxs.iter().map(|pbx| format!("\"{}\"", pbx.name)).collect();
    Err(Wrong::new(
        format!("There is no PBX \"{name}\" in this file."),
        format!("Write {}, or leave \"pbx\" out.", names.join(" or ")),
    ))
}
