//! The one task that owns the swarm: takes an event, asks the machine, carries out its effects.
//!
//! Disk work runs on blocking threads and comes back as messages, so the swarm is never held up. Every queue is bounded; a full one
//! drops work that anti-entropy repeats.

mod accepting;
mod addresses;
mod behaviour;
mod blobs;
mod dialling;
mod disk;
mod enrolled;
mod forks;
mod gossip;
mod joining;
mod knocking;
mod messages;
mod paths;
mod receipts;
mod relaying;
mod status;
mod witnessing;

pub use behaviour::{NetConfig, NetError, key_in, peer_id};
pub use joining::Join;

use super::own_log::Shown;
use crate::service::{
    Change, Held, Office,
    network::{NetworkHandle, ReceiptQuestion},
    office::now_ms,
};
use addresses::Addresses;
use behaviour::{Behaviour, BehaviourEvent, build_swarm, key_of};
use disk::{Done, Looking, head_of};
use forks::Forks;
use futures::StreamExt;
use gossip::Gossiping;
use joining::Joining;
use libp2p::{PeerId, Swarm, identify, identity, mdns, ping, request_response::OutboundRequestId, swarm::SwarmEvent};
use messages::{ANSWERS_MAX, Asked};
use paths::Paths;
use protocol::{
    blob::wants::Wants,
    id::PublicKey,
    log::PackageError,
    sync::{
        Effect, Event, Sync,
        fairness::Fairness,
        follow::left_out,
        line::Line,
        wire::{Head, Heads, Refusal, Request},
        witnessing::Witnessing,
    },
};
use receipts::Receipts;
use relaying::Relays;
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Arc, LazyLock},
    time::{Duration, Instant},
};
use tokio::{
    sync::{broadcast, mpsc, watch},
    task::JoinHandle,
};

/// Messages from disk work that wait for the driver.
const DONE_QUEUE: usize = 256;
/// The screen is told of the network no more often than this; every second at the latest, with the tick.
const STATUS_MS: u64 = 100;
/// Damaged entries are asked for again after this long where a peer was too busy: its bucket is full enough for all of them then.
const MEND_AGAIN_MS: u64 = 30_000;

/// Milliseconds since this was first asked. What the driver waits for goes by it and not by the machine's clock, which may be set back by
/// years while the driver runs.
fn uptime_ms() -> u64 {
    static START: LazyLock<Instant> = LazyLock::new(Instant::now);
    START.elapsed().as_millis() as u64
}

struct Driver {
    office: Arc<Office>,
    swarm: Swarm<Behaviour>,
    sync: Sync,
    fairness: Fairness,
    line: Line,
    wants: Wants,
    own_shown: Shown,
    witnessing: Witnessing,
    forks: Forks,
    joining: Joining,
    receipts: Receipts,
    paths: Paths,
    relays: Relays,
    gossip: Gossiping,
    go_on_unanswered: bool,
    /// The office is being told that its log was compared.
    comparing: bool,
    /// Whom, what, and when.
    asked: HashMap<OutboundRequestId, (PublicKey, Asked, u64)>,
    known: Addresses,
    dialled: BTreeMap<PublicKey, u64>,
    refused: BTreeMap<PublicKey, Refusal>,
    strangers: Vec<PublicKey>,
    /// Connected keys that may not speak, and since when.
    guests: BTreeMap<PeerId, u64>,
    looking: Looking,
    answering: usize,
    done: mpsc::Sender<Done>,
    status: NetworkHandle,
    published_at: u64,
    /// When damaged entries are asked for again, where a peer was too busy to give them.
    mend_at: Option<u64>,
    /// The members changed since it was last said what others need not hold.
    spare: bool,
}

/// Starts the network; it runs until `stop` changes.
///
/// # Errors
/// An address cannot be listened on, or a peer's address is malformed.
pub fn start(office: Arc<Office>, config: &NetConfig, stop: watch::Receiver<bool>) -> Result<(NetworkHandle, JoinHandle<()>), NetError> {
    let mut seed = office.keys.office_seed;
    let keypair = identity::Keypair::ed25519_from_bytes(&mut seed).map_err(|error| NetError::Start(error.to_string()))?;
    let mut swarm = build_swarm(keypair, config, &office)?;
    for address in &config.listen {
        swarm.listen_on(address.clone()).map_err(|error| NetError::Listen { address: address.clone(), reason: error.to_string() })?;
    }
    let mut known = Addresses::default();
    for address in &config.peers {
        let key = key_in(address).ok_or_else(|| NetError::NoPeerId(address.clone()))?;
        known.configure(key, address.clone());
    }
    let (handle, questions) = NetworkHandle::new();
    let (done, done_queue) = mpsc::channel(DONE_QUEUE);
    // The own log is fetched like any other: what others hold beyond it was signed here and lost since. The office decides what to take.
    let mut sync = Sync::default();
    for (peer, origin, size) in office.store.peer_sizes().map_err(|error| NetError::Start(error.to_string()))? {
        sync.remember(peer, &origin, size);
    }
    let driver = Driver {
        sync,
        fairness: Fairness::default(),
        line: Line::new(config.caps, config.quiet),
        swarm,
        wants: Wants::default(),
        own_shown: Shown::new(uptime_ms()),
        witnessing: Witnessing::default(),
        forks: Forks::default(),
        joining: Joining::new(config.join.clone()),
        receipts: Receipts::default(),
        paths: Paths::default(),
        relays: Relays::new(config),
        gossip: Gossiping::default(),
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
        published_at: 0,
        mend_at: None,
        spare: true,
        office,
    };
    Ok((handle, tokio::spawn(driver.run(done_queue, questions, stop))))
}

