//! The queue board: callers and members of each queue.

use std::collections::HashMap;

use crate::domain::live::snapshot::{
    BoardState, MemberSnapshot, Partner, QueueSnapshot, SubState, WaitingCaller,
};
use crate::domain::time::Moment;

use super::alarm::{Notice, notice};
use super::overview::{longest_wait, shown_at};
use super::text::shown;
use super::{Counts, Level, Picture, ServiceLevel, format, member_counts, whole};

/// A caller in the line.
#[derive(Clone, Debug, PartialEq)]
pub struct Caller {
    /// From 1.
    pub position: u32,
    /// May be empty.
    pub number: String,
    /// May be empty.
    pub name: String,
    /// Timer.
    pub wait: String,
    /// How urgent.
    pub level: Level,
    /// The channel: what is told back by a touch.
    pub channel: String,
}

/// A member's card.
#[derive(Clone, Debug, PartialEq)]
pub struct Card {
    /// The key beside the queue.
    pub interface: String,
    /// The agent.
    pub name: String,
    /// What he is in this queue.
    pub state: BoardState,
    /// Why.
    pub sub_state: SubState,
    /// Timer since when; empty while offline.
    pub since: String,
    /// Name or number of the other side; empty outside calls.
    pub partner: String,
    /// The pause's reason; may be empty.
    pub reason: String,
    /// In how many of his queues he is paused.
    pub paused_in: u32,
    /// Member of how many queues.
    pub member_of: u32,
    /// Penalty in this queue.
    pub penalty: u32,
    /// Visits answered today over all queues; `None` while not known.
    pub calls_today: Option<u32>,
    /// Who listens, joined by commas; may be empty.
    pub listeners: String,
}

/// A queue's section.
#[derive(Clone, Debug, PartialEq)]
pub struct Section {
    /// The queue's name.
    pub name: String,
    /// The PBX's name where there are several, else empty.
    pub pbx: String,
    /// Callers in the queue.
    pub waiting: u32,
    /// The first caller's wait or a dash.
    pub longest_wait: String,
    /// What is raised.
    pub alarms: Notice,
    /// Today's service level.
    pub service_level: ServiceLevel,
    /// Members by state.
    pub counts: Counts,
    /// At most `CALLERS`.
    pub callers: Vec<Caller>,
    /// All members.
    pub members: Vec<Card>,
}

/// The board.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Board {
    /// One a queue, by PBX and name.
    pub sections: Vec<Section>,
    /// The most members in one queue.
    pub largest: u32,
}

/// Names and numbers come from callers and other people's tables: they are made fit to be shown, and cut to this.
const NAME: usize = 60;
/// No section shows more callers one by one; the rest is a number.
const CALLERS: usize = 12;

/// The board of all PBXs.
pub fn board(pictures: &[Picture], now: Moment) -> Board {
    let several = pictures.len() > 1;
    let mut page = Board::default();
    for picture in pictures {
        let memberships = memberships(picture);
        for queue in &picture.live.queues {
            page.largest = page.largest.max(whole(queue.members.len()));
            page.sections.push(section(picture, queue, &memberships, several, now));
        }
    }
    page
}

/// By agent: paused in how many queues, member of how many.
type Memberships<'a> = HashMap<&'a str, (u32, u32)>;

fn memberships(picture: &Picture) -> Memberships<'_> {
    let mut all = Memberships::new();
    for member in picture.live.queues.iter().flat_map(|queue| &queue.members) {
        let (paused, of) = all.entry(member.name.as_str()).or_default();
        *paused += u32::from(member.paused);
        *of += 1;
    }
    all
}

