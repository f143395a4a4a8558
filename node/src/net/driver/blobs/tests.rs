//! A node that fetches a photo over loopback from peers that are scripts on real swarms: a liar, an honest one, one of before.

use super::super::{NetConfig, peer_id, start};
use super::*;
use crate::{
    net::codec::Codec,
    service::{
        network::NetworkHandle,
        testing::{Home, sync},
        transit::{Part, PartView, Stand, of_case},
    },
};
use futures::StreamExt;
use libp2p::{
    Multiaddr, StreamProtocol, Swarm, SwarmBuilder, identity, noise,
    request_response::{Behaviour, Config, Event, Message, ProtocolSupport},
    swarm::SwarmEvent,
    tcp, yamux,
};
use protocol::{record::Roles, sync::wire};
use std::{net::TcpListener, sync::Arc, time::Duration};
use tokio::{
    sync::{mpsc, watch},
    task::JoinHandle,
    time::timeout,
};

/// Longest that anything here may take.
const PATIENCE: Duration = Duration::from_secs(60);
const PIECE: u64 = BLOB_CHUNK_BYTES_MAX as u64;

fn free_address() -> Multiaddr {
    let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).unwrap().port();
    format!("/ip4/127.0.0.1/tcp/{port}").parse().unwrap()
}

/// A peer that answers what its script says, and hangs up on what it says nothing to. It tells of every question for a blob.
struct Peer {
    swarm: Swarm<Behaviour<Codec>>,
    key: PublicKey,
    address: Multiaddr,
}

impl Peer {
    fn new(seed: u8) -> Self {
        Self::with_key([seed; 32])
    }
    fn with_key(mut seed: [u8; 32]) -> Self {
        let key = protocol::keys::OfficeKey::from_seed(&seed).public();
        let keypair = identity::Keypair::ed25519_from_bytes(&mut seed).unwrap();
        let protocols = [(StreamProtocol::new(wire::PROTOCOL), ProtocolSupport::Full)];
        let swarm = SwarmBuilder::with_existing_identity(keypair)
            .with_tokio()
            .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
            .unwrap()
            .with_behaviour(|_| Behaviour::with_codec(Codec, protocols, Config::default()))
            .unwrap()
            .with_swarm_config(|config| config.with_idle_connection_timeout(PATIENCE))
            .build();
        Self { swarm, key, address: free_address() }
    }
    fn known_as(&self) -> Multiaddr {
        self.address.clone().with_p2p(peer_id(self.key).unwrap()).unwrap()
    }
    fn run(mut self, script: impl Fn(&Request) -> Option<Response> + Send + 'static) -> (mpsc::Receiver<Request>, JoinHandle<()>) {
        self.swarm.listen_on(self.address).unwrap();
        let (asked, questions) = mpsc::channel(64);
        let running = async move {
            loop {
                let SwarmEvent::Behaviour(Event::Message { message: Message::Request { request, channel, .. }, .. }) =
                    self.swarm.select_next_some().await
                else {
                    continue;
                };
                let response = match &request {
                    Request::Heads(_) => Some(Response::Taken),
                    Request::BlobPiece { .. } | Request::Blob { .. } => script(&request),
                    _ => Some(Response::NotHere),
                };
                if matches!(request, Request::BlobPiece { .. } | Request::Blob { .. }) && asked.send(request).await.is_err() {
                    return;
                }
                if let Some(response) = response {
                    self.swarm.behaviour_mut().send_response(channel, response).unwrap();
                }
            }
        };
        (questions, tokio::spawn(running))
    }
}

/// An honest answer out of an office's blobs.
fn honest(office: &Office, request: &Request) -> Response {
    match request {
        Request::BlobPiece { hash, end } => match office.store.blobs.give(*hash, *end).unwrap() {
            Some(given) => Response::BlobPiece { total: given.total, before: given.before.0.into(), bytes: given.bytes.into() },
            None => Response::NotHere,
        },
        Request::Blob { hash, offset } => match office.store.blobs.read_piece(*hash, *offset, BLOB_CHUNK_BYTES_MAX).unwrap() {
            Some((total, bytes)) => Response::Blob { total, bytes: bytes.into() },
            None => Response::NotHere,
        },
        _ => Response::NotHere,
    }
}

/// Everything of one photo that was asked for.
fn of_photo(photo: BlobHash, questions: &mut mpsc::Receiver<Request>) -> Vec<Request> {
    std::iter::from_fn(|| questions.try_recv().ok())
        .filter(|request| matches!(request, Request::BlobPiece { hash, .. } | Request::Blob { hash, .. } if *hash == photo))
        .collect()
}

/// An office with a case, another that reviews it and holds none of its blobs, the photo and its hash.
fn office_and_reviewer() -> (Home, Arc<Office>, Home, Arc<Office>, Vec<u8>, BlobHash) {
    let home = Home::new();
    let office = Arc::new(home.open());
    let (reviewers_home, reviewer) = Home::join(&office, "44030002", Roles::REVIEW);
    let bytes: Vec<u8> = (0..2 * PIECE + 500).map(|at| (at / 251 + at) as u8).collect();
    let photo = home.case(&office, &bytes, false).current.said.photo;
    sync(&office, &reviewer);
    (home, office, reviewers_home, Arc::new(reviewer), bytes, photo)
}

