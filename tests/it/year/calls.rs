//! Calls: who rings, who answers, how it ends, and what goes wrong with the rows.
//!
//! Decided here, where the definitions leave room: a row with a number that cannot be read counts as little as one that
//! is lost, and is kept.

use super::people::QUEUES;
use super::stay::{Left, Stay};
use super::tally::{What, Who};
use super::world::World;

/// What goes wrong with the rows of a stay. At most one of them in a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    Nothing,
    EntryLost,
    ConnectLost,
    EndLost,
    /// Only the end row is there.
    OnlyEnd,
    /// The end row stands under a callid of its own.
    ForeignEnd,
}

/// What becomes of a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Told,
    Lost,
    /// A number in it cannot be read.
    Spoilt,
}

/// What stands where a number should.
const NO_NUMBERS: &[&str] = &["", "-1", "x", "1e3", "99999999999999", "12:30", " "];

/// A call while it is made.
pub(super) struct Call {
    pub(super) callid: String,
    /// From here on nothing was logged, milliseconds.
    pub(super) cut: i64,
    /// Beside a repeated hour no row that logs no duration comes later than this: it would fit both passes.
    pub(super) limit: i64,
    /// A fault was played.
    spoiled: bool,
}

impl Call {
    /// Whether it lies beside a repeated hour.
    pub(super) fn is_near_repeat(&self) -> bool {
        self.limit != i64::MAX
    }
}

/// How long two rows of a round lie apart: a ring of fifteen seconds and the pause after it.
const RING: i64 = 15_000;
const RETRY: i64 = 5_000;
/// Nobody rings longer than this before he answers.
const ANSWER: i64 = 20_000;

impl World {
    /// A call whose channel is made at `at`.
    pub(super) fn call(&mut self, at: i64) {
        let cut = self.restart_near(at, 60_000).map_or(i64::MAX, |restart| restart - 2_000);
        if at >= cut {
            return;
        }
        let limit = match self.clock.repeat_near(at / 1000, 3 * 3600) {
            Some((from, to)) if at / 1000 < to => at + (to - from) * 1000 / 2 * 7 / 10,
            _ => i64::MAX,
        };
        self.calls += 1;
        let mut call = Call { callid: self.callid(at), cut, limit, spoiled: false };
        let mut next = Some((super::people::queue(&mut self.dice), at + self.dice.between(0, 20_000)));
        for _ in 0..4 {
            match next {
                Some((queue, enter)) if enter < cut && enter < limit => {
                    next = self.stay(&mut call, queue, enter);
                }
                _ => break,
            }
        }
    }

    /// Who may be rung in a queue over a time.
    pub(super) fn free(&self, queue: u8, from: i64, to: i64) -> Vec<u16> {
        let all = (0_u16..).zip(&self.people);
        all.filter(|(_, agent)| agent.rings_in(queue, from, to)).map(|(at, _)| at).collect()
    }

    /// Who may be rung though he talks.
    fn talking(&self, queue: u8, from: i64, to: i64) -> Vec<u16> {
        let all = (0_u16..).zip(&self.people);
        all.filter(|(_, agent)| agent.rings_twice_in(queue, from, to)).map(|(at, _)| at).collect()
    }

    pub(super) fn no_number(&mut self) -> String {
        (*self.dice.pick(NO_NUMBERS)).to_owned()
    }

    /// A lost row may also stand there spoilt.
    fn fate(&mut self, lost: bool) -> Fate {
        match (lost, lost && self.dice.hits(400)) {
            (true, true) => Fate::Spoilt,
            (true, false) => Fate::Lost,
            _ => Fate::Told,
        }
    }

