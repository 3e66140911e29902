//! The decisions: locked or not, sheet, PIN pad, the one attempt. No clock, no waiting.

use crate::domain::account::{Actor, Role};
use crate::domain::act::Act;
use crate::domain::control::{Mode, Request, Target};
use crate::domain::ids::{PbxName, UniqueId};
use crate::domain::time::Tick;
use crate::tasks::accounts::Identity;
use crate::views::desk::{
    About, ActStage, ActStand, Attempt, Call, Change, Floor, Lock, Pad, Phone, Reach, Refused, Seat, Stand,
};

use super::{Answer, Command, Touch};

/// The wall stays unlocked for so long after a touch.
const UNLOCKED_MILLIS: i64 = 60_000;
/// Sheet and PIN pad close so long after the last touch.
const OPEN_MILLIS: i64 = 60_000;
/// The longest PIN that can be typed.
const PIN_LONGEST: usize = 12;

/// What is done as soon as somebody may.
#[derive(Clone, Debug)]
pub(super) enum Wish {
    Start(PbxName, String, Box<About>),
    Change(Mode),
    Act(Option<PbxName>, Act),
}

/// Supervision at one wall.
pub struct DeskState {
    pub(super) stand: Stand,
    /// Who has unlocked, or has logged in.
    pub(super) identity: Option<Identity>,
    pub(super) origin: String,
    touched: Tick,
    pin: String,
    wish: Option<Wish>,
    /// Counts the openings of the PIN pad: an answer to a pad that was closed unlocks nothing.
    serial: u32,
}

impl DeskState {
    /// With these phones. `known`: who has logged in already; else a PIN is asked for.
    pub fn new(phones: Vec<Phone>, known: Option<Identity>, origin: String) -> Self {
        let lock = match &known {
            None => Lock::Locked,
            Some(identity) => {
                Lock::LoggedIn { name: identity.name.clone(), may: identity.role >= Role::Supervisor }
            }
        };
        Self {
            stand: Stand {
                phones,
                phone: 0,
                seat: None,
                call: None,
                pad: None,
                lock,
                attempt: Attempt::None,
                listening: Vec::new(),
                acts: ActStand::default(),
            },
            identity: known,
            origin,
            touched: Tick::default(),
            pin: String::new(),
            wish: None,
            serial: 0,
        }
    }

    /// How it stands, for the view.
    pub fn stand(&self) -> &Stand {
        &self.stand
    }

    /// Whether the sheet or the PIN pad is open: then the pages must not turn.
    pub fn is_open(&self) -> bool {
        self.stand.seat.is_some() || self.stand.pad.is_some() || self.stand.acts.caller.is_some()
    }

    /// The wall was touched, wherever: what is open or unlocked stays so.
    pub fn touched(&mut self, now: Tick) {
        self.tick(now);
        self.touched = now;
        if let Lock::Unlocked { until, .. } = &mut self.stand.lock {
            *until = now.plus_millis(UNLOCKED_MILLIS);
        }
    }

    /// Something of it was touched. `reach`: what can be listened to at the open sheet.
    pub fn act(&mut self, touch: Touch, reach: Option<&Reach>, now: Tick) -> Option<Command> {
        self.touched(now);
        match touch {
            Touch::Open(seat) => self.open(seat),
            Touch::OpenRunning => {
                if let Some(about) = self.stand.attempt.about() {
                    let seat = about.seat.clone();
                    self.open(seat);
                }
            }
            Touch::Close if self.stand.pad.is_some() => self.close_pad(),
            Touch::Close => self.close(),
            Touch::Phone(extension) => {
                let at = self.stand.phones.iter().position(|phone| phone.extension == extension);
                self.stand.phone = at.unwrap_or(self.stand.phone);
            }
            Touch::Call(channel) => self.stand.call = Some(UniqueId::new(channel)),
            Touch::Press(mode) => return self.press(mode, reach?, now),
            Touch::Digit(digit) => self.digit(digit),
            Touch::Erase => {
                if self.pad_takes_digits() {
                    self.pin.pop();
                    self.show_digits();
                }
            }
            Touch::Enter => return self.enter(),
            Touch::Lock => self.lock(),
            Touch::End => return self.end(),
            Touch::OpenCaller(place) => self.open_caller(place),
            Touch::Act(touch) if self.stand.acts.caller.is_some() => return self.caller_touched(&touch),
            Touch::Act(touch) => return self.act_touched(&touch, reach?),
        }
        None
    }

