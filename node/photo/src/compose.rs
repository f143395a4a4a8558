//! Draws the finished photo: one resampling from the working picture, and the wall of the spec behind the person.

use specs::{Rgb as Colour, Spec};

use crate::crop::Cropped;
use crate::image::{Point, Rgb};
use crate::matte::Matted;
use crate::operation::Operation;
use crate::wanted::Wanted;

/// The finished pixels.
#[derive(Debug, Clone)]
pub struct Composed<'a> {
    /// What it was made from.
    pub cropped: Cropped<'a>,
    /// The finished photo.
    pub image: Rgb,
    /// How much of each finished pixel is person.
    pub person: crate::plane::Plane,
    /// Length along which the original ends in the middle of the person, as a share of the finished height.
    pub body_cut_share: f64,
    /// Backgrounds that the photo may have; a replaced wall has become the first.
    pub backgrounds: Vec<Colour>,
    /// What was done here.
    pub operations: Vec<Operation>,
}

/// Draws the photo in the size of the spec.
pub fn compose<'a>(cropped: Cropped<'a>, wanted: &Wanted) -> Composed<'a> {
    let spec = wanted.spec();
    let (width, height) = (spec.width_px() as usize, spec.height_px() as usize);
    let background = wanted.backgrounds()[0];
    let replace = cropped.replaces_background;
    let mut sampler = Sampler::new(cropped.matted, replace, cropped.placement.scale);
    let mut pixels = Vec::with_capacity(width * height);
    let mut person = crate::plane::Plane::new(width, height, 0.0);
    for y in 0..height {
        for x in 0..width {
            let original = cropped.placement.original(Point::new(x as f64 + 0.5, y as f64 + 0.5));
            let working = cropped.matted.window.inward(original);
            let [r, g, b, alpha] = sampler.at(working);
            let (colour, alpha) = ([r, g, b], alpha.clamp(0.0, 1.0));
            person.values[y * width + x] = if replace { alpha } else { cropped.matted.alpha.sample(working.x, working.y) };
            let wall = if replace { 1.0 - alpha } else { 0.0 };
            pixels.push(std::array::from_fn(|i| (colour[i] + wall * f32::from(background[i]) + 0.5).clamp(0.0, 255.0) as u8));
        }
    }
    let image = Rgb::from_pixels(width, height, pixels).expect("a checked spec has at least one pixel");
    let mut operations = Vec::new();
    let missing = cropped.missing;
    if replace {
        operations.push(Operation::BackgroundReplaced(background));
    }
    if missing.left_px + missing.right_px + missing.top_px + missing.bottom_px > 0.5 {
        operations.push(Operation::BackgroundExtended);
    }
    let body_cut_share = body_cut(&cropped, spec);
    Composed { cropped, image, person, body_cut_share, backgrounds: wanted.backgrounds().to_vec(), operations }
}

/// Length along which the sides or the upper edge of the original cut the person inside the photo, as a share of its height.
fn body_cut(cropped: &Cropped, spec: &Spec) -> f64 {
    let (width, height) = (f64::from(spec.width_px()), f64::from(spec.height_px()));
    let (matted, scale) = (cropped.matted, cropped.placement.scale);
    let (alpha, window, original) = (&matted.alpha, &matted.window, &matted.located.upright.image);
    let shown = |column: usize, row: usize| {
        let point = cropped.placement.finished(window.outward(Point::new(column as f64 + 0.5, row as f64 + 0.5)));
        (-1.0..=width + 1.0).contains(&point.x) && (-1.0..=height).contains(&point.y) && alpha.at(column, row) > 0.5
    };
    let right_edge = window.outward(Point::new(matted.image.width() as f64, 0.0)).x > original.width() as f64 - 0.5;
    let mut cut_px = 0.0;
    if cropped.missing.top_px >= 0.5 && window.top_px < 0.5 {
        cut_px += (0..alpha.width).filter(|&column| shown(column, 0)).count() as f64 * scale / window.scale_x;
    }
    let sides = [(cropped.missing.left_px, window.left_px < 0.5, 0), (cropped.missing.right_px, right_edge, alpha.width - 1)];
    for (missing_px, at_edge, column) in sides {
        if missing_px >= 0.5 && at_edge {
            cut_px += (0..alpha.height).filter(|&row| shown(column, row)).count() as f64 * scale / window.scale_y;
        }
    }
    cut_px / height
}

