//! A picture of the empty wall from the same fixed camera: used when it fits, refused with a reason when it does not.

use serde::Serialize;

use super::working::Working;
use crate::image::{Point, Rgb};
use crate::locate::Head;

/// Why a picture of the empty wall was not used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlateFault {
    /// The file is no usable picture.
    Unreadable,
    /// It has not the size of the picture: another camera, or turned.
    OtherSize,
    /// The wall in it is not the wall beside the person: the camera or something in the room was moved.
    OtherWall,
}

/// What became of the picture of the empty wall.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum PlateUse {
    /// None was given.
    #[default]
    None,
    /// The person was cut out against it.
    Used,
    /// One was given and could not be used; the cut was made without it.
    Refused(PlateFault),
}

/// Mean difference from the wall beside the head, exposure taken out, in steps of 256, up to which it is the same wall.
const SAME_WALL: f32 = 14.0;
/// Compared at this width.
const COMPARED_PX: usize = 96;

/// Added to both sides of an exposure, so that black stays finite.
const BLACK: f32 = 4.0;

/// Exposure of the picture against the plate, which lamp and camera change smoothly.
pub(super) fn exposure(picture: [u8; 3], plate: [u8; 3]) -> [f32; 3] {
    std::array::from_fn(|i| (f32::from(picture[i]) + BLACK) / (f32::from(plate[i]) + BLACK))
}

/// The empty wall as the picture's exposure shows it.
pub(super) fn exposed(exposure: [f32; 3], plate: [u8; 3]) -> [f32; 3] {
    std::array::from_fn(|i| exposure[i] * (f32::from(plate[i]) + BLACK) - BLACK)
}

/// The plate at working size, when it fits.
pub(super) fn at_work(plate: Option<&Rgb>, original: &Rgb, image: &Rgb, head: &Head, working: &Working) -> (Option<Rgb>, PlateUse) {
    let Some(plate) = plate else {
        return (None, PlateUse::None);
    };
    if (plate.width(), plate.height()) != (original.width(), original.height()) {
        return (None, PlateUse::Refused(PlateFault::OtherSize));
    }
    let plate = working.of(plate);
    if same_wall(image, &plate, head) { (Some(plate), PlateUse::Used) } else { (None, PlateUse::Refused(PlateFault::OtherWall)) }
}

/// Compares the wall above and beside the head, where no shoulder is.
fn same_wall(image: &Rgb, plate: &Rgb, head: &Head) -> bool {
    let factor = (COMPARED_PX as f64 / image.width() as f64).min(1.0);
    let (width, height) = (((image.width() as f64 * factor) as usize).max(1), ((image.height() as f64 * factor) as usize).max(1));
    let (image, plate, frame, unit) = (image.area_resized(width, height), plate.area_resized(width, height), head.frame(), head.chin_px());
    let beside = |at: &usize| {
        let place = Point::new(((at % width) as f64 + 0.5) / factor, ((at / width) as f64 + 0.5) / factor);
        let (x, y) = (frame.across(place) / unit, frame.down(place) / unit);
        (y < 0.5 && x.abs() > 1.3) || y < -1.7
    };
    let own: Vec<usize> = (0..width * height).filter(beside).collect();
    if own.is_empty() {
        return false;
    }
    let sum = |picture: &Rgb, i: usize| own.iter().map(|&at| f32::from(picture.pixels()[at][i])).sum::<f32>();
    let gain: [f32; 3] = std::array::from_fn(|i| sum(&image, i) / sum(&plate, i).max(1.0));
    let mut off: Vec<f32> = own
        .iter()
        .map(|&at| {
            (0..3).map(|i| (f32::from(image.pixels()[at][i]) - gain[i] * f32::from(plate.pixels()[at][i])).powi(2)).sum::<f32>().sqrt()
        })
        .collect();
    // Three quarters must fit: hair that flies far does not make it another wall.
    let index = (off.len() * 3 / 4).min(off.len() - 1);
    let (_, usual, _) = off.select_nth_unstable_by(index, f32::total_cmp);
    *usual < SAME_WALL
}
