//! Rows as Asterisk writes them, before they are spelled for a database.

use std::sync::Arc;

use crate::sim::pbx::Millis;

/// Takes each row as it comes about, in order.
pub type RowSink = Box<dyn FnMut(Row) + Send>;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// Of `queue_log`.
    Log(LogRow),
    /// Of `cdr`.
    Cdr(Box<CdrRow>),
}

/// A row of `queue_log`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogRow {
    /// When; stored as whole seconds of local time.
    pub at: Millis,
    /// The caller's uniqueid, `NONE`, `MANAGER` or `REALTIME`.
    pub callid: Arc<str>,
    /// The queue or `NONE`.
    pub queue: Arc<str>,
    /// The member's name, its interface, or `NONE`.
    pub agent: Arc<str>,
    /// `ENTERQUEUE`, …
    pub event: &'static str,
    /// data1 to data5.
    pub data: [Arc<str>; 5],
}

/// A row of `cdr`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CdrRow {
    /// When the call began.
    pub start: Millis,
    /// When it was answered, if it was.
    pub answer: Option<Millis>,
    /// When it ended.
    pub end: Millis,
    /// The caller's number.
    pub src: Arc<str>,
    /// The caller's name and number, `"Ann" <101>`.
    pub clid: Arc<str>,
    /// The extension dialled.
    pub dst: Arc<str>,
    /// The context dialled into.
    pub dcontext: Arc<str>,
    /// The caller's channel.
    pub channel: Arc<str>,
    /// The other channel; may be empty.
    pub dstchannel: Arc<str>,
    /// `Queue`, `Dial`.
    pub lastapp: &'static str,
    /// Its arguments.
    pub lastdata: Arc<str>,
    /// `ANSWERED`, `NO ANSWER`, `BUSY`, `FAILED`.
    pub disposition: &'static str,
    /// Of the caller's channel.
    pub uniqueid: Arc<str>,
    /// Of the whole call.
    pub linkedid: Arc<str>,
    /// Rising over all rows.
    pub sequence: u64,
}
