//! Two offices over loopback: one follows what it needs, and asks the other about the rest.

mod former;
mod gossip;
mod knocking;
mod relaying;

use super::{NetConfig, start};
use crate::{
    enrolment,
    service::{
        Office,
        network::NetworkHandle,
        office::now_ms,
        receipts::{Answer, Told, look_up_with, to_ask_about},
        testing::{Home, join_back, picture},
    },
};
use protocol::{
    record::Roles,
    sync::follow::{Follow, Scope},
};
use std::{net::TcpListener, sync::Arc, time::Duration};
use tokio::{sync::watch, time::timeout};

/// Longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);

fn config(port: u16, peers: Vec<libp2p::Multiaddr>) -> NetConfig {
    NetConfig { listen: vec![address(port)], peers, ..NetConfig::default() }
}

fn address(port: u16) -> libp2p::Multiaddr {
    format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap()
}

/// Waits until an office says so, looking again whenever something changed there.
async fn until(office: &Office, net: &NetworkHandle, holds: impl Fn(&Office, &NetworkHandle) -> bool) {
    until_within(PATIENCE, office, net, holds).await;
}

/// The same, for as long as told.
async fn until_within(patience: Duration, office: &Office, net: &NetworkHandle, holds: impl Fn(&Office, &NetworkHandle) -> bool) {
    let mut changes = office.changes();
    let waiting = async {
        while !holds(office, net) {
            // The look after the last change may come before the snapshot of it.
            let _ = timeout(Duration::from_secs(1), changes.recv()).await;
        }
    };
    timeout(patience, waiting).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_not_followed_is_not_fetched_and_its_receipts_are_asked_for() {
    let home = Home::new();
    let issuer = Arc::new(home.open());
    let (_joined, elsewhere) = Home::apart(&issuer, "44030002", Roles::DOCUMENT);
    // Without a witness key no log falls to it by lot.
    let without =
        protocol::record::Enrol { witness: None, ..enrolment::enrol_self(&elsewhere.keys, elsewhere.code(), "elsewhere", Roles::DOCUMENT) };
    issuer.enrol(without).unwrap();
    // An issuer that makes documents too would be followed for the uses of receipts in its log.
    let code = issuer.code();
    issuer.enrol(enrolment::enrol_self(&issuer.keys, code, "issuer", Roles::CAPTURE.with(Roles::REVIEW))).unwrap();
    // Known before it connects: what a node hears on the way decides only what it fetches next.
    join_back(&issuer, &elsewhere);
    let case = home.case(&issuer, &picture(8, 8, [9; 3]), true);
    let number = case.receipts[0].said.number.clone();

    let elsewhere = Arc::new(elsewhere.following(Follow { scope: Some(Scope::Needed), ..Follow::default() }));
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port();
    let (stop, stopped) = watch::channel(false);
    let to_issuer = address(port).with_p2p(super::peer_id(issuer.keys.office.public()).unwrap()).unwrap();
    let (_issuer_net, issuer_runs) = start(issuer.clone(), &config(port, vec![]), stopped.clone()).unwrap();
    let (net, elsewhere_runs) = start(elsewhere.clone(), &config(0, vec![to_issuer]), stopped).unwrap();
    let province = issuer.members().province().origin().clone();
    let whole = issuer.store.head(&province).size;
    until(&elsewhere, &net, |office, net| {
        office.store.head(&province).size == whole && net.status().peers.values().any(|peer| peer.lag.connected)
    })
    .await;

    let (origin, index) = to_ask_about(&elsewhere, &number).unwrap().unwrap();
    let answers = timeout(PATIENCE, net.ask_about(origin.clone(), index)).await.unwrap();
    let told = Told::verify(&elsewhere, &answers).unwrap();
    let answer = look_up_with(&elsewhere, &number, &told, now_ms()).unwrap();
    assert!(matches!(&answer, Answer::Valid(found) if found.as_of.unwrap().offices == 1), "{answer:?}");
    assert!(timeout(PATIENCE, net.ask_about(origin.clone(), 10_000)).await.unwrap().is_empty(), "nobody has it");
    assert_eq!(elsewhere.store.head(&origin).size, 0, "and its log was not fetched");

    stop.send(true).unwrap();
    issuer_runs.await.unwrap();
    elsewhere_runs.await.unwrap();
}