fn section(
    picture: &Picture,
    queue: &QueueSnapshot,
    memberships: &Memberships<'_>,
    several: bool,
    now: Moment,
) -> Section {
    let at = shown_at(picture, now);
    let longest = longest_wait(queue, at);
    // Who is away is looked at last; among the others cards stay where they are, whatever they do.
    let mut members: Vec<&MemberSnapshot> = queue.members.iter().collect();
    members.sort_by_key(|member| member.state == BoardState::Offline);
    Section {
        name: queue.name.to_string(),
        pbx: if several { picture.live.pbx.to_string() } else { String::new() },
        waiting: whole(queue.waiting.len()),
        longest_wait: longest.map_or_else(|| format::DASH.to_owned(), format::duration),
        alarms: notice(picture, queue, now),
        service_level: picture.service_level(queue),
        counts: member_counts(queue),
        callers: queue
            .waiting
            .iter()
            .take(CALLERS)
            .map(|waiting| caller(picture, queue, waiting, at))
            .collect(),
        members: members.into_iter().map(|member| card(picture, member, memberships, at)).collect(),
    }
}

fn caller(picture: &Picture, queue: &QueueSnapshot, waiting: &WaitingCaller, at: Moment) -> Caller {
    let seconds = at.seconds_since(waiting.since);
    Caller {
        position: waiting.position,
        number: shown(&waiting.number, NAME),
        name: shown(&waiting.name, NAME),
        wait: format::timer(seconds),
        level: picture.wait_level(queue, seconds),
        channel: waiting.channel.to_string(),
    }
}

/// The card of one member by itself.
pub(super) fn one_card(picture: &Picture, member: &MemberSnapshot, at: Moment) -> Card {
    card(picture, member, &memberships(picture), at)
}

fn card(picture: &Picture, member: &MemberSnapshot, memberships: &Memberships<'_>, at: Moment) -> Card {
    let (paused_in, member_of) = memberships.get(member.name.as_str()).copied().unwrap_or_default();
    let answered = picture.today.agents.get(&member.name).map_or(0, |figures| figures.answered);
    Card {
        interface: member.interface.to_string(),
        name: shown(member.name.as_str(), NAME),
        state: member.state,
        sub_state: member.sub_state,
        since: if member.state == BoardState::Offline {
            String::new()
        } else {
            format::timer(at.seconds_since(member.since))
        },
        partner: member.partner.as_ref().map(other_side).unwrap_or_default(),
        reason: shown(member.paused_reason.as_deref().unwrap_or_default(), NAME),
        paused_in,
        member_of,
        penalty: member.penalty,
        calls_today: picture.has_today().then(|| u32::try_from(answered).unwrap_or(u32::MAX)),
        listeners: shown(&member.listeners.join(", "), NAME),
    }
}

pub(crate) fn other_side(partner: &Partner) -> String {
    shown(if partner.name.is_empty() { &partner.number } else { &partner.name }, NAME)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::fixture::{at, picture};

    #[test]
    fn a_card_names_the_other_side_the_pause_and_who_listens() {
        let page = board(&[picture()], at(100));
        let cards = &page.sections[0].members;
        assert_eq!((cards[0].partner.as_str(), cards[0].since.as_str()), ("5550001", "0:40"));
        assert_eq!(cards[0].listeners, "Desk 201");
        assert_eq!((cards[2].reason.as_str(), cards[2].paused_in, cards[2].member_of), ("Lunch", 1, 2));
        assert_eq!(cards[0].calls_today, Some(4));
        assert_eq!(page.largest, 4);
    }

    #[test]
    fn what_a_caller_is_called_cannot_turn_or_break_the_line() {
        let mut picture = picture();
        let queue = &mut std::sync::Arc::make_mut(&mut picture.live).queues[0];
        queue.waiting[0].name = "\u{202e}evil\r\nname".to_owned();
        let page = board(&[picture], at(100));
        assert_eq!(page.sections[0].callers[0].name, "evil  name");
    }

    #[test]
    fn callers_keep_their_place_and_their_urgency() {
        let page = board(&[picture()], at(100));
        let callers = &page.sections[0].callers;
        assert_eq!((callers[0].wait.as_str(), callers[0].level), ("1 min", Level::Alarm));
        assert_eq!((callers[1].wait.as_str(), callers[1].level), ("0:10", Level::Calm));
    }
}
