//! Sharpness: how steep the edges of the eyes are, at one distance between the eyes for every photo.
//!
//! The step over one pixel against the step over four: about 1 for a sharp edge, 0.44 for a blur of two pixels, 0.25 in the limit.
//! Only the strongest edges count, so that noise is not taken for detail.

use super::edges;
use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "Sharpness",
    title: ("清晰度", "Sharpness"),
    low: (
        "照片不够清晰。请擦净镜头、对准眼睛对焦、增加光线后重拍。",
        "The photo is not sharp. Clean the lens, focus on the eyes and add light.",
    ),
    high: ("", ""),
    look: ("请人工确认眼睛清晰。", "Look that the eyes are sharp."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let ratios = [(1, 0), (0, 1)].map(|direction| edges::steepness(scene, direction));
    let [Some(across), Some(down)] = ratios else { return Measured::missing(Why::NotMeasurable) };
    Measured::value((across + down) / 2.0).at(scene.eye_area())
}
