//! Splits a picture in two along its colour edges.
//!
//! Minimizes `Σ w (xᵢ − xⱼ)² + λ Σ pᵢ (1 − xᵢ)² + (1 − pᵢ) xᵢ²` over neighbouring pixels:
//! a random walker with priors (Grady), whose optimum is unique, so that small changes of a photo change the cut little.

use crate::lab::{Lab, difference_squared};

/// How much a pixel's own colour counts against its neighbours.
const PRIOR_WEIGHT: f32 = 0.03;
const OVER_RELAXATION: f32 = 1.7;

/// Edge strengths of one picture, to be used with several priors.
pub(super) struct Walker {
    width: usize,
    height: usize,
    /// Width with one column of margin on both sides, so that every pixel has four neighbours.
    stride: usize,
    right: Vec<f32>,
    below: Vec<f32>,
    /// Open pixels as places in the padded field: first the black squares of a chessboard, then the white.
    /// Neighbours are never of one colour, so that one sweep of a colour has no order.
    open: Vec<u32>,
}

impl Walker {
    /// Pixels with a seed keep their value.
    pub(super) fn new(width: usize, height: usize, colours: &[Lab], seeds: &[Option<bool>]) -> Walker {
        let stride = width + 2;
        let mut right = vec![0f32; stride * (height + 2)];
        let mut below = vec![0f32; stride * (height + 2)];
        let padded = |x: usize, y: usize| (y + 1) * stride + x + 1;
        let mut sum = 0f64;
        for y in 0..height {
            for x in 0..width {
                let here = y * width + x;
                if x + 1 < width {
                    right[padded(x, y)] = difference_squared(colours[here], colours[here + 1]);
                }
                if y + 1 < height {
                    below[padded(x, y)] = difference_squared(colours[here], colours[here + width]);
                }
                sum += f64::from(right[padded(x, y)] + below[padded(x, y)]);
            }
        }
        let count = (2 * width * height).saturating_sub(width + height).max(1);
        let sharpness = 1.0 / (2.0 * (sum / count as f64) as f32 + 2.0);
        let mut open = Vec::with_capacity(width * height);
        for parity in 0..2 {
            for y in 0..height {
                let row = (0..width).filter(|x| (x + y) % 2 == parity && seeds[y * width + x].is_none());
                open.extend(row.map(|x| padded(x, y) as u32));
            }
        }
        for y in 0..height {
            for x in 0..width {
                let here = padded(x, y);
                right[here] = if x + 1 < width { (-sharpness * right[here]).exp() + 1e-3 } else { 0.0 };
                below[here] = if y + 1 < height { (-sharpness * below[here]).exp() + 1e-3 } else { 0.0 };
            }
        }
        Walker { width, height, stride, right, below, open }
    }

    /// Improves `person` towards the optimum for the prior.
    pub(super) fn solve(&self, person: &mut [f32], prior: &[f32], sweeps: usize) {
        let stride = self.stride;
        let mut x = vec![0f32; stride * (self.height + 2)];
        let mut pull = vec![0f32; x.len()];
        for row in 0..self.height {
            let (from, to) = (row * self.width, (row + 1) * stride + 1);
            x[to..to + self.width].copy_from_slice(&person[from..from + self.width]);
            pull[to..to + self.width].copy_from_slice(&prior[from..from + self.width]);
        }
        let links: Vec<[f32; 5]> = self
            .open
            .iter()
            .map(|&at| {
                let at = at as usize;
                let [l, r, a, b] = [self.right[at - 1], self.right[at], self.below[at - stride], self.below[at]];
                let norm = 1.0 / (PRIOR_WEIGHT + l + r + a + b);
                [l * norm, r * norm, a * norm, b * norm, PRIOR_WEIGHT * norm * pull[at]]
            })
            .collect();
        for _ in 0..sweeps {
            for (&at, [l, r, a, b, own]) in self.open.iter().zip(&links) {
                let at = at as usize;
                let target = own + l * x[at - 1] + r * x[at + 1] + a * x[at - stride] + b * x[at + stride];
                x[at] += OVER_RELAXATION * (target - x[at]);
            }
        }
        for row in 0..self.height {
            let (to, from) = (row * self.width, (row + 1) * stride + 1);
            let solved = x[from..from + self.width].iter();
            person[to..to + self.width].iter_mut().zip(solved).for_each(|(v, s)| *v = s.clamp(0.0, 1.0));
        }
    }
}
