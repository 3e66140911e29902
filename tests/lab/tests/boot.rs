//! tmp
use asterflow_lab::*;
use std::time::Duration;
#[tokio::test]
async fn boot() {
    let t = std::time::Instant::now();
    let lab = match Lab::start(LabOptions::default()).await { Ok(a) => a, Err(e) => { panic!("{e:#}") } };
    eprintln!("lab {:?}", t.elapsed());
    lab.phone("101").behave(Behaviour::answer_after_ms(700)).await.unwrap();
    let call = lab.call("5550001", "800").await.unwrap();
    eprintln!("{:?}", call.wait_answered(Duration::from_secs(5)).await);
    eprintln!("{:?}", lab.phone("101").wait_up(Duration::from_secs(5)).await);
    tokio::time::sleep(Duration::from_secs(2)).await;
    let r = lab.phone("101").calls()[0].clone();
    eprintln!("agent hears caller {} {}", r.heard(440.0), r.packets_heard());
    eprintln!("caller hears agent {} {}", call.record().heard(1000.0), call.record().packets_heard());
    lab.phone("101").hang_up().await.unwrap();
    eprintln!("{:?}", call.wait_ended(Duration::from_secs(5)).await);
    eprintln!("{:?}", lab.phone("102").calls());
    tokio::time::sleep(Duration::from_millis(500)).await;
    eprintln!("{:#?}", lab.database.query("select * from queue_log").await);
    eprintln!("{:#?}", lab.database.query("select * from cdr").await);
    eprintln!("{}", lab.asterisk.log());
    eprintln!("{:?}", t.elapsed());
}
