//! What happens in a run: drawn from a seed, or written down by a scenario. The same plan gives the same run.

use crate::{liar::Lie, rng::Rng};
use protocol::id::Millis;

/// Milliseconds of virtual time within which all honest offices must hold all honest logs once everything that stood between them is gone.
///
/// A lost question costs its time-out of 20 s and a lost announcement one round of anti-entropy of 15 s; with 15 % of messages lost either way
/// and packages of one entry a catch-up of thirty entries takes minutes.
pub const HEAL_BOUND_MS: Millis = 900_000;

/// A run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Names the run.
    pub seed: u64,
    /// Offices, the province's own among them.
    pub offices: usize,
    /// Peers that each office is connected to; as many as there are for a full mesh.
    pub links: usize,
    /// How long things are done and go wrong, milliseconds.
    pub active_ms: Millis,
    /// Deeds of clerks and of the province in that time.
    pub deeds: usize,
    /// One-way delay, milliseconds: least and most.
    pub delay_ms: (Millis, Millis),
    /// Messages lost, of a thousand.
    pub loss: u64,
    /// Messages that arrive twice, of a thousand.
    pub duplicates: u64,
    /// Partitions, one-way links: how many of each.
    pub walls: (usize, usize),
    /// Begin and end of a wall around one half, where it is not left to chance.
    pub partition: Option<(Millis, Millis)>,
    /// Times that the power goes at some office.
    pub crashes: usize,
    /// Times that some clock is set, to anything from 1970 to years ahead.
    pub clocks: usize,
    /// Who lies, and how. Never office 0, which writes the province's log.
    pub liars: Vec<(usize, Lie)>,
    /// Role changes, revocations and spec publications by the province, of a thousand deeds.
    pub province_permille: u64,
    /// Whether an office may be revoked.
    pub revokes: bool,
    /// Entries per package; small ones make long catch-ups out of short logs.
    pub package_entries: usize,
    /// Offices that get a new key and the next epoch.
    pub rotations: usize,
    /// Disks that are copied, and put back later.
    pub restores: usize,
    /// Whether every message goes through its frame and back.
    pub frames: bool,
    /// Whether checkpoints are gossiped.
    pub gossip: bool,
    /// Blobs that some office makes and another one needs.
    pub blobs: usize,
    /// How long the run goes on after it converged, so that forks are narrowed and cosignatures told.
    pub settle_ms: Millis,
}

impl Plan {
    /// A run in which anything may happen.
    pub fn random(seed: u64, offices: usize) -> Self {
        let mut rng = Rng::new(seed ^ 0x5eed_0f0f_f1ce);
        let delay = rng.between(1, 400);
        // Every other liar is a stolen machine.
        let drawn = |rng: &mut Rng| Lie::ALL.get(rng.below(2 * Lie::ALL.len() - 2)).copied().unwrap_or(Lie::Forges);
        let lies = (0..rng.between(0, 3)).map(|_| (1 + rng.below(offices - 1), drawn(&mut rng))).collect::<Vec<_>>();
        let mut liars: Vec<(usize, Lie)> = Vec::new();
        for (office, lie) in lies {
            // At least three stay honest, the province among them.
            if offices > liars.len() + 3 && liars.iter().all(|(known, _)| *known != office) {
                liars.push((office, lie));
            }
        }
        Self {
            seed,
            offices,
            links: offices,
            active_ms: rng.between(120_000, 600_000),
            deeds: rng.between(20, 90) as usize,
            delay_ms: (delay, delay + rng.between(0, 2_000)),
            loss: rng.between(0, 150),
            duplicates: rng.between(0, 100),
            walls: (rng.below(4), rng.below(3)),
            partition: None,
            crashes: rng.below(5),
            clocks: rng.below(5),
            liars,
            province_permille: 80,
            revokes: rng.chance(300),
            package_entries: [1, 2, 3, 5, 256][rng.below(5)],
            rotations: rng.below(3),
            restores: 0,
            frames: true,
            gossip: rng.chance(500),
            blobs: rng.below(4),
            settle_ms: 60_000,
        }
    }

    /// A run of which nothing goes wrong, for scenarios to add to.
    pub fn calm(seed: u64, offices: usize) -> Self {
        Self {
            links: offices,
            active_ms: 120_000,
            deeds: 0,
            delay_ms: (20, 80),
            loss: 0,
            duplicates: 0,
            walls: (0, 0),
            partition: None,
            crashes: 0,
            clocks: 0,
            liars: Vec::new(),
            province_permille: 0,
            revokes: false,
            package_entries: 256,
            gossip: false,
            blobs: 0,
            rotations: 0,
            restores: 0,
            ..Self::random(seed, offices)
        }
    }

    /// The run whose convergence is published: 100 ms round trip, 1 % of messages lost, and one half cut off for ten minutes.
    pub fn measured(seed: u64, offices: usize, links: usize) -> Self {
        let minute = 60_000;
        Self {
            links,
            active_ms: 20 * minute,
            deeds: 120,
            delay_ms: (50, 50),
            loss: 10,
            partition: Some((5 * minute, 15 * minute)),
            settle_ms: 0,
            ..Self::calm(seed, offices)
        }
    }

    /// The command that runs this seed again.
    pub fn command(&self) -> String {
        format!("cargo xtask sim --seeds 1 --offices {} --seed {}", self.offices, self.seed)
    }
}
