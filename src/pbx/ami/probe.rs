//! Looks once at what an AMI login may and may not do: for `check --online`. Harmless: it lists, reads, and asks for one
//! call to a phone that does not exist, whose failure shows that `originate` and the class `call` work.
//!
//! In: the `[pbx.ami]` section and one host. Out: [`Facts`]. Each wait has a deadline; nothing is judged here.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

use super::action::{Action, ActionTextError, ManagerKey, challenge_key};
use super::connect::{ConnectError, Stream, connect};
use super::frame::{Decoder, Frame, FrameError};
use crate::clock;
use crate::config::{Ami, HostPort};

/// From a question to its answer. Asterisk lets a refused login wait for a second.
const ANSWER: Duration = Duration::from_secs(5);
/// How long events are listened for that tell which classes come.
const LISTEN: Duration = Duration::from_millis(1_500);
/// The phone that is called: it is refused before anything rings.
const NOBODY: &str = "PJSIP/asterflow-check";

/// Why nothing could be found out.
#[derive(Debug, thiserror::Error)]
pub enum ProbeError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// What answers is no AMI.
    #[error(transparent)]
    NotAmi(#[from] FrameError),
    /// The login was refused, in Asterisk's words.
    #[error("{0}")]
    Refused(String),
    /// No answer, or the connection ended.
    #[error("{0}")]
    Silent(String),
    /// A value of the configuration cannot be sent.
    #[error(transparent)]
    Text(#[from] ActionTextError),
}

/// What was found out about one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The version in the greeting.
    pub ami_version: String,
    /// Asterisk's own; empty where it may not be asked.
    pub asterisk_version: String,
    /// The actions that this login may use, each with its classes; none: every login may.
    pub commands: BTreeMap<String, Vec<String>>,
    /// Classes of which an event came.
    pub heard: BTreeSet<String>,
    /// The classes of events by manager.conf; `None` where it cannot be read.
    pub read: Option<Vec<String>>,
    /// A filter of events in manager.conf.
    pub has_filter: bool,
    /// Whether the call to nobody was taken; `None` where it was not tried.
    pub originated: Option<bool>,
    /// Whether its failure was told as an event.
    pub heard_originate: bool,
    /// How far the PBX's clock is ahead of ours, milliseconds.
    pub ahead_ms: Option<i64>,
    /// States of devices by name; `None` where they may not be listed.
    pub devices: Option<BTreeMap<String, String>>,
}

/// Looks at one host.
///
/// # Errors
/// When there is no login.
pub async fn probe(ami: &Ami, host: &HostPort) -> Result<Facts, ProbeError> {
    let stream = connect(host, &ami.tls).await?;
    let mut talk = Talk::new(stream);
    let mut facts = Facts { ami_version: talk.banner().await?, ..Facts::default() };
    talk.log_in(ami).await?;
    let answer = talk.ask(&Action::ListCommands).await?;
    facts.commands = answer.iter().filter_map(|(key, value)| command(key, value)).collect();
    let may = |name: &str| facts.commands.contains_key(name);
    let (version, variables, devices) = (may("CoreSettings"), may("Getvar"), may("DeviceStateList"));
    let originate = may("Originate");
    facts.ahead_ms = talk.clock().await?;
    if version {
        facts.asterisk_version = get(&talk.ask(&Action::CoreSettings).await?, "AsteriskVersion");
    }
    if variables {
        let (read, filter) = talk.manager_conf(&ami.username).await?;
        (facts.read, facts.has_filter) = (read, filter);
    }
    if originate {
        let taken = talk.ask(&nobody()).await?;
        facts.originated = Some(get(&taken, "Response") == "Success");
    }
    if devices {
        facts.devices = Some(talk.devices().await?);
    }
    talk.listen(LISTEN).await?;
    facts.heard_originate = talk.heard_originate;
    facts.heard = std::mem::take(&mut talk.heard);
    talk.log_off().await;
    Ok(facts)
}

