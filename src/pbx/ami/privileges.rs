//! What a login may not do, told without trying anything on a call.
//!
//! Writing: `ListCommands` names exactly the actions that the user may use. Reading: a class of events that should have
//! announced a change between two pictures, and did not, is not read.

use super::event::Classes;
use super::frame::Frame;

/// Actions that we use, and the class each needs.
const NEEDED: [(&str, &str, &str); 4] = [
    ("CoreShowChannels", "reporting", "calls that began before the start stay unknown"),
    ("Originate", "originate", "listening to calls is off"),
    ("Hangup", "call", "listening to calls cannot be ended"),
    ("QueuePause", "agent", "pausing from the wall is off"),
];

/// What is known to be missing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Privileges {
    /// Entries of [`NEEDED`] that are not allowed.
    missing_write: Vec<usize>,
    /// FullyBooted never came.
    pub(super) no_boot: bool,
    /// The list of queues is refused, which every login may have.
    pub(super) no_queues: bool,
    no_call: bool,
    no_agent: bool,
}

impl Privileges {
    /// Reads the answer to ListCommands.
    pub(super) fn note_commands(&mut self, frame: &Frame<'_>) {
        self.missing_write = (0..NEEDED.len()).filter(|at| frame.get(NEEDED[*at].0).is_none()).collect();
    }

    /// Notes classes that kept silent; takes the note back once they spoke. Whether anything changed.
    pub(super) fn note_silent(&mut self, call: bool, agent: bool, classes: Classes) -> bool {
        let before = self.clone();
        self.no_call = (self.no_call || call) && !classes.call;
        self.no_agent = (self.no_agent || agent) && !classes.agent;
        *self != before
    }

    /// A sentence for each missing class, with its cure.
    pub(super) fn sentences(&self, username: &str) -> Vec<String> {
        let cure = |kind: &str, class: &str| {
            format!("Add it in manager.conf, [{username}], {kind}={class},… and run `manager reload`.")
        };
        let read = |class: &str, effect: &str| {
            format!("The AMI user {username} lacks read={class}: {effect}. {}", cure("read", class))
        };
        let mut all = Vec::new();
        if self.no_queues {
            all.push(
                "Asterisk has no queues: its module app_queue is not loaded. Run `module load app_queue.so` there."
                    .to_owned(),
            );
        }
        if self.no_boot {
            all.push(read("system", "restarts of Asterisk are noticed late"));
        }
        if self.no_call {
            all.push(read("call", "calls show only once a minute"));
        }
        if self.no_agent {
            all.push(read("agent", "queues and members show only once a minute"));
        }
        all.extend(self.missing_write.iter().map(|at| {
            let (_, class, effect) = NEEDED[*at];
            format!("The AMI user {username} lacks write={class}: {effect}. {}", cure("write", class))
        }));
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_list_commands_does_not_name_is_missing() {
        let frame = b"Response: Success\nCoreShowChannels: List.  (Priv: system,reporting,all)\nHangup: x\n";
        let mut privileges = Privileges::default();
        privileges.note_commands(&Frame::from_lines(frame));
        let sentences = privileges.sentences("asterflow");
        assert_eq!(sentences.len(), 2);
        assert!(sentences[0].contains("lacks write=originate: listening to calls is off"));
        assert!(sentences[1].contains("write=agent"));
    }

    #[test]
    fn a_class_that_speaks_is_forgiven() {
        let mut privileges = Privileges::default();
        assert!(privileges.note_silent(true, true, Classes::default()));
        assert_eq!(privileges.sentences("u").len(), 2);
        assert!(privileges.note_silent(false, false, Classes { call: true, ..Classes::default() }));
        assert_eq!(privileges.sentences("u").len(), 1);
    }
}
