//! The least rights of the account, as statements to paste: exactly the tables that this folder reads, and, commented,
//! what changing tables in the web page needs. The text is a script that a server takes as it is.

use std::fmt::Write;

use super::names::quoted;
use super::{cdr, people, queue_log};
use crate::config::{Database, Tables, Tls};

/// Tables of Asterisk's realtime that are usually changed by hand, where the configuration names none.
const USUALLY_CHANGED: &[&str] =
    &["queues", "queue_members", "queue_rules", "ps_endpoints", "ps_auths", "ps_aors"];

/// Who gets the rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// The address from which the database is reached, as it sees it.
    pub from: String,
    /// What stands for the password, which is not printed.
    pub password: String,
}

/// The statements for one PBX's database, one a line.
pub fn script(database: &Database, account: &Account, tables: &Tables) -> String {
    let who = format!("{}@{}", literal(&database.username), literal(&account.from));
    let tls = if database.tls == Tls::Off { "" } else { " REQUIRE SSL" };
    let mut text =
        format!("CREATE USER IF NOT EXISTS {who} IDENTIFIED BY {}{tls};\n", literal(&account.password));
    let mut grant = |mark: &str, rights: &str, table: &str, to: &str| {
        // Writing to a text does not fail.
        let _ = writeln!(text, "{mark}GRANT {rights} ON {table} TO {who};{to}");
    };
    let main = database.name.as_str();
    let of_calls = database.cdr_name.as_deref().unwrap_or(main);
    let log = database.queue_log_table.as_deref().unwrap_or(queue_log::USUAL[0]);
    let calls = database.cdr_table.as_deref().unwrap_or(cdr::USUAL[0]);
    let comment = "-- ";
    grant("", "SELECT", &table(of_calls, log), "  -- history");
    if !log.contains('.') && of_calls != main {
        grant(comment, "SELECT", &table(main, log), "  -- instead, where it lives there");
    }
    grant("", "SELECT", &table(of_calls, calls), "  -- calls that never entered a queue");
    let queues = "  -- their service levels and wrap-up times; leave it out where queues.conf has them";
    grant("", "SELECT", &table(main, cdr::QUEUES), queues);
    let members = "  -- whose phone is whose; leave it out where queues.conf has them";
    grant("", "SELECT", &table(main, people::MEMBERS), members);
    for name in changed(tables) {
        grant(
            comment,
            "SELECT, INSERT, UPDATE, DELETE",
            &table(main, name),
            "  -- only to change it in the web page",
        );
    }
    for name in tables.allow.iter().filter(|name| is_in(&tables.read_only, name)) {
        let shown = table(main, name);
        if shown != table(of_calls, log) && shown != table(of_calls, calls) {
            grant(comment, "SELECT", &shown, "  -- only to see it in the web page");
        }
    }
    text
}

/// The tables that are read, each as schema and name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Needed {
    /// The log of the queues, quoted.
    pub queue_log: String,
    /// The calls, quoted.
    pub cdr: String,
    /// The schema of the realtime tables.
    main: String,
    /// Everything that is read, quoted and in lower case.
    all: Vec<String>,
}

/// The tables of one PBX that are read.
pub fn needed(database: &Database) -> Needed {
    let main = database.name.as_str();
    let of_calls = database.cdr_name.as_deref().unwrap_or(main);
    let log = database.queue_log_table.as_deref();
    let logs: Vec<&str> = log.map_or_else(|| queue_log::USUAL.to_vec(), |log| vec![log]);
    let calls = database.cdr_table.as_deref().unwrap_or(cdr::USUAL[0]);
    let mut all: Vec<String> = vec![table(of_calls, calls), table(main, calls)];
    // Where it is not named it may have any of its usual names, in either schema.
    all.extend(logs.iter().flat_map(|log| [table(of_calls, log), table(main, log)]));
    all.extend([cdr::QUEUES, people::MEMBERS].map(|name| table(main, name)));
    Needed {
        queue_log: table(of_calls, logs[0]),
        cdr: table(of_calls, calls),
        main: main.to_owned(),
        all: all.iter().map(|name| name.to_lowercase()).collect(),
    }
}

impl Needed {
    /// Whether this table is read.
    pub fn reads(&self, schema: &str, name: &str) -> bool {
        self.all.contains(&qualified(schema, name).to_lowercase())
    }

    /// Whether this table may be changed in the web page.
    pub fn may_change(&self, tables: &Tables, schema: &str, name: &str) -> bool {
        schema.eq_ignore_ascii_case(&self.main) && changed(tables).any(|one| one.eq_ignore_ascii_case(name))
    }

