//! BackgroundColour: how far the wall of the finished photo is from the nearest colour that it may have:
//! any that the document allows, or the one that was chosen.

use super::Evidence;
use super::entry::{Entry, Measure, Measured};
use crate::compose::Composed;
use crate::lab::{Lab, difference_squared, lab};

pub(super) const CHECK: Entry = Entry {
    name: "BackgroundColour",
    title: ("背景颜色", "Colour of the background"),
    low: ("", ""),
    high: (
        "背景颜色不符合要求，而本规格不允许更换背景。请换用规定颜色的背景重拍。",
        "The background has the wrong colour, and this document forbids replacing it. Use a background of the required colour.",
    ),
    look: ("请人工确认背景颜色符合要求。", "Look that the background has the required colour."),
    measure: Measure::Photo(measure),
};

fn measure(evidence: &Evidence) -> Measured {
    let nearest = |wall| evidence.composed.backgrounds.iter().map(|colour| difference_squared(lab(*colour), wall)).fold(f32::MAX, f32::min);
    Measured::seen(finished_wall(evidence.composed).map(|wall| f64::from(nearest(wall.mean).sqrt())))
}

/// The wall as the finished photo shows it.
pub(super) struct FinishedWall {
    pub(super) mean: Lab,
    /// Root mean square colour difference from the mean.
    pub(super) unevenness: f64,
}

/// The wall of the finished photo; `None` when hardly any is seen.
pub(super) fn finished_wall(composed: &Composed) -> Option<FinishedWall> {
    let (mut sum, mut squares, mut count) = ([0f64; 3], 0f64, 0f64);
    for (pixel, person) in composed.image.pixels().iter().zip(&composed.person.values) {
        if *person < 0.02 {
            let colour = lab(*pixel).map(f64::from);
            (0..3).for_each(|axis| sum[axis] += colour[axis]);
            squares += colour.iter().map(|v| v * v).sum::<f64>();
            count += 1.0;
        }
    }
    if count < 0.01 * composed.person.values.len() as f64 {
        return None;
    }
    let mean = sum.map(|v| v / count);
    let unevenness = (squares / count - mean.iter().map(|v| v * v).sum::<f64>()).max(0.0).sqrt();
    Some(FinishedWall { mean: mean.map(|v| v as f32), unevenness })
}