    /// One stay; where the caller goes next.
    fn stay(&mut self, call: &mut Call, queue: u8, enter: i64) -> Option<(u8, i64)> {
        let mut stay = Stay::new(&call.callid, queue, enter, call.cut);
        // Not in the second of the entry: it may be the last second of a stay before.
        let mut now = enter + self.dice.between(2_000, 4_000);
        if self.dice.hits(300) {
            now = enter + self.dice.between(2_000, 90_000);
        }
        let fault = self.fault(call, queue, enter);
        stay.entered &= !matches!(fault, Fault::EntryLost | Fault::OnlyEnd);
        self.enter(&stay);
        if self.dice.hits(20) {
            // The dialplan's own rows: known, and counted nowhere.
            let (event, word) =
                *self.dice.pick(&[("DID", "5550100"), ("INFO", "a word"), ("OUTCALL", "ANSWER")]);
            let callid = call.callid.clone();
            self.tell(&stay, (enter, &callid), None, event, &[word, "35"]);
        }
        for _ in 0..self.dice.between(0, 3) {
            now = self.round(call, &mut stay, now);
        }
        let free = if now + ANSWER < call.limit { self.free(queue, now, now + ANSWER) } else { Vec::new() };
        let waits = self.dice.hits(200) && stay.enter > self.end - 1_200_000;
        if waits {
            self.unresolved(&stay);
            return None;
        }
        let twice = if self.plan.doubles && self.dice.hits(150) && now + ANSWER < call.limit {
            self.talking(queue, now, now + ANSWER)
        } else {
            Vec::new()
        };
        if let Some(agent) = twice.first() {
            return self.answer(call, stay, *agent, now, fault);
        }
        if !free.is_empty() && self.dice.hits(780) {
            let agent = *self.dice.pick(&free);
            return self.answer(call, stay, agent, now, fault);
        }
        self.lose(stay, now, fault)
    }

    fn fault(&mut self, call: &mut Call, queue: u8, enter: i64) -> Fault {
        let often = if call.is_near_repeat() { 200 } else { 25 };
        if call.spoiled || !self.dice.hits(often) || !self.may_lose(enter) {
            return Fault::Nothing;
        }
        let entered = self.stamp(enter);
        if !self.claim(queue, entered) {
            return Fault::Nothing;
        }
        call.spoiled = true;
        use Fault::{ConnectLost, EndLost, EntryLost, ForeignEnd, OnlyEnd};
        let known: &[Fault] = &[EntryLost, ConnectLost, EndLost, EndLost, OnlyEnd, ForeignEnd];
        // Near a repeated hour a row alone under its callid could mean both passes.
        let near: &[Fault] = &[EntryLost, ConnectLost, EndLost];
        *self.dice.pick(if call.is_near_repeat() { near } else { known })
    }

    /// A round without an answer; when the next may begin.
    fn round(&mut self, call: &Call, stay: &mut Stay, now: i64) -> i64 {
        if now + RING + RETRY > call.limit {
            return now;
        }
        let free = self.free(stay.queue, now, now + RING);
        if free.is_empty() {
            return now + RETRY;
        }
        let mut rung: Vec<u16> = (0..self.dice.between(1, 3)).map(|_| *self.dice.pick(&free)).collect();
        rung.sort_unstable();
        rung.dedup();
        let callid = call.callid.clone();
        if self.dice.hits(15) {
            let millis = self.no_number();
            let told = self.tell(stay, (now, &callid), Some(rung[0]), "RINGNOANSWER", &[&millis]);
            self.tally.bad += u64::from(told);
        }
        match self.dice.between(0, 9) {
            0..=2 => {
                let millis = *self.dice.pick(&[0, 0, 1000]);
                rung.iter().for_each(|agent| self.no_answer(stay, &callid, *agent, now + millis, millis));
                now + millis + RETRY
            }
            3 => {
                // Picked up, and hung up before the two were connected: the caller stays.
                let at = now + self.dice.between(3_000, 9_000);
                self.tell(stay, (at, &callid), Some(rung[0]), "AGENTDUMP", &[]);
                at + 1_000
            }
            _ => {
                for agent in rung {
                    self.no_answer(stay, &callid, agent, now + RING, RING);
                    let free = &mut self.people[usize::from(agent)].free;
                    *free = (*free).max(now + RING);
                }
                now + RING + self.dice.between(0, RETRY)
            }
        }
    }

