//! Gaze: how far the irises lie off the middle of the eye openings, in widths of the eye; positive towards the right of the picture.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;
use crate::vision::Iris;

pub(super) const CHECK: Entry = Entry {
    name: "Gaze",
    title: ("平视镜头", "Looking at the camera"),
    low: (
        "被拍摄人没有看镜头。请让其看着镜头后重拍，或由审核员判断。",
        "The sitter does not look at the camera. Ask for it, or let the reviewer judge.",
    ),
    high: ("", ""),
    look: ("请人工确认两眼平视镜头。", "Look that both eyes look at the camera."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let (Some(mesh), Some(irises)) = (&scene.seen.mesh, &scene.seen.irises) else { return Measured::missing(Why::ModelAbsent) };
    let off = |iris: &Iris, (left, right): (usize, usize)| {
        let (left, right) = (mesh.at(left), mesh.at(right));
        let (x, y) = (right.x - left.x, right.y - left.y);
        let along = (iris.centre.x - left.x) * x + (iris.centre.y - left.y) * y;
        along / (x * x + y * y).max(1e-9) - 0.5
    };
    // Eyes that look at the camera converge: the mean of both eyes cancels it.
    let value = (off(&irises[0], (33, 133)) + off(&irises[1], (362, 263))) / 2.0;
    Measured::value(value).at(scene.eye_area())
}
