//! How far a cut can be trusted: measured along its own outline.

use super::coarse::Coarse;

/// Steps in which trust is counted.
const STEPS: usize = 20;

/// What the open pixels near one part of the outline said.
#[derive(Debug, Default)]
struct Part {
    histogram: [u32; STEPS],
    sum: f64,
    count: f64,
}

impl Part {
    fn add(&mut self, trust: f32) {
        self.histogram[((trust * STEPS as f32) as usize).min(STEPS - 1)] += 1;
        self.sum += f64::from(trust);
        self.count += 1.0;
    }

    fn mean(&self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { 0.0 }
    }

    /// Trust that this share of the outline stays below.
    fn quantile(&self, share: f64) -> f64 {
        let mut seen = 0.0;
        for (step, &count) in self.histogram.iter().enumerate() {
            seen += f64::from(count);
            if count > 0 && seen >= share * self.count {
                return (step as f64 + 0.5) / STEPS as f64;
            }
        }
        0.0
    }
}

/// What colours said along the outline.
#[derive(Debug, Default)]
pub(super) struct Trust {
    head: Part,
    body: Part,
}

impl Trust {
    /// Takes in one pixel near the outline: how much its colours say, 0 to 1.
    pub(super) fn add(&mut self, is_head: bool, trust: f32) {
        if is_head { self.head.add(trust) } else { self.body.add(trust) }
    }

    /// How far to trust the cut, 0 to 1: the factors below, each 1 where nothing speaks against the cut.
    ///
    /// `covered` is the share of the skull that the cut leaves to the person.
    pub(super) fn confidence(&self, coarse: &Coarse, covered: f64) -> f64 {
        // The colours of both sides differ along most of the head's outline, and nowhere long too little.
        // Clothes have smooth outlines, which are found with less.
        let contrast = ramp(self.head.mean(), 0.0, 0.75) * ramp(self.head.quantile(0.2), 0.0, 0.45) * ramp(self.body.mean(), 0.0, 0.4);
        // What lies around the outline has the colours of its side.
        let agreement = ramp(coarse.contradiction, 0.14, 0.02);
        // A head has no gaps where the skull is.
        let whole = ramp(covered, 0.75, 0.95);
        // The light on a wall changes smoothly; where it does not, something stands before the plate.
        let even = if coarse.has_plate() { ramp(f64::from(coarse.wall.roughness), 0.11, 0.05) } else { 1.0 };
        contrast * agreement * whole * even * (0.4 + 0.6 * coarse.decided)
    }
}

/// 0 at one value, 1 at the other, even between and flat beyond.
fn ramp(value: f64, none: f64, full: f64) -> f64 {
    ((value - none) / (full - none)).clamp(0.0, 1.0)
}
