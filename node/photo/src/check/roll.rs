//! HeadPoseRoll: how far the head of the finished photo is tilted; positive when the eye on the right is lower.

use super::Component;
use super::entry::{Entry, Measure, Measured};
use super::scene::Scene;
use crate::locate::Frame;

pub(super) const CHECK: Entry = Entry {
    name: "HeadPoseRoll",
    title: ("头部左右倾斜", "Tilt of the head"),
    low: ("头部歪斜。请让被拍摄人坐正、双眼水平后重拍。", "The head is tilted. Ask the sitter to hold the eyes level."),
    high: ("", ""),
    look: ("请人工确认双眼水平。", "Look that the eyes are level."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let roll_deg = Frame::new(scene.seen.left_eye, scene.seen.right_eye).roll_deg() + scene.seen.roll_corrected_deg;
    Measured::value(roll_deg).at(scene.face_area()).scalar(Component::HeadPoseRoll)
}
