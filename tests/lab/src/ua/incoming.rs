//! What Asterisk asks of a phone.

use std::net::SocketAddr;
use std::time::Instant;

use super::actor::{Actor, Leg};
use super::record::{Behaviour, Direction, Side};
use super::{Order, outgoing};
use crate::sip::dialog::Dialog;
use crate::sip::media::Media;
use crate::sip::message::{Message, name_of, tag_of, user_of};
use crate::sip::sdp::{self, Flow};

impl Actor {
    pub(super) async fn request(&mut self, request: Message, from: SocketAddr) {
        match request.method() {
            "INVITE" => self.invited(request, from).await,
            "ACK" => {}
            "BYE" => {
                self.reply(&request, 200, "OK", from).await;
                self.end(request.call_id(), Side::Them, 200, request.get("Reason"));
            }
            "CANCEL" => self.cancelled(&request, from).await,
            "NOTIFY" => {
                self.reply(&request, 200, "OK", from).await;
                self.notified(&request).await;
            }
            "OPTIONS" | "INFO" | "MESSAGE" => self.reply(&request, 200, "OK", from).await,
            "UPDATE" => self.changed(&request, from).await,
            _ => self.reply(&request, 405, "Method Not Allowed", from).await,
        }
    }

    async fn reply(&self, request: &Message, code: u16, phrase: &str, to: SocketAddr) {
        let tag = self.legs.get(request.call_id()).map_or("lab", |leg| leg.dialog.tag());
        self.transmit(&Message::response(request, code, phrase, tag).to_bytes(), to).await;
    }

    async fn invited(&mut self, invite: Message, from: SocketAddr) {
        if let Some(leg) = self.legs.get(invite.call_id()) {
            if leg.invite.branch() == invite.branch() {
                return self.transmit(&leg.answer, from).await;
            }
            return self.changed(&invite, from).await;
        }
        if tag_of(invite.get("To")).is_some() {
            return self.reply(&invite, 481, "Call Does Not Exist", from).await;
        }
        let caller = invite.get("From");
        let place = self.remember(invite.call_id(), Direction::In, user_of(caller), name_of(caller));
        let dialog = Dialog::incoming(&invite, outgoing::contact(&self.identity.user, self.local));
        let call_id = invite.call_id().to_owned();
        let leg = Leg {
            place,
            dialog,
            incoming: true,
            invite,
            answer: Vec::new(),
            answered: false,
            doomed: false,
            media: None,
            sound_to: None,
            sdp_version: 1,
        };
        self.legs.insert(call_id, leg);
        match self.behaviour {
            Behaviour::Busy => self.reject(place, 486).await,
            Behaviour::Decline => self.reject(place, 603).await,
            Behaviour::Ring => self.ring(place).await,
            Behaviour::Answer { after, .. } => {
                self.ring(place).await;
                self.later(after, Order::Answer(place));
            }
        }
    }

    async fn ring(&mut self, place: usize) {
        self.respond(place, 180, "Ringing", None).await;
        self.note(place, |record| record.ringing = Some(Instant::now()));
    }

    /// Answers the INVITE of an incoming call that is still open.
    async fn respond(&mut self, place: usize, code: u16, phrase: &str, body: Option<String>) {
        let Some(id) = self.id_of(place) else { return };
        let Some(leg) = self.legs.get_mut(&id) else { return };
        let mut response = Message::response(&leg.invite, code, phrase, leg.dialog.tag());
        response.push("Contact", &format!("<{}>", leg.dialog.contact));
        if let Some(body) = body {
            response = response.with_sdp(body);
        }
        leg.answer = response.to_bytes();
        let bytes = leg.answer.clone();
        self.transmit(&bytes, self.server).await;
    }

    pub(super) async fn reject(&mut self, place: usize, code: u16) {
        let phrase = if code == 486 { "Busy Here" } else { "Decline" };
        self.respond(place, code, phrase, None).await;
        if let Some(id) = self.id_of(place) {
            self.end(&id, Side::Us, code, "");
        }
    }

    /// Picks up an incoming call; does nothing if it is gone or up already.
    pub(super) async fn answer(&mut self, place: usize) {
        let Some(id) = self.id_of(place) else { return };
        let Some(ear) = self.state.borrow().calls.get(place).map(|record| record.ear.clone()) else { return };
        let Some(leg) = self.legs.get_mut(&id).filter(|leg| leg.incoming && !leg.answered) else { return };
        let Ok(media) = Media::open(self.local.ip(), self.identity.tone, ear).await else { return };
        let offer = sdp::read(&leg.invite.body);
        leg.sound_to = offer.map(|(address, _)| address);
        media.send_to(leg.sound_to);
        leg.answered = true;
        let body = sdp::write(media.local(), leg.sdp_version, Flow::Both);
        leg.media = Some(media);
        self.respond(place, 200, "OK", Some(body)).await;
        self.note(place, |record| (record.answered, record.status) = (Some(Instant::now()), 200));
        if let Behaviour::Answer { talk: Some(talk), .. } = self.behaviour {
            self.later(talk, Order::HangUp(place));
        }
    }

    async fn cancelled(&mut self, cancel: &Message, from: SocketAddr) {
        self.reply(cancel, 200, "OK", from).await;
        let id = cancel.call_id().to_owned();
        let Some(leg) = self.legs.get(&id).filter(|leg| leg.incoming && !leg.answered) else { return };
        let place = leg.place;
        self.respond(place, 487, "Request Terminated", None).await;
        self.end(&id, Side::Them, 487, cancel.get("Reason"));
    }

    /// A re-INVITE or UPDATE: sound may go elsewhere now.
    async fn changed(&mut self, request: &Message, from: SocketAddr) {
        let Some(leg) = self.legs.get_mut(request.call_id()) else {
            return self.reply(request, 481, "Call Does Not Exist", from).await;
        };
        let mut response = Message::response(request, 200, "OK", leg.dialog.tag());
        response.push("Contact", &format!("<{}>", leg.dialog.contact));
        if let Some(media) = &leg.media {
            let offer = sdp::read(&request.body);
            let flow = offer.map_or(Flow::Both, |(_, flow)| flow.answer());
            if let Some((address, _)) = offer {
                leg.sound_to = Some(address);
                media.send_to(Some(address).filter(|_| matches!(flow, Flow::Both | Flow::SendOnly)));
            }
            // A re-INVITE without a body asks for an offer; an UPDATE without one asks for nothing.
            if request.method() == "INVITE" || offer.is_some() {
                leg.sdp_version += 1;
                response = response.with_sdp(sdp::write(media.local(), leg.sdp_version, flow));
            }
        }
        if request.method() == "INVITE" {
            leg.invite = request.clone();
            leg.answer = response.to_bytes();
        }
        self.transmit(&response.to_bytes(), from).await;
    }

    /// The progress of a transfer, as a line of SIP in the body. Asterisk leaves the goodbye of a transfer that worked
    /// to the phone, as desk phones do it.
    async fn notified(&mut self, notify: &Message) {
        let status = notify.body.split_whitespace().nth(1).and_then(|code| code.parse::<u16>().ok());
        let place = self.legs.get(notify.call_id()).map(|leg| leg.place);
        if let (Some(status), Some(place)) = (status, place) {
            self.note(place, |record| record.transfer_status = Some(status));
            if (200..300).contains(&status) {
                self.hang_up(place).await;
            }
        }
    }
}
