//! What a member's phones are, and what their channels are found under. All keys are in lower case.
//!
//! | member | its phones |
//! |---|---|
//! | `PJSIP/101` | `PJSIP/101` |
//! | state interface `PJSIP/101` | that device, whatever the interface is |
//! | state interface `hint:101@ext-local` | the devices of that hint |
//! | state interface `Agent:7` | the phone that agent 7 logged in with |
//! | `Local/103@from-queue/n` alone | unknown: whoever is behind the Local channel of a call |

use smol_str::{SmolStr, StrExt as _, format_smolstr};

use super::event::{HintInfo, MemberInfo};
use super::floor::{Floor, Phones};
use crate::domain::ids::{Interface, QueueName};

/// The endpoint of a channel's name: cut at the last dash, `PJSIP/101-0000002a` → `pjsip/101`. Empty for what is left of
/// a channel after Asterisk put another in its place.
pub(super) fn endpoint_of(channel_name: &str) -> SmolStr {
    if channel_name.ends_with("<ZOMBIE>") {
        return SmolStr::default();
    }
    channel_name.rsplit_once('-').map_or(channel_name, |(base, _)| base).to_ascii_lowercase_smolstr()
}

/// What legs that were offered to a member are found under.
pub(super) fn offered(interface: &Interface) -> SmolStr {
    format_smolstr!("to {}", interface.as_str().to_ascii_lowercase_smolstr())
}

/// What the phone of an agent of app_agent_pool is found under.
pub(super) fn pool(agent: &str) -> SmolStr {
    format_smolstr!("agent:{}", agent.to_ascii_lowercase_smolstr())
}

/// Whether `text` is a Local channel or interface.
pub(super) fn is_local(text: &str) -> bool {
    text.get(..6).is_some_and(|start| start.eq_ignore_ascii_case("local/"))
}

/// `hint:101@ext-local` → `101@ext-local`.
fn hint_of(state_interface: &str) -> Option<SmolStr> {
    let (start, extension) = state_interface.split_at_checked(5)?;
    start.eq_ignore_ascii_case("hint:").then(|| extension.to_ascii_lowercase_smolstr())
}

/// Whether a device is a phone that has channels: `PJSIP/101`, not `Custom:DND101`.
pub(super) fn is_phone(device: &str) -> bool {
    device.contains('/')
        && !device.starts_with("to ")
        && !device.split('/').next().unwrap_or_default().contains(':')
        && !is_local(device)
}

fn endpoint(device: &str) -> SmolStr {
    Interface::new(device).endpoint().to_ascii_lowercase_smolstr()
}

impl Floor {
    /// What a member's legs are found under, and how much that tells.
    fn keys_of(&self, info: &MemberInfo) -> (Vec<SmolStr>, Phones) {
        let interface = Interface::new(&info.interface);
        let mut keys: Vec<SmolStr> = Vec::with_capacity(3);
        let mut phones = Phones::All;
        let state = info.state_interface.as_str();
        if let Some(extension) = hint_of(state) {
            let devices = self.hints.get(&extension).map_or("", SmolStr::as_str);
            keys.extend(devices.split('&').filter(|device| is_phone(device)).map(endpoint));
            if devices.split('&').any(|device| !is_phone(device)) {
                phones = Phones::Mixed;
            }
        } else if let Some(agent) = state.strip_prefix("Agent:") {
            keys.push(pool(agent));
            phones = Phones::Mixed;
        } else if is_phone(state) {
            keys.push(endpoint(state));
        } else if !state.is_empty() && !is_local(state) {
            phones = Phones::Mixed;
        }
        if keys.is_empty() {
            if is_local(&info.interface) {
                keys.push(endpoint(&info.interface));
                phones = Phones::ByCall;
            } else {
                keys.push(endpoint(&info.interface));
            }
        }
        keys.push(offered(&interface));
        (keys, phones)
    }

