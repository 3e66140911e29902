//! What is judged of the database: reached, readable where it is read, nothing beyond, and telling the right time.

use jiff::Timestamp;
use jiff::tz::Offset;

use super::Place;
use super::finding::{Finding, clock};
use crate::config::{Database, Tls};
use crate::pbx::mysql::probe::{Facts, Granted, Readable};
use crate::pbx::mysql::{self, MysqlError};

/// A caller waits this long in announcements before a queue at most, for most callers, seconds.
const BEFORE_QUEUE: i64 = 900;
/// Offsets of zones are whole quarters of an hour.
const QUARTER: i64 = 900;

/// Everything about an open connection.
pub(super) fn judge(place: &Place<'_>, database: &Database, host: &str, facts: &Facts) -> Vec<Finding> {
    let user = &database.username;
    let key = place.key("database.hosts");
    let sentence = format!(
        "The database at {host} ({}) lets {user} in, who sees {} there.",
        facts.version,
        if facts.tables == 1 { "1 table".to_owned() } else { format!("{} tables", facts.tables) }
    );
    let mut findings = vec![Finding::good(key.clone(), sentence)];
    findings.push(protection(place, database));
    findings.extend(queue_log(place, database, facts));
    findings.push(cdr(place, database, facts));
    findings.extend(realtime(place, database, facts));
    findings.extend(granted(place, database, facts));
    findings.push(zone(place, facts));
    findings.push(clock(key, &format!("the database at {host}"), facts.ahead_ms));
    findings
}

/// No connection.
pub(super) fn refused(place: &Place<'_>, error: &MysqlError) -> Finding {
    let key = match error {
        MysqlError::Denied { .. } => "database.username",
        MysqlError::NoDatabase { .. } => "database.name",
        MysqlError::Plugin { .. } | MysqlError::Tls { .. } => "database.tls",
        _ => "database.hosts",
    };
    let (sentence, cure) = cut(&error.to_string());
    let cure = match error {
        MysqlError::Denied { .. } => {
            format!("{cure} `asterflow grants --only sql` prints the account as it is needed.")
        }
        _ => cure,
    };
    Finding::problem(place.key(key), sentence, cure)
}

/// It took too long.
pub(super) fn late(place: &Place<'_>) -> Finding {
    let sentence = "The database answers too slowly: the check was given up after 90 s.";
    let cure = "Look at its load, and whether queue_log and cdr have an id or an index on their time.";
    Finding::problem(place.key("database.hosts"), sentence, cure)
}

/// `what is wrong; what to do` as two sentences.
fn cut(text: &str) -> (String, String) {
    let sentence = |text: &str| {
        let mut letters = text.trim().chars();
        let first = letters.next().map(|first| first.to_uppercase().to_string()).unwrap_or_default();
        let whole = format!("{first}{}", letters.as_str());
        if whole.is_empty() || whole.ends_with('.') { whole } else { format!("{whole}.") }
    };
    match text.split_once("; ") {
        Some((what, cure)) => (sentence(what), sentence(cure)),
        None => (sentence(text), String::new()),
    }
}

fn protection(place: &Place<'_>, database: &Database) -> Finding {
    let key = place.key("database.tls");
    let is_near = |host: &str| {
        host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
    };
    match &database.tls {
        Tls::Verify { .. } => Finding::good(key, "The link is encrypted, and the certificate is checked."),
        Tls::Off if database.hosts.iter().all(|host| is_near(&host.host)) => {
            Finding::good(key, "The link is in the clear, on this machine only.")
        }
        Tls::Insecure => Finding::warning(
            key,
            "The link is encrypted, but to whoever answers: any certificate is taken.",
            "Write tls = \"verify\" and the server's certificate authority as ca_file.",
        ),
        Tls::Off => Finding::warning(
            key,
            "The link is in the clear: numbers and names can be read on the network.",
            "Let the server offer TLS, and write tls = \"verify\" here.",
        ),
    }
}

