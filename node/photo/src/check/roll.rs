//! HeadPoseRoll: how far the head of the finished photo is tilted.

use super::{Check, Evidence, Finding};
use crate::text::Text;

/// ISO/IEC 19794-5 allows 8 degrees.
const MAX_DEG: f64 = 8.0;

pub(super) fn check(evidence: &Evidence) -> Check {
    let cropped = &evidence.composed.cropped;
    let roll = cropped.matted.located.head.frame().roll_deg() + cropped.placement.roll_corrected_deg;
    Finding {
        name: "HeadPoseRoll",
        title: Text::new("头部左右倾斜", "Tilt of the head"),
        measured: Some(roll),
        unit: "deg",
        min: Some(-MAX_DEG),
        max: Some(MAX_DEG),
    }
    .judge(Text::new("头部歪斜。请让被拍摄人坐正、双眼水平后重拍。", "The head is tilted. Ask the sitter to hold the eyes level."))
}
