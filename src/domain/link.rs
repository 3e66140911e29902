//! The state of a connection to a source, as every tile shows it.

use serde::Serialize;

use super::time::Moment;

/// How a source stands. A lost source keeps its last picture, with its age.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// Never up since the start.
    Connecting,
    /// Up, and the picture is whole.
    Live,
    /// Was up; trying again.
    Lost,
    /// The other side refuses us (wrong secret, missing right or table): trying again slowly, a person has to act.
    Refused,
    /// Nothing is configured for this source.
    Absent,
}

impl LinkState {
    /// The word of the API.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Live => "live",
            Self::Lost => "lost",
            Self::Refused => "refused",
            Self::Absent => "absent",
        }
    }
}

/// One source's state, since when, how old its picture is, and what is wrong in a sentence.
#[derive(Clone, Debug, PartialEq)]
pub struct LinkStatus {
    /// The state.
    pub state: LinkState,
    /// When this state began.
    pub since: Moment,
    /// When the picture was last known to be true. `None` before the first one, and while a live link makes it true
    /// at every moment (AMI).
    pub fresh_at: Option<Moment>,
    /// What is wrong and what to do, one sentence; also warnings while live (missing privileges).
    pub detail: Option<String>,
    /// Where it is connected to, as configured; `None` while it is not, and of sources that do not say.
    pub host: Option<String>,
    /// What goes on beside, one sentence, and nothing to worry about: how far the past is read.
    pub note: Option<String>,
}

impl LinkStatus {
    /// A source that has not been reached yet.
    pub fn connecting(now: Moment) -> Self {
        Self {
            state: LinkState::Connecting,
            since: now,
            fresh_at: None,
            detail: None,
            host: None,
            note: None,
        }
    }

    /// The age of the picture in whole seconds: 0 while a link keeps it true; since the start when there never was one.
    pub fn age_seconds(&self, now: Moment) -> i64 {
        if self.state == LinkState::Live && self.fresh_at.is_none() {
            return 0;
        }
        let from = self.fresh_at.unwrap_or(self.since);
        now.seconds_since(from).max(0)
    }

    /// Goes to `state`; `since` moves only when the state changes.
    pub fn enter(&mut self, state: LinkState, detail: Option<String>, now: Moment) {
        if self.state != state {
            self.since = now;
        }
        self.state = state;
        self.detail = detail;
    }
}
