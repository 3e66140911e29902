//! Where the PBX's database has no TLS: a local socket in front of it that reads the server's side of the login.
//!
//! The client library answers a greeting that names `mysql_clear_password` with the password in clear text. This relay
//! reads the *same* greeting that it passes on, and every change of plugin after it, and closes the connection on
//! anything but a scramble. It looks at no byte after the login.

use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixListener, UnixStream};

use crate::config::HostPort;

/// The error number by which the client learns of a refused plugin; the message is the plugin's name.
pub(super) const REFUSED_PLUGIN: u16 = 2054;
/// The error number of "cannot connect".
const CANNOT_CONNECT: u16 = 2003;
/// Plugins that answer with a scramble of the password and a nonce.
const SCRAMBLES: &[&str] = &["mysql_native_password", "caching_sha2_password"];
/// No packet of a login is longer.
const LONGEST: usize = 64 * 1024;

/// The listening socket; gone when dropped.
#[derive(Debug)]
pub(super) struct Relay {
    folder: PathBuf,
    path: PathBuf,
    task: tokio::task::JoinHandle<()>,
}

impl Relay {
    /// Listens in a folder that only this user may enter.
    pub(super) fn start(host: &HostPort) -> io::Result<Self> {
        let mut random = [0_u8; 8];
        getrandom::fill(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let name: String = random.iter().map(|byte| format!("{byte:02x}")).collect();
        let folder = std::env::temp_dir().join(format!("asterflow-{name}"));
        std::fs::DirBuilder::new().mode(0o700).create(&folder)?;
        let path = folder.join("database");
        let listener = UnixListener::bind(&path)?;
        let host = host.clone();
        let task = tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let host = host.clone();
                tokio::spawn(async move {
                    // Either side going away ends the pair; the client sees it as a closed connection.
                    let _ = serve(client, &host).await;
                });
            }
        });
        Ok(Self { folder, path, task })
    }

    /// Where to connect to.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.task.abort();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

async fn serve(mut client: UnixStream, host: &HostPort) -> io::Result<()> {
    let mut server = match TcpStream::connect((host.host.as_str(), host.port)).await {
        Ok(server) => server,
        Err(error) => return refuse(&mut client, 0, CANNOT_CONNECT, &error.to_string()).await,
    };
    server.set_nodelay(true)?;
    if login(&mut client, &mut server).await? {
        tokio::io::copy_bidirectional(&mut client, &mut server).await?;
    }
    Ok(())
}

/// Passes the login on, packet by packet. `false`: it was refused, or failed.
async fn login(client: &mut UnixStream, server: &mut TcpStream) -> io::Result<bool> {
    let greeting = packet(server).await?;
    if let Some(plugin) = plugin_of_greeting(body(&greeting))
        && !SCRAMBLES.contains(&plugin.as_str())
    {
        refuse(client, 0, REFUSED_PLUGIN, &plugin).await?;
        return Ok(false);
    }
    client.write_all(&greeting).await?;
    let answer = packet(client).await?;
    server.write_all(&answer).await?;
    loop {
        let said = packet(server).await?;
        match next(body(&said)) {
            Next::Refuse(plugin) => {
                refuse(client, said[3], REFUSED_PLUGIN, &plugin).await?;
                return Ok(false);
            }
            Next::End(good) => {
                client.write_all(&said).await?;
                return Ok(good);
            }
            Next::Answer => {
                client.write_all(&said).await?;
                let answer = packet(client).await?;
                server.write_all(&answer).await?;
            }
            Next::More => client.write_all(&said).await?,
        }
    }
}

/// What follows a packet of the server during the login.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    /// The login is over, well or not.
    End(bool),
    /// The client answers.
    Answer,
    /// The server says more.
    More,
    /// The server asked for what it shall not get.
    Refuse(String),
}

fn next(body: &[u8]) -> Next {
    match body {
        [0x00, ..] => Next::End(true),
        [0xff, ..] => Next::End(false),
        [0xfe, rest @ ..] => {
            let plugin = until_zero(rest);
            if SCRAMBLES.contains(&plugin.as_str()) { Next::Answer } else { Next::Refuse(plugin) }
        }
        // caching_sha2_password: the scramble was enough.
        [0x01, 0x03, ..] => Next::More,
        // …or was not: the password itself is wanted.
        [0x01, ..] => Next::Refuse("caching_sha2_password with the password itself".into()),
        _ => Next::Refuse("an unknown method".into()),
    }
}

/// The plugin that a greeting names; `None` where it names none (then nothing is sent that depends on one).
fn plugin_of_greeting(body: &[u8]) -> Option<String> {
    const PLUGIN_AUTH: u32 = 1 << 19;
    if body.first() != Some(&10) {
        return None;
    }
    let version = body[1..].iter().position(|byte| *byte == 0)? + 2;
    // thread id 4, nonce 8, filler 1, capabilities 2, charset 1, status 2, capabilities 2, length 1, reserved 10
    let low = body.get(version + 13..version + 15)?;
    let high = body.get(version + 18..version + 20)?;
    let capabilities = u32::from_le_bytes([low[0], low[1], high[0], high[1]]);
    let nonce = usize::from(*body.get(version + 20)?).saturating_sub(8).max(13);
    (capabilities & PLUGIN_AUTH != 0)
        .then(|| until_zero(body.get(version + 31 + nonce..).unwrap_or_default()))
}

fn until_zero(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

fn body(packet: &[u8]) -> &[u8] {
    packet.get(4..).unwrap_or_default()
}

/// One packet with its header.
async fn packet(from: &mut (impl AsyncReadExt + Unpin)) -> io::Result<Vec<u8>> {
    let mut header = [0_u8; 4];
    from.read_exact(&mut header).await?;
    let length = usize::from(header[0]) | usize::from(header[1]) << 8 | usize::from(header[2]) << 16;
    if length > LONGEST {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "a packet of the login is too long"));
    }
    let mut packet = header.to_vec();
    packet.resize(4 + length, 0);
    from.read_exact(&mut packet[4..]).await?;
    Ok(packet)
}

/// Tells the client in the server's place.
async fn refuse(client: &mut UnixStream, sequence: u8, code: u16, why: &str) -> io::Result<()> {
    let mut body = vec![0xff];
    body.extend_from_slice(&code.to_le_bytes());
    body.extend_from_slice(b"#HY000");
    body.extend(why.chars().filter(|c| !c.is_control()).take(200).collect::<String>().into_bytes());
    let length = u16::try_from(body.len()).unwrap_or(0).to_le_bytes();
    let mut packet = vec![length[0], length[1], 0, sequence];
    packet.append(&mut body);
    client.write_all(&packet).await
}

#[cfg(test)]
mod tests;
