//! Asking a running simulated PBX for a fault, as a client.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::faults::Fault;
use crate::config::Secret;

/// The whole conversation takes no longer; a PBX that stands still does not answer.
const WHOLE: Duration = Duration::from_secs(5);

/// Why no fault came about.
#[derive(Debug, thiserror::Error)]
pub enum AskError {
    /// Nobody listens, or the connection broke.
    #[error(
        "The simulated PBX at {0} does not answer. Start it with `asterflow demo`, or wait for its last fault to end."
    )]
    Away(SocketAddr),
    /// It is no simulated PBX, or the login is wrong.
    #[error("The PBX at {0} refuses ({1}). Check username and secret, and that it is the simulated one.")]
    Refused(SocketAddr, String),
}

/// Logs in and asks for `fault`. Returns when it begins.
///
/// # Errors
/// When nobody answers within 5 s, or it is refused.
pub async fn ask_fault(
    address: SocketAddr,
    username: &str,
    secret: &Secret,
    fault: Fault,
) -> Result<(), AskError> {
    let away = |_| AskError::Away(address);
    let text = format!(
        "Action: Login\r\nUsername: {username}\r\nSecret: {}\r\nEvents: off\r\n\r\nAction: SimFault\r\n{}\r\n",
        secret.expose(),
        fault.headers()
    );
    let answers = timeout(WHOLE, converse(address, &text)).await;
    let answers = answers.map_err(|_| AskError::Away(address))?.map_err(away)?;
    match answers.iter().find(|answer| answer.0 != "Success") {
        Some((_, message)) => Err(AskError::Refused(address, message.clone())),
        None if answers.len() == 2 => Ok(()),
        None => Err(AskError::Away(address)),
    }
}

/// Sends `text` and reads two answers, each a word and a sentence; fewer when the connection ends or one is an error.
async fn converse(address: SocketAddr, text: &str) -> std::io::Result<Vec<(String, String)>> {
    let mut socket = BufReader::new(TcpStream::connect(address).await?);
    socket.write_all(text.as_bytes()).await?;
    let (mut answers, mut word) = (Vec::new(), String::new());
    let mut line = String::new();
    while answers.len() < 2 && socket.read_line(&mut line).await? > 0 {
        if let Some(found) = line.strip_prefix("Response: ") {
            found.trim_end().clone_into(&mut word);
        } else if let Some(message) = line.strip_prefix("Message: ") {
            answers.push((std::mem::take(&mut word), message.trim_end().to_owned()));
        }
        line.clear();
    }
    Ok(answers)
}
