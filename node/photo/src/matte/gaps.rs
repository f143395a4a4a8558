//! Wall that is seen between strands and in the shadow of the person: learnt a second time, close to the outline.
//!
//! A shadow is smooth and keeps the wall's hue; hair before the wall is neither. So a place that is no rougher
//! than the camera's noise and only darker than the wall is wall.

use super::cells::Cells;
use super::coarse::Coarse;
use super::holes::flood;
use super::wall::WallField;
use crate::image::Rgb;

/// Roughness of a place, against the usual one of the wall, up to which nothing but noise is in it.
const SMOOTH: f32 = 1.6;
/// Above this many times the usual roughness there is something before the wall.
const ROUGH: f32 = 2.6;
/// How dark a shadow may be, how much lighter a place may be, and how far the channels may part.
const SHADES: std::ops::RangeInclusive<f32> = 0.55..=1.06;
const OTHER_HUE: f32 = 0.035;
/// Nearer to the outline than this, in reduced pixels, no place is taken for wall.
const NEAREST_PX: f32 = 1.8;

/// Texture of every place of the reduced picture.
pub(super) struct Texture {
    roughness: Vec<f32>,
    /// Usual roughness of the wall alone.
    usual: f32,
}

impl Texture {
    /// Mean squared step between neighbouring pixels of the green channel, with a clean plate taken off.
    pub(super) fn measure(image: &Rgb, cells: &Cells, coarse: &Coarse, plate: Option<&Rgb>) -> Texture {
        let (width, height) = (image.width(), image.height());
        let mut sums = vec![(0f32, 0f32); coarse.person.values.len()];
        let mut line = vec![0f32; width];
        let mut above = vec![0f32; width];
        for y in 0..height {
            let row = &image.pixels()[y * width..(y + 1) * width];
            match plate {
                None => line.iter_mut().zip(row).for_each(|(v, pixel)| *v = f32::from(pixel[1])),
                Some(plate) => {
                    let wall = &plate.pixels()[y * width..(y + 1) * width];
                    for x in 0..width {
                        line[x] = f32::from(row[x][1]) - coarse.wall.values[cells.cell(x, y)][1] * f32::from(wall[x][1]);
                    }
                }
            }
            if y > 0 {
                for x in 1..width {
                    let (across, down) = (line[x] - line[x - 1], line[x] - above[x]);
                    let sum = &mut sums[cells.cell(x, y)];
                    sum.0 += across * across + down * down;
                    sum.1 += 1.0;
                }
            }
            std::mem::swap(&mut line, &mut above);
        }
        let roughness: Vec<f32> = sums.iter().map(|(sum, count)| sum / count.max(1.0)).collect();
        let mut wall: Vec<f32> = roughness.iter().zip(&coarse.wall_alone).filter(|(_, alone)| **alone).map(|(r, _)| *r).collect();
        let middle = wall.len() / 2;
        let usual = if wall.is_empty() { f32::MAX } else { *wall.select_nth_unstable_by(middle, f32::total_cmp).1 };
        Texture { roughness, usual: usual + 1.5 }
    }

    /// Whether something stands before the wall here.
    pub(super) fn is_rough(&self, at: usize) -> bool {
        self.roughness[at] > ROUGH * self.usual
    }

    fn is_smooth(&self, at: usize) -> bool {
        self.roughness[at] < SMOOTH * self.usual
    }
}

/// Fits the wall again, now also where it is seen near the person. `to_person` is in reduced pixels.
pub(super) fn wall_again(coarse: &Coarse, texture: &Texture, to_person: &[f32]) -> WallField {
    let (width, height) = (coarse.person.width, coarse.person.height);
    let wall_like = |at: usize| {
        let shade: [f32; 3] = coarse.shade(at);
        let mean = (shade[0] + shade[1] + shade[2]) / 3.0;
        SHADES.contains(&mean) && shade.iter().all(|s| (s - mean).abs() < OTHER_HUE)
    };
    let open = |at: usize| coarse.wall_alone[at] || (to_person[at] > NEAREST_PX && texture.is_smooth(at) && wall_like(at));
    let starts = (0..coarse.wall_alone.len()).filter(|&at| coarse.wall_alone[at]);
    let known = flood(width, height, starts, open);
    WallField::fit(width, height, &coarse.samples, &known)
}
