//! Plain pixel buffers and how they are resampled.

use serde::{Deserialize, Serialize};

use crate::pixels::Pixels;

/// A position in pixels from the upper left corner of the upper left pixel.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Point {
    /// To the right.
    pub x: f64,
    /// Downwards.
    pub y: f64,
}

impl Point {
    /// A point.
    pub fn new(x: f64, y: f64) -> Self {
        Self { x, y }
    }

    /// Halfway between two points.
    pub fn middle(self, other: Point) -> Point {
        Point::new((self.x + other.x) / 2.0, (self.y + other.y) / 2.0)
    }

    /// Distance to another point in pixels.
    pub fn distance(self, other: Point) -> f64 {
        (self.x - other.x).hypot(self.y - other.y)
    }

    /// Both coordinates multiplied.
    pub fn scaled(self, factor: f64) -> Point {
        Point::new(self.x * factor, self.y * factor)
    }
}

/// An sRGB picture, 8 bits per channel, row by row. Neither side is 0.
#[derive(Clone, PartialEq, Eq)]
pub struct Rgb {
    width: usize,
    height: usize,
    pixels: Pixels,
}

impl std::fmt::Debug for Rgb {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Rgb({}x{})", self.width, self.height)
    }
}

impl Rgb {
    /// A picture of one colour.
    ///
    /// Panics: when a side is 0, which no decoded picture and no checked spec has.
    pub fn filled(width: usize, height: usize, colour: [u8; 3]) -> Self {
        assert!(width > 0 && height > 0, "a picture has at least one pixel");
        Self { width, height, pixels: Pixels::Heap(vec![colour; width * height]) }
    }

    /// A picture from its pixels; `None` when their number is not width times height or is 0.
    pub fn from_pixels(width: usize, height: usize, pixels: Vec<[u8; 3]>) -> Option<Self> {
        (!pixels.is_empty() && width.checked_mul(height) == Some(pixels.len())).then_some(Self {
            width,
            height,
            pixels: Pixels::Heap(pixels),
        })
    }

    /// A black picture to be filled by a decoder.
    ///
    /// Panics: when a side is 0, which no header that was judged has.
    pub(crate) fn black(width: usize, height: usize) -> Self {
        assert!(width > 0 && height > 0, "a picture has at least one pixel");
        Self { width, height, pixels: Pixels::black(width * height) }
    }

    /// Width in pixels.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> usize {
        self.height
    }

    /// All pixels, row by row.
    pub fn pixels(&self) -> &[[u8; 3]] {
        &self.pixels
    }

    /// All pixels, row by row, to be changed.
    pub fn pixels_mut(&mut self) -> &mut [[u8; 3]] {
        &mut self.pixels
    }

    /// One pixel; positions outside are moved to the nearest edge.
    pub fn at(&self, x: isize, y: isize) -> [u8; 3] {
        let x = x.clamp(0, self.width as isize - 1) as usize;
        let y = y.clamp(0, self.height as isize - 1) as usize;
        self.pixels[y * self.width + x]
    }

    /// Bytes R, G, B, row by row.
    pub fn as_bytes(&self) -> &[u8] {
        self.pixels.as_flattened()
    }

    /// Reduced so that no side is longer than `side_px`, with the factor applied (1 when it fits already).
    pub fn reduced(&self, side_px: usize) -> (Rgb, f64) {
        let longest = self.width.max(self.height);
        if longest <= side_px {
            return (self.clone(), 1.0);
        }
        let factor = side_px as f64 / longest as f64;
        let width = ((self.width as f64 * factor).round() as usize).max(1);
        let height = ((self.height as f64 * factor).round() as usize).max(1);
        (self.area_resized(width, height), factor)
    }

    /// Resized by averaging the area that each new pixel covers; for reducing.
    pub fn area_resized(&self, width: usize, height: usize) -> Rgb {
        self.part_resized(Part { left: 0, top: 0, width: self.width, height: self.height }, width, height)
    }

    /// A part of the picture, resized by averaging the area that each new pixel covers, without a copy in between.
    pub(crate) fn part_resized(&self, part: Part, width: usize, height: usize) -> Rgb {
        let rows_each = part.height as f64 / height as f64;
        let whole = (WHOLE_FROM..=WHOLE_TO).contains(&rows_each) && part.width as f64 / width as f64 >= WHOLE_FROM;
        if whole { self.averaged::<u16>(part, width, height) } else { self.averaged::<f32>(part, width, height) }
    }

    fn averaged<S: RowSum>(&self, part: Part, width: usize, height: usize) -> Rgb {
        let columns = spans(part.width, width);
        let rows = spans(part.height, height);
        let bytes = |y: usize| {
            let start = (part.top + y) * self.width + part.left;
            self.pixels[start..start + part.width].as_flattened()
        };
        let mut pixels = Vec::with_capacity(width * height);
        // Rows are added first, in memory order; only the sums are then gathered into columns.
        // One number more, so that the last pixel too can be read as four.
        let mut line = vec![S::default(); part.width * 3 + 1];
        for row in &rows {
            line.fill(S::default());
            let mut total = 0.0;
            for (y, weight) in row.weights() {
                total += S::add(&mut line, bytes(y), weight);
            }
            let share = 1.0 / total;
            pixels.extend(columns.iter().map(|column| {
                // Four numbers at a time, of which the last belongs to the next pixel: one step of the processor instead of three.
                let mut under = line[column.first * 3..=column.last * 3 + 3].windows(4).step_by(3);
                let mut sum = [0f32; 4];
                let mut add = |quad: &[S], weight: f32| (0..4).for_each(|i| sum[i] += weight * quad[i].into());
                under.next().into_iter().for_each(|quad| add(quad, column.first_weight));
                (column.first + 1..column.last).zip(&mut under).for_each(|(_, quad)| add(quad, 1.0));
                under.next().into_iter().for_each(|quad| add(quad, column.last_weight));
                let [r, g, b, _] = sum.map(|value| rounded(value * column.share * share));
                [r, g, b]
            }));
        }
        Rgb { width, height, pixels: Pixels::Heap(pixels) }
    }
}

