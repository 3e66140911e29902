//! An attended transfer into another queue: the consulting channel enters, the caller is connected (issue 759 of
//! Asterisk). Entered under one callid, connected under another, ended under either.
//!
//! Not made, because it has two readings: the caller who hangs up in the second queue leaves an ABANDON under a callid that
//! never entered there; by the definitions that is a visit of its own beside one that stays unresolved.

use super::calls::{Call, Fate};
use super::people::QUEUES;
use super::stay::Stay;
use super::tally::{What, Who};
use super::world::World;

impl World {
    /// Connects `agent`, who then asks in another queue and passes the caller on. `false` where that cannot be: nothing
    /// is made then.
    pub(super) fn consult(&mut self, call: &Call, stay: &Stay, agent: u16, connect: i64, ring: i64) -> bool {
        let second = (stay.queue + 5) % u8::try_from(QUEUES.len()).expect("fits");
        let dial = connect + self.dice.between(20_000, 120_000);
        let enter = dial + 2_000;
        let transfer = enter + self.dice.between(3_000, 20_000);
        let before = self.dice.hits(400);
        // The colleague answers after the transfer, or before it.
        let ringing = if before { enter + 500 } else { transfer + 500 };
        let entered = self.stamp(enter);
        let fits =
            !call.is_near_repeat() && self.may_lose(stay.enter) && self.may_lose(enter) && stay.entered;
        let mut free = self.free(second, ringing, ringing + 20_000);
        free.retain(|one| *one != agent);
        if !fits || free.is_empty() || !self.claim(second, entered) {
            return false;
        }
        let other = *self.dice.pick(&free);
        let rang = self.dice.between(1, 9);
        let answer = ringing + rang * 1000 + 300;
        let transfer = if before { answer + self.dice.between(5_000, 60_000) } else { transfer };
        self.first_part(call, stay, agent, (connect, ring), (transfer, dial));
        let asking = self.callid(dial);
        let mut next = Stay::new(&asking, second, enter, call.cut);
        self.enter(&next);
        let others: Vec<u16> = free.into_iter().filter(|one| *one != other).collect();
        if !others.is_empty() && self.dice.hits(300) {
            let refused = *self.dice.pick(&others);
            let under = if before { asking.clone() } else { call.callid.clone() };
            self.no_answer(&mut next, &under, refused, ringing, 0);
        }
        let hold = next.wait(answer);
        let under = if before { &asking } else { &call.callid };
        let data = [hold.to_string(), self.callid(ringing), rang.to_string()];
        self.tell(&next, (answer, under), Some(other), "CONNECT", &[&data[0], &data[1], &data[2]]);
        let end = transfer.max(answer) + self.dice.between(10_000, 400_000);
        self.people[usize::from(other)].free = end + 3_000;
        let length = end.div_euclid(1000) - answer.div_euclid(1000);
        let under = if self.dice.hits(700) { call.callid.clone() } else { asking };
        self.finish(&next, (end, &under), other, (hold, length), Fate::Told);
        self.answered(next, other, hold, Some((self.stamp(answer), rang)), Some((self.stamp(end), length)));
        true
    }

    /// The first agent's part, up to the transfer. Its row stands under the caller's callid, or the consulting one's.
    fn first_part(
        &mut self,
        call: &Call,
        stay: &Stay,
        agent: u16,
        (connect, ring): (i64, i64),
        (transfer, dial): (i64, i64),
    ) {
        let hold = stay.wait(connect);
        let talk = transfer.div_euclid(1000) - connect.div_euclid(1000);
        let data = [hold.to_string(), self.callid(dial), ring.to_string(), talk.to_string()];
        let callid = call.callid.clone();
        self.tell(stay, (connect, &callid), Some(agent), "CONNECT", &[&data[0], &data[1], &data[2]]);
        let under = if self.dice.hits(700) { callid } else { self.callid(dial) };
        let by = if self.dice.hits(500) { ["BRIDGE", "8f3a"] } else { ["APP", "Queue"] };
        let fields = [by[0], by[1], &data[0], &data[3], "1"];
        self.tell(stay, (transfer, &under), Some(agent), "ATTENDEDTRANSFER", &fields);
        let at = self.stamp(transfer);
        self.tally.once(Who::member(stay.queue, agent), at, What::Attended);
        let connected = (self.stamp(connect), ring);
        self.answered(stay.clone(), agent, hold, Some(connected), Some((at, talk)));
        self.people[usize::from(agent)].free = transfer + 3_000;
    }
}
