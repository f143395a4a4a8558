//! Draws the finished photo: one resampling from the working picture, and the wall of the spec behind the person.

use specs::Spec;

use crate::crop::Cropped;
use crate::image::{Point, Rgb};
use crate::matte::Matted;
use crate::operation::Operation;

/// The finished pixels.
#[derive(Debug, Clone)]
pub struct Composed<'a> {
    /// What it was made from.
    pub cropped: Cropped<'a>,
    /// The finished photo.
    pub image: Rgb,
    /// How much of each finished pixel is person.
    pub person: crate::plane::Plane,
    /// Share of the finished edge where the original ends in the middle of the person.
    pub body_cut_share: f64,
    /// What was done here.
    pub operations: Vec<Operation>,
}

/// Draws the photo in the size of the spec.
pub fn compose<'a>(cropped: Cropped<'a>, spec: &Spec) -> Composed<'a> {
    let (width, height) = (spec.width_px() as usize, spec.height_px() as usize);
    let background = spec.backgrounds()[0];
    let replace = cropped.replaces_background;
    let sampler = Sampler::new(cropped.matted, replace, cropped.placement.scale);
    let mut pixels = Vec::with_capacity(width * height);
    let mut person = crate::plane::Plane::new(width, height, 0.0);
    for y in 0..height {
        for x in 0..width {
            let original = cropped.placement.original(Point::new(x as f64 + 0.5, y as f64 + 0.5));
            let (colour, alpha) = sampler.at(cropped.matted.window.inward(original));
            person.values[y * width + x] = alpha;
            let wall = if replace { 1.0 - alpha } else { 0.0 };
            pixels.push(std::array::from_fn(|i| (colour[i] + wall * f32::from(background[i])).round().clamp(0.0, 255.0) as u8));
        }
    }
    let image = Rgb::from_pixels(width, height, pixels).expect("a checked spec has at least one pixel");
    let mut operations = Vec::new();
    let missing = cropped.missing;
    if replace {
        operations.push(Operation::BackgroundReplaced(background));
        if missing.left_px + missing.right_px + missing.top_px > 0.5 {
            operations.push(Operation::BackgroundExtended);
        }
    }
    let body_cut_share = body_cut(cropped.matted, &cropped);
    Composed { cropped, image, person, body_cut_share, operations }
}

/// Length, as a share of the finished height, along which a side edge of the original cuts the person inside the photo.
fn body_cut(matted: &Matted, cropped: &Cropped) -> f64 {
    let original = &matted.located.upright.image;
    let height = f64::from(matted.image.height() as u32);
    let mut cut = 0.0;
    for (missing, column) in [(cropped.missing.left_px, 0usize), (cropped.missing.right_px, matted.alpha.width - 1)] {
        let at_edge = if column == 0 {
            matted.window.left_px < 0.5
        } else {
            matted.window.outward(Point::new(matted.image.width() as f64, 0.0)).x > original.width() as f64 - 0.5
        };
        if missing < 0.5 || !at_edge {
            continue;
        }
        let rows = (0..matted.alpha.height).filter(|&row| {
            let point = matted.window.outward(Point::new(column as f64 + 0.5, row as f64 + 0.5));
            let y = cropped.placement.finished(point).y;
            y >= 0.0 && y < height.max(1.0) && matted.alpha.at(column, row) > 0.5
        });
        cut += rows.count() as f64 / height;
    }
    cut
}

/// Reads the working picture at any place, averaging as much as the reduction asks for.
struct Sampler<'a> {
    source: &'a Rgb,
    matted: &'a Matted,
    replace: bool,
    /// Working pixels per finished pixel along each axis, at least 1.
    stretch: (f64, f64),
}

impl<'a> Sampler<'a> {
    fn new(matted: &'a Matted, replace: bool, scale: f64) -> Self {
        let source = if replace { &matted.foreground } else { &matted.image };
        let stretch = ((matted.window.scale_x / scale).max(1.0), (matted.window.scale_y / scale).max(1.0));
        Sampler { source, matted, replace, stretch }
    }

    /// Colour times alpha, and alpha, at a point of the working picture.
    fn at(&self, point: Point) -> ([f32; 3], f32) {
        let (width, height) = (self.source.width() as isize, self.source.height() as isize);
        let reach = (2.0 * self.stretch.0, 2.0 * self.stretch.1);
        let columns = (point.x - 0.5 - reach.0).ceil() as isize..=(point.x - 0.5 + reach.0).floor() as isize;
        let mut sum = [0f32; 3];
        let (mut alpha_sum, mut total) = (0f32, 0f32);
        for y in (point.y - 0.5 - reach.1).ceil() as isize..=(point.y - 0.5 + reach.1).floor() as isize {
            let weight_y = kernel((y as f64 + 0.5 - point.y) / self.stretch.1);
            for x in columns.clone() {
                let weight = weight_y * kernel((x as f64 + 0.5 - point.x) / self.stretch.0);
                total += weight;
                let beyond = self.replace && (y < 0 || x < 0 || x >= width);
                if beyond {
                    continue;
                }
                let (x, y) = (x.clamp(0, width - 1), y.clamp(0, height - 1));
                let alpha = if self.replace { self.matted.alpha.at(x as usize, y as usize) * weight } else { weight };
                let pixel = self.source.at(x, y);
                (0..3).for_each(|i| sum[i] += f32::from(pixel[i]) * alpha);
                alpha_sum += alpha;
            }
        }
        let norm = if total.abs() > 1e-6 { 1.0 / total } else { 0.0 };
        let alpha = (alpha_sum * norm).clamp(0.0, 1.0);
        (sum.map(|v| v * norm), alpha)
    }
}

/// Catmull-Rom cubic.
fn kernel(distance: f64) -> f32 {
    let d = distance.abs() as f32;
    if d < 1.0 {
        (1.5 * d - 2.5) * d * d + 1.0
    } else if d < 2.0 {
        ((-0.5 * d + 2.5) * d - 4.0) * d + 2.0
    } else {
        0.0
    }
}