    /// Notes where a member's legs are found, and how long it wraps up.
    pub(super) fn seat(&mut self, queue: &QueueName, interface: &Interface) {
        let of_queue = self.wrap_ups.get(queue).copied().unwrap_or(0);
        let Some(member) = self.member_at(queue, interface) else { return };
        let (keys, phones) = self.keys_of(&member.info);
        let before = member.keys.clone();
        if keys != before {
            self.unseat(queue, interface, &before);
            let seat = (queue.clone(), interface.clone());
            for key in &keys {
                let seats = self.seats.entry(key.clone()).or_default();
                if !seats.contains(&seat) {
                    seats.push(seat.clone());
                }
            }
        }
        if let Some(member) = self.member_mut(queue, interface) {
            member.wrap_up_by(of_queue);
            (member.keys, member.phones) = (keys, phones);
        }
    }

    /// Forgets that a member's legs are found there.
    pub(super) fn unseat(&mut self, queue: &QueueName, interface: &Interface, keys: &[SmolStr]) {
        for key in keys {
            if let Some(seats) = self.seats.get_mut(key) {
                seats.retain(|(seat_queue, seat)| (seat_queue, seat) != (queue, interface));
                if seats.is_empty() {
                    self.seats.remove(key);
                }
            }
        }
    }

    /// Takes over a hint; the members that lean on it.
    pub(super) fn put_hint(&mut self, hint: &HintInfo) -> Vec<(QueueName, Interface)> {
        let extension = hint.extension.to_ascii_lowercase_smolstr();
        if self.hints.get(&extension) == Some(&hint.devices) {
            return Vec::new();
        }
        self.hints.insert(extension.clone(), hint.devices.clone());
        let leaning = |info: &MemberInfo| hint_of(&info.state_interface).as_ref() == Some(&extension);
        let of = |(name, queue): (&QueueName, &super::floor::Queue)| {
            let members = queue.members.iter().filter(|(_, member)| leaning(&member.info));
            members.map(|(interface, _)| (name.clone(), interface.clone())).collect::<Vec<_>>()
        };
        self.queues.iter().flat_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(interface: &str, state_interface: &str, expect: &[&str], phones: Phones) {
        let mut floor = Floor::default();
        for (extension, devices) in
            [("101@Ext", "PJSIP/101"), ("102@ext", "PJSIP/102&SIP/102m&Custom:DND102")]
        {
            floor.put_hint(&HintInfo { extension: extension.into(), devices: devices.into() });
        }
        let info = MemberInfo {
            interface: interface.into(),
            state_interface: state_interface.into(),
            ..MemberInfo::default()
        };
        let (keys, told) = floor.keys_of(&info);
        let offered = format!("to {}", interface.to_lowercase());
        let keys: Vec<&str> = keys.iter().map(SmolStr::as_str).filter(|key| *key != offered).collect();
        assert_eq!((keys.as_slice(), told), (expect, phones), "{interface} {state_interface}");
    }

    #[test]
    fn every_kind_of_member_has_its_phones() {
        check("PJSIP/101", "", &["pjsip/101"], Phones::All);
        check("PJSIP/Team-1/sip:x@y", "PJSIP/Team-1", &["pjsip/team-1"], Phones::All);
        check("Local/101@from-queue/n", "hint:101@ext", &["pjsip/101"], Phones::All);
        check("Local/102@from-queue/n", "hint:102@ext", &["pjsip/102", "sip/102m"], Phones::Mixed);
        check("Local/101@from-queue/n", "PJSIP/101", &["pjsip/101"], Phones::All);
        check("Local/103@from-queue/n", "", &["local/103@from-queue"], Phones::ByCall);
        check("Local/103@from-queue/n", "Local/103@from-queue/n", &["local/103@from-queue"], Phones::ByCall);
        check("Local/103@from-queue/n", "hint:999@ext", &["local/103@from-queue"], Phones::ByCall);
        check("Local/7@agents", "Agent:7", &["agent:7"], Phones::Mixed);
        check("PJSIP/104", "Custom:dnd104", &["pjsip/104"], Phones::Mixed);
    }

    #[test]
    fn an_endpoint_is_cut_at_the_last_dash() {
        assert_eq!(endpoint_of("PJSIP/DBsales-1-0000002a"), "pjsip/dbsales-1");
        assert_eq!(endpoint_of("Local/101@from-queue-00000003;2"), "local/101@from-queue");
        assert_eq!(endpoint_of("PJSIP/101-0000002a<ZOMBIE>"), "");
    }
}
