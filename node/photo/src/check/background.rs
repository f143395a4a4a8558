//! BackgroundUniformity: whether the wall could be separated, or, where it must stay, whether it is even and of the right colour.

use super::{Check, Evidence, Finding, Verdict};
use crate::lab::{difference_squared, lab};
use crate::matte::MIN_CONFIDENCE;
use crate::text::Text;

/// Colour difference within a wall that still looks like one colour.
const MOST_UNEVEN: f64 = 6.0;
/// Colour difference from the nearest allowed background.
const MOST_OFF_COLOUR: f32 = 14.0;

pub(super) fn check(evidence: &Evidence) -> Check {
    let mut check = if evidence.composed.cropped.replaces_background { separated(evidence) } else { untouched(evidence) };
    if check.verdict == Verdict::Fail && evidence.composed.cropped.replaces_background {
        check.code = Some("background_not_separable");
    }
    check
}

fn separated(evidence: &Evidence) -> Check {
    Finding {
        name: "BackgroundUniformity",
        title: Text::new("背景可分离程度", "Background separated"),
        measured: Some(evidence.composed.cropped.matted.confidence),
        unit: "share",
        min: Some(MIN_CONFIDENCE),
        max: None,
    }
    .judge(Text::new(
        "背景杂乱或与头发、衣服颜色相近，抠图不可靠。请换到纯色墙前、离墙半米以上重拍。",
        "The background is busy or too close to hair or clothes, so the cut cannot be trusted. Take the photo before a plain wall, half a metre away from it.",
    ))
}

fn untouched(evidence: &Evidence) -> Check {
    let matted = &evidence.composed.cropped.matted;
    let wall = lab(matted.wall_colour);
    let off = evidence.spec.backgrounds().iter().map(|colour| difference_squared(lab(*colour), wall).sqrt()).fold(f32::MAX, f32::min);
    let mut check = Finding {
        name: "BackgroundUniformity",
        title: Text::new("背景均匀程度", "Background evenness"),
        measured: (matted.wall_unevenness < f64::MAX).then_some(matted.wall_unevenness),
        unit: "delta_e",
        min: None,
        max: Some(MOST_UNEVEN),
    }
    .judge(Text::new(
        "背景不均匀，而本规格不允许更换背景。请换到纯色墙前、用两侧灯光消除阴影后重拍。",
        "The background is uneven, and this document forbids replacing it. Use a plain wall and light it from both sides.",
    ));
    if check.verdict == Verdict::Pass && off > MOST_OFF_COLOUR {
        check.verdict = Verdict::Fail;
        check.next_step = Text::new(
            "背景颜色不符合要求，而本规格不允许更换背景。请换用规定颜色的背景重拍。",
            "The background has the wrong colour, and this document forbids replacing it. Use a background of the required colour.",
        );
    }
    check
}
