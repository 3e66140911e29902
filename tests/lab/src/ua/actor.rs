//! The loop: datagrams, orders and one clock for resending. Nothing else is awaited for long.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Result;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, watch};
use tokio::time::interval;

use super::record::{Behaviour, CallRecord, Direction, Side};
use super::{Identity, Order, State};
use crate::sip::dialog::{Dialog, via};
use crate::sip::digest::Challenge;
use crate::sip::media::Media;
use crate::sip::message::{Message, Start};
use crate::sip::token;

/// How often an unanswered request is sent again, and how many times.
const RESEND: Duration = Duration::from_millis(500);
const RESENDS: u32 = 8;
/// How long a dropped phone takes at most to say goodbye.
const GOODBYE: Duration = Duration::from_millis(800);

/// One call of this agent.
#[derive(Debug)]
pub(super) struct Leg {
    pub(super) place: usize,
    pub(super) dialog: Dialog,
    pub(super) incoming: bool,
    /// The INVITE that opened it.
    pub(super) invite: Message,
    /// Our last response to an INVITE, for when it is sent again.
    pub(super) answer: Vec<u8>,
    pub(super) answered: bool,
    /// Hang up as soon as that is possible.
    pub(super) doomed: bool,
    pub(super) media: Option<Media>,
    /// Where sound goes while the call is up.
    pub(super) sound_to: Option<SocketAddr>,
    pub(super) sdp_version: u32,
}

/// A request of ours that waits for its response.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) request: Message,
    pub(super) call_id: String,
    sent: Instant,
    resends: u32,
    pub(super) provisional: bool,
    pub(super) authorized: bool,
}

#[derive(Debug)]
pub(super) struct Actor {
    pub(super) socket: UdpSocket,
    pub(super) local: SocketAddr,
    pub(super) server: SocketAddr,
    pub(super) identity: Identity,
    timers: mpsc::WeakSender<Order>,
    pub(super) state: watch::Sender<State>,
    pub(super) behaviour: Behaviour,
    pub(super) wants_registration: bool,
    pub(super) registration: Dialog,
    pub(super) legs: HashMap<String, Leg>,
    pub(super) pending: HashMap<String, Pending>,
}

impl Actor {
    pub(super) fn new(
        socket: UdpSocket,
        server: SocketAddr,
        identity: Identity,
        timers: mpsc::WeakSender<Order>,
        state: watch::Sender<State>,
    ) -> Result<Self> {
        let local = socket.local_addr()?;
        let me = format!("<sip:{}@{server}>", identity.user);
        let contact = format!("sip:{}@{local}", identity.user);
        let registration = Dialog::outgoing(me.clone(), me, format!("sip:{server}"), contact);
        let (legs, pending) = (HashMap::new(), HashMap::new());
        let behaviour = Behaviour::Ring;
        let wants_registration = false;
        Ok(Self {
            socket,
            local,
            server,
            identity,
            timers,
            state,
            behaviour,
            wants_registration,
            registration,
            legs,
            pending,
        })
    }

    pub(super) async fn run(mut self, mut inbox: mpsc::Receiver<Order>) {
        let mut clock = interval(RESEND / 2);
        let mut buffer = vec![0; 65_536];
        loop {
            tokio::select! {
                received = self.socket.recv_from(&mut buffer) => if let Ok((length, from)) = received {
                    self.datagram(&buffer[..length], from).await;
                },
                order = inbox.recv() => match order {
                    Some(order) => self.obey(order).await,
                    None => return self.goodbye(&mut buffer).await,
                },
                _ = clock.tick() => self.resend().await,
            }
        }
    }

    /// Ends all calls and the registration, and gives Asterisk a moment to answer.
    async fn goodbye(mut self, buffer: &mut [u8]) {
        for place in self.legs.values().map(|leg| leg.place).collect::<Vec<_>>() {
            self.hang_up(place).await;
        }
        if self.state.borrow().registered {
            self.register(0).await;
        }
        let deadline = tokio::time::Instant::now() + GOODBYE;
        while !(self.pending.is_empty() && self.legs.is_empty()) {
            match tokio::time::timeout_at(deadline, self.socket.recv_from(buffer)).await {
                Ok(Ok((length, from))) => self.datagram(&buffer[..length], from).await,
                _ => return,
            }
        }
    }

    async fn datagram(&mut self, bytes: &[u8], from: SocketAddr) {
        // Keep-alives and noise are not SIP and need no answer.
        let Ok(message) = String::from_utf8_lossy(bytes).parse::<Message>() else { return };
        match message.start {
            Start::Request(..) => self.request(message, from).await,
            Start::Response(code, _) => self.response(code, message).await,
        }
    }

