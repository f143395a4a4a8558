//! NoHeadCoverings, as far as colour tells: share above the brows of colours that hair seldom has.
//!
//! Black caps look like hair, so a low share never passes: a person looks.

use super::entry::{Entry, Measure, Measured};
use super::scene::Scene;
use crate::lab::lab;

pub(super) const CHECK: Entry = Entry {
    name: "NoHeadCoverings",
    title: ("免冠", "Bare head"),
    low: ("", ""),
    high: (
        "头上可能有帽子或头饰。请摘下后重拍，或由审核员判断。",
        "There may be a hat or an ornament on the head. Take it off, or let the reviewer judge.",
    ),
    look: ("请人工确认没有戴帽子、头饰和发卡。", "Look that no hat, hair ornament or clip is worn."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let colourful = |pixel: [u8; 3]| {
        let [_, a, b] = lab(pixel);
        a.hypot(b) > 38.0
    };
    let share = scene.share((-0.7, 0.7), (-1.5, -0.8), colourful);
    Measured { proves_nothing: true, ..Measured::seen(share).at(scene.area((-0.9, 0.9), (-1.7, -0.6))) }
}
