//! Answers to actions.

use super::encode::Text;

/// An answer being written.
pub(super) struct Answer(Text);

impl Answer {
    /// `Response: Success`, with the ActionID when there was one.
    pub(super) fn success(action_id: &str) -> Self {
        Self::new("Success", action_id)
    }

    /// Any other word.
    pub(super) fn new(word: &str, action_id: &str) -> Self {
        let mut text = Text::new("Response", word);
        text.action_id(action_id);
        Self(text)
    }

    /// Adds a header.
    pub(super) fn with(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        self.0.put(key, value);
        self
    }

    /// Adds a timestamp.
    pub(super) fn at(mut self, at: crate::sim::pbx::Millis) -> Self {
        self.0.timestamp(at);
        self
    }

    /// The bytes.
    pub(super) fn finish(self) -> Vec<u8> {
        self.0.finish()
    }
}

/// A success with its sentence.
pub(super) fn ack(action_id: &str, message: &str) -> Vec<u8> {
    Answer::success(action_id).with("Message", message).finish()
}

/// An error with its sentence.
pub(super) fn error(action_id: &str, message: &str) -> Vec<u8> {
    Answer::new("Error", action_id).with("Message", message).finish()
}
