//! Turns and flips the pixels as the camera's EXIF orientation says. The EXIF itself goes no further.

use crate::decode::Decoded;
use crate::image::Rgb;
use crate::operation::Operation;

/// The picture as a person sees it. Marks are in its pixels.
#[derive(Debug, Clone)]
pub struct Upright {
    /// The pixels.
    pub image: Rgb,
    /// What was done so far.
    pub operations: Vec<Operation>,
}

/// Brings a decoded picture upright.
pub fn upright(decoded: Decoded) -> Upright {
    let mut operations = decoded.operations;
    if !(2..=8).contains(&decoded.orientation) {
        return Upright { image: decoded.image, operations };
    }
    operations.push(Operation::ExifOrientation(decoded.orientation));
    Upright { image: oriented(&decoded.image, decoded.orientation), operations }
}

/// EXIF orientations 5 to 8 swap the sides.
fn oriented(image: &Rgb, orientation: u8) -> Rgb {
    let (stored_width, stored_height) = (image.width(), image.height());
    let (width, height) = if orientation >= 5 { (stored_height, stored_width) } else { (stored_width, stored_height) };
    let stored = image.pixels();
    let mut pixels = Vec::with_capacity(width * height);
    for y in 0..height {
        for x in 0..width {
            let (from_x, from_y) = match orientation {
                2 => (stored_width - 1 - x, y),
                3 => (stored_width - 1 - x, stored_height - 1 - y),
                4 => (x, stored_height - 1 - y),
                5 => (y, x),
                6 => (y, stored_height - 1 - x),
                7 => (stored_width - 1 - y, stored_height - 1 - x),
                _ => (stored_width - 1 - y, x),
            };
            pixels.push(stored[from_y * stored_width + from_x]);
        }
    }
    Rgb::from_pixels(width, height, pixels).expect("a permutation keeps the number of pixels")
}