    /// The caller leaves unanswered.
    fn lose(&mut self, mut stay: Stay, now: i64, fault: Fault) -> Option<(u8, i64)> {
        use Left::{Abandon, Empty, Key, Timeout, Withdraw};
        let how = *self.dice.pick(&[Abandon, Abandon, Abandon, Timeout, Timeout, Key, Empty, Withdraw]);
        let mut at = now + self.dice.between(0, 40_000);
        let mut by = None;
        let mut technical = false;
        if how == Abandon && self.dice.hits(150) {
            at = now;
        } else if matches!(how, Abandon | Key) {
            let free = self.free(stay.queue, now, at);
            let mut rung: Vec<u16> = free.into_iter().filter(|_| self.dice.hits(150)).take(3).collect();
            if how == Abandon && self.dice.hits(150) {
                by = rung.pop();
            }
            technical = by.is_some() && self.dice.hits(400);
            rung.into_iter().for_each(|agent| self.canceled(&mut stay, agent, at, at - now));
        }
        let fate = self.fate(matches!(fault, Fault::EndLost | Fault::ConnectLost));
        let callid = stay.callid.clone();
        if technical && let Some(agent) = by {
            self.tell(&stay, (at, &callid), Some(agent), "SYSCOMPAT", &[]);
            if self.dice.hits(500) {
                by = None;
            }
        }
        let (queue, entered) = (stay.queue, stay.entered.then(|| self.stamp(stay.enter)));
        let wait = stay.wait(at);
        let told = self.leave(stay, how, at, by, fate);
        if told && technical {
            let entered = entered.unwrap_or(self.stamp(at) - wait);
            self.tally.once(Who::queue(queue), entered, What::Technical);
            self.ledger.technical(&callid);
        }
        if (how == Abandon && told) || !self.dice.hits(500) {
            return None;
        }
        // The next queue: in the same second or a few later; now and then the same queue once more.
        let again = self.dice.hits(200);
        let next = if again { queue } else { super::people::queue(&mut self.dice) };
        Some((next, at + self.dice.between(0, 3) * 500))
    }

