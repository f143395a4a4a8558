//! BackgroundUniformity: whether the wall could be separated, or, where it must stay, whether it is even.

use super::Evidence;
use super::background_colour::finished_wall;
use super::entry::{Entry, Measure, Measured};
use crate::matte::MIN_CONFIDENCE;

pub(super) const CHECK: Entry = Entry {
    name: "BackgroundUniformity",
    title: ("背景均匀、可分离", "Even background"),
    low: (
        "背景杂乱或与头发、衣服颜色相近，抠图不可靠。请换到纯色墙前、离墙半米以上重拍。",
        "The background is busy or too close to hair or clothes, so the cut cannot be trusted. Take the photo before a plain wall, half a metre away from it.",
    ),
    high: (
        "背景不均匀，而本规格不允许更换背景。请换到纯色墙前、用两侧灯光消除阴影后重拍。",
        "The background is uneven, and this document forbids replacing it. Use a plain wall and light it from both sides.",
    ),
    look: ("请人工确认背景均匀。", "Look that the background is even."),
    measure: Measure::Photo(measure),
};

fn measure(evidence: &Evidence) -> Measured {
    let matted = evidence.composed.cropped.matted;
    if evidence.composed.cropped.replaces_background {
        return Measured::value(matted.confidence).by("BackgroundSeparable").code("background_not_separable");
    }
    let shown = finished_wall(evidence.composed).map(|wall| wall.unevenness);
    // A cut that cannot be trusted may have taken a piece of a busy wall for the person: then all of the wall counts.
    let around = (matted.wall_unevenness < f64::MAX && matted.confidence < MIN_CONFIDENCE).then_some(matted.wall_unevenness);
    Measured::seen(shown.into_iter().chain(around).reduce(f64::max))
}
