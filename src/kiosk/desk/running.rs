//! Carries the decisions out: asks accounts and control, each within a deadline, and tells what came of it.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::future::BoxFuture;
use futures_util::stream::FuturesUnordered;
use tokio::time::timeout;

use crate::clock;
use crate::domain::account::Actor;
use crate::domain::act::{ActError, ActRequest};
use crate::domain::control::{ControlError, Mode, Request, Supervision};
use crate::domain::ids::UniqueId;
use crate::domain::time::{Moment, Tick};
use crate::tasks::accounts::{AccountError, Accounts, Identity, Role};
use crate::tasks::control::Control;
use crate::views::Picture;
use crate::views::desk::{self, Refused};
use crate::views::wall::Wall;

use super::super::Action;
use super::{ActDesk, Answer, Command, Desk, DeskState, Touch, Unlock};

/// A few accounts' hashes, two at a time, on a small board.
const UNLOCK: Duration = Duration::from_secs(15);
/// Control answers after 25 s of ringing at the latest; then this is longer than it may take.
const START: Duration = Duration::from_secs(35);
/// A change of mode and an end are reported within four seconds.
const CHANGE: Duration = Duration::from_secs(8);

/// Supervision at work; without a desk it does nothing. The state allows one command of a kind at a time, and each
/// has a deadline, so that a handful are under way at most.
pub(in crate::kiosk) struct Running {
    desk: Option<(Desk, DeskState)>,
    acts: Option<ActDesk>,
    under_way: FuturesUnordered<BoxFuture<'static, Answer>>,
}

impl Running {
    pub(in crate::kiosk) fn new(desk: Option<&Desk>, acts: Option<&ActDesk>) -> Self {
        let offered = acts.map(ActDesk::offered).unwrap_or_default();
        let desk = desk.map(|desk| (desk.clone(), desk.state().offering(offered)));
        Self { desk, acts: acts.cloned(), under_way: FuturesUnordered::new() }
    }

    /// Whether the pages must not turn by themselves.
    pub(in crate::kiosk) fn is_open(&self) -> bool {
        self.desk.as_ref().is_some_and(|(_, state)| state.is_open())
    }

    /// The wall was touched; `pictures` are those that were shown.
    pub(in crate::kiosk) fn act(&mut self, action: &Action, pictures: &[Picture], now: Tick) {
        let Some((_, state)) = &mut self.desk else { return };
        let touch = match action {
            Action::Desk(touch) => touch.clone(),
            Action::SelectMember(seat) => Touch::Open(seat.clone()),
            action => {
                state.touched(now);
                if matches!(
                    action,
                    Action::Show(_) | Action::Next | Action::Previous | Action::SelectQueue(_)
                ) {
                    state.close();
                }
                return;
            }
        };
        let reach = state.stand().seat.as_ref().map(|seat| desk::reach(pictures, seat));
        let command = state.act(touch, reach.as_ref(), now);
        self.carry_out(command);
    }

    /// Time passed, and the floor may have changed.
    pub(in crate::kiosk) fn tick(&mut self, pictures: &[Picture], now: Tick) {
        let Some((desk, state)) = &mut self.desk else { return };
        state.tick(now);
        let all = desk.control.list();
        let held = state.id().and_then(|id| all.iter().find(|held| held.id == *id).cloned());
        let about = state.stand().attempt.about();
        let is_up = about.is_some_and(|about| desk::is_up(pictures, &about.seat, &about.channel));
        state.observe(held.as_ref(), is_up, now);
        state.see(all, now);
    }

    /// Waits for the next answer and takes it; for ever while nothing is under way.
    pub(in crate::kiosk) async fn answer(&mut self) {
        let Some(answer) = self.under_way.next().await else { return std::future::pending().await };
        if let Some((_, state)) = &mut self.desk {
            let command = state.answered(answer, clock::now().tick);
            self.carry_out(command);
        }
    }

    /// Adds what is shown of it to `wall`.
    pub(in crate::kiosk) fn show(&self, wall: &mut Wall, pictures: &[Picture], now: Moment) {
        if let Some((_, state)) = &self.desk {
            wall.selected = state.stand().seat.clone();
            wall.desk = desk::desk(pictures, state.stand(), now);
        }
    }

    fn carry_out(&mut self, command: Option<Command>) {
        match (command, &self.desk) {
            (Some(Command::Act(request)), _) => self.under_way.push(act(self.acts.clone(), request)),
            (Some(command), Some((desk, _))) => self.under_way.push(carry_out(command, desk)),
            _ => {}
        }
    }
}

