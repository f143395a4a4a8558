//! UnderExposurePrevention and OverExposurePrevention: shares of the face that are nearly black or nearly white.

use super::{Check, Evidence, Finding, face_luminance};
use crate::text::Text;

/// Brows, lashes and nostrils are dark on every face.
const MOST_DARK: f64 = 0.12;
/// A small highlight on nose and forehead is normal.
const MOST_BRIGHT: f64 = 0.04;

pub(super) fn under(evidence: &Evidence) -> Check {
    Finding {
        name: "UnderExposurePrevention",
        title: Text::new("曝光不足", "Under-exposure"),
        measured: share(evidence, |v| v <= 25.0),
        unit: "share",
        min: None,
        max: Some(MOST_DARK),
    }
    .judge(Text::new("面部太暗。请增加正面光线或提高曝光后重拍。", "The face is too dark. Add light from the front or raise the exposure."))
}

pub(super) fn over(evidence: &Evidence) -> Check {
    Finding {
        name: "OverExposurePrevention",
        title: Text::new("曝光过度", "Over-exposure"),
        measured: share(evidence, |v| v >= 247.0),
        unit: "share",
        min: None,
        max: Some(MOST_BRIGHT),
    }
    .judge(Text::new(
        "面部过亮、细节丢失。请降低曝光或把灯移远后重拍。",
        "The face is overexposed. Lower the exposure or move the lamp away.",
    ))
}

fn share(evidence: &Evidence, counts: impl Fn(f32) -> bool) -> Option<f64> {
    let values = face_luminance(evidence);
    let hits = values.iter().filter(|(_, _, v)| counts(*v)).count();
    (!values.is_empty()).then(|| hits as f64 / values.len() as f64)
}
