//! How far a matte is from the truth, in the measures that papers on matting use.

use photo::{Plane, lab};

/// Sum of absolute differences of alpha, in thousands of pixels.
pub fn sad(alpha: &Plane, truth: &Plane) -> f64 {
    pairs(alpha, truth).map(|(a, t)| f64::from((a - t).abs())).sum::<f64>() / 1_000.0
}

/// Mean squared difference of alpha over the whole picture.
pub fn mse(alpha: &Plane, truth: &Plane) -> f64 {
    pairs(alpha, truth).map(|(a, t)| f64::from(a - t).powi(2)).sum::<f64>() / truth.values.len() as f64
}

/// Gradient error (Rhemann et al. 2009): squared difference of the gradient magnitudes,
/// taken with derivatives of a Gaussian of 1.4 pixels, in thousands.
pub fn gradient_error(alpha: &Plane, truth: &Plane) -> f64 {
    let (a, t) = (gradient(alpha), gradient(truth));
    a.iter().zip(&t).map(|(a, t)| f64::from(a - t).powi(2)).sum::<f64>() / 1_000.0
}

/// Mean CIELAB difference between two composites where the truth is neither wall nor person.
///
/// `pixels` hold the composites' colours, ours first.
pub fn fringe_delta_e<'a>(pixels: impl Iterator<Item = (&'a [u8; 3], &'a [u8; 3])>, truth: &Plane) -> f64 {
    let (mut sum, mut count) = (0.0, 0.0);
    for ((ours, exact), alpha) in pixels.zip(&truth.values) {
        if (0.01..0.99).contains(alpha) {
            sum += f64::from(lab::difference_squared(lab::lab(*ours), lab::lab(*exact)).sqrt());
            count += 1.0;
        }
    }
    sum / f64::max(count, 1.0)
}

fn pairs<'a>(alpha: &'a Plane, truth: &'a Plane) -> impl Iterator<Item = (f32, f32)> + 'a {
    assert_eq!((alpha.width, alpha.height), (truth.width, truth.height));
    alpha.values.iter().copied().zip(truth.values.iter().copied())
}

const SIGMA: f32 = 1.4;
const REACH: i32 = 5;

fn gradient(plane: &Plane) -> Vec<f32> {
    let bell: Vec<f32> = (-REACH..=REACH).map(|d| (-(d * d) as f32 / (2.0 * SIGMA * SIGMA)).exp()).collect();
    let slope: Vec<f32> = (-REACH..=REACH).zip(&bell).map(|(d, g)| -(d as f32) * g).collect();
    // Normalized to unit energy over the plane, as in the published script.
    let energy = (bell.iter().map(|v| v * v).sum::<f32>() * slope.iter().map(|v| v * v).sum::<f32>()).sqrt();
    let along_x = filter_rows(&filter_columns(plane, &bell), &slope);
    let along_y = filter_rows(&filter_columns(plane, &slope), &bell);
    along_x.values.iter().zip(&along_y.values).map(|(x, y)| x.hypot(*y) / energy).collect()
}

fn filter_rows(plane: &Plane, taps: &[f32]) -> Plane {
    let last = plane.width as i32 - 1;
    let values = (0..plane.values.len()).map(|at| {
        let (x, row) = ((at % plane.width) as i32, at / plane.width * plane.width);
        (-REACH..=REACH).zip(taps).map(|(d, tap)| tap * plane.values[row + (x + d).clamp(0, last) as usize]).sum()
    });
    Plane { values: values.collect(), ..*plane }
}

fn filter_columns(plane: &Plane, taps: &[f32]) -> Plane {
    let last = plane.height as i32 - 1;
    let values = (0..plane.values.len()).map(|at| {
        let (x, y) = (at % plane.width, (at / plane.width) as i32);
        (-REACH..=REACH).zip(taps).map(|(d, tap)| tap * plane.values[(y + d).clamp(0, last) as usize * plane.width + x]).sum()
    });
    Plane { values: values.collect(), ..*plane }
}
