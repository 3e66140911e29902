//! What a phone asks of Asterisk, and the responses.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use super::Order;
use super::actor::{Actor, Leg};
use super::record::{Direction, Side};
use crate::sip::dialog::Dialog;
use crate::sip::media::Media;
use crate::sip::message::{Message, Start};
use crate::sip::sdp::{self, Flow};

/// A registration lasts this long and is renewed well before, seconds.
const EXPIRES: u32 = 60;
const REFRESH: Duration = Duration::from_secs(25);

/// The URI at which `user` is reached.
pub(super) fn contact(user: &str, local: SocketAddr) -> String {
    format!("sip:{user}@{local}")
}

impl Actor {
    pub(super) async fn obey(&mut self, order: Order) {
        match order {
            Order::Behave(behaviour) => self.behaviour = behaviour,
            Order::Register => {
                self.wants_registration = true;
                self.register(EXPIRES).await;
            }
            Order::Unregister => {
                self.wants_registration = false;
                self.register(0).await;
            }
            Order::Refresh if self.wants_registration => self.register(EXPIRES).await,
            Order::Refresh => {}
            Order::Dial { number, answer } => {
                // The asker may have given up; the call is then ended with the phone.
                let _ = answer.send(self.dial(&number).await);
            }
            Order::Answer(place) => self.answer(place).await,
            Order::Reject(place, code) => self.reject(place, code).await,
            Order::HangUp(place) => self.hang_up(place).await,
            Order::Hold(place, hold) => self.hold(place, hold).await,
            Order::Digit(place, digit) => {
                let body = format!("Signal={digit}\r\nDuration=160\r\n");
                self.inside(place, "INFO", &[("Content-Type", "application/dtmf-relay")], body).await;
            }
            Order::Refer { call, to, replaces } => self.refer(call, &to, replaces).await,
            Order::Speak(place, speak) => {
                if let Some(leg) = self.id_of(place).and_then(|id| self.legs.get(&id)) {
                    let target = leg.sound_to.filter(|_| speak);
                    leg.media.iter().for_each(|media| media.send_to(target));
                }
            }
        }
    }

    pub(super) async fn register(&mut self, expires: u32) {
        let request = self.registration.request("REGISTER", self.local).with("Expires", &expires.to_string());
        // A renewal that is still under way would be answered out of order.
        self.pending.retain(|_, pending| pending.request.method() != "REGISTER");
        self.send(request, false).await;
    }

    async fn dial(&mut self, number: &str) -> usize {
        let (user, server) = (&self.identity.user, self.server);
        let local = format!("\"{}\" <sip:{user}@{}>", self.identity.name, self.local.ip());
        let target = format!("sip:{number}@{server}");
        let mut dialog = Dialog::outgoing(local, format!("<{target}>"), target, contact(user, self.local));
        let place = self.remember(&dialog.call_id, Direction::Out, number, String::new());
        let ear = self.state.borrow().calls[place].ear.clone();
        let media = Media::open(self.local.ip(), self.identity.tone, ear).await.ok();
        let mut invite = dialog.request("INVITE", self.local);
        if let Some(media) = &media {
            invite = invite.with_sdp(sdp::write(media.local(), 1, Flow::Both));
        }
        let leg = Leg {
            place,
            incoming: false,
            invite: invite.clone(),
            answer: Vec::new(),
            answered: false,
            doomed: false,
            media,
            sound_to: None,
            sdp_version: 1,
            dialog,
        };
        self.legs.insert(invite.call_id().to_owned(), leg);
        self.send(invite, false).await;
        place
    }

    /// Sends a request inside a call that is up.
    async fn inside(&mut self, place: usize, method: &str, headers: &[(&str, &str)], body: String) {
        let local = self.local;
        let Some(leg) = self.id_of(place).and_then(|id| self.legs.get_mut(&id)) else { return };
        let mut request = leg.dialog.request(method, local);
        for (name, value) in headers {
            request.push(name, value);
        }
        request.body = body;
        self.send(request, false).await;
    }

    /// Ends a call in whichever state it is.
    pub(super) async fn hang_up(&mut self, place: usize) {
        let Some(id) = self.id_of(place) else { return };
        let Some(leg) = self.legs.get_mut(&id) else { return };
        if leg.answered {
            self.inside(place, "BYE", &[], String::new()).await;
            self.note(place, |record| {
                record.ended = Some(Instant::now());
                record.ended_by = Some(Side::Us);
            });
        } else if leg.incoming {
            self.reject(place, 486).await;
        } else {
            leg.doomed = true;
            self.cancel(&id).await;
        }
    }

    /// Cancels an INVITE of ours; allowed only once a provisional response has come.
    async fn cancel(&mut self, call_id: &str) {
        let Some(leg) = self.legs.get(call_id) else { return };
        let ringing = self.pending.get(leg.invite.branch()).is_some_and(|pending| pending.provisional);
        if !ringing {
            return;
        }
        let Start::Request(_, uri) = &leg.invite.start else { return };
        let mut cancel = Message::request("CANCEL", uri);
        for name in ["Via", "Max-Forwards", "From", "To", "Call-ID"] {
            cancel.push(name, leg.invite.get(name));
        }
        cancel.push("CSeq", &format!("{} CANCEL", leg.invite.cseq()));
        self.transmit(&cancel.to_bytes(), self.server).await;
    }