fn grant_line(database: &Database, table: &str) -> String {
    format!(
        "Run in the database, with the account's own host: GRANT SELECT ON {table} TO '{}'@'…'; or all that \
         `asterflow grants --only sql` prints.",
        database.username
    )
}

fn queue_log(place: &Place<'_>, database: &Database, facts: &Facts) -> Vec<Finding> {
    let key = || place.key("database.queue_log_table");
    match &facts.queue_log {
        Ok((table, warning)) => {
            let mut findings =
                vec![Finding::good(key(), format!("The history is in {table}, which can be read."))];
            findings.extend(warning.as_ref().map(|warning| {
                let (sentence, cure) = cut(warning);
                Finding::warning(key(), sentence, cure)
            }));
            findings
        }
        Err(_) if facts.queue_log_denied => {
            let table = mysql::needed(database).queue_log;
            let sentence = format!("The account {} may not read {table}: no history.", database.username);
            vec![Finding::problem(key(), sentence, grant_line(database, &table))]
        }
        Err(why) => {
            let (sentence, cure) = cut(why);
            vec![Finding::problem(key(), sentence, cure)]
        }
    }
}

fn cdr(place: &Place<'_>, database: &Database, facts: &Facts) -> Finding {
    let key = place.key("database.cdr_table");
    match &facts.cdr {
        Ok(table) => Finding::good(key, format!("Calls are in {table}, which can be read.")),
        Err(_) if facts.cdr_denied => {
            let table = mysql::needed(database).cdr;
            let user = &database.username;
            let sentence = format!(
                "The account {user} may not read {table}: calls that never entered a queue are not seen."
            );
            Finding::problem(key, sentence, grant_line(database, &table))
        }
        Err(why) => {
            let (sentence, cure) = cut(why);
            if facts.cdr_absent {
                let sentence = format!("{sentence} Calls that never entered a queue are not seen.");
                return Finding::warning(key, sentence, cure);
            }
            Finding::problem(key, sentence, cure)
        }
    }
}

fn realtime(place: &Place<'_>, database: &Database, facts: &Facts) -> Vec<Finding> {
    let key = || place.key("database.name");
    let user = &database.username;
    let one = |(table, readable): &(&'static str, Readable)| {
        let name = mysql::qualified(&database.name, table);
        match readable {
            Readable::Yes => Finding::good(key(), format!("{name} can be read.")),
            Readable::Absent => {
                Finding::good(key(), format!("There is no {name}: queues.conf has the queues."))
            }
            Readable::Denied => Finding::warning(
                key(),
                format!("The account {user} may not read {name}, if there is such a table."),
                format!("Leave it where queues.conf has the queues. Else: {}", grant_line(database, &name)),
            ),
            Readable::Failed(why) => {
                Finding::warning(key(), format!("{name} cannot be read: {why}."), "Look at the server's log.")
            }
        }
    };
    facts.realtime.iter().map(one).collect()
}

/// What was granted beyond what is needed.
fn granted(place: &Place<'_>, database: &Database, facts: &Facts) -> Vec<Finding> {
    let key = || place.key("database.username");
    let Some(granted) = &facts.granted else {
        let sentence = "The account's rights cannot be listed (SHOW GRANTS is refused).";
        return vec![Finding::warning(key(), sentence, "List them as an administrator of the database.")];
    };
    let needed = mysql::needed(database);
    let mut findings: Vec<Finding> = granted
        .iter()
        .filter_map(|one| beyond(place, &needed, one))
        .map(|(sentence, cure)| Finding::warning(key(), sentence, cure))
        .collect();
    if facts.has_role {
        findings.push(Finding::warning(
            key(),
            format!("The account {} has a role, whose rights are not listed here.", database.username),
            "Grant what is needed to the account itself: `asterflow grants --only sql`.",
        ));
    }
    if findings.is_empty() {
        let sentence = format!("{} has no right beyond what is needed.", database.username);
        findings.push(Finding::good(key(), sentence));
    }
    findings
}

