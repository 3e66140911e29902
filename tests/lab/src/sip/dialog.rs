//! One dialog: who talks to whom under which tags, and the requests made inside it.

use std::net::SocketAddr;

use super::message::{Message, tag_of, uri_of};
use super::token;

/// What both sides of a call agreed to call each other.
#[derive(Debug, Clone)]
pub(crate) struct Dialog {
    pub(crate) call_id: String,
    /// Our From value, with our tag.
    pub(crate) local: String,
    /// Their To value, with their tag once it is known.
    pub(crate) remote: String,
    /// Where requests go.
    pub(crate) target: String,
    /// Our own contact URI.
    pub(crate) contact: String,
    pub(crate) cseq: u32,
}

impl Dialog {
    /// A dialog that we open.
    pub(crate) fn outgoing(local: String, remote: String, target: String, contact: String) -> Self {
        Self { call_id: token(), local: format!("{local};tag={}", token()), remote, target, contact, cseq: 0 }
    }

    /// A dialog that `invite` opens; `contact` is our own URI.
    pub(crate) fn incoming(invite: &Message, contact: String) -> Self {
        Self {
            call_id: invite.call_id().to_owned(),
            local: format!("{};tag={}", invite.get("To"), token()),
            remote: invite.get("From").to_owned(),
            target: uri_of(invite.get("Contact")).to_owned(),
            contact,
            cseq: 0,
        }
    }

    /// Our tag.
    pub(crate) fn tag(&self) -> &str {
        tag_of(&self.local).unwrap_or_default()
    }

    /// Takes over the other side's tag and address from a response or request of theirs.
    pub(crate) fn learn(&mut self, response: &Message) {
        response.get("To").clone_into(&mut self.remote);
        if let Some(contact) = response.find("Contact") {
            uri_of(contact).clone_into(&mut self.target);
        }
    }

    /// A new request of ours; ACK and CANCEL keep the number of the INVITE.
    pub(crate) fn request(&mut self, method: &str, from: SocketAddr) -> Message {
        if !matches!(method, "ACK" | "CANCEL") {
            self.cseq += 1;
        }
        Message::request(method, &self.target)
            .with("Via", &via(from))
            .with("Max-Forwards", "70")
            .with("From", &self.local)
            .with("To", &self.remote)
            .with("Call-ID", &self.call_id)
            .with("CSeq", &format!("{} {method}", self.cseq))
            .with("Contact", &format!("<{}>", self.contact))
            .with("User-Agent", "asterflow-lab")
    }

    /// The value of a Replaces parameter that names this dialog.
    pub(crate) fn replaces(&self) -> String {
        let to = tag_of(&self.remote).unwrap_or_default();
        format!("{}%3Bto-tag%3D{to}%3Bfrom-tag%3D{}", self.call_id, self.tag())
    }
}

/// A Via value with a fresh branch.
pub(crate) fn via(from: SocketAddr) -> String {
    format!("SIP/2.0/UDP {from};rport;branch=z9hG4bK{}", token())
}
