//! What the tests configure: one PBX as a file, for those that run the program itself; how its history is read.

use std::time::Duration;

use asterflow::config::History;

/// Looks for new rows this often, and keeps them longer than anything in the tests is old.
pub(crate) fn reading_every(poll: Duration) -> History {
    History {
        poll,
        keep: Duration::from_secs(10 * 365 * 86_400),
        replay_keep: Duration::from_secs(1),
        service_level_seconds: 20,
        short_abandon_seconds: 5,
        wrap_up_seconds: 0,
    }
}

/// `asterflow.toml` of a PBX "pbx" whose AMI cannot be reached: its zone, the port and the user of its database on this
/// machine, and the files that hold the secret of the AMI and the password of the database.
pub(crate) fn toml(zone: &str, (port, user): (u16, &str), [secret, password]: [&str; 2]) -> String {
    format!(
        r#"
[[pbx]]
name = "pbx"
time_zone = "{zone}"
[pbx.ami]
hosts = ["127.0.0.1:1"]
tls = "off"
username = "asterflow"
secret_file = "{secret}"
[pbx.database]
hosts = ["127.0.0.1:{port}"]
name = "asterisk"
username = "{user}"
password_file = "{password}"
tls = "off"
"#
    )
}
