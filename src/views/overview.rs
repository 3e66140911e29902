//! The overview: a tile for each queue and the room's totals.

use std::collections::BTreeMap;

use crate::domain::history::figures::QueueFigures;
use crate::domain::live::snapshot::{BoardState, QueueSnapshot, SubState};
use crate::domain::time::Moment;

use super::alarm::{Notice, notice};
use super::{Counts, Level, Picture, ServiceLevel, format, member_counts, whole};

/// A queue at a glance. Figures of the day are text: a dash before the first synchronisation.
#[derive(Clone, Debug, PartialEq)]
pub struct Tile {
    /// The queue's name.
    pub name: String,
    /// The PBX's name where there are several, else empty.
    pub pbx: String,
    /// Callers in the queue.
    pub waiting: u32,
    /// How long the first of them waits, `1:24`, or a dash.
    pub longest_wait: String,
    /// What is raised.
    pub alarms: Notice,
    /// Its members.
    pub members: Counts,
    /// Visits that entered today.
    pub offered: String,
    /// Of them answered.
    pub answered: String,
    /// Of them abandoned.
    pub abandoned: String,
    /// Today's service level.
    pub service_level: ServiceLevel,
    /// Mean wait of the answered visits of today.
    pub speed_of_answer: String,
}

/// The whole room: agents, each once, and the sums over the queues.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Room {
    /// Agents by state.
    pub agents: Counts,
    /// Callers in all queues.
    pub waiting: u32,
    /// The longest of their waits, or a dash.
    pub longest_wait: String,
    /// The most urgent of the queues' waits and numbers of callers.
    pub level: Level,
    /// Visits of today over all queues, or a dash.
    pub offered: String,
    /// Of them answered.
    pub answered: String,
    /// Of them abandoned.
    pub abandoned: String,
}

/// The overview page.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Overview {
    /// One tile a queue, by PBX and name.
    pub tiles: Vec<Tile>,
    /// The totals.
    pub room: Room,
}

/// The overview of all PBXs.
pub fn overview(pictures: &[Picture], now: Moment) -> Overview {
    let several = pictures.len() > 1;
    let tiles: Vec<Tile> = pictures
        .iter()
        .flat_map(|picture| picture.live.queues.iter().map(move |queue| tile(picture, queue, several, now)))
        .collect();
    Overview { room: room(pictures, &tiles, now), tiles }
}

/// The longest wait in a queue in seconds; `None` when nobody waits.
pub(super) fn longest_wait(queue: &QueueSnapshot, now: Moment) -> Option<i64> {
    queue.waiting.iter().map(|caller| now.seconds_since(caller.since).max(0)).max()
}

/// The moment at which a picture's timers stand: now, or where the picture stopped being true.
pub fn shown_at(picture: &Picture, now: Moment) -> Moment {
    use crate::domain::link::LinkState;
    if picture.live.ami.state == LinkState::Live { now } else { picture.live.ami.fresh_at.unwrap_or(now) }
}

fn tile(picture: &Picture, queue: &QueueSnapshot, several: bool, now: Moment) -> Tile {
    let longest = longest_wait(queue, shown_at(picture, now));
    let figures = picture.today.queues.get(&queue.name);
    let day = |figure: fn(&QueueFigures) -> u64| match figures {
        Some(figures) => format::count(figure(figures)),
        None if picture.has_today() => format::count(0),
        None => format::DASH.to_owned(),
    };
    Tile {
        name: queue.name.to_string(),
        pbx: if several { picture.live.pbx.to_string() } else { String::new() },
        waiting: whole(queue.waiting.len()),
        longest_wait: longest.map_or_else(|| format::DASH.to_owned(), format::duration),
        alarms: notice(picture, queue, now),
        members: member_counts(queue),
        offered: day(|figures| figures.offered),
        answered: day(|figures| figures.answered),
        abandoned: day(|figures| figures.abandoned),
        service_level: picture.service_level(queue),
        speed_of_answer: format::mean(figures.and_then(|figures| figures.average_speed_of_answer_s)),
    }
}