    fn open(&mut self, seat: Seat) {
        self.close();
        self.stand.seat = Some(seat);
    }

    /// Closes the sheet with all that belongs to it. What runs goes on.
    pub fn close(&mut self) {
        self.close_pad();
        self.stand.seat = None;
        self.stand.acts.caller = None;
        self.stand.call = None;
        if !self.stand.attempt.is_running() {
            self.stand.attempt = Attempt::None;
        }
        if self.stand.acts.stage != ActStage::Sent {
            self.stand.acts.stage = ActStage::Idle;
        }
    }

    fn close_pad(&mut self) {
        self.stand.pad = None;
        self.stand.acts.wished = None;
        self.wish = None;
        self.pin.clear();
    }

    fn lock(&mut self) {
        if matches!(self.stand.lock, Lock::Unlocked { .. }) {
            self.stand.lock = Lock::Locked;
            self.identity = None;
        }
        self.close_pad();
    }

    /// A button was pressed: the call that is meant is settled now, whatever the agent does while a PIN is typed.
    fn press(&mut self, mode: Mode, reach: &Reach, now: Tick) -> Option<Command> {
        // Under the PIN pad lies a wish already.
        let seat = self.stand.seat.clone().filter(|_| self.stand.pad.is_none())?;
        let wish = match &self.stand.attempt {
            Attempt::Ringing { .. } => return None,
            Attempt::Attached { about, change, .. } => {
                if !about.seat.is_same_person(&seat) || change.is_some() || about.mode == mode {
                    return None;
                }
                Wish::Change(mode)
            }
            Attempt::None | Attempt::Ended { .. } => {
                let call = self.call(reach)?;
                let phone = self.stand.phones.get(self.stand.phone)?;
                let about = About {
                    seat,
                    agent: reach.agent.clone(),
                    channel: call.channel.clone(),
                    partner: call.partner.clone(),
                    phone: phone.name.clone(),
                    mode,
                };
                Wish::Start(reach.pbx.clone(), phone.extension.clone(), Box::new(about))
            }
        };
        match &self.stand.lock {
            Lock::LoggedIn { may: false, .. } => None,
            Lock::LoggedIn { .. } | Lock::Unlocked { .. } => self.go(wish, now),
            Lock::Locked => {
                self.ask_pin(wish);
                if let Some(pad) = &mut self.stand.pad {
                    pad.mode = mode;
                }
                None
            }
        }
    }

    /// Opens the PIN pad; `wish` is done once somebody has unlocked.
    pub(super) fn ask_pin(&mut self, wish: Wish) {
        self.close_pad();
        self.serial = self.serial.wrapping_add(1);
        self.wish = Some(wish);
        self.stand.pad = Some(Pad { digits: 0, checking: false, refused: None, mode: Mode::Listen });
    }

