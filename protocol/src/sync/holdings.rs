//! How much of each log each peer is known to hold, and so what it can give and what it lacks.
//!
//! What is asked at every event – who can give what, how far apart two nodes are – is kept as a running result: an event costs what it
//! changes, and not logs × peers.

use super::{
    logs::{LogId, Logs},
    wire::{Head, ShortHead, ShortRoot},
};
use crate::{
    id::{Origin, PublicKey},
    limits::FRONTIER_LOGS_MAX,
};
use std::collections::{BTreeMap, BTreeSet};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Told {
    size: u64,
    /// Unknown for what was remembered from before a start.
    root: Option<ShortRoot>,
}

/// What is known of one peer.
#[derive(Debug, Default)]
struct Held {
    told: BTreeMap<LogId, Told>,
    /// Places in the list of wanted logs of which the peer told more than is here.
    offers: BTreeSet<usize>,
    /// Logs of which it told as many entries as are here, under another root.
    diverged: BTreeSet<LogId>,
    /// Sum of what both hold, over all logs. Attack: a peer may tell of any size, and a sum of two of them overflows 64 bits.
    shared: u128,
    /// Sum of what it told of wanted logs beyond what is here.
    beyond: u128,
    /// Logs that it need not hold, ascending. It lacks nothing of one of which it told nothing.
    spared: Vec<LogId>,
}

impl Held {
    /// Adds what was told of a log to the running results, or takes it out of them.
    fn count(&mut self, id: LogId, logs: &Logs, add: bool) {
        let (told, here) = (self.told.get(&id).copied(), logs.size(id));
        if told.is_none_or(|told| told.size == 0) && self.spared.binary_search(&id).is_ok() {
            let here = u128::from(here);
            if add {
                self.shared += here
            } else {
                self.shared -= here
            }
            return;
        }
        let Some(told) = told else { return };
        let diverged = told.size == here && here > 0 && told.root.is_some() && told.root != logs.root(id);
        let held = if diverged { 0 } else { told.size };
        let shared = u128::from(held.min(here));
        let beyond = logs.rank(id).map_or(0, |_| u128::from(held.saturating_sub(here)));
        let offers = logs.rank(id).filter(|_| held > here);
        if add {
            self.shared += shared;
            self.beyond += beyond;
            self.offers.extend(offers);
            if diverged {
                self.diverged.insert(id);
            }
        } else {
            self.shared -= shared;
            self.beyond -= beyond;
            offers.map(|rank| self.offers.remove(&rank));
            self.diverged.remove(&id);
        }
    }

    fn count_all(&mut self, logs: &Logs, add: bool) {
        let ids: BTreeSet<LogId> = self.told.keys().chain(&self.spared).copied().collect();
        ids.into_iter().for_each(|id| self.count(id, logs, add));
    }

    fn size(&self, id: LogId) -> u64 {
        if self.diverged.contains(&id) { 0 } else { self.told.get(&id).map_or(0, |told| told.size) }
    }
}

/// The logs here and what peers hold of them.
#[derive(Debug, Default)]
pub(super) struct Holdings {
    pub(super) logs: Logs,
    entries: u128,
    peers: BTreeMap<PublicKey, Held>,
    /// What changed since it was last asked for.
    news: BTreeSet<(PublicKey, LogId)>,
}

impl Holdings {
    pub(super) fn remember(&mut self, peer: PublicKey, origin: &Origin, size: u64) {
        let id = self.logs.intern(origin);
        self.put(peer, id, Told { size, root: None });
        self.news.remove(&(peer, id));
    }

    /// Replaces the list of logs that a peer need not hold. Those that are neither wanted nor here say nothing about it.
    pub(super) fn spare(&mut self, peer: PublicKey, origins: &[Origin]) {
        let spared: BTreeSet<LogId> = origins.iter().filter_map(|origin| self.logs.wanted(origin)).collect();
        let held = self.peers.entry(peer).or_default();
        held.count_all(&self.logs, false);
        held.spared = spared.into_iter().collect();
        held.count_all(&self.logs, true);
    }

    /// Replaces the list of wanted logs. Whether one of them was not wanted before.
    pub(super) fn follow(&mut self, origins: &[Origin]) -> bool {
        self.peers.values_mut().for_each(|held| held.count_all(&self.logs, false));
        let grew = self.logs.follow(origins);
        self.peers.values_mut().for_each(|held| held.count_all(&self.logs, true));
        grew
    }

