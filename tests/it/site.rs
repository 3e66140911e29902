//! The configuration of one PBX, as the tests write it that run the program itself.

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
