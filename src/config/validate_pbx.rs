//! The `[[pbx]]` sections: names, zones, the two links of each and their secrets.

use crate::domain::ids::PbxName;

use super::raw::Section;
use super::report::Wrong;
use super::secret_file::{self, Places};
use super::validate::readable;
use super::{Ami, Database, HostPort, Pbx, Tls, values};

const AMI_PORT: u16 = 5039;
const DATABASE_PORT: u16 = 3306;

/// All PBXs; `None` when one of them has an error or there is none.
pub(super) fn pbxs(root: &Section<'_>, places: &Places<'_>) -> Option<Vec<Pbx>> {
    let sections = root.tables("pbx");
    if sections.is_empty() && !root.has("pbx") {
        let wrong = Wrong::new("No PBX is configured.", "Add a [[pbx]] section with [pbx.ami].");
        root.report.error("pbx", None, wrong);
    }
    let mut whole = !sections.is_empty();
    let mut names: Vec<PbxName> = Vec::new();
    let mut list = Vec::new();
    for section in sections {
        match pbx(section, places, &mut names) {
            Some(pbx) => list.push(pbx),
            None => whole = false,
        }
    }
    whole.then_some(list)
}

fn pbx(section: Section<'_>, places: &Places<'_>, names: &mut Vec<PbxName>) -> Option<Pbx> {
    let name = section.required("name", "Give it a short name, such as name = \"pbx\".", values::pbx_name);
    if let Some(name) = &name {
        if names.iter().any(|known| known.as_str().eq_ignore_ascii_case(name.as_str())) {
            let wrong = Wrong::new(
                format!("Two PBXs are named \"{name}\"."),
                "Give each its own name: it is the key of its history.",
            );
            section.report.error(&section.key("name"), section.line_of("name"), wrong);
        }
        names.push(name.clone());
    }
    let zone = section.required(
        "time_zone",
        "Write the zone of the PBX's clock, such as time_zone = \"Europe/Berlin\".",
        values::zone,
    );
    let shown = name.as_ref().map_or("pbx", PbxName::as_str);
    let ami = ami(&section, places, shown);
    let database_section = section.table("database");
    let has_database = database_section.present();
    let database = database(database_section, places, shown);
    section.finish();
    let (zone, zone_name) = zone?;
    let database = if has_database { Some(database?) } else { None };
    Some(Pbx { name: name?, zone, zone_name, ami: ami?, database })
}

fn ami(pbx: &Section<'_>, places: &Places<'_>, name: &str) -> Option<Ami> {
    let section = pbx.table("ami");
    if !section.present() {
        let wrong = Wrong::new("[pbx.ami] is missing.", "Add it: hosts, username and secret_file.");
        section.report.error(&pbx.key("ami"), pbx.line(), wrong);
        return None;
    }
    let hosts = hosts(&section, AMI_PORT);
    let username = section.required("username", "Write the name of the user in manager.conf.", values::word);
    let tls = tls(&section, places, hosts.as_deref());
    let secret = secret_file::find(&section, places, ("secret_file", "secret"), (name, "ami"));
    section.finish();
    Some(Ami { hosts: hosts?, tls: tls?, username: username?, secret: secret? })
}

fn database(section: Section<'_>, places: &Places<'_>, pbx: &str) -> Option<Database> {
    if !section.present() {
        return None;
    }
    let hosts = hosts(&section, DATABASE_PORT);
    let name =
        section.required("name", "Write the schema with queue_log, such as \"asterisk\".", values::word);
    let cdr_name = section.text("cdr_name", None, values::word);
    let username = section.required("username", "Write the name of the database account.", values::word);
    let tls = tls(&section, places, hosts.as_deref());
    let password = secret_file::find(&section, places, ("password_file", "password"), (pbx, "database"));
    let queue_log_table = section.text("queue_log_table", None, values::table);
    let queue_log_partition = section.text("queue_log_partition", None, values::word);
    let cdr_table = section.text("cdr_table", None, values::table);
    section.finish();
    Some(Database {
        hosts: hosts?,
        name: name?,
        cdr_name,
        username: username?,
        password: password?,
        tls: tls?,
        queue_log_table,
        queue_log_partition,
        cdr_table,
    })
}

fn hosts(section: &Section<'_>, port: u16) -> Option<Vec<HostPort>> {
    let cure = format!("Write hosts = [\"pbx.example:{port}\"].");
    if !section.has("hosts") {
        // Taken all the same, so that a typo is told which word was meant.
        section.list("hosts", None, |_| Ok(()));
        let wrong = Wrong::new("\"hosts\" is missing.", cure);
        section.report.error(&section.key("hosts"), section.line(), wrong);
        return None;
    }
    let hosts = section.list("hosts", None, |text| values::host_port(text, port))?;
    if hosts.is_empty() {
        let wrong = Wrong::new("The list of hosts is empty.", cure);
        section.report.error(&section.key("hosts"), section.line_of("hosts"), wrong);
        return None;
    }
    Some(hosts)
}

fn tls(section: &Section<'_>, places: &Places<'_>, hosts: Option<&[HostPort]>) -> Option<Tls> {
    let words = [("verify", Tls::Verify { ca_file: None }), ("insecure", Tls::Insecure), ("off", Tls::Off)];
    let tls = section.text("tls", Some("verify"), |text| values::one_of(text, "protection", &words));
    let had_file = section.has("ca_file");
    let ca_file = section.text("ca_file", None, |text| readable(places.base, text));
    let key = section.key("tls");
    let line = section.line_of("tls");
    let beyond = hosts.is_some_and(|hosts| hosts.iter().any(|host| !is_local(host)));
    let warn = |sentence: &str| {
        let cure = "Write tls = \"verify\" and pin the PBX's authority with ca_file = \"…\".";
        section.report.warning(&key, line, Wrong::new(sentence, cure));
    };
    match tls? {
        Tls::Verify { .. } => (ca_file.is_some() || !had_file).then_some(Tls::Verify { ca_file }),
        Tls::Insecure => {
            if beyond {
                warn("Any certificate is accepted: somebody between could read and change everything.");
            }
            Some(Tls::Insecure)
        }
        Tls::Off => {
            if beyond {
                warn("The connection crosses the network in the clear.");
            }
            Some(Tls::Off)
        }
    }
}

fn is_local(host: &HostPort) -> bool {
    host.host == "localhost"
        || host.host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
