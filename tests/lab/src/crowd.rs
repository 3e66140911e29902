//! More calls at once than phones could make: callers and agents that are Local channels inside Asterisk.

use std::fmt::Write as _;
use std::time::Duration;

use anyhow::{Result, ensure};
use tokio::time::{MissedTickBehavior, interval};

use crate::lab::Lab;

/// The queue, and what its callers dial.
pub const QUEUE: &str = "crowd";
/// How many members it has.
pub const MEMBERS: u32 = 40;

/// Callers come in by the one context, agents answer in the other and talk for one to three seconds.
pub(crate) const DIALPLAN: &str = "[crowd-in]\nexten => 1,1,Answer()\n same => n,Queue(crowd,tT,,,60)\n same => n,Hangup()\n\
[crowd-agents]\nexten => _XX,1,Answer()\n same => n,Wait(${RAND(1,3)})\n same => n,Hangup()\n";

/// Adds the queue and its members.
///
/// # Errors
/// When the database does not answer.
pub async fn open(lab: &Lab) -> Result<()> {
    let mut sql = format!(
        "USE asterisk;\nINSERT IGNORE INTO queues (name, strategy, timeout, retry, servicelevel, maxlen, ringinuse, wrapuptime,
           autofill, timeoutrestart, setinterfacevar) VALUES ('{QUEUE}', 'rrmemory', 10, 1, 20, 0, 'no', 0, 'yes', 'no', 'yes');\n"
    );
    for number in 10..10 + MEMBERS {
        // A String cannot refuse what is written to it.
        let _ = writeln!(
            sql,
            "INSERT IGNORE INTO queue_members (queue_name, interface, membername, penalty, paused)
               VALUES ('{QUEUE}', 'Local/{number}@crowd-agents/n', 'Crowd {number}', 0, 0);"
        );
    }
    lab.database.script(&sql).await
}

/// Lets `count` callers in, `per_second` of them in a second.
///
/// # Errors
/// When Asterisk refuses one.
pub async fn call(lab: &Lab, count: u32, per_second: u32) -> Result<()> {
    let mut pace = interval(Duration::from_millis(u64::from(1000 / per_second.max(1))));
    pace.set_missed_tick_behavior(MissedTickBehavior::Burst);
    for number in 0..count {
        pace.tick().await;
        let id = format!("crowd-{number}");
        let caller = format!("\"Caller {number}\" <555{number:04}>");
        let fields = [
            ("Channel", "Local/1@crowd-in/n"),
            ("Application", "Wait"),
            ("Data", "90"),
            ("Async", "true"),
            ("CallerID", caller.as_str()),
            ("ChannelId", id.as_str()),
        ];
        let answer = lab.ami().action("Originate", &fields).await?;
        ensure!(answer.is_success(), "Originate: {answer:?}");
    }
    Ok(())
}
