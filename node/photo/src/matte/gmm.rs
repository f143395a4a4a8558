//! A mixture of Gaussians in CIELAB: what colours the wall has, or the person.

use crate::lab::{Lab, difference_squared};

const COMPONENTS: usize = 6;
/// More samples than this tell nothing new.
const MOST_SAMPLES: usize = 1_500;
const ROUNDS: usize = 6;
/// Squared deviations from a mean at which its colours end.
const FARTHEST: f32 = 50.0;
/// Variance added to each axis, so that a perfectly flat wall still tolerates sensor noise and JPEG blocks.
const NOISE_VARIANCE: f32 = 6.0;

struct Component {
    weight: f32,
    mean: Lab,
    /// Inverse of the covariance, upper triangle by rows.
    inverse: [f32; 6],
    /// Density at the mean.
    peak: f32,
}

/// A colour model.
pub(super) struct Mixture {
    components: Vec<Component>,
}

impl Mixture {
    /// Fits the samples; deterministic, because the same photo must always give the same cut.
    pub(super) fn fit(samples: &[Lab]) -> Mixture {
        let stride = samples.len().div_ceil(MOST_SAMPLES).max(1);
        let samples: Vec<Lab> = samples.iter().step_by(stride).copied().collect();
        let samples = samples.as_slice();
        let mut centres = first_centres(samples);
        let mut owner = vec![0usize; samples.len()];
        for _ in 0..ROUNDS {
            for (slot, &sample) in owner.iter_mut().zip(samples) {
                *slot = nearest(&centres, sample).0;
            }
            let mut sums = vec![([0f32; 3], 0f32); centres.len()];
            for (&slot, sample) in owner.iter().zip(samples) {
                (0..3).for_each(|i| sums[slot].0[i] += sample[i]);
                sums[slot].1 += 1.0;
            }
            for (centre, (sum, count)) in centres.iter_mut().zip(&sums) {
                if *count > 0.0 {
                    *centre = sum.map(|v| v / count);
                }
            }
        }
        let components = (0..centres.len())
            .filter_map(|slot| {
                let own: Vec<Lab> = samples.iter().zip(&owner).filter(|(_, o)| **o == slot).map(|(s, _)| *s).collect();
                (own.len() >= 8 || centres.len() == 1)
                    .then(|| component(&own, centres[slot], own.len() as f32 / samples.len().max(1) as f32))
            })
            .collect();
        Mixture { components }
    }

    /// Probability density of a colour.
    pub(super) fn density(&self, colour: Lab) -> f32 {
        self.components
            .iter()
            .map(|part| {
                let [x, y, z] = [0, 1, 2].map(|i| colour[i] - part.mean[i]);
                let [a, b, c, d, e, f] = part.inverse;
                let distance = a * x * x + d * y * y + f * z * z + 2.0 * (b * x * y + c * x * z + e * y * z);
                // Farther than this the density is nothing beside that of any colour.
                if distance > FARTHEST { 0.0 } else { part.weight * part.peak * (-0.5 * distance).exp() }
            })
            .sum()
    }
}

/// Farthest-point starts: the first at the mean, each next one where the samples are worst described.
fn first_centres(samples: &[Lab]) -> Vec<Lab> {
    let count = samples.len().max(1) as f32;
    let mut mean = [0f32; 3];
    for sample in samples {
        (0..3).for_each(|i| mean[i] += sample[i] / count);
    }
    let mut centres = vec![mean];
    let stride = (samples.len() / 2_000).max(1);
    while centres.len() < COMPONENTS {
        // A high percentile instead of the maximum: one hot pixel is not a colour of the wall.
        let mut distances: Vec<(f32, Lab)> = samples.iter().step_by(stride).map(|&sample| (nearest(&centres, sample).1, sample)).collect();
        distances.sort_by(|a, b| a.0.total_cmp(&b.0));
        match distances.get(distances.len() * 97 / 100) {
            Some((distance, sample)) if *distance > 9.0 => centres.push(*sample),
            _ => break,
        }
    }
    centres
}

fn nearest(centres: &[Lab], colour: Lab) -> (usize, f32) {
    let mut best = (0, f32::MAX);
    for (slot, &centre) in centres.iter().enumerate() {
        let distance = difference_squared(centre, colour);
        if distance < best.1 {
            best = (slot, distance);
        }
    }
    best
}

fn component(samples: &[Lab], mean: Lab, weight: f32) -> Component {
    let mut c = [0f32; 6];
    for sample in samples {
        let [x, y, z] = [0, 1, 2].map(|i| sample[i] - mean[i]);
        for (sum, value) in c.iter_mut().zip([x * x, x * y, x * z, y * y, y * z, z * z]) {
            *sum += value;
        }
    }
    let count = samples.len().max(1) as f32;
    let [xx, xy, xz, yy, yz, zz] = c.map(|v| v / count);
    let (xx, yy, zz) = (xx + NOISE_VARIANCE, yy + NOISE_VARIANCE, zz + NOISE_VARIANCE);
    let minor = [yy * zz - yz * yz, xz * yz - xy * zz, xy * yz - xz * yy];
    let determinant = (xx * minor[0] + xy * minor[1] + xz * minor[2]).max(1e-3);
    let inverse = [minor[0], minor[1], minor[2], xx * zz - xz * xz, xy * xz - xx * yz, xx * yy - xy * xy].map(|v| v / determinant);
    let peak = 1.0 / ((2.0 * std::f32::consts::PI).powi(3) * determinant).sqrt();
    Component { weight, mean, inverse, peak }
}
