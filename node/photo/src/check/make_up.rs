//! MakeUp: make-up and coloured contact lenses: nothing present can tell.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "MakeUp",
    title: ("化妆与美瞳", "Make-up and coloured lenses"),
    low: ("", ""),
    high: ("", ""),
    look: ("请人工确认没有浓妆和美瞳。", "Look that there is no heavy make-up and no coloured contact lenses."),
    measure: Measure::Face(measure),
};

fn measure(_: &Scene) -> Measured {
    Measured::missing(Why::PersonJudges)
}
