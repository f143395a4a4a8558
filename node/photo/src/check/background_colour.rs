//! BackgroundColour: how far the wall of the finished photo is from the nearest colour that the document allows.

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
    let composed = evidence.composed;
    let wall = if composed.cropped.replaces_background { finished_wall(composed) } else { Some(lab(composed.cropped.matted.wall_colour)) };
    let nearest = |wall| evidence.spec.backgrounds().iter().map(|colour| difference_squared(lab(*colour), wall)).fold(f32::MAX, f32::min);
    Measured::seen(wall.map(|wall| f64::from(nearest(wall).sqrt())))
}

/// Mean colour of the wall in the finished photo; `None` when hardly any is seen.
fn finished_wall(composed: &Composed) -> Option<Lab> {
    let (mut sum, mut count) = ([0f32; 3], 0f32);
    for (pixel, person) in composed.image.pixels().iter().zip(&composed.person.values) {
        if *person < 0.02 {
            let colour = lab(*pixel);
            (0..3).for_each(|axis| sum[axis] += colour[axis]);
            count += 1.0;
        }
    }
    (count >= 0.01 * composed.person.values.len() as f32).then(|| sum.map(|v| v / count))
}
