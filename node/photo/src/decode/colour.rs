//! Colours as the file's ICC profile means them, brought to sRGB.
//!
//! Attack: a profile is a program of tables written by anybody. It is bounded in size, and one that cannot be used is left out:
//! the pixels are then taken as sRGB, and that is said.

use moxcms::{ColorProfile, DataColorSpace, Layout, TransformOptions};

use crate::image::Rgb;
use crate::operation::Operation;

/// Profiles of cameras and phones have less than 4 KiB, those of printers up to some MiB.
const MAX_PROFILE_BYTES: usize = 4 * 1024 * 1024;
/// Colours on which a profile that is sRGB under another name is recognized.
const PROBE: [[u8; 3]; 8] =
    [[0, 0, 0], [255, 255, 255], [128, 128, 128], [255, 0, 0], [0, 255, 0], [0, 0, 255], [222, 180, 156], [38, 30, 28]];

/// Converts in place; `None` when there was nothing to do.
pub(super) fn to_srgb(image: &mut Rgb, profile: Option<&[u8]>, has_colour: bool) -> Option<Operation> {
    let profile = profile?;
    let converted = (profile.len() <= MAX_PROFILE_BYTES).then(|| convert(image, profile, has_colour)).flatten();
    match converted {
        Some(false) => None,
        Some(true) => Some(Operation::ColourConverted),
        None => Some(Operation::ColourProfileIgnored),
    }
}

/// Whether pixels were changed; `None` when the profile cannot be used.
fn convert(image: &mut Rgb, profile: &[u8], has_colour: bool) -> Option<bool> {
    let from = ColorProfile::new_from_slice(profile).ok()?;
    let layout = match (from.color_space, has_colour) {
        (DataColorSpace::Rgb, true) => Layout::Rgb,
        (DataColorSpace::Gray, false) => Layout::Gray,
        // An RGB profile on a grey picture leaves grey as it is.
        (DataColorSpace::Rgb, false) => return Some(false),
        _ => return None,
    };
    let transform = from.create_transform_8bit(layout, &ColorProfile::new_srgb(), Layout::Rgb, TransformOptions::default()).ok()?;
    let run = |pixels: &mut [[u8; 3]], source: &mut Vec<u8>| {
        source.clear();
        match layout {
            Layout::Gray => source.extend(pixels.iter().map(|pixel| pixel[0])),
            _ => source.extend_from_slice(pixels.as_flattened()),
        }
        transform.transform(source, pixels.as_flattened_mut()).ok()
    };
    // A grey profile still answers with three channels.
    let mut row = Vec::new();
    let mut probe = PROBE;
    run(&mut probe, &mut row)?;
    let near = |a: &[u8; 3], b: &[u8; 3]| a.iter().zip(b).all(|(a, b)| a.abs_diff(*b) <= 2);
    let grey = PROBE.map(|[value, ..]| [value; 3]);
    let same = if layout == Layout::Gray { grey } else { PROBE };
    if probe.iter().zip(&same).all(|(a, b)| near(a, b)) {
        return Some(false);
    }
    let width = image.width();
    image.pixels_mut().chunks_exact_mut(width).try_for_each(|line| run(line, &mut row))?;
    Some(true)
}
