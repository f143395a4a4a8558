//! The one task that owns the swarm: takes an event, asks the machine, carries out its effects.
//!
//! Disk work runs on blocking threads and comes back as messages, so the swarm is never held up. Every queue is bounded; a full one
//! drops work that anti-entropy repeats.

use super::{
    blobs::{self, Wants},
    codec::Codec,
    own_log::Shown,
};
use crate::service::{
    Change, Held, Office,
    network::{NetStatus, NetworkHandle, PeerState},
    office::now_ms,
};
use futures::StreamExt;
use libp2p::{
    Multiaddr, PeerId, StreamProtocol, Swarm, SwarmBuilder,
    connection_limits::{self, ConnectionLimits},
    identify, identity, mdns, multiaddr, noise, ping,
    request_response::{self, OutboundRequestId, ProtocolSupport, ResponseChannel},
    swarm::{NetworkBehaviour, SwarmEvent, behaviour::toggle::Toggle, dial_opts::DialOpts},
    tcp, yamux,
};
use protocol::{
    id::{BlobHash, Origin, PublicKey, RecordHash},
    limits::FRONTIER_LOGS_MAX,
    log::PackageError,
    sync::{
        Effect, Event, Sync,
        wire::{self, Head, Refusal, Request, Response},
    },
};
use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{broadcast, mpsc, watch},
    task::{JoinHandle, spawn_blocking},
};

/// Answers being read from disk at one time.
const ANSWERS_MAX: usize = 64;
/// Wanted blobs looked up at one time; when some of them came there is another look.
const WANTED_LOOK: usize = 256;
/// Damaged entries asked for at one time.
const DAMAGED_LOOK: usize = 1_024;
/// Messages from disk work that wait for the driver.
const DONE_QUEUE: usize = 256;
/// Keys that knocked and are remembered for the screen.
const STRANGERS_MAX: usize = 16;
/// Connections that have not said yet who they are.
const PENDING_INCOMING_MAX: u32 = 64;
/// Connections from others: a province of 3,000 offices fits.
const ESTABLISHED_INCOMING_MAX: u32 = 4_096;
/// QUIC and TCP, dialled from both sides at once.
const CONNECTIONS_PER_PEER_MAX: u32 = 4;
/// A connection of a key that may not speak ends after this long, so that strangers cannot hold the places of offices.
const STRANGER_STAY_MS: u64 = 30_000;
/// A peer without a connection is dialled again after this long.
const REDIAL_MS: u64 = 3_000;

/// Where to listen and whom to know.
#[derive(Debug, Clone)]
pub struct NetConfig {
    /// Addresses to listen on.
    pub listen: Vec<Multiaddr>,
    /// Addresses of peers, each ending in `/p2p/<peer id>`.
    pub peers: Vec<Multiaddr>,
    /// Look for offices on the local network.
    pub mdns: bool,
    /// After an end that was not in order, sign again although no other office answered in time.
    pub go_on_unanswered: bool,
}

/// Why the network did not start.
#[derive(Debug, thiserror::Error)]
pub enum NetError {
    /// An address cannot be listened on.
    #[error("cannot listen on {address}: {reason}")]
    Listen {
        /// Which.
        address: Multiaddr,
        /// Why.
        reason: String,
    },
    /// A peer's address does not end in its id.
    #[error("the peer address {0} does not end in /p2p/<peer id> of an office key")]
    NoPeerId(Multiaddr),
    /// A part of libp2p did not start.
    #[error("network: {0}")]
    Start(String),
}

#[derive(NetworkBehaviour)]
struct Behaviour {
    sync: request_response::Behaviour<Codec>,
    identify: identify::Behaviour,
    ping: ping::Behaviour,
    mdns: Toggle<mdns::tokio::Behaviour>,
    limits: connection_limits::Behaviour,
}

/// What disk work reports.
enum Done {
    Answer(ResponseChannel<Response>, Response),
    Ingested(Event, Head),
    Piece { peer: PublicKey, blob: BlobHash, whole: Result<bool, String> },
    Wanted(Vec<BlobHash>),
    Damaged(Vec<(Origin, u64)>),
    Compared,
}

/// Whether somebody looks for wanted blobs at this moment. One look at a time, however fast records arrive.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looking {
    No,
    Yes,
    /// Something changed since that look began.
    YesAndAgain,
}

