//! How histories travel: a machine without I/O.
//!
//! Two nodes tell each other their frontiers (per log: size and root) and the one that lacks entries fetches them package by package. The
//! shell (`node::net`) feeds events in and carries effects out; every rule about who asks whom for what, when, and what a bad answer means
//! stands here. Time comes in as an argument.
//!
//! Nothing depends on an announcement arriving: a digest of the frontier is sent every [`ANTI_ENTROPY_MS`](crate::limits::ANTI_ENTROPY_MS),
//! and whoever does not know that frontier is told all of it.
//!
//! Reading order: this file (events in, effects out), `fetch` (packages of a log from one peer), `telling` (what a peer was told), `holdings`
//! (what it told), `logs` (what is here), `knocking` (who is let in), `fairness` (what a peer is answered), `line` (what waits for the line),
//! `paths` (which connection carries the questions), `relaying` (offices without a route to one another), `gossip` (checkpoints that also those
//! pass on who do not hold the log).

pub mod fairness;
mod fetch;
pub mod follow;
pub mod gossip;
mod holdings;
pub mod knocking;
pub mod line;
mod logs;
pub mod lookup;
mod passed;
pub mod paths;
pub mod relaying;
mod telling;
pub mod wire;
pub mod witnessing;

pub use telling::Answered;

use crate::{
    id::{Millis, Origin, PublicKey},
    limits::{DISTRUST_MS, FETCH_RETRY_MS, PACKAGES_UNDER_WAY_MAX, REQUEST_TIMEOUT_MS},
    log::Package,
};
use fetch::{Came, Fetch};
use holdings::Holdings;
use logs::LogId;
use passed::Passed;
use std::collections::{BTreeMap, BTreeSet};
use telling::{Heard, Telling};
use wire::{Head, Heads, Request, ShortHead};

/// What happened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A connection to an enrolled peer stands.
    Connected(PublicKey),
    /// The last connection to a peer is gone.
    Disconnected(PublicKey),
    /// These logs are wanted, most urgent first. Replaces the list before.
    Follow(Vec<Origin>),
    /// These logs a peer need not hold ([`follow::left_out`]). Replaces the list before; it changes what is shown and nothing that is done.
    Spare(PublicKey, Vec<Origin>),
    /// Entries were stored, our own or a peer's.
    HeadAdvanced(Head),
    /// A peer told its whole frontier in the form of before, asked or unasked.
    FrontierReceived(PublicKey, Vec<Head>),
    /// What became of an [`Effect::Announce`].
    Announced(PublicKey, u64, Answered),
    /// The answer to a [`Effect::Fetch`].
    PackageReceived(PublicKey, u64, Package),
    /// A fetch was not answered, or the peer has nothing to give.
    FetchFailed(PublicKey, u64),
    /// The packages handed out by [`Effect::Ingest`] are stored, or their entries were here already. [`Event::HeadAdvanced`] came before it.
    Ingested(PublicKey, Origin),
    /// One of them did not verify. What stands before it may be stored.
    Rejected(PublicKey, Origin),
    /// This node could not store them, which is not the peer's fault.
    NotStored(PublicKey, Origin),
    /// Some time passed.
    Tick,
}

/// What the shell must do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Tell a peer of our frontier. The id comes back in the event.
    Announce {
        /// Whom.
        peer: PublicKey,
        /// Names the announcement.
        id: u64,
        /// In the form that the peer understands.
        request: Request,
    },
    /// Ask a peer for the package that begins at `start`. The id comes back in the event.
    Fetch {
        /// Whom.
        peer: PublicKey,
        /// Names the request.
        id: u64,
        /// Which log.
        origin: Origin,
        /// First entry that is neither here nor asked for.
        start: u64,
    },
    /// Verify the packages against what is here and store them.
    Ingest {
        /// Who gave them.
        peer: PublicKey,
        /// Which log.
        origin: Origin,
        /// As received, each beginning where the one before ends.
        packages: Vec<Package>,
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
    telling: Telling,
    fetch: Option<Fetch>,
    /// Logs of which this peer gave entries that did not verify. Not asked again before it reconnects or this moment.
    distrusted: BTreeMap<LogId, Millis>,
    /// Logs that this peer told of and did not give.
    failed: BTreeMap<LogId, Failed>,
    last_seen: Option<Millis>,
}

