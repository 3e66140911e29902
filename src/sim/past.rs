//! The days before the start: the same people as in the live day, run through without anybody looking.

use std::sync::Arc;

use jiff::civil::DateTime;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::centre::Centre;
use super::pbx::{Clockwork, Millis};
use super::plan::Plan;
use super::rows::{Database, DatabaseError, Row, Sent, Writer};
use crate::clock;

const HOUR: Millis = 3_600_000;
const DAY: Millis = 24 * HOUR;
/// The company lives so long before its rows begin, so that calls are under way when they do.
const WARM_UP: Millis = HOUR;

/// How far the past is made.
#[derive(Clone, Copy, Debug, Default)]
pub struct Made {
    /// The first moment.
    pub from: Millis,
    /// The moment reached.
    pub reached: Millis,
    /// The moment where the present begins.
    pub until: Millis,
}

/// A call centre that has arrived in the present.
pub struct Present {
    /// With everybody in the middle of their day; nobody looks yet.
    pub centre: Centre,
    /// What became of its rows.
    pub sent: Sent,
    /// Ends when the centre is gone and its last row is written; none without a database.
    pub writer: Option<JoinHandle<()>>,
}

/// Why there is no past.
#[derive(Debug, thiserror::Error)]
pub enum PastError {
    /// The database.
    #[error(transparent)]
    Database(#[from] DatabaseError),
    /// The thread that makes it.
    #[error("the simulation stopped in the middle of the past")]
    Stopped,
}

/// Makes the past of the last `days` days, or what is missing of it, into `database`. `made` follows how far it is.
///
/// # Errors
/// When the database refuses or holds something else.
pub async fn make(
    plan: Arc<Plan>,
    database: Option<Database>,
    days: u16,
    made: watch::Sender<Made>,
) -> Result<Present, PastError> {
    let now = clock::now().wall.as_millisecond();
    let (logs_from, sink, sent, writer) = match database {
        None => (now, Box::new(|_: Row| ()) as super::rows::RowSink, Sent::default(), None),
        Some(database) => {
            database.prepare(&plan).await?;
            let logs_from = first(&plan, &database, now, days).await?;
            let (writer, sink, sent) = Writer::new(database, plan.zone.clone());
            (logs_from, sink, sent, Some(tokio::spawn(writer.run())))
        }
    };
    let centre = tokio::task::spawn_blocking(move || live_through(plan, logs_from, sink, &made)).await;
    Ok(Present { centre: centre.map_err(|_| PastError::Stopped)?, sent, writer })
}

/// From where on rows are missing: after the newest one, or from midnight some days ago where all are.
async fn first(plan: &Plan, database: &Database, now: Millis, days: u16) -> Result<Millis, PastError> {
    let oldest = now - Millis::from(days) * DAY;
    if let Some(local) = database.newest().await? {
        let utc = jiff::Timestamp::from_millisecond(local).unwrap_or_default();
        let civil: DateTime = utc.to_zoned(jiff::tz::TimeZone::UTC).datetime();
        let newest = civil.to_zoned(plan.zone.clone()).map_or(0, |zoned| zoned.timestamp().as_millisecond());
        if (oldest..=now).contains(&newest) {
            return Ok(newest + 1000);
        }
        // Too old, or from a clock that was ahead.
        database.forget().await?;
    }
    let zoned = jiff::Timestamp::from_millisecond(oldest).unwrap_or_default().to_zoned(plan.zone.clone());
    let midnight = zoned.start_of_day().unwrap_or(zoned);
    Ok(midnight.timestamp().as_millisecond())
}

/// Hour by hour up to the present, which moves on meanwhile.
fn live_through(
    plan: Arc<Plan>,
    logs_from: Millis,
    sink: super::rows::RowSink,
    made: &watch::Sender<Made>,
) -> Centre {
    let start = logs_from - WARM_UP;
    let mut centre = Centre::new(plan, start, logs_from, sink);
    let mut nothing = Vec::new();
    let mut reached = start;
    loop {
        let now = clock::now().wall.as_millisecond();
        reached = (reached + HOUR).min(now.max(start));
        centre.advance(reached, &mut nothing);
        made.send_replace(Made { from: start, reached, until: now });
        if reached >= now {
            return centre;
        }
    }
}
