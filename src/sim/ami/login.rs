//! Challenge, login and goodbye.

use std::sync::Arc;

use md5::{Digest, Md5};

use super::account::{Account, Classes};
use super::answer::{self, Answer};
use super::connection::{Out, SessionId};
use super::encode;
use super::hub::Hub;
use super::request::Request;
use crate::backoff::random;
use crate::domain::time::Tick;

/// Wrong credentials are answered after a while.
const REFUSED_MS: i64 = 1_000;

impl Hub {
    /// Gives a challenge; the same one for the whole session.
    pub(super) fn challenge(&mut self, id: SessionId, request: &Request) {
        let action_id = request.get("ActionID");
        if !request.get("AuthType").eq_ignore_ascii_case("MD5") {
            return self.reply(id, answer::error(action_id, "Must specify AuthType"));
        }
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let challenge = session.challenge.get_or_insert_with(|| (random() % 1_000_000_000).to_string());
        let answer = Answer::success(action_id).with("Challenge", challenge).finish();
        self.reply(id, answer);
    }

    /// Lets a client in, or sends it away after a second.
    pub(super) fn log_in(&mut self, id: SessionId, request: &Request, now: Tick) {
        let action_id = request.get("ActionID");
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let named = |account: &&Arc<Account>| account.username == request.get("Username");
        let account = self.settings.accounts.iter().find(named);
        let Some(account) = account.filter(|account| proves(request, session.challenge.as_deref(), account))
        else {
            self.push(id, Out::Pause(now.plus_millis(REFUSED_MS)));
            self.reply(id, answer::error(action_id, "Authentication failed"));
            return self.close(id);
        };
        session.account = Some(Arc::clone(account));
        // Without a mask, or with one that is no mask, everything that may be read is sent.
        let wanted = request.given("Events").and_then(Classes::parse).unwrap_or(Classes::ALL);
        session.events = account.read.both(wanted);
        let hears_boot = session.events.holds(Classes::SYSTEM);
        self.reply(id, answer::ack(action_id, "Authentication accepted"));
        self.first_login(now);
        if hears_boot && self.is_booted() {
            self.push(id, Out::Bytes(encode::booted_at_login(self.uptime(now)).bytes));
        }
    }

    /// Says goodbye.
    pub(super) fn log_off(&mut self, id: SessionId, request: &Request) {
        let goodbye = Answer::new("Goodbye", request.get("ActionID"));
        self.reply(id, goodbye.with("Message", "Thanks for all the fish.").finish());
        self.close(id);
    }

    /// Changes which events a client wants.
    pub(super) fn set_events(&mut self, id: SessionId, request: &Request) -> Vec<u8> {
        let action_id = request.get("ActionID");
        let Some(wanted) = Classes::parse(request.get("EventMask")) else {
            return answer::error(action_id, "Invalid event mask");
        };
        let Some(session) = self.sessions.get_mut(&id) else { return Vec::new() };
        let read = session.account.as_ref().map_or(Classes::NONE, |account| account.read);
        session.events = read.both(wanted);
        let word = if wanted.is_empty() { "Off" } else { "On" };
        Answer::success(action_id).with("Events", word).finish()
    }
}

/// Whether a login proves that it knows the account's secret: by the secret itself or by its hash with the challenge.
fn proves(request: &Request, challenge: Option<&str>, account: &Account) -> bool {
    let secret = account.secret.expose();
    if !request.get("AuthType").eq_ignore_ascii_case("MD5") {
        return request.given("Secret") == Some(secret);
    }
    let Some(challenge) = challenge else { return false };
    let hash = Md5::new().chain_update(challenge).chain_update(secret).finalize();
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    request.get("Key") == hex
}