impl Driver {
    async fn run(
        mut self,
        mut done: mpsc::Receiver<Done>,
        mut questions: mpsc::Receiver<ReceiptQuestion>,
        mut stop: watch::Receiver<bool>,
    ) {
        let mut changes = self.office.changes();
        let mut switch = self.status.switch();
        let mut tick = tokio::time::interval(Duration::from_secs(1));
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        self.relay_or_not();
        self.follow();
        for head in self.office.store.frontier() {
            self.step(Event::HeadAdvanced(head));
        }
        self.publish_status();
        loop {
            tokio::select! {
                event = self.swarm.select_next_some() => self.on_swarm(event),
                Some(done) = done.recv() => self.on_done(done),
                Some(question) = questions.recv() => self.ask_about(question),
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
                Ok(()) = switch.changed() => self.on_switch(),
                _ = stop.changed() => break,
            }
            self.compare();
            self.ask_for_blobs();
            self.ask_for_cosignatures();
            if uptime_ms() >= self.published_at + STATUS_MS {
                self.publish_status();
                self.published_at = uptime_ms();
            }
        }
        if let Some(kept) = self.remember_holdings() {
            // Failing was logged where it failed; the node stops either way.
            let _ = kept.await;
        }
    }

    fn follow(&mut self) {
        let followed = self.office.follow();
        self.gossip.followed.clone_from(&followed);
        self.step(Event::Follow(followed));
        self.spare = true;
        self.look_for_wanted();
    }