fn nobody() -> Action {
    Action::Spy {
        phone: NOBODY.into(),
        spied: "asterflow-check,qESu".into(),
        id: format!("asterflow-check-{}", clock::now().wall.as_millisecond()),
        caller_id: "AsterFlow check".into(),
        timeout_ms: 1_000,
    }
}

/// `Hangup: Hangup channel.  (Priv: system,call,all)` → its classes without `all`.
fn command(key: &str, value: &str) -> Option<(String, Vec<String>)> {
    let (_, classes) = value.rsplit_once("(Priv: ")?;
    let classes = classes.trim_end().trim_end_matches(')');
    let classes = classes.split(',').filter(|class| !matches!(*class, "all" | "<none>"));
    Some((key.to_owned(), classes.map(str::to_owned).collect()))
}

type Answer = Vec<(String, String)>;

fn get(answer: &Answer, key: &str) -> String {
    let found = answer.iter().find(|(name, _)| name.eq_ignore_ascii_case(key));
    found.map(|(_, value)| value.clone()).unwrap_or_default()
}

/// One connection, one question at a time.
struct Talk {
    stream: Box<dyn Stream>,
    decoder: Decoder,
    asked: u32,
    heard: BTreeSet<String>,
    heard_originate: bool,
}

impl Talk {
    fn new(stream: Box<dyn Stream>) -> Self {
        Self { stream, decoder: Decoder::default(), asked: 0, heard: BTreeSet::new(), heard_originate: false }
    }

    async fn banner(&mut self) -> Result<String, ProbeError> {
        let greeting = async {
            loop {
                if let Some(version) = self.decoder.banner()? {
                    return Ok(version);
                }
                self.read().await?;
            }
        };
        let late = |_| ProbeError::Silent("It does not greet within 5 s.".into());
        timeout(ANSWER, greeting).await.map_err(late)?
    }

    async fn log_in(&mut self, ami: &Ami) -> Result<(), ProbeError> {
        let answer = self.ask(&Action::Challenge).await?;
        let challenge = get(&answer, "Challenge");
        if challenge.is_empty() {
            return Err(ProbeError::Refused(get(&answer, "Message")));
        }
        let key = challenge_key(&challenge, ami.secret.expose());
        let answer = self.ask(&Action::Login { username: ami.username.clone(), key }).await?;
        if get(&answer, "Response") == "Success" {
            Ok(())
        } else {
            Err(ProbeError::Refused(get(&answer, "Message")))
        }
    }

    /// How far the PBX's clock is ahead, by the middle of the question's way.
    async fn clock(&mut self) -> Result<Option<i64>, ProbeError> {
        let before = clock::now().wall.as_millisecond();
        let answer = self.ask(&Action::Ping).await?;
        let after = clock::now().wall.as_millisecond();
        let stamp: Option<f64> = get(&answer, "Timestamp").parse().ok();
        #[allow(clippy::cast_possible_truncation, reason = "milliseconds since 1970 fit")]
        let stamp = stamp.map(|seconds| (seconds * 1000.0) as i64);
        Ok(stamp.map(|stamp| stamp - i64::midpoint(before, after)))
    }

    /// What manager.conf says: the classes of events, and whether there is a filter.
    async fn manager_conf(&mut self, user: &str) -> Result<(Option<Vec<String>>, bool), ProbeError> {
        let mut value = async |key| {
            let asked = self.ask(&Action::ManagerConf { user: user.to_owned(), key }).await;
            match asked {
                Ok(answer) => Ok(get(&answer, "Value")),
                // A user whose name cannot stand in the question.
                Err(ProbeError::Text(_)) => Ok(String::new()),
                Err(error) => Err(error),
            }
        };
        let read = value(ManagerKey::Read).await?;
        let write = value(ManagerKey::Write).await?;
        let filter = value(ManagerKey::EventFilter).await?;
        let words = |text: &str| text.split(',').map(|word| word.trim().to_ascii_lowercase()).collect();
        // A user who is found has at least one of them; with neither, the file is not where it was looked for.
        let known = !(read.is_empty() && write.is_empty());
        Ok((known.then(|| words(&read)), !filter.is_empty()))
    }