/// Reads the working picture at any place, averaging as much as the reduction asks for.
struct Sampler {
    width: isize,
    height: isize,
    /// Colour times alpha, and alpha; where the wall stays alpha is 1.
    texels: Vec<[f32; 4]>,
    replace: bool,
    /// Working pixels per finished pixel along each axis, at least 1.
    stretch: (f32, f32),
    /// Weights of the columns under the pixel in work.
    columns: Vec<f32>,
}

impl Sampler {
    fn new(matted: &Matted, replace: bool, scale: f64) -> Self {
        let opaque = |pixel: &[u8; 3], alpha: f32| {
            let [r, g, b] = pixel.map(|v| f32::from(v) * alpha);
            [r, g, b, alpha]
        };
        let texels = if replace {
            matted.foreground.pixels().iter().zip(&matted.alpha.values).map(|(pixel, &alpha)| opaque(pixel, alpha)).collect()
        } else {
            matted.image.pixels().iter().map(|pixel| opaque(pixel, 1.0)).collect()
        };
        Sampler {
            width: matted.image.width() as isize,
            height: matted.image.height() as isize,
            texels,
            replace,
            stretch: ((matted.window.scale_x / scale).max(1.0) as f32, (matted.window.scale_y / scale).max(1.0) as f32),
            columns: Vec::new(),
        }
    }

    /// Colour times alpha, and alpha, at a point of the working picture.
    fn at(&mut self, point: Point) -> [f32; 4] {
        let (x, y) = ((point.x - 0.5) as f32, (point.y - 0.5) as f32);
        let (reach_x, reach_y) = (2.0 * self.stretch.0, 2.0 * self.stretch.1);
        let (left, right) = ((x - reach_x).ceil() as isize, (x + reach_x).floor() as isize);
        let (top, bottom) = ((y - reach_y).ceil() as isize, (y + reach_y).floor() as isize);
        let narrow = 1.0 / self.stretch.0;
        self.columns.clear();
        self.columns.extend((left..=right).map(|column| kernel((column as f32 - x) * narrow)));
        let inside = left >= 0 && top >= 0 && right < self.width && bottom < self.height;
        let mut sum = [0f32; 4];
        let mut rows = 0f32;
        for row in top..=bottom {
            let weight = kernel((row as f32 - y) / self.stretch.1);
            rows += weight;
            let line = if inside {
                let start = (row * self.width + left) as usize;
                weighted(&self.texels[start..start + self.columns.len()], &self.columns)
            } else {
                self.beside(row, left)
            };
            (0..4).for_each(|i| sum[i] += weight * line[i]);
        }
        let total = rows * self.columns.iter().sum::<f32>();
        let norm = if total.abs() > 1e-6 { 1.0 / total } else { 0.0 };
        sum.map(|v| v * norm)
    }

    /// One row of a place near or beyond the edges: above and beside the picture is wall, or, where the wall stays, its nearest pixel.
    fn beside(&self, row: isize, left: isize) -> [f32; 4] {
        let mut sum = [0f32; 4];
        for (offset, weight) in self.columns.iter().enumerate() {
            let column = left + offset as isize;
            if self.replace && (row < 0 || column < 0 || column >= self.width) {
                continue;
            }
            let texel = self.texels[(row.clamp(0, self.height - 1) * self.width + column.clamp(0, self.width - 1)) as usize];
            (0..4).for_each(|i| sum[i] += weight * texel[i]);
        }
        sum
    }
}

fn weighted(texels: &[[f32; 4]], weights: &[f32]) -> [f32; 4] {
    let mut sum = [0f32; 4];
    for (texel, weight) in texels.iter().zip(weights) {
        (0..4).for_each(|i| sum[i] += weight * texel[i]);
    }
    sum
}

/// Catmull-Rom cubic.
fn kernel(distance: f32) -> f32 {
    let d = distance.abs();
    if d < 1.0 {
        (1.5 * d - 2.5) * d * d + 1.0
    } else if d < 2.0 {
        ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0
    } else {
        0.0
    }
}
