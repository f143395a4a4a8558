//! Checkpoints that reach offices which do not hold their log: a line of three over loopback, a log that is signed twice, and a peer that passes
//! on garbage. Where a test must see or say what no node does, it has an office's key and gossipsub, and nothing else.

use super::{PATIENCE, config, relaying::at, relaying::free_port, until};
use crate::{
    net::start,
    service::{
        Office,
        testing::{Home, join_back, picture},
    },
};
use futures::StreamExt;
use libp2p::{
    Multiaddr, Swarm, SwarmBuilder,
    gossipsub::{self, IdentTopic, MessageAuthenticity, MessageId, ValidationMode},
    identity, noise,
    swarm::SwarmEvent,
    tcp, yamux,
};
use protocol::{
    log::Checkpoint,
    record::Roles,
    sync::follow::{Follow, Scope},
};
use std::sync::Arc;
use tokio::{sync::watch, time::timeout};

const TOPIC: &str = "test.huizhi/checkpoints/1";

/// Gossipsub with an office's key, connected to an address.
struct Ear {
    swarm: Swarm<gossipsub::Behaviour>,
}

impl Ear {
    /// Connected, and told that the other end is on the topic.
    async fn at(office: &Office, to: Multiaddr) -> Self {
        let mut ear = Self::dialling(office, to);
        ear.until(|event| matches!(event, gossipsub::Event::Subscribed { .. })).await;
        ear
    }
    fn dialling(office: &Office, to: Multiaddr) -> Self {
        let mut seed = office.keys.office_seed;
        let config = gossipsub::ConfigBuilder::default()
            .validation_mode(ValidationMode::Anonymous)
            .message_id_fn(|message| MessageId::new(&message.data))
            .build()
            .unwrap();
        let mut swarm = SwarmBuilder::with_existing_identity(identity::Keypair::ed25519_from_bytes(&mut seed).unwrap())
            .with_tokio()
            .with_tcp(tcp::Config::default(), noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_behaviour(|_| gossipsub::Behaviour::new(MessageAuthenticity::Anonymous, config).unwrap())
            .unwrap()
            .with_swarm_config(|config| config.with_idle_connection_timeout(PATIENCE))
            .build();
        swarm.behaviour_mut().subscribe(&IdentTopic::new(TOPIC)).unwrap();
        swarm.dial(to).unwrap();
        Self { swarm }
    }
    async fn until(&mut self, is_it: impl Fn(&gossipsub::Event) -> bool) -> gossipsub::Event {
        let heard = async {
            loop {
                if let SwarmEvent::Behaviour(event) = self.swarm.select_next_some().await
                    && is_it(&event)
                {
                    return event;
                }
            }
        };
        timeout(PATIENCE, heard).await.unwrap()
    }
    /// The next message about a log.
    async fn hears_of(&mut self, log: &str) -> String {
        let about = |event: &gossipsub::Event| match event {
            gossipsub::Event::Message { message, .. } => message.data.starts_with(log.as_bytes()),
            _ => false,
        };
        let gossipsub::Event::Message { message, .. } = self.until(about).await else { unreachable!() };
        String::from_utf8(message.data).unwrap()
    }
    fn says(&mut self, message: impl Into<Vec<u8>>) {
        self.swarm.behaviour_mut().publish(IdentTopic::new(TOPIC), message).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_checkpoint_reaches_an_office_that_is_not_connected_to_its_log_s() {
    let home = Home::new();
    let province = Arc::new(home.open());
    let (home_a, a) = Home::join(&province, "44030002", Roles::CAPTURE);
    let (_home_c, c) = Home::join(&province, "44030003", Roles::CAPTURE);
    join_back(&province, &a);
    home_a.case(&a, &picture(8, 8, [9; 3]), false);
    let a = Arc::new(a);
    let port = free_port();
    let (stop, stopped) = watch::channel(false);
    let (_net, runs) = start(province.clone(), &config(port, vec![]), stopped.clone()).unwrap();
    let mut ear = Ear::at(&c, at(&province, port)).await;
    let (_net_a, runs_a) = start(a.clone(), &config(0, vec![at(&province, port)]), stopped).unwrap();
    let hears = tokio::spawn(async move { ear.hears_of("test.huizhi/office/44030002/1\n").await });
    let note = hears.await.unwrap();
    let key = province.members().verifier(a.origin()).unwrap();
    let checkpoint = protocol::log::SignedCheckpoint::verify(&note, &key).unwrap();
    assert_eq!((checkpoint.origin(), checkpoint.size()), (a.origin(), a.store.head(a.origin()).size));
    stop.send(true).unwrap();
    runs.await.unwrap();
    runs_a.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_log_that_is_signed_twice_is_noticed_where_nobody_holds_it() {
    let home = Home::new();
    let province = Arc::new(home.open());
    let (_home_a, a) = Home::join(&province, "44030002", Roles::CAPTURE);
    let (_home_c, c) = Home::join(&province, "44030003", Roles::CAPTURE);
    let c = Arc::new(c.following(Follow { scope: Some(Scope::Needed), ..Follow::default() }));
    let port = free_port();
    let (stop, stopped) = watch::channel(false);
    let (net, runs) = start(province.clone(), &config(port, vec![]), stopped.clone()).unwrap();
    let (net_c, runs_c) = start(c.clone(), &config(0, vec![at(&province, port)]), stopped).unwrap();
    let mut liar = Ear::at(&a, at(&province, port)).await;
    for root in [[1; 32], [2; 32]] {
        let note = Checkpoint { origin: a.origin().clone(), size: 5, root }.sign(&a.keys.office).note().to_owned();
        liar.says(note);
    }
    // Its messages go out while it is looked at.
    let speaks = tokio::spawn(async move { liar.until(|_| false).await });
    for (office, net) in [(&province, &net), (&c, &net_c)] {
        until(office, net, |office, _| office.forks().len() == 1).await;
        assert_eq!(office.store.head(a.origin()).size, 0, "its entries are nowhere");
    }
    speaks.abort();
    stop.send(true).unwrap();
    runs.await.unwrap();
    runs_c.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_passes_on_garbage_is_not_listened_to() {
    let home = Home::new();
    let province = Arc::new(home.open());
    let (_home_a, a) = Home::join(&province, "44030002", Roles::CAPTURE);
    let (_home_c, c) = Home::join(&province, "44030003", Roles::CAPTURE);
    let port = free_port();
    let (stop, stopped) = watch::channel(false);
    let (_net, runs) = start(province.clone(), &config(port, vec![]), stopped).unwrap();
    let mut ear = Ear::at(&c, at(&province, port)).await;
    let mut liar = Ear::at(&a, at(&province, port)).await;
    let checkpoint = |size| Checkpoint { origin: a.origin().clone(), size, root: [1; 32] }.sign(&a.keys.office).note().to_owned();
    let log = a.origin().to_string();
    liar.says(checkpoint(1));
    // Both are polled, or nothing moves.
    let note = tokio::select! {
        note = ear.hears_of(&log) => note,
        _ = liar.until(|_| false) => unreachable!(),
    };
    assert!(note.starts_with(&format!("{log}\n1\n")), "so far it is listened to: {note}");
    for number in 0..64 {
        liar.says(format!("garbage {number}"));
    }
    liar.says(checkpoint(2));
    let speaks = tokio::spawn(async move { liar.until(|_| false).await });
    // What the province signs now is heard later than what it would have passed on.
    let from_province = province.origin().to_string();
    home.case(&province, &picture(8, 8, [9; 3]), false);
    let size = province.store.head(province.origin()).size;
    let heard = async {
        loop {
            let gossipsub::Event::Message { message, .. } = ear.until(|event| matches!(event, gossipsub::Event::Message { .. })).await
            else {
                unreachable!()
            };
            let text = String::from_utf8(message.data).unwrap();
            assert!(!text.starts_with(&log) && !text.starts_with("garbage"), "{text}");
            if text.starts_with(&format!("{from_province}\n{size}\n")) {
                return;
            }
        }
    };
    timeout(PATIENCE, heard).await.unwrap();
    speaks.abort();
    stop.send(true).unwrap();
    runs.await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stranger_hears_nothing_and_finds_no_such_protocol() {
    let home = Home::new();
    let province = Arc::new(home.open());
    let elsewhere = Home::new();
    let stranger = elsewhere.open();
    let port = free_port();
    let (stop, stopped) = watch::channel(false);
    let (_net, runs) = start(province.clone(), &config(port, vec![]), stopped).unwrap();
    let mut ear = Ear::dialling(&stranger, at(&province, port));
    let event = ear.until(|event| !matches!(event, gossipsub::Event::Message { .. })).await;
    assert!(matches!(event, gossipsub::Event::GossipsubNotSupported { .. }), "{event:?}");
    stop.send(true).unwrap();
    runs.await.unwrap();
}
