//! PhotoAge: how old the photo may be for this document. Nothing in a picture tells its age; the clerk asks.

use super::Evidence;
use super::entry::{Entry, Measure, Measured, Why};

pub(super) const CHECK: Entry = Entry {
    name: "PhotoAge",
    title: ("拍摄时间", "Age of the photo"),
    low: ("", ""),
    high: ("", ""),
    look: ("请询问并确认照片是在规定期限内拍摄的。", "Ask when the photo was taken and confirm that it is recent enough."),
    measure: Measure::Photo(measure),
};

fn measure(_: &Evidence) -> Measured {
    Measured::missing(Why::PersonJudges)
}
