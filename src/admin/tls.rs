//! The certificate: our own, made at the first start and again when it ends or the names change, or one from files.
//! Both are looked at again once an hour, so that a renewed one is used without a restart.

use std::io::Write;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use sha2::{Digest, Sha256};

use super::AdminError;
use super::listener::TlsMode;

/// How long our own certificate is valid: what browsers take from an authority that they trust.
const VALID_DAYS: i64 = 397;
/// It is made anew when less is left.
const RENEW_DAYS: i64 = 30;

/// The certificate now, ready for connections.
pub(super) fn server_config(
    mode: &TlsMode,
    state: &Path,
    names: &[String],
    now: Timestamp,
) -> Result<Option<Arc<ServerConfig>>, AdminError> {
    let (certificate, key) = match mode {
        TlsMode::Off => return Ok(None),
        TlsMode::Files { certificate, key } => (certificate.clone(), key.clone()),
        TlsMode::SelfSigned => own(&state.join("tls"), names, now)?,
    };
    let wrong = |path: &Path, why: &dyn std::fmt::Display| AdminError::Certificate {
        path: path.to_owned(),
        why: why.to_string(),
    };
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect)
        .map_err(|error| wrong(&certificate, &error))?;
    if chain.is_empty() {
        return Err(wrong(&certificate, &"it holds no certificate"));
    }
    let key_der = PrivateKeyDer::from_pem_file(&key).map_err(|error| wrong(&key, &error))?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&certificate, &error))?
        .with_no_client_auth()
        .with_single_cert(chain, key_der)
        .map_err(|error| wrong(&certificate, &error))?;
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Some(Arc::new(config)))
}

/// Our own certificate and key, made anew where it is missing, ends soon or has other names.
fn own(folder: &Path, names: &[String], now: Timestamp) -> Result<(PathBuf, PathBuf), AdminError> {
    let (certificate, key) = (folder.join("certificate.pem"), folder.join("key.pem"));
    let about = folder.join("about.txt");
    let kept = std::fs::read_to_string(&about).unwrap_or_default();
    if certificate.exists() && key.exists() && still_good(&kept, names, now) {
        return Ok((certificate, key));
    }
    let wrong = |why: String| AdminError::Certificate { path: folder.to_owned(), why };
    let made = make(names, now).map_err(|error| wrong(error.to_string()))?;
    write_all(folder, &[(&key, &made.key), (&certificate, &made.certificate), (&about, &made.about)])
        .map_err(|error| wrong(error.to_string()))?;
    tracing::info!(
        fingerprint = made.fingerprint,
        "made a certificate; browsers warn until it is trusted by this fingerprint"
    );
    Ok((certificate, key))
}

struct Made {
    certificate: String,
    key: String,
    about: String,
    fingerprint: String,
}

fn make(names: &[String], now: Timestamp) -> Result<Made, rcgen::Error> {
    let mut params = CertificateParams::new(names)?;
    let mut subject = DistinguishedName::new();
    subject.push(DnType::CommonName, "AsterFlow");
    params.distinguished_name = subject;
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let day = |offset: i64| {
        let date = now.to_zoned(TimeZone::UTC).date();
        let date = date.checked_add(offset.days()).unwrap_or(date);
        date_time_ymd(date.year().into(), date.month().unsigned_abs(), date.day().unsigned_abs())
    };
    params.not_before = day(-1);
    params.not_after = day(VALID_DAYS);
    let key = KeyPair::generate()?;
    let certificate = params.self_signed(&key)?;
    let hash: Vec<String> =
        Sha256::digest(certificate.der()).iter().map(|byte| format!("{byte:02X}")).collect();
    let ends = now.as_second() + VALID_DAYS * 86_400;
    let fingerprint = hash.join(":");
    Ok(Made {
        certificate: certificate.pem(),
        key: key.serialize_pem(),
        about: format!("ends {ends}\nnames {}\nsha256 {fingerprint}\n", names.join(" ")),
        fingerprint,
    })
}

fn still_good(about: &str, names: &[String], now: Timestamp) -> bool {
    let value = |key: &str| about.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' '));
    let ends = value("ends").and_then(|ends| ends.parse::<i64>().ok());
    let left = ends.map_or(0, |ends| ends - now.as_second());
    // Far in the future: made while the clock was wrong.
    (RENEW_DAYS * 86_400..=(VALID_DAYS + 1) * 86_400).contains(&left)
        && value("names") == Some(names.join(" ").as_str())
}

fn write_all(folder: &Path, files: &[(&Path, &str)]) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    for (path, text) in files {
        let beside = path.with_extension("new");
        let _ = std::fs::remove_file(&beside);
        let mut options = std::fs::OpenOptions::new();
        let mut file = options.write(true).create_new(true).mode(0o600).open(&beside)?;
        file.write_all(text.as_bytes())?;
        file.sync_all()?;
        std::fs::rename(&beside, path)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn names(list: &[&str]) -> Vec<String> {
        list.iter().map(|&name| name.to_owned()).collect()
    }

    #[test]
    fn our_certificate_is_kept_until_it_ends_or_the_names_change() {
        let state = tempfile::tempdir().expect("a folder");
        let folder = state.path().join("tls");
        let start: Timestamp = "2026-11-22T10:00:00Z".parse().expect("a time");
        let make = |list: &[&str], days: i64| {
            let now = Timestamp::from_second(start.as_second() + days * 86_400).expect("a time");
            let config = server_config(&TlsMode::SelfSigned, state.path(), &names(list), now);
            assert!(config.expect("a certificate").is_some());
            std::fs::read_to_string(folder.join("certificate.pem")).expect("the certificate")
        };
        let first = make(&["wall", "127.0.0.1"], 0);
        assert_eq!(make(&["wall", "127.0.0.1"], 300), first, "kept");
        let second = make(&["wall", "127.0.0.1"], 370);
        assert_ne!(second, first, "renewed in time");
        let third = make(&["other", "127.0.0.1"], 371);
        assert_ne!(third, second, "the names changed");
        assert_ne!(make(&["other", "127.0.0.1"], -400), third, "made in the future");
        let mode =
            |name: &str| std::fs::metadata(folder.join(name)).expect("a file").permissions().mode() & 0o777;
        assert_eq!(mode("key.pem"), 0o600);
        assert_eq!(std::fs::metadata(&folder).expect("a folder").permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn files_that_are_none_are_refused_with_their_path() {
        let state = tempfile::tempdir().expect("a folder");
        let mode =
            TlsMode::Files { certificate: state.path().join("no.pem"), key: state.path().join("no.key") };
        let error = server_config(&mode, state.path(), &[], Timestamp::UNIX_EPOCH).expect_err("no file");
        assert!(error.to_string().contains("no.pem"), "{error}");
    }
}