impl Peer {
    fn note_failure(&mut self, log: LogId, now: Millis) {
        let failed = self.failed.entry(log).or_default();
        failed.times = failed.times.saturating_add(1);
        failed.again_at = now + FETCH_RETRY_MS;
    }
    /// What this peer is asked for of a log.
    fn fetch_of(&mut self, log: LogId) -> Option<&mut Fetch> {
        self.fetch.as_mut().filter(|fetch| fetch.log == log)
    }
    fn failures(&self, log: LogId) -> u32 {
        self.failed.get(&log).map_or(0, |failed| failed.times)
    }
    /// Whether it may be asked for a log now.
    fn may_give(&self, log: LogId, now: Millis) -> bool {
        self.distrusted.get(&log).is_none_or(|until| *until <= now) && self.failed.get(&log).is_none_or(|failed| failed.again_at <= now)
    }
}

#[derive(Debug, Default)]
struct Failed {
    times: u32,
    again_at: Millis,
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
#[derive(Debug, Default)]
pub struct Sync {
    peers: BTreeMap<PublicKey, Peer>,
    holdings: Holdings,
    next_id: u64,
    passed: Passed,
}

impl Sync {
    /// What a peer was known to hold before this node restarted, so that "waits to be sent" stays honest without a connection.
    pub fn remember(&mut self, peer: PublicKey, origin: &Origin, size: u64) {
        self.holdings.remember(peer, origin, size);
    }

    /// Takes in one event. Never blocks and never fails. `clock` is this node's clock, which people set and batteries lose: it is told as the
    /// time at which a peer was last seen, and what waits for a time goes by what passed.
    pub fn handle(&mut self, clock: Millis, event: Event) -> Vec<Effect> {
        let now = self.passed.by(clock);
        let mut effects = Vec::new();
        match event {
            Event::Connected(key) => {
                let peer = self.peers.entry(key).or_default();
                peer.distrusted.clear();
                // A second connection changes nothing about what is under way on the first.
                if !std::mem::replace(&mut peer.connected, true) {
                    peer.telling.connected(now);
                }
            }
            Event::Disconnected(key) => {
                if let Some(peer) = self.peers.get_mut(&key) {
                    peer.connected = false;
                    peer.telling.gone();
                    if let Some(fetch) = &mut peer.fetch {
                        fetch.gone();
                    }
                }
            }
            Event::Follow(origins) => {
                if self.holdings.follow(&origins) {
                    self.peers.values_mut().for_each(|peer| peer.telling.forget(now));
                }
            }
            Event::Spare(key, origins) => self.holdings.spare(key, &origins),
            Event::HeadAdvanced(head) => self.advance(now, head, &mut effects),
            Event::FrontierReceived(key, heads) => {
                let peer = self.peers.entry(key).or_default();
                peer.last_seen = Some(clock);
                peer.telling.heard_whole();
                self.holdings.hear(key, heads.iter().map(ShortHead::from), true);
                self.tell_diverged(key, &mut effects);
            }
            Event::Announced(key, id, answered) => {
                let peer = self.peers.entry(key).or_default();
                if answered != Answered::Nothing {
                    peer.last_seen = Some(clock);
                }
                peer.telling.answered(now, id, answered);
            }
            Event::PackageReceived(key, id, package) => {
                let peer = self.peers.entry(key).or_default();
                peer.last_seen = Some(clock);
                if let Some(fetch) = &mut peer.fetch
                    && fetch.came(id, package) == Came::Elsewhere
                {
                    // Not what was asked for, so it cannot be the log moving on here meanwhile.
                    peer.distrusted.insert(fetch.log, now + DISTRUST_MS);
                    fetch.gone();
                }
            }
            Event::FetchFailed(key, id) => {
                let peer = self.peers.entry(key).or_default();
                if let Some(log) = peer.fetch.as_mut().and_then(|fetch| fetch.failed(id).then_some(fetch.log)) {
                    peer.note_failure(log, now);
                }
            }
            Event::Ingested(key, origin) => self.end_storing(key, &origin, |peer, log| {
                // What failed behind the packages that are stored now leaves it alone for its time.
                if peer.failed.get(&log).is_some_and(|failed| failed.again_at <= now) {
                    peer.failed.remove(&log);
                }
            }),
            Event::Rejected(key, origin) => {
                self.end_storing(key, &origin, |peer, log| {
                    peer.distrusted.insert(log, now + DISTRUST_MS);
                    peer.fetch_of(log).into_iter().for_each(Fetch::gone);
                });
            }
            Event::NotStored(key, origin) => {
                self.end_storing(key, &origin, |peer, log| {
                    peer.note_failure(log, now);
                    peer.fetch_of(log).into_iter().for_each(Fetch::gone);
                });
            }
            Event::Tick => {
                for peer in self.peers.values_mut() {
                    // A package that is being stored is this node's own work and not the peer's delay.
                    if let Some(log) = peer.fetch.as_mut().and_then(|fetch| fetch.is_late(now).then_some(fetch.log)) {
                        peer.note_failure(log, now);
                    }
                }
                self.leave_slow(now);
            }
        }
        self.go_on(now, &mut effects);
        effects
    }

