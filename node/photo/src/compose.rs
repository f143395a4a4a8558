//! Draws the finished photo: one resampling from the working picture, and the wall of the spec behind the person.

use std::ops::Range;

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
    let sampler = Sampler::new(&cropped, spec);
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
    let right_edge = right_edge(matted) > original.width() as f64 - 0.5;
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

/// Where the working picture ends at the right, in pixels of the original.
fn right_edge(matted: &Matted) -> f64 {
    matted.window.outward(Point::new(matted.image.width() as f64, 0.0)).x
}

/// Reads the working picture at any place, averaging as much as the reduction asks for.
struct Sampler {
    texels: Texels,
    across: Kernels,
    down: Kernels,
    /// For each row of texels, from which to which column any of the rows under a kernel that begins there shows the person.
    shown: Vec<Range<isize>>,
}

impl Sampler {
    fn new(cropped: &Cropped, spec: &Spec) -> Self {
        let (window, scale) = (&cropped.matted.window, cropped.placement.scale);
        let across = Kernels::new((window.scale_x / scale).max(1.0));
        let down = Kernels::new((window.scale_y / scale).max(1.0));
        let texels = Texels::under(cropped, spec, across.taps.max(down.taps));
        let rows: Vec<Range<isize>> = (0..texels.height).map(|row| texels.shown(row)).collect();
        let under = |first: usize| {
            let rows = &rows[first..(first + down.taps).min(rows.len())];
            rows.iter().fold(NOBODY, |all, row| all.start.min(row.start)..all.end.max(row.end))
        };
        Sampler { shown: (0..rows.len()).map(under).collect(), texels, across, down }
    }

    /// Colour times alpha, and alpha, at a point of the working picture.
    fn at(&self, point: Point) -> [f32; 4] {
        let texels = &self.texels;
        let (left, columns) = self.across.around(point.x - 0.5 - texels.left as f64);
        let (top, rows) = self.down.around(point.y - 0.5 - texels.top as f64);
        let right = left + columns.len() as isize;
        let inside = left >= 0 && top >= 0 && right <= texels.width as isize && top + rows.len() as isize <= texels.height as isize;
        let mut sum = [0f32; 4];
        if !inside {
            for (row, weight) in (top..).zip(rows) {
                let line = texels.beside(row, left, columns);
                (0..4).for_each(|i| sum[i] += weight * line[i]);
            }
        } else if left < self.shown[top as usize].end && self.shown[top as usize].start < right {
            let mut start = top as usize * texels.width + left as usize;
            for weight in rows {
                let line = weighted(&texels.values[start..start + columns.len()], columns);
                (0..4).for_each(|i| sum[i] += weight * line[i]);
                start += texels.width;
            }
        }
        sum
    }
}

/// Columns of a row without any person: none, and the neutral one where the columns of several rows are put together.
const NOBODY: Range<isize> = Range { start: isize::MAX, end: 0 };

/// Sides of the picture.
struct Ends {
    left: bool,
    top: bool,
    right: bool,
}

/// The part of the working picture that the photo shows.
struct Texels {
    /// Colour times alpha, and alpha; where the wall stays alpha is 1.
    values: Vec<[f32; 4]>,
    width: usize,
    height: usize,
    /// Where it begins in the working picture.
    left: usize,
    top: usize,
    /// Whether the picture itself ends at the left, the top and the right, with nothing but the new wall beyond.
    ends: Ends,
}