    /// Whether this table is configured to be seen in the web page.
    pub fn may_see(&self, tables: &Tables, schema: &str, name: &str) -> bool {
        schema.eq_ignore_ascii_case(&self.main) && is_in(&tables.allow, name)
    }
}

/// A table with its schema, quoted.
pub fn qualified(schema: &str, name: &str) -> String {
    format!("{}.{}", quoted(schema), quoted(name))
}

/// A schema's name, quoted.
pub fn quoted_name(schema: &str) -> String {
    quoted(schema)
}

/// The tables that may be changed.
fn changed(tables: &Tables) -> impl Iterator<Item = &str> {
    let usual = USUALLY_CHANGED.iter().copied().filter(|_| tables.allow.is_empty());
    let names = tables.allow.iter().map(String::as_str).chain(usual);
    names.filter(|name| !is_in(&tables.read_only, name))
}

fn is_in(list: &[String], name: &str) -> bool {
    list.iter().any(|other| other.eq_ignore_ascii_case(name))
}

/// `table` or `schema.table`, quoted, with the schema.
fn table(schema: &str, name: &str) -> String {
    let (schema, name) = name.split_once('.').unwrap_or((schema, name));
    format!("{}.{}", quoted(schema), quoted(name))
}

/// A text literal. Backslashes are doubled, as the servers' usual mode wants.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Secret;

    fn database() -> Database {
        Database {
            hosts: Vec::new(),
            name: "asterisk".into(),
            cdr_name: None,
            username: "asterflow".into(),
            password: Secret::new("hidden"),
            tls: Tls::Off,
            queue_log_table: None,
            queue_log_partition: None,
            cdr_table: None,
        }
    }

    fn lines(database: &Database, allow: &[&str]) -> Vec<String> {
        let tables = Tables {
            allow: allow.iter().map(|name| (*name).to_owned()).collect(),
            read_only: vec!["cdr".into(), "queue_log".into(), "ps_contacts".into()],
        };
        let account = Account { from: "10.0.0.5".into(), password: "<password>".into() };
        let text = script(database, &account, &tables);
        assert!(!text.contains("hidden"));
        text.lines().map(str::to_owned).collect()
    }

    #[test]
    fn reading_is_granted_and_changing_is_commented() {
        let lines = lines(&database(), &[]);
        assert_eq!(lines[0], "CREATE USER IF NOT EXISTS 'asterflow'@'10.0.0.5' IDENTIFIED BY '<password>';");
        let granted: Vec<&str> = lines[1..5].iter().filter_map(|line| line.split(" TO ").next()).collect();
        assert_eq!(
            granted,
            [
                "GRANT SELECT ON `asterisk`.`queue_log`",
                "GRANT SELECT ON `asterisk`.`cdr`",
                "GRANT SELECT ON `asterisk`.`queues`",
                "GRANT SELECT ON `asterisk`.`queue_members`"
            ]
        );
        assert!(
            lines[5..].iter().all(|line| line.starts_with("-- GRANT SELECT, INSERT, UPDATE, DELETE ON "))
        );
        assert!(!lines[5..].iter().any(|line| line.contains("queue_log") || line.contains("ps_contacts")));
    }

    #[test]
    fn schemas_and_names_of_the_configuration_are_used() {
        let mut database = database();
        database.cdr_name = Some("asteriskcdrdb".into());
        database.cdr_table = Some("other.calls".into());
        database.tls = Tls::Insecure;
        let text = lines(&database, &["queues", "ps_contacts", "cdr"]).join("\n");
        assert!(text.contains("REQUIRE SSL;"), "{text}");
        assert!(text.contains("\nGRANT SELECT ON `asteriskcdrdb`.`queue_log`"), "{text}");
        assert!(text.contains("\n-- GRANT SELECT ON `asterisk`.`queue_log`"), "{text}");
        assert!(text.contains("\nGRANT SELECT ON `other`.`calls`"), "{text}");
        assert!(text.contains("\n-- GRANT SELECT ON `asterisk`.`ps_contacts`"), "{text}");
        assert_eq!(text.matches("INSERT").count(), 1, "{text}");
        database.queue_log_table = Some("asterisk.log".into());
        let text = lines(&database, &[]).join("\n");
        assert!(text.contains("\nGRANT SELECT ON `asterisk`.`log`") && !text.contains("queue_log"), "{text}");
    }

    #[test]
    fn names_cannot_leave_their_quotes() {
        let mut database = database();
        database.username = "o'hara\\".into();
        database.name = "a`b".into();
        let lines = lines(&database, &[]);
        assert!(lines[0].contains("'o''hara\\\\'@'10.0.0.5'"), "{}", lines[0]);
        assert!(lines[1].contains("ON `a``b`.`queue_log` TO"), "{}", lines[1]);
    }
}
