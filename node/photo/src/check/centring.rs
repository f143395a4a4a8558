//! Centring: how far the midpoint between the eyes lies from the middle of the finished photo, in widths of the photo.

use super::Evidence;
use super::entry::{Entry, Measure, Measured};

pub(super) const CHECK: Entry = Entry {
    name: "Centring",
    title: ("左右居中", "Centred"),
    low: ("", ""),
    high: (
        "头部偏向一侧。请让被拍摄人居中、两侧留出空间后重拍。",
        "The head is off the middle. Centre the sitter and leave space on both sides.",
    ),
    look: ("请人工确认头部居中。", "Look that the head is centred."),
    measure: Measure::Photo(measure),
};

fn measure(evidence: &Evidence) -> Measured {
    let x = evidence.composed.cropped.placement.eyes.x / f64::from(evidence.spec.width_px());
    Measured::value((x - 0.5).abs())
}
