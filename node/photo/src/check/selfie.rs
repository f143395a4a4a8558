//! Selfie: whether somebody else took the photo.

use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;

pub(super) const CHECK: Entry = Entry {
    name: "Selfie",
    title: ("非自拍", "Not a selfie"),
    low: ("", ""),
    high: ("", ""),
    look: ("请人工确认照片由他人拍摄，不是自拍。", "Confirm that somebody else took the photo."),
    measure: Measure::Face(measure),
};

fn measure(_: &Scene) -> Measured {
    Measured::missing(Why::PersonJudges)
}
