//! How histories travel: a machine without I/O.
//!
//! Two nodes compare frontiers (per log: size and root) and the one that lacks entries fetches them package by package. The shell
//! (`node::net`) feeds events in and carries effects out; every rule about who asks whom for what, when, and what a bad answer means
//! stands here. Time comes in as an argument.
//!
//! Nothing depends on an announcement arriving: frontiers are sent again every [`ANTI_ENTROPY_MS`](crate::limits::ANTI_ENTROPY_MS).

pub mod follow;
pub mod lookup;
mod passed;
pub mod wire;
pub mod witnessing;

use crate::{
    id::{Millis, Origin, PublicKey},
    limits::{ANTI_ENTROPY_MS, FETCH_RETRY_MS, FRONTIER_LOGS_MAX, REQUEST_TIMEOUT_MS},
    log::Package,
};
use passed::Passed;
use std::collections::{BTreeMap, BTreeSet};
use wire::Head;

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A connection to an enrolled peer stands.
    Connected(PublicKey),
    /// The last connection to a peer is gone.
    Disconnected(PublicKey),
    /// These logs are wanted, most urgent first. Replaces the list before.
    Follow(Vec<Origin>),
    /// Entries were stored, our own or a peer's.
    HeadAdvanced(Head),
    /// A peer told its frontier, asked or unasked.
    FrontierReceived(PublicKey, Vec<Head>),
    /// The answer to a [`Effect::Fetch`].
    PackageReceived(PublicKey, u64, Package),
    /// A fetch was not answered, or the peer has nothing to give.
    FetchFailed(PublicKey, u64),
    /// The package handed out by [`Effect::Ingest`] is stored, or its entries were here already.
    Ingested(PublicKey, Origin),
    /// It did not verify. Nothing of it was stored.
    Rejected(PublicKey, Origin),
    /// This node could not store it, which is not the peer's fault.
    NotStored(PublicKey, Origin),
    /// Some time passed.
    Tick,
}

/// What the shell must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell a peer our frontier; its answer is its own.
    Announce(PublicKey, Vec<Head>),
    /// Ask a peer for the package that begins at `start`. The id comes back in the event.
    Fetch {
        /// Whom.
        peer: PublicKey,
        /// Names the request.
        id: u64,
        /// Which log.
        origin: Origin,
        /// First entry that is not here.
        start: u64,
    },
    /// Verify the package against what is here and store it.
    Ingest {
        /// Who gave it.
        peer: PublicKey,
        /// Which log.
        origin: Origin,
        /// As received.
        package: Package,
    },
    /// A peer holds another history of the same length: somebody signed two.
    Diverged {
        /// Who told.
        peer: PublicKey,
        /// Which log.
        origin: Origin,
    },
}

#[derive(Debug, Default)]
struct Peer {
    connected: bool,
    sizes: BTreeMap<Origin, u64>,
    fetch: Option<Fetch>,
    /// Logs of which this peer gave entries that did not verify. Not asked again before it reconnects.
    distrusted: BTreeSet<Origin>,
    /// Logs that this peer told of and did not give.
    failed: BTreeMap<Origin, Failed>,
    announce_at: Millis,
    last_seen: Option<Millis>,
}

impl Peer {
    fn note_failure(&mut self, origin: Origin, now: Millis) {
        let failed = self.failed.entry(origin).or_default();
        failed.times = failed.times.saturating_add(1);
        failed.again_at = now + FETCH_RETRY_MS;
    }
    /// Ends the fetch whose package is being stored.
    fn end_ingest(&mut self, origin: &Origin) {
        self.fetch.take_if(|fetch| fetch.ingesting && fetch.origin == *origin);
    }
}

#[derive(Debug, Default)]
struct Failed {
    times: u32,
    again_at: Millis,
}

#[derive(Debug)]
struct Fetch {
    id: u64,
    origin: Origin,
    start: u64,
    deadline: Millis,
    /// The package arrived and is being stored.
    ingesting: bool,
}

/// How far apart a peer and this node are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Lag {
    /// A connection stands.
    pub connected: bool,
    /// When it last said something.
    pub last_seen: Option<Millis>,
    /// Entries here that it is not known to hold.
    pub to_send: u64,
    /// Entries it told of that are not here.
    pub to_receive: u64,
}

