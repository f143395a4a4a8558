//! BrowsVisible, as far as colour tells: how much of the band above the brows has no colour of skin.
//!
//! A fringe that hides the brows hides what is above them first.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::{Scene, skin_like};

pub(super) const CHECK: Entry = Entry {
    name: "BrowsVisible",
    title: ("露出眉毛", "Brows shown"),
    low: ("", ""),
    high: (
        "头发可能遮住眉毛或额头。请把头发拨开后重拍，或由审核员判断。",
        "Hair may cover the brows or the forehead. Brush it aside, or let the reviewer judge.",
    ),
    look: ("请人工确认眉毛露出。", "Look that the brows are shown."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let Some(skin) = scene.skin() else { return Measured::missing(Why::NotMeasurable) };
    // Upper edge of the brows: points 105 and 334 of the mesh, ordinary proportions without one.
    let brow = scene
        .seen
        .mesh
        .as_ref()
        .map_or(-0.42, |mesh| [105, 334].map(|index| scene.on_head(mesh.at(index)).1).into_iter().fold(0.0, f64::min));
    let band = (brow - 0.2, brow - 0.06);
    let covered = scene.share((-0.6, 0.6), band, |pixel| !skin_like(pixel, &skin));
    Measured::seen(covered).at(scene.area((-0.6, 0.6), band))
}
