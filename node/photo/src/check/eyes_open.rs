//! EyesOpen: opening of the lids of the more closed eye, over the distance from the eyes to the chin (ISO/IEC 29794-5).

use super::Component;
use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "EyesOpen",
    title: ("双眼睁开", "Eyes open"),
    low: (
        "眼睛没有睁开。请让被拍摄人睁大双眼、不要眨眼后重拍。",
        "The eyes are not open. Ask the sitter to open them wide and not to blink.",
    ),
    high: ("", ""),
    look: ("请人工确认双眼睁开。", "Look that both eyes are open."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let Some(mesh) = &scene.seen.mesh else { return Measured::missing(Why::ModelAbsent) };
    let opening =
        |lids: [(usize, usize); 3]| lids.map(|(upper, lower)| mesh.at(upper).distance(mesh.at(lower))).into_iter().fold(0.0, f64::max);
    let least_px = opening([(159, 145), (158, 153), (160, 144)]).min(opening([(386, 374), (385, 380), (387, 373)]));
    let eyes_to_chin_px = scene.chin * scene.seen.left_eye.distance(scene.seen.right_eye);
    Measured::value(least_px / eyes_to_chin_px).at(scene.eye_area()).scalar(Component::EyesOpen)
}