    /// The call that a button means: the only one, or the chosen one.
    fn call<'a>(&self, reach: &'a Reach) -> Option<&'a Call> {
        match reach.calls.as_slice() {
            _ if reach.floor != Floor::Call => None,
            [only] => Some(only),
            several => several.iter().find(|call| self.stand.call.as_ref() == Some(&call.channel)),
        }
    }

    fn go(&mut self, wish: Wish, now: Tick) -> Option<Command> {
        let who = self.identity.as_ref()?;
        match wish {
            Wish::Act(pbx, act) => self.send_act(pbx, act),
            Wish::Start(pbx, supervisor, about) => {
                if self.stand.attempt.is_running() {
                    return None;
                }
                let request = Request {
                    pbx: Some(pbx),
                    target: Target::Channel(about.channel.clone()),
                    mode: about.mode,
                    supervisor,
                    actor: who.name.clone(),
                    origin: self.origin.clone(),
                };
                self.stand.attempt =
                    Attempt::Ringing { about: *about, actor: who.name.clone(), since: now, cancelled: false };
                Some(Command::Start(request))
            }
            Wish::Change(mode) => {
                let Attempt::Attached { id, actor, change, note, .. } = &mut self.stand.attempt else {
                    return None;
                };
                if who.role < Role::Admin && *actor != who.name {
                    *note = Some(format!(
                        "{actor} started this. Only {actor} or an administrator can change it."
                    ));
                    return None;
                }
                (*change, *note) = (Some(Change::To(mode)), None);
                let by = Actor { name: who.name.clone(), origin: self.origin.clone() };
                Some(Command::SetMode(id.clone(), mode, by))
            }
        }
    }

    fn pad_takes_digits(&self) -> bool {
        let waits = |pad: &Pad| matches!(pad.refused, Some(Refused::Wait(_)));
        self.stand.pad.as_ref().is_some_and(|pad| !pad.checking && !waits(pad))
    }

    fn digit(&mut self, digit: char) {
        if self.pad_takes_digits() && digit.is_ascii_digit() && self.pin.len() < PIN_LONGEST {
            self.pin.push(digit);
            self.show_digits();
            if let Some(pad) = &mut self.stand.pad {
                pad.refused = None;
            }
        }
    }

    fn show_digits(&mut self) {
        if let Some(pad) = &mut self.stand.pad {
            pad.digits = u32::try_from(self.pin.len()).unwrap_or(u32::MAX);
        }
    }

    fn enter(&mut self) -> Option<Command> {
        if !self.pad_takes_digits() || self.pin.is_empty() {
            return None;
        }
        let pad = self.stand.pad.as_mut()?;
        pad.checking = true;
        Some(Command::Unlock(self.serial, std::mem::take(&mut self.pin)))
    }

    /// A command was carried out, or was not.
    pub fn answered(&mut self, answer: Answer, now: Tick) -> Option<Command> {
        match answer {
            Answer::Unlocked(serial, result) => return self.unlocked(serial, result, now),
            Answer::Started(result) => return self.started(result, now),
            Answer::Changed(id, result) => self.changed(&id, result),
            Answer::Stopped(id, result) => self.stopped(&id, result, now),
            Answer::Acted(result) => self.acted(result, now),
        }
        None
    }

    fn unlocked(&mut self, serial: u32, result: Result<Identity, Refused>, now: Tick) -> Option<Command> {
        // The pad was closed meanwhile: whoever typed has changed their mind, and others may stand there now.
        let pad = self.stand.pad.as_mut().filter(|_| serial == self.serial)?;
        (pad.checking, pad.digits) = (false, 0);
        match result {
            Ok(identity) if identity.role >= Role::Supervisor => {
                let wish = self.wish.take();
                self.close_pad();
                let until = now.plus_millis(UNLOCKED_MILLIS);
                self.stand.lock = Lock::Unlocked { name: identity.name.clone(), until };
                self.identity = Some(identity);
                self.touched = now;
                wish.and_then(|wish| self.go(wish, now))
            }
            Ok(_) => {
                pad.refused = Some(Refused::Wrong);
                None
            }
            Err(refused) => {
                pad.refused = Some(refused);
                None
            }
        }
    }

    /// Time passed.
    pub fn tick(&mut self, now: Tick) {
        self.act_tick(now);
        if let Lock::Unlocked { until, .. } = &self.stand.lock
            && now.since(*until) >= 0
        {
            self.lock();
        }
        if self.is_open() && now.since(self.touched) >= OPEN_MILLIS {
            self.close();
        }
        if let Some(pad) = &mut self.stand.pad
            && let Some(Refused::Wait(until)) = pad.refused
            && now.since(until) >= 0
        {
            pad.refused = None;
        }
    }
}
