//! `asterflow grants`, and that a real MariaDB takes what it prints.

use asterflow::config::{Database, HostPort, Secret, Tls};
use asterflow::pbx::mysql::{Cdr, Mysql, QueueLog, queue_settings};
use asterflow_lab::{MariaDb, MariaOptions};

use super::{Place, TWO};

#[test]
fn it_prints_both_parts_without_secrets_and_before_they_exist() {
    let place = Place::new();
    let out = place.run(&["grants"]).good();
    for words in [
        "; PBX pbx: into /etc/asterisk/manager.conf",
        "[asterflow]\nsecret = <secret>\ndeny = 0.0.0.0/0\npermit = 127.0.0.1/32\n",
        "read = call,agent,system,dtmf\nwrite = agent,call,originate,reporting\n",
        "secrets/database",
        "CREATE USER IF NOT EXISTS 'asterflow'@'127.0.0.1' IDENTIFIED BY '<password>';",
        "GRANT SELECT ON `asterisk`.`queue_log` TO 'asterflow'@'127.0.0.1';",
    ] {
        assert!(out.contains(words), "{words}\n{out}");
    }
    place.secrets();
    assert_eq!(place.run(&["grants"]).good(), out);
}

#[test]
fn parts_and_pbxs_can_be_chosen() {
    let place = Place::new();
    place.configure(TWO);
    let sql = place.run(&["grants", "--only", "sql", "--from", "10.0.0.5"]).good();
    assert!(sql.contains("'asterflow'@'10.0.0.5'") && !sql.contains("manager.conf"), "{sql}");
    let heads = ["--", "CREATE USER ", "GRANT SELECT "];
    assert!(sql.lines().all(|line| heads.iter().any(|head| line.starts_with(head))), "{sql}");
    let manager = place.run(&["grants", "--pbx", "branch", "--only", "manager"]).good();
    assert!(manager.contains("PBX branch") && !manager.contains("PBX pbx"), "{manager}");
    assert!(place.run(&["grants", "--pbx", "x"]).failed(2).contains("pbx, branch"));
    let ran = place.run(&["grants", "--pbx", "branch", "--only", "sql"]);
    assert!(ran.err.contains("nothing to grant"), "{}", ran.err);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_real_server_takes_the_statements_and_they_are_enough_to_read_and_not_to_write() {
    let maria = MariaDb::start(MariaOptions::default()).await.expect("starts");
    let place = Place::new();
    // A name and a password that would leave careless quotes.
    let (user, password) = (r"o'hara\wall", r"it's\a-secret");
    let config = std::fs::read_to_string(place.path("asterflow.toml")).expect("reads");
    let (ami, database) = config.split_at(config.find("[pbx.database]").expect("a section"));
    let quoted = format!("username = {user:?}");
    place.file("asterflow.toml", format!("{ami}{}", database.replace("username = \"asterflow\"", &quoted)));
    let script = place.run(&["grants", "--only", "sql"]).good();
    let literal = password.replace('\\', r"\\").replace('\'', "''");
    maria.script(&script.replace("<password>", &literal)).await.expect("takes the statements");
    // Twice is no error.
    maria.script(&script).await.expect("takes them again");
    let database = Database {
        hosts: vec![HostPort { host: "127.0.0.1".into(), port: maria.port() }],
        name: "asterisk".into(),
        cdr_name: None,
        username: user.into(),
        password: Secret::new(password),
        tls: Tls::Off,
        queue_log_table: None,
        queue_log_partition: None,
        cdr_table: None,
    };
    let mysql = Mysql::connect(&database).await.expect("logs in");
    let log = QueueLog::find(&mysql).await.expect("finds queue_log");
    log.forward(&mysql, 0, 10).await.expect("reads queue_log");
    let cdr = Cdr::find(&mysql).await.expect("finds cdr");
    cdr.forward(&mysql, 0, 10).await.expect("reads cdr");
    assert!(!queue_settings(&mysql).await.expect("reads queues").is_empty());
    for statement in [
        "INSERT INTO asterisk.queue_log (callid) VALUES ('x')",
        "UPDATE asterisk.queues SET timeout = 1 WHERE name = 'sales'",
        "DELETE FROM asterisk.cdr WHERE uniqueid = 'x'",
        "SELECT * FROM asterisk.ps_auths LIMIT 1",
    ] {
        let refused = sqlx::query(statement).execute(mysql.pool()).await;
        let code = refused.as_ref().err().and_then(|error| error.as_database_error()?.code());
        assert_eq!(code.as_deref(), Some("42000"), "{statement}: {refused:?}");
    }
    mysql.close().await;
    // What is commented is well-formed too: without its marks the tables can be changed.
    let all = script.replace("<password>", &literal).replace("-- GRANT", "GRANT");
    maria.script(&all).await.expect("takes the rest");
    let mysql = Mysql::connect(&database).await.expect("logs in");
    let changed = sqlx::query("UPDATE asterisk.queues SET timeout = 17 WHERE name = 'sales'");
    changed.execute(mysql.pool()).await.expect("may change it now");
    mysql.close().await;
}
