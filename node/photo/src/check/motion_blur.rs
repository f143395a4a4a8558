//! MotionBlur: edge sharpness in the worst direction over the best one at right angles to it.

use super::edges;
use super::entry::{Entry, Measure, Measured};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "MotionBlur",
    title: ("运动模糊", "Motion blur"),
    low: (
        "照片有晃动模糊。请固定相机、让被拍摄人不动、增加光线后重拍。",
        "The photo is blurred by motion. Steady the camera, ask the sitter to hold still and add light.",
    ),
    high: ("", ""),
    look: ("请人工确认照片没有晃动。", "Look that the photo is not blurred by motion."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let ratio = |one, other| {
        let (one, other) = (edges::steepness(scene, one)?, edges::steepness(scene, other)?);
        Some(one.min(other) / one.max(other).max(1e-6))
    };
    let worst = ratio((1, 0), (0, 1)).zip(ratio((1, 1), (1, -1))).map(|(upright, diagonal)| upright.min(diagonal));
    Measured::seen(worst).at(scene.eye_area())
}
