//! MouthClosed: opening between the lips, over the distance from the eyes to the chin (ISO/IEC 29794-5).

use super::Component;
use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "MouthClosed",
    title: ("嘴唇闭合", "Mouth closed"),
    low: ("", ""),
    high: ("嘴巴张开或露齿。请让被拍摄人自然闭上嘴唇后重拍。", "The mouth is open. Ask the sitter to close the lips naturally."),
    look: ("请人工确认嘴唇自然闭合。", "Look that the lips are closed."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let Some(mesh) = &scene.seen.mesh else { return Measured::missing(Why::ModelAbsent) };
    let eyes_to_chin_px = scene.chin * scene.seen.left_eye.distance(scene.seen.right_eye);
    let opening = mesh.at(13).distance(mesh.at(14)) / eyes_to_chin_px;
    let place = scene.area((-0.5, 0.5), (0.45 * scene.chin, 0.8 * scene.chin));
    Measured::value(opening).at(place).scalar(Component::MouthClosed)
}
