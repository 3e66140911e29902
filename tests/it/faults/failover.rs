//! Several hosts: whatever is wrong with the first, the next serves in time, says that it does, and the first is used again
//! after the next loss.

use std::net::SocketAddr;

use asterflow::domain::link::LinkState;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpSocket};

use super::{AT_ONCE, Link, Process, SOON, Sim, free_port, since, tick_now};

/// The second host serves, and what is wrong with the first is said.
async fn second_serves(first: SocketAddr, said: &str) {
    let second = Sim::start().await;
    let link = Link::to(&[first, second.address]);
    link.within(SOON, "live on the second host", |floor| floor.ami.state == LinkState::Live).await;
    let ami = link.floor().ami.clone();
    assert_eq!(ami.host, Some(second.address.to_string()));
    let note = ami.note.expect("a note");
    assert!(note.contains(&second.address.to_string()) && note.contains(said), "{note}");
    link.is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nobody_listens_the_second_host_serves() {
    second_serves(free_port().await, "not reachable").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_nothing_comes_back_the_second_host_serves() {
    // A listener whose queue is full drops whoever knocks.
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.bind("127.0.0.1:0".parse().expect("an address")).expect("binds");
    let hole = socket.listen(1).expect("listens");
    let address = hole.local_addr().expect("an address");
    let mut held = Vec::new();
    while let Ok(Ok(stream)) =
        tokio::time::timeout(std::time::Duration::from_millis(300), tokio::net::TcpStream::connect(address))
            .await
    {
        held.push(stream);
    }
    second_serves(address, "no answer in 4 s").await;
    drop((hole, held));
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_pbx_takes_connections_and_is_silent_the_second_host_serves() {
    let silent = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    second_serves(silent.local_addr().expect("an address"), "says nothing").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_something_else_speaks_the_second_host_serves() {
    let other = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = other.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = other.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        }
    });
    second_serves(address, &address.to_string()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_standby_refuses_the_login_the_second_host_serves() {
    let standby = Sim::at(0, "another secret", 3).await;
    second_serves(standby.address, "refuses the AMI user").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_dies_is_followed_by_the_next_and_used_again_after_the_next_loss() {
    let mut first = Process::start(free_port().await.port()).await;
    let second = Sim::start().await;
    let link = Link::up(&[first.address, second.address]).await;
    assert_eq!(
        (link.floor().ami.host.clone(), link.floor().ami.note.clone()),
        (Some(first.address.to_string()), None)
    );
    first.signal("KILL").await;
    link.is_marked(AT_ONCE).await;
    let on = |address: SocketAddr| {
        move |floor: &asterflow::domain::live::snapshot::Snapshot| {
            floor.ami.state == LinkState::Live && floor.ami.host == Some(address.to_string())
        }
    };
    link.within(SOON, "live on the second host", on(second.address)).await;
    link.is_right().await;
    // The first is back: a link that works stays.
    let _back = Process::start(first.address.port()).await;
    tokio::time::sleep(std::time::Duration::from_secs(3)).await;
    assert_eq!(link.floor().ami.host, Some(second.address.to_string()));
    second.end().await;
    link.within(SOON, "live on the first host", on(first.address)).await;
    link.is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_stands_still_is_followed_by_the_next() {
    let mut first = Process::start(free_port().await.port()).await;
    let second = Sim::start().await;
    let link = Link::up(&[first.address, second.address]).await;
    first.signal("STOP").await;
    let began = tick_now();
    link.is_marked(SOON).await;
    link.within(SOON, "live on the second host", |floor| floor.ami.host == Some(second.address.to_string()))
        .await;
    assert!(since(began) < SOON, "{:?}", since(began));
    first.signal("CONT").await;
    link.is_right().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_every_host_refuses_it_is_tried_seldom_and_a_person_is_asked() {
    // Greets and refuses, and counts.
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let (count, mut tries) = tokio::sync::mpsc::channel(100);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"Asterisk Call Manager/11.0.0\r\n").await;
            let mut heard = [0; 1024];
            let read = stream.read(&mut heard).await.unwrap_or(0);
            let text = String::from_utf8_lossy(&heard[..read]).into_owned();
            let id = text.lines().find_map(|line| line.strip_prefix("ActionID: ")).unwrap_or("").to_owned();
            let refusal =
                format!("Response: Error\r\nActionID: {id}\r\nMessage: Authentication failed\r\n\r\n");
            let _ = stream.write_all(refusal.as_bytes()).await;
            let _ = count.send(()).await;
        }
    });
    let link = Link::to(&[address]);
    link.within(SOON, "refused", |floor| floor.ami.state == LinkState::Refused).await;
    tokio::time::sleep(std::time::Duration::from_secs(10)).await;
    let mut number = 0;
    while tries.try_recv().is_ok() {
        number += 1;
    }
    assert_eq!(number, 1, "tries in ten seconds");
    let why = link.floor().ami.detail.clone().expect("a sentence");
    assert!(why.contains("manager.conf"), "{why}");
}
