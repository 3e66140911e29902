//! `asterflow identity`: which interface is whose, offline.

use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Subcommand;
use jiff::civil::Date;

use super::report::date;
use super::{Arguments, print, say};
use crate::domain::account::Actor;
use crate::domain::history::identity::{IdentityRow, UnresolvedRow, check_word, key};
use crate::store::{StateLock, Store};
use crate::tasks::names::{Names, Taken, Word};

/// What can be done with the map of names.
#[derive(Debug, Subcommand)]
pub enum IdentityVerb {
    /// Lists who is who: PBX, interface, agent, from when, by whose word; parted by tabs.
    #[command(after_help = "Example:\n  \
        asterflow identity list\n  \
        pbx     PJSIP/108       Hugo Hill       2026-06-01T00:00:00+02:00       queue_members, ami\n  \
        pbx     PJSIP/108       Ida Iver        2026-11-01T00:00:00+01:00       admin\n\n\
        Asterisk logs a person by the member's name in some rows and by the interface in others; this map joins them. \
        It is found by itself: ami is the list of members of the manager interface, queue_members the table of that \
        name, cdr at least three answered calls that agree and none that does not. What an administrator says (admin) \
        wins. A line holds from its time until the next one; the first one reaches back to the beginning. With --all \
        every single word is listed, those in brackets do not count because a stronger source says otherwise.")]
    List {
        /// Every word, not only what follows from them.
        #[arg(long)]
        all: bool,
        /// One PBX.
        #[arg(long, value_name = "NAME")]
        pbx: Option<String>,
    },
    /// Lists the interfaces that are nobody's: PBX, interface, why; parted by tabs.
    #[command(after_help = "Example:\n  \
        asterflow identity unresolved\n  \
        pbx     PJSIP/109       no name claims it\n\n\
        Each of them is an agent of its own in all figures, named as its interface. Names are never guessed from digits: \
        give one with `asterflow identity set`.")]
    Unresolved {
        /// One PBX.
        #[arg(long, value_name = "NAME")]
        pbx: Option<String>,
    },
    /// Says whose an interface is, and counts anew what that changes.
    #[command(after_help = "Examples:\n  \
        asterflow identity set PJSIP/108 'Hugo Hill'\n  \
        asterflow identity set PJSIP/108 'Ida Iver' --from 2026-06-01      from that day on, Hugo before\n  \
        asterflow identity set PJSIP/108 PJSIP/108                         nobody's: an agent of its own\n\n\
        Logins, pauses and calls that were logged under the interface are then counted with the agent. The rows stay as \
        they were logged; `remove` brings the old figures back. A word with --from reaches back too, where nothing is \
        known of before. `asterflow run` must not run meanwhile; beside it use PUT /api/v1/history/identities.")]
    Set {
        /// The interface, PJSIP/108.
        interface: String,
        /// The agent's name, as the calls have it.
        name: String,
        /// From the beginning of this date on, in the PBX's zone. [default: always]
        #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
        from: Option<Date>,
        /// Of which PBX, where there are several.
        #[arg(long, value_name = "NAME")]
        pbx: Option<String>,
    },
    /// Takes back what was set for an interface, and counts anew what that changes.
    #[command(after_help = "Examples:\n  \
        asterflow identity remove PJSIP/108\n  \
        asterflow identity remove PJSIP/108 --from 2026-06-01              only what was set from that day on\n\n\
        What was found by itself applies again; it cannot be removed, but `set` wins over it. `asterflow run` must not \
        run meanwhile; beside it use DELETE /api/v1/history/identities.")]
    Remove {
        /// The interface, PJSIP/108.
        interface: String,
        /// Only what was set from this date on.
        #[arg(long, value_name = "YYYY-MM-DD", value_parser = date)]
        from: Option<Date>,
        /// Of which PBX, where there are several.
        #[arg(long, value_name = "NAME")]
        pbx: Option<String>,
    },
}

/// `asterflow identity`
pub(super) fn run(arguments: &Arguments, verb: &IdentityVerb) -> Result<ExitCode> {
    super::runtime()?.block_on(async {
        match verb {
            IdentityVerb::List { all, pbx } => {
                let list = looking(arguments)?.list(pbx.as_deref()).await?;
                if list.rows.is_empty() {
                    say(
                        "Nothing is known yet. The map comes from the PBX, or from `asterflow identity set`.",
                    );
                }
                let lines: String =
                    if *all { list.rows.iter().map(line).collect() } else { changes(&list.rows).concat() };
                print(lines.as_bytes())?;
            }
            IdentityVerb::Unresolved { pbx } => {
                let list = looking(arguments)?.list(pbx.as_deref()).await?;
                if list.unresolved.is_empty() {
                    say("Every interface that was logged has a name.");
                }
                print(list.unresolved.iter().map(open_line).collect::<String>().as_bytes())?;
            }
            IdentityVerb::Set { interface, name, from, pbx } => {
                check_word(interface, name).map_err(|error| super::usage(error.to_string()))?;
                let (names, _lock) = changing(arguments)?;
                let (pbx, interface, agent) = (pbx.clone(), interface.clone(), name.clone());
                let word = Word { pbx, interface, agent, from: *from };
                let changed = names.set(&Actor::console(), &word).await?;
                let since = from.map(|date| format!(" from {date} on")).unwrap_or_default();
                say(&format!("{} is {}{since}. {}", word.interface, word.agent, effect(changed)));
            }
            IdentityVerb::Remove { interface, from, pbx } => {
                let (names, _lock) = changing(arguments)?;
                let taken = Taken { pbx: pbx.clone(), interface: interface.clone(), from: *from };
                names.remove(&Actor::console(), &taken).await?;
                say(&format!(
                    "What was set for {interface} is taken back; what that changed is counted anew."
                ));
            }
        }
        Ok(ExitCode::SUCCESS)
    })
}

