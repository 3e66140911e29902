//! What changed from one scene to the next, and how it is applied.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::ReplayError;
use super::scene::{Caller, Does, Link, Member, Queue, Scene};

/// One change. Queues, callers and members are named by their place at the time; times are ages. Variants are only ever
/// appended: their numbers are stored.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) enum Change {
    /// A member of a queue does something else: most changes by far.
    Does(u16, u16, Does),
    /// Something else about a member.
    Member(u16, u16, Member),
    /// A caller is gone from a queue.
    CallerGone(u16, u16),
    /// A caller is there, at this place.
    CallerCame(u16, u16, Caller),
    /// Something about a caller, such as the place.
    Caller(u16, u16, Caller),
    MemberGone(u16, u16),
    MemberCame(u16, u16, Member),
    QueueGone(u16),
    QueueCame(u16, Queue),
    /// The link.
    Link(Link),
    /// Whether a whole picture was ever had.
    Known(bool),
    /// Strategy and service level of a queue.
    Queue(u16, String, Option<u32>),
    /// Callers moved up by so many places from this one on.
    MovedUp(u16, u16, i32),
}

/// The places that go (the last first) and come (the first first), so that `old` becomes `new` by keys. `None` when what
/// stays is in another order.
fn edits<T>(old: &[T], new: &[T], key: fn(&T) -> &str) -> Option<(Vec<usize>, Vec<usize>)> {
    let (before, after): (HashSet<&str>, HashSet<&str>) =
        (old.iter().map(key).collect(), new.iter().map(key).collect());
    // A key that is there twice names nothing.
    if before.len() != old.len() || after.len() != new.len() {
        return None;
    }
    let gone: Vec<usize> = (0..old.len()).rev().filter(|at| !after.contains(key(&old[*at]))).collect();
    let came: Vec<usize> = (0..new.len()).filter(|at| !before.contains(key(&new[*at]))).collect();
    let stay = old.iter().map(key).filter(|key| after.contains(key));
    stay.eq(new.iter().map(key).filter(|key| before.contains(key))).then_some((gone, came))
}

fn place(at: usize) -> u16 {
    u16::try_from(at).unwrap_or(u16::MAX)
}

/// What leads from `old` to `new`, which is at `at`.
pub(super) fn between(old: &Scene, new: &Scene, at: i64) -> Vec<Change> {
    let mut changes = Vec::new();
    if old.known != new.known {
        changes.push(Change::Known(new.known));
    }
    if old.link != new.link {
        changes.push(Change::Link(new.link.clone().moved(-at)));
    }
    let same = old.queues.len() == new.queues.len()
        && old.queues.iter().zip(&new.queues).all(|(old, new)| old.name == new.name);
    let (gone, came) = if same {
        (Vec::new(), Vec::new())
    } else {
        let all = || ((0..old.queues.len()).rev().collect(), (0..new.queues.len()).collect());
        edits(&old.queues, &new.queues, |queue| &queue.name).unwrap_or_else(all)
    };
    changes.extend(gone.iter().map(|at| Change::QueueGone(place(*at))));
    changes.extend(
        came.iter()
            .map(|at_place| Change::QueueCame(place(*at_place), new.queues[*at_place].clone().moved(-at))),
    );
    let stayed = old.queues.iter().enumerate().filter(|(at, _)| !gone.contains(at)).map(|(_, queue)| queue);
    let places = (0..new.queues.len()).filter(|at| !came.contains(at));
    for (old, index) in stayed.zip(places) {
        queue(place(index), old, &new.queues[index], at, &mut changes);
    }
    changes
}

fn queue(index: u16, old: &Queue, new: &Queue, at: i64, changes: &mut Vec<Change>) {
    if old == new {
        return;
    }
    if (&old.strategy, old.service_level) != (&new.strategy, new.service_level) {
        changes.push(Change::Queue(index, new.strategy.clone(), new.service_level));
    }
    callers(index, old, new, at, changes);
    members(index, old, new, at, changes);
}

fn callers(index: u16, old: &Queue, new: &Queue, at: i64, changes: &mut Vec<Change>) {
    if old.waiting == new.waiting {
        return;
    }
    let all = || ((0..old.waiting.len()).rev().collect(), (0..new.waiting.len()).collect());
    let (gone, came) = edits(&old.waiting, &new.waiting, |caller| &caller.channel).unwrap_or_else(all);
    let mut list = old.waiting.clone();
    for at_place in gone {
        changes.push(Change::CallerGone(index, place(at_place)));
        list.remove(at_place);
    }
    for at_place in came {
        let caller = new.waiting[at_place].clone();
        list.insert(at_place, caller.clone());
        changes.push(Change::CallerCame(index, place(at_place), caller.moved(-at)));
    }
    // Mostly the rest of a line moves up together.
    let moved = list.iter().zip(&new.waiting).position(|(old, new)| old.position != new.position);
    if let Some(first) = moved {
        let by = i64::from(new.waiting[first].position) - i64::from(list[first].position);
        if let Ok(by) = i32::try_from(by) {
            changes.push(Change::MovedUp(index, place(first), by));
            move_up(&mut list[first..], by);
        }
    }
    for (at_place, (old, new)) in list.iter().zip(&new.waiting).enumerate() {
        if old != new {
            changes.push(Change::Caller(index, place(at_place), new.clone().moved(-at)));
        }
    }
}

