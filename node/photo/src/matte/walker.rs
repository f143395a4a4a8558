//! Splits a picture in two along its colour edges.
//!
//! Minimizes `Σ w (xᵢ − xⱼ)² + λ Σ pᵢ (1 − xᵢ)² + (1 − pᵢ) xᵢ²` over neighbouring pixels:
//! a random walker with priors (Grady), whose optimum is unique, so that small changes of a photo change the cut little.

use crate::lab::{Lab, difference_squared};
use crate::plane::Plane;

/// How much a pixel's own colour counts against its neighbours.
const PRIOR_WEIGHT: f32 = 0.03;
const SWEEPS: usize = 70;
const OVER_RELAXATION: f32 = 1.7;

/// Edge strengths of one picture, to be used with several priors.
pub(crate) struct Walker {
    width: usize,
    height: usize,
    right: Vec<f32>,
    below: Vec<f32>,
}

impl Walker {
    pub(crate) fn new(width: usize, height: usize, colours: &[Lab]) -> Walker {
        let mut right = vec![0f32; width * height];
        let mut below = vec![0f32; width * height];
        let (mut sum, mut count) = (0f64, 0f64);
        for y in 0..height {
            for x in 0..width {
                let here = y * width + x;
                if x + 1 < width {
                    right[here] = difference_squared(colours[here], colours[here + 1]);
                    sum += f64::from(right[here]);
                    count += 1.0;
                }
                if y + 1 < height {
                    below[here] = difference_squared(colours[here], colours[here + width]);
                    sum += f64::from(below[here]);
                    count += 1.0;
                }
            }
        }
        let sharpness = 1.0 / (2.0 * (sum / f64::max(count, 1.0)) as f32 + 2.0);
        for y in 0..height {
            for x in 0..width {
                let here = y * width + x;
                right[here] = if x + 1 < width { (-sharpness * right[here]).exp() + 1e-3 } else { 0.0 };
                below[here] = if y + 1 < height { (-sharpness * below[here]).exp() + 1e-3 } else { 0.0 };
            }
        }
        Walker { width, height, right, below }
    }

    /// Solves for `x`; seeds (`Some`) stay as they are.
    pub(crate) fn solve(&self, prior: &Plane, seeds: &[Option<bool>]) -> Plane {
        let mut x = prior.clone();
        for (value, seed) in x.values.iter_mut().zip(seeds) {
            if let Some(person) = seed {
                *value = if *person { 1.0 } else { 0.0 };
            }
        }
        for sweep in 0..SWEEPS {
            // Alternating directions carry seeds across the whole picture in few sweeps.
            let forward = sweep % 2 == 0;
            for row in 0..self.height {
                let y = if forward { row } else { self.height - 1 - row };
                for column in 0..self.width {
                    let here = y * self.width + if forward { column } else { self.width - 1 - column };
                    if seeds[here].is_none() {
                        self.relax(&mut x.values, here, prior.values[here]);
                    }
                }
            }
        }
        x.map(|v| v.clamp(0.0, 1.0))
    }

    fn relax(&self, x: &mut [f32], here: usize, prior: f32) {
        let width = self.width;
        let mut weight = PRIOR_WEIGHT;
        let mut sum = PRIOR_WEIGHT * prior;
        let mut add = |w: f32, value: f32| {
            weight += w;
            sum += w * value;
        };
        // A weight of 0 stands at the right and lower edge, so indices past it are never read.
        if self.right[here] > 0.0 {
            add(self.right[here], x[here + 1]);
        }
        if self.below[here] > 0.0 {
            add(self.below[here], x[here + width]);
        }
        if here >= 1 && self.right[here - 1] > 0.0 {
            add(self.right[here - 1], x[here - 1]);
        }
        if here >= width {
            add(self.below[here - width], x[here - width]);
        }
        x[here] += OVER_RELAXATION * (sum / weight - x[here]);
    }
}
