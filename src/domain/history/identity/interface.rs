//! Interfaces as texts: how they are compared, which channels are theirs, and what is none.

use crate::domain::history::row::is_somebody;

/// The form in which interfaces are compared: ASCII lower case, as Asterisk compares them, and Local channels without
/// their options (`Local/101@from-queue/n` is the member `Local/101@from-queue`).
pub fn key(interface: &str) -> String {
    let lower = interface.trim().to_ascii_lowercase();
    if lower.starts_with("local/") { endpoint(&lower).to_owned() } else { lower }
}

/// Without what stands behind a further slash: `PJSIP/101/sip:101@10.0.0.7` → `PJSIP/101`.
pub(super) fn endpoint(interface: &str) -> &str {
    let mut slashes = interface.match_indices('/').map(|(at, _)| at).skip(1);
    slashes.next().map_or(interface, |second| &interface[..second])
}

/// The device that a channel belongs to, whatever its technology, cut at the *last* dash: `PJSIP/101-a-0000002a` →
/// `PJSIP/101-a`.
pub fn device_of(channel: &str) -> Option<&str> {
    channel.trim().rsplit_once('-').map(|(device, _)| device).filter(|device| !device.is_empty())
}

/// The interface that a channel belongs to; `None` for what is no channel's name.
pub fn of_channel(channel: &str) -> Option<&str> {
    device_of(channel).filter(|device| is_interface(device))
}

/// Whether a text of the agent column is an interface and no name: a technology in front of a slash. (`Sales/Support`
/// is as good a name as any.)
pub fn is_interface(text: &str) -> bool {
    const KNOWN: &[&str] = &[
        "PJSIP",
        "SIP",
        "Local",
        "IAX2",
        "IAX",
        "DAHDI",
        "Zap",
        "Agent",
        "SCCP",
        "Skinny",
        "Khomp",
        "Console",
        "Motif",
        "Gtalk",
        "USTM",
        "MGCP",
        "H323",
        "OOH323",
        "mISDN",
        "CAPI",
        "DGV",
        "Dongle",
        "Quectel",
        "Woomera",
        "Phone",
        "Unistim",
        "WebSocket",
        "AudioSocket",
        "Custom",
        "LTP",
        "VPB",
        "XLite",
    ];
    let Some((technology, rest)) = text.trim().split_once('/') else { return false };
    !rest.is_empty() && KNOWN.iter().any(|known| known.eq_ignore_ascii_case(technology))
}

/// An interface in the form in which it is compared, without any options: what is near enough to be looked at.
pub fn base(interface: &str) -> String {
    endpoint(&key(interface)).to_owned()
}

/// Why an administrator's word cannot be taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotMappable {
    /// The interface is a name.
    #[error(
        "\"{0}\" is no interface but a name, and a name is an agent by itself; write the interface as PJSIP/101"
    )]
    Interface(String),
    /// The name is none.
    #[error("\"{0}\" is nobody's name; to let an interface stand for itself, give it as its own name")]
    Name(String),
    /// Longer than anything that is logged.
    #[error(
        "that is longer than 256 bytes, or holds control characters; nothing of that kind is ever logged"
    )]
    Text,
}

/// Checks an administrator's word.
///
/// # Errors
/// When the interface is a name, or the name is nobody's.
pub fn check_word(interface: &str, agent: &str) -> Result<(), NotMappable> {
    if [interface, agent].iter().any(|text| text.len() > 256 || text.chars().any(char::is_control)) {
        return Err(NotMappable::Text);
    }
    if !is_mappable(interface) {
        return Err(NotMappable::Interface(interface.to_owned()));
    }
    let name = agent.trim();
    if !is_somebody(name) || (is_interface(name) && key(name) != key(interface)) {
        return Err(NotMappable::Name(name.to_owned()));
    }
    Ok(())
}

/// Whether the map could speak for a text of the agent column in a row: it names somebody, by an interface.
pub fn is_mappable(text: &str) -> bool {
    is_somebody(text) && is_interface(text)
}

/// Whether a Local interface has the option `n`.
pub(super) fn stays(interface: &str) -> bool {
    let options = interface.trim().get(endpoint(interface.trim()).len()..).unwrap_or_default();
    options.to_ascii_lowercase().contains('n')
}