enum Asked {
    Frontier,
    /// A package of a log, by the id that the machine gave the question.
    Entries(u64, Origin),
    /// Entries in the place of damaged ones.
    Mend(Origin),
    /// A piece of a blob, and the bytes of it that were here.
    Blob(BlobHash, u64),
}

struct Driver {
    office: Arc<Office>,
    swarm: Swarm<Behaviour>,
    sync: Sync,
    wants: Wants,
    own_shown: Shown,
    go_on_unanswered: bool,
    /// The office is being told that its log was compared.
    comparing: bool,
    asked: HashMap<OutboundRequestId, (PublicKey, Asked)>,
    known: BTreeMap<PublicKey, Vec<Multiaddr>>,
    dialled: BTreeMap<PublicKey, u64>,
    refused: BTreeMap<PublicKey, Refusal>,
    strangers: Vec<PublicKey>,
    /// Connected keys that may not speak, and since when.
    guests: BTreeMap<PeerId, u64>,
    looking: Looking,
    answering: usize,
    done: mpsc::Sender<Done>,
    status: NetworkHandle,
    remembered: BTreeMap<(PublicKey, Origin), u64>,
}

/// Starts the network; it runs until `stop` changes.
///
/// # Errors
/// An address cannot be listened on, or a peer's address is malformed.
pub fn start(office: Arc<Office>, config: &NetConfig, stop: watch::Receiver<bool>) -> Result<(NetworkHandle, JoinHandle<()>), NetError> {
    let mut seed = office.keys.office_seed;
    let keypair = identity::Keypair::ed25519_from_bytes(&mut seed).map_err(|error| NetError::Start(error.to_string()))?;
    let mut swarm = build_swarm(keypair, config.mdns)?;
    for address in &config.listen {
        swarm.listen_on(address.clone()).map_err(|error| NetError::Listen { address: address.clone(), reason: error.to_string() })?;
    }
    let mut known: BTreeMap<PublicKey, Vec<Multiaddr>> = BTreeMap::new();
    for address in &config.peers {
        let key = peer_id_in(address).and_then(|peer| key_of(&peer)).ok_or_else(|| NetError::NoPeerId(address.clone()))?;
        known.entry(key).or_default().push(address.clone());
    }
    let handle = NetworkHandle::default();
    let (done, done_queue) = mpsc::channel(DONE_QUEUE);
    // The own log is fetched like any other: what others hold beyond it was signed here and lost since. The office decides what to take.
    let mut sync = Sync::new(None);
    for (peer, origin, size) in office.store.peer_sizes().map_err(|error| NetError::Start(error.to_string()))? {
        sync.remember(peer, origin, size);
    }
    let driver = Driver {
        sync,
        swarm,
        wants: Wants::default(),
        own_shown: Shown::new(now_ms()),
        go_on_unanswered: config.go_on_unanswered,
        comparing: false,
        asked: HashMap::new(),
        known,
        dialled: BTreeMap::new(),
        refused: BTreeMap::new(),
        strangers: Vec::new(),
        guests: BTreeMap::new(),
        looking: Looking::No,
        answering: 0,
        done,
        status: handle.clone(),
        remembered: BTreeMap::new(),
        office,
    };
    Ok((handle, tokio::spawn(driver.run(done_queue, stop))))
}

