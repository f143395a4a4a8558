//! Controlled defects: for each check a fault that grows from nothing, on drawn people whose every point is known.
//!
//! A check is worth its place when it is silent on the clean picture and, as the fault grows, flips once and stays.

mod face;
mod paint;
mod photo_level;

use photo::{Check, Verdict};

/// Variations of the sitter on which each fault is tried.
pub const SEEDS: u32 = 8;

/// One fault, tried on every variation at every strength.
#[derive(Debug, Clone)]
pub struct Trial {
    /// The check that must see it.
    pub check: &'static str,
    /// What grows.
    pub fault: &'static str,
    /// Strengths, the weakest first; before them the clean picture is tried.
    pub strengths: Vec<f64>,
    /// For each variation whether the check objected: first on the clean picture, then at each strength.
    pub flagged: Vec<Vec<bool>>,
    /// Measured values in the same order.
    pub measured: Vec<Vec<Option<f64>>>,
}

impl Trial {
    /// Share of clean pictures to which the check objects.
    pub fn false_rejects(&self) -> f64 {
        self.share(0)
    }

    /// Share of pictures with the fault at its strongest to which the check objects.
    pub fn detected(&self) -> f64 {
        self.share(self.strengths.len())
    }

    /// Share of pictures to which the check objects at the strength of this index.
    pub fn detected_at(&self, strength: usize) -> f64 {
        self.share(strength + 1)
    }

    /// On every variation the verdict flips exactly once, and only after the clean picture.
    pub fn flips_once(&self) -> bool {
        self.flagged.iter().all(|run| !run[0] && run.windows(2).filter(|pair| pair[0] != pair[1]).count() == 1 && run[run.len() - 1])
    }

    fn share(&self, column: usize) -> f64 {
        self.flagged.iter().filter(|run| run[column]).count() as f64 / self.flagged.len().max(1) as f64
    }
}

/// Every fault on every variation: about 1,500 face assessments and 400 photos.
pub fn trials() -> Vec<Trial> {
    let mut trials = face_trials();
    trials.extend(photo_trials());
    trials
}

/// Faults of the face, which need no finished photo.
pub fn face_trials() -> Vec<Trial> {
    face::trials()
}

/// Faults of wall, clothes, frame and file, tried through the whole pipeline.
pub fn photo_trials() -> Vec<Trial> {
    photo_level::trials()
}

/// A check objects when it fails, and when an advisory bound hands it to the reviewer.
fn objects(check: &Check) -> bool {
    check.verdict == Verdict::Fail || check.code == Some("advisory")
}

/// A number between 0 and 1 that belongs to a seed and a purpose.
fn chance(seed: u32, purpose: u32) -> f64 {
    let mut state = seed.wrapping_mul(2_654_435_761).wrapping_add(purpose.wrapping_mul(40_503)).wrapping_add(12_345);
    for _ in 0..3 {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
    }
    f64::from(state) / f64::from(u32::MAX)
}
