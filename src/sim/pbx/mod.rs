//! The simulated PBX: what it holds, what it can be told, what it tells. Its behaviour is in [`super::centre`].

pub mod command;
pub mod happening;
pub mod state;

pub use command::{Clockwork, Command, Originate, Pbx, Refused};
pub use happening::{DialStatus, Happening, Offer, Reason, What};
pub use state::{
    Bridge, BridgeId, Channel, ChannelId, ChannelState, DeviceState, Entry, Member, Millis, Party, Queue,
    State,
};