/// What of a grant is not needed, and how to take it back.
fn beyond(place: &Place<'_>, needed: &mysql::Needed, one: &Granted) -> Option<(String, String)> {
    let user = place.pbx.database.as_ref().map_or("", |database| database.username.as_str());
    let mut rights: Vec<&str> =
        one.rights.iter().map(String::as_str).filter(|right| *right != "USAGE").collect();
    let object = match (one.schema.as_str(), one.table.as_str()) {
        ("*", _) => "*.*".to_owned(),
        (schema, "*") => format!("{}.*", mysql::quoted_name(schema)),
        (schema, table) => mysql::qualified(schema, table),
    };
    let is_whole = one.table == "*";
    let changes = !is_whole && needed.may_change(&place.config.tables, &one.schema, &one.table);
    if !is_whole {
        let reads = needed.reads(&one.schema, &one.table)
            || changes
            || needed.may_see(&place.config.tables, &one.schema, &one.table);
        rights.retain(|right| {
            !(*right == "SELECT" && reads || changes && ["INSERT", "UPDATE", "DELETE"].contains(right))
        });
    }
    if one.with_grant_option {
        rights.push("GRANT OPTION");
    }
    if rights.is_empty() {
        return None;
    }
    let rights = rights.join(", ");
    let of = if is_whole { "of all tables" } else { "of that table" };
    Some((
        format!("The account {user} has more than is needed: {rights} on {object}, {of}."),
        format!(
            "As an administrator: REVOKE {rights} ON {object} FROM '{user}'@'…'; then all that \
             `asterflow grants --only sql` prints."
        ),
    ))
}

/// Whether the rows are written in the zone that is configured: a callid begins with the UTC second of its call.
fn zone(place: &Place<'_>, facts: &Facts) -> Finding {
    let key = place.key("time_zone");
    let name = &place.pbx.zone_name;
    if facts.has_instants {
        return Finding::good(key, "queue_log tells UTC seconds: the zone is of no matter for its rows.");
    }
    let late = |(began, written): &(i64, i64)| {
        let at = Timestamp::from_second(*began).ok()?;
        let offset = i64::from(place.pbx.zone.to_offset(at).seconds());
        Some((written - began - offset, *began, written - began))
    };
    let mut seen: Vec<(i64, i64, i64)> = facts.calls.iter().filter_map(late).collect();
    seen.sort_unstable();
    // The middle one: single calls wait long before a queue, or are old rows of another zone.
    let Some((middle, began, whole)) = seen.get(seen.len() / 2).copied() else {
        let sentence = format!("Whether {name} fits cannot be seen: queue_log has no call yet.");
        return Finding::warning(key, sentence, "Check again once a call has come through a queue.");
    };
    if (-5..BEFORE_QUEUE).contains(&middle) {
        let calls =
            if seen.len() == 1 { "the last call".into() } else { format!("the last {} calls", seen.len()) };
        return Finding::good(key, format!("{name} fits the rows of {calls}."));
    }
    let measured = i32::try_from((whole + 5).div_euclid(QUARTER) * QUARTER).ok();
    let offset = |seconds: Option<i32>| {
        let offset = seconds.and_then(|seconds| Offset::from_seconds(seconds).ok());
        offset.map_or_else(|| "an unknown offset".to_owned(), |offset| format!("UTC{offset}"))
    };
    let at = Timestamp::from_second(began).unwrap_or(Timestamp::UNIX_EPOCH);
    let configured = offset(Some(place.pbx.zone.to_offset(at).seconds()));
    Finding::problem(
        key,
        format!(
            "The rows of queue_log are written at {}, but {name} was at {configured} then: every hour is wrong.",
            offset(measured)
        ),
        "Write the zone of the PBX's clock as time_zone (on the PBX: timedatectl, or ls -l /etc/localtime).",
    )
}

#[cfg(test)]
mod tests;