    async fn devices(&mut self) -> Result<BTreeMap<String, String>, ProbeError> {
        let id = self.send(&Action::DeviceStateList).await?;
        let mut devices = BTreeMap::new();
        let list = async {
            loop {
                let frame = self.frame().await?;
                if get(&frame, "ActionID") != id {
                    continue;
                }
                match get(&frame, "Event").as_str() {
                    "DeviceStateChange" => {
                        devices.insert(get(&frame, "Device").to_ascii_lowercase(), get(&frame, "State"));
                    }
                    "DeviceStateListComplete" => return Ok::<(), ProbeError>(()),
                    _ if get(&frame, "Response") == "Error" => return Ok(()),
                    _ => {}
                }
            }
        };
        let late = |_| ProbeError::Silent("It does not list its devices within 5 s.".into());
        timeout(ANSWER, list).await.map_err(late)??;
        Ok(devices)
    }

    async fn send(&mut self, action: &Action) -> Result<String, ProbeError> {
        self.asked += 1;
        let id = format!("check-{}", self.asked);
        let bytes = action.encode(&id)?;
        let late = |_| ProbeError::Silent("It does not take what is sent to it.".into());
        let written = timeout(ANSWER, self.stream.write_all(&bytes)).await.map_err(late)?;
        written.map_err(|error| ProbeError::Silent(format!("The connection broke: {error}.")))?;
        Ok(id)
    }

    async fn ask(&mut self, action: &Action) -> Result<Answer, ProbeError> {
        let id = self.send(action).await?;
        let answer = async {
            loop {
                let frame = self.frame().await?;
                if get(&frame, "ActionID") == id && !get(&frame, "Response").is_empty() {
                    return Ok(frame);
                }
            }
        };
        let late = |_| ProbeError::Silent(format!("It does not answer {} within 5 s.", action.name()));
        timeout(ANSWER, answer).await.map_err(late)?
    }

    /// The next frame; events are noted.
    async fn frame(&mut self) -> Result<Answer, ProbeError> {
        loop {
            if let Some(frame) = self.decoder.next_frame()? {
                let frame = owned(&frame);
                if !get(&frame, "Event").is_empty() {
                    let privilege = get(&frame, "Privilege");
                    let classes = privilege.split(',').filter(|class| !matches!(*class, "" | "all"));
                    self.heard.extend(classes.map(str::to_owned));
                    self.heard_originate |=
                        get(&frame, "Event") == "OriginateResponse" && get(&frame, "Channel") == NOBODY;
                }
                return Ok(frame);
            }
            self.read().await?;
        }
    }

    async fn read(&mut self) -> Result<(), ProbeError> {
        let mut buffer = [0_u8; 16 * 1024];
        match self.stream.read(&mut buffer).await {
            Ok(0) => Err(ProbeError::Silent("It closed the connection.".into())),
            Ok(count) => {
                self.decoder.push(&buffer[..count]);
                Ok(())
            }
            Err(error) => Err(ProbeError::Silent(format!("The connection broke: {error}."))),
        }
    }

    async fn listen(&mut self, time: Duration) -> Result<(), ProbeError> {
        let all = async {
            loop {
                self.frame().await?;
            }
        };
        // It ends by the time, or by an error.
        timeout(time, all).await.unwrap_or(Ok(()))
    }

    async fn log_off(mut self) {
        if self.send(&Action::Logoff).await.is_ok() {
            let _ = timeout(ANSWER, self.stream.shutdown()).await;
        }
    }
}

fn owned(frame: &Frame<'_>) -> Answer {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    frame.headers().map(|(key, value)| (text(key), text(value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_of_actions_are_read_from_their_descriptions() {
        let hang_up = command("Hangup", "Hangup channel.  (Priv: system,call,all)");
        assert_eq!(hang_up, Some(("Hangup".into(), vec!["system".into(), "call".into()])));
        let ping = command("Ping", "Keepalive command.  (Priv: <none>)");
        assert_eq!(ping, Some(("Ping".into(), Vec::new())));
        assert_eq!(command("Response", "Success"), None);
    }
}
