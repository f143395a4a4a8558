//! CropMargins: whether the original reaches as far as the finished photo does.

use super::{Check, Evidence, Finding};
use crate::text::Text;

/// Pixels at an edge that nobody can see.
const UNSEEN_PX: f64 = 1.0;

pub(super) fn check(evidence: &Evidence) -> Check {
    let composed = evidence.composed;
    let missing = composed.cropped.missing;
    let mut worst = missing.bottom_px;
    if composed.cropped.replaces_background {
        worst = worst.max(composed.body_cut_share * f64::from(evidence.spec.height_px()));
    } else {
        worst = worst.max(missing.left_px).max(missing.right_px).max(missing.top_px);
    }
    let advice = if missing.bottom_px > UNSEEN_PX {
        Text::new(
            format!("照片下方缺少肩部（差 {:.0} 像素）。请后退或放低相机，让双肩和上胸入镜后重拍。", missing.bottom_px),
            format!(
                "The shoulders are missing below ({:.0} px). Move back or lower the camera so that shoulders and upper chest are in the picture.",
                missing.bottom_px
            ),
        )
    } else {
        Text::new(
            "人物超出画面边缘。请让被拍摄人居中、四周留出空间后重拍。",
            "The sitter is cut off at the edge. Centre the sitter and leave space all around.",
        )
    };
    let mut check = Finding {
        name: "CropMargins",
        title: Text::new("画面是否完整", "Picture reaches far enough"),
        measured: Some(worst),
        unit: "px",
        min: None,
        max: Some(UNSEEN_PX),
    }
    .judge(advice);
    if check.verdict == super::Verdict::Fail {
        check.code = Some("crop_infeasible");
    }
    check
}