/// Acts answer within 20 s by themselves.
fn act(acts: Option<ActDesk>, request: ActRequest) -> BoxFuture<'static, Answer> {
    Box::pin(async move {
        let Some(desk) = acts else {
            return Answer::Acted(Err(ActError::Forbidden("This wall cannot act upon the floor.".into())));
        };
        Answer::Acted(desk.acts.act(request).await)
    })
}

fn carry_out(command: Command, desk: &Desk) -> BoxFuture<'static, Answer> {
    let control = desk.control.clone();
    match (command, &desk.unlock) {
        (Command::Unlock(serial, pin), Unlock::ByPin(accounts)) => {
            let (accounts, origin) = (accounts.clone(), desk.origin.clone());
            Box::pin(async move { Answer::Unlocked(serial, unlock(&accounts, &pin, &origin).await) })
        }
        // Who has logged in is never asked for a PIN.
        (Command::Unlock(serial, _), Unlock::Always(_)) => {
            Box::pin(std::future::ready(Answer::Unlocked(serial, Err(Refused::Wrong))))
        }
        (Command::Act(request), _) => act(None, request),
        (Command::Start(request), _) => Box::pin(start(control, request)),
        (Command::SetMode(id, mode, by), _) => Box::pin(set_mode(control, id, mode, by)),
        (Command::Stop(id, by), _) => Box::pin(stop(control, id, by)),
        (Command::Cancel(channel, actor, by), _) => Box::pin(cancel(control, channel, actor, by)),
    }
}

async fn start(control: Control, request: Request) -> Answer {
    let started = timeout(START, control.start(request)).await;
    Answer::Started(words(
        started,
        "The PBX did not say in time what came of it. Look whether the phone listens.",
    ))
}

/// The id of what rings is known to control only.
async fn cancel(control: Control, channel: UniqueId, actor: String, by: Actor) -> Answer {
    let is_meant =
        |held: &Supervision| held.state.is_before_answer() && held.channel == channel && held.actor == actor;
    match control.list().into_iter().find(is_meant) {
        Some(held) => stop(control, held.id, by).await,
        None => Answer::Stopped(channel, Err("Nothing rings any more.".to_owned())),
    }
}

async fn stop(control: Control, id: UniqueId, by: Actor) -> Answer {
    const LATE: &str = "The PBX did not confirm the end. Hang up the phone.";
    let stopped = words(timeout(CHANGE, control.stop(&id, &by)).await, LATE);
    let is_over = |held: Supervision| if held.ended.is_some() { Ok(()) } else { Err(LATE.to_owned()) };
    Answer::Stopped(id, stopped.and_then(is_over))
}

async fn set_mode(control: Control, id: UniqueId, mode: Mode, by: Actor) -> Answer {
    let changed = timeout(CHANGE, control.set_mode(&id, mode, &by)).await;
    Answer::Changed(id, words(changed, "The PBX did not confirm the change. Try again."))
}

/// A failure in words.
fn words<T>(
    result: Result<Result<T, ControlError>, tokio::time::error::Elapsed>,
    late: &str,
) -> Result<T, String> {
    match result {
        Ok(result) => result.map_err(|error| error.to_string()),
        Err(_) => Err(late.to_owned()),
    }
}

async fn unlock(accounts: &Accounts, pin: &str, origin: &str) -> Result<Identity, Refused> {
    let Ok(result) = timeout(UNLOCK, accounts.unlock(pin, origin)).await else {
        return Err(Refused::Failed("The PIN could not be checked in time. Try again.".to_owned()));
    };
    match result {
        Ok(identity) => Ok(identity),
        Err(AccountError::Wrong) if nobody_has_a_pin(accounts).await => Err(Refused::NoPins),
        Err(AccountError::Wrong) => Err(Refused::Wrong),
        Err(AccountError::TooSoon { seconds }) => {
            Err(Refused::Wait(clock::now().tick.plus_millis(i64::from(seconds) * 1000)))
        }
        Err(error @ AccountError::Crowded) => Err(Refused::Failed(error.to_string())),
        Err(error) => {
            tracing::error!(%error, "a PIN could not be checked");
            Err(Refused::Failed(format!("The PIN could not be checked: {error}. Try again.")))
        }
    }
}

async fn nobody_has_a_pin(accounts: &Accounts) -> bool {
    let listed = timeout(UNLOCK, accounts.list()).await;
    let has = |account: &crate::tasks::accounts::AccountRow| {
        account.role >= Role::Supervisor && account.pin.is_some()
    };
    matches!(listed, Ok(Ok(accounts)) if !accounts.iter().any(has))
}
