//! The network between offices: when a message arrives, how often, and whether at all.

use crate::rng::Rng;
use protocol::id::Millis;
use std::collections::{BTreeMap, BTreeSet};

/// What stands between offices for a while.
#[derive(Debug, Clone)]
pub(crate) enum Wall {
    /// These against all others, both ways.
    Around(BTreeSet<usize>),
    /// Nothing goes from the first to the second.
    OneWay(usize, usize),
}

impl Wall {
    fn stops(&self, from: usize, to: usize) -> bool {
        match self {
            Self::Around(inside) => inside.contains(&from) != inside.contains(&to),
            Self::OneWay(one, other) => (from, to) == (*one, *other),
        }
    }
}

/// The lines and their faults.
#[derive(Debug)]
pub(crate) struct Net {
    rng: Rng,
    /// One-way delay, milliseconds: least and most. What is drawn in between reorders messages.
    pub(crate) delay: (Millis, Millis),
    /// Messages lost, of a thousand.
    pub(crate) loss: u64,
    /// Messages that arrive twice, of a thousand.
    pub(crate) duplicates: u64,
    pub(crate) walls: BTreeMap<usize, Wall>,
}

impl Net {
    pub(crate) fn new(rng: Rng, delay: (Millis, Millis), loss: u64, duplicates: u64) -> Self {
        Self { rng, delay, loss, duplicates, walls: BTreeMap::new() }
    }
    /// Whether anything goes this way now.
    pub(crate) fn open(&self, from: usize, to: usize) -> bool {
        !self.walls.values().any(|wall| wall.stops(from, to))
    }
    /// When a message sent now arrives: never, once or twice.
    pub(crate) fn carry(&mut self, now: Millis, from: usize, to: usize) -> Vec<Millis> {
        if !self.open(from, to) || self.rng.chance(self.loss) {
            return Vec::new();
        }
        let copies = 1 + usize::from(self.rng.chance(self.duplicates));
        (0..copies).map(|_| now + self.rng.between(self.delay.0, self.delay.1 + 1)).collect()
    }
}
