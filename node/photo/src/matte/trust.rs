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

    /// How far to trust the cut, 0 to 1.
    pub(super) fn confidence(&self, coarse: &Coarse, plate: bool) -> f64 {
        #[allow(clippy::print_stderr)]
        if std::env::var_os("MATTE_DEBUG").is_some() {
            eprintln!(
                "mean {:.2} q10 {:.2} q20 {:.2} dis {:.3} contra {:.3} dec {:.2} rough {:.1} uneven {:.1} plate {plate}",
                self.mean(),
                self.quantile(0.1),
                self.quantile(0.2),
                self.disagreement(), coarse.contradiction,
                coarse.decided,
                coarse.wall.roughness,
                coarse.wall_unevenness
            );
        }
        (self.mean() / 0.75).clamp(0.0, 1.0).min(coarse.decided)
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
