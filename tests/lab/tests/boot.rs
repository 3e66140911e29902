//! tmp
use asterflow_lab::*;
#[tokio::test]
async fn boot() {
    let t = std::time::Instant::now();
    let c = Chroot::ensure().await.unwrap();
    let db = MariaDb::start(MariaOptions::default()).await.unwrap();
    eprintln!("db {:?}", t.elapsed());
    let a = match Asterisk::start(&c, &db, AsteriskOptions::default()).await { Ok(a) => a, Err(e) => { panic!("{e:#}") } };
    eprintln!("asterisk {:?}", t.elapsed());
    eprintln!("{}", a.console("pjsip show endpoints").await.unwrap());
    eprintln!("{}", a.log());
}