    pub(super) async fn transmit(&self, bytes: &[u8], to: SocketAddr) {
        // A datagram that cannot be sent is one that was lost: the resending takes care of it.
        let _ = self.socket.send_to(bytes, to).await;
    }

    /// Sends a request and remembers it until its response comes.
    pub(super) async fn send(&mut self, request: Message, authorized: bool) {
        self.transmit(&request.to_bytes(), self.server).await;
        let (branch, call_id) = (request.branch().to_owned(), request.call_id().to_owned());
        let pending =
            Pending { request, call_id, sent: Instant::now(), resends: 0, provisional: false, authorized };
        self.pending.insert(branch, pending);
    }

    /// Sends a request again with the answer to a challenge, once.
    pub(super) async fn authorize(&mut self, pending: Pending, response: &Message) -> bool {
        let Some(password) = self.identity.password.clone().filter(|_| !pending.authorized) else {
            return false;
        };
        let challenge = ["WWW-Authenticate", "Proxy-Authenticate"]
            .into_iter()
            .find_map(|name| Some((name, Challenge::parse(response.find(name)?)?)));
        let Some((name, challenge)) = challenge else { return false };
        let mut request = pending.request;
        let (method, uri) = match &request.start {
            Start::Request(method, uri) => (method.clone(), uri.clone()),
            Start::Response(..) => return false,
        };
        let number = match self.legs.get_mut(&pending.call_id) {
            Some(leg) => &mut leg.dialog.cseq,
            None => &mut self.registration.cseq,
        };
        *number += 1;
        request.set("CSeq", &format!("{number} {method}"));
        request.set("Via", &via(self.local));
        let header = if name.starts_with("WWW") { "Authorization" } else { "Proxy-Authorization" };
        request.set(header, &challenge.answer((&self.identity.user, &password), &method, &uri, &token()));
        if let Some(leg) =
            self.legs.get_mut(&pending.call_id).filter(|leg| !leg.answered && method == "INVITE")
        {
            leg.invite = request.clone();
        }
        self.send(request, true).await;
        true
    }

    async fn resend(&mut self) {
        let mut lost = Vec::new();
        for (branch, pending) in &mut self.pending {
            if pending.provisional || pending.sent.elapsed() < RESEND {
                continue;
            }
            pending.resends += 1;
            pending.sent = Instant::now();
            if pending.resends > RESENDS {
                lost.push(branch.clone());
            } else {
                let _ = self.socket.send_to(&pending.request.to_bytes(), self.server).await;
            }
        }
        for branch in lost {
            let Some(pending) = self.pending.remove(&branch) else { continue };
            match pending.request.method() {
                "REGISTER" => {
                    self.state.send_modify(|state| (state.registered, state.refused) = (false, Some(408)));
                }
                "INVITE" | "BYE" | "CANCEL" => self.end(&pending.call_id, Side::Them, 408, "no response"),
                _ => {}
            }
        }
    }

    /// Gives itself an order later; nothing happens if the handles are gone by then.
    pub(super) fn later(&self, after: Duration, order: Order) {
        let timers = self.timers.clone();
        tokio::spawn(async move {
            tokio::time::sleep(after).await;
            if let Some(sender) = timers.upgrade() {
                let _ = sender.send(order).await;
            }
        });
    }

    /// Adds a call and returns its place.
    pub(super) fn remember(&self, sip_id: &str, direction: Direction, number: &str, name: String) -> usize {
        let place = self.state.borrow().calls.len();
        let record = CallRecord::new(place, sip_id, direction, number, name);
        self.state.send_modify(|state| state.calls.push(record));
        place
    }

    /// Changes what is remembered of a call.
    pub(super) fn note(&self, place: usize, change: impl FnOnce(&mut CallRecord)) {
        self.state.send_modify(|state| {
            if let Some(record) = state.calls.get_mut(place) {
                change(record);
            }
        });
    }

    /// Forgets a leg and closes its record; the first end is the one that counts.
    pub(super) fn end(&mut self, call_id: &str, by: Side, status: u16, reason: &str) {
        let Some(leg) = self.legs.remove(call_id) else { return };
        self.note(leg.place, |record| {
            if record.ended.is_none() {
                record.ended = Some(Instant::now());
                record.ended_by = Some(by);
                record.status = status;
                reason.clone_into(&mut record.reason);
            }
        });
    }

    pub(super) fn id_of(&self, place: usize) -> Option<String> {
        self.legs.iter().find(|(_, leg)| leg.place == place).map(|(id, _)| id.clone())
    }
}