    /// Takes in what a peer tells of its frontier. Whether what it goes on from is known here; if not, the peer is to tell all.
    pub fn hear(&mut self, clock: Millis, key: PublicKey, heads: Heads) -> (bool, Vec<Effect>) {
        let now = self.passed.by(clock);
        let mut effects = Vec::new();
        let peer = self.peers.entry(key).or_default();
        peer.last_seen = Some(clock);
        let holdings = &mut self.holdings;
        let heard = peer.telling.hear(now, &heads, || holdings.logs.digest() == *heads.after);
        match heard {
            Heard::Same => self.holdings.hear_same(key),
            Heard::All => self.holdings.hear(key, heads.heads.into_iter(), true),
            Heard::Changes => self.holdings.hear(key, heads.heads.into_iter(), false),
            Heard::Gap => {}
        }
        self.tell_diverged(key, &mut effects);
        self.go_on(now, &mut effects);
        (heard != Heard::Gap, effects)
    }

    fn advance(&mut self, now: Millis, head: Head, effects: &mut Vec<Effect>) {
        let origin = head.origin.clone();
        let new = self.holdings.logs.wanted(&origin).is_none();
        if !self.holdings.advance(head) {
            return;
        }
        for (key, peer) in &mut self.peers {
            if new {
                peer.telling.forget(now);
            }
            peer.telling.hurry(now);
            if peer.connected && self.holdings.is_diverged(*key, &origin) {
                effects.push(Effect::Diverged { peer: *key, origin: origin.clone() });
            }
        }
    }

    fn end_storing(&mut self, key: PublicKey, origin: &Origin, then: impl FnOnce(&mut Peer, LogId)) {
        let peer = self.peers.entry(key).or_default();
        if let Some(log) = self.holdings.logs.get(origin) {
            let size = self.holdings.logs.size(log);
            if let Some(fetch) = peer.fetch_of(log) {
                fetch.stored(size);
            }
            then(peer, log);
        }
    }

    /// At every word of a peer, so that a comparison that was lost is repeated.
    fn tell_diverged(&self, key: PublicKey, effects: &mut Vec<Effect>) {
        effects.extend(self.holdings.diverged(key).map(|origin| Effect::Diverged { peer: key, origin: origin.clone() }));
    }

    fn go_on(&mut self, now: Millis, effects: &mut Vec<Effect>) {
        for (key, peer) in self.peers.iter_mut().filter(|(_, peer)| peer.connected) {
            if let Some(request) = peer.telling.next(now, &mut self.holdings.logs, self.next_id) {
                effects.push(Effect::Announce { peer: *key, id: self.next_id, request });
                self.next_id += 1;
            }
        }
        for (key, peer) in &mut self.peers {
            let Some(fetch) = &mut peer.fetch else { continue };
            let told = self.holdings.held_of(*key, fetch.log);
            let packages = fetch.hand_over(told);
            if !packages.is_empty() {
                effects.push(Effect::Ingest { peer: *key, origin: self.holdings.logs.origin(fetch.log).clone(), packages });
            }
            peer.fetch.take_if(|fetch| fetch.is_over(told));
        }
        let mut busy: BTreeSet<LogId> = self.peers.values().filter_map(|peer| peer.fetch.as_ref()).map(|fetch| fetch.log).collect();
        while let Some((key, log)) = self.next_fetch(now, &busy) {
            let Some(peer) = self.peers.get_mut(&key) else { return };
            peer.fetch = Some(Fetch::new(log, self.holdings.logs.size(log)));
            busy.insert(log);
        }
        self.ask_for_packages(now, &busy, effects);
    }

