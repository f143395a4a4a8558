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
    Upright { image: oriented(decoded.image, decoded.orientation), operations }
}

/// EXIF orientations 5 to 8 swap the sides.
fn oriented(mut image: Rgb, orientation: u8) -> Rgb {
    let width = image.width();
    match orientation {
        2 => image.pixels_mut().chunks_exact_mut(width).for_each(<[_]>::reverse),
        3 => image.pixels_mut().reverse(),
        4 => {
            image.pixels_mut().reverse();
            image.pixels_mut().chunks_exact_mut(width).for_each(<[_]>::reverse);
        }
        5 => return swapped(&image, false, false),
        6 => return swapped(&image, false, true),
        7 => return swapped(&image, true, true),
        _ => return swapped(&image, true, false),
    }
    image
}

/// Side of the squares in which sides are swapped: a square of both pictures stays in the cache.
const BLOCK: usize = 32;

/// Rows become columns; `from_right` and `from_below` say from which end the stored columns and rows are read.
fn swapped(image: &Rgb, from_right: bool, from_below: bool) -> Rgb {
    let (stored_width, stored_height) = (image.width(), image.height());
    let stored = image.pixels();
    let mut turned = Rgb::filled(stored_height, stored_width, [0; 3]);
    let pixels = turned.pixels_mut();
    for top in (0..stored_width).step_by(BLOCK) {
        for left in (0..stored_height).step_by(BLOCK) {
            for y in top..(top + BLOCK).min(stored_width) {
                let from_x = if from_right { stored_width - 1 - y } else { y };
                for x in left..(left + BLOCK).min(stored_height) {
                    let from_y = if from_below { stored_height - 1 - x } else { x };
                    pixels[y * stored_height + x] = stored[from_y * stored_width + from_x];
                }
            }
        }
    }
    turned
}
