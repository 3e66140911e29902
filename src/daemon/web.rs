//! Plugs the tasks into the web page: each handle that `admin` asks for, made of the task that has it.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use anyhow::Result;
use futures_util::future::BoxFuture;
use tokio::sync::watch;

use super::health::Monitor;
use super::parts::Parts;
use crate::admin::{
    AdminHandles, Bytes, FloorActs, Listen, Phone, Server, Supervisor, TlsMode, WallPicture, WallSessions,
};
use crate::cli::Arguments;
use crate::config::{Admin, AdminTls, Config};
use crate::domain::account::Actor;
use crate::domain::act::{ActDone, ActError, ActRequest};
use crate::domain::control::{ControlError, Mode, Request, Supervision};
use crate::domain::ids::UniqueId;
use crate::tasks::acts::Acts;
use crate::tasks::control::Control;

type Draw = Box<dyn Fn() -> BoxFuture<'static, Result<Bytes, String>> + Send + Sync>;

/// The wall's picture, from when there is a wall on.
#[derive(Clone, Default)]
pub(crate) struct Pictures {
    draw: Arc<OnceLock<Draw>>,
    drawn: Arc<AtomicU64>,
}

impl Pictures {
    /// Says how pictures are drawn. The first word counts.
    #[cfg(feature = "kiosk")]
    pub(crate) fn draw_by(&self, draw: Draw) {
        let _ = self.draw.set(draw);
    }

    /// Notes that one was drawn.
    #[cfg(feature = "kiosk")]
    pub(crate) fn count(&self) {
        self.drawn.fetch_add(1, Ordering::Relaxed);
    }

    /// How many were drawn since the start.
    pub(crate) fn drawn(&self) -> u64 {
        self.drawn.load(Ordering::Relaxed)
    }
}

impl WallPicture for Pictures {
    fn png(&self) -> BoxFuture<'_, Result<Bytes, String>> {
        match self.draw.get() {
            Some(draw) => draw(),
            None => Box::pin(async { Err("The wall is not drawn yet. Ask again in a moment.".into()) }),
        }
    }
}

/// `tasks::control`, as the web page asks for it.
struct Desk(Control);

impl Supervisor for Desk {
    fn start(&self, request: Request) -> BoxFuture<'_, Result<Supervision, ControlError>> {
        Box::pin(self.0.start(request))
    }

    fn get(&self, id: UniqueId) -> BoxFuture<'_, Result<Supervision, ControlError>> {
        Box::pin(async move { self.0.get(&id).ok_or(ControlError::Unknown) })
    }

    fn set_mode(
        &self,
        id: UniqueId,
        mode: Mode,
        by: Actor,
    ) -> BoxFuture<'_, Result<Supervision, ControlError>> {
        Box::pin(async move { self.0.set_mode(&id, mode, &by).await })
    }

    fn stop(&self, id: UniqueId, by: Actor) -> BoxFuture<'_, Result<(), ControlError>> {
        Box::pin(async move { self.0.stop(&id, &by).await.map(drop) })
    }

    fn list(&self) -> BoxFuture<'_, Vec<Supervision>> {
        Box::pin(async { self.0.list().into_iter().filter(|one| one.ended.is_none()).collect() })
    }
}

impl FloorActs for Acts {
    fn act(&self, request: ActRequest) -> BoxFuture<'_, Result<ActDone, ActError>> {
        Box::pin(self.act(request))
    }
}

/// Takes the address and makes the certificate. Without a usable configuration the page listens where it does by
/// default, so that the problems can be read there.
pub(super) async fn bind(parts: &Parts, arguments: &Arguments, health: Monitor) -> Result<Server> {
    let site = parts.config.as_ref().map_or("AsterFlow", |config| config.site.name.as_str());
    let service_level = parts.config.as_ref().map_or(20, |config| config.history.service_level_seconds);
    let handles = AdminHandles {
        site: site.to_owned(),
        pbxs: parts.views.clone(),
        accounts: parts.accounts.clone(),
        history: Arc::new(super::questions::Questions::new(parts)),
        supervisor: Arc::new(Desk(parts.control.clone())),
        floor: Arc::new(parts.acts.clone()),
        wall: Arc::new(parts.pictures.clone()),
        walls: walls(parts),
        phones: phones(parts.config.as_deref()),
        health: Arc::new(health),
        problems: watch::Sender::new(Arc::clone(&parts.problems)).subscribe(),
        service_level_s: service_level,
    };
    let admin = parts.config.as_ref().map_or_else(Admin::default, |config| config.admin.clone());
    let tls = match admin.tls {
        AdminTls::SelfSigned => TlsMode::SelfSigned,
        AdminTls::Files { certificate, key } => TlsMode::Files { certificate, key },
        AdminTls::Off => TlsMode::Off,
    };
    let state = arguments.state_dir.clone();
    Ok(Server::bind(handles, Listen { address: admin.listen, hosts: admin.hosts, tls, state }).await?)
}

#[cfg(feature = "kiosk")]
fn walls(parts: &Parts) -> Arc<dyn WallSessions> {
    Arc::new(parts.walls.clone())
}

#[cfg(not(feature = "kiosk"))]
fn walls(_: &Parts) -> Arc<dyn WallSessions> {
    Arc::new(crate::admin::Absent)
}

fn phones(config: Option<&Config>) -> Vec<Phone> {
    let phones = config.map_or(&[][..], |config| &config.supervisor_phones);
    let phone = |phone: &crate::config::SupervisorPhone| Phone {
        extension: phone.extension.clone(),
        name: phone.name.clone(),
    };
    phones.iter().map(phone).collect()
}

/// The address to open in a browser: where the page listens on every address, this machine's own on its network.
pub(crate) fn address(listening: SocketAddr, config: Option<&Config>) -> String {
    let tls = config.is_none_or(|config| config.admin.tls != AdminTls::Off);
    let scheme = if tls { "https" } else { "http" };
    let ip =
        if listening.ip().is_unspecified() { own_ip().unwrap_or(listening.ip()) } else { listening.ip() };
    format!("{scheme}://{}", SocketAddr::new(ip, listening.port()))
}

/// The address that a packet to elsewhere would leave from. Connecting a UDP socket sends nothing.
fn own_ip() -> Option<IpAddr> {
    let socket = std::net::UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).ok()?;
    // An address reserved for documentation: only the route to it is looked up.
    socket.connect((Ipv4Addr::new(192, 0, 2, 1), 9)).ok()?;
    let own = socket.local_addr().ok()?.ip();
    (!own.is_unspecified()).then_some(own)
}
