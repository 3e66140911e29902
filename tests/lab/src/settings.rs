//! A ready `asterflow.toml` for a lab, with its secrets beside it.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::asterisk::ASTERFLOW;
use crate::lab::Lab;

impl Lab {
    /// Writes `asterflow.toml` and `secrets/` into `folder` and returns the file's path. `listen` is where AsterFlow's web
    /// page shall be, such as `127.0.0.1:8443`; it is loopback, so without TLS.
    ///
    /// # Errors
    /// When a file cannot be written.
    pub fn write_settings(&self, folder: &Path, listen: &str) -> Result<PathBuf> {
        let secrets = folder.join("secrets");
        fs::create_dir_all(&secrets).with_context(|| format!("create {}", secrets.display()))?;
        let account = self.database.account();
        write(&secrets.join("ami"), ASTERFLOW.secret)?;
        write(&secrets.join("database"), &account.password)?;
        let (ami, ami_tls) = match (self.asterisk.ami_tls_address(), self.database.ca_file()) {
            (Some(address), Some(ca)) => (address, verify(&ca)),
            _ => (self.asterisk.ami_address(), "tls = \"off\"".to_owned()),
        };
        let database_tls = self.database.ca_file().map_or("tls = \"off\"".to_owned(), |ca| verify(&ca));
        let phones: String = ["201", "202"]
            .map(|number| {
                let name = crate::floor::name_of(number);
                format!("[[supervisor_phone]]\nextension = \"{number}\"\nchannel = \"PJSIP/{number}\"\nname = \"{name}\"\n")
            })
            .concat();
        let text = format!(
            "# Written by the lab; gone with it.\n[site]\nname = \"Lab\"\nlanguage = \"en\"\n\
             [[pbx]]\nname = \"pbx\"\ntime_zone = \"{zone}\"\n\
             [pbx.ami]\nhosts = [\"{ami}\"]\n{ami_tls}\nusername = \"{user}\"\nsecret_file = \"{secrets}/ami\"\n\
             [pbx.database]\nhosts = [\"{database}\"]\nname = \"asterisk\"\nusername = \"{db_user}\"\n\
             password_file = \"{secrets}/database\"\n{database_tls}\n\
             [history]\npoll = \"1s\"\n[wall]\npages = [\"overview\", \"board\", \"heatmap\"]\n{phones}\
             [admin]\nlisten = \"{listen}\"\ntls = \"off\"\n",
            zone = self.asterisk.time_zone(),
            user = ASTERFLOW.name,
            secrets = secrets.display(),
            database = self.database.address(),
            db_user = account.user,
        );
        let path = folder.join("asterflow.toml");
        write(&path, &text)?;
        Ok(path)
    }
}

fn verify(ca: &Path) -> String {
    format!("tls = \"verify\"\nca_file = \"{}\"", ca.display())
}

/// Secrets are nobody else's; the settings lie beside them and may as well be.
fn write(path: &Path, text: &str) -> Result<()> {
    use std::io::Write as _;
    use std::os::unix::fs::OpenOptionsExt as _;
    let mut options = fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes()))
        .with_context(|| format!("write {}", path.display()))
}
