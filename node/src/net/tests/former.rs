//! An office whose enrolment ends while it is connected.

use super::{
    config,
    relaying::{at, free_port},
    until,
};
use crate::{net::start, service::testing::Home};
use protocol::record::Roles;
use std::sync::Arc;
use tokio::sync::watch;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mend_04_a_revocation_ends_the_open_connection_of_an_office_that_is_configured() {
    let home = Home::new();
    let province = Arc::new(home.open());
    let (_stolen, other) = Home::join(&province, "44030002", Roles::CAPTURE);
    let other = Arc::new(other);
    let (port, other_port) = (free_port(), free_port());
    let (stop, stopped) = watch::channel(false);
    // Each has the other in its configuration.
    let (net, runs) = start(province.clone(), &config(port, vec![at(&other, other_port)]), stopped.clone()).unwrap();
    let (_other_net, other_runs) = start(other.clone(), &config(other_port, vec![at(&province, port)]), stopped).unwrap();
    let key = other.keys.office.public();
    until(&province, &net, |_, net| net.status().peers.get(&key).is_some_and(|peer| peer.lag.connected)).await;
    province.revoke_office(other.code(), "key_stolen", None, &[], 1).unwrap();
    until(&province, &net, |_, net| net.status().peers.get(&key).is_none_or(|peer| !peer.lag.connected)).await;
    stop.send(true).unwrap();
    runs.await.unwrap();
    other_runs.await.unwrap();
}
