//! Chin and cheeks on the picture itself, searched near where proportions expect them.

use super::anatomy::Frame;
use crate::image::Rgb;
use crate::lab::{Lab, difference_squared, lab};

/// How far from the expected place the chin may be found, as a share of eye line to chin.
const CHIN_REACH: f64 = 0.16;
/// Shares of the expected half width between which a cheek may end.
const CHEEK_REACH: std::ops::RangeInclusive<f64> = 0.82..=1.2;
/// Colour difference, lightness counted half, at which skin has ended.
const SKIN_DIFFERENCE: f32 = 17.0;

/// Eye line to chin: the strongest step from light to dark under the mouth, where the jaw's shadow begins.
/// `None` when there is no clear step, as under flat light or a full beard.
pub(super) fn chin(image: &Rgb, frame: &Frame, mouth_px: f64, expected_px: f64) -> Option<f64> {
    let step = (expected_px / 100.0).max(0.5);
    let from = (expected_px * (1.0 - CHIN_REACH)).max(mouth_px * 1.25);
    let half_width = frame.eye_distance_px * 0.18;
    let row = |down: f64| mean(image, frame, (-half_width, half_width), down);
    let reach = expected_px * 0.035;
    let mut best: Option<(f64, f64)> = None;
    let mut down = from;
    while down <= expected_px * (1.0 + CHIN_REACH) {
        let (above, below) = (row(down - reach)?, row(down + reach)?);
        let drop = f64::from(above[0] - below[0]);
        let off = (down - expected_px) / (expected_px * CHIN_REACH);
        let rating = drop * (1.0 - 0.6 * off * off);
        if best.is_none_or(|(_, other)| rating > other) {
            best = Some((down, rating));
        }
        down += step;
    }
    best.filter(|(_, rating)| *rating >= 4.0).map(|(down, _)| down)
}

/// Width between the cheeks, or `None` when skin cannot be told from what is beside it.
pub(super) fn face_width(image: &Rgb, frame: &Frame, chin_px: f64, expected_px: f64) -> Option<f64> {
    let skin = mean(image, frame, (-0.3 * frame.eye_distance_px, 0.3 * frame.eye_distance_px), chin_px * 0.35)?;
    let half = expected_px / 2.0;
    let mut ends = [Vec::new(), Vec::new()];
    for row in 0..12 {
        let down = chin_px * (0.12 + 0.03 * f64::from(row));
        for (side, list) in [-1.0, 1.0].into_iter().zip(&mut ends) {
            if let Some(end) = skin_end(image, frame, skin, side, down, half) {
                list.push(end);
            }
        }
    }
    let [left, right] = ends.map(|mut list| {
        list.sort_by(f64::total_cmp);
        // The widest rows are the cheek bones; the very widest may be an ear.
        (list.len() >= 6).then(|| list[list.len() * 3 / 4])
    });
    let (left, right) = (left?, right?);
    let shares = [left / half, right / half];
    // A slightly turned head shows one cheek wider; only the sum must be plausible, and each side not absurd.
    let both = (shares[0] + shares[1]) / 2.0;
    (CHEEK_REACH.contains(&both) && shares.iter().all(|s| (0.6..=1.4).contains(s))).then_some(left + right)
}

/// Where skin ends to one side, walking outward from half the cheek.
fn skin_end(image: &Rgb, frame: &Frame, skin: Lab, side: f64, down: f64, half_px: f64) -> Option<f64> {
    let step = (half_px / 80.0).max(0.5);
    let mut outside = 0;
    let mut local = skin;
    let mut across = half_px * 0.5;
    while across < half_px * 1.4 {
        let here = mean(image, frame, (side * across - step, side * across + step), down)?;
        let weighted = |a: Lab, b: Lab| difference_squared([a[0] * 0.5, a[1], a[2]], [b[0] * 0.5, b[1], b[2]]);
        if weighted(here, local) > SKIN_DIFFERENCE * SKIN_DIFFERENCE {
            outside += 1;
            if outside >= 4 {
                return Some(across - 3.0 * step);
            }
        } else {
            outside = 0;
            // Light falls off towards the ear; follow it slowly.
            (0..3).for_each(|i| local[i] += 0.12 * (here[i] - local[i]));
        }
        across += step;
    }
    None
}

/// Mean colour of a short line across the face; `None` outside of the picture.
fn mean(image: &Rgb, frame: &Frame, (from, to): (f64, f64), down: f64) -> Option<Lab> {
    let count = ((to - from).abs().ceil() as usize).clamp(1, 64);
    let mut sum = [0f32; 3];
    for index in 0..count {
        let across = from + (to - from) * (index as f64 + 0.5) / count as f64;
        let point = frame.point(across, down);
        let (x, y) = (point.x.floor(), point.y.floor());
        if x < 0.0 || y < 0.0 || x >= image.width() as f64 || y >= image.height() as f64 {
            return None;
        }
        let colour = lab(image.at(x as isize, y as isize));
        (0..3).for_each(|i| sum[i] += colour[i] / count as f32);
    }
    Some(sum)
}
