//! Glasses: whether any are worn, and whether the document allows them.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "Glasses",
    title: ("眼镜", "Glasses"),
    low: ("", ""),
    high: ("", ""),
    look: (
        "请人工确认：能不戴眼镜则不戴，常戴者可戴无色、无反光、不遮眼的眼镜；有的证件禁止戴眼镜。",
        "Look: best no glasses; habitual wearers may wear clear ones without glare; some documents forbid them.",
    ),
    measure: Measure::Face(measure),
};

fn measure(_: &Scene) -> Measured {
    Measured::missing(Why::PersonJudges)
}
