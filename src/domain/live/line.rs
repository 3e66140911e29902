//! The line of a queue: who waits, and in which place.

use super::apply::{Applied, KNOWN, UNKNOWN};
use super::event::ChannelInfo;
use super::floor::{Caller, Floor};
use crate::domain::ids::{QueueName, UniqueId};
use crate::domain::time::Moment;

impl Floor {
    pub(super) fn join(
        &mut self,
        queue: &QueueName,
        position: u32,
        channel: ChannelInfo,
        now: Moment,
    ) -> Applied {
        let id = channel.unique_id();
        let caller = Caller {
            id: id.clone(),
            number: channel.caller_number.clone(),
            name: channel.caller_name.clone(),
            since: now,
            channel_name: channel.name.clone(),
            priority: None,
        };
        self.touch_channel(channel, now);
        let Some(queue) = self.queues.get_mut(queue) else { return UNKNOWN };
        let since = queue.callers.iter().find(|known| known.id == id).map_or(now, |known| known.since);
        queue.callers.retain(|known| known.id != id);
        let place = (position.max(1) as usize - 1).min(queue.callers.len());
        queue.callers.insert(place, Caller { since, ..caller });
        KNOWN
    }

    /// A caller leaves. Where nobody waits under that id, it is the place of somebody who hung up when he had passed his
    /// place on.
    pub(super) fn leave(&mut self, queue: &QueueName, id: &UniqueId) -> Applied {
        let Some(known) = self.queues.get_mut(queue) else { return UNKNOWN };
        let before = known.callers.len();
        known.callers.retain(|caller| caller.id != *id);
        if known.callers.len() == before
            && let Some(left) = known.callers.iter().position(|caller| self.gone.has(&caller.id))
        {
            known.callers.remove(left);
        }
        KNOWN
    }

    /// An agent who asks in a queue and then connects his caller gives him his place: his own channel hangs up, and no
    /// event names the new one but that of the next attempt to reach a member.
    pub(super) fn take_place(&mut self, queue: &QueueName, caller: &ChannelInfo) {
        let Some(known) = self.queues.get_mut(queue) else { return };
        let id = caller.unique_id();
        if known.callers.iter().any(|waiting| waiting.id == id) {
            return;
        }
        if let Some(place) = known.callers.iter_mut().find(|waiting| self.gone.has(&waiting.id)) {
            place.id = id;
            place.number = caller.caller_number.clone();
            place.name = caller.caller_name.clone();
            place.channel_name = caller.name.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::live::event::{Event, Picture, QueueInfo};

    fn channel(id: &str, number: &str) -> ChannelInfo {
        ChannelInfo { id: id.into(), state: 6, caller_number: number.into(), ..ChannelInfo::default() }
    }

    /// The numbers that wait after some events.
    fn waiting(events: Vec<Event>) -> Vec<String> {
        let (mut floor, now) = (Floor::default(), Moment::at_millis(0));
        let queue = QueueInfo { name: "vip".into(), ..QueueInfo::default() };
        floor.replace(Picture { queues: vec![queue], ..Picture::default() }, now);
        events.into_iter().for_each(|event| assert_eq!(floor.apply(event, now), KNOWN));
        floor.verify().expect("it holds");
        floor
            .queues
            .values()
            .flat_map(|queue| &queue.callers)
            .map(|caller| caller.number.to_string())
            .collect()
    }

    fn join(id: &str, number: &str) -> Event {
        Event::CallerJoined { queue: "vip".into(), position: 9, channel: channel(id, number) }
    }

    fn hung_up(id: &str) -> Event {
        Event::HungUp { id: UniqueId::new(id), cause: 16 }
    }

    fn left(id: &str) -> Event {
        Event::CallerLeft { queue: "vip".into(), id: UniqueId::new(id) }
    }

    #[test]
    fn whoever_was_given_a_place_in_the_line_has_it_and_leaves_it() {
        let asked = || vec![join("1.1", "101"), join("1.2", "5550002"), hung_up("1.1")];
        let called = Event::AgentCalled {
            queue: "vip".into(),
            interface: "PJSIP/106".into(),
            caller: channel("1.9", "5550009"),
            leg: channel("1.10", "106"),
        };
        assert_eq!(waiting(asked()), ["101", "5550002"]);
        let given = || asked().into_iter().chain([called.clone()]);
        assert_eq!(waiting(given().collect()), ["5550009", "5550002"]);
        assert_eq!(waiting(given().chain([left("1.9")]).collect()), ["5550002"]);
        assert_eq!(waiting(asked().into_iter().chain([left("1.9")]).collect()), ["5550002"], "also unseen");
        assert_eq!(
            waiting(vec![join("1.2", "5550002"), left("1.9")]),
            ["5550002"],
            "but nobody who is there"
        );
    }
}
