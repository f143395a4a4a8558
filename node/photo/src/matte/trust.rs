//! How far a cut can be trusted: measured along its own outline.

use super::coarse::Coarse;

/// Places within this distance of the coarse outline, in reduced pixels, decide.
const NEAR_PX: f32 = 2.0;

/// What the open pixels near the outline said.
#[derive(Debug, Default)]
pub(super) struct Trust {
    /// Counts of trust in steps of a twentieth.
    histogram: [u32; 20],
    sum: f64,
    disagreement: f64,
    count: f64,
}

impl Trust {
    /// Takes in one pixel: how far it is from the outline, what colours said, and both opinions on its alpha.
    pub(super) fn add(&mut self, from_outline: f32, trust: f32, alpha: f32, by_edge: f32) {
        if from_outline <= NEAR_PX {
            self.histogram[((trust * 20.0) as usize).min(19)] += 1;
            self.sum += f64::from(trust);
            self.disagreement += f64::from((alpha - by_edge).abs());
            self.count += 1.0;
        }
    }

    /// How far to trust the cut, 0 to 1: the factors below, each 1 where nothing speaks against the cut.
    pub(super) fn confidence(&self, coarse: &Coarse, covered: f64) -> f64 {
        if std::env::var_os("MATTE_DEBUG").is_some() {
            eprintln!(
                "mean {:.2} q10 {:.2} q20 {:.2} contra {:.3} cov {covered:.3} dec {:.2} rough {:.4} uneven {:.1}",
                self.mean(),
                self.quantile(0.1),
                self.quantile(0.2),
                coarse.contradiction,
                coarse.decided,
                coarse.wall.roughness,
                coarse.wall_unevenness
            );
        }
        // The colours of both sides differ along most of the outline, and not too little anywhere long.
        let contrast = ramp(self.mean(), 0.0, 0.75) * ramp(self.quantile(0.2), 0.0, 0.55);
        // What lies around the outline has the colours of its side.
        let agreement = ramp(coarse.contradiction, 0.14, 0.02);
        // A head has no gaps where the skull is.
        let whole = ramp(covered, 0.75, 0.95);
        // The light on a wall changes smoothly; where it does not, something stands before the plate.
        let even = if coarse.has_plate() { ramp(f64::from(coarse.wall.roughness), 0.11, 0.05) } else { 1.0 };
        contrast * agreement * whole * even * (0.4 + 0.6 * coarse.decided)
    }

    /// Mean trust along the outline.
    pub(super) fn mean(&self) -> f64 {
        if self.count > 0.0 { self.sum / self.count } else { 0.0 }
    }

    /// Trust that this share of the outline stays below.
    pub(super) fn quantile(&self, share: f64) -> f64 {
        let mut seen = 0.0;
        for (step, &count) in self.histogram.iter().enumerate() {
            seen += f64::from(count);
            if seen >= share * self.count {
                return (step as f64 + 0.5) / 20.0;
            }
        }
        0.0
    }

    /// Mean difference between the two opinions on alpha.
    pub(super) fn disagreement(&self) -> f64 {
        if self.count > 0.0 { self.disagreement / self.count } else { 0.0 }
    }
}

/// 0 at one value, 1 at the other, even between and flat beyond.
fn ramp(value: f64, none: f64, full: f64) -> f64 {
    ((value - none) / (full - none)).clamp(0.0, 1.0)
}
