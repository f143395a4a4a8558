//! ShouldersLevel: slope of the line between the shoulders, from the silhouette; positive when the one on the right is lower.

use super::Evidence;
use super::entry::{Entry, Measure, Measured, Why};
use crate::image::Point;
use crate::matte::Matted;

pub(super) const CHECK: Entry = Entry {
    name: "ShouldersLevel",
    title: ("双肩齐平", "Shoulders level"),
    low: ("双肩不平。请让被拍摄人坐正、双肩放平后重拍。", "The shoulders are not level. Ask the sitter to sit straight."),
    high: ("", ""),
    look: ("请人工确认双肩齐平。", "Look that the shoulders are level."),
    measure: Measure::Photo(measure),
};

fn measure(evidence: &Evidence) -> Measured {
    let matted = evidence.composed.cropped.matted;
    let head = &matted.located.head;
    let centre = matted.window.inward(head.frame().origin());
    let chin_y = centre.y + head.chin_px() * matted.window.scale_y;
    let unit = head.face_width_px * matted.window.scale_x;
    let sides = [-1.0, 1.0].map(|side| shoulder(matted, centre.x, chin_y, side, unit));
    let [Some(left), Some(right)] = sides else { return Measured::missing(Why::NotMeasurable) };
    let turned = evidence.composed.cropped.placement.roll_corrected_deg;
    Measured::value((right.y - left.y).atan2(right.x - left.x).to_degrees() + turned).at(evidence.below_chin())
}

/// Distances from the axis of the head at which the shoulder is looked at, in widths of the face.
const AT: std::ops::Range<usize> = 70..106;

/// The middle of one shoulder's upper line; `None` where it lies beyond the picture or hair hangs over it.
fn shoulder(matted: &Matted, centre_x: f64, chin_y: f64, side: f64, unit: f64) -> Option<Point> {
    let (mut sum, mut count) = (Point::new(0.0, 0.0), 0.0);
    for step in AT.step_by(4) {
        let x = centre_x + side * unit * step as f64 / 100.0;
        if x < 0.0 || x >= matted.alpha.width as f64 {
            continue;
        }
        let height = matted.alpha.height;
        // From below, so that hair and ears above the shoulder do not count.
        let Some(top) = (0..height).rev().take_while(|&y| matted.alpha.at(x as usize, y) > 0.5).last() else { continue };
        if (top as f64) < chin_y - 0.2 * unit || top + 2 >= height {
            continue;
        }
        (sum.x, sum.y) = (sum.x + x, sum.y + top as f64);
        count += 1.0;
    }
    (count >= 4.0).then(|| Point::new(sum.x / count, sum.y / count))
}
