//! One scene, one way to cut it, and how good the cut is: rows of the report's table and pictures for its strips.

use photo::locate::{Located, locate};
use photo::matte::{Matted, PlateUse, matte};
use photo::upright::Upright;
use photo::{Face, NoVision, Plane, Rgb, Vision, VisionError};
use specs::Spec;

use crate::portrait::Scripted;
use crate::scene::{Drawn, Scene};
use crate::score::{fringe_delta_e, gradient_error, mse, sad};

/// A way to cut a person out.
#[derive(Clone, Copy)]
pub enum Method<'a> {
    /// Mean colour of the border, and everything like it is wall.
    ColourKey,
    /// The exact alpha at 256 pixels, slightly blurred and enlarged: better than any mask network of that size can be.
    PerfectMask256,
    /// What a real mask network answers, enlarged.
    Network(&'a dyn Vision),
    /// The product without any model.
    Ours,
    /// The product with the perfect mask of 256 pixels in place of a network.
    OursWithPerfectMask,
    /// The product with a real mask network.
    OursWithNetwork(&'a dyn Vision),
    /// The product with a picture of the empty wall.
    OursWithPlate,
}

impl Method<'_> {
    /// Word for tables.
    pub fn key(&self) -> &'static str {
        match self {
            Method::ColourKey => "colour_key",
            Method::PerfectMask256 => "perfect_256_px_mask",
            Method::Network(_) => "mask_network",
            Method::Ours => "ours",
            Method::OursWithPerfectMask => "ours_with_perfect_mask",
            Method::OursWithNetwork(_) => "ours_with_network",
            Method::OursWithPlate => "ours_with_plate",
        }
    }
}

/// Distances from the truth; smaller is better, but for the confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scores {
    /// Sum of absolute differences of alpha, in thousands of pixels.
    pub sad: f64,
    /// Mean squared difference of alpha.
    pub mse: f64,
    /// Gradient error (Rhemann et al. 2009), in thousands.
    pub gradient: f64,
    /// Mean CIELAB difference of the composites where the truth is half-transparent.
    pub fringe_delta_e: f64,
    /// What the product says about its own cut; `None` for other methods.
    pub confidence: Option<f64>,
}

/// A cut with its scores, all at working size.
pub struct Trial {
    /// The scores.
    pub scores: Scores,
    /// What the camera saw.
    pub picture: Rgb,
    /// The alpha found.
    pub alpha: Plane,
    /// The exact alpha.
    pub truth: Plane,
    /// The person on the new colour.
    pub composite: Rgb,
    /// The exact composite.
    pub exact: Rgb,
    /// What became of the clean plate.
    pub plate: PlateUse,
}

impl Trial {
    /// Error of alpha as a picture: grey is right, bright is too much person, dark is too little.
    pub fn difference(&self) -> Rgb {
        let pixel = |(a, t): (&f32, &f32)| [(127.5 + 127.5 * (a - t)).round().clamp(0.0, 255.0) as u8; 3];
        let pixels = self.alpha.values.iter().zip(&self.truth.values).map(pixel).collect();
        Rgb::from_pixels(self.alpha.width, self.alpha.height, pixels).unwrap()
    }
}

/// Cuts a scene and lays the person on a new colour.
pub fn matting_trial(scene: &Scene, drawn: &Drawn, spec: &Spec, method: Method, colour: [u8; 3]) -> Trial {
    let model = Scripted { width: scene.width, faces: vec![scene.face()] };
    let located = locate(Upright { image: drawn.picture.clone(), operations: Vec::new() }, &model, None).unwrap();
    let cut = |vision: &dyn Vision, plate: Option<&Rgb>| matte(located.clone(), &[spec], vision, plate);
    let own = cut(&NoVision, None);
    let truth = Truth::of(drawn, &own);
    let perfect = || Mask(perfect_mask(&truth.alpha));
    let bare = |alpha: Plane, own: &Matted| (alpha, own.image.clone(), None, own.plate);
    let whole = |m: Matted| (m.alpha, m.foreground, Some(m.confidence), m.plate);
    let (alpha, foreground, confidence, plate) = match method {
        Method::ColourKey => bare(colour_key(&own.image), &own),
        Method::PerfectMask256 => bare(enlarged(&perfect().0, &own), &own),
        Method::Network(vision) => bare(enlarged(&vision.person_mask(&own.image).unwrap(), &own), &own),
        Method::Ours => whole(own.clone()),
        Method::OursWithPerfectMask => whole(cut(&perfect(), None)),
        Method::OursWithNetwork(vision) => whole(cut(vision, None)),
        Method::OursWithPlate => whole(cut(&NoVision, Some(&drawn.plate))),
    };
    let composite = laid(alpha.values.iter().zip(foreground.pixels()).map(|(&a, f)| (f.map(|v| f32::from(v) * a), a)), colour);
    let exact = laid(truth.premultiplied.iter().zip(&truth.alpha.values).map(|(&p, &a)| (p, a)), colour);
    let scores = Scores {
        sad: sad(&alpha, &truth.alpha),
        mse: mse(&alpha, &truth.alpha),
        gradient: gradient_error(&alpha, &truth.alpha),
        fringe_delta_e: fringe_delta_e(composite.iter().zip(&exact), &truth.alpha),
        confidence,
    };
    let (width, height) = (alpha.width, alpha.height);
    let rgb = |pixels| Rgb::from_pixels(width, height, pixels).unwrap();
    Trial { scores, picture: own.image, alpha, truth: truth.alpha, composite: rgb(composite), exact: rgb(exact), plate }
}

