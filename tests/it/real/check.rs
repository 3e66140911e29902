//! `check --online` against a real Asterisk and a real MariaDB: users and accounts with one right missing each, and with
//! one too much, are told apart by exactly that right.

use std::path::Path;
use std::process::{Command, Stdio};

use asterflow_lab::asterisk::{ASTERFLOW, AmiUser, LACKING, RICH};
use asterflow_lab::{Behaviour, Lab};

use super::{alone, lab};

/// A folder with the configuration of one login.
#[derive(Clone, Copy)]
struct Site<'a> {
    lab: &'a Lab,
    zone: &'a str,
    user: &'a AmiUser,
    account: (&'a str, &'a str),
}

/// What the program said: its exit status and the lines about the PBX.
struct Told {
    code: i32,
    lines: Vec<String>,
}

impl Told {
    /// The lines that are not good.
    fn bad(&self) -> Vec<&str> {
        self.lines.iter().map(String::as_str).filter(|line| !line.starts_with("good ")).collect()
    }

    #[track_caller]
    fn is(&self, code: i32, words: &[&str]) {
        let bad = self.bad();
        assert_eq!((self.code, bad.len()), (code, words.len()), "{words:?}: {:#?}", self.lines);
        for (line, words) in bad.iter().zip(words) {
            assert!(line.contains(words), "{words}: {line}");
        }
    }
}

impl Site<'_> {
    async fn check(&self) -> Told {
        let dir = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("writes");
        write("ami", self.user.secret);
        write("database", self.account.1);
        write("asterflow.toml", &self.text());
        let path = dir.path().to_owned();
        tokio::task::spawn_blocking(move || run(&path)).await.expect("runs")
    }

    fn text(&self) -> String {
        format!(
            "[[pbx]]\nname = \"lab\"\ntime_zone = \"{zone}\"\n[pbx.ami]\nhosts = [\"{ami}\"]\ntls = \"off\"\n\
             username = \"{user}\"\nsecret_file = \"ami\"\n[pbx.database]\nhosts = [\"127.0.0.1:{port}\"]\n\
             name = \"asterisk\"\nusername = \"{account}\"\npassword_file = \"database\"\ntls = \"off\"\n\
             [[supervisor_phone]]\nextension = \"201\"\nchannel = \"PJSIP/201\"\n",
            zone = self.zone,
            ami = self.lab.asterisk.ami_address(),
            user = self.user.name,
            port = self.lab.database.port(),
            account = self.account.0,
        )
    }
}

fn run(dir: &Path) -> Told {
    let output = Command::new(env!("CARGO_BIN_EXE_asterflow"))
        .args(["check", "--online", "--config"])
        .arg(dir.join("asterflow.toml"))
        .arg("--state-dir")
        .arg(dir.join("state"))
        .env_remove("CREDENTIALS_DIRECTORY")
        .stdin(Stdio::null())
        .output()
        .expect("runs");
    let out = String::from_utf8(output.stdout).expect("UTF-8");
    let (_, online) = out.split_once("\nPBX lab\n").unwrap_or_else(|| {
        panic!("nothing online: {out}{}", String::from_utf8_lossy(&output.stderr));
    });
    assert!(!out.contains("lab-lacking") && !out.contains("lab-ami"), "a secret: {out}");
    Told { code: output.status.code().unwrap_or(-1), lines: online.lines().map(str::to_owned).collect() }
}

#[test]
fn check_names_exactly_what_is_missing_and_what_is_too_much() {
    alone(async {
        let lab = lab().await;
        // A call through a queue shows the zone.
        lab.phone("101").behave(Behaviour::answer_after_ms(200)).await.expect("a phone");
        let call = lab.call("5550900", "800").await.expect("a call");
        lab.phone("101").wait_up(super::LONG).await.expect("answered");
        call.hang_up().await.expect("hung up");
        accounts(&lab).await;
        let site = Site { lab: &lab, zone: "UTC", user: &ASTERFLOW, account: ("least", "lab-least") };
        site.check().await.is(0, &[]);
        for user in &LACKING {
            let class = user.name.trim_start_matches("no-").replacen('-', "=", 1);
            let told = Site { user, ..site }.check().await;
            told.is(1, &[&format!("The AMI user {} lacks {class}:", user.name)]);
        }
        let rich = Site { user: &RICH, ..site }.check().await;
        let too_much = ["write=command", "write=config", "read=dialplan"];
        rich.is(0, &too_much);
        let wrong = AmiUser { secret: "not it", ..ASTERFLOW };
        Site { user: &wrong, ..site }.check().await.is(1, &["refuses the AMI user asterflow"]);
        databases(&site).await;
        let berlin = Site { zone: "Asia/Kolkata", ..site }.check().await;
        berlin.is(1, &["time_zone"]);
        assert!(berlin.bad()[0].contains("written at UTC+00, but Asia/Kolkata was at UTC+05:30"));
    });
}

/// Tables that are read.
const READ: [&str; 4] = ["queue_log", "cdr", "queues", "queue_members"];

/// One account with all it needs, one without each table, one with too much.
async fn accounts(lab: &Lab) {
    let mut sql = String::new();
    let mut account = |name: &str, tables: &[&str], more: &str| {
        sql += &format!("CREATE USER '{name}'@'127.0.0.1' IDENTIFIED BY 'lab-least';\n");
        for table in tables {
            sql += &format!("GRANT SELECT ON asterisk.{table} TO '{name}'@'127.0.0.1';\n");
        }
        sql += &more.replace("WHO", &format!("'{name}'@'127.0.0.1'"));
    };
    account("least", &READ, "");
    for missing in READ {
        let others: Vec<&str> = READ.into_iter().filter(|table| *table != missing).collect();
        account(&format!("no_{missing}"), &others, "");
    }
    account(
        "rich",
        &READ,
        "GRANT INSERT ON asterisk.queue_log TO WHO; GRANT SELECT ON asterisk.ps_contacts TO WHO;\n\
         GRANT UPDATE ON asterisk.* TO WHO; GRANT SELECT, UPDATE ON asterisk.queues TO WHO;\n",
    );
    lab.database.script(&sql).await.expect("accounts");
}

async fn databases(site: &Site<'_>) {
    for missing in READ {
        let name = format!("no_{missing}");
        let told = Site { account: (&name, "lab-least"), ..*site }.check().await;
        // Queues may stand in queues.conf: then there is no such table to read.
        let code = i32::from(["queue_log", "cdr"].contains(&missing));
        if missing == "queue_log" {
            // Without it the zone cannot be seen either.
            told.is(code, &["`asterisk`.`queue_log`", "time_zone"]);
        } else {
            told.is(code, &[&format!("may not read `asterisk`.`{missing}`")]);
        }
        assert!(
            told.bad()[0].contains(&format!("GRANT SELECT ON `asterisk`.`{missing}` TO 'no_{missing}'@"))
        );
    }
    let rich = Site { account: ("rich", "lab-least"), ..*site }.check().await;
    assert_eq!(rich.code, 0, "{:#?}", rich.lines);
    let bad = rich.bad().join("\n");
    for words in [
        "INSERT on `asterisk`.`queue_log`",
        "SELECT on `asterisk`.`ps_contacts`",
        "UPDATE on `asterisk`.*, of all tables",
    ] {
        assert!(bad.contains(words), "{words}: {bad}");
    }
    assert_eq!(rich.bad().len(), 4 - 1, "{bad}");
    let refused = Site { account: ("least", "wrong"), ..*site }.check().await;
    refused.is(1, &["database.username"]);
}