/// Source pixels under one new pixel, along each side, between which weights of whole sixteenths are exact enough
/// and their sums fit 16 bits: then rows are added eight values at a time.
const WHOLE_FROM: f64 = 3.0;
const WHOLE_TO: f64 = 14.0;

/// What the rows under one new row are added up in.
trait RowSum: Copy + Default + Into<f32> {
    /// Adds a row and returns the weight that it got.
    fn add(line: &mut [Self], bytes: &[u8], weight: f32) -> f32;
}

impl RowSum for f32 {
    fn add(line: &mut [f32], bytes: &[u8], weight: f32) -> f32 {
        if weight == 1.0 {
            line.iter_mut().zip(bytes).for_each(|(sum, &value)| *sum += f32::from(value));
        } else {
            line.iter_mut().zip(bytes).for_each(|(sum, &value)| *sum += weight * f32::from(value));
        }
        weight
    }
}

impl RowSum for u16 {
    fn add(line: &mut [u16], bytes: &[u8], weight: f32) -> f32 {
        // Bound: at most 16 rows of at most 16 · 255 each.
        let sixteenths = (weight * 16.0).round() as u16;
        line.iter_mut().zip(bytes).for_each(|(sum, &value)| *sum += sixteenths * u16::from(value));
        f32::from(sixteenths)
    }
}

/// A rectangle of pixels inside of a picture.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Part {
    pub(crate) left: usize,
    pub(crate) top: usize,
    pub(crate) width: usize,
    pub(crate) height: usize,
}

/// The byte nearest to a number between 0 and 255, halves upwards: added to 2¹⁵, its whole part is eight bits above the last,
/// for several numbers at once.
fn rounded(value: f32) -> u8 {
    ((value + 0.5 + 32_768.0).to_bits() >> 8) as u8
}

/// Source pixels under one new pixel: first index, weights of the first and last, all others weigh 1.
struct Span {
    first: usize,
    last: usize,
    first_weight: f32,
    last_weight: f32,
    /// One divided by all weights.
    share: f32,
}

impl Span {
    fn weights(&self) -> impl Iterator<Item = (usize, f32)> {
        (self.first..=self.last).map(|index| {
            let weight = if index == self.first {
                self.first_weight
            } else if index == self.last {
                self.last_weight
            } else {
                1.0
            };
            (index, weight)
        })
    }
}

fn spans(from: usize, to: usize) -> Vec<Span> {
    let step = from as f64 / to as f64;
    (0..to)
        .map(|index| {
            let start = index as f64 * step;
            let end = (start + step).min(from as f64);
            let first = (start.floor() as usize).min(from - 1);
            let last = ((end.ceil() as usize).max(first + 1) - 1).min(from - 1);
            let (first_weight, last_weight) =
                if first == last { (1.0, 1.0) } else { ((first as f64 + 1.0 - start) as f32, (end - last as f64) as f32) };
            let total = if first == last { first_weight } else { first_weight + last_weight + (last - first - 1) as f32 };
            Span { first, last, first_weight, last_weight, share: 1.0 / total }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    //! Averages are the plain ones.
    use super::*;

    #[test]
    fn a_reduced_pixel_is_the_mean_of_what_it_covers() {
        let noise = |i: usize| (i.wrapping_mul(2_654_435_761) >> 7) as u8;
        let image = Rgb::from_pixels(97, 131, (0..97 * 131).map(|i| [noise(i), noise(i + 7), (i % 97) as u8]).collect()).unwrap();
        for (width, height) in [(97, 131), (60, 80), (31, 41), (25, 27), (9, 11), (3, 5), (1, 1)] {
            let small = image.area_resized(width, height);
            for (x, y) in [(0, 0), (width / 2, height / 3), (width - 1, height - 1)] {
                let (mut sum, mut total) = ([0.0; 3], 0.0);
                let (from_x, to_x) = (x as f64 * 97.0 / width as f64, (x + 1) as f64 * 97.0 / width as f64);
                let (from_y, to_y) = (y as f64 * 131.0 / height as f64, (y + 1) as f64 * 131.0 / height as f64);
                for v in 0..131 {
                    for u in 0..97 {
                        let share = |at: usize, from: f64, to: f64| (to.min(at as f64 + 1.0) - from.max(at as f64)).max(0.0);
                        let weight = share(u, from_x, to_x) * share(v, from_y, to_y);
                        (0..3).for_each(|i| sum[i] += weight * f64::from(image.pixels[v * 97 + u][i]));
                        total += weight;
                    }
                }
                let found = small.pixels[y * width + x];
                (0..3).for_each(|i| {
                    assert!((f64::from(found[i]) - sum[i] / total).abs() < 1.6, "{width}x{height} {x},{y}: {found:?} {sum:?}")
                });
            }
        }
    }
}
