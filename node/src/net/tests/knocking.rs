//! One address that knocks again and again.

use super::{PATIENCE, config, relaying::free_port};
use crate::{net::start, service::testing::Home};
use protocol::limits::KNOCKS_PENDING_MAX;
use std::sync::Arc;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::watch,
    time::timeout,
};

/// A connection that says as much as any begins with, and no more: the node waits for the rest. Nothing where it hangs up.
async fn knock(port: u16) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    // Hung up on meanwhile shows when it is read from.
    let _ = stream.write_all(b"\x13/multistream/1.0.0\n").await;
    timeout(PATIENCE, stream.read_u8()).await.unwrap().ok().map(|_| stream)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_address_with_too_many_handshakes_under_way_is_turned_away_before_the_next() {
    let home = Home::new();
    let province = Arc::new(home.open());
    let port = free_port();
    let (stop, stopped) = watch::channel(false);
    let (_net, runs) = start(province, &config(port, vec![]), stopped).unwrap();
    let mut silent = Vec::new();
    for _ in 0..KNOCKS_PENDING_MAX {
        silent.push(knock(port).await.expect("there is room"));
    }
    assert!(knock(port).await.is_none(), "hung up on without a word");
    // One of them goes, and there is room again.
    silent.pop();
    let again = async { while knock(port).await.is_none() {} };
    timeout(PATIENCE, again).await.unwrap();
    stop.send(true).unwrap();
    runs.await.unwrap();
}
