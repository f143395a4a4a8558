//! FaceGlare: share of the face that shines far above its skin.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "FaceGlare",
    title: ("面部无反光", "No shine on the face"),
    low: ("", ""),
    high: (
        "面部有油光或反光。请擦去油光、使用柔和的光线后重拍，或由审核员判断。",
        "The face shines. Dab it dry and use soft light, or let the reviewer judge.",
    ),
    look: ("请人工确认面部没有反光。", "Look that the face does not shine."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let Some(skin) = scene.skin() else { return Measured::missing(Why::NotMeasurable) };
    let bright = f64::from((1.2 * skin.luma).max(215.0)).min(250.0);
    let share = if f64::from(skin.luma) >= bright { None } else { scene.over_face(|level| f64::from(u8::from(level as f64 >= bright))) };
    Measured::seen(share).at(scene.face_area())
}