/// The replication machine of one node.
#[derive(Debug)]
pub struct Sync {
    own: Option<Origin>,
    follow: Vec<Origin>,
    heads: BTreeMap<Origin, Head>,
    peers: BTreeMap<PublicKey, Peer>,
    next_id: u64,
    passed: Passed,
}

impl Sync {
    /// A machine for the node that writes the log `own`. That log is never fetched: only this node may extend it.
    pub fn new(own: Option<Origin>) -> Self {
        Self { own, follow: Vec::new(), heads: BTreeMap::new(), peers: BTreeMap::new(), next_id: 0, passed: Passed::default() }
    }

    /// What a peer was known to hold before this node restarted, so that "waits to be sent" stays honest without a connection.
    pub fn remember(&mut self, peer: PublicKey, origin: Origin, size: u64) {
        self.peers.entry(peer).or_default().sizes.insert(origin, size);
    }

    /// Takes in one event. Never blocks and never fails. `clock` is this node's clock, which people set and batteries lose: it is told as the
    /// time at which a peer was last seen, and what waits for a time goes by what passed.
    pub fn handle(&mut self, clock: Millis, event: Event) -> Vec<Effect> {
        let now = self.passed.by(clock);
        let mut effects = Vec::new();
        match event {
            Event::Connected(key) => {
                let peer = self.peers.entry(key).or_default();
                peer.connected = true;
                peer.distrusted.clear();
                peer.announce_at = now;
            }
            Event::Disconnected(key) => {
                if let Some(peer) = self.peers.get_mut(&key) {
                    peer.connected = false;
                    // A package that came is stored all the same, and nobody else is asked for it meanwhile.
                    peer.fetch.take_if(|fetch| !fetch.ingesting);
                }
            }
            Event::Follow(origins) => self.follow = origins,
            Event::HeadAdvanced(head) => {
                let newer = self.heads.get(&head.origin).is_none_or(|known| known.size < head.size);
                if newer {
                    self.heads.insert(head.origin.clone(), head);
                    self.peers.values_mut().for_each(|peer| peer.announce_at = now);
                }
            }
            Event::FrontierReceived(key, heads) => self.learn(clock, key, heads, &mut effects),
            Event::PackageReceived(key, id, package) => {
                let peer = self.peers.entry(key).or_default();
                peer.last_seen = Some(clock);
                match peer.fetch.as_mut().filter(|fetch| fetch.id == id && !fetch.ingesting) {
                    Some(fetch) if fetch.start == package.start => {
                        fetch.ingesting = true;
                        effects.push(Effect::Ingest { peer: key, origin: fetch.origin.clone(), package });
                    }
                    // Not what was asked for, so it cannot be the log moving on here meanwhile.
                    Some(_) => peer.distrusted.extend(peer.fetch.take().map(|fetch| fetch.origin)),
                    None => {}
                }
            }
            Event::FetchFailed(key, id) => {
                let peer = self.peers.entry(key).or_default();
                if let Some(fetch) = peer.fetch.take_if(|fetch| fetch.id == id) {
                    peer.note_failure(fetch.origin, now);
                }
            }
            Event::Ingested(key, origin) => {
                let peer = self.peers.entry(key).or_default();
                peer.end_ingest(&origin);
                peer.failed.remove(&origin);
            }
            Event::Rejected(key, origin) => {
                let peer = self.peers.entry(key).or_default();
                peer.end_ingest(&origin);
                peer.distrusted.insert(origin);
            }
            Event::NotStored(key, origin) => {
                let peer = self.peers.entry(key).or_default();
                peer.end_ingest(&origin);
                peer.note_failure(origin, now);
            }
            Event::Tick => {
                for peer in self.peers.values_mut() {
                    // A package that is being stored is this node's own work and not the peer's delay.
                    if let Some(late) = peer.fetch.take_if(|fetch| !fetch.ingesting && fetch.deadline <= now) {
                        peer.note_failure(late.origin, now);
                    }
                }
            }
        }
        self.announce(now, &mut effects);
        self.fetch(now, &mut effects);
        effects
    }

