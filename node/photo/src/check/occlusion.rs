//! FaceOcclusionPrevention, as far as colour tells: share of nose, cheeks and chin that has not the colour of the sitter's skin.
//!
//! The standard's own measure needs a network that tells what covers the face.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::{Scene, skin_like};

pub(super) const CHECK: Entry = Entry {
    name: "FaceOcclusionPrevention",
    title: ("面部无遮挡", "Face not covered"),
    low: ("", ""),
    high: (
        "面部可能被口罩、手或头发遮挡。请去除遮挡后重拍，或由审核员判断。",
        "A mask, a hand or hair may cover the face. Remove it, or let the reviewer judge.",
    ),
    look: ("请人工确认面部没有遮挡。", "Look that nothing covers the face."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let Some(skin) = scene.skin() else { return Measured::missing(Why::NotMeasurable) };
    let other = |pixel| !skin_like(pixel, &skin);
    let chin = scene.chin;
    // The lips are left out. The forehead tells what skin is like where a mask covers the rest.
    let zones = [
        ((-0.6, 0.6), (0.2, 0.45 * chin)),
        ((-0.7, -0.45), (0.45 * chin, 0.72 * chin)),
        ((0.45, 0.7), (0.45 * chin, 0.72 * chin)),
        ((-0.3, 0.3), (0.76 * chin, 0.9 * chin)),
    ];
    let forehead = scene.share((-0.4, 0.4), (-0.6, -0.5), other);
    let mut worst = forehead;
    for (across, down) in zones {
        worst = worst.zip(scene.share(across, down, other)).map(|(worst, here)| worst.max(here));
    }
    Measured::seen(worst).at(scene.face_area())
}