    /// An agent answers.
    fn answer(
        &mut self,
        call: &mut Call,
        stay: Stay,
        agent: u16,
        now: i64,
        fault: Fault,
    ) -> Option<(u8, i64)> {
        let ring = self.dice.between(0, 13);
        let announced = if self.dice.hits(300) { self.dice.between(0, 5_000) } else { 0 };
        let connect = now + ring * 1000 + announced + self.dice.between(0, 999);
        // Beside a repeated hour talks are long: their ends fit both passes.
        let long = if call.is_near_repeat() { 20 } else { 0 };
        let talk = match self.dice.between(0, 99) + long {
            0..=2 => self.dice.between(0, 3_000),
            3..=89 => self.dice.between(20_000, 480_000),
            90..=97 => self.dice.between(600_000, 2_400_000),
            _ => self.dice.between(3_600_000, 7_800_000),
        };
        let twice = self.people[usize::from(agent)].free > now;
        let talk = if twice { self.dice.between(900_000, 5_400_000) } else { talk };
        let end = connect + talk;
        let hold = stay.wait(connect);
        let one = &mut self.people[usize::from(agent)];
        (one.free, one.since) = (one.free.max(end + 3_000), connect);
        if fault == Fault::Nothing
            && !call.spoiled
            && !twice
            && self.dice.hits(40)
            && self.consult(call, &stay, agent, connect, ring)
        {
            return None;
        }
        let callid = call.callid.clone();
        let fate = self.fate(fault == Fault::ConnectLost);
        let leg = self.callid(now);
        let leg_end = self.note_leg(call, &leg, (now, connect, end));
        let told = fault != Fault::OnlyEnd && fate != Fate::Lost && {
            let hold = if fate == Fate::Spoilt { self.no_number() } else { hold.to_string() };
            let data = [hold, leg, ring.to_string()];
            self.tell(&stay, (connect, &callid), Some(agent), "CONNECT", &[&data[0], &data[1], &data[2]])
        };
        self.tally.bad += u64::from(told && fate == Fate::Spoilt);
        let connected = told && fate == Fate::Told;
        let foreign = (fault == Fault::ForeignEnd).then(|| self.callid(connect));
        let under = foreign.as_deref().unwrap_or(&callid).to_owned();
        if connected && talk > 30_000 && self.dice.hits(30) {
            // A product's own word: stored, and counted as unknown.
            if self.tell(&stay, (connect + 9_000, &callid), Some(agent), "HOLD", &[]) {
                self.tally.unknown += 1;
            }
        }
        let length = end.div_euclid(1000) - connect.div_euclid(1000);
        let fate = self.fate(fault == Fault::EndLost);
        let blind = self.finish(&stay, (end, &under), agent, (hold, length), fate);
        let connected = connected.then(|| (self.stamp(connect), ring));
        let ended = match (blind, connected, leg_end) {
            (Some(_), ..) => Some((self.stamp(end), length)),
            // Estimated.
            (None, Some((at, _)), Some(end)) if end >= at => Some((end, end - at)),
            _ => None,
        };
        let queue = stay.queue;
        if connected.is_none() && ended.is_none() {
            self.unresolved(&stay);
        } else {
            self.answered(stay, agent, hold, connected, ended);
        }
        // Blind into another queue: the same callid enters once more.
        let on = blind == Some(true) && foreign.is_none() && self.dice.hits(500);
        on.then(|| {
            ((queue + 1) % u8::try_from(QUEUES.len()).expect("fits"), end + self.dice.between(0, 2) * 700)
        })
    }

    /// The end row of a talk: whether it tells of it, and whether it was a blind transfer.
    pub(super) fn finish(
        &mut self,
        stay: &Stay,
        (end, callid): (i64, &str),
        agent: u16,
        (hold, talk): (i64, i64),
        fate: Fate,
    ) -> Option<bool> {
        let talk = if fate == Fate::Spoilt { self.no_number() } else { talk.to_string() };
        let hold = hold.to_string();
        let pipe = if self.dice.hits(200) { "|" } else { "" };
        let position = format!("1{pipe}");
        let last = format!("{talk}|1{pipe}");
        let (event, data): (&'static str, [&str; 5]) = match self.dice.between(0, 99) {
            0..=42 => ("COMPLETECALLER", [&hold, &talk, &position, "", ""]),
            43..=85 => ("COMPLETEAGENT", [&hold, &talk, "1", "", pipe]),
            86..=90 => ("BLINDTRANSFER", ["200", "internal", &hold, &talk, &position]),
            91 => ("TRANSFER", ["200", "internal", &hold, &talk, "1"]),
            92..=94 => ("ATTENDEDTRANSFER", ["BRIDGE", "8f3a-bridge", &hold, &talk, &position]),
            95 => ("ATTENDEDTRANSFER", ["APP", "Queue", &hold, &talk, "1"]),
            _ => ("ATTENDEDTRANSFER", ["LINK", "PJSIP/1-0", "PJSIP/2-0", &hold, &last]),
        };
        let told = fate != Fate::Lost && self.tell(stay, (end, callid), Some(agent), event, &data);
        if !told || fate == Fate::Spoilt {
            self.tally.bad += u64::from(told);
            return None;
        }
        let (who, at) = (Who::member(stay.queue, agent), self.stamp(end));
        match event {
            "BLINDTRANSFER" | "TRANSFER" => self.tally.once(who, at, What::Blind),
            "ATTENDEDTRANSFER" => self.tally.once(who, at, What::Attended),
            _ => {}
        }
        Some(event == "BLINDTRANSFER")
    }
}
