//! Enlargement: how much the original was enlarged for this document.

use super::Evidence;
use super::entry::{Entry, Measure, Measured};

pub(super) const CHECK: Entry = Entry {
    name: "Enlargement",
    title: ("放大倍数", "Enlargement"),
    low: ("", ""),
    high: (
        "原图像素不够，放大后不清晰。请靠近被拍摄人，或提高相机分辨率后重拍。",
        "The original has too few pixels and had to be enlarged. Move closer or raise the camera's resolution.",
    ),
    look: ("请人工确认照片清晰。", "Look that the photo is clear."),
    measure: Measure::Photo(measure),
};

fn measure(evidence: &Evidence) -> Measured {
    let cropped = &evidence.composed.cropped;
    // The working picture stands between: where it is smaller than the original, it is what was enlarged.
    let window = &cropped.matted.window;
    Measured::value(cropped.placement.scale / window.scale_x.min(window.scale_y).min(1.0))
}
