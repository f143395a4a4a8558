//! InterEyeDistance: whether the original has enough pixels on the face at all.

use super::Component;
use super::entry::{Entry, Measure, Measured};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "InterEyeDistance",
    title: ("两眼间距（原图像素）", "Distance between the eyes in the original"),
    low: (
        "原图中人脸太小。请靠近被拍摄人，或提高相机分辨率后重拍。",
        "The face is too small in the original. Move closer or raise the camera's resolution.",
    ),
    high: ("", ""),
    look: ("请人工确认五官清晰可辨。", "Look that the features can be made out clearly."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let distance_px = scene.seen.left_eye.distance(scene.seen.right_eye) * scene.seen.original_per_px;
    Measured::value(distance_px).at(scene.eye_area()).scalar(Component::InterEyeDistance)
}
