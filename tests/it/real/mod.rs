//! Tests on a real Asterisk with a real MariaDB and SIP phones. One lab at a time: they share the machine's two cores.

mod appliance;
mod browser;
mod check;
mod crowd;
mod desk;
mod edits;
mod ends;
mod floor;
mod floor_actions;
mod follow;
mod hear;
mod line;
mod restart;
mod stories;
mod supervision;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use asterflow::clock;
use asterflow::config::{Ami, HostPort, Secret, SupervisorPhone, Tls};
use asterflow::domain::ids::QueueName;
use asterflow::domain::link::LinkState;
use asterflow::domain::live::snapshot::{MemberSnapshot, Snapshot};
use asterflow::tasks::live::{self, Live};
use asterflow_lab::asterisk::{ASTERFLOW, AmiUser};
use asterflow_lab::{Lab, LabOptions};
use tokio::sync::watch;
use tokio::time::timeout;

/// Nothing in these tests takes longer on a busy machine.
pub(crate) const LONG: Duration = Duration::from_secs(30);

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// Takes the machine; a test that failed before gives it back all the same.
pub(crate) fn take_machine() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Runs `test` on a runtime of its own, alone on the machine.
pub(crate) fn alone<T>(test: impl Future<Output = T>) -> T {
    let _machine = take_machine();
    // What the program warned of is told with a failure. Another test may have been first.
    let _ = tracing_subscriber::fmt()
        .with_max_level(tracing::level_filters::LevelFilter::WARN)
        .with_test_writer()
        .try_init();
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime")
        .block_on(test)
}

/// A lab with all phones registered.
pub(crate) async fn lab() -> Lab {
    Lab::start(LabOptions::default()).await.expect("the lab comes up")
}

/// How to reach the lab's AMI as `user`.
pub(crate) fn ami(lab: &Lab, user: &AmiUser) -> Ami {
    let address = lab.asterisk.ami_address();
    Ami {
        hosts: vec![HostPort { host: address.ip().to_string(), port: address.port() }],
        tls: Tls::Off,
        username: user.name.into(),
        secret: Secret::new(user.secret),
    }
}

/// The supervisors' phones of the lab.
pub(crate) fn supervisor_phones() -> Vec<SupervisorPhone> {
    ["201", "202"]
        .map(|extension| SupervisorPhone {
            extension: extension.into(),
            channel: format!("PJSIP/{extension}"),
            name: format!("Desk {extension}"),
        })
        .into()
}

/// No queue has a wrap-up time of its own.
pub(crate) fn no_wrap_ups() -> watch::Receiver<Arc<BTreeMap<QueueName, u32>>> {
    watch::channel(Arc::default()).1
}

/// A live link to the lab with the least rights, up and with its first picture.
pub(crate) async fn live_link(lab: &Lab, stop: &watch::Sender<bool>) -> Live {
    let live = live::start(
        "lab".into(),
        ami(lab, &ASTERFLOW),
        &supervisor_phones(),
        no_wrap_ups(),
        stop.subscribe(),
    );
    first_picture(&live).await;
    live
}

/// Waits for the first picture.
pub(crate) async fn first_picture(live: &Live) {
    until(live, "live", |floor| floor.ami.state == LinkState::Live).await;
}

/// Waits until the floor is as wished; what it was instead is told.
pub(crate) async fn until(live: &Live, wish: &str, fits: impl Fn(&Snapshot) -> bool) -> Snapshot {
    let mut snapshot = live.snapshot.clone();
    let waited = timeout(LONG, snapshot.wait_for(|floor| fits(floor))).await;
    match waited {
        Ok(Ok(floor)) => (**floor).clone(),
        _ => panic!("the floor was not {wish} in time; it is {:#?}", live.snapshot.borrow()),
    }
}

/// A member of a queue on a floor.
pub(crate) fn member<'a>(floor: &'a Snapshot, queue: &str, interface: &str) -> &'a MemberSnapshot {
    let queue = floor.queues.iter().find(|known| known.name.as_str() == queue).expect("the queue");
    queue.members.iter().find(|known| known.interface.as_str() == interface).expect("the member")
}

/// The age of something on the floor, now.
pub(crate) fn seconds_since(moment: asterflow::domain::time::Moment) -> i64 {
    clock::now().seconds_since(moment)
}
