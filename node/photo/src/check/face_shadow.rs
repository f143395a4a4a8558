//! FaceShadow: the darkest of forehead and cheeks against the brightest, as under a hat, a fringe or a lamp from above.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "FaceShadow",
    title: ("面部无阴影", "No shadow on the face"),
    low: (
        "面部有阴影。请从正面均匀布光、拨开头发后重拍，或由审核员判断。",
        "There is a shadow on the face. Light it from the front, or let the reviewer judge.",
    ),
    high: ("", ""),
    look: ("请人工确认面部没有阴影。", "Look that there is no shadow on the face."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let zones = [((-0.35, 0.35), (-0.62, -0.5)), ((-0.65, -0.25), (0.4, 0.75)), ((0.25, 0.65), (0.4, 0.75))];
    let means = zones.map(|(across, down)| scene.mean_luma(across, down));
    let [Some(forehead), Some(left), Some(right)] = means else { return Measured::missing(Why::NotMeasurable) };
    let (darkest, brightest) = (forehead.min(left).min(right), forehead.max(left).max(right));
    Measured::value(darkest / brightest.max(1.0)).at(scene.face_area())
}
