//! Clothing: collar, pattern, uniform, straps: nothing present can tell.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "Clothing",
    title: ("着装", "Clothing"),
    low: ("", ""),
    high: ("", ""),
    look: (
        "请人工确认穿有领单色衣服，不是制服、吊带、无袖或奇装异服。",
        "Look for plain clothes with a collar: no uniform, straps, sleeveless or odd clothes.",
    ),
    measure: Measure::Face(measure),
};

fn measure(_: &Scene) -> Measured {
    Measured::missing(Why::PersonJudges)
}
