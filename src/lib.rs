//! AsterFlow.
