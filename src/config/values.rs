//! The readers of single values: text in, the type as used out, or what is wrong and what to write instead.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::tz::TimeZone;

use crate::domain::ids::PbxName;

use super::report::Wrong;
use super::{HostPort, Page, Theme, duration};
use crate::domain::suggest;

/// Longest name that is shown or kept.
const NAME_LETTERS: usize = 64;
/// Words that switch the rotation of the wall off.
const NEVER: [&str; 3] = ["never", "off", "none"];

/// Text for people: not empty, not long, without control characters.
pub(super) fn name(text: &str) -> Result<String, Wrong> {
    let text = text.trim();
    let letters = text.chars().count();
    if letters == 0 || letters > NAME_LETTERS || text.chars().any(char::is_control) {
        return Err(Wrong::new(
            "The name is empty, too long or has control characters.",
            format!("Write a name of 1 to {NAME_LETTERS} letters."),
        ));
    }
    Ok(text.to_owned())
}

/// A reason for a pause: what Asterisk and queue_log can hold.
pub(super) fn pause_reason(text: &str) -> Result<String, Wrong> {
    let reason = name(text)?;
    if reason.contains('|') || reason.len() > 40 {
        return Err(Wrong::new(
            format!("\"{reason}\" is no reason for a pause."),
            "Write at most 40 letters, without a | (queue_log separates its columns by it).",
        ));
    }
    Ok(reason)
}

/// A word without blanks and control characters: user names, database names, tables.
pub(super) fn word(text: &str) -> Result<String, Wrong> {
    if text.is_empty() || text.len() > 128 || text.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return Err(Wrong::new(
            "The value is empty, too long or has blanks.",
            "Write it as the PBX knows it, in one word.",
        ));
    }
    Ok(text.to_owned())
}

/// `table` or `schema.table`.
pub(super) fn table(text: &str) -> Result<String, Wrong> {
    let parts = text.split('.').count();
    if parts > 2 || text.split('.').any(str::is_empty) {
        return Err(Wrong::new(
            format!("\"{text}\" names no table."),
            "Write table or schema.table, without quotes.",
        ));
    }
    word(text)
}

/// The name of a PBX: a key, a part of file names and of addresses.
pub(super) fn pbx_name(text: &str) -> Result<PbxName, Wrong> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    if text.is_empty() || text.len() > 32 || text.starts_with('.') || !text.chars().all(plain) {
        return Err(Wrong::new(
            format!("\"{}\" is no name for a PBX.", text.escape_debug()),
            "Write 1 to 32 letters, digits, dashes, dots or underscores, such as \"pbx\".",
        ));
    }
    Ok(PbxName::new(text))
}

/// An IANA time zone.
pub(super) fn zone(text: &str) -> Result<(TimeZone, String), Wrong> {
    let found = TimeZone::get(text).ok().filter(|_| !text.is_empty());
    found.map(|zone| (zone, text.to_owned())).ok_or_else(|| {
        let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let cure = match suggest::nearest(text, names.iter().map(String::as_str)) {
            Some(near) => format!("Did you mean \"{near}\"?"),
            None => "Write the zone of the PBX's clock, such as \"Europe/Berlin\" or \"UTC\".".into(),
        };
        Wrong::new(format!("\"{}\" is no time zone.", text.escape_debug()), cure)
    })
}

/// `host:port`, an IPv6 address in brackets; `usual` is the port named in the cure.
pub(super) fn host_port(text: &str, usual: u16) -> Result<HostPort, Wrong> {
    let shown = text.escape_debug();
    let cure = format!("Write a name or address and a port, such as \"pbx.example:{usual}\".");
    if !text.contains(':') {
        return Err(Wrong::new(format!("\"{shown}\" has no port."), cure));
    }
    let split = match text.strip_prefix('[') {
        Some(rest) => rest.split_once("]:").filter(|(host, _)| host.parse::<std::net::Ipv6Addr>().is_ok()),
        None => text.split_once(':').filter(|(host, port)| !port.contains(':') && host_name(host)),
    };
    let Some((host, port)) = split else {
        return Err(Wrong::new(format!("\"{shown}\" is no host and port."), cure));
    };
    match port.parse::<u16>() {
        Ok(port) if port > 0 => Ok(HostPort { host: host.to_owned(), port }),
        _ => Err(Wrong::new(format!("The port of \"{shown}\" is not from 1 to 65535."), cure)),
    }
}

/// A host name or IPv4 address by its letters.
fn host_name(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    !text.is_empty() && text.len() <= 253 && !text.starts_with(['-', '.']) && text.chars().all(plain)
}

/// A host name that the web page accepts, in lower case.
pub(super) fn web_host(text: &str) -> Result<String, Wrong> {
    if host_name(text) {
        return Ok(text.to_ascii_lowercase());
    }
    Err(Wrong::new(
        format!("\"{}\" is no host name.", text.escape_debug()),
        "Write the name alone, without https:// and without a port.",
    ))
}

