//! CIELAB, in which distances are roughly what an eye sees.

use std::sync::OnceLock;

use crate::image::Rgb;

/// Lightness 0 to 100, then the two colour axes.
pub type Lab = [f32; 3];

/// sRGB (D65) to CIELAB.
pub fn lab([r, g, b]: [u8; 3]) -> Lab {
    let linear = linear_table();
    let [r, g, b] = [linear[r as usize], linear[g as usize], linear[b as usize]];
    let x = (0.412_453 * r + 0.357_580 * g + 0.180_423 * b) / 0.950_456;
    let y = 0.212_671 * r + 0.715_160 * g + 0.072_169 * b;
    let z = (0.019_334 * r + 0.119_193 * g + 0.950_227 * b) / 1.088_754;
    let [x, y, z] = [x, y, z].map(|v| if v > 0.008_856 { v.cbrt() } else { 7.787 * v + 16.0 / 116.0 });
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

/// All pixels of a picture.
pub fn lab_pixels(image: &Rgb) -> Vec<Lab> {
    image.pixels().iter().map(|&pixel| lab(pixel)).collect()
}

/// Squared colour difference (CIE 1976).
pub fn difference_squared(a: Lab, b: Lab) -> f32 {
    (a[0] - b[0]).powi(2) + (a[1] - b[1]).powi(2) + (a[2] - b[2]).powi(2)
}

fn linear_table() -> &'static [f32; 256] {
    static TABLE: OnceLock<[f32; 256]> = OnceLock::new();
    TABLE.get_or_init(|| {
        std::array::from_fn(|value| {
            let v = value as f32 / 255.0;
            if v <= 0.04045 { v / 12.92 } else { ((v + 0.055) / 1.055).powf(2.4) }
        })
    })
}
