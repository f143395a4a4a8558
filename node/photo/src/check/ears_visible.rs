//! EarsVisible, as far as colour tells: how much skin there is where the ears are expected, on the side with less.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::{Scene, skin_like};

pub(super) const CHECK: Entry = Entry {
    name: "EarsVisible",
    title: ("露出双耳", "Ears shown"),
    low: (
        "耳朵可能被头发遮住。请把头发拨到耳后重拍，或由审核员判断。",
        "Hair may cover the ears. Put it behind the ears, or let the reviewer judge.",
    ),
    high: ("", ""),
    look: ("请人工确认双耳露出。", "Look that both ears are shown."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let Some(skin) = scene.skin() else { return Measured::missing(Why::NotMeasurable) };
    let (from, to) = (scene.half_face, 1.24 * scene.half_face);
    let shown = |across| scene.share(across, (-0.05, 0.55), |pixel| skin_like(pixel, &skin));
    let (left, right) = (shown((-to, -from)), shown((from, to)));
    let place = if left.zip(right).is_some_and(|(left, right)| left < right) { (-to, -from) } else { (from, to) };
    Measured::seen(left.zip(right).map(|(left, right)| left.min(right))).at(scene.area(place, (-0.05, 0.55)))
}