fn build_swarm(keypair: identity::Keypair, with_mdns: bool) -> Result<Swarm<Behaviour>, NetError> {
    let start_error = |error: &dyn std::fmt::Display| NetError::Start(error.to_string());
    let swarm = SwarmBuilder::with_existing_identity(keypair)
        .with_tokio()
        .with_tcp(tcp::Config::default().nodelay(true), noise::Config::new, yamux::Config::default)
        .map_err(|error| start_error(&error))?
        .with_quic()
        .with_behaviour(|key| {
            let peer = key.public().to_peer_id();
            let config = request_response::Config::default()
                .with_request_timeout(Duration::from_millis(protocol::limits::REQUEST_TIMEOUT_MS))
                .with_max_concurrent_streams(ANSWERS_MAX);
            let mdns = with_mdns.then(|| mdns::tokio::Behaviour::new(mdns::Config::default(), peer)).transpose()?;
            Ok(Behaviour {
                sync: request_response::Behaviour::with_codec(
                    Codec,
                    [(StreamProtocol::new(wire::PROTOCOL), ProtocolSupport::Full)],
                    config,
                ),
                identify: identify::Behaviour::new(identify::Config::new("/huizhi/1".into(), key.public())),
                ping: ping::Behaviour::new(ping::Config::new().with_interval(Duration::from_secs(10))),
                mdns: mdns.into(),
                limits: connection_limits::Behaviour::new(
                    ConnectionLimits::default()
                        .with_max_pending_incoming(Some(PENDING_INCOMING_MAX))
                        .with_max_established_incoming(Some(ESTABLISHED_INCOMING_MAX))
                        .with_max_established_per_peer(Some(CONNECTIONS_PER_PEER_MAX)),
                ),
            })
        })
        .map_err(|error| start_error(&error))?
        .with_swarm_config(|config| config.with_idle_connection_timeout(Duration::from_secs(3600)))
        .build();
    Ok(swarm)
}

fn peer_id_in(address: &Multiaddr) -> Option<PeerId> {
    address.iter().find_map(|part| if let multiaddr::Protocol::P2p(peer) = part { Some(peer) } else { None })
}

/// The office key inside a peer id: Ed25519 ids carry the key itself.
fn key_of(peer: &PeerId) -> Option<PublicKey> {
    let bytes = peer.to_bytes();
    // Identity multihash (0x00), 36 bytes: protobuf of key type Ed25519 and 32 bytes of key.
    match bytes.as_slice() {
        [0x00, 0x24, 0x08, 0x01, 0x12, 0x20, key @ ..] => key.try_into().ok().map(PublicKey),
        _ => None,
    }
}

/// The network identity of an office key; nothing for bytes that are no key.
pub fn peer_id(key: PublicKey) -> Option<PeerId> {
    let key = identity::ed25519::PublicKey::try_from_bytes(&key.0).ok()?;
    Some(identity::PublicKey::from(key).to_peer_id())
}