fn room(pictures: &[Picture], tiles: &[Tile], now: Moment) -> Room {
    let sum = |figure: fn(&QueueFigures) -> u64| {
        if pictures.iter().any(Picture::has_today) {
            format::count(pictures.iter().flat_map(|picture| picture.today.queues.values()).map(figure).sum())
        } else {
            format::DASH.to_owned()
        }
    };
    let waits = pictures.iter().flat_map(|picture| {
        picture.live.queues.iter().filter_map(|queue| longest_wait(queue, shown_at(picture, now)))
    });
    Room {
        agents: agents(pictures),
        waiting: tiles.iter().map(|tile| tile.waiting).sum(),
        longest_wait: waits.max().map_or_else(|| format::DASH.to_owned(), format::duration),
        level: tiles
            .iter()
            .map(|tile| tile.alarms.waiting.max(tile.alarms.longest))
            .max()
            .unwrap_or_default(),
        offered: sum(|figures| figures.offered),
        answered: sum(|figures| figures.answered),
        abandoned: sum(|figures| figures.abandoned),
    }
}

/// Agents by state, each once for his PBX.
fn agents(pictures: &[Picture]) -> Counts {
    let mut all = Counts::default();
    for picture in pictures {
        let counts = picture.live.agents();
        all.online += counts.online;
        all.busy += counts.busy;
        all.paused += counts.paused;
        all.offline += counts.offline;
        let mut rings: BTreeMap<&str, bool> = BTreeMap::new();
        for member in picture.live.queues.iter().flat_map(|queue| &queue.members) {
            if member.state == BoardState::Busy {
                *rings.entry(member.name.as_str()).or_insert(true) &= member.sub_state == SubState::Ringing;
            }
        }
        all.ringing += whole(rings.into_values().filter(|only_rings| *only_rings).count());
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::views::fixture::{at, picture};

    #[test]
    fn a_tile_shows_waits_members_and_the_day() {
        let page = overview(&[picture()], at(100));
        let sales = &page.tiles[0];
        assert_eq!((sales.name.as_str(), sales.waiting, sales.longest_wait.as_str()), ("Sales", 2, "1:10"));
        assert_eq!((sales.alarms.level, sales.service_level.level), (Level::Alarm, Level::Warn));
        assert_eq!(page.room.level, Level::Alarm);
        assert_eq!(sales.members, Counts { online: 1, busy: 2, ringing: 1, paused: 1, offline: 0 });
        assert_eq!((sales.offered.as_str(), sales.service_level.value.as_str()), ("10", "75 %"));
        assert_eq!(sales.speed_of_answer, "0:08");
    }

    #[test]
    fn a_queue_without_calls_shows_zeros_and_dashes() {
        let page = overview(&[picture()], at(100));
        let support = &page.tiles[1];
        assert_eq!((support.offered.as_str(), support.service_level.value.as_str()), ("0", "–"));
        assert_eq!((support.longest_wait.as_str(), support.speed_of_answer.as_str()), ("–", "–"));
    }

    #[test]
    fn the_room_counts_an_agent_of_two_queues_once_and_paused_only_if_paused_in_all() {
        let room = overview(&[picture()], at(100)).room;
        assert_eq!(room.agents, Counts { online: 2, busy: 2, ringing: 1, paused: 0, offline: 0 });
        assert_eq!((room.waiting, room.offered.as_str()), (2, "10"));
    }

    #[test]
    fn before_the_first_synchronisation_the_day_is_unknown() {
        let mut picture = picture();
        picture.today = std::sync::Arc::default();
        let page = overview(&[picture], at(100));
        assert_eq!((page.tiles[0].offered.as_str(), page.room.offered.as_str()), ("–", "–"));
    }
}
