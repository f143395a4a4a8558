//! Fetching a log from a peer: its packages are asked for ahead of one another and handed over in order.
//!
//! While some are being stored the next ones come, and all that came meanwhile are stored together: the line, the processors and the disk
//! work at one time, and a slow disk is asked once for many packages.

use super::logs::LogId;
use crate::{
    id::Millis,
    limits::{FETCH_SLOW_ENTRIES, FETCH_SLOW_MS, PACKAGE_ENTRIES_MAX, PACKAGES_AHEAD_MAX},
    log::Package,
};
use std::collections::VecDeque;

/// What became of a package that came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Came {
    /// It waits for its turn.
    Kept,
    /// Nobody asked for it, or nobody does any more.
    NotAsked,
    /// It begins elsewhere than was asked for.
    Elsewhere,
}

#[derive(Debug)]
struct Slot {
    id: u64,
    start: u64,
    deadline: Millis,
    package: Option<Package>,
}

/// What a peer is asked for of one log.
#[derive(Debug)]
pub(super) struct Fetch {
    pub(super) log: LogId,
    /// First entry that was not handed over.
    at: u64,
    /// Entries that a package of this peer is expected to have: as many as the last one.
    stride: u64,
    slots: VecDeque<Slot>,
    storing: bool,
    /// Nothing more is asked for; what came in order is stored still.
    closed: bool,
    /// Since when entries are counted, and how many came. Begins with the first question.
    counting: Option<(Millis, u64)>,
}

impl Fetch {
    pub(super) fn new(log: LogId, at: u64) -> Self {
        Self { log, at, stride: PACKAGE_ENTRIES_MAX as u64, slots: VecDeque::new(), storing: false, closed: false, counting: None }
    }

    /// Packages that were asked for or wait.
    pub(super) fn under_way(&self) -> usize {
        self.slots.len()
    }

    /// Where the package begins that is to be asked for next from a peer that holds `told` entries.
    pub(super) fn next_start(&self, told: u64) -> Option<u64> {
        let start = self.slots.back().map_or(self.at, |last| last.start.saturating_add(self.stride));
        (!self.closed && self.slots.len() < PACKAGES_AHEAD_MAX && start < told).then_some(start)
    }

    pub(super) fn ask(&mut self, id: u64, start: u64, deadline: Millis) {
        self.slots.push_back(Slot { id, start, deadline, package: None });
    }

    pub(super) fn close(&mut self) {
        self.closed = true;
    }

    pub(super) fn came(&mut self, id: u64, package: Package) -> Came {
        match self.slots.iter_mut().find(|slot| slot.id == id && slot.package.is_none()) {
            None => Came::NotAsked,
            Some(slot) if slot.start != package.start => Came::Elsewhere,
            Some(slot) => {
                if let Some((_, came)) = &mut self.counting {
                    *came += package.entries.len() as u64;
                }
                slot.package = Some(package);
                Came::Kept
            }
        }
    }

    /// The packages that are to be stored now, each beginning where the one before ends. The peer holds `told` entries.
    pub(super) fn hand_over(&mut self, told: u64) -> Vec<Package> {
        let mut packages = Vec::new();
        if self.storing {
            return packages;
        }
        while self.slots.front().is_some_and(|slot| slot.start == self.at && slot.package.is_some()) {
            if let Some(package) = self.slots.pop_front().and_then(|slot| slot.package) {
                let entries = package.entries.len() as u64;
                self.at = self.at.saturating_add(entries);
                // The last one is short because the log ends there.
                if self.at < told {
                    self.stride = entries.max(1);
                }
                packages.push(package);
            }
        }
        self.realign();
        self.storing = !packages.is_empty();
        packages
    }

    /// A package had fewer entries than was thought, or the log went on otherwise: those behind it begin in the wrong place.
    fn realign(&mut self) {
        if self.slots.front().is_some_and(|slot| slot.start != self.at) {
            self.slots.clear();
        }
    }

    /// What was handed over is stored, and the log has this size now.
    pub(super) fn stored(&mut self, size: u64) {
        self.storing = false;
        self.at = size;
        self.realign();
    }

    /// A package will not come. Whether it was one of these.
    pub(super) fn failed(&mut self, id: u64) -> bool {
        self.drop_from(|slot| slot.id == id)
    }

    /// Whether the peer brought too little since entries are counted. Asked at every tick. Time in which nothing is missing is this node's own.
    pub(super) fn is_slow(&mut self, now: Millis) -> bool {
        if !self.slots.iter().any(|slot| slot.package.is_none()) {
            self.counting = None;
            return false;
        }
        let (since, came) = *self.counting.get_or_insert((now, 0));
        if now.saturating_sub(since) < FETCH_SLOW_MS {
            return false;
        }
        self.counting = Some((now, 0));
        came < FETCH_SLOW_ENTRIES
    }

    /// Whether a package is too late.
    pub(super) fn is_late(&mut self, now: Millis) -> bool {
        self.drop_from(|slot| slot.package.is_none() && slot.deadline <= now)
    }

    fn drop_from(&mut self, is: impl Fn(&Slot) -> bool) -> bool {
        let Some(first) = self.slots.iter().position(is) else { return false };
        self.slots.truncate(first);
        self.closed = true;
        true
    }

    /// The connection is gone. What is being stored is stored all the same, and nobody else is asked for it meanwhile.
    pub(super) fn gone(&mut self) {
        self.slots.clear();
        self.closed = true;
    }

    /// Whether nothing is under way and nothing more to be asked for from a peer that holds `told` entries.
    pub(super) fn is_over(&self, told: u64) -> bool {
        !self.storing && self.slots.is_empty() && (self.closed || self.at >= told)
    }
}