impl Driver {
    async fn run(mut self, mut done: mpsc::Receiver<Done>, mut stop: watch::Receiver<bool>) {
        let mut changes = self.office.changes();
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        self.follow();
        for head in self.office.store.frontier() {
            self.step(Event::HeadAdvanced(head));
        }
        loop {
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_swarm(event),
                Some(done) = done.recv() => self.on_done(done),
                change = changes.recv() => match change {
                    Ok(change) => self.on_change(change),
                    // Behind: look at everything again.
                    Err(broadcast::error::RecvError::Lagged(_)) => {
                        self.follow();
                        self.office.store.frontier().into_iter().for_each(|head| self.step(Event::HeadAdvanced(head)));
                    }
                    Err(broadcast::error::RecvError::Closed) => return,
                },
                _ = tick.tick() => self.on_tick(),
                _ = stop.changed() => break,
            }
            self.compare();
            self.ask_for_blobs();
            self.publish_status();
        }
        if let Some(kept) = self.remember_holdings() {
            // Failing was logged where it failed; the node stops either way.
            let _ = kept.await;
        }
    }

    fn follow(&mut self) {
        self.step(Event::Follow(self.office.follow()));
        self.look_for_wanted();
    }

    fn on_change(&mut self, change: Change) {
        match change {
            Change::Log(origin) => {
                self.step(Event::HeadAdvanced(head_of(&self.office, origin)));
            }
            Change::Offices => {
                self.follow();
                let admitted: Vec<_> = self.refused.keys().copied().filter(|key| self.office.is_enrolled(*key)).collect();
                for key in admitted {
                    self.refused.remove(&key);
                }
                self.strangers.retain(|key| !self.office.is_enrolled(*key));
            }
            Change::Cases => self.look_for_wanted(),
            Change::Wanted(blob) => self.wants.hurry(blob),
            Change::Damaged => self.look_for_damaged(),
            Change::Specs | Change::Drafts | Change::Status | Change::Stage(..) => {}
        }
    }

    fn look_for_wanted(&mut self) {
        if self.looking != Looking::No {
            self.looking = Looking::YesAndAgain;
            return;
        }
        self.looking = Looking::Yes;
        self.off_reactor(
            |office| {
                Done::Wanted(office.wanted(WANTED_LOOK).unwrap_or_else(|error| {
                    tracing::warn!(%error, "cannot tell which blobs are wanted");
                    Vec::new()
                }))
            },
            || Done::Wanted(Vec::new()),
        );
    }

    /// Asks every connected peer for what decayed here; whatever of it hashes to its leaf is put in its place.
    fn look_for_damaged(&mut self) {
        let look = |office: &Office| Done::Damaged(office.store.damaged().unwrap_or_default().into_iter().take(DAMAGED_LOOK).collect());
        self.off_reactor(look, || Done::Damaged(Vec::new()));
    }

    fn mend(&mut self, damaged: Vec<(Origin, u64)>) {
        let connected: Vec<PublicKey> = self.sync.connected().collect();
        let mut asked = None;
        for (origin, start) in damaged {
            // One package mends all that it reaches.
            if asked.as_ref().is_some_and(|(log, end)| *log == origin && start < *end) {
                continue;
            }
            asked = Some((origin.clone(), start + protocol::limits::PACKAGE_ENTRIES_MAX as u64));
            for peer in &connected {
                self.send(*peer, Request::Entries { origin: origin.clone(), start }, Asked::Mend(origin.clone()));
            }
        }
    }

    /// Does disk work on a blocking thread. Every piece of it reports, also one that panics: the driver counts on an answer.
    fn off_reactor(&self, work: impl FnOnce(&Office) -> Done + Send + 'static, panicked: impl FnOnce() -> Done + Send + 'static) {
        let (office, done) = (self.office.clone(), self.done.clone());
        spawn_blocking(move || {
            let report = catch_unwind(AssertUnwindSafe(|| work(&office))).unwrap_or_else(|_| panicked());
            // A driver that has stopped needs no report.
            let _ = done.blocking_send(report);
        });
    }

    fn on_tick(&mut self) {
        self.step(Event::Tick);
        let now = now_ms();
        let me = self.office.keys.office.public();
        let waiting: Vec<(PublicKey, Vec<Multiaddr>)> = self
            .known
            .iter()
            .filter(|(key, _)| **key != me && peer_id(**key).is_some_and(|peer| !self.swarm.is_connected(&peer)))
            .filter(|(key, _)| self.dialled.get(key).is_none_or(|at| at + REDIAL_MS <= now))
            .map(|(key, addresses)| (*key, addresses.clone()))
            .collect();
        for (key, addresses) in waiting {
            self.dialled.insert(key, now);
            if let Some(peer) = peer_id(key)
                && let Err(error) = self.swarm.dial(DialOpts::peer_id(peer).addresses(addresses).build())
            {
                tracing::debug!(%error, %peer, "cannot dial");
            }
        }
        let overstaying: Vec<PeerId> =
            self.guests.iter().filter(|(_, since)| **since + STRANGER_STAY_MS <= now).map(|(peer, _)| *peer).collect();
        for peer in overstaying {
            self.guests.remove(&peer);
            if !key_of(&peer).is_some_and(|key| self.may_speak(key)) {
                // Gone by itself meanwhile is as good.
                let _ = self.swarm.disconnect_peer_id(peer);
            }
        }
        self.remember_holdings();
    }

    /// Keeps what peers hold, so that "waits to be sent" is honest after a restart without a network.
    fn remember_holdings(&mut self) -> Option<JoinHandle<()>> {
        let news: Vec<_> = self
            .sync
            .holdings()
            .map(|(peer, origin, size)| (peer, origin.clone(), size))
            .filter(|(peer, origin, size)| self.remembered.insert((*peer, origin.clone()), *size) != Some(*size))
            .collect();
        let office = self.office.clone();
        (!news.is_empty()).then(|| {
            spawn_blocking(move || {
                if let Err(error) = office.store.put_peer_sizes(&news) {
                    tracing::warn!(%error, "cannot remember what peers hold");
                }
            })
        })
    }

    fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::NewListenAddr { address, .. } => tracing::info!(%address, "listening"),
            SwarmEvent::ConnectionEstablished { peer_id, .. } => {
                if let Some(key) = key_of(&peer_id).filter(|key| self.may_speak(*key)) {
                    self.step(Event::Connected(key));
                    self.look_for_damaged();
                    self.office.tell(Change::Status);
                } else {
                    self.guests.entry(peer_id).or_insert_with(now_ms);
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, num_established: 0, .. } => {
                self.guests.remove(&peer_id);
                if let Some(key) = key_of(&peer_id) {
                    self.own_shown.gone(key);
                    self.step(Event::Disconnected(key));
                    self.office.tell(Change::Status);
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Sync(event)) => self.on_message(event),
            SwarmEvent::Behaviour(BehaviourEvent::Mdns(mdns::Event::Discovered(found))) => {
                for (peer, address) in found {
                    // Bound: only enrolled offices are remembered, so a noisy network cannot fill the memory.
                    if let Some(key) = key_of(&peer).filter(|key| self.office.is_enrolled(*key)) {
                        let addresses = self.known.entry(key).or_default();
                        let address = address.with_p2p(peer).unwrap_or_else(|address| address);
                        if !addresses.contains(&address) && addresses.len() < 8 {
                            addresses.push(address);
                        }
                    }
                }
            }
            _ => {}
        }
    }

    /// Enrolled, or given to us as an address to begin with (a new office knows only the province).
    fn may_speak(&self, key: PublicKey) -> bool {
        self.office.is_enrolled(key) || self.known.contains_key(&key)
    }

    fn on_message(&mut self, event: request_response::Event<Request, Response>) {
        match event {
            request_response::Event::Message { peer, message, .. } => {
                let Some(key) = key_of(&peer) else { return };
                match message {
                    request_response::Message::Request { request, channel, .. } => self.on_request(key, request, channel),
                    request_response::Message::Response { request_id, response } => self.on_response(key, request_id, response),
                }
            }
            request_response::Event::OutboundFailure { request_id, error, .. } => {
                if let Some((key, asked)) = self.asked.remove(&request_id) {
                    tracing::debug!(%error, "a request failed");
                    self.failed(key, asked);
                }
            }
            request_response::Event::InboundFailure { .. } | request_response::Event::ResponseSent { .. } => {}
        }
    }

    fn on_request(&mut self, key: PublicKey, request: Request, channel: ResponseChannel<Response>) {
        if !self.may_speak(key) {
            if !self.strangers.contains(&key) {
                tracing::warn!(%key, "a key that is not enrolled was refused");
                self.strangers.push(key);
                let excess = self.strangers.len().saturating_sub(STRANGERS_MAX);
                self.strangers.drain(..excess);
                self.office.tell(Change::Status);
            }
            self.respond(channel, Response::Refused(Refusal::NotEnrolled));
            return;
        }
        // An office that was enrolled after it connected speaks for the first time now.
        if !self.sync.lag(key).connected {
            self.step(Event::Connected(key));
        }
        match request {
            Request::Frontier(heads) => {
                let ours = self.office.store.frontier().into_iter().take(FRONTIER_LOGS_MAX).collect();
                self.respond(channel, Response::Frontier(ours));
                self.on_frontier(key, heads);
            }
            // Bound: beyond this many answers under way a peer is told to ask again.
            _ if self.answering >= ANSWERS_MAX => self.respond(channel, Response::NotHere),
            Request::Entries { origin, start } => self.answer(channel, move |office| match office.store.package(&origin, start) {
                Ok(Some(package)) => Response::Entries(package),
                Ok(None) => Response::NotHere,
                Err(error) => {
                    tracing::warn!(%error, "cannot read a log for a peer");
                    Response::NotHere
                }
            }),
            Request::Blob { hash, offset } => self.answer(channel, move |office| blobs::answer(office, key, hash, offset)),
        }
    }

    fn answer(&mut self, channel: ResponseChannel<Response>, work: impl FnOnce(&Office) -> Response + Send + 'static) {
        self.answering += 1;
        let guarded = move |office: &Office| catch_unwind(AssertUnwindSafe(|| work(office))).unwrap_or(Response::NotHere);
        let (office, done) = (self.office.clone(), self.done.clone());
        spawn_blocking(move || {
            let response = guarded(&office);
            // A driver that has stopped needs no report.
            let _ = done.blocking_send(Done::Answer(channel, response));
        });
    }

    fn respond(&mut self, channel: ResponseChannel<Response>, response: Response) {
        // A connection that is gone meanwhile needs no answer.
        let _ = self.swarm.behaviour_mut().sync.send_response(channel, response);
    }

    fn on_response(&mut self, key: PublicKey, id: OutboundRequestId, response: Response) {
        let Some((_, asked)) = self.asked.remove(&id) else { return };
        if let Response::Refused(refusal @ Refusal::NotEnrolled) = response {
            if self.refused.insert(key, refusal).is_none() {
                self.office.tell(Change::Status);
            }
            self.failed(key, asked);
            return;
        }
        self.refused.remove(&key);
        match (asked, response) {
            (Asked::Frontier, Response::Frontier(heads)) => self.on_frontier(key, heads),
            (Asked::Entries(id, _), Response::Entries(package)) => self.step(Event::PackageReceived(key, id, package)),
            (Asked::Mend(origin), Response::Entries(package)) => {
                let work = move |office: &Office| {
                    if let Err(error) = office.mend(&origin, &package) {
                        tracing::warn!(%error, %origin, "damaged entries cannot be replaced");
                    }
                    Done::Damaged(Vec::new())
                };
                self.off_reactor(work, || Done::Damaged(Vec::new()));
            }
            (Asked::Blob(blob, offset), Response::Blob { total, bytes }) => {
                let append = move |office: &Office| {
                    let mut partial = office.store.blobs.partial(blob).map_err(|error| error.to_string())?;
                    if partial.have() != offset {
                        // A piece of an earlier question; the next one begins where the file ends.
                        return Ok(false);
                    }
                    partial.append(total, &bytes).map_err(|error| error.to_string())
                };
                self.off_reactor(
                    move |office| Done::Piece { peer: key, blob, whole: append(office) },
                    move || Done::Piece { peer: key, blob, whole: Err("the program failed on it".into()) },
                );
            }
            (asked, _) => self.failed(key, asked),
        }
    }

    fn failed(&mut self, key: PublicKey, asked: Asked) {
        match asked {
            Asked::Frontier | Asked::Mend(_) => {}
            Asked::Entries(id, origin) => {
                self.own_shown.gave_nothing(key, &origin);
                self.step(Event::FetchFailed(key, id));
            }
            Asked::Blob(blob, _) => self.wants.failed(blob, key, now_ms()),
        }
    }

    fn on_done(&mut self, done: Done) {
        match done {
            Done::Answer(channel, response) => {
                self.answering -= 1;
                self.respond(channel, response);
            }
            Done::Ingested(event, head) => {
                if let Event::Rejected(peer, origin) = &event {
                    self.own_shown.gave_nothing(*peer, origin);
                }
                self.step(Event::HeadAdvanced(head));
                self.step(event);
            }
            Done::Piece { peer, blob, whole } => match whole {
                Ok(true) => {
                    self.wants.done(blob);
                    self.office.tell(Change::Cases);
                }
                Ok(false) => self.wants.free(blob, peer),
                Err(error) => {
                    tracing::warn!(%error, %blob, "a piece of a blob is refused");
                    self.wants.failed(blob, peer, now_ms());
                }
            },
            Done::Wanted(blobs) => {
                self.wants.add(blobs);
                if std::mem::replace(&mut self.looking, Looking::No) == Looking::YesAndAgain {
                    self.look_for_wanted();
                }
            }
            Done::Damaged(damaged) => self.mend(damaged),
            Done::Compared => self.comparing = false,
        }
    }

    fn on_frontier(&mut self, key: PublicKey, heads: Vec<Head>) {
        self.own_shown.hear(key, &self.office.own_origins(), &heads, now_ms());
        self.step(Event::FrontierReceived(key, heads));
    }

    /// Lets the office sign again once enough is known of what others hold of its log.
    fn compare(&mut self) {
        if self.comparing || !matches!(self.office.held(), Some(Held::Unasked | Held::Restored)) {
            return;
        }
        let here: Vec<_> =
            self.office.own_origins().into_iter().map(|origin| (origin.clone(), self.office.store.head(&origin).size)).collect();
        let others = self.office.others().len();
        if self.own_shown.enough(now_ms(), self.office.mark(), self.go_on_unanswered, &here, others) {
            self.comparing = true;
            let work = |office: &Office| {
                if let Err(error) = office.compared() {
                    tracing::error!(%error, "this node stays read-only");
                }
                Done::Compared
            };
            self.off_reactor(work, || Done::Compared);
        }
    }

    fn step(&mut self, event: Event) {
        for effect in self.sync.handle(now_ms(), event) {
            match effect {
                Effect::Announce(peer, heads) => self.send(peer, Request::Frontier(heads), Asked::Frontier),
                Effect::Fetch { peer, id, origin, start } => {
                    self.send(peer, Request::Entries { origin: origin.clone(), start }, Asked::Entries(id, origin));
                }
                Effect::Ingest { peer, origin, package } => {
                    let failed = {
                        let (office, origin) = (self.office.clone(), origin.clone());
                        move || Done::Ingested(Event::NotStored(peer, origin.clone()), head_of(&office, origin))
                    };
                    let work = move |office: &Office| {
                        let event = match office.ingest(&origin, package) {
                            // Not next: another package of this log was stored meanwhile, and the next request begins behind it.
                            Ok(Ok(()) | Err(PackageError::NotNext { .. })) => Event::Ingested(peer, origin.clone()),
                            Ok(Err(error)) => {
                                tracing::warn!(%error, %origin, %peer, "a package is refused");
                                Event::Rejected(peer, origin.clone())
                            }
                            Err(error) => {
                                tracing::error!(%error, %origin, "a package cannot be stored");
                                Event::NotStored(peer, origin.clone())
                            }
                        };
                        Done::Ingested(event, head_of(office, origin))
                    };
                    self.off_reactor(work, failed);
                }
                Effect::Diverged { peer, origin } => {
                    tracing::error!(%origin, %peer, "two histories of one log exist: keep both nodes as they are and call the province");
                }
            }
        }
    }

    fn send(&mut self, key: PublicKey, request: Request, asked: Asked) {
        let Some(peer) = peer_id(key) else { return };
        let id = self.swarm.behaviour_mut().sync.send_request(&peer, request);
        self.asked.insert(id, (key, asked));
    }

    fn ask_for_blobs(&mut self) {
        let connected: BTreeSet<PublicKey> = self.sync.connected().collect();
        for (peer, blob) in self.wants.next(now_ms(), &connected) {
            if self.office.store.blobs.size(blob).is_some() {
                self.wants.done(blob);
                continue;
            }
            let offset = self.office.store.blobs.partial_size(blob);
            self.send(peer, Request::Blob { hash: blob, offset }, Asked::Blob(blob, offset));
        }
    }

    fn publish_status(&self) {
        let me = self.office.keys.office.public();
        let keys: BTreeSet<PublicKey> = self
            .office
            .members()
            .offices()
            .map(|office| office.enrol.key)
            .chain(self.known.keys().copied())
            .filter(|key| *key != me)
            .collect();
        let own = self.office.store.head(self.office.origin()).size;
        let own_held = self.sync.held_elsewhere(self.office.origin());
        let status = NetStatus {
            peers: keys
                .into_iter()
                .map(|key| (key, PeerState { lag: self.sync.lag(key), refused: self.refused.get(&key).copied() }))
                .collect(),
            to_send: own.saturating_sub(own_held),
            own_held,
            strangers: self.strangers.clone(),
            listening: self.swarm.listeners().map(ToString::to_string).collect(),
        };
        let before = self.status.replace(status.clone());
        let counts = |peer: &PeerState| (peer.lag.to_send, peer.lag.to_receive);
        let moved = before.to_send != status.to_send
            || before.peers.iter().any(|(key, peer)| status.peers.get(key).map(counts) != Some(counts(peer)));
        if moved {
            self.office.tell(Change::Status);
        }
    }
}

fn head_of(office: &Office, origin: Origin) -> Head {
    let head = office.store.head(&origin);
    Head { origin, size: head.size, root: RecordHash(head.root) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_peer_id_carries_the_office_key() {
        let mut seed = [7; 32];
        let keypair = identity::Keypair::ed25519_from_bytes(&mut seed).unwrap();
        let key = protocol::keys::OfficeKey::from_seed(&[7; 32]).public();
        assert_eq!(key_of(&keypair.public().to_peer_id()), Some(key));
        assert_eq!(peer_id(key), Some(keypair.public().to_peer_id()));
    }
}
