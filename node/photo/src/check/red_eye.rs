//! RedEye: share of the pupil and its surroundings that a flash has made red, in the eye with more.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "RedEye",
    title: ("红眼", "Red eye"),
    low: ("", ""),
    high: ("有红眼。请关闭机身闪光灯、增加环境光后重拍。", "There is red eye. Switch the camera's flash off and add light to the room."),
    look: ("请人工确认没有红眼。", "Look that there is no red eye."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let red = |[r, g, b]: [u8; 3]| r >= 80 && f64::from(r) > 2.0 * f64::from(g.max(b));
    // A pupil opened for a flash fills two thirds of the iris, which has 0.09 distances between the eyes.
    let centres = match &scene.seen.irises {
        Some(irises) => irises.map(|iris| scene.on_head(iris.centre)),
        None => [(-0.5, 0.0), (0.5, 0.0)],
    };
    let shares = centres.map(|(across, down)| scene.share((across - 0.06, across + 0.06), (down - 0.05, down + 0.05), red));
    let [Some(left), Some(right)] = shares else { return Measured::missing(Why::NotMeasurable) };
    Measured::value(left.max(right)).at(scene.eye_area())
}
