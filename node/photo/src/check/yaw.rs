//! HeadPoseYaw: how far the head is turned sideways, positive towards the right of the picture.
//!
//! From the depth of mirrored points of the mesh; without a mesh from where the nose lies under the eyes, with wider bounds.

use super::Component;
use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;
use crate::vision::Mesh;

pub(super) const CHECK: Entry = Entry {
    name: "HeadPoseYaw",
    title: ("头部左右转动", "Head turned sideways"),
    low: ("头部没有正对镜头。请让被拍摄人把脸转正后重拍。", "The head is turned. Ask the sitter to face the camera."),
    high: ("", ""),
    look: ("请人工确认头部正对镜头。", "Look that the head faces the camera."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    if let Some(mesh) = &scene.seen.mesh {
        return Measured::value(by_mesh(mesh)).at(scene.face_area()).scalar(Component::HeadPoseYaw);
    }
    match &scene.seen.face {
        Some(face) => {
            let across = scene.on_head(face.nose).0;
            let yaw_deg = (across / NOSE_DEPTH).atan().to_degrees();
            Measured::value(yaw_deg).by("HeadPoseYawFivePoints").at(scene.face_area())
        }
        None => Measured::missing(Why::ModelAbsent),
    }
}

/// The tip of the nose lies this many distances between the eyes before the eyes (anatomy, about 34 mm to 63 mm).
const NOSE_DEPTH: f64 = 0.55;

/// Mirrored points of the mesh, the one on the left of the picture first: cheeks, temples, jaw, corners of eyes and mouth.
const PAIRS: [(usize, usize); 6] = [(234, 454), (127, 356), (93, 323), (132, 361), (33, 263), (61, 291)];

fn by_mesh(mesh: &Mesh) -> f64 {
    let (mut across, mut depth) = (0.0, 0.0);
    for (left, right) in PAIRS {
        let (left, right) = (mesh.at_depth(left), mesh.at_depth(right));
        across += (right[0] - left[0]).hypot(right[1] - left[1]);
        depth += right[2] - left[2];
    }
    depth.atan2(across).to_degrees()
}
