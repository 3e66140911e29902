//! What each action does.

use super::account::Classes;
use super::actions::{ACTIONS, find};
use super::answer::{self, Answer};
use super::commands::command;
use super::connection::SessionId;
use super::faults::Fault;
use super::hub::Hub;
use super::lists;
use super::request::Request;
use crate::domain::time::Tick;
use crate::sim::pbx::Millis;

impl Hub {
    /// Does what a client asks for.
    pub(super) fn act(&mut self, id: SessionId, request: &Request, now: Tick) {
        let Some(session) = self.sessions.get(&id) else { return };
        let write = session.account.as_ref().map(|account| account.write);
        let (action, action_id) = (request.get("Action"), request.get("ActionID"));
        match (action.to_ascii_lowercase().as_str(), write) {
            ("", _) => self.reply(id, answer::error(action_id, "Missing action in request")),
            ("challenge", _) => self.challenge(id, request),
            ("login", _) => self.log_in(id, request, now),
            ("logoff", _) => self.log_off(id, request),
            (_, None) => self.reply(id, answer::error(action_id, "Permission denied")),
            (_, Some(write)) => self.act_known(id, request, write, now),
        }
    }

    fn act_known(&mut self, id: SessionId, request: &Request, write: Classes, now: Tick) {
        let (action, action_id) = (request.get("Action"), request.get("ActionID"));
        // app_queue is among the last modules to load.
        let is_loaded = |name: &str| self.is_booted() || !name.starts_with("Queue");
        let Some(known) = find(action).filter(|known| is_loaded(known.name)) else {
            let why = format!(
                "Invalid/unknown command: {action}. Use Action: ListCommands to show available commands."
            );
            return self.reply(id, answer::error(action_id, &why));
        };
        if !known.is_allowed(write) {
            return self.reply(id, answer::error(action_id, "Permission denied"));
        }
        let millis = self.millis(now);
        let bytes = match known.name {
            "Ping" => Answer::success(action_id).with("Ping", "Pong").at(millis).finish(),
            "Events" => self.set_events(id, request),
            "ListCommands" => list_commands(action_id, write),
            "CoreShowChannels" => lists::channels(self.pbx.state(), action_id, millis),
            "BridgeList" => lists::bridges(self.pbx.state(), action_id),
            "DeviceStateList" => lists::devices(self.pbx.state(), action_id),
            "QueueStatus" => lists::queues(self.pbx.state(), request, action_id, millis),
            "QueueSummary" => lists::summary(self.pbx.state(), request, action_id, millis),
            "CoreStatus" => self.core_status(action_id),
            "CoreSettings" => core_settings(action_id),
            "Getvar" => self.getvar(id, request),
            "SimFault" => return self.ask_for_fault(id, request, now),
            name => return self.command(id, name, request, write, now),
        };
        self.reply(id, bytes);
    }

    /// Tells the PBX to do something, at this moment. The answer comes before whatever it brings about.
    fn command(&mut self, id: SessionId, name: &str, request: &Request, write: Classes, now: Tick) {
        let action_id = request.get("ActionID");
        self.advance(now);
        let bytes = match command(name, request, write) {
            Err(why) => answer::error(action_id, why),
            Ok((command, done)) => match self.pbx.command(command) {
                Ok(()) => answer::ack(action_id, done),
                Err(refused) => answer::error(action_id, &refused.to_string()),
            },
        };
        self.reply(id, bytes);
        self.advance(now);
    }

    fn ask_for_fault(&mut self, id: SessionId, request: &Request, now: Tick) {
        let action_id = request.get("ActionID");
        match Fault::read(request) {
            Ok(fault) => {
                self.reply(id, answer::ack(action_id, "Fault begins"));
                self.strike(fault, id, now);
            }
            Err(why) => self.reply(id, answer::error(action_id, &why.to_string())),
        }
    }

    /// Only what manager.conf says of the user who asks: `AST_CONFIG(manager.conf,wall,read)`.
    fn getvar(&self, id: SessionId, request: &Request) -> Vec<u8> {
        let variable = request.get("Variable");
        let account = self.sessions.get(&id).and_then(|session| session.account.as_ref());
        let value = account.map_or_else(String::new, |account| {
            let asked =
                |key: &str| variable == format!("AST_CONFIG(manager.conf,{},{key})", account.username);
            if asked("read") {
                account.read.words()
            } else if asked("write") {
                account.write.words()
            } else {
                String::new()
            }
        });
        let answer = Answer::success(request.get("ActionID"));
        answer.with("Variable", variable).with("Value", value).finish()
    }

    fn core_status(&self, action_id: &str) -> Vec<u8> {
        let (date, time) = date_and_time(self.started);
        let channels = self.pbx.state().channels.values();
        let calls = channels.filter(|channel| channel.uniqueid == channel.linkedid).count();
        Answer::success(action_id)
            .with("CoreStartupDate", &date)
            .with("CoreStartupTime", &time)
            .with("CoreReloadDate", &date)
            .with("CoreReloadTime", &time)
            .with("CoreCurrentCalls", calls)
            .with("CoreProcessedCalls", self.calls)
            .finish()
    }
}

fn core_settings(action_id: &str) -> Vec<u8> {
    Answer::success(action_id)
        .with("AMIversion", "11.0.0")
        .with("AsteriskVersion", "22.10.1-simulated")
        .with("SystemName", "")
        .with("CoreMaxCalls", 0)
        .with("CoreMaxLoadAvg", "0.000000")
        .with("CoreRunUser", "")
        .with("CoreRunGroup", "")
        .with("CoreMaxFilehandles", 0)
        .with("CoreRealTimeEnabled", "Yes")
        .with("CoreCDRenabled", "Yes")
        .with("CoreHTTPenabled", "No")
        .with("SoundsSearchCustomDir", "No")
        .finish()
}

/// Only what the account may use.
fn list_commands(action_id: &str, write: Classes) -> Vec<u8> {
    let allowed = ACTIONS.iter().filter(|known| known.is_allowed(write));
    allowed.fold(Answer::success(action_id), |answer, known| answer.with(known.name, known.synopsis)).finish()
}

fn date_and_time(at: Millis) -> (String, String) {
    let stamp = jiff::Timestamp::from_millisecond(at).unwrap_or(jiff::Timestamp::UNIX_EPOCH);
    (stamp.strftime("%Y-%m-%d").to_string(), stamp.strftime("%H:%M:%S").to_string())
}