fn move_up(callers: &mut [Caller], by: i32) {
    callers.iter_mut().for_each(|caller| caller.position = caller.position.saturating_add_signed(by));
}

fn members(index: u16, old: &Queue, new: &Queue, at: i64, changes: &mut Vec<Change>) {
    let same = old.members.len() == new.members.len()
        && old.members.iter().zip(&new.members).all(|(old, new)| old.interface == new.interface);
    let (gone, came) = if same {
        (Vec::new(), Vec::new())
    } else {
        let all = || ((0..old.members.len()).rev().collect(), (0..new.members.len()).collect());
        edits(&old.members, &new.members, |member| &member.interface).unwrap_or_else(all)
    };
    changes.extend(gone.iter().map(|at_place| Change::MemberGone(index, place(*at_place))));
    changes.extend(came.iter().map(|at_place| {
        Change::MemberCame(index, place(*at_place), new.members[*at_place].clone().moved(-at))
    }));
    let stayed = old.members.iter().enumerate().filter(|(at, _)| !gone.contains(at)).map(|(_, one)| one);
    let places = (0..new.members.len()).filter(|at| !came.contains(at));
    for (old, at_place) in stayed.zip(places) {
        let new = &new.members[at_place];
        if old == new {
            continue;
        }
        let mut rest = old.clone();
        rest.does = new.does.clone();
        changes.push(if rest == *new {
            Change::Does(index, place(at_place), new.does.clone().moved(-at))
        } else {
            Change::Member(index, place(at_place), new.clone().moved(-at))
        });
    }
}

/// Applies one change that took place at `at`.
pub(super) fn apply(scene: &mut Scene, change: Change, at: i64) -> Result<(), ReplayError> {
    match change {
        Change::Known(known) => scene.known = known,
        Change::Link(link) => scene.link = link.moved(at),
        Change::QueueGone(index) => drop(remove(&mut scene.queues, index)?),
        Change::QueueCame(index, queue) => insert(&mut scene.queues, index, queue.moved(at))?,
        Change::Queue(index, strategy, service_level) => {
            let queue = get(&mut scene.queues, index)?;
            (queue.strategy, queue.service_level) = (strategy, service_level);
        }
        Change::CallerGone(index, place) => drop(remove(&mut get(&mut scene.queues, index)?.waiting, place)?),
        Change::CallerCame(index, place, caller) => {
            insert(&mut get(&mut scene.queues, index)?.waiting, place, caller.moved(at))?;
        }
        Change::Caller(index, place, caller) => {
            *get(&mut get(&mut scene.queues, index)?.waiting, place)? = caller.moved(at);
        }
        Change::MovedUp(index, first, by) => {
            let waiting = &mut get(&mut scene.queues, index)?.waiting;
            move_up(waiting.get_mut(usize::from(first)..).ok_or(ReplayError::Damaged)?, by);
        }
        Change::MemberGone(index, place) => drop(remove(&mut get(&mut scene.queues, index)?.members, place)?),
        Change::MemberCame(index, place, member) => {
            insert(&mut get(&mut scene.queues, index)?.members, place, member.moved(at))?;
        }
        Change::Member(index, place, member) => {
            *get(&mut get(&mut scene.queues, index)?.members, place)? = member.moved(at);
        }
        Change::Does(index, place, does) => {
            get(&mut get(&mut scene.queues, index)?.members, place)?.does = does.moved(at);
        }
    }
    Ok(())
}

fn get<T>(list: &mut [T], at: u16) -> Result<&mut T, ReplayError> {
    list.get_mut(usize::from(at)).ok_or(ReplayError::Damaged)
}

fn remove<T>(list: &mut Vec<T>, at: u16) -> Result<T, ReplayError> {
    let at = usize::from(at);
    if at < list.len() { Ok(list.remove(at)) } else { Err(ReplayError::Damaged) }
}

fn insert<T>(list: &mut Vec<T>, at: u16, one: T) -> Result<(), ReplayError> {
    let at = usize::from(at);
    if at > list.len() {
        return Err(ReplayError::Damaged);
    }
    list.insert(at, one);
    Ok(())
}
