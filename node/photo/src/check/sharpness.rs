//! Sharpness: how much fine detail the face of the finished photo has, compared with its coarser detail.
//!
//! A blurred or enlarged face loses the detail of one pixel before that of three; their ratio hardly depends on
//! contrast or skin.

use std::collections::HashMap;

use super::{Check, Evidence, Finding, face_luminance};
use crate::text::Text;

/// Provisional: between a drawn portrait blurred by 6 pixels, which must fail, and three sharp pictures (0.20 to 0.40).
/// It was not calibrated on a set of real photos.
const LEAST: f64 = 0.12;

/// What rounding three channels to whole numbers adds to the mean square, so that a smooth face is not called detailed.
const ROUNDING_ENERGY: f64 = 1.2;

pub(super) fn check(evidence: &Evidence) -> Check {
    Finding {
        name: "Sharpness",
        title: Text::new("清晰度", "Sharpness"),
        measured: measure(evidence),
        unit: "ratio",
        min: Some(LEAST),
        max: None,
    }
    .judge(Text::new(
        "照片不够清晰。请擦净镜头、对准眼睛对焦、增加光线后重拍。",
        "The photo is not sharp. Clean the lens, focus on the eyes and add light.",
    ))
}

fn measure(evidence: &Evidence) -> Option<f64> {
    let values: HashMap<(usize, usize), f32> = face_luminance(evidence).into_iter().map(|(x, y, v)| ((x, y), v)).collect();
    let energy = |step: usize| {
        let (mut sum, mut count) = (0f64, 0usize);
        for (&(x, y), &v) in &values {
            let far = [(x + step, y), (x.wrapping_sub(step), y), (x, y + step), (x, y.wrapping_sub(step))];
            if let [Some(a), Some(b), Some(c), Some(d)] = far.map(|at| values.get(&at)) {
                sum += f64::from(a + b + c + d - 4.0 * v).powi(2);
                count += 1;
            }
        }
        (count > 100).then(|| (sum / count as f64 - ROUNDING_ENERGY).max(0.0).sqrt())
    };
    let (fine, coarse) = (energy(1)?, energy(3)?);
    (coarse > 1.0).then(|| fine / coarse)
}
