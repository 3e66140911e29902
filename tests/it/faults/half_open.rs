//! A half-open link: packets vanish and nobody says so. In a network namespace whose `lo` is taken down; the test runs
//! itself inside it.

use std::time::Duration;

use tokio::process::Command;

use super::{Link, SOON, Sim};

/// Set in the namespace.
const INSIDE: &str = "ASTERFLOW_TEST_IN_NAMESPACE";

#[tokio::test(flavor = "multi_thread")]
async fn a_half_open_link_is_marked_and_healed_within_fifteen_seconds() {
    if std::env::var_os(INSIDE).is_some() {
        return inside().await;
    }
    let namespace = ["--net", "--", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""];
    let may = Command::new("unshare").args(namespace).arg("true").status().await;
    if !may.is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: no right to make a network namespace here (root, unshare and ip are needed).");
        return;
    }
    let this = std::env::current_exe().expect("this program");
    let run = Command::new("unshare")
        .args(namespace)
        .arg(this)
        .args(["--exact", "faults::half_open::a_half_open_link_is_marked_and_healed_within_fifteen_seconds"])
        .arg("--nocapture")
        .env(INSIDE, "1")
        .kill_on_drop(true)
        .output();
    let run = tokio::time::timeout(Duration::from_secs(120), run).await.expect("ends").expect("runs");
    let said = format!("{}{}", String::from_utf8_lossy(&run.stdout), String::from_utf8_lossy(&run.stderr));
    eprintln!("{said}");
    assert!(run.status.success() && said.contains("1 passed"), "inside the namespace: {said}");
}

async fn inside() {
    let sim = Sim::start().await;
    let link = Link::up(&[sim.address]).await;
    for round in 0..2 {
        lo("down").await;
        link.is_marked(SOON).await;
        // Longer than the gaps between tries grow, and so long that the floor has changed.
        tokio::time::sleep(Duration::from_secs(if round == 0 { 1 } else { 20 })).await;
        lo("up").await;
        link.heals().await;
    }
}

async fn lo(state: &str) {
    let set = Command::new("ip").args(["link", "set", "lo", state]).status().await.expect("ip runs");
    assert!(set.success(), "lo {state}");
}