    /// Entries were stored here. Whether they are news.
    pub(super) fn advance(&mut self, head: Head) -> bool {
        let id = self.logs.intern(&head.origin);
        let before = self.logs.size(id);
        if self.logs.root(id).is_some() && head.size <= before {
            return false;
        }
        self.entries += u128::from(head.size - before);
        self.peers.values_mut().for_each(|held| held.count(id, &self.logs, false));
        self.logs.advance(id, head);
        self.peers.values_mut().for_each(|held| held.count(id, &self.logs, true));
        true
    }

    /// A peer told of logs, of all that it holds where `whole`.
    pub(super) fn hear(&mut self, peer: PublicKey, heads: impl Iterator<Item = ShortHead>, whole: bool) {
        let mut unnamed: BTreeSet<LogId> = match self.peers.get(&peer) {
            Some(held) if whole => held.told.keys().copied().collect(),
            _ => BTreeSet::new(),
        };
        for head in heads.take(FRONTIER_LOGS_MAX) {
            // Bound: only logs that are wanted or here are remembered, so a peer cannot fill the memory with names.
            if let Some(id) = self.logs.wanted(&head.origin) {
                unnamed.remove(&id);
                // Sizes only grow, except for a peer that was restored from a backup: then its word is newer than our memory.
                self.put(peer, id, Told { size: head.size, root: Some(head.root) });
            }
        }
        unnamed.into_iter().for_each(|id| self.put(peer, id, Told { size: 0, root: None }));
    }

    /// A peer holds exactly what is here.
    pub(super) fn hear_same(&mut self, peer: PublicKey) {
        let heads: Vec<ShortHead> = self.logs.heads().map(ShortHead::from).collect();
        self.hear(peer, heads.into_iter(), true);
    }

    fn put(&mut self, peer: PublicKey, id: LogId, told: Told) {
        let held = self.peers.entry(peer).or_default();
        held.count(id, &self.logs, false);
        let before = held.told.insert(id, told).map_or(0, |before| before.size);
        held.count(id, &self.logs, true);
        if before != told.size {
            self.news.insert((peer, id));
        }
    }