    /// Says what other offices need not hold, so that they are not shown as lacking it. At most once a second: the beginning of a log brings
    /// many members.
    fn spare_others(&mut self) {
        if !std::mem::take(&mut self.spare) {
            return;
        }
        let spared: Vec<Event> = {
            let members = self.office.members();
            let others = members.offices().map(|office| office.enrol.code).filter(|code| *code != self.office.code());
            let left = left_out(&members, &others.collect());
            left.into_iter().filter_map(|(code, logs)| Some(Event::Spare(members.office(code)?.enrol.key, logs))).collect()
        };
        spared.into_iter().for_each(|event| self.step(event));
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
                self.relay_or_not();
                self.end_former();
            }
            Change::Cases => self.look_for_wanted(),
            Change::Fork(proof) => self.pass_on(&proof),
            Change::Wanted(blob) => self.wants.hurry(blob),
            Change::Damaged => self.look_for_damaged(),
            Change::Specs | Change::Drafts | Change::SpecDrafts | Change::Status | Change::Transit | Change::Stage(..) => {}
        }
    }

    /// Somebody cut this node off, or let it speak again.
    fn on_switch(&mut self) {
        if !self.status.is_off() {
            self.dialled.clear();
            return self.on_tick();
        }
        for peer in self.swarm.connected_peers().copied().collect::<Vec<_>>() {
            // Gone by itself meanwhile is as good.
            let _ = self.swarm.disconnect_peer_id(peer);
        }
        self.office.tell(Change::Status);
    }

    fn on_tick(&mut self) {
        self.step(Event::Tick);
        self.spare_others();
        self.show_invitation();
        self.end_lookups();
        if self.mend_at.take_if(|at| *at <= uptime_ms()).is_some() {
            self.look_for_damaged();
        }
        self.dial_known();
        self.end_guests();
        self.keep_the_best_paths();
        self.use_relays();
        self.publish_checkpoints();
        self.remember_holdings();
    }

    fn on_swarm(&mut self, event: SwarmEvent<BehaviourEvent>) {
        match event {
            SwarmEvent::NewListenAddr { address, listener_id } => self.on_listening(listener_id, address),
            SwarmEvent::ListenerClosed { listener_id, .. } => self.relays.closed(listener_id),
            SwarmEvent::ConnectionEstablished { peer_id, .. } if self.status.is_off() || self.is_shut_out(&peer_id) => {
                let _ = self.swarm.disconnect_peer_id(peer_id);
            }
            SwarmEvent::ConnectionEstablished { peer_id, connection_id, endpoint, .. } => {
                self.on_path(peer_id, connection_id, &endpoint);
                if let Some(key) = key_of(&peer_id).filter(|key| self.may_speak(*key)) {
                    self.connected(key);
                    self.look_for_damaged();
                    self.office.tell(Change::Status);
                } else {
                    self.guests.entry(peer_id).or_insert_with(uptime_ms);
                }
            }
            SwarmEvent::ConnectionClosed { peer_id, connection_id, num_established, .. } => {
                let Some(key) = key_of(&peer_id) else { return };
                self.paths.closed(key, connection_id);
                if num_established == 0 {
                    self.guests.remove(&peer_id);
                    self.relays.gone(key);
                    self.own_shown.gone(key);
                    self.witnessing.gone(key);
                    self.forks.gone(key);
                    self.step(Event::Disconnected(key));
                    self.office.tell(Change::Status);
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Sync(event)) => self.on_message(event),
            SwarmEvent::Behaviour(BehaviourEvent::Gossip(event)) => self.on_gossip(event),
            SwarmEvent::Behaviour(BehaviourEvent::Identify(identify::Event::Received { peer_id, info, .. })) => {
                self.on_identified(peer_id, &info)
            }
            // libp2p tells of it and does nothing, and TCP alone gives a pulled cable up after many minutes only.
            SwarmEvent::Behaviour(BehaviourEvent::Ping(ping::Event { peer, connection, result: Err(failure) }))
                if !matches!(failure, ping::Failure::Unsupported) =>
            {
                tracing::debug!(%peer, %failure, "a connection is dead");
                self.swarm.close_connection(connection);
            }
            SwarmEvent::Behaviour(BehaviourEvent::Mdns(mdns::Event::Discovered(found))) => {
                for (peer, address) in found {
                    // Bound: only enrolled offices are remembered, so a noisy network cannot fill the memory.
                    if let Some(key) = key_of(&peer).filter(|key| self.office.is_enrolled(*key)) {
                        self.known.found(key, address.with_p2p(peer).unwrap_or_else(|address| address));
                    }
                }
            }
            SwarmEvent::Behaviour(BehaviourEvent::Mdns(mdns::Event::Expired(gone))) => {
                for (peer, address) in gone {
                    if let Some(key) = key_of(&peer) {
                        self.known.expired(key, &address.with_p2p(peer).unwrap_or_else(|address| address));
                    }
                }
            }
            _ => {}
        }
    }

    fn is_shut_out(&self, peer: &PeerId) -> bool {
        key_of(peer).is_some_and(|key| self.fairness.is_shut_out(uptime_ms(), key))
    }

    /// Enrolled; or configured, where its enrolment is not known yet (a new office knows only the address of the province). A key that was
    /// enrolled once is judged by the province's log alone.
    fn may_speak(&self, key: PublicKey) -> bool {
        let members = self.office.members();
        members.office_of(key).is_some() || !members.was_enrolled(key) && self.known.is_configured(key)
    }

    /// Hangs up on those whose enrolment ended while they were connected.
    fn end_former(&mut self) {
        for key in self.sync.connected().collect::<Vec<_>>() {
            if !self.may_speak(key) {
                tracing::warn!(%key, "its enrolment ended: it is hung up on");
                self.hang_up(key);
            }
        }
    }

    /// A peer told its frontier in the form of before.
    fn on_frontier(&mut self, key: PublicKey, heads: Vec<Head>) {
        self.step(Event::FrontierReceived(key, heads));
        self.hear_own_logs(key);
    }

    /// A peer told of its frontier. Whether all of it is known now.
    fn on_heads(&mut self, key: PublicKey, heads: Heads) -> bool {
        let (known, effects) = self.sync.hear(now_ms(), key, heads);
        if known {
            self.hear_own_logs(key);
        }
        self.carry_out(effects);
        known
    }

    /// What a peer tells as a whole says how much it holds of the logs that this office writes.
    fn hear_own_logs(&mut self, key: PublicKey) {
        let own = self.office.own_origins().into_iter().map(|origin| (self.sync.held_by(key, &origin), origin));
        self.own_shown.hear(key, own, uptime_ms());
    }

    /// Lets the office sign again once enough is known of what others hold of its log.
    fn compare(&mut self) {
        if self.comparing || !matches!(self.office.held(), Some(Held::Unasked | Held::Restored)) {
            return;
        }
        let here: Vec<_> =
            self.office.own_origins().into_iter().map(|origin| (origin.clone(), self.office.store.head(&origin).size)).collect();
        let others = self.office.others().len();
        if self.own_shown.enough(uptime_ms(), self.office.mark(), self.go_on_unanswered, &here, others) {
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
        let effects = self.sync.handle(now_ms(), event);
        self.carry_out(effects);
    }

    fn carry_out(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Announce { peer, id, request } => self.send(peer, request, Asked::Announce(id)),
                Effect::Fetch { peer, id, origin, start } => {
                    self.send(peer, Request::Entries { origin: origin.clone(), start }, Asked::Entries(id, origin));
                }
                Effect::Ingest { peer, origin, packages } => {
                    let failed = {
                        let (office, origin) = (self.office.clone(), origin.clone());
                        move || Done::Ingested(Event::NotStored(peer, origin.clone()), head_of(&office, origin))
                    };
                    let work = move |office: &Office| {
                        let event = match office.ingest_all(&origin, packages) {
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
                Effect::Diverged { peer, origin } => self.compare_with(peer, origin),
            }
        }
    }
}