    fn learn(&mut self, clock: Millis, key: PublicKey, heads: Vec<Head>, effects: &mut Vec<Effect>) {
        let peer = self.peers.entry(key).or_default();
        peer.last_seen = Some(clock);
        for head in heads.into_iter().take(FRONTIER_LOGS_MAX) {
            if let Some(ours) = self.heads.get(&head.origin).filter(|ours| ours.size == head.size && ours.root != head.root) {
                effects.push(Effect::Diverged { peer: key, origin: ours.origin.clone() });
                continue;
            }
            // Bound: only logs that are wanted, our own, or known already are remembered, so a peer cannot fill the memory with names.
            let wanted =
                self.follow.contains(&head.origin) || self.own.as_ref() == Some(&head.origin) || self.heads.contains_key(&head.origin);
            if wanted {
                // Sizes only grow, except for a peer that was restored from a backup: then its word is newer than our memory.
                peer.sizes.insert(head.origin, head.size);
            }
        }
    }

    fn announce(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let heads: Vec<Head> = self.heads.values().take(FRONTIER_LOGS_MAX).cloned().collect();
        for (key, peer) in &mut self.peers {
            if peer.connected && peer.announce_at <= now {
                peer.announce_at = now + ANTI_ENTROPY_MS;
                effects.push(Effect::Announce(*key, heads.clone()));
            }
        }
    }

    fn fetch(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        let mut busy: BTreeSet<Origin> =
            self.peers.values().filter_map(|peer| peer.fetch.as_ref()).map(|fetch| fetch.origin.clone()).collect();
        for origin in &self.follow {
            if self.own.as_ref() == Some(origin) || busy.contains(origin) {
                continue;
            }
            let start = self.heads.get(origin).map_or(0, |head| head.size);
            let able = self.peers.iter_mut().filter(|(_, peer)| {
                peer.connected
                    && peer.fetch.is_none()
                    && !peer.distrusted.contains(origin)
                    && peer.failed.get(origin).is_none_or(|failed| failed.again_at <= now)
                    && peer.sizes.get(origin).is_some_and(|size| *size > start)
            });
            // Attack: a peer that tells of more than it gives must not be asked before those that gave.
            let giver = able.min_by_key(|(_, peer)| peer.failed.get(origin).map_or(0, |failed| failed.times));
            if let Some((key, peer)) = giver {
                let id = self.next_id;
                self.next_id += 1;
                peer.fetch = Some(Fetch { id, origin: origin.clone(), start, deadline: now + REQUEST_TIMEOUT_MS, ingesting: false });
                busy.insert(origin.clone());
                effects.push(Effect::Fetch { peer: *key, id, origin: origin.clone(), start });
            }
        }
    }

    /// How far apart this node and a peer are, over the logs that are here.
    pub fn lag(&self, key: PublicKey) -> Lag {
        let Some(peer) = self.peers.get(&key) else {
            return Lag { to_send: sum(self.heads.values().map(|head| head.size)), ..Lag::default() };
        };
        let size_here = |origin: &Origin| self.heads.get(origin).map_or(0, |head| head.size);
        Lag {
            connected: peer.connected,
            last_seen: peer.last_seen,
            to_send: sum(self.heads.values().map(|head| head.size.saturating_sub(peer.sizes.get(&head.origin).copied().unwrap_or(0)))),
            to_receive: sum(peer
                .sizes
                .iter()
                .filter(|(origin, _)| self.follow.contains(origin))
                .map(|(origin, size)| size.saturating_sub(size_here(origin)))),
        }
    }

    /// Entries of a log that a peer is known to hold.
    pub fn held_by(&self, key: PublicKey, origin: &Origin) -> u64 {
        self.peers.get(&key).and_then(|peer| peer.sizes.get(origin)).copied().unwrap_or(0)
    }

    /// The largest size of a log that any other node is known to hold.
    pub fn held_elsewhere(&self, origin: &Origin) -> u64 {
        self.peers.values().filter_map(|peer| peer.sizes.get(origin).copied()).max().unwrap_or(0)
    }

    /// How much of each log each peer is known to hold.
    pub fn holdings(&self) -> impl Iterator<Item = (PublicKey, &Origin, u64)> {
        self.peers.iter().flat_map(|(key, peer)| peer.sizes.iter().map(|(origin, size)| (*key, origin, *size)))
    }

    /// Peers with a standing connection.
    pub fn connected(&self) -> impl Iterator<Item = PublicKey> {
        self.peers.iter().filter(|(_, peer)| peer.connected).map(|(key, _)| *key)
    }
}

/// Attack: a peer may tell of any size, and a plain sum of two of them overflows.
fn sum(sizes: impl Iterator<Item = u64>) -> u64 {
    sizes.fold(0, u64::saturating_add)
}

#[cfg(test)]
mod tests;
