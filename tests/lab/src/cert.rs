//! A throw-away certificate authority and a server certificate for 127.0.0.1, made with the openssl command.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::process::run;

/// Files of one certificate.
#[derive(Debug, Clone)]
pub(crate) struct Certificate {
    folder: PathBuf,
}

impl Certificate {
    /// Makes `ca.pem`, `server.pem` and `server.key` in `folder`.
    ///
    /// # Errors
    /// When openssl is not installed.
    pub(crate) async fn new(folder: &Path) -> Result<Self> {
        let this = Self { folder: folder.to_owned() };
        let path = |name: &str| folder.join(name).display().to_string();
        let (ca, ca_key, key, csr, pem) =
            (path("ca.pem"), path("ca.key"), path("server.key"), path("csr"), path("server.pem"));
        let extensions = path("ext");
        std::fs::write(
            &extensions,
            "subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n",
        )?;
        let ec = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
        let first = [
            &[
                "openssl",
                "req",
                "-x509",
                "-days",
                "30",
                "-subj",
                "/CN=AsterFlow lab CA",
                "-keyout",
                &ca_key,
                "-out",
                &ca,
                "-addext",
                "keyUsage=critical,keyCertSign,cRLSign",
            ][..],
            &ec[..],
        ]
        .concat();
        let second =
            [&["openssl", "req", "-subj", "/CN=127.0.0.1", "-keyout", &key, "-out", &csr][..], &ec[..]]
                .concat();
        let third = [
            "openssl",
            "x509",
            "-req",
            "-days",
            "30",
            "-in",
            &csr,
            "-CA",
            &ca,
            "-CAkey",
            &ca_key,
            "-CAcreateserial",
            "-extfile",
            &extensions,
            "-out",
            &pem,
        ];
        for step in [&first[..], &second[..], &third[..]] {
            run(step, None).await.context("make a certificate (is openssl installed?)")?;
        }
        Ok(this)
    }

    /// The authority to trust.
    #[must_use]
    pub(crate) fn ca_file(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Certificate and key of the server in one text, as Asterisk wants them.
    ///
    /// # Errors
    /// When the files are gone.
    pub(crate) fn bundle(&self) -> Result<String> {
        let read = |name: &str| {
            std::fs::read_to_string(self.folder.join(name)).with_context(|| format!("read {name}"))
        };
        Ok(read("server.pem")? + &read("server.key")?)
    }

    pub(crate) fn mariadb_arguments(&self) -> [String; 3] {
        let path = |name: &str| self.folder.join(name).display().to_string();
        [
            format!("--ssl-ca={}", path("ca.pem")),
            format!("--ssl-cert={}", path("server.pem")),
            format!("--ssl-key={}", path("server.key")),
        ]
    }
}