    /// Logs of which a peer told another root than is here.
    pub(super) fn diverged(&self, peer: PublicKey) -> impl Iterator<Item = &Origin> {
        self.peers.get(&peer).into_iter().flat_map(|held| &held.diverged).map(|id| self.logs.origin(*id))
    }
    pub(super) fn is_diverged(&self, peer: PublicKey, origin: &Origin) -> bool {
        self.peers.get(&peer).zip(self.logs.get(origin)).is_some_and(|(held, id)| held.diverged.contains(&id))
    }
    /// What a peer can give that is wanted, the most urgent first, with its place in the list.
    pub(super) fn offers(&self, peer: PublicKey) -> impl Iterator<Item = (usize, LogId)> {
        self.peers.get(&peer).into_iter().flat_map(|held| &held.offers).map(|rank| (*rank, self.logs.at_rank(*rank)))
    }
    /// Entries here that a peer is not known to hold, and entries that it told of and that are not here.
    pub(super) fn apart(&self, peer: PublicKey) -> (u64, u64) {
        let (shared, beyond) = self.peers.get(&peer).map_or((0, 0), |held| (held.shared, held.beyond));
        let cut = |sum: u128| u64::try_from(sum).unwrap_or(u64::MAX);
        (cut(self.entries - shared), cut(beyond))
    }
    pub(super) fn held_by(&self, peer: PublicKey, origin: &Origin) -> u64 {
        self.logs.get(origin).and_then(|id| Some(self.peers.get(&peer)?.size(id))).unwrap_or(0)
    }
    pub(super) fn held_of(&self, peer: PublicKey, log: LogId) -> u64 {
        self.peers.get(&peer).map_or(0, |held| held.size(log))
    }
    pub(super) fn held_elsewhere(&self, origin: &Origin) -> u64 {
        self.logs.get(origin).map_or(0, |id| self.peers.values().map(|held| held.size(id)).max().unwrap_or(0))
    }
    pub(super) fn all(&self) -> impl Iterator<Item = (PublicKey, &Origin, u64)> {
        self.peers.iter().flat_map(|(key, held)| held.told.iter().map(|(id, told)| (*key, self.logs.origin(*id), told.size)))
    }
    pub(super) fn take_news(&mut self) -> Vec<(PublicKey, Origin, u64)> {
        let news = std::mem::take(&mut self.news);
        let size = |peer, id| self.peers.get(peer).and_then(|held| held.told.get(id)).map_or(0, |told| told.size);
        news.iter().map(|(peer, id)| (*peer, self.logs.origin(*id).clone(), size(peer, id))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::RecordHash;
    use proptest::prelude::*;

    fn origin(log: usize) -> Origin {
        format!("x/office/{log:08}/1").parse().unwrap()
    }
    fn head(log: usize, size: u64, root: u8) -> Head {
        Head { origin: origin(log), size, root: RecordHash([root; 32]) }
    }

    #[derive(Debug, Clone)]
    enum Step {
        Follow(Vec<usize>),
        Advance(usize, u64, u8),
        Hear(u8, Vec<(usize, u64, u8)>, bool),
        Same(u8),
        Spare(u8, Vec<usize>),
    }

    fn step() -> impl Strategy<Value = Step> {
        let size = || prop_oneof![0_u64..5, Just(u64::MAX)];
        prop_oneof![
            prop::collection::vec(0_usize..6, 0..6).prop_map(Step::Follow),
            (0_usize..6, 1_u64..6, 0_u8..2).prop_map(|(log, size, root)| Step::Advance(log, size, root)),
            (0_u8..3, prop::collection::vec((0_usize..8, size(), 0_u8..2), 0..5), any::<bool>())
                .prop_map(|(peer, heads, whole)| Step::Hear(peer, heads, whole)),
            (0_u8..3).prop_map(Step::Same),
            (0_u8..3, prop::collection::vec(0_usize..6, 0..4)).prop_map(|(peer, logs)| Step::Spare(peer, logs)),
        ]
    }

    proptest! {
        /// The running results are what counting everything anew would give.
        #[test]
        fn nothing_is_counted_twice_or_forgotten(steps in prop::collection::vec(step(), 1..40)) {
            let mut holdings = Holdings::default();
            for step in steps {
                match step {
                    Step::Follow(logs) => _ = holdings.follow(&logs.into_iter().map(origin).collect::<Vec<_>>()),
                    Step::Advance(log, size, root) => _ = holdings.advance(head(log, size, root)),
                    Step::Hear(peer, heads, whole) => {
                        let heads = heads.into_iter().map(|(log, size, root)| ShortHead::from(&head(log, size, root)));
                        holdings.hear(PublicKey([peer; 32]), heads, whole);
                    }
                    Step::Same(peer) => holdings.hear_same(PublicKey([peer; 32])),
                    Step::Spare(peer, logs) => {
                        let logs: Vec<Origin> = logs.into_iter().map(origin).collect();
                        holdings.spare(PublicKey([peer; 32]), &logs);
                    }
                }
                let logs = &holdings.logs;
                for (key, held) in &holdings.peers {
                    let all = (0..6).filter_map(|log| logs.get(&origin(log)));
                    let (mut to_send, mut to_receive, mut offers) = (0_u64, 0_u64, BTreeSet::new());
                    for id in all {
                        let told = held.told.get(&id);
                        let diverged = told.is_some_and(|told| told.size == logs.size(id) && told.size > 0 && told.root.is_some() && told.root != logs.root(id));
                        prop_assert_eq!(held.diverged.contains(&id), diverged);
                        let size = told.map_or(0, |told| if diverged { 0 } else { told.size });
                        let spared = size == 0 && !diverged && held.spared.contains(&id);
                        to_send = to_send.saturating_add(if spared { 0 } else { logs.size(id).saturating_sub(size) });
                        if let Some(rank) = logs.rank(id) {
                            to_receive = to_receive.saturating_add(size.saturating_sub(logs.size(id)));
                            offers.extend((size > logs.size(id)).then_some(rank));
                        }
                    }
                    prop_assert_eq!(holdings.apart(*key), (to_send, to_receive));
                    prop_assert_eq!(&held.offers, &offers);
                }
            }
        }
    }
}
