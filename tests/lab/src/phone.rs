//! Desk phones that register, and callers from outside.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Result, bail};

use crate::ua::{Behaviour, CallRecord, CallState, Identity, Order, Ua};

const REGISTER: Duration = Duration::from_secs(10);
/// The address that Asterisk takes for the trunk.
const TRUNK: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Tones by which a listener tells who speaks, Hz.
pub mod tones {
    /// Callers from the trunk.
    pub const CALLER: f64 = 440.0;
    /// Agents' phones.
    pub const AGENT: f64 = 1000.0;
    /// Supervisors' phones (extensions 2xx).
    pub const SUPERVISOR: f64 = 1700.0;
}

/// A desk phone. Dropping the last handle hangs up and unregisters.
#[derive(Debug, Clone)]
pub struct Phone {
    extension: String,
    ua: Ua,
}

impl Phone {
    /// Starts a phone at 127.0.0.1; it does not register yet and rings without answering.
    ///
    /// # Errors
    /// When no socket can be opened.
    pub async fn start(server: SocketAddr, extension: &str, name: &str, password: &str) -> Result<Self> {
        let tone = if extension.starts_with('2') { tones::SUPERVISOR } else { tones::AGENT };
        let identity =
            Identity { user: extension.into(), name: name.into(), password: Some(password.into()), tone };
        let ua = Ua::start((Ipv4Addr::LOCALHOST, 0).into(), server, identity).await?;
        Ok(Self { extension: extension.to_owned(), ua })
    }

    /// Its number.
    #[must_use]
    pub fn extension(&self) -> &str {
        &self.extension
    }

    /// Its interface as a queue member: `PJSIP/101`.
    #[must_use]
    pub fn interface(&self) -> String {
        format!("PJSIP/{}", self.extension)
    }

    /// Registers and keeps the registration alive.
    ///
    /// # Errors
    /// When it is refused or not answered within 10 s.
    pub async fn register(&self) -> Result<()> {
        self.ua.order(Order::Register).await?;
        let refused = self.ua.wait(REGISTER, |state| match state.refused {
            Some(code) => Some(Some(code)),
            None => state.registered.then_some(None),
        });
        match refused.await? {
            None => Ok(()),
            Some(code) => bail!("registration of {} was refused with {code}", self.extension),
        }
    }

    /// Takes the registration back.
    ///
    /// # Errors
    /// When that is not answered within 10 s.
    pub async fn unregister(&self) -> Result<()> {
        self.ua.order(Order::Unregister).await?;
        self.ua.wait(REGISTER, |state| (!state.registered).then_some(())).await
    }

    /// Whether it is registered.
    #[must_use]
    pub fn is_registered(&self) -> bool {
        self.ua.state().registered
    }

    /// What it does with calls from now on.
    ///
    /// # Errors
    /// When the phone has ended, as all methods.
    pub async fn behave(&self, behaviour: Behaviour) -> Result<()> {
        self.ua.order(Order::Behave(behaviour)).await
    }

    /// All calls it has had, oldest first.
    #[must_use]
    pub fn calls(&self) -> Vec<CallRecord> {
        self.ua.state().calls
    }

