//! From the coarse cut to alpha at working size, and to the person's own colours, in the open band only.
//!
//! With a known wall every pixel of the band lies on the line between the wall's colour and a colour of the person.
//! Where the two are too alike for that, alpha follows the picture's own edges (guided filter) instead.

use super::band::{Bands, Place, bands};
use super::cells::Cells;
use super::coarse::Coarse;
use super::gaps::Texture;
use super::sides::Sides;
use super::trust::Trust;
use super::{guided, plate};
use crate::image::Rgb;
use crate::locate::Head;
use crate::plane::Plane;

/// Places within this distance of the coarse outline, in reduced pixels, decide how far the cut is trusted.
const NEAR_PX: f32 = 2.0;
/// Before a busy wall a mixture of two colours explains too much.
const BUSY_BELIEF: f32 = 0.4;

/// Alpha and the person's colours at working size.
pub(super) struct Fine {
    pub(super) alpha: Plane,
    pub(super) foreground: Rgb,
    pub(super) trust: Trust,
}

/// One open pixel on its way to its alpha.
struct Open {
    x: u16,
    y: u16,
    alpha: f32,
    trust: f32,
    front: [f32; 3],
    back: [f32; 3],
}

/// Refines the coarse cut. `plate` is the empty wall at working size.
pub(super) fn refine(image: &Rgb, head: &Head, coarse: &Coarse, plate: Option<&Rgb>) -> Fine {
    let (width, height) = (image.width(), image.height());
    let cells = Cells::new(width, height, &coarse.person);
    let small_head = cells.reduced(head);
    let texture = Texture::measure(image, &cells, coarse, plate);
    let bands = bands(coarse, &small_head, &texture);
    let sides = Sides::learn(coarse, &bands, &small_head);
    let scene = Scene { image, plate, cells: &cells, sides: &sides, belief: if bands.plain { 1.0 } else { BUSY_BELIEF } };
    let noise = scene.noise(&bands);
    let mut alpha = Plane::new(width, height, 0.0);
    let mut open = Vec::with_capacity(width * height / 5);
    for y in 0..height {
        for x in 0..width {
            let cell = cells.cell(x, y);
            match bands.places[cell] {
                Place::Wall => {}
                Place::Person => alpha.values[y * width + x] = 1.0,
                Place::Band => open.push(scene.judge(x, y, cell, noise)),
            }
        }
    }
    let lines = guided::lines(coarse.person.width, coarse.person.height, coarse.small.pixels(), &reduced(coarse, &bands, &cells, &open));
    let mut foreground = image.clone();
    let mut trust = Trust::default();
    for p in &open {
        let (x, y) = (usize::from(p.x), usize::from(p.y));
        let at = y * width + x;
        let pixel = image.pixels()[at].map(f32::from);
        let by_edge = guided::apply(cells.mix(x, y, &lines), pixel);
        let a = p.trust * p.alpha + (1.0 - p.trust) * by_edge;
        alpha.values[at] = a;
        foreground.pixels_mut()[at] = std::array::from_fn(|i| {
            // What remains when the wall's share is taken off, as far as the alpha carries it (Forte and Pitié 2021).
            let own = p.front[i] + a * (pixel[i] - a * p.front[i] - (1.0 - a) * p.back[i]);
            (own.clamp(0.0, 255.0) + 0.5) as u8
        });
        let cell = cells.cell(x, y);
        if bands.from_outline[cell] <= NEAR_PX {
            trust.add(bands.is_head[cell], p.trust / scene.belief);
        }
    }
    Fine { alpha, foreground, trust }
}

/// What one pixel is judged by.
struct Scene<'a> {
    image: &'a Rgb,
    plate: Option<&'a Rgb>,
    cells: &'a Cells,
    sides: &'a Sides,
    /// How far mixtures of colours are believed at all.
    belief: f32,
}

impl Scene<'_> {
    /// The wall behind a pixel and its variance, and the person near it with its variance.
    fn both(&self, x: usize, y: usize) -> ([f32; 3], f32, [f32; 4]) {
        let [r, g, b, variance, front @ ..] = self.cells.mix(x, y, &self.sides.fields);
        match self.plate {
            None => ([r, g, b], variance, front),
            Some(plate) => {
                let wall = plate::exposed([r, g, b], plate.pixels()[y * plate.width() + x]);
                (wall, variance * (wall[0] * wall[0] + wall[1] * wall[1] + wall[2] * wall[2]) / 3.0, front)
            }
        }
    }

    fn judge(&self, x: usize, y: usize, cell: usize, noise: f32) -> Open {
        let pixel = self.image.pixels()[y * self.image.width() + x].map(f32::from);
        let (back, variance, front) = self.both(x, y);
        let judged = self.sides.judge(cell, pixel, back, variance + noise, front);
        Open { x: x as u16, y: y as u16, alpha: judged.alpha, trust: judged.trust * self.belief, front: judged.front, back }
    }

    /// Variance of single pixels around the field of the wall, over the three channels together: the camera's noise.
    fn noise(&self, bands: &Bands) -> f32 {
        let width = self.image.width();
        let mut squares: Vec<f32> = (0..self.image.pixels().len())
            .step_by(13)
            .filter(|at| bands.places[self.cells.cell(at % width, at / width)] == Place::Wall)
            .map(|at| {
                let (back, _, _) = self.both(at % width, at / width);
                let pixel = self.image.pixels()[at];
                (0..3).map(|i| (f32::from(pixel[i]) - back[i]).powi(2)).sum()
            })
            .collect();
        if squares.is_empty() {
            return 3.0;
        }
        let middle = squares.len() / 2;
        // Half of all sums of three squares of one deviation lie below 2.37 variances.
        let (_, median, _) = squares.select_nth_unstable_by(middle, f32::total_cmp);
        (*median * 3.0 / 2.366).clamp(3.0, 400.0)
    }
}

/// Alpha at reduced size, the coarse cut where colours say little.
fn reduced(coarse: &Coarse, bands: &Bands, cells: &Cells, open: &[Open]) -> Vec<f32> {
    let mut sums = vec![(0f32, 0f32); bands.places.len()];
    for p in open {
        let cell = cells.cell(usize::from(p.x), usize::from(p.y));
        let hard = f32::from(u8::from(coarse.person.values[cell] > 0.5));
        sums[cell].0 += p.trust * p.alpha + (1.0 - p.trust) * hard;
        sums[cell].1 += 1.0;
    }
    let known = |place: Place| f32::from(u8::from(place == Place::Person));
    sums.iter().zip(&bands.places).map(|(&(sum, count), &place)| if count > 0.0 { sum / count } else { known(place) }).collect()
}
