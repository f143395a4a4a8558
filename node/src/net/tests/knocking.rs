//! One address that knocks again and again, and others beside it.

use super::{
    PATIENCE, config,
    relaying::{at, free_port},
    until_within,
};
use crate::{net::start, service::testing::Home};
use protocol::{
    limits::{ACCEPTS_BURST, ACCEPTS_PER_S, KNOCKS_PENDING_MAX},
    record::Roles,
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    sync::watch,
    time::{interval, timeout},
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

/// Connections of the storm that are tried at one time: twice as many as wait in the kernel's queue.
const STORM: u64 = 2_048;
/// How long an office may look for a place in a storm.
const CHANCE: Duration = Duration::from_secs(300);

/// Opens connections from another address than everybody else's, as fast as it can; counts those that the kernel took.
#[cfg(target_os = "linux")]
async fn storm(port: u16, opened: Arc<AtomicU64>) {
    loop {
        let socket = TcpSocket::new_v4().unwrap();
        // One that is closed leaves nothing behind that would use up the ports.
        socket.set_zero_linger().unwrap();
        socket.bind(([127, 0, 0, 2], 0).into()).unwrap();
        if let Ok(mut stream) = socket.connect(([127, 0, 0, 1], port).into()).await {
            // Of every second one nothing more is heard; the others are held until the node hangs up.
            if opened.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) {
                let _ = stream.read_u8().await;
            }
        }
    }
}

/// An office that knows the province by TCP only still comes in while somebody opens connections as fast as the machine can.
#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn in_a_storm_of_connections_an_office_comes_in_by_tcp_all_the_same() {
    let home = Home::new();
    let province = Arc::new(home.open());
    let (_joined, office) = Home::join(&province, "44030002", Roles::CAPTURE);
    let (office, port) = (Arc::new(office), free_port());
    let (stop, stopped) = watch::channel(false);
    let (_net, runs) = start(province.clone(), &config(port, vec![]), stopped.clone()).unwrap();
    let opened = Arc::new(AtomicU64::new(0));
    let storms: Vec<_> = (0..STORM).map(|_| tokio::spawn(storm(port, opened.clone()))).collect();
    let count = || opened.load(Ordering::Relaxed);
    let mut look = interval(Duration::from_millis(10));
    let full = async {
        while count() < STORM {
            look.tick().await;
        }
    };
    timeout(PATIENCE, full).await.unwrap();
    let (before, began) = (count(), Instant::now());
    let (net, office_runs) = start(office.clone(), &config(0, vec![at(&province, port)]), stopped).unwrap();
    // It dials every three seconds and finds a place by chance, so on a busy machine it may take many tries.
    until_within(CHANCE, &office, &net, |_, net| net.status().peers.values().any(|peer| peer.lag.connected)).await;
    // No more than the node means to take, whatever comes, and what the kernel's queues hold; half as many again, for the kernel lets some
    // believe that they are through. Taken without a bound it would be ten times as many.
    let (more, seconds) = (count() - before, began.elapsed().as_secs_f64());
    let may = ACCEPTS_BURST as f64 + ACCEPTS_PER_S as f64 * (seconds + 0.1);
    assert!(more as f64 <= 1.5 * may + STORM as f64, "{more} in {seconds} s");
    storms.iter().for_each(tokio::task::JoinHandle::abort);
    stop.send(true).unwrap();
    runs.await.unwrap();
    office_runs.await.unwrap();
}