    /// How many calls it has had; pass it to [`Phone::wait_since`] to see only later ones.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ua.state().calls.len()
    }

    /// Waits for a call that fits, the newest first.
    ///
    /// # Errors
    /// When none fits within `within`.
    pub async fn wait(&self, within: Duration, fits: impl Fn(&CallRecord) -> bool) -> Result<CallRecord> {
        self.wait_since(0, within, fits).await
    }

    /// As [`Phone::wait`], for calls after the first `count`.
    ///
    /// # Errors
    /// When none fits within `within`.
    pub async fn wait_since(
        &self,
        count: usize,
        within: Duration,
        fits: impl Fn(&CallRecord) -> bool,
    ) -> Result<CallRecord> {
        self.ua
            .wait(within, |state| state.calls.iter().skip(count).rev().find(|call| fits(call)).cloned())
            .await
    }

    /// Waits until a call rings here.
    ///
    /// # Errors
    /// When none does within `within`.
    pub async fn wait_ringing(&self, within: Duration) -> Result<CallRecord> {
        self.wait(within, |call| call.state() == CallState::Ringing).await
    }

    /// Waits until a call is up here.
    ///
    /// # Errors
    /// When none is within `within`.
    pub async fn wait_up(&self, within: Duration) -> Result<CallRecord> {
        self.wait(within, |call| call.state() == CallState::Up).await
    }

    /// Waits until no call is open.
    ///
    /// # Errors
    /// When one still is after `within`.
    pub async fn wait_idle(&self, within: Duration) -> Result<()> {
        self.ua.wait(within, |state| state.calls.iter().all(|call| call.ended.is_some()).then_some(())).await
    }

    /// Picks up the call that rings.
    ///
    /// # Errors
    /// When none is ringing.
    pub async fn answer(&self) -> Result<()> {
        self.ua.order(Order::Answer(self.open(CallState::Ringing)?)).await
    }

    /// Refuses the call that rings with a SIP status such as 486 or 603.
    ///
    /// # Errors
    /// When none is ringing.
    pub async fn reject(&self, status: u16) -> Result<()> {
        self.ua.order(Order::Reject(self.open(CallState::Ringing)?, status)).await
    }

    /// Hangs up every open call.
    ///
    /// # Errors
    /// When the phone has ended.
    pub async fn hang_up(&self) -> Result<()> {
        for call in self.calls().iter().filter(|call| call.ended.is_none()) {
            self.ua.order(Order::HangUp(call.place)).await?;
        }
        Ok(())
    }

    /// Puts the call on hold, or takes it back, and waits until Asterisk agreed.
    ///
    /// # Errors
    /// When no call is up or Asterisk does not agree within 5 s.
    pub async fn hold(&self, hold: bool) -> Result<()> {
        let place = self.open(CallState::Up)?;
        self.ua.order(Order::Hold(place, hold)).await?;
        self.ua
            .wait(Duration::from_secs(5), |state| (state.calls.get(place)?.on_hold == hold).then_some(()))
            .await
    }

    /// Presses a key (SIP INFO).
    ///
    /// # Errors
    /// When no call is up.
    pub async fn dtmf(&self, digit: char) -> Result<()> {
        self.ua.order(Order::Digit(self.open(CallState::Up)?, digit)).await
    }

    /// Stops or continues sending sound in the call that is up.
    ///
    /// # Errors
    /// When no call is up.
    pub async fn speak(&self, speak: bool) -> Result<()> {
        self.ua.order(Order::Speak(self.open(CallState::Up)?, speak)).await
    }

    /// Transfers the call that is up without asking (blind), and waits for Asterisk's verdict.
    ///
    /// # Errors
    /// When no call is up, or the transfer fails or takes longer than 10 s.
    pub async fn transfer(&self, to: &str) -> Result<()> {
        let call = self.open(CallState::Up)?;
        self.refer(call, to, None).await
    }

    /// Calls `to`, waits until it answers, and connects the call that was up with it.
    ///
    /// # Errors
    /// When no call is up, `to` does not answer within 20 s, or the transfer fails.
    pub async fn attended_transfer(&self, to: &str) -> Result<()> {
        let calls = self.consult(to).await?;
        self.connect_both(calls, to).await
    }

    /// Holds the call that is up, calls `to` and waits until it answers. Returns the places of both calls.
    ///
    /// # Errors
    /// When no call is up, or `to` refuses or does not answer within 20 s.
    pub async fn consult(&self, to: &str) -> Result<(usize, usize)> {
        let call = self.open(CallState::Up)?;
        self.hold(true).await?;
        let other = self.dial(to).await?;
        let answered = self.ua.wait(Duration::from_secs(20), |state| {
            let record = state.calls.get(other)?;
            match record.state() {
                CallState::Up => Some(Ok(())),
                CallState::Ended => Some(Err(record.status)),
                _ => None,
            }
        });
        match answered.await? {
            Ok(()) => Ok((call, other)),
            Err(status) => bail!("{to} refused with {status}"),
        }
    }

    /// Connects the two calls of [`Phone::consult`] and is out.
    ///
    /// # Errors
    /// When the transfer fails or takes longer than 10 s.
    pub async fn connect_both(&self, (call, other): (usize, usize), to: &str) -> Result<()> {
        self.refer(call, to, Some(other)).await
    }

    async fn refer(&self, call: usize, to: &str, replaces: Option<usize>) -> Result<()> {
        self.ua.order(Order::Refer { call, to: to.to_owned(), replaces }).await?;
        let status = self.ua.wait(Duration::from_secs(10), |state| {
            let record = state.calls.get(call)?;
            // Asterisk may hang up before its last NOTIFY comes.
            let over = record.ended.map(|_| 200);
            record.transfer_status.filter(|status| *status >= 200).or(over)
        });
        match status.await? {
            200..300 => Ok(()),
            status => bail!("the transfer to {to} failed with {status}"),
        }
    }

    /// Dials a number and returns the call's place among [`Phone::calls`].
    ///
    /// # Errors
    /// When the phone has ended.
    pub async fn dial(&self, number: &str) -> Result<usize> {
        self.ua.dial(number).await
    }

    fn open(&self, wanted: CallState) -> Result<usize> {
        let state = self.ua.state();
        match state.calls.iter().rev().find(|call| call.state() == wanted) {
            Some(call) => Ok(call.place),
            None => bail!("no call is {wanted:?} at {}", self.extension),
        }
    }
}

