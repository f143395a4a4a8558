//! Offices that know the province's address only, and a stranger who would be relayed too.

use super::{PATIENCE, address, config, until};
use crate::{
    net::{peer_id, start},
    service::{
        Office,
        testing::{Home, join_back},
    },
};
use futures::StreamExt;
use libp2p::{Multiaddr, Swarm, SwarmBuilder, identity, multiaddr::Protocol, noise, relay, swarm::SwarmEvent, tcp, yamux};
use protocol::record::Roles;
use std::{net::TcpListener, sync::Arc};
use tokio::{sync::watch, time::timeout};

pub(super) fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port()
}

/// Where an office that listens on a port of loopback is found.
pub(super) fn at(office: &Office, port: u16) -> Multiaddr {
    address(port).with_p2p(peer_id(office.keys.office.public()).unwrap()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn offices_that_know_the_province_only_meet_by_way_of_it_and_go_on_directly() {
    let home = Home::new();
    let province = Arc::new(home.open());
    let (_home_a, a) = Home::join(&province, "44030002", Roles::CAPTURE);
    let (_home_b, b) = Home::join(&province, "44030003", Roles::REVIEW);
    join_back(&province, &a);
    let (a, b) = (Arc::new(a), Arc::new(b));
    let port = free_port();
    let (stop, stopped) = watch::channel(false);
    let (_net, runs) = start(province.clone(), &config(port, vec![]), stopped.clone()).unwrap();
    // Nobody looks around on the local network, so that whatever is direct between these two was made by way of the province.
    let (net_a, runs_a) = start(a.clone(), &config(free_port(), vec![at(&province, port)]), stopped.clone()).unwrap();
    let (net_b, runs_b) = start(b.clone(), &config(free_port(), vec![at(&province, port)]), stopped).unwrap();
    let (key_a, key_b) = (a.keys.office.public(), b.keys.office.public());
    for (office, net, other) in [(&a, &net_a, key_b), (&b, &net_b, key_a)] {
        until(office, net, |_, net| net.status().peers.get(&other).is_some_and(|peer| peer.lag.connected && peer.by.is_none())).await;
    }
    stop.send(true).unwrap();
    for runs in [runs, runs_a, runs_b] {
        runs.await.unwrap();
    }
}

fn stranger() -> Swarm<relay::client::Behaviour> {
    SwarmBuilder::with_existing_identity(identity::Keypair::generate_ed25519())
        .with_tokio()
        .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_relay_client(noise::Config::new, yamux::Config::default)
        .unwrap()
        .with_behaviour(|_, relayed| relayed)
        .unwrap()
        .with_swarm_config(|config| config.with_idle_connection_timeout(PATIENCE))
        .build()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nobody_is_relayed_who_is_not_enrolled() {
    let home = Home::new();
    let province = Arc::new(home.open());
    let (_home_a, a) = Home::join(&province, "44030002", Roles::CAPTURE);
    let a = Arc::new(a);
    let port = free_port();
    let (stop, stopped) = watch::channel(false);
    let (_net, runs) = start(province.clone(), &config(port, vec![]), stopped.clone()).unwrap();
    let (net_a, runs_a) = start(a.clone(), &config(0, vec![at(&province, port)]), stopped).unwrap();
    // The office itself gets its reservation.
    until(&a, &net_a, |_, net| net.status().listening.iter().any(|address| address.contains("p2p-circuit"))).await;

    let circuit = at(&province, port).with(Protocol::P2pCircuit);
    let mut stranger = stranger();
    let listener = stranger.listen_on(circuit.clone()).unwrap();
    let refused = async {
        loop {
            match stranger.select_next_some().await {
                SwarmEvent::ListenerClosed { listener_id, reason, .. } if listener_id == listener => return reason,
                SwarmEvent::NewListenAddr { address, .. } => panic!("a stranger can be reached at {address}"),
                _ => {}
            }
        }
    };
    let reason = timeout(PATIENCE, refused).await.unwrap().unwrap_err();
    assert!(format!("{reason:?}").contains("ResourceLimitExceeded"), "{reason:?}");

    stranger.dial(circuit.with(Protocol::P2p(peer_id(a.keys.office.public()).unwrap()))).unwrap();
    let refused = async {
        loop {
            match stranger.select_next_some().await {
                SwarmEvent::OutgoingConnectionError { error, .. } => return error,
                SwarmEvent::ConnectionEstablished { endpoint, .. } if endpoint.is_relayed() => panic!("a stranger was relayed"),
                _ => {}
            }
        }
    };
    let error = timeout(PATIENCE, refused).await.unwrap();
    assert!(format!("{error:?}").contains("ResourceLimitExceeded"), "{error:?}");
    stop.send(true).unwrap();
    runs.await.unwrap();
    runs_a.await.unwrap();
}