/// The head of a scene as the product locates it.
pub fn located(scene: &Scene, drawn: &Drawn) -> Located {
    let model = Scripted { width: scene.width, faces: vec![scene.face()] };
    locate(Upright { image: drawn.picture.clone(), operations: Vec::new() }, &model, None).unwrap()
}

fn laid(pixels: impl Iterator<Item = ([f32; 3], f32)>, colour: [u8; 3]) -> Vec<[u8; 3]> {
    let blend =
        |(p, a): ([f32; 3], f32)| std::array::from_fn(|i| (p[i] + (1.0 - a) * f32::from(colour[i])).round().clamp(0.0, 255.0) as u8);
    pixels.map(blend).collect()
}

/// The exact matte at working size.
struct Truth {
    alpha: Plane,
    premultiplied: Vec<[f32; 3]>,
}

impl Truth {
    fn of(drawn: &Drawn, own: &Matted) -> Truth {
        let (width, height) = (own.image.width(), own.image.height());
        let mut alpha = Vec::with_capacity(width * height);
        let mut premultiplied = Vec::with_capacity(width * height);
        let window = &own.window;
        let spans = |count: usize, from: f64, scale: f64, limit: usize| -> Vec<Vec<(usize, f32)>> {
            (0..count).map(|i| covered(from + i as f64 / scale, from + (i + 1) as f64 / scale, limit)).collect()
        };
        let columns = spans(width, window.left_px, window.scale_x, drawn.alpha.width);
        let rows = spans(height, window.top_px, window.scale_y, drawn.alpha.height);
        for row in &rows {
            for column in &columns {
                let (mut sum, mut coverage, mut total) = ([0f32; 3], 0f32, 0f32);
                for &(y, weight_y) in row {
                    for &(x, weight_x) in column {
                        let at = y * drawn.alpha.width + x;
                        let (weight, a) = (weight_x * weight_y, drawn.alpha.values[at]);
                        (0..3).for_each(|i| sum[i] += weight * a * f32::from(drawn.foreground.pixels()[at][i]));
                        coverage += weight * a;
                        total += weight;
                    }
                }
                alpha.push(coverage / total);
                premultiplied.push(sum.map(|v| v / total));
            }
        }
        Truth { alpha: Plane { width, height, values: alpha }, premultiplied }
    }
}

/// The pixels between two places, with the length that each shares.
fn covered(from: f64, to: f64, limit: usize) -> Vec<(usize, f32)> {
    let first = (from.floor().max(0.0) as usize).min(limit - 1);
    let last = ((to - 1e-9).floor().max(0.0) as usize).clamp(first, limit - 1);
    (first..=last).map(|at| (at, ((to.min(at as f64 + 1.0) - from.max(at as f64)) as f32).max(1e-6))).collect()
}

/// A mask without any network behind it.
struct Mask(Plane);

impl Vision for Mask {
    fn faces(&self, _image: &Rgb) -> Result<Vec<Face>, VisionError> {
        Err(VisionError::Absent)
    }

    fn person_mask(&self, _image: &Rgb) -> Result<Plane, VisionError> {
        Ok(self.0.clone())
    }

    fn name(&self) -> &str {
        "perfect mask"
    }
}

const MASK_SIDE_PX: usize = 256;

/// The truth as a flawless network of 256 pixels would give it: reduced by area, then blurred by one pixel.
fn perfect_mask(truth: &Plane) -> Plane {
    let side = MASK_SIDE_PX;
    let small = Plane::from_fn(side, side, |x, y| {
        let of =
            |i: usize, length: usize| covered(i as f64 * length as f64 / side as f64, (i + 1) as f64 * length as f64 / side as f64, length);
        let (columns, rows) = (of(x, truth.width), of(y, truth.height));
        let (mut sum, mut total) = (0.0, 0.0);
        for &(v, weight_v) in &rows {
            for &(u, weight_u) in &columns {
                sum += truth.at(u, v) * weight_u * weight_v;
                total += weight_u * weight_v;
            }
        }
        sum / total
    });
    small.blurred(1)
}

fn enlarged(mask: &Plane, own: &Matted) -> Plane {
    mask.enlarged(own.image.width(), own.image.height())
}

/// Colour differences between which a colour key fades from wall to person.
const KEY: (f32, f32) = (14.0, 60.0);

fn colour_key(image: &Rgb) -> Plane {
    let (width, height) = (image.width(), image.height());
    // The person leaves the picture below: the border is the upper edge and the upper half of both sides.
    let border = |at: &usize| at / width < 4 || (at / width < height / 2 && (at % width < 4 || at % width >= width - 4));
    let own: Vec<[u8; 3]> = (0..width * height).filter(border).map(|at| image.pixels()[at]).collect();
    let mean: [f32; 3] = std::array::from_fn(|i| own.iter().map(|p| f32::from(p[i])).sum::<f32>() / own.len() as f32);
    let key = |pixel: &[u8; 3]| {
        let distance = (0..3).map(|i| (f32::from(pixel[i]) - mean[i]).powi(2)).sum::<f32>().sqrt();
        let t = ((distance - KEY.0) / (KEY.1 - KEY.0)).clamp(0.0, 1.0);
        t * t * (3.0 - 2.0 * t)
    };
    Plane { width, height, values: image.pixels().iter().map(key).collect() }
}
