//! The two colours that can be mixed in an open pixel, and the alpha that they explain best.

use super::band::{Bands, Place};
use super::boxes::box_sums;
use super::coarse::Coarse;
use super::fill::filled;
use crate::locate::Head;

/// Radius in reduced pixels over which the person's colours are averaged.
const NEAR: usize = 3;
/// Part of the face, in lengths from eye line to chin around its middle, of which skin is learnt.
const FACE_RADIUS: f64 = 0.3;
/// A colour of the face must explain a pixel by this much better (squared steps of 256) than the colours nearby.
const SKIN_PENALTY: f32 = 120.0;
/// Differences within this many deviations of the wall's noise are noise.
const NOISE_DEVIATIONS: f32 = 2.2;
/// Colours of the person that are this many deviations nearer to the wall are still all person.
const SOLID_DEVIATIONS: f32 = 1.0;

/// Colours on both sides of the outline at each place of the reduced picture.
pub(super) struct Sides {
    /// Wall and its variance, person nearby and its variance.
    pub(super) fields: Vec<[f32; 8]>,
    /// Colour of the nearest place that is person for certain.
    inner: Vec<[f32; 3]>,
    skin: [f32; 3],
}

/// What the colours say about one pixel.
pub(super) struct Judged {
    pub(super) alpha: f32,
    /// How much the colours say at all, 0 to 1.
    pub(super) trust: f32,
    /// Colour of the person here.
    pub(super) front: [f32; 3],
}

impl Sides {
    /// `head` is in pixels of the reduced picture.
    pub(super) fn learn(coarse: &Coarse, bands: &Bands, head: &Head) -> Sides {
        let (width, height) = (coarse.person.width, coarse.person.height);
        let colours: Vec<[f32; 3]> = coarse.small.pixels().iter().map(|p| p.map(f32::from)).collect();
        let own = |at: usize| bands.places[at] == Place::Person;
        let moments: Vec<[f32; 5]> = (0..colours.len())
            .map(|at| {
                let [r, g, b] = colours[at];
                if own(at) { [r, g, b, r * r + g * g + b * b, 1.0] } else { [0.0; 5] }
            })
            .collect();
        let near = box_sums(width, height, &moments, NEAR);
        let mut person = vec![[0f32; 4]; colours.len()];
        for at in (0..colours.len()).filter(|&at| own(at)) {
            let [r, g, b, square, n] = near[at];
            let mean = [r / n, g / n, b / n];
            person[at] = [mean[0], mean[1], mean[2], (square / n - mean.iter().map(|v| v * v).sum::<f32>()).max(0.0)];
        }
        let weights: Vec<f32> = (0..colours.len()).map(|at| f32::from(u8::from(own(at)))).collect();
        let person = filled(width, height, person, &weights);
        let wall = &bands.wall;
        Sides {
            fields: (0..colours.len())
                .map(|at| {
                    let ([a, b, c], [r, g, b2, v]) = (wall.values[at], person[at]);
                    [a, b, c, wall.variance[at], r, g, b2, v]
                })
                .collect(),
            inner: (0..colours.len())
                .map(|at| bands.inner[at].map_or([person[at][0], person[at][1], person[at][2]], |i| colours[i as usize]))
                .collect(),
            skin: skin(&colours, width, head),
        }
    }

    /// Finds the mixture that explains the pixel. `back` is the wall behind it with its variance.
    pub(super) fn judge(&self, cell: usize, pixel: [f32; 3], back: [f32; 3], variance: f32, front: [f32; 4]) -> Judged {
        let off = minus(pixel, back);
        let near = [front[0], front[1], front[2]];
        let mut best = Explained::by(near, off, back);
        for (colour, penalty) in [(self.inner[cell], 0.0), (self.skin, SKIN_PENALTY)] {
            let other = Explained::by(colour, off, back);
            if other.miss + penalty < best.miss {
                best = other;
            }
        }
        let length = best.length_squared.max(1.0);
        let noise = NOISE_DEVIATIONS * (variance / 3.0 / length).sqrt();
        let solid = (1.0 - SOLID_DEVIATIONS * (front[3] / 3.0 / length).sqrt()).max(0.75);
        // Shrinks noise to nothing and leaves strands as they are.
        let alpha = if best.alpha > noise { best.alpha - noise * noise / best.alpha } else { 0.0 };
        let contrast = length / (length + 6.0 * (variance + 0.5 * front[3]) + 200.0);
        Judged { alpha: (alpha / solid).min(1.0), trust: contrast / (1.0 + best.miss / (4.0 * variance + 300.0)), front: best.front }
    }
}

/// One colour of the person as an explanation of a pixel.
struct Explained {
    front: [f32; 3],
    alpha: f32,
    length_squared: f32,
    /// Squared distance that the mixture leaves.
    miss: f32,
}

impl Explained {
    fn by(front: [f32; 3], off: [f32; 3], back: [f32; 3]) -> Explained {
        let along = minus(front, back);
        let length_squared = dot(along, along);
        let raw = dot(off, along) / length_squared.max(1.0);
        let alpha = raw.clamp(0.0, 1.0);
        let rest = minus(off, along.map(|v| v * alpha));
        // Darker or lighter than the person's colour, on the far side from the wall, is still the person.
        let beyond = (raw - 1.0).max(0.0);
        Explained { front, alpha, length_squared, miss: (dot(rest, rest) - 0.8 * beyond * beyond * length_squared).max(0.0) }
    }
}

fn skin(colours: &[[f32; 3]], width: usize, head: &Head) -> [f32; 3] {
    let unit = head.chin_px();
    let middle = head.frame().point(0.0, 0.35 * unit);
    let (mut sum, mut count) = ([0f32; 3], 1e-6);
    for (at, colour) in colours.iter().enumerate() {
        let place = crate::image::Point::new((at % width) as f64 + 0.5, (at / width) as f64 + 0.5);
        if place.distance(middle) < FACE_RADIUS * unit {
            (0..3).for_each(|i| sum[i] += colour[i]);
            count += 1.0;
        }
    }
    sum.map(|v| v / count)
}

fn minus(a: [f32; 3], b: [f32; 3]) -> [f32; 3] {
    [a[0] - b[0], a[1] - b[1], a[2] - b[2]]
}

fn dot(a: [f32; 3], b: [f32; 3]) -> f32 {
    a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}