fn looking(arguments: &Arguments) -> Result<Names> {
    Ok(Names::new(Store::open_read_only(&arguments.state_dir)?))
}

/// A change folds history again, which only one process may do at a time.
fn changing(arguments: &Arguments) -> Result<(Names, StateLock)> {
    // Without a history there is nothing to name: said before an empty one is made.
    Store::open_read_only(&arguments.state_dir)?;
    let lock = StateLock::take(&arguments.state_dir)
        .context("beside a running asterflow use PUT or DELETE /api/v1/history/identities")?;
    Ok((Names::new(Store::open(&arguments.state_dir)?), lock))
}

fn effect(changed: bool) -> &'static str {
    if changed {
        "What was logged under it is counted with that name now."
    } else {
        "Nothing that is stored changes by that."
    }
}

/// What follows from the map: a line for each time at which an interface becomes another's, with all who say so.
fn changes(rows: &[IdentityRow]) -> Vec<String> {
    let mut lines: Vec<(&IdentityRow, Vec<&str>)> = Vec::new();
    for row in rows.iter().filter(|row| row.counts) {
        let same = |known: &IdentityRow| {
            known.pbx == row.pbx
                && key(&known.interface) == key(&row.interface)
                && known.claimed_by == row.claimed_by
        };
        match lines.last_mut() {
            Some((known, sources)) if same(known) => sources.push(row.source.as_str()),
            _ => lines.push((row, vec![row.source.as_str()])),
        }
    }
    let line = |(row, mut sources): (&IdentityRow, Vec<&str>)| {
        sources.dedup();
        told(row, &sources.join(", "))
    };
    lines.into_iter().map(line).collect()
}

fn line(row: &IdentityRow) -> String {
    let source = row.source.as_str();
    told(row, &if row.counts { source.to_owned() } else { format!("({source})") })
}

fn told(row: &IdentityRow, source: &str) -> String {
    let names: Vec<&str> = row.claimed_by.iter().map(|agent| agent.as_str()).collect();
    let agent = row.agent.as_ref().map_or_else(|| format!("({})", names.join(" or ")), ToString::to_string);
    let from = row.from.as_deref().unwrap_or("always");
    format!("{}\t{}\t{agent}\t{from}\t{source}\n", row.pbx, row.interface)
}

fn open_line(row: &UnresolvedRow) -> String {
    let names: Vec<&str> = row.claimed_by.iter().map(|agent| agent.as_str()).collect();
    let why = match names.as_slice() {
        [] => "no name claims it".to_owned(),
        names => format!("claimed at once by {}", names.join(" and ")),
    };
    format!("{}\t{}\t{why}\n", row.pbx, row.interface)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::history::identity::Source;

    #[test]
    fn only_changes_are_told_with_all_who_say_so() {
        let row = |interface: &str, agent: &str, from: Option<&str>, source, counts| IdentityRow {
            pbx: "pbx".into(),
            interface: interface.into(),
            agent: Some(agent.into()),
            claimed_by: vec![agent.into()],
            from: from.map(str::to_owned),
            source,
            counts,
        };
        let rows = [
            row("PJSIP/1", "Ann", Some("a"), Source::Cdr, true),
            row("pjsip/1", "Ann", Some("b"), Source::Ami, true),
            row("PJSIP/1", "Bob", Some("c"), Source::Cdr, false),
            row("PJSIP/1", "Cy", Some("d"), Source::Admin, true),
            row("PJSIP/2", "Cy", None, Source::Admin, true),
        ];
        let expect = [
            "pbx\tPJSIP/1\tAnn\ta\tcdr, ami\n",
            "pbx\tPJSIP/1\tCy\td\tadmin\n",
            "pbx\tPJSIP/2\tCy\talways\tadmin\n",
        ];
        assert_eq!(changes(&rows), expect);
        assert_eq!(line(&rows[2]), "pbx\tPJSIP/1\tBob\tc\t(cdr)\n");
    }
}
