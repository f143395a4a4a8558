//! EyesVisible, as far as colour tells: how much around the eyes is as dark as hair or a frame.
//!
//! The standard's own measure needs a network that tells what covers the face.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::{Scene, luminance};

pub(super) const CHECK: Entry = Entry {
    name: "EyesVisible",
    title: ("眼部无遮挡", "Eyes not covered"),
    low: ("", ""),
    high: (
        "眼睛周围可能被头发、镜框或阴影遮挡。请拨开头发后重拍，或由审核员判断。",
        "Hair, a frame or a shadow may cover the eyes. Move it away, or let the reviewer judge.",
    ),
    look: ("请人工确认眼睛没有被头发或镜框遮挡。", "Look that neither hair nor a frame covers the eyes."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let Some(skin) = scene.skin() else { return Measured::missing(Why::NotMeasurable) };
    let dark = |pixel| luminance(pixel) < 0.45 * skin.luma;
    let side = |from: f64, to: f64| Some(scene.share((from, to), (-0.24, -0.13), dark)?.max(scene.share((from, to), (0.17, 0.3), dark)?));
    let worst = side(-0.8, -0.2).zip(side(0.2, 0.8)).map(|(left, right)| left.max(right));
    Measured::seen(worst).at(scene.eye_area())
}
