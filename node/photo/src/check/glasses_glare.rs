//! GlassesGlare: share of the zone of the eyes that a reflection has burnt out, in the eye with more.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::{Scene, luminance};

pub(super) const CHECK: Entry = Entry {
    name: "GlassesGlare",
    title: ("眼镜反光", "Reflections before the eyes"),
    low: ("", ""),
    high: (
        "眼睛前有反光。请摘下眼镜，或调整灯光和头部角度后重拍。",
        "There are reflections before the eyes. Take the glasses off, or move the lamps.",
    ),
    look: ("请人工确认眼睛前没有反光。", "Look that nothing reflects before the eyes."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let Some(skin) = scene.skin() else { return Measured::missing(Why::NotMeasurable) };
    // On an overexposed face everything is white: only what outshines the skin reflects.
    let burnt = |pixel| luminance(pixel) >= (1.1 * skin.luma).max(242.0);
    let shares = [(-0.85, -0.2), (0.2, 0.85)].map(|across| scene.share(across, (-0.25, 0.3), burnt));
    let [Some(left), Some(right)] = shares else { return Measured::missing(Why::NotMeasurable) };
    Measured::value(left.max(right)).at(scene.eye_area())
}