    /// Attack: a peer that gives a few entries each time, just before it is too late, keeps a log for itself. It is left where another one that
    /// has nothing else to give offers the same.
    fn leave_slow(&mut self, now: Millis) {
        let mut slow: Vec<(PublicKey, LogId)> = Vec::new();
        for (key, peer) in &mut self.peers {
            slow.extend(peer.fetch.as_mut().and_then(|fetch| fetch.is_slow(now).then_some((*key, fetch.log))));
        }
        for (key, log) in slow {
            let size = self.holdings.logs.size(log);
            let offers = |(other, peer): (&PublicKey, &Peer)| {
                *other != key
                    && peer.connected
                    && peer.fetch.is_none()
                    && peer.may_give(log, now)
                    && self.holdings.held_of(*other, log) > size
            };
            if self.peers.iter().any(offers)
                && let Some(peer) = self.peers.get_mut(&key)
            {
                peer.note_failure(log, now);
                peer.fetch_of(log).into_iter().for_each(Fetch::gone);
            }
        }
    }

    fn ask_for_packages(&mut self, now: Millis, busy: &BTreeSet<LogId>, effects: &mut Vec<Effect>) {
        let mut under_way: usize = self.peers.values().filter_map(|peer| peer.fetch.as_ref()).map(Fetch::under_way).sum();
        for (key, peer) in &mut self.peers {
            let Some(log) = peer.fetch.as_ref().map(|fetch| fetch.log) else { continue };
            // Whatever is more urgent has its turn when the packages under way are stored.
            let mut offers = self.holdings.offers(*key).take_while(|(_, offered)| *offered != log);
            let gives_way = offers.any(|(_, offered)| !busy.contains(&offered) && peer.may_give(offered, now));
            let Some(fetch) = &mut peer.fetch else { continue };
            if gives_way {
                fetch.close();
            }
            let told = self.holdings.held_of(*key, log);
            while let Some(start) = fetch.next_start(told).filter(|_| fetch.under_way() == 0 || under_way < PACKAGES_UNDER_WAY_MAX) {
                let id = self.next_id;
                self.next_id += 1;
                under_way += 1;
                fetch.ask(id, start, now + REQUEST_TIMEOUT_MS);
                effects.push(Effect::Fetch { peer: *key, id, origin: self.holdings.logs.origin(log).clone(), start });
            }
        }
    }

    /// The most urgent log that somebody idle can give and that nobody is asked for, and whom to ask.
    fn next_fetch(&self, now: Millis, busy: &BTreeSet<LogId>) -> Option<(PublicKey, LogId)> {
        let idle = self.peers.iter().filter(|(_, peer)| peer.connected && peer.fetch.is_none());
        let best = idle.filter_map(|(key, peer)| {
            let mut offers = self.holdings.offers(*key).filter(|(_, log)| !busy.contains(log) && peer.may_give(*log, now));
            let (rank, log) = offers.next()?;
            // Attack: a peer that tells of more than it gives must not be asked before those that gave.
            Some(((rank, peer.failures(log)), *key, log))
        });
        best.min_by_key(|(order, ..)| *order).map(|(_, key, log)| (key, log))
    }

    /// How far apart this node and a peer are, over the logs that are here.
    pub fn lag(&self, key: PublicKey) -> Lag {
        let (to_send, to_receive) = self.holdings.apart(key);
        let (connected, last_seen) = self.peers.get(&key).map_or((false, None), |peer| (peer.connected, peer.last_seen));
        Lag { connected, last_seen, to_send, to_receive }
    }

    /// Entries of a log that a peer is known to hold.
    pub fn held_by(&self, key: PublicKey, origin: &Origin) -> u64 {
        self.holdings.held_by(key, origin)
    }

    /// Entries of a log that each peer is known to hold; for many peers.
    pub fn held_in(&self, origin: &Origin) -> impl Fn(PublicKey) -> u64 + use<'_> {
        let log = self.holdings.logs.get(origin);
        move |peer| log.map_or(0, |log| self.holdings.held_of(peer, log))
    }

    /// The largest size of a log that any other node is known to hold.
    pub fn held_elsewhere(&self, origin: &Origin) -> u64 {
        self.holdings.held_elsewhere(origin)
    }

    /// How much of each log each peer is known to hold.
    pub fn holdings(&self) -> impl Iterator<Item = (PublicKey, &Origin, u64)> {
        self.holdings.all()
    }

    /// What of it changed since this was last asked.
    pub fn take_news(&mut self) -> Vec<(PublicKey, Origin, u64)> {
        self.holdings.take_news()
    }

    /// Peers with a standing connection.
    pub fn connected(&self) -> impl Iterator<Item = PublicKey> {
        self.peers.iter().filter(|(_, peer)| peer.connected).map(|(key, _)| *key)
    }
}

#[cfg(test)]
mod tests;
