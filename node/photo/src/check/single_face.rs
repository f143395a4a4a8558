//! SingleFacePresent: how large a second face is.

use super::Component;
use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "SingleFacePresent",
    title: ("只有一张人脸", "A single face"),
    low: ("", ""),
    high: ("画面中还有别人。请只留被拍摄人一人后重拍。", "Somebody else is in the picture. Take a new photo with the sitter alone."),
    look: (
        "没有由模型确认只有一张人脸，请人工确认画面中只有本人。",
        "No model has confirmed that there is one face. Look that only the sitter is in the picture.",
    ),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    match scene.seen.second_face {
        Some(share) => Measured::value(share).scalar(Component::SingleFacePresent),
        None => Measured::missing(Why::ModelAbsent),
    }
}
