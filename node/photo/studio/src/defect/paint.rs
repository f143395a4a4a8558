//! Faults in pixels: light, colour, blur, and things before face and wall.

use image::{ImageFormat, Rgb, RgbImage};

use crate::Portrait;

/// Where a pixel lies on the portrait, in distances between the eyes.
fn place(portrait: &Portrait, x: u32, y: u32) -> (f64, f64) {
    let d = portrait.eye_distance;
    ((f64::from(x) + 0.5 - portrait.eyes.0) / d, (f64::from(y) + 0.5 - portrait.eyes.1) / d)
}

/// Changes every pixel by where it lies.
pub(super) fn each(image: &mut RgbImage, portrait: &Portrait, change: impl Fn(f64, f64, [f64; 3]) -> [f64; 3]) {
    for (x, y, pixel) in image.enumerate_pixels_mut() {
        let (u, v) = place(portrait, x, y);
        pixel.0 = change(u, v, pixel.0.map(f64::from)).map(|c| c.round().clamp(0.0, 255.0) as u8);
    }
}

/// Each channel multiplied.
pub(super) fn gain(image: &mut RgbImage, factors: [f64; 3]) {
    for pixel in image.pixels_mut() {
        for (channel, factor) in pixel.0.iter_mut().zip(factors) {
            *channel = (f64::from(*channel) * factor).round().clamp(0.0, 255.0) as u8;
        }
    }
}

/// Colours mixed: 0 leaves `from`, 1 gives `to`.
pub(super) fn mix(from: [f64; 3], to: [f64; 3], share: f64) -> [f64; 3] {
    std::array::from_fn(|i| from[i] + (to[i] - from[i]) * share)
}

/// Grain of a sensor.
pub(super) fn grain(image: &mut RgbImage, seed: u32, levels: f64) {
    let mut state = seed.wrapping_mul(747_796_405).wrapping_add(2_891_336_453);
    for pixel in image.pixels_mut() {
        for channel in &mut pixel.0 {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let noise = (f64::from(state >> 8) / f64::from(1u32 << 24) - 0.5) * 2.0 * levels;
            *channel = (f64::from(*channel) + noise).round().clamp(0.0, 255.0) as u8;
        }
    }
}

/// Gaussian blur, as out of focus.
pub(super) fn blur(image: &RgbImage, sigma_px: f64) -> RgbImage {
    image::imageops::fast_blur(image, sigma_px as f32)
}

/// Mean along a line, as when the camera moves.
pub(super) fn smear(image: &RgbImage, length_px: f64, (dx, dy): (f64, f64)) -> RgbImage {
    let norm = dx.hypot(dy);
    let count = (length_px.ceil() as i32 * 2).max(2);
    RgbImage::from_fn(image.width(), image.height(), |x, y| {
        let mut sum = [0f64; 3];
        for step in 0..count {
            let at = (f64::from(step) / f64::from(count - 1) - 0.5) * (length_px - 1.0);
            let from = |c: u32, d: f64, side: u32| (f64::from(c) + (at * d / norm).round()).clamp(0.0, f64::from(side - 1)) as u32;
            let pixel = image.get_pixel(from(x, dx, image.width()), from(y, dy, image.height())).0;
            (0..3).for_each(|i| sum[i] += f64::from(pixel[i]) / f64::from(count));
        }
        Rgb(sum.map(|v| v.round() as u8))
    })
}

/// Written and read as a JPEG of low quality.
pub(super) fn compressed(image: &RgbImage, quality: u8) -> RgbImage {
    let mut file = std::io::Cursor::new(Vec::new());
    image.write_with_encoder(image::codecs::jpeg::JpegEncoder::new_with_quality(&mut file, quality)).unwrap();
    image::load_from_memory_with_format(file.get_ref(), ImageFormat::Jpeg).unwrap().into_rgb8()
}