    async fn hold(&mut self, place: usize, hold: bool) {
        let Some(leg) = self.id_of(place).and_then(|id| self.legs.get_mut(&id)).filter(|leg| leg.answered)
        else {
            return;
        };
        let Some(media) = &leg.media else { return };
        leg.sdp_version += 1;
        media.send_to(leg.sound_to.filter(|_| !hold));
        let flow = if hold { Flow::SendOnly } else { Flow::Both };
        let body = sdp::write(media.local(), leg.sdp_version, flow);
        self.inside(place, "INVITE", &[("Content-Type", "application/sdp")], body).await;
    }

    async fn refer(&mut self, place: usize, to: &str, replaces: Option<usize>) {
        let other = replaces.and_then(|other| self.id_of(other)).and_then(|id| self.legs.get(&id));
        let replaces = other.map_or(String::new(), |leg| format!("?Replaces={}", leg.dialog.replaces()));
        let refer_to = format!("<sip:{to}@{}{replaces}>", self.server);
        let by = format!("<sip:{}@{}>", self.identity.user, self.server);
        self.note(place, |record| {
            (record.transfer_status, record.referred) = (Some(100), Some(Instant::now()))
        });
        self.inside(place, "REFER", &[("Refer-To", &refer_to), ("Referred-By", &by)], String::new()).await;
    }

    pub(super) async fn response(&mut self, code: u16, response: Message) {
        if response.method() == "CANCEL" {
            return;
        }
        let Some(mut pending) = self.pending.remove(response.branch()) else {
            // Our ACK was lost: the answer comes again and wants another one.
            if response.method() == "INVITE" && (200..300).contains(&code) {
                self.acknowledge(&response).await;
            }
            return;
        };
        let is_invite = pending.request.method() == "INVITE";
        if code < 200 {
            pending.provisional = true;
            let id = pending.call_id.clone();
            self.pending.insert(response.branch().to_owned(), pending);
            if is_invite {
                self.progress(&id, code).await;
            }
            return;
        }
        if is_invite && code >= 300 {
            self.acknowledge_refusal(&pending.request, &response).await;
        }
        let (request, call_id) = (pending.request.clone(), pending.call_id.clone());
        if matches!(code, 401 | 407) && self.authorize(pending, &response).await {
            return;
        }
        self.settled(&request, &call_id, code, &response).await;
    }

    async fn progress(&mut self, call_id: &str, code: u16) {
        let Some(leg) = self.legs.get(call_id).filter(|leg| !leg.answered) else { return };
        let doomed = leg.doomed;
        if code >= 180 {
            self.note(leg.place, |record| record.ringing = record.ringing.or_else(|| Some(Instant::now())));
        }
        if doomed {
            self.cancel(call_id).await;
        }
    }

    /// A final response that no challenge stands behind.
    async fn settled(&mut self, request: &Message, call_id: &str, code: u16, response: &Message) {
        let good = code < 300;
        match request.method() {
            "REGISTER" => {
                let wanted = request.get("Expires") != "0";
                self.state.send_modify(|state| {
                    state.registered = good && wanted;
                    state.refused = (!good).then_some(code);
                });
                if wanted {
                    self.later(REFRESH, Order::Refresh);
                }
            }
            "INVITE" => self.invite_settled(call_id, code, response).await,
            "BYE" => self.end(call_id, Side::Us, 200, ""),
            "REFER" if !good => {
                if let Some(leg) = self.legs.get(call_id) {
                    self.note(leg.place, |record| record.transfer_status = Some(code));
                }
            }
            _ => {}
        }
    }

    async fn invite_settled(&mut self, call_id: &str, code: u16, response: &Message) {
        let good = code < 300;
        if good {
            self.acknowledge(response).await;
        }
        let Some(leg) = self.legs.get_mut(call_id) else { return };
        let place = leg.place;
        if leg.answered {
            // A re-INVITE of ours: hold or its end.
            if good {
                let held = matches!(sdp::read(&response.body), Some((_, Flow::RecvOnly | Flow::Inactive)));
                self.note(place, |record| record.on_hold = held);
            }
            return;
        }
        if !good {
            let by = if leg.doomed { Side::Us } else { Side::Them };
            return self.end(call_id, by, code, response.get("Reason"));
        }
        leg.answered = true;
        leg.sound_to = sdp::read(&response.body).map(|(address, _)| address);
        leg.media.iter().for_each(|media| media.send_to(leg.sound_to));
        let doomed = leg.doomed;
        self.note(place, |record| (record.answered, record.status) = (Some(Instant::now()), 200));
        if doomed {
            self.hang_up(place).await;
        }
    }

    async fn acknowledge(&mut self, response: &Message) {
        let local = self.local;
        let Some(leg) = self.legs.get_mut(response.call_id()) else { return };
        leg.dialog.learn(response);
        let mut ack = leg.dialog.request("ACK", local);
        ack.set("CSeq", &format!("{} ACK", response.cseq()));
        self.transmit(&ack.to_bytes(), self.server).await;
    }

    /// The ACK of a refused INVITE belongs to the same transaction.
    async fn acknowledge_refusal(&mut self, invite: &Message, response: &Message) {
        let Start::Request(_, uri) = &invite.start else { return };
        let mut ack = Message::request("ACK", uri);
        for name in ["Via", "Max-Forwards", "From", "Call-ID"] {
            ack.push(name, invite.get(name));
        }
        ack.push("To", response.get("To"));
        ack.push("CSeq", &format!("{} ACK", response.cseq()));
        self.transmit(&ack.to_bytes(), self.server).await;
    }
}
