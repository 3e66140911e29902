//! Facts as a real MariaDB gave them, and what is said of them.

use super::super::ami::tests::config;
use super::super::finding::Level;
use super::*;

const SITE: &str = "[[pbx]]\nname = \"pbx\"\ntime_zone = \"Europe/Berlin\"\n[pbx.ami]\nhosts = [\"127.0.0.1:1\"]\n\
    tls = \"off\"\nusername = \"wall\"\nsecret_file = \"s\"\n[pbx.database]\nhosts = [\"127.0.0.1:2\"]\nname = \"asterisk\"\n\
    username = \"reader\"\npassword_file = \"s\"\ntls = \"off\"\n";
/// 2026-11-22 07:00 UTC.
const BEGAN: i64 = 1_795_330_800;

fn grant(rights: &[&str], schema: &str, table: &str) -> Granted {
    Granted {
        rights: rights.iter().map(|right| (*right).to_owned()).collect(),
        schema: schema.into(),
        table: table.into(),
        with_grant_option: false,
    }
}

fn facts() -> Facts {
    let select = |table: &str| grant(&["SELECT"], "asterisk", table);
    let mut granted = vec![grant(&["USAGE"], "*", "*")];
    granted.extend(["queue_log", "cdr", "queues", "queue_members"].map(select));
    Facts {
        version: "10.11".into(),
        ahead_ms: Some(0),
        granted: Some(granted),
        has_role: false,
        queue_log: Ok(("`asterisk`.`queue_log`".into(), None)),
        queue_log_denied: false,
        cdr: Ok("`asterisk`.`cdr`".into()),
        cdr_denied: false,
        cdr_absent: false,
        realtime: vec![("queues", Readable::Yes), ("queue_members", Readable::Absent)],
        tables: 4,
        // 10 and 400 s in announcements.
        calls: vec![(BEGAN, BEGAN + 3_600 + 10), (BEGAN + 60, BEGAN + 60 + 3_600 + 400)],
        has_instants: false,
    }
}

fn check(more: &str, change: impl FnOnce(&mut Facts), words: &[&str]) {
    let config = config(&format!("{SITE}{more}"));
    let place = Place { config: &config, pbx: &config.pbxs[0], key: "pbx[0]".into() };
    let mut facts = facts();
    change(&mut facts);
    let found = judge(&place, config.pbxs[0].database.as_ref().expect("one"), "127.0.0.1:2", &facts);
    let bad: Vec<String> = found
        .into_iter()
        .filter(|one| one.level != Level::Good)
        .map(|one| format!("{:?} {} {} {}", one.level, one.key, one.sentence, one.cure))
        .collect();
    assert_eq!(bad.len(), words.len(), "{bad:#?}");
    for (told, words) in bad.iter().zip(words) {
        assert!(told.contains(words), "{words}: {told}");
    }
}

#[test]
fn what_is_missing_is_named_with_its_grant() {
    check("", |_| {}, &[]);
    let no_log = |facts: &mut Facts| (facts.queue_log, facts.queue_log_denied) = (Err("x".into()), true);
    check("", no_log, &["GRANT SELECT ON `asterisk`.`queue_log` TO 'reader'@"]);
    let no_cdr = |facts: &mut Facts| (facts.cdr, facts.cdr_denied) = (Err("x".into()), true);
    check(
        "",
        no_cdr,
        &["Problem pbx[0].database.cdr_table The account reader may not read `asterisk`.`cdr`"],
    );
    let no_queues = |facts: &mut Facts| facts.realtime[0].1 = Readable::Denied;
    check(
        "",
        no_queues,
        &["Warning pbx[0].database.name The account reader may not read `asterisk`.`queues`"],
    );
}

#[test]
fn what_is_too_much_is_named_with_its_revoke() {
    let more = |grant: Granted| move |facts: &mut Facts| facts.granted.as_mut().expect("grants").push(grant);
    let all = grant(&["ALL PRIVILEGES"], "*", "*");
    check("", more(all), &["REVOKE ALL PRIVILEGES ON *.* FROM 'reader'@"]);
    let whole = grant(&["SELECT"], "asterisk", "*");
    check("", more(whole), &["SELECT on `asterisk`.*, of all tables"]);
    let writes = grant(&["SELECT", "INSERT", "DELETE"], "asterisk", "queue_log");
    check("", more(writes), &["more than is needed: INSERT, DELETE on `asterisk`.`queue_log`"]);
    check("", more(grant(&["SELECT"], "asterisk", "ps_contacts")), &["SELECT on `asterisk`.`ps_contacts`"]);
    // What the web page may change is right.
    let changes = grant(&["SELECT", "INSERT", "UPDATE", "DELETE"], "asterisk", "queues");
    check("", more(changes.clone()), &[]);
    check(
        "[tables]\nallow = [\"ps_aors\"]\n",
        more(changes),
        &["INSERT, UPDATE, DELETE on `asterisk`.`queues`"],
    );
    let pass_on = Granted { with_grant_option: true, ..grant(&["SELECT"], "asterisk", "cdr") };
    check("", more(pass_on), &["GRANT OPTION on `asterisk`.`cdr`"]);
    check("", |facts| facts.has_role = true, &["has a role"]);
}

#[test]
fn a_zone_that_does_not_fit_is_seen_by_the_callids() {
    let utc = |facts: &mut Facts| facts.calls.iter_mut().for_each(|(_, written)| *written -= 3_600);
    check("", utc, &["are written at UTC+00, but Europe/Berlin was at UTC+01 then"]);
    let india = |facts: &mut Facts| facts.calls.iter_mut().for_each(|(_, written)| *written += 16_200);
    check("", india, &["are written at UTC+05:30"]);
    check("", |facts| facts.calls.clear(), &["no call yet"]);
    check("", |facts| (facts.calls, facts.has_instants) = (Vec::new(), true), &[]);
}

#[test]
fn a_refused_connection_names_its_key() {
    let config = config(SITE);
    let place = Place { config: &config, pbx: &config.pbxs[0], key: "pbx[0]".into() };
    let error = MysqlError::NoDatabase { name: "asterisk".into(), user: "reader".into() };
    let told = refused(&place, &error);
    assert_eq!((told.level, told.key.as_str()), (Level::Problem, "pbx[0].database.name"));
    assert!(told.sentence.ends_with("may use.") && told.cure.starts_with("Check `name`"), "{told:?}");
}
