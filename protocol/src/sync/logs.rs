//! The logs that this node knows: how far it holds each, how urgently it wants it, and which heads changed since when.
//!
//! A log is known by a small number, so that what is kept of every peer about every log is small and found without comparing names.

use super::wire::{Digest, Head, ShortHead, ShortRoot, digest};
use crate::id::Origin;
use std::collections::BTreeMap;

/// Names a log in this process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LogId(usize);

/// Counts the changes of this node's frontier.
pub(super) type Version = u64;

#[derive(Debug)]
struct Log {
    origin: Origin,
    head: Option<Head>,
    /// The change that made the head what it is.
    version: Version,
    /// Place in the list of wanted logs, the most urgent first.
    rank: Option<usize>,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Logs {
    names: BTreeMap<Origin, LogId>,
    logs: Vec<Log>,
    followed: Vec<LogId>,
    changed: BTreeMap<Version, LogId>,
    version: Version,
    digest: Option<Digest>,
}

impl Logs {
    /// Bound: called for logs that are wanted or that lie here, never for what a peer names.
    pub(super) fn intern(&mut self, origin: &Origin) -> LogId {
        if let Some(id) = self.names.get(origin) {
            return *id;
        }
        let id = LogId(self.logs.len());
        self.logs.push(Log { origin: origin.clone(), head: None, version: 0, rank: None });
        self.names.insert(origin.clone(), id);
        id
    }

    /// A log that is followed or lies here.
    pub(super) fn wanted(&self, origin: &Origin) -> Option<LogId> {
        self.names.get(origin).copied().filter(|id| self.logs[id.0].rank.is_some() || self.logs[id.0].head.is_some())
    }
    pub(super) fn get(&self, origin: &Origin) -> Option<LogId> {
        self.names.get(origin).copied()
    }
    pub(super) fn origin(&self, id: LogId) -> &Origin {
        &self.logs[id.0].origin
    }
    /// Entries that are here.
    pub(super) fn size(&self, id: LogId) -> u64 {
        self.logs[id.0].head.as_ref().map_or(0, |head| head.size)
    }
    /// Root over the entries that are here, where there are any.
    pub(super) fn root(&self, id: LogId) -> Option<ShortRoot> {
        self.logs[id.0].head.as_ref().map(|head| ShortRoot::from(&head.root))
    }
    pub(super) fn rank(&self, id: LogId) -> Option<usize> {
        self.logs[id.0].rank
    }
    /// The wanted log at a place of the list.
    pub(super) fn at_rank(&self, rank: usize) -> LogId {
        self.followed[rank]
    }

    /// Replaces the list of wanted logs. Whether one of them was not wanted before.
    pub(super) fn follow(&mut self, origins: &[Origin]) -> bool {
        let grew = origins.iter().any(|origin| self.wanted(origin).is_none());
        self.logs.iter_mut().for_each(|log| log.rank = None);
        self.followed = origins.iter().map(|origin| self.intern(origin)).collect();
        for (rank, id) in self.followed.iter().enumerate().rev() {
            self.logs[id.0].rank = Some(rank);
        }
        grew
    }

    /// Entries were stored.
    pub(super) fn advance(&mut self, id: LogId, head: Head) {
        let log = &mut self.logs[id.0];
        self.changed.remove(&log.version);
        self.version += 1;
        log.version = self.version;
        log.head = Some(head);
        self.changed.insert(self.version, id);
        self.digest = None;
    }

    pub(super) fn version(&self) -> Version {
        self.version
    }
    /// Names the whole frontier.
    pub(super) fn digest(&mut self) -> Digest {
        *self.digest.get_or_insert_with(|| digest(self.names.values().filter_map(|id| self.logs[id.0].head.as_ref())))
    }
    /// The whole frontier, sorted by origin.
    pub(super) fn heads(&self) -> impl Iterator<Item = &Head> {
        self.names.values().filter_map(|id| self.logs[id.0].head.as_ref())
    }
    /// What changed after that version, the newest first.
    pub(super) fn changed_since(&self, version: Version) -> impl Iterator<Item = ShortHead> {
        self.changed.range(version + 1..).rev().filter_map(|(_, id)| self.logs[id.0].head.as_ref()).map(ShortHead::from)
    }
}
