//! HeadPosePitch: how far the head is raised (positive) or lowered, from the depth of forehead and chin of the mesh.

use super::Component;
use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "HeadPosePitch",
    title: ("抬头低头", "Head raised or lowered"),
    low: (
        "头部低垂。请让被拍摄人抬起下巴、平视镜头，相机与眼睛同高。",
        "The head is lowered. Ask the sitter to raise the chin and look straight ahead, with the camera at eye height.",
    ),
    high: (
        "头部后仰。请让被拍摄人收下巴、平视镜头，相机与眼睛同高。",
        "The head is raised. Ask the sitter to lower the chin and look straight ahead, with the camera at eye height.",
    ),
    look: ("请人工确认被拍摄人平视镜头，没有仰头或低头。", "Look that the sitter looks straight ahead, neither up nor down."),
    measure: Measure::Face(measure),
};

/// What a level face measures: its chin lies behind its forehead in the mesh.
/// From three portraits that look level; not calibrated on a set of known poses.
const AT_REST_DEG: f64 = -11.5;

fn measure(scene: &Scene) -> Measured {
    let Some(mesh) = &scene.seen.mesh else { return Measured::missing(Why::ModelAbsent) };
    let (forehead, chin) = (mesh.at_depth(10), mesh.at_depth(152));
    let down = (chin[0] - forehead[0]).hypot(chin[1] - forehead[1]);
    let pitch_deg = (forehead[2] - chin[2]).atan2(down).to_degrees() - AT_REST_DEG;
    Measured::value(pitch_deg).at(scene.face_area()).scalar(Component::HeadPosePitch)
}