impl Texels {
    /// Under the photo and `margin` texels around it, as far as the working picture goes.
    fn under(cropped: &Cropped, spec: &Spec, margin: usize) -> Texels {
        let (matted, image) = (cropped.matted, &cropped.matted.image);
        let (width, height) = (f64::from(spec.width_px()), f64::from(spec.height_px()));
        let corners = [(0.0, 0.0), (width, 0.0), (0.0, height), (width, height)]
            .map(|(x, y)| matted.window.inward(cropped.placement.original(Point::new(x, y))));
        let covered = |along: &dyn Fn(&Point) -> f64, side: usize| {
            let from = corners.iter().map(along).fold(f64::MAX, f64::min) - margin as f64;
            let to = corners.iter().map(along).fold(f64::MIN, f64::max) + margin as f64;
            let last = (to.ceil().max(1.0) as usize).min(side);
            (from.max(0.0) as usize).min(last - 1)..last
        };
        let (columns, rows) = (covered(&|p| p.x, image.width()), covered(&|p| p.y, image.height()));
        let opaque = |pixel: &[u8; 3], alpha: f32| {
            let [r, g, b] = pixel.map(|v| f32::from(v) * alpha);
            [r, g, b, alpha]
        };
        let mut values = Vec::with_capacity(columns.len() * rows.len());
        for row in rows.clone() {
            let part = row * image.width() + columns.start..row * image.width() + columns.end;
            if cropped.replaces_background {
                let both = matted.foreground.pixels()[part.clone()].iter().zip(&matted.alpha.values[part]);
                values.extend(both.map(|(pixel, &alpha)| opaque(pixel, alpha)));
            } else {
                values.extend(image.pixels()[part].iter().map(|pixel| opaque(pixel, 1.0)));
            }
        }
        let replace = cropped.replaces_background;
        let ends = Ends {
            left: replace && matted.window.left_px < 0.5,
            top: replace && matted.window.top_px < 0.5,
            right: replace && right_edge(matted) > matted.located.upright.image.width() as f64 - 0.5,
        };
        Texels { values, width: columns.len(), height: rows.len(), left: columns.start, top: rows.start, ends }
    }

    /// From which to which column of a row there is any person.
    fn shown(&self, row: usize) -> Range<isize> {
        let line = &self.values[row * self.width..(row + 1) * self.width];
        let is_person = |texel: &[f32; 4]| texel[3] > 0.0;
        match (line.iter().position(is_person), line.iter().rposition(is_person)) {
            (Some(first), Some(last)) => first as isize..last as isize + 1,
            _ => NOBODY,
        }
    }

    /// One row of a place near or beyond the edges: wall where the picture ends, else the nearest pixel.
    fn beside(&self, row: isize, left: isize, columns: &[f32]) -> [f32; 4] {
        let (width, height) = (self.width as isize, self.height as isize);
        let mut sum = [0f32; 4];
        for (column, weight) in (left..).zip(columns) {
            if self.ends.top && row < 0 || self.ends.left && column < 0 || self.ends.right && column >= width {
                continue;
            }
            let texel = self.values[(row.clamp(0, height - 1) * width + column.clamp(0, width - 1)) as usize];
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

/// Weights of the texels about a place along one axis, for places in steps of a part of a texel.
struct Kernels {
    taps: usize,
    /// Half the width of the kernel in texels.
    reach: f64,
    /// One row of `taps` for each step; each row sums to 1.
    weights: Vec<f32>,
}

impl Kernels {
    /// Steps in a texel: a place is off by at most 1/128 of one.
    const STEPS: usize = 64;

    /// `stretch` is texels for each finished pixel, at least 1.
    fn new(stretch: f64) -> Kernels {
        let reach = 2.0 * stretch;
        let taps = (2.0 * reach).ceil() as usize;
        let mut weights = Vec::with_capacity((Self::STEPS + 1) * taps);
        for step in 0..=Self::STEPS {
            let first = step as f64 / Self::STEPS as f64 - reach;
            let row: Vec<f64> = (0..taps).map(|tap| kernel((first + tap as f64) / stretch)).collect();
            let sum: f64 = row.iter().sum();
            weights.extend(row.iter().map(|weight| (weight / sum) as f32));
        }
        Kernels { taps, reach, weights }
    }

    /// The first texel that counts, and the weights from there on. Texel centres are at whole numbers.
    fn around(&self, place: f64) -> (isize, &[f32]) {
        let from = place - self.reach;
        let first = from.ceil();
        let step = ((first - from) * Self::STEPS as f64 + 0.5) as usize;
        (first as isize, &self.weights[step * self.taps..(step + 1) * self.taps])
    }
}

/// Catmull-Rom cubic.
fn kernel(distance: f64) -> f64 {
    let d = distance.abs();
    if d < 1.0 {
        (1.5 * d - 2.5) * d * d + 1.0
    } else if d < 2.0 {
        ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0
    } else {
        0.0
    }
}