/// A caller from the trunk. Dropping the last handle hangs up.
#[derive(Debug, Clone)]
pub struct Call {
    number: String,
    ua: Ua,
}

impl Call {
    /// Calls `extension` with a caller's number and name.
    ///
    /// # Errors
    /// When no socket can be opened.
    pub async fn place(server: SocketAddr, number: &str, name: &str, extension: &str) -> Result<Self> {
        let identity =
            Identity { user: number.into(), name: name.into(), password: None, tone: tones::CALLER };
        let ua = Ua::start((TRUNK, 0).into(), server, identity).await?;
        ua.dial(extension).await?;
        Ok(Self { number: number.to_owned(), ua })
    }

    /// The caller's number.
    #[must_use]
    pub fn number(&self) -> &str {
        &self.number
    }

    /// The call as it stands.
    ///
    /// # Panics
    /// Never: a call has its record from the start.
    #[must_use]
    pub fn record(&self) -> CallRecord {
        self.ua.call(0).expect("a placed call has a record")
    }

    /// Waits until Asterisk answers; the lab's queues answer at once.
    ///
    /// # Errors
    /// When the call is refused or not answered within `within`.
    pub async fn wait_answered(&self, within: Duration) -> Result<CallRecord> {
        let call = self
            .ua
            .wait(within, |state| state.calls.first().filter(|call| call.status != 0).cloned())
            .await?;
        if call.answered.is_none() {
            bail!("the call from {} was refused with {}", self.number, call.status);
        }
        Ok(call)
    }

    /// Waits until the call is over.
    ///
    /// # Errors
    /// When it still is not after `within`.
    pub async fn wait_ended(&self, within: Duration) -> Result<CallRecord> {
        self.ua.wait(within, |state| state.calls.first().filter(|call| call.ended.is_some()).cloned()).await
    }

    /// Hangs up.
    ///
    /// # Errors
    /// When the caller has ended.
    pub async fn hang_up(&self) -> Result<()> {
        self.ua.order(Order::HangUp(0)).await
    }

    /// Presses a key (SIP INFO).
    ///
    /// # Errors
    /// When the caller has ended.
    pub async fn dtmf(&self, digit: char) -> Result<()> {
        self.ua.order(Order::Digit(0, digit)).await
    }
}
