//! Jewellery: earrings, necklace, hair clip: nothing present can tell.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "Jewellery",
    title: ("饰品", "Jewellery"),
    low: ("", ""),
    high: ("", ""),
    look: ("请人工确认没有戴耳环、项链、发卡等饰品。", "Look that no earrings, necklace or hair clip are worn."),
    measure: Measure::Face(measure),
};

fn measure(_: &Scene) -> Measured {
    Measured::missing(Why::PersonJudges)
}
