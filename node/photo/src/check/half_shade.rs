//! HalfFaceShade (阴阳脸): luminance difference of the cheeks over their mean.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "HalfFaceShade",
    title: ("阴阳脸", "One half of the face in shade"),
    low: ("", ""),
    high: (
        "面部一侧偏暗（阴阳脸）。请面向光源、左右对称布光后重拍。",
        "One side of the face is in shade. Face the light, or light both sides alike.",
    ),
    look: ("请人工确认面部没有一侧偏暗。", "Look that no side of the face is in shade."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let zones = [(-0.7, -0.2), (0.2, 0.7)].map(|across| (across, scene.mean_luma(across, (0.35, 0.85))));
    let [(across_left, Some(left)), (across_right, Some(right))] = zones else { return Measured::missing(Why::NotMeasurable) };
    let difference = (left - right).abs() / ((left + right) / 2.0).max(1.0);
    let darker = if left < right { across_left } else { across_right };
    Measured::value(difference).at(scene.area(darker, (0.35, 0.85)))
}
