//! Supervisions as JSON.

use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Partner, time};
use crate::domain::control::{Mode, Supervision, SupervisionState};

/// A supervision as JSON.
#[derive(Debug, Serialize)]
pub struct SupervisionView<'a> {
    id: &'a str,
    pbx: &'a str,
    state: SupervisionState,
    channel: &'a str,
    agent: &'a str,
    agent_name: &'a str,
    queue: Option<&'a str>,
    mode: Option<Mode>,
    supervisor: &'a str,
    actor: &'a str,
    foreign: bool,
    partner: Option<Partner<'a>>,
    since: String,
    ended: Option<String>,
    reason: Option<&'a str>,
    ended_at: Option<String>,
}

/// One supervision; `zone` is its PBX's.
pub fn supervision<'a>(held: &'a Supervision, zone: &TimeZone) -> SupervisionView<'a> {
    SupervisionView {
        id: held.id.as_str(),
        pbx: held.pbx.as_str(),
        state: held.state,
        channel: held.channel.as_str(),
        agent: held.interface.as_str(),
        agent_name: held.agent.as_str(),
        queue: held.queue.as_ref().map(|queue| queue.as_str()),
        mode: held.mode,
        supervisor: &held.supervisor,
        actor: &held.actor,
        foreign: held.foreign,
        partner: held
            .partner
            .as_ref()
            .map(|partner| Partner { number: &partner.number, name: &partner.name }),
        since: time(held.since.wall, zone),
        ended: held.ended.as_ref().map(|ended| ended.reason.sentence()),
        reason: held.ended.as_ref().map(|ended| ended.reason.kind()),
        ended_at: held.ended.as_ref().map(|ended| time(ended.at.wall, zone)),
    }
}
