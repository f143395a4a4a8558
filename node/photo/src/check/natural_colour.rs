//! NaturalColour: how far the mean CIELAB colour of the cheeks lies outside of what skin has (ISO/IEC 29794-5: a 5 to 25, b 5 to 35).

use super::Component;
use super::entry::{Entry, Measure, Measured, Why};
use super::scene::Scene;
use crate::lab::lab;

pub(super) const CHECK: Entry = Entry {
    name: "NaturalColour",
    title: ("肤色自然", "Natural colour"),
    low: ("", ""),
    high: (
        "肤色偏色。请使用日光或白光灯，关闭滤镜，校正白平衡后重拍。",
        "The skin has an unnatural colour. Use daylight or white lamps, switch filters off and set the white balance.",
    ),
    look: ("请人工确认肤色自然。", "Look that the skin has a natural colour."),
    measure: Measure::Face(measure),
};

fn measure(scene: &Scene) -> Measured {
    let mut pixels = scene.zone((-0.8, -0.5), (0.5, 0.8));
    pixels.extend(scene.zone((0.5, 0.8), (0.5, 0.8)));
    if pixels.len() < 16 {
        return Measured::missing(Why::NotMeasurable);
    }
    let mean = |axis: usize| pixels.iter().map(|pixel| f64::from(lab(*pixel)[axis])).sum::<f64>() / pixels.len() as f64;
    let beyond = |value: f64, least: f64, most: f64| (least - value).max(value - most).max(0.0);
    let distance = beyond(mean(1), 5.0, 25.0).hypot(beyond(mean(2), 5.0, 35.0));
    Measured::value(distance).at(scene.face_area()).scalar(Component::NaturalColour)
}