/// A duration inside `range` seconds.
pub(super) fn length(text: &str, range: RangeInclusive<u64>) -> Result<Duration, Wrong> {
    let bounds = || {
        let shown = |seconds: &u64| duration::shown(Duration::from_secs(*seconds));
        format!("Write a duration from {} to {}.", shown(range.start()), shown(range.end()))
    };
    match duration::parse(text) {
        Ok(length) if range.contains(&length.as_secs()) => Ok(length),
        Ok(_) => Err(Wrong::new(format!("\"{}\" is out of range.", text.escape_debug()), bounds())),
        Err(why) => Err(Wrong::new(
            format!("\"{}\" is no duration: {why}.", text.escape_debug()),
            "Write a number with a unit, such as \"5s\", \"30 days\" or \"5 years\".",
        )),
    }
}

/// How long a page stays; `None` for never turning.
pub(super) fn rotation(text: &str) -> Result<Option<Duration>, Wrong> {
    if NEVER.contains(&text) {
        return Ok(None);
    }
    length(text, 3..=86_400).map(Some).map_err(|wrong| {
        let cure = format!("{} Or \"never\".", wrong.cure);
        Wrong::new(wrong.sentence, cure)
    })
}

/// A page of the wall.
pub(super) fn page(text: &str) -> Result<Page, Wrong> {
    one_of(
        text,
        "page",
        &[
            ("overview", Page::Overview),
            ("board", Page::Board),
            ("heatmap", Page::Heatmap),
            ("agents", Page::Agents),
        ],
    )
}

/// The wall's colours.
pub(super) fn theme(text: &str) -> Result<Theme, Wrong> {
    one_of(text, "theme", &[("dark", Theme::Dark), ("light", Theme::Light), ("by-hour", Theme::ByHour)])
}

/// One of a few words.
pub(super) fn one_of<T: Clone>(text: &str, what: &str, words: &[(&str, T)]) -> Result<T, Wrong> {
    if let Some((_, value)) = words.iter().find(|(word, _)| *word == text) {
        return Ok(value.clone());
    }
    let cure = match suggest::nearest(text, words.iter().map(|(word, _)| *word)) {
        Some(near) => format!("Did you mean \"{near}\"?"),
        None => {
            let list: Vec<String> = words.iter().map(|(word, _)| format!("\"{word}\"")).collect();
            format!("Write {}.", list.join(" or "))
        }
    };
    Err(Wrong::new(format!("\"{}\" is no {what}.", text.escape_debug()), cure))
}

/// What a supervisor dials as.
pub(super) fn extension(text: &str) -> Result<String, Wrong> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '*' | '#');
    if text.is_empty() || text.len() > 40 || !text.chars().all(plain) {
        return Err(Wrong::new(
            format!("\"{}\" is no extension.", text.escape_debug()),
            "Write the number that rings the phone, such as \"201\".",
        ));
    }
    Ok(text.to_owned())
}

/// The channel that rings a phone: technology and resource, nothing that could carry options or a second channel.
pub(super) fn channel(text: &str) -> Result<String, Wrong> {
    let resource = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | '@' | ':');
    let good = text.split_once('/').is_some_and(|(technology, rest)| {
        !technology.is_empty()
            && technology.chars().all(|c| c.is_ascii_alphanumeric())
            && !rest.is_empty()
            && text.len() <= 80
            && rest.chars().all(resource)
    });
    if good {
        return Ok(text.to_owned());
    }
    Err(Wrong::new(
        format!("\"{}\" is no channel.", text.escape_debug()),
        "Write technology and endpoint, such as \"PJSIP/201\".",
    ))
}

/// Where the web page listens.
pub(super) fn listen(text: &str) -> Result<SocketAddr, Wrong> {
    text.parse().map_err(|_| {
        Wrong::new(
            format!("\"{}\" is no address and port.", text.escape_debug()),
            "Write an address of this machine and a port, such as \"0.0.0.0:8443\" or \"127.0.0.1:8080\".",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_need_a_port_and_ipv6_its_brackets() {
        for (text, host, port) in [
            ("pbx.example:5039", "pbx.example", 5039),
            ("10.0.0.1:1", "10.0.0.1", 1),
            ("[::1]:5038", "::1", 5038),
        ] {
            let found = host_port(text, 5039).map_err(|wrong| wrong.sentence).expect(text);
            assert_eq!((found.host.as_str(), found.port), (host, port));
        }
        for text in
            ["pbx", "pbx:", "pbx:0", "pbx:65536", ":5038", "::1:5038", "[pbx]:1", "a b:1", "pbx:5038\n"]
        {
            assert!(host_port(text, 5039).is_err(), "{text}");
        }
    }

    #[test]
    fn a_channel_cannot_carry_options_or_a_second_one() {
        for text in ["PJSIP/201", "SIP/desk-1", "PJSIP/201@trunk"] {
            assert!(channel(text).is_ok(), "{text}");
        }
        for text in
            ["201", "PJSIP/", "/201", "PJSIP/201&PJSIP/202", "PJSIP/201,x", "PJSIP/201\r\nAction: x", "P J/2"]
        {
            assert!(channel(text).is_err(), "{text}");
        }
    }
}