async fn until_here(office: &Office, blob: BlobHash) {
    let mut changes = office.changes();
    let waiting = async {
        while office.store.blobs.size(blob).is_none() {
            // The look after the last change may come before the file has its name.
            let _ = timeout(Duration::from_secs(1), changes.recv()).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_liar_in_the_middle_costs_one_piece_and_another_peer_goes_on() {
    let (_home, office, _reviewers_home, reviewer, bytes, photo) = office_and_reviewer();
    let (liar, other) = (Peer::new(41), Peer::new(42));
    let here = free_address();
    let config = NetConfig { listen: vec![here.clone()], peers: vec![liar.known_as(), other.known_as()], ..NetConfig::default() };
    let from = office.clone();
    let (mut liar_asked, liar_runs) = liar.run(move |request| {
        let mut response = honest(&from, request);
        if let (Request::BlobPiece { hash, end: Some(_) }, Response::BlobPiece { bytes, .. }) = (request, &mut response)
            && *hash == photo
        {
            bytes[70_000] ^= 0x10;
        }
        Some(response)
    });
    let (stop, stopped) = watch::channel(false);
    let (_net, runs) = start(reviewer.clone(), &config, stopped).unwrap();
    let mut told = Vec::new();
    while told.len() < 2 {
        let request = timeout(PATIENCE, liar_asked.recv()).await.unwrap().unwrap();
        told.extend(Some(request).filter(|request| matches!(request, Request::BlobPiece { hash, .. } if *hash == photo)));
    }
    assert_eq!(told, [None, Some(2 * PIECE)].map(|end| Request::BlobPiece { hash: photo, end }));
    assert_eq!(reviewer.store.blobs.size(photo), None);

    let mut honest_peer = other;
    let to_here = here.with_p2p(peer_id(reviewer.keys.office.public()).unwrap()).unwrap();
    honest_peer.swarm.dial(to_here).unwrap();
    let from = office.clone();
    let (mut asked, other_runs) = honest_peer.run(move |request| Some(honest(&from, request)));
    until_here(&reviewer, photo).await;
    assert_eq!(reviewer.store.blobs.read(photo).unwrap().unwrap(), bytes);
    let rest = [2 * PIECE, PIECE].map(|end| Request::BlobPiece { hash: photo, end: Some(end) });
    assert_eq!(of_photo(photo, &mut asked), rest, "what was verified is not fetched again");
    assert_eq!(of_photo(photo, &mut liar_asked), [], "and who lied is left alone");
    stop.send(true).unwrap();
    runs.await.unwrap();
    liar_runs.abort();
    other_runs.abort();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_of_before_gives_a_photo_in_the_form_that_it_knows() {
    let (_home, office, _reviewers_home, reviewer, bytes, photo) = office_and_reviewer();
    let old = Peer::new(43);
    let config = NetConfig { listen: vec![free_address()], peers: vec![old.known_as()], ..NetConfig::default() };
    let (mut asked, old_runs) = old.run(move |request| matches!(request, Request::Blob { .. }).then(|| honest(&office, request)));
    let (stop, stopped) = watch::channel(false);
    let (_net, runs) = start(reviewer.clone(), &config, stopped).unwrap();
    until_here(&reviewer, photo).await;
    assert_eq!(reviewer.store.blobs.read(photo).unwrap().unwrap(), bytes);
    let asked: Vec<Request> = of_photo(photo, &mut asked).into_iter().filter(|request| matches!(request, Request::Blob { .. })).collect();
    assert_eq!(asked, [0, PIECE, 2 * PIECE].map(|offset| Request::Blob { hash: photo, offset }));
    stop.send(true).unwrap();
    runs.await.unwrap();
    old_runs.abort();
}

/// Looks again whenever something changed, until the photo stands so.
async fn until_stands(office: &Office, net: &NetworkHandle, photo: BlobHash, state: Stand) -> PartView {
    let case = office.cases_of_blob(photo).unwrap().remove(0);
    let mut changes = office.changes();
    let waiting = async {
        loop {
            let view = of_case(office, &case, &net.status()).unwrap().remove(0);
            assert_eq!(view.part, Part::Photo);
            if view.state == state {
                return view;
            }
            // The look after the last change may come before the snapshot of it.
            let _ = timeout(Duration::from_secs(1), changes.recv()).await;
        }
    };
    timeout(PATIENCE, waiting).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_waits_for_a_photo_sees_which_office_has_it_and_what_holds_it_up() {
    let (_home, office, _reviewers_home, reviewer, _, photo) = office_and_reviewer();
    let captured = Peer::with_key(office.keys.office_seed);
    let (known_as, code) = (captured.known_as(), office.code());
    let config = NetConfig { listen: vec![free_address()], peers: vec![known_as], ..NetConfig::default() };
    let (stop, stopped) = watch::channel(false);
    let (net, runs) = start(reviewer.clone(), &config, stopped).unwrap();
    let away = until_stands(&reviewer, &net, photo, Stand::OfficeAway).await;
    assert_eq!((away.have_bytes, away.percent, away.office_connected, away.office_last_seen_ms), (0, None, false, None));
    assert_eq!((away.office, away.office_name), (code.to_string(), "test".into()));

    // It gives the last piece, and says then that nobody here may have the rest.
    let (_asked, office_runs) = captured.run(move |request| match request {
        Request::BlobPiece { hash, end: Some(_) } if *hash == photo => Some(Response::Refused(Refusal::NotForYou)),
        _ => Some(honest(&office, request)),
    });
    let refused = until_stands(&reviewer, &net, photo, Stand::NotAllowed).await;
    assert_eq!((refused.have_bytes, refused.total_bytes, refused.percent), (500, Some(2 * PIECE + 500), Some(0)));
    assert!(refused.office_connected && refused.office_last_seen_ms.is_some());
    office_runs.abort();
    let away = until_stands(&reviewer, &net, photo, Stand::OfficeAway).await;
    assert_eq!(
        (away.have_bytes, away.office_last_seen_ms),
        (500, refused.office_last_seen_ms),
        "what came stays, and since when it is gone"
    );
    stop.send(true).unwrap();
    runs.await.unwrap();
}
