//! `lab`: a real call centre on this machine, by hand.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command line tool prints its results")]

use anyhow::Result;
use asterflow_lab::{Lab, LabOptions, scenario};

#[tokio::main]
async fn main() -> Result<()> {
    let t = std::time::Instant::now();
    let lab = Lab::start(LabOptions::default()).await?;
    eprintln!("up {:?}", t.elapsed());
    let names: Vec<String> = std::env::args().skip(1).collect();
    let names = if names.is_empty() { scenario::ALL.iter().map(|(n, _)| n.to_string()).collect() } else { names };
    for name in names {
        match scenario::run(&lab, &name).await {
            Ok(o) => println!("{}", serde_json::to_string(&o)?),
            Err(e) => eprintln!("{name}: {e:#}"),
        }
    }
    Ok(())
}
