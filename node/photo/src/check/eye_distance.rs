//! InterEyeDistance: whether the original has enough pixels on the face for this document.

use super::{Check, Evidence, Finding};
use crate::text::Text;

/// Enlarging more than this leaves visibly soft skin and stair steps.
const MOST_ENLARGED: f64 = 1.5;

pub(super) fn check(evidence: &Evidence) -> Check {
    let cropped = &evidence.composed.cropped;
    let head = cropped.matted.located.head;
    let distance = head.left_eye.distance(head.right_eye);
    Finding {
        name: "InterEyeDistance",
        title: Text::new("两眼间距（原图像素）", "Distance between the eyes in the original"),
        measured: Some(distance),
        unit: "px",
        min: Some(distance * cropped.placement.scale / MOST_ENLARGED),
        max: None,
    }
    .judge(Text::new(
        "原图中人脸太小，放大后不清晰。请靠近被拍摄人，或提高相机分辨率后重拍。",
        "The face is too small in the original and had to be enlarged. Move closer or raise the camera's resolution.",
    ))
}
