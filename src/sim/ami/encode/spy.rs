//! Events of listening: the answer to an Originate, ChanSpy, keys.

use super::text::{Class, Text, or_unknown};
use crate::sim::pbx::{Channel, Millis};

/// ChanSpy begins or ends.
pub(super) fn spying(name: &str, spyer: &Channel, spyee: &Channel, at: Option<Millis>) -> Text {
    let mut text = Text::event(name, Class::Call, at);
    text.channel("Spyer", spyer);
    text.channel("Spyee", spyee);
    text
}

/// A key was heard.
pub(super) fn key(channel: &Channel, digit: char, duration_ms: u32, at: Option<Millis>) -> Text {
    let mut text = Text::event("DTMFEnd", Class::Dtmf, at);
    text.channel("", channel);
    text.put("Digit", digit);
    text.put("DurationMs", duration_ms);
    text.put("Direction", "Received");
    text
}

/// What an Originate was asked for, and what came of it.
pub(super) struct Originated<'a> {
    pub(super) action_id: &'a str,
    pub(super) answered: bool,
    pub(super) reason: u8,
    pub(super) channel: &'a str,
    pub(super) application: &'a str,
    pub(super) data: &'a str,
    pub(super) uniqueid: &'a str,
    pub(super) caller_id: &'a str,
}

/// An Originate came out.
pub(super) fn originated(what: &Originated<'_>, at: Option<Millis>) -> Text {
    let (name, number) = split_caller_id(what.caller_id);
    let mut text = Text::event("OriginateResponse", Class::Call, at);
    text.action_id(what.action_id);
    text.put("Response", if what.answered { "Success" } else { "Failure" });
    text.put("Channel", what.channel);
    text.put("Application", what.application);
    text.put("Data", what.data);
    text.put("Reason", what.reason);
    text.put("Uniqueid", or_unknown(what.uniqueid));
    text.put("CallerIDNum", or_unknown(number));
    text.put("CallerIDName", or_unknown(name));
    text
}

/// `"Alice" <101>` → name and number; a bare text is a number when it has only digits, else a name.
fn split_caller_id(text: &str) -> (&str, &str) {
    let text = text.trim();
    match text.rsplit_once('<') {
        Some((name, number)) => (name.trim().trim_matches('"'), number.trim_end_matches('>').trim()),
        None if text.bytes().all(|byte| byte.is_ascii_digit()) => ("", text),
        None => (text.trim_matches('"'), ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_caller_id_has_a_name_and_a_number() {
        assert_eq!(split_caller_id("\"Listen: Alice\" <101>"), ("Listen: Alice", "101"));
        assert_eq!(split_caller_id("Spy <*>"), ("Spy", "*"));
        assert_eq!(split_caller_id("101"), ("", "101"));
        assert_eq!(split_caller_id("Alice"), ("Alice", ""));
    }
}
