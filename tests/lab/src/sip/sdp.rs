//! Session descriptions: one audio stream, PCMU.

use std::net::{IpAddr, SocketAddr};

/// Which way sound flows, as the side that writes the description sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flow {
    Both,
    /// The other side is on hold.
    SendOnly,
    /// The answer to a hold.
    RecvOnly,
    Inactive,
}

impl Flow {
    fn word(self) -> &'static str {
        match self {
            Self::Both => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    /// What must be answered to an offer with this flow.
    pub(crate) fn answer(self) -> Self {
        match self {
            Self::SendOnly => Self::RecvOnly,
            Self::RecvOnly => Self::SendOnly,
            other => other,
        }
    }
}

/// Writes a description; `version` must rise with every change.
pub(crate) fn write(local: SocketAddr, version: u32, flow: Flow) -> String {
    let (ip, port, flow) = (local.ip(), local.port(), flow.word());
    format!(
        "v=0\r\no=- {port} {version} IN IP4 {ip}\r\ns=lab\r\nc=IN IP4 {ip}\r\nt=0 0\r\nm=audio {port} RTP/AVP 0\r\n\
         a=rtpmap:0 PCMU/8000\r\na=ptime:20\r\na={flow}\r\n"
    )
}

/// Where the writer of a description wants its sound, and which way it flows. `None` without an audio stream.
pub(crate) fn read(text: &str) -> Option<(SocketAddr, Flow)> {
    let mut ip: Option<IpAddr> = None;
    let mut port: Option<u16> = None;
    let mut flow = Flow::Both;
    for line in text.lines().map(str::trim_end) {
        match line.split_once('=') {
            Some(("c", value)) => ip = value.rsplit(' ').next()?.parse().ok(),
            Some(("m", value)) => port = value.strip_prefix("audio ")?.split(' ').next()?.parse().ok(),
            Some(("a", "sendonly")) => flow = Flow::SendOnly,
            Some(("a", "recvonly")) => flow = Flow::RecvOnly,
            Some(("a", "inactive")) => flow = Flow::Inactive,
            _ => {}
        }
    }
    Some((SocketAddr::new(ip?, port?), flow))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        let local: SocketAddr = "127.0.0.2:4000".parse().expect("an address");
        for flow in [Flow::Both, Flow::SendOnly, Flow::RecvOnly, Flow::Inactive] {
            assert_eq!(read(&write(local, 1, flow)), Some((local, flow)));
        }
        assert_eq!(read("v=0\r\n"), None);
    }
}
