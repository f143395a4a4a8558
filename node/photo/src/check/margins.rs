//! CropMargins: whether the original reaches as far as the finished photo does.

use super::Evidence;
use super::entry::{Entry, Measure, Measured};

pub(super) const CHECK: Entry = Entry {
    name: "CropMargins",
    title: ("画面是否完整", "Picture reaches far enough"),
    low: ("", ""),
    high: (
        "人物超出画面边缘，或缺少肩部。请让被拍摄人居中、后退或放低相机，让双肩和上胸入镜后重拍。",
        "The sitter is cut off at the edge, or the shoulders are missing. Centre the sitter and move back or lower the camera so that shoulders and upper chest are in the picture.",
    ),
    look: ("请人工确认画面完整。", "Look that nothing is cut off."),
    measure: Measure::Photo(measure),
};

fn measure(evidence: &Evidence) -> Measured {
    let composed = evidence.composed;
    let missing = composed.cropped.missing;
    let mut worst = missing.bottom_px;
    if composed.cropped.replaces_background {
        worst = worst.max(composed.body_cut_share * f64::from(evidence.spec.height_px()));
    } else {
        worst = worst.max(missing.left_px).max(missing.right_px).max(missing.top_px);
    }
    Measured::value(worst).code("crop_infeasible")
}
